"""What the owner of a partition does between batches: reconcile, close what is silent, secure."""

import logging
from dataclasses import replace

from ingest.batch.signals import corrections
from ingest.device_state.replay import Replay
from ingest.kernels import KINDS, Kind
from ingest.partition.lease import SLICE_S, PartitionLease
from ingest.reconcile import recompute
from ingest.reconcile.requests import write_open
from ingest.reconcile.retention_checkpoint import RetentionCheckpoints
from runtime.metrics import Metrics
from store.postgres.times import from_us
from store.signals import outbox

log = logging.getLogger("ingest")

RECONCILE_FOR_S = 0.005
"""No other piece is begun after so long: they come between two batches."""

_MOST_REPLAYS = 8
"""Devices of which a part of a replay is in memory."""


class Maintenance:
    """Each call is bounded in time. Nothing is prepared ahead of what it writes."""

    def __init__(self, lease: PartitionLease, metrics: Metrics) -> None:
        self._lease = lease
        self._metrics = metrics
        self._securing: RetentionCheckpoints | None = None

    def forget(self) -> None:
        """What was known of devices to secure may be wrong by now."""
        self._securing = None

    def pending(self) -> int:
        """Devices that wait to be reconciled."""
        cache = self._lease.cache_or_none
        return 0 if cache is None else sum(len(s.late) for s in cache.states.values())

    def is_due(self) -> bool:
        """Whether a device's turn to be reconciled has come."""
        return self._lease.cache_or_none is not None and bool(self._waiting(everything=False))

    def _waiting(self, *, everything: bool) -> list[tuple[int, str]]:
        """Devices whose turn has come, or all that wait, and their kinds, in the order of turns:
        one that has begun first, for of a replay under way all that it has found is in memory."""
        now, wait_s = self._lease.clock.monotonic(), self._lease.settings.reconcile_wait_s
        found = sorted(
            (late.replay is None, due, device_id, kind_name)
            for kind_name, states in self._lease.cache.states.items()
            for device_id, late in states.late.items()
            if (due := late.due(wait_s)) <= now or everything
        )
        return [(device_id, kind_name) for *_, device_id, kind_name in found]

    def reconcile(self, *, everything: bool) -> int:
        """Correct devices whose late samples have been gathered long enough, in turns.

        everything : do not wait and do not stop early. Returns how many were done.
        """
        lease = self._lease
        clock = lease.clock
        started = clock.monotonic()
        done = 0
        for device_id, kind_name in self._waiting(everything=everything):
            done += self._turn_of(KINDS[kind_name], device_id, everything=everything)
            if not everything and clock.monotonic() - started > RECONCILE_FOR_S:
                break
        self._metrics.reconcile_pending.labels(str(lease.partition.number)).set(self.pending())
        return done

    def _turn_of(self, kind: Kind, device_id: int, *, everything: bool) -> bool:
        """Replay a piece of a device, or all of it; True where it is done with."""
        lease = self._lease
        late = lease.cache.states[kind.name].late
        whole = False
        with lease.all_or_nothing():
            connection, cache = lease.connection, lease.cache
            span, replay = late[device_id].span, late[device_id].replay
            if replay is None or not replay.pieces:
                replay = recompute.begin(connection, kind, device_id, span)
            while not whole:
                replay, whole = recompute.go_on(connection, cache, kind, device_id, span, replay)
                if not everything:
                    break
            connection.rollback()
        if whole:
            self._finish(kind, device_id, replay)
        else:
            now = lease.clock.monotonic()
            late[device_id] = replace(late[device_id], replay=replay, turned=now)
            self._forget_all_but_the_latest_replays()
        return whole

    def _forget_all_but_the_latest_replays(self) -> None:
        """Of devices that wait again, because more came late; they begin anew."""
        begun = [
            (late.turned, device_id, states)
            for states in self._lease.cache.states.values()
            for device_id, late in states.late.items()
            if late.replay is not None
        ]
        for _, device_id, states in sorted(begun, key=lambda row: row[:2])[:-_MOST_REPLAYS]:
            states.late[device_id] = replace(states.late[device_id], replay=None)

    def _finish(self, kind: Kind, device_id: int, replay: Replay) -> None:
        lease = self._lease
        with lease.transaction() as (connection, cache):
            now_us = lease.clock.now_us()
            result = recompute.finish(
                connection, cache, kind, device_id, replay, lease.settings.checkpoint_samples
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
        """Write what silent devices have open; what they say next replaces it.

        everything : do not wait for silence. Returns the number of devices.
        """
        lease = self._lease
        lease.load_heard(everything=everything)
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

    def secure(self) -> bool:
        """Make devices ready for what retention is to drop. False while some are not yet."""
        lease = self._lease
        boundary_us = lease.earliest_us()
        if boundary_us == lease.cache.secured_us:
            return True
        lease.cache.topics.earliest_us = boundary_us
        until = lease.clock.monotonic() + SLICE_S
        with lease.transaction() as (connection, cache):
            if self._securing is None or self._securing.boundary_us != boundary_us:
                self._securing = RetentionCheckpoints.of(connection, cache, boundary_us)
            done = self._securing.go_on(connection, cache, lambda: lease.clock.monotonic() > until)
        if done:
            cache.secured_us, self._securing = boundary_us, None
            log.info("samples from before %s may be dropped", from_us(boundary_us).date())
        return done
