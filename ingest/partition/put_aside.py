"""Put devices in quarantine that send nothing usable or too much, and release them.

A device in quarantine is not shut out: each of its messages is tried, and the first usable one
releases it. Its dead letters do not count for the cap of its source, and its quota bounds what is
kept of them.
"""

import logging

import numpy as np

from ingest.batch.limits import deferred_devices
from ingest.batch.work import Envelope, Outcome, Work
from ingest.device_state.cache import StateCache
from runtime.clock import US_PER_S
from runtime.errors import DEFERRED, Reason
from runtime.settings import Settings
from store.pipeline import quarantine
from store.pipeline.quarantine import NOTHING_USABLE, OVER_LIMIT, Quarantined
from store.postgres.pool import Connection

log = logging.getLogger("ingest")

_WRITTEN_EVERY_US = 10 * US_PER_S
"""Its newest message and reason are written at most so often: a flood comes with each batch."""

_NOT_ITS_FAULT = DEFERRED | {Reason.WRONG_PARTITION}


def note(connection: Connection, cache: StateCache, work: Work, settings: Settings) -> None:
    """Note which devices sent something usable in this batch, in the caller's transaction."""
    intake = cache.intake
    usable: set[int] = set()
    spoilt: dict[int, Envelope] = {}
    for envelope in work.envelopes:
        if envelope.device is None:
            continue
        device_id = envelope.device.device_id
        if envelope.outcome in (Outcome.STORED, Outcome.DUPLICATE):
            usable.add(device_id)
            intake.spoilt.pop(device_id, None)
        elif is_spoilt(envelope):
            intake.spoilt[device_id] = intake.spoilt.get(device_id, 0) + 1
            spoilt[device_id] = envelope
    if intake.spoilt:
        suspects = np.array(list(intake.spoilt), np.int64)
        for columnar in work.columnar.values():
            found = suspects[np.isin(suspects, columnar.device_id)].tolist()
            usable.update(found)
            for device_id in found:
                intake.spoilt.pop(device_id, None)
    put = [
        _of(envelope, NOTHING_USABLE, _newest(envelope))
        for device_id, envelope in spoilt.items()
        if intake.spoilt.get(device_id, 0) >= settings.quarantine_after_messages
    ]
    put += [
        _of(envelope, OVER_LIMIT, envelope.dead.detail)
        for envelope in deferred_devices(work.envelopes).values()
        if envelope.dead is not None
    ]
    _put(connection, cache, put)
    _release(connection, cache, [(d, NOTHING_USABLE) for d in usable])


def is_spoilt(envelope: Envelope) -> bool:
    """Return whether a message was dead-lettered, and its device may be at fault."""
    dead = envelope.dead
    return (
        envelope.outcome is Outcome.DEAD_LETTERED
        and dead is not None
        and dead.reason not in _NOT_ITS_FAULT
    )


def calm(cache: StateCache, now_us: int) -> list[tuple[int, str]]:
    """Return the devices above their limit that have half of their burst again."""
    rates = cache.intake.devices
    return [
        (device_id, reason)
        for device_id, reason in cache.intake.quarantined
        if reason == OVER_LIMIT and rates.calm(device_id, now_us)
    ]


def release_calm(connection: Connection, cache: StateCache, now_us: int) -> None:
    """Release them, in the caller's transaction."""
    _release(connection, cache, calm(cache, now_us))


def _newest(envelope: Envelope) -> str:
    assert envelope.dead is not None
    return f"{envelope.dead.reason}: {envelope.dead.detail}"[:300]


def _of(envelope: Envelope, reason: str, detail: str) -> Quarantined:
    device = envelope.device
    assert device is not None
    return Quarantined(
        device.device_id,
        reason,
        device.tenant,
        device.dialect,
        device.address,
        detail,
        envelope.raw.received_us,
    )


def _put(connection: Connection, cache: StateCache, devices: list[Quarantined]) -> None:
    known = cache.intake.quarantined
    due = [
        device
        for device in devices
        if device.last_us - known.get((device.device_id, device.reason), 0) >= _WRITTEN_EVERY_US
    ]
    quarantine.put(connection, due)
    for device in due:
        key = (device.device_id, device.reason)
        known[key], new = device.last_us, key not in known
        if new:
            log.warning(
                "device %d of %s/%s is in quarantine (%s)",
                device.device_id,
                device.tenant,
                device.dialect,
                device.reason,
            )


def _release(connection: Connection, cache: StateCache, keys: list[tuple[int, str]]) -> None:
    found = [key for key in keys if key in cache.intake.quarantined]
    if not found:
        return
    quarantine.release(connection, found)
    for device_id, reason in found:
        del cache.intake.quarantined[(device_id, reason)]
        log.info("device %d is out of quarantine (%s)", device_id, reason)
