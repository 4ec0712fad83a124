"""The state cache: what the one owner of a partition keeps in memory between batches.

It is a cache of the store: the results of a batch are applied to it before they are committed, and
after any error the whole cache is dropped and loaded again.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from contracts.partition import DIRECT, Partition
from ingest.decoding.fast_path.classify import Topics
from ingest.decoding.times import YEAR_2000_US
from ingest.device_state.arrays import NEVER_US, Floats, Ints, Late, States
from ingest.device_state.intake import Intake
from ingest.device_state.sequence_numbers import SequenceNumbers
from ingest.feature_inputs import as_text
from ingest.kernels import KINDS, Kind, compute
from ingest.registry import Registry
from store.pipeline import carry as checkpoints
from store.pipeline import features, telemetry
from store.pipeline.reconcile import Range
from store.postgres.pool import Connection

REPLAYED_AT_ONCE = 64
"""Devices whose samples after the checkpoint are read in one query: bounds memory."""


@dataclass(slots=True)
class StateCache:
    """The cached state of a partition and its devices.

    topics : what the fast path knows of each topic.
    states : kind of device → its states.
    retention_ready_us : every device has a checkpoint here; earlier samples are not needed.
    intake : limits of devices and sources.
    """

    registry: Registry
    next_offset: int
    topics: Topics
    intake: Intake
    states: dict[str, States] = field(
        default_factory=lambda: {kind.name: States(kind.carry_width) for kind in KINDS.values()}
    )
    seqs: SequenceNumbers = field(default_factory=SequenceNumbers)
    retention_ready_us: int = YEAR_2000_US
    partition: Partition = DIRECT

    def owns(self, device_id: int) -> bool:
        """Return whether the device is registered and its messages belong to this partition."""
        device = self.registry.by_id.get(device_id)
        return device is not None and self.partition.holds(device.dialect, device.address)


def load_devices(
    connection: Connection,
    cache: StateCache,
    kind: Kind,
    device_ids: Iterable[int] | Ints,
    pending: Mapping[int, Range],
    monotonic: float,
) -> None:
    """Load the states of devices not yet cached: read the checkpoint, replay the samples after it.

    pending : devices that wait to be reconciled, with the range of their late samples.
    """
    states = cache.states[kind.name]
    wanted = states.unknown(device_ids)
    if not wanted.shape[0]:
        return
    ids = wanted.tolist()
    marks = telemetry.marks(connection, kind.samples, ids)
    # Devices to be recomputed keep their old entry until that is finished.
    current = {d: as_text(cache.registry.by_id[d]) for d in ids if d not in pending}
    checkpoints.computed_with(connection, current)
    found = checkpoints.latest(connection, ids, kind.carry_version)
    provisional: set[int] = set()
    if kind.finish is not None:
        for table in kind.features:
            provisional |= features.with_provisional(connection, table, ids)
    rows = states.add(wanted)
    states.mark_us[rows] = [marks.get(d, NEVER_US) for d in ids]
    states.carry[rows] = kind.initial(1)[0]
    states.since_checkpoint[rows] = 0
    states.heard[rows] = monotonic
    states.provisional[rows] = [d in provisional for d in ids]
    behind: dict[int, int] = {}
    for row, device_id in zip(rows.tolist(), ids, strict=True):
        late = pending.get(device_id)
        if late is not None:
            states.late[device_id] = Late.of(late, monotonic)
        elif device_id in found:
            states.carry[row] = carry_from_bytes(found[device_id].carry, kind)
            # Retention may have dropped the sample at the checkpoint.
            states.mark_us[row] = max(states.mark_us[row], found[device_id].as_of_us)
            if found[device_id].as_of_us < states.mark_us[row]:
                behind[device_id] = found[device_id].as_of_us
        elif device_id in marks:
            _replay_all(connection, cache, kind, device_id, row)
    _replay(connection, cache, kind, behind)


def _replay(
    connection: Connection, cache: StateCache, kind: Kind, after: Mapping[int, int]
) -> None:
    """Replay the samples after checkpoints. after : device id → time of its checkpoint in µs."""
    states = cache.states[kind.name]
    ordered = sorted(after)
    for start in range(0, len(ordered), REPLAYED_AT_ONCE):
        part = ordered[start : start + REPLAYED_AT_ONCE]
        samples = telemetry.read_after(connection, kind.samples, {d: after[d] for d in part})
        ids, counts = np.unique(samples.device, return_counts=True)
        rows = states.slots.rows(ids)
        computed = compute(kind, samples, states.carry[rows], cache.registry.grids)
        states.carry[rows] = computed.carry
        states.since_checkpoint[rows] = counts


def _replay_all(
    connection: Connection, cache: StateCache, kind: Kind, device_id: int, row: int
) -> None:
    """Replay a device from its first sample, in pieces."""
    states = cache.states[kind.name]
    for samples in telemetry.pieces(connection, kind.samples, device_id):
        computed = compute(kind, samples, states.carry[row : row + 1], cache.registry.grids)
        states.carry[row] = computed.carry[0]
        states.since_checkpoint[row] += len(samples)


def carry_to_bytes(carry: Floats) -> bytes:
    """Encode as little-endian float64, so that a checkpoint can move to another machine."""
    return carry.astype("<f8").tobytes()


def carry_from_bytes(data: bytes, kind: Kind) -> Floats:
    """Decode a stored carry. Raises ValueError if its width is not the kind's."""
    carry = np.frombuffer(data, dtype="<f8").astype(np.float64)
    if carry.shape[0] != kind.carry_width:
        raise ValueError(f"a carry of {carry.shape[0]} numbers, expected {kind.carry_width}")
    return carry
