"""Defer messages of devices and tenants above their rate, and of stopped sources.

A deferred message is kept in the dead letter and processed by itself when it is due. Nothing of it
is decoded, and its device gets no acknowledgement for it before.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from feature_kernels.ragged import starts_of
from ingest.batch.work import Envelope, Work
from ingest.decoding.catalogue import ROUTER
from ingest.device_state.arrays import Ints
from ingest.device_state.cache import StateCache
from ingest.device_state.rates import Levels, Rates, wait_s
from runtime.clock import US_PER_S
from runtime.errors import DeadLetter, Reason
from store.pipeline.stopped_sources import Source

PROBE_MESSAGES = 100
"""Messages of a stopped source that are processed to find out whether it is mended."""

UNTIL_RELEASED_US = 253_370_764_800_000_000
"""Due time of messages of a stopped source, until it is released: the year 9999."""


@dataclass(frozen=True, slots=True)
class _Senders:
    """The messages of a batch that may be deferred, by device and then in order of arrival.

    position, size : int64[n]. ids : int64[d], ascending; messages of ids[i] are from starts[i].
    """

    position: Ints
    size: Ints
    ids: Ints
    starts: Ints
    now_us: int


def defer(work: Work, cache: StateCache) -> None:
    """Defer what is above a limit; note the levels of the senders after this batch in `work`."""
    if not work.messages:
        return  # a retry, or one message that failed: it has been counted
    senders = _senders(work)
    if senders is None:
        return
    intake = cache.intake
    due: dict[int, tuple[DeadLetter, int]] = {}
    if intake.stopped:
        _defer_stopped(work, cache, senders, due)
    if intake.tenants.limit.limited:
        _defer_tenants(work, cache, senders, due)
    work.levels = _over(intake.devices, senders, senders.ids, senders.starts, "the device", due)
    if due:
        _move(work, cache, due)


def _senders(work: Work) -> _Senders | None:
    parts = [(c.position, c.device_id, c.size) for c in work.columnar.values()]
    now_us = max((int(c.received_us.max()) for c in work.columnar.values()), default=0)
    others = [e for e in work.envelopes if e.device is not None and e.outcome is None]
    if others:
        position = np.array([e.position for e in others], np.int64)
        device = np.array([e.device.device_id for e in others if e.device], np.int64)
        parts.append((position, device, np.array([len(e.raw.body) for e in others], np.int64)))
        now_us = max(now_us, max(e.raw.received_us for e in others))
    if not parts:
        return None
    position, device, size = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.argsort(device, kind="stable")  # nearly sorted: a merge of the parts
    ids, starts = starts_of(device[order])
    return _Senders(position[order], size[order], ids, starts, now_us)


def _over(
    rates: Rates,
    senders: _Senders,
    ids: Ints,
    starts: Ints,
    who: str,
    due: dict[int, tuple[DeadLetter, int]],
) -> Levels:
    """Note in `due` the messages above the limit; return the levels after all messages."""
    before = rates.levels(ids, senders.now_us)
    counts = np.stack((np.diff(starts), np.add.reduceat(senders.size, starts[:-1])), axis=1)
    after = before.level + counts
    for i in np.flatnonzero((after > rates.limit.burst).any(axis=1)).tolist():
        ours = np.arange(starts[i], starts[i + 1])
        ours = ours[np.argsort(senders.position[ours], kind="stable")]
        waits_s = wait_s(rates.limit, before.level[i], senders.size[ours])
        per_s = ", ".join(
            f"{most:g} {unit}"
            for most, unit in zip(rates.limit.per_s, ("messages/s", "bytes/s"), strict=True)
            if most
        )
        for at, seconds in zip(ours.tolist(), waits_s.tolist(), strict=True):
            if seconds > 0:
                dead = DeadLetter(Reason.OVER_LIMIT, f"{who} may send {per_s} for long")
                at_us = senders.now_us + int(seconds * US_PER_S)
                due.setdefault(int(senders.position[at]), (dead, at_us))
    return Levels(before.rows, after, before.at_us)


def _defer_tenants(
    work: Work, cache: StateCache, senders: _Senders, due: dict[int, tuple[DeadLetter, int]]
) -> None:
    intake = cache.intake
    names = [cache.registry.by_id[device_id].tenant for device_id in senders.ids.tolist()]
    numbers = [intake.tenant_ids.setdefault(name, len(intake.tenant_ids)) for name in names]
    of_message = np.repeat(np.array(numbers, np.int64), np.diff(senders.starts))
    order = np.lexsort((senders.position, of_message))
    ids, starts = starts_of(of_message[order])
    by_tenant = _Senders(senders.position[order], senders.size[order], ids, starts, senders.now_us)
    work.tenant_levels = _over(intake.tenants, by_tenant, ids, starts, "the tenant", due)


def _defer_stopped(
    work: Work, cache: StateCache, senders: _Senders, due: dict[int, tuple[DeadLetter, int]]
) -> None:
    devices = [cache.registry.by_id[device_id] for device_id in senders.ids.tolist()]
    for source, stopped in cache.intake.stopped.items():
        theirs = np.array([(d.tenant, d.dialect) == source for d in devices], np.bool_)
        positions = np.sort(senders.position[np.repeat(theirs, np.diff(senders.starts))]).tolist()
        if positions and senders.now_us >= stopped.probe_us:
            work.probes[source] = frozenset(positions[:PROBE_MESSAGES])
            positions = positions[PROBE_MESSAGES:]
        for position in positions:
            due[position] = (
                DeadLetter(Reason.SOURCE_STOPPED, _why(source)),
                UNTIL_RELEASED_US,
            )


def _why(source: Source) -> str:
    return f"{source[0]}/{source[1]} has stopped; this message waits until it goes on"


def _move(work: Work, cache: StateCache, due: dict[int, tuple[DeadLetter, int]]) -> None:
    """Turn deferred messages into envelopes with that outcome."""
    for envelope in work.envelopes:
        found = due.get(envelope.position)
        if found is not None and envelope.outcome is None and envelope.device is not None:
            envelope.dead_letter_as(found[0])
            envelope.due_us = found[1]
    positions = np.fromiter(due, np.int64, len(due))
    for kind, columnar in list(work.columnar.items()):
        deferred = np.isin(columnar.position, positions)
        if not deferred.any():
            continue
        for position, device_id in zip(
            columnar.position[deferred].tolist(), columnar.device_id[deferred].tolist(), strict=True
        ):
            raw = work.messages[position]
            envelope = Envelope(raw, work.first + position, position)
            envelope.route = ROUTER.route(raw.topic)
            envelope.device = cache.registry.by_id[device_id]
            envelope.dead_letter_as(due[position][0])
            envelope.due_us = due[position][1]
            work.envelopes.append(envelope)
        if deferred.all():
            del work.columnar[kind]
        else:
            work.columnar[kind] = columnar.where(~deferred)
    work.envelopes.sort(key=lambda envelope: envelope.position)


def deferred_devices(envelopes: Iterable[Envelope]) -> dict[int, Envelope]:
    """Return device id → its newest message that is above a limit."""
    return {
        e.device.device_id: e
        for e in envelopes
        if e.device is not None and e.dead is not None and e.dead.reason is Reason.OVER_LIMIT
    }
