"""The steps of a batch, in the order in which they run:

    identify → defer → decode → check times → consent → sort and join → split → features → (commit)

`defer` is in limits.py. Each step is a function over `Work`. None writes to the store or changes
`StateCache`; the commit does both, completely or not at all.
"""

import hashlib
from collections import defaultdict

import numpy as np

from contracts.dialects import DEVICE_KIND, NATIVE
from contracts.topics import Route
from customer_context.identity.holders import Device
from feature_kernels.ragged import starts_of
from ingest.batch.work import Envelope, Outcome, Work
from ingest.decoding.catalogue import ROUTER
from ingest.decoding.decode import decode
from ingest.decoding.decoded import Context, Decoded
from ingest.decoding.dialects.native import salvage_numbering
from ingest.decoding.pack import (
    LAYOUTS,
    Item,
    Ordered,
    add_totals,
    order,
    out_of_range,
    pack,
)
from ingest.decoding.times import YEAR_2000_US, rolled_over
from ingest.device_state.cache import StateCache
from ingest.kernels import KINDS, compute
from runtime.clock import US_PER_S
from runtime.errors import DeadLetter, Reason
from runtime.settings import Settings
from store.pipeline.device_events import DeviceEventRow
from store.postgres.times import from_us

_YEARS_BEHIND_US = 2 * 366 * 86_400 * US_PER_S
"""A sample so long before its device's first assignment has a wrong time. Later ones are refused
as the data of nobody."""


def identify(work: Work, cache: StateCache) -> None:
    """Find the device of each message by its topic, before anything of the body is looked at.

    A message of an unknown topic, of an unregistered device, or in the wrong partition is
    dead-lettered here. One without a body is ignored: somebody has cleared a retained message.
    """
    for envelope in work.envelopes:
        envelope.route = ROUTER.route(envelope.raw.topic)
        if envelope.outcome is not None:
            if envelope.route is not None:  # dead-lettered already, by `dead_letter_unforeseen`
                envelope.device = _device(envelope.route, cache)
            continue
        if not envelope.raw.body:
            envelope.outcome = Outcome.IGNORED
            continue
        if envelope.route is None:
            envelope.dead_letter_as(
                DeadLetter(Reason.UNKNOWN_TOPIC, f"no dialect knows {envelope.raw.topic!r}")
            )
            continue
        route, here = envelope.route, cache.partition
        envelope.device = _device(route, cache)
        if envelope.device is None:
            envelope.dead_letter_as(
                DeadLetter(
                    Reason.UNKNOWN_DEVICE,
                    f"no registered device has the {route.dialect} address {route.address!r}; "
                    "register it with `tachowatt import`: then its next messages are taken",
                )
            )
        elif not here.holds(route.dialect, route.address):
            # The one writer of its device is in another partition; a retry moves it there.
            detail = f"a message of {envelope.raw.topic!r} in partition {here.number} of {here.of}"
            envelope.dead_letter_as(DeadLetter(Reason.WRONG_PARTITION, detail))


def _device(route: Route, cache: StateCache) -> Device | None:
    return cache.registry.by_address.get((route.dialect, route.address))


def decode_bodies(work: Work, settings: Settings) -> None:
    """Decode every body, once, and check that it fits its device."""
    for envelope in work.envelopes:
        device = envelope.device
        if envelope.outcome is not None or envelope.route is None or device is None:
            continue
        context = Context(
            device.timezone,
            envelope.raw.received_us,
            settings.max_samples_per_message,
            device.mapping if device else {},
        )
        try:
            envelope.decoded = decode(
                envelope.raw, envelope.route, context, settings.max_body_bytes
            )
            envelope.warning = envelope.decoded.warning
            _check_device(envelope, device)
        except DeadLetter as dead:
            if dead.reason is not Reason.DEVICE_MISMATCH:  # its number is of another device
                _find_numbering(envelope, settings.max_body_bytes)
            envelope.dead_letter_as(dead)
            continue
        if envelope.decoded.seq is not None:
            envelope.numbering = (
                envelope.decoded.run,
                envelope.decoded.seq,
                envelope.decoded.oldest,
            )


def _find_numbering(envelope: Envelope, max_body_bytes: int) -> None:
    """Find the sequence number of a message that cannot be used."""
    d = envelope.decoded
    if d is not None and d.seq is not None:
        envelope.numbering = (d.run, d.seq, d.oldest)
    elif envelope.route is not None and envelope.route.dialect == NATIVE:
        found = salvage_numbering(envelope.raw.body[:max_body_bytes])
        if found is not None:
            envelope.numbering, envelope.salvaged = (*found, None), True


def dead_letter_unforeseen(envelope: Envelope, error: Exception) -> None:
    """Dead-letter a message on which a step failed with an unforeseen error."""
    envelope.route = ROUTER.route(envelope.raw.topic)
    _find_numbering(envelope, len(envelope.raw.body))
    envelope.dead_letter_as(
        DeadLetter(Reason.PROCESSING_ERROR, f"{type(error).__name__}: {error}"[:500])
    )


def _check_device(envelope: Envelope, device: Device) -> None:
    """Raises `DeadLetter`: device_mismatch, wrong_kind."""
    decoded = envelope.decoded
    assert decoded is not None
    if decoded.device is not None and decoded.device != device.device:
        raise DeadLetter(
            Reason.DEVICE_MISMATCH,
            f"the body says device {decoded.device!r:.80}, the topic {device.device!r}",
        )
    expected = DEVICE_KIND.get(decoded.kind)
    if expected is not None and device.kind != expected:
        raise DeadLetter(
            Reason.WRONG_KIND, f"{decoded.kind} of {device.device!r}, which is a {device.kind}"
        )


def check_times(work: Work, settings: Settings, earliest_us: int) -> None:
    """Dead-letter messages with a time ahead of our clock, before 2000, by a clock that is years
    behind, or older than retention; times are never guessed."""
    tolerance_us = round(settings.clock_ahead_tolerance_s * US_PER_S)
    for envelope in work.envelopes:
        if envelope.decoded is None:
            continue
        times = envelope.decoded.observed_us
        first, last = (times[0], times[0]) if len(times) == 1 else (min(times), max(times))
        if last > envelope.raw.received_us + tolerance_us:
            ahead_s = (last - envelope.raw.received_us) / US_PER_S
            envelope.dead_letter_as(
                DeadLetter(
                    Reason.CLOCK_AHEAD,
                    f"{ahead_s:.1f} s ahead of our clock; at most "
                    f"{settings.clock_ahead_tolerance_s:g} s are tolerated",
                )
            )
        elif first < YEAR_2000_US:
            envelope.dead_letter_as(
                DeadLetter(Reason.CLOCK_BEFORE_2000, "a sample from before 2000-01-01")
            )
        elif (behind := _clock_behind(envelope, first)) is not None:
            envelope.dead_letter_as(DeadLetter(Reason.CLOCK_BEHIND, behind))
        elif first < earliest_us:
            envelope.dead_letter_as(
                DeadLetter(
                    Reason.TOO_OLD,
                    f"a sample from {from_us(first):%Y-%m-%d %H:%M} UTC; samples are kept from "
                    f"{from_us(earliest_us):%Y-%m-%d} on (TACHOWATT_RETENTION_DAYS)",
                )
            )


def _clock_behind(envelope: Envelope, first_us: int) -> str | None:
    """Say why a sample's clock must be years behind; None where it need not be."""
    if rolled_over(first_us, envelope.raw.received_us):
        return (
            f"a sample from {from_us(first_us):%Y-%m-%d %H:%M} UTC, a multiple of 1,024 weeks "
            "before it arrived: the week of the GPS receiver has rolled over; update its firmware"
        )
    holders = () if envelope.device is None else envelope.device.holders
    if holders and first_us < holders[0].from_us - _YEARS_BEHIND_US:
        return (
            f"a sample from {from_us(first_us):%Y-%m-%d %H:%M} UTC, years before the device was "
            f"first assigned ({from_us(holders[0].from_us):%Y-%m-%d}); check its clock"
        )
    return None


def consent(work: Work, cache: StateCache) -> None:
    """Refuse samples that no purpose covers, before anything is stored; fails closed.

    A message that could not be decoded is refused too, instead of dead-lettered, if the current
    holder of its device has not consented to any purpose.
    """
    state = cache.registry.consent
    for envelope in work.envelopes:
        device = envelope.device
        if device is None or envelope.outcome is Outcome.IGNORED:
            continue
        if envelope.decoded is None:
            holder = device.holder_at(envelope.raw.received_us)
            customer = None if holder is None else holder.customer
            if not state.covers(device.tenant, customer, device.kind):
                envelope.dead, envelope.outcome = None, Outcome.REFUSED
            continue
        decoded = envelope.decoded
        times = decoded.observed_us
        measured = bool(decoded.columns)
        envelope.samples = len(times) if measured else 0
        holder = device.holder_at(times[0])
        if holder is not None and all(holder.from_us <= t < holder.to_us for t in times):
            allowed: list[int] | None = (
                None if state.covers(device.tenant, holder.customer, device.kind) else []
            )
        else:
            allowed = [
                i
                for i, t in enumerate(times)
                if (h := device.holder_at(t)) is not None
                and state.covers(device.tenant, h.customer, device.kind)
            ]
        if allowed is None:
            continue
        envelope.refused_samples = envelope.samples - len(allowed) if measured else 0
        if not allowed:
            envelope.decoded, envelope.outcome = None, Outcome.REFUSED
        else:
            decoded.observed_us = [times[i] for i in allowed]
            decoded.columns = {
                name: [values[i] for i in allowed] for name, values in decoded.columns.items()
            }


def sort_and_join(work: Work) -> dict[str, Ordered]:
    """Pack the messages into arrays, check physical ranges, sort rows, join rows of one instant.

    Each row has the number of its message: envelopes are numbered first, as in `work.envelopes`,
    then columnar messages.
    """
    items: dict[str, list[Item]] = defaultdict(list)
    for i, envelope in enumerate(work.envelopes):
        decoded, device = envelope.decoded, envelope.device
        if decoded is None or device is None:
            continue
        if decoded.columns:
            items[device.kind].append(Item(i, device.device_id, envelope.raw.received_us, decoded))
        else:
            work.events.append((i, _event_row(envelope, device, decoded)))
    ordered: dict[str, Ordered] = {}
    for kind in [kind for kind in LAYOUTS if kind in items or kind in work.columnar]:
        of_kind, layout = items[kind], LAYOUTS[kind]
        packed = pack(of_kind, layout)
        impossible = out_of_range(packed, layout)
        if impossible:
            for i, detail in impossible.items():
                envelope = work.envelopes[i]
                if envelope.refused_samples:  # consent does not cover the whole body
                    envelope.decoded, envelope.outcome = None, Outcome.REFUSED
                    envelope.refused_samples = envelope.samples
                    continue
                envelope.dead_letter_as(DeadLetter(Reason.OUT_OF_RANGE, detail))
                envelope.samples = 0
            of_kind = [item for item in of_kind if item.message not in impossible]
            packed = pack(of_kind, layout)
        for item in of_kind:
            if item.decoded.meter_number is not None:
                column = layout.position["meter_key"]
                at = int(np.flatnonzero(packed.message == item.message)[0])
                key = float(packed.samples.values[at, column])
                work.meter_numbers[key] = item.decoded.meter_number
        columnar = work.columnar.get(kind)
        if columnar is not None:
            work.meter_numbers.update(columnar.meter_numbers)
            packed = columnar.append_to(packed, len(work.envelopes))
        add_totals(packed, layout)
        if len(packed.samples):
            ordered[kind] = order(packed, layout)
    return ordered


def _event_row(envelope: Envelope, device: Device, decoded: Decoded) -> DeviceEventRow:
    digest = hashlib.blake2b(decoded.event_json.encode(), digest_size=12).hexdigest()
    return DeviceEventRow(
        device.device_id,
        int(decoded.observed_us[0]),
        decoded.event_kind,
        digest,
        envelope.raw.received_us,
        decoded.event_json,
    )


def features(work: Work, cache: StateCache) -> None:
    """Run the kernels over the fresh samples of every device without late samples."""
    for kind_name, kind_work in work.kinds.items():
        fresh = kind_work.fresh
        ids, starts = starts_of(fresh.device)
        at = np.searchsorted(kind_work.ids, ids)
        kind_work.mark_us[at] = fresh.observed_us[starts[1:] - 1]
        clean = ~np.isin(ids, kind_work.waiting)
        if not clean.all():
            fresh = fresh.take(np.repeat(clean, np.diff(starts)))
        if not len(fresh):
            continue
        kind_work.computed = at[clean]
        kind_work.since_checkpoint[at[clean]] += np.diff(starts)[clean]
        computed = compute(
            KINDS[kind_name],
            fresh,
            cache.states[kind_name].carry[kind_work.slots[at[clean]]],
            cache.registry.grids,
        )
        kind_work.rows, kind_work.carry = computed.rows, computed.carry


def settle_outcomes(work: Work, new_events: list[bool]) -> None:
    """Set the outcome of every envelope.

    new_events : for each of `work.events`, whether the store did not have it yet.
    """
    for (i, _), new in zip(work.events, new_events, strict=True):
        work.envelopes[i].outcome = Outcome.STORED if new else Outcome.DUPLICATE
    for i, envelope in enumerate(work.envelopes):
        tally = None if envelope.device is None else work.tallies.get(envelope.device.kind)
        if tally is not None:
            envelope.stored, envelope.merged = int(tally.stored[i]), int(tally.merged[i])
            envelope.duplicate = int(tally.duplicate[i])
        if envelope.outcome is None:
            added = envelope.stored + envelope.merged
            envelope.outcome = Outcome.STORED if added else Outcome.DUPLICATE
