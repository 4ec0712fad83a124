"""What the one owner of a partition keeps in memory between batches.

All of it is a cache of the store: it is replaced only after a commit, and thrown away after an
error, to be loaded again.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ingest.kernels import KINDS, Kind, compute
from ingest.plain.take import Topics
from ingest.registry import Registry, grids
from store import carry as checkpoints
from store import device_seq, features, telemetry
from store.pool import Connection
from store.reconcile import Range

Floats = NDArray[np.float64]

NEVER_US = -(2**62)
"""High-water mark of a device without samples."""


@dataclass(slots=True)
class DeviceState:
    """One device's kernel state.

    mark_us : time of its newest stored sample; whatever is later is certainly new.
    carry : after the sample at the mark; not valid while `late` is set.
    since_checkpoint : samples after the newest checkpoint.
    late : range of late samples not yet reconciled; until then no features are computed.
    late_since : monotonic seconds when it was first set.
    heard : monotonic seconds of its last message.
    provisional : what it has open was written, since it fell silent.
    """

    mark_us: int
    carry: Floats
    since_checkpoint: int = 0
    late: Range | None = None
    late_since: float = 0.0
    heard: float = 0.0
    provisional: bool = False

    def copy(self) -> "DeviceState":
        """Written out, because one is made for each device of each batch."""
        return DeviceState(
            self.mark_us,
            self.carry,
            self.since_checkpoint,
            self.late,
            self.late_since,
            self.heard,
            self.provisional,
        )


@dataclass(slots=True)
class Memory:
    """States of the devices seen since start."""

    registry: Registry
    next_offset: int
    topics: Topics
    devices: dict[int, DeviceState] = field(default_factory=dict)
    seqs: dict[str, device_seq.DeviceSeq] = field(default_factory=dict)
    seq_known: set[str] = field(default_factory=set)


def load_devices(
    connection: Connection,
    memory: Memory,
    kind: Kind,
    device_ids: Iterable[int],
    pending: Mapping[int, Range],
    monotonic: float,
) -> None:
    """Load the states of devices not yet in memory: checkpoint, then replay what came after."""
    wanted = [device_id for device_id in device_ids if device_id not in memory.devices]
    if not wanted:
        return
    marks = telemetry.marks(connection, kind.samples, wanted)
    all_grids = grids(memory.registry)
    # Those that are to be computed anew keep their old entry until that is done.
    current = {d: all_grids[d] for d in wanted if d not in pending}
    checkpoints.computed_with(connection, current)
    found = checkpoints.latest(connection, wanted, kind.carry_version)
    provisional: set[int] = set()
    if kind.finish is not None:
        for table in kind.features:
            provisional |= features.with_provisional(connection, table, wanted)
    replay: dict[int, int] = {}
    for device_id in wanted:
        state = DeviceState(marks.get(device_id, NEVER_US), kind.initial(1)[0])
        state.heard, state.provisional = monotonic, device_id in provisional
        late = pending.get(device_id)
        if late is not None:
            state.late, state.late_since = late, monotonic
        elif device_id in found:
            state.carry = carry_from_bytes(found[device_id].carry, kind)
            if found[device_id].as_of_us < state.mark_us:
                replay[device_id] = found[device_id].as_of_us
        elif device_id in marks:
            replay[device_id] = NEVER_US
        memory.devices[device_id] = state
    for device_id, after_us in sorted(replay.items()):
        samples = telemetry.read(
            connection, kind.samples, [device_id], None if after_us == NEVER_US else after_us
        )
        state = memory.devices[device_id]
        computed = compute(kind, samples, {device_id: state.carry}, memory.registry.by_id)
        state.carry = computed.carry[device_id]
        state.since_checkpoint = len(samples)


def load_seqs(connection: Connection, memory: Memory, addresses: Iterable[str]) -> None:
    """Load how far the numbered messages of devices (tenant/device) have been dealt with."""
    wanted = [address for address in addresses if address not in memory.seq_known]
    if wanted:
        memory.seqs.update(device_seq.load(connection, wanted))
        memory.seq_known.update(wanted)


def carry_to_bytes(carry: Floats) -> bytes:
    """Little-endian float64, so that a checkpoint can move to another machine."""
    return carry.astype("<f8").tobytes()


def carry_from_bytes(data: bytes, kind: Kind) -> Floats:
    """Raises ValueError where the width is not the kind's."""
    carry = np.frombuffer(data, dtype="<f8").astype(np.float64)
    if carry.shape[0] != kind.carry_width:
        raise ValueError(f"a carry of {carry.shape[0]} numbers, expected {kind.carry_width}")
    return carry


def kind_of_device(memory: Memory, device_id: int) -> Kind:
    """The kind of a registered device."""
    return KINDS[memory.registry.by_id[device_id].kind]
