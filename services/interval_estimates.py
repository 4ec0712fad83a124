"""Settle the estimates of meters in the store with registers and weather, as of files.

The rule is that of `analyse-meter` (customer_context.metering.settlement). The stream's rows stay;
what settles them stands beside them in versions, so that what was billed can be shown again, and
no anomaly is raised or cleared by it (docs/adr/0080).
"""

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from contracts.purposes import Purpose
from contracts.quality import Quality
from customer_context.metering import settlement
from customer_context.metering.sum_check import Finding, Reads, tariff_sum, that_matter
from customer_context.metering.use import DAY_US, country_of, offsets_us
from customer_context.metering.weather_model import Temperatures, hourly
from runtime.errors import Retry
from services.meter_reading import exchanges
from store.casework import weather
from store.people import estimates_due, interval_estimates, readings
from store.people.interval_estimates import Row
from store.postgres import roles
from store.postgres.merged import same_as
from store.postgres.pool import Connection, translated
from store.postgres.times import from_us, to_us
from store.reads import metering

log = logging.getLogger("services.interval_estimates")

BATCH = 4
"""As many in one transaction: others wait for it."""
PURPOSE = Purpose.ENERGY_INSIGHT
LINE_US = 3_600_000_000
"""A hole up to this is a straight line (feature_kernels.consumption.Parameters.line_fill_s)."""
_DAY = timedelta(days=1)
_YEAR = timedelta(days=400)
"""What is settled: a register is read once a year at least."""
_LONGEST = timedelta(days=800)
"""A read before that bounds nothing."""
_PAST = timedelta(days=58)
"""Like days lie in the 56 before a hole."""
_HOLES = timedelta(days=60)
_AGAIN = timedelta(hours=1)


def run_due(connection: Connection, now_us: int, limit: int = BATCH) -> int:
    """Settle meters that wait, in the caller's transaction; return their number.

    Where none waits, some meters are looked through for holes, all of them once a day.
    """
    now = from_us(now_us)
    rows = estimates_due.due(connection, now, limit)
    if not rows:
        if estimates_due.sweep(connection, now, now - _HOLES, now + _DAY):
            return limit
        rows = estimates_due.due(connection, now, limit)
    for row in rows:
        again = None if _settle(connection, row["tenant"], row["meter"], now_us) else now + _AGAIN
        estimates_due.done(connection, row["tenant"], row["meter"], again)
    return len(rows)


def _settle(connection: Connection, tenant: str, meter_id: str, now_us: int) -> bool:
    """Settle one meter; an error of one is logged, and stops no other."""
    try:
        with translated(), connection.transaction():
            settle(connection, tenant, meter_id, now_us)
    except Retry:
        raise
    except Exception as error:
        log.exception("the estimates of a meter could not be settled", exc_info=error)
        return False
    return True


def settle(connection: Connection, tenant: str, meter_id: str, now_us: int) -> int:
    """Settle the intervals of a meter of the last 400 days; return how many rows changed.

    Only under the contract of the customer who has it now and grants energy insight.
    """
    roles.set_tenant_scope(connection, [tenant])
    now = from_us(now_us)
    meter = metering.meter(connection, tenant, meter_id, PURPOSE, now)
    if meter is None:
        return 0
    by_energy = interval_estimates.sends_energy(connection, tenant, meter_id, now - _YEAR)
    degrees = _degrees(connection, tenant, meter["customer"], now)
    reads = None
    if by_energy or degrees is not None:
        reads = _reads(connection, tenant, meter, now - _LONGEST, by_people=by_energy)
    begin = now - _YEAR
    if reads is not None and by_energy:
        before = reads.t_us[reads.t_us <= to_us(begin)]
        begin = from_us(int(before[-1])) if before.size else begin
    mine = same_as(connection, tenant, meter["customer"])
    rows = interval_estimates.stream(connection, tenant, meter_id, mine, begin - _PAST)
    rows = _without_overlaps(rows)
    new: list[Row] = []
    wrong = _wrong_tariffs(connection, tenant, meter_id, begin)
    if rows.size and (reads is not None or wrong):
        out = rows
        if reads is not None:
            out = _settled(rows, reads, degrees, meter, by_energy=by_energy)
        new = _different(rows, settlement.doubt_tariffs(out, wrong), meter, to_us(begin))
    devices = np.unique(rows["device_id"]).tolist()
    return interval_estimates.write(connection, devices, begin, now + _DAY, new, now)


def _wrong_tariffs(
    connection: Connection, tenant: str, meter_id: str, since: datetime
) -> Sequence[Finding]:
    """Return where the registers of two tariffs do not add up to the total."""
    if not interval_estimates.sends_tariffs(connection, tenant, meter_id, since):
        return ()
    t_us, total, first, second = interval_estimates.by_tariff(connection, tenant, meter_id, since)
    return tariff_sum(t_us, total, np.vstack([first, second]))


def _without_overlaps(rows: NDArray[Any]) -> NDArray[Any]:
    """Return rows without those that begin before the end of an earlier one (two devices)."""
    if not rows.size:
        return rows
    ends = np.concatenate(([0], np.maximum.accumulate(rows["end_us"])[:-1]))
    return rows[rows["start_us"] >= ends]


def _settled(
    rows: NDArray[Any],
    reads: Reads,
    degrees: Temperatures | None,
    meter: Mapping[str, Any],
    *,
    by_energy: bool,
) -> NDArray[Any]:
    """Return the rows as they are settled, with the pieces of holes."""
    zone = ZoneInfo(meter["timezone"])
    step = _step(rows)
    cut = rows
    if by_energy:
        cut = settlement.cut_holes(rows, step)
    cut["local_us"] = cut["start_us"] + offsets_us(cut["start_us"], zone)
    series = settlement.series_of(cut, cut["start_us"], cut["end_us"])
    offset = 0 if degrees is None else offsets_us(degrees.t_us, zone)
    days = settlement.days_between(cut["local_us"], degrees, offset, country_of(zone.key))
    if not by_energy:
        return settlement.reshape(cut, series, days, reads.t_us, step, LINE_US)
    reads = that_matter(reads, series)
    return settlement.settle_sent(cut, series, days, reads, step, LINE_US, open_too=True)[0]


def _step(rows: NDArray[Any]) -> int:
    """Return the usual length of an interval, µs."""
    length, count = np.unique(rows["end_us"] - rows["start_us"], return_counts=True)
    return int(length[np.argmax(count)])


def _different(
    stream: NDArray[Any], out: NDArray[Any], meter: Mapping[str, Any], begin_us: int
) -> list[Row]:
    """Return what differs from the stream from `begin_us` on, with the pieces of holes."""
    out["local_us"] = out["start_us"] + offsets_us(out["start_us"], ZoneInfo(meter["timezone"]))
    of = stream[np.searchsorted(stream["start_us"], out["start_us"], side="right") - 1]
    same = (of["energy_kwh"] == out["energy_kwh"]) | (
        np.isnan(of["energy_kwh"]) & np.isnan(out["energy_kwh"])
    )
    for name in ("status", "estimated", "reason"):
        same &= of[name] == out[name]
    changed = np.unique(of["start_us"][~same])  # with one piece of a hole all of them are stored
    keep = np.isin(of["start_us"], changed) & (of["start_us"] >= begin_us)
    found: list[Row] = []
    for one, was in zip(out[keep], of[keep], strict=True):
        energy, before = float(one["energy_kwh"]), float(was["energy_kwh"])
        known, knew = np.isfinite(energy), np.isfinite(before)
        found.append(
            (
                int(one["device_id"]), int(one["local_us"] // DAY_US),
                int(one["start_us"]), int(one["end_us"]), energy if known else None,
                int(one["status"]), int(one["estimated"]), int(one["reason"]),
                (energy if known else 0.0) - (before if knew else 0.0),
                int(was["start_us"]), int(was["end_us"]), before if knew else None,
                int(was["status"]),
            )
        )  # fmt: skip
    return found


def _reads(
    connection: Connection,
    tenant: str,
    meter: Mapping[str, Any],
    since: datetime,
    *,
    by_people: bool,
) -> Reads:
    """Return the accepted reads of the register, ascending: of people, and of the devices.

    by_people : with those of people, where the stream does not count them itself
    """
    given: list[dict[str, Any]] = []
    if by_people:
        given = readings.of_meter(
            connection, tenant, meter["meter"], from_at=since,
            customers=same_as(connection, tenant, meter["customer"]), limit=10_000,
        )  # fmt: skip
    steps = [at for at, _, _ in exchanges(given)]
    entered = {
        to_us(row["read_at"]): float(row["kwh"])
        for row in given
        if row["status"] >= Quality.VORLAEUFIGERWERT and row["source"] != "estimate"
    }
    sent = interval_estimates.sent(
        connection, tenant, meter["meter"], since, int(Quality.VORLAEUFIGERWERT)
    )
    aside = np.array([to_us(row["read_at"]) for row in given], np.int64)
    fine = np.isfinite(sent.kwh) & ~np.isin(sent.t_us, aside)
    t_us = np.concatenate((sent.t_us[fine], np.array(list(entered), np.int64)))
    kwh = np.concatenate((sent.kwh[fine], np.array(list(entered.values()), np.float64)))
    number = np.concatenate((sent.key[fine], np.zeros(len(entered))))
    order = np.argsort(t_us, kind="stable")
    t_us, kwh, number = t_us[order], kwh[order], number[order]
    t_us, first = np.unique(t_us, return_index=True)
    kwh, number = kwh[first], number[first]
    return Reads(t_us, kwh, _segment(t_us, number, steps))


def _segment(
    t_us: NDArray[np.int64], number: NDArray[np.float64], steps: list[int]
) -> NDArray[np.float64]:
    """Number the meters at reads: another known number, or an exchange that was recorded."""
    key = np.zeros(t_us.size)
    known = np.flatnonzero(number)
    if known.size:
        changed = np.zeros(t_us.size)
        changed[known[1:]] = number[known[1:]] != number[known[:-1]]
        key += np.cumsum(changed)
    if steps:
        key += np.searchsorted(np.array(sorted(steps)), t_us, side="right")
    return key


def _degrees(
    connection: Connection, tenant: str, customer: str, now: datetime
) -> Temperatures | None:
    hours = [
        row
        for row in weather.at_customer(connection, tenant, customer, now - _YEAR - _PAST, now)
        if row["temperature_c"] is not None
    ]
    if not hours:
        return None
    return hourly(
        np.array([to_us(row["at"]) for row in hours], np.int64),
        np.array([row["temperature_c"] for row in hours], np.float64),
    )
