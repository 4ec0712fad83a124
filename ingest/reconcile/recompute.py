"""Reconcile: compute a device's features again after late samples.

A replay starts at the last checkpoint before the late range and runs forwards in pieces; live
batches run between the pieces. When the new carry is equivalent to an old checkpoint after the
range, the features between that checkpoint and the newest one are still correct, and only the
samples after the newest one are replayed. At the end one transaction replaces the old features by
the new ones and writes checkpoints, from which the next replay can start.
"""

from dataclasses import dataclass, replace

import numpy as np

from ingest.device_state.arrays import NEVER_US, Floats
from ingest.device_state.cache import StateCache, carry_from_bytes, carry_to_bytes
from ingest.device_state.replay import Piece, Replay
from ingest.feature_inputs import as_text
from ingest.kernels import Kind, compute
from store.pipeline import carry as checkpoints
from store.pipeline import features, reconcile, telemetry
from store.pipeline.features import Change
from store.pipeline.reconcile import Range
from store.postgres.pool import Connection

PIECE_SAMPLES = 1_000
"""Samples in one piece of a replay: they delay live messages between two batches."""


@dataclass(frozen=True, slots=True)
class Recomputed:
    """The result for one device.

    mark_us, carry, since_checkpoint : the device's new state (ingest.device_state.arrays).
    changes : feature rows added, changed or removed.
    """

    mark_us: int
    carry: Floats
    since_checkpoint: int
    changes: list[Change]


def begin(connection: Connection, kind: Kind, device_id: int, late: Range) -> Replay:
    """Start a replay at the last checkpoint before the late samples."""
    found = checkpoints.last_before(connection, device_id, kind.carry_version, late.from_us)
    later = checkpoints.since(connection, device_id, kind.carry_version, late.from_us)
    if found is not None:
        return Replay(found.as_of_us, carry_from_bytes(found.carry, kind), tuple(later))
    return Replay(NEVER_US, kind.initial(1)[0], tuple(later))


def continue_replay(
    connection: Connection, cache: StateCache, kind: Kind, device_id: int, late: Range, done: Replay
) -> tuple[Replay, bool]:
    """Replay one more piece. Returns True with the replay if no samples are left."""
    position, carry = _reached(done, kind)
    target = None if done.met is not None else _next(done, position)
    until_us = None if target is None else target.as_of_us
    samples = telemetry.read(
        connection,
        kind.samples,
        [device_id],
        None if position == NEVER_US else position,
        until_us,
        at_most=PIECE_SAMPLES,
    )
    full = len(samples) == PIECE_SAMPLES
    one = carry[np.newaxis] if len(samples) else np.empty((0, kind.carry_width))
    computed = compute(kind, samples, one, cache.registry.grids)
    if len(samples):
        position, carry = int(samples.observed_us[-1]), computed.carry[0]
    if target is not None and not full:
        position = target.as_of_us
    reached = target is not None and position == target.as_of_us
    piece = Piece(position, carry, len(samples), computed.rows, reached)
    found = replace(done, pieces=(*done.pieces, piece))
    if (
        target is not None
        and reached
        and position > late.until_us
        and _same(kind, carry, carry_from_bytes(target.carry, kind))
    ):
        found = replace(found, met=len(found.pieces))
    return found, target is None and not full


def _same(kind: Kind, one: Floats, other: Floats) -> bool:
    """Return whether both carries give the same features for all later samples."""
    first, second = kind.aligned(np.stack((one, other)))
    return bool(first.tobytes() == second.tobytes())


def _reached(done: Replay, kind: Kind) -> tuple[int, Floats]:
    """Return where the next piece begins (µs), and the carry there."""
    if done.met == len(done.pieces):
        return done.later[-1].as_of_us, carry_from_bytes(done.later[-1].carry, kind)
    if done.pieces:
        return done.pieces[-1].until_us, done.pieces[-1].carry
    return done.begin_us, done.carry


def _next(done: Replay, position: int) -> checkpoints.Checkpoint | None:
    return next((c for c in done.later if c.as_of_us > position), None)


def finish(
    connection: Connection,
    cache: StateCache,
    kind: Kind,
    device_id: int,
    done: Replay,
    checkpoint_samples: int,
    now_us: int,
) -> Recomputed:
    """Replace the stored features by those of a complete replay, in the caller's transaction."""
    changes = []
    parts: list[tuple[int, tuple[Piece, ...], int | None]] = [(done.begin_us, done.pieces, None)]
    if done.met is not None:
        met = done.pieces[done.met - 1].until_us
        parts = [
            (done.begin_us, done.pieces[: done.met], met),
            (done.later[-1].as_of_us, done.pieces[done.met :], None),
        ]
    for after_us, pieces, until_us in parts:
        for table in kind.features:
            rows = np.concatenate([piece.rows[table.name] for piece in pieces])
            after = None if after_us == NEVER_US else after_us
            changes += features.replace(connection, table, device_id, after, until_us, rows, now_us)
    kept, since = [], 0
    for piece in done.pieces:
        since += piece.samples
        if piece.was_checkpoint or since >= checkpoint_samples:
            carry = carry_to_bytes(piece.carry)
            kept.append(
                checkpoints.Checkpoint(device_id, piece.until_us, kind.carry_version, carry)
            )
            since = 0
    checkpoints.save(connection, kept)
    reconcile.done(connection, device_id)
    checkpoints.computed_with(connection, {device_id: as_text(cache.registry.by_id[device_id])})
    last = done.pieces[-1]
    real = [change for change in changes if change.real]
    return Recomputed(last.until_us, last.carry, since, real)
