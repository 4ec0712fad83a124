"""Maintenance between batches: reconcile, close silent devices, checkpoint before retention."""

import logging
from collections.abc import Callable
from dataclasses import replace

from ingest.batch.signals import corrections
from ingest.device_state.replay import Replay
from ingest.kernels import KINDS, Kind
from ingest.partition.lease import SLICE_S, PartitionLease
from ingest.reconcile import recompute
from ingest.reconcile.provisional import write_open
from ingest.reconcile.retention_checkpoint import RetentionCheckpoints
from runtime.metrics import Metrics
from store.postgres.times import from_us
from store.signals import outbox

log = logging.getLogger("ingest")

RECONCILE_FOR_S = 0.005
"""Time after which no further piece begins, because pieces run between two batches."""

_MAX_REPLAYS = 8
"""Devices with a partial replay in memory, at most."""


class Maintenance:
    """Every call returns within a time limit, and discards the prepared batch before it writes."""

    def __init__(self, lease: PartitionLease, metrics: Metrics) -> None:
        self._lease = lease
        self._metrics = metrics
        self._retention_checkpoints: RetentionCheckpoints | None = None

    def forget(self) -> None:
        """Drop the list of devices without a retention checkpoint: it may be outdated."""
        self._retention_checkpoints = None

    def pending(self) -> int:
        """Count devices that wait to be reconciled."""
        cache = self._lease.cache_or_none
        return 0 if cache is None else sum(len(s.late) for s in cache.states.values())

    def is_due(self) -> bool:
        """Return whether a device is due to be reconciled."""
        return self._lease.cache_or_none is not None and bool(self._waiting(everything=False))

    def _waiting(self, *, everything: bool) -> list[tuple[int, str]]:
        """List (device, kind) that are due, or all that wait, in order. Devices with a replay in
        progress come first, because its results are in memory."""
        now, wait_s = self._lease.clock.monotonic(), self._lease.settings.reconcile_wait_s
        found = sorted(
            (late.replay is None, due, device_id, kind_name)
            for kind_name, states in self._lease.cache.states.items()
            for device_id, late in states.late.items()
            if (due := late.due(wait_s)) <= now or everything
        )
        return [(device_id, kind_name) for *_, device_id, kind_name in found]

    def reconcile(self, *, everything: bool, finished: Callable[[], None] | None = None) -> int:
        """Correct devices whose late samples have waited long enough, one piece of each at a time.

        everything : do not wait and do not stop early. finished : called after each device.
        Returns how many devices are finished.
        """
        lease = self._lease
        clock = lease.clock
        started = clock.monotonic()
        done = 0
        for device_id, kind_name in self._waiting(everything=everything):
            whole = self._replay_piece(KINDS[kind_name], device_id, everything=everything)
            done += whole
            if whole and finished is not None:
                finished()
            if not everything and clock.monotonic() - started > RECONCILE_FOR_S:
                break
        self._metrics.reconcile_pending.labels(str(lease.partition.number)).set(self.pending())
        return done

    def _replay_piece(self, kind: Kind, device_id: int, *, everything: bool) -> bool:
        """Replay a piece of a device, or all of it. Returns True when the device is finished."""
        lease = self._lease
        late = lease.cache.states[kind.name].late
        whole = False
        with lease.all_or_nothing():
            connection, cache = lease.connection, lease.cache
            span, replay = late[device_id].span, late[device_id].replay
            if replay is None or not replay.pieces:
                replay = recompute.begin(connection, kind, device_id, span)
            while not whole:
                replay, whole = recompute.continue_replay(
                    connection, cache, kind, device_id, span, replay
                )
                if not everything:
                    break
            connection.rollback()
        if whole:
            self._finish(kind, device_id, replay)
        else:
            now = lease.clock.monotonic()
            late[device_id] = replace(late[device_id], replay=replay, turned=now)
            self._drop_oldest_replays()
        return whole

    def _drop_oldest_replays(self) -> None:
        """Keep the `_MAX_REPLAYS` latest partial replays; the other devices begin again."""
        begun = [
            (late.turned, device_id, states)
            for states in self._lease.cache.states.values()
            for device_id, late in states.late.items()
            if late.replay is not None
        ]
        for _, device_id, states in sorted(begun, key=lambda row: row[:2])[:-_MAX_REPLAYS]:
            states.late[device_id] = replace(states.late[device_id], replay=None)

    def _finish(self, kind: Kind, device_id: int, replay: Replay) -> None:
        lease = self._lease
        with lease.transaction() as (connection, cache):
            now_us = lease.clock.now_us()
            result = recompute.finish(
                connection,
                cache,
                kind,
                device_id,
                replay,
                lease.settings.checkpoint_samples,
                now_us,
            )
            outbox.put(connection, corrections(result.changes, cache.registry.by_id), now_us)
        log.debug(
            "reconciled device=%d samples=%d changed=%d",
            device_id,
            replay.samples,
            len(result.changes),
        )
        states = cache.states[kind.name]
        row = states.row(device_id)
        states.mark_us[row], states.carry[row] = result.mark_us, result.carry
        states.since_checkpoint[row], states.provisional[row] = result.since_checkpoint, False
        del states.late[device_id]
        self._metrics.reconciled.inc()

    def close_silent(self, *, everything: bool) -> int:
        """Write open features of silent devices as provisional; their next sample replaces them.

        everything : do not wait for silence. Returns the number of devices.
        """
        lease = self._lease
        lease.load_recently_heard(everything=everything)
        heard_before = lease.clock.monotonic() - (0 if everything else lease.settings.silence_s)
        done = 0
        for kind in KINDS.values():
            states = lease.cache.states[kind.name]
            ids, rows = states.silent(heard_before)
            if kind.finish is None or not ids.shape[0]:
                continue
            with lease.transaction() as (connection, _):
                write_open(connection, kind, ids, states.carry[rows])
            states.provisional[rows] = True
            done += int(ids.shape[0])
        return done

    def write_retention_checkpoints(self) -> bool:
        """Write a checkpoint for each device at the boundary of retention. Returns False while some
        devices have none yet."""
        lease = self._lease
        boundary_us = lease.earliest_us()
        if boundary_us == lease.cache.retention_ready_us:
            return True
        lease.cache.topics.earliest_us = boundary_us
        until = lease.clock.monotonic() + SLICE_S
        with lease.transaction() as (connection, cache):
            if (
                self._retention_checkpoints is None
                or self._retention_checkpoints.boundary_us != boundary_us
            ):
                self._retention_checkpoints = RetentionCheckpoints.of(
                    connection, cache, boundary_us
                )
            done = self._retention_checkpoints.continue_until(
                connection, cache, lambda: lease.clock.monotonic() > until
            )
        if done:
            cache.retention_ready_us, self._retention_checkpoints = boundary_us, None
            log.info("samples from before %s may be dropped", from_us(boundary_us).date())
        return done
