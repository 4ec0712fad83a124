"""Reconcile: compute a device's features again after late samples.

From the last checkpoint before the late range, forwards. Where the new carry meets, after the
range, a checkpoint that was there with the same bits, everything between that checkpoint and the
newest one is right already, and only what came after the newest is replayed.
"""

from dataclasses import dataclass

import numpy as np

from ingest.grids import as_text
from ingest.kernels import Kind, compute
from ingest.memory import Memory, carry_from_bytes, carry_to_bytes
from ingest.states import NEVER_US, Floats
from store import carry as checkpoints
from store import features, reconcile, telemetry
from store.features import Change
from store.pool import Connection
from store.reconcile import Range

PIECE_SAMPLES = 4_000
"""Samples replayed between the checkpoints that are left behind: weeks that come late are replayed
once, and not from their beginning with each of their messages."""


@dataclass(frozen=True, slots=True)
class Recomputed:
    """Result of one device.

    mark_us, carry, since_checkpoint : the device's state after it (ingest.states).
    changes : feature rows added, changed or removed, each once.
    samples : samples replayed.
    """

    mark_us: int
    carry: Floats
    since_checkpoint: int
    changes: list[Change]
    samples: int


def recompute(
    connection: Connection,
    memory: Memory,
    kind: Kind,
    device_id: int,
    late: Range,
    checkpoint_samples: int,
) -> Recomputed:
    """Correct one device, in the caller's transaction."""
    known = checkpoints.of_device(connection, device_id, kind.carry_version)
    before = [c for c in known if c.as_of_us < late.from_us]
    later = [c for c in known if c.as_of_us >= late.from_us]
    position = before[-1].as_of_us if before else NEVER_US
    carry = carry_from_bytes(before[-1].carry, kind) if before else kind.initial(1)[0]
    changes: dict[tuple[object, ...], Change] = {}
    samples = 0

    def replay(until_us: int | None) -> int:
        """From where we are; how many samples came after the last checkpoint that it left."""
        nonlocal carry, position, samples
        while True:
            carry, n, found, position = _piece(
                connection, memory, kind, device_id, carry, position, until_us
            )
            _gather(changes, found)
            samples += n
            if n < PIECE_SAMPLES:
                return n
            _save(connection, kind, device_id, position, carry)

    for checkpoint in later:
        replay(checkpoint.as_of_us)
        position = checkpoint.as_of_us
        if position > late.until_us and carry_to_bytes(carry) == checkpoint.carry:
            position, carry = later[-1].as_of_us, carry_from_bytes(later[-1].carry, kind)
            break
        _save(connection, kind, device_id, position, carry)
    since = replay(None)
    if since >= checkpoint_samples:
        _save(connection, kind, device_id, position, carry)
        since = 0
    reconcile.done(connection, device_id)
    checkpoints.computed_with(connection, {device_id: as_text(memory.registry.by_id[device_id])})
    real = [change for change in changes.values() if change.real]
    return Recomputed(position, carry, since, real, samples)


def _save(connection: Connection, kind: Kind, device_id: int, position: int, carry: Floats) -> None:
    saved = checkpoints.Checkpoint(device_id, position, kind.carry_version, carry_to_bytes(carry))
    checkpoints.save(connection, [saved])


def _gather(changes: dict[tuple[object, ...], Change], found: list[Change]) -> None:
    for change in found:
        key = (change.table, *change.key)
        changes[key] = changes[key].then(change) if key in changes else change


def _piece(
    connection: Connection,
    memory: Memory,
    kind: Kind,
    device_id: int,
    carry: Floats,
    after_us: int,
    until_us: int | None,
) -> tuple[Floats, int, list[Change], int]:
    """Replay (after, until], or the first `PIECE_SAMPLES` of it; returns the carry, samples,
    changed rows and the last time."""
    after = None if after_us == NEVER_US else after_us
    samples = telemetry.read(
        connection, kind.samples, [device_id], after, until_us, at_most=PIECE_SAMPLES
    )
    one = carry[np.newaxis] if len(samples) else np.empty((0, kind.carry_width))
    computed = compute(kind, samples, one, memory.registry.grids)
    last_us = int(samples.observed_us[-1]) if len(samples) else after_us
    if len(samples) == PIECE_SAMPLES:
        until_us = last_us
    changes = []
    for table in kind.features:
        changes += features.replace(
            connection, table, device_id, after, until_us, computed.rows[table.name]
        )
    return computed.carry[0] if len(samples) else carry, len(samples), changes, last_us
