"""The use of contracts in a period: what is missing to bill it, and its release for billing."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from contracts.quality import Quality
from customer_context.metering.ready import (
    End,
    Missing,
    Sum,
    SumCheck,
    missing,
    nearest,
    of_tariffs,
)
from customer_context.metering.sum_check import resolution, tolerance
from runtime.errors import Invalid, NotAllowed, NotFound
from services import case_flow, meter_reading, meter_use
from services.meter_reading import DISPUTE, PURPOSE, MeterRead
from store.people import meter_data, readings
from store.postgres.pool import Connection
from store.postgres.times import from_us, to_us
from store.reads import metering

_MOST_DAYS, _MOST_INTERVALS = 1_200, 4_000
_LONGEST = timedelta(hours=1)
"""An interval that begins so long before a read may end after it."""
_STEP_KWH = 0.001
_READ = timedelta(hours=26)
"""Around the begin of a day in which a device's read stands for it."""


@dataclass(frozen=True, slots=True)
class Period:
    """The use of a contract in a period. kwh : None where it is not ready."""

    contract: str
    meter: str
    customer: str
    start: End | None
    end: End | None
    kwh: float | None
    missing: tuple[Missing, ...]
    released: int | None
    """Version that was released for billing; None = none."""
    sum: SumCheck | None
    """None where it is not ready."""
    tariffs: tuple[float, float] | None = None
    """Use of the first and second tariff, kWh; None where it is not ready or not known."""


def periods(
    connection: Connection, tenant: str, start: date, end: date, limit: int = 200
) -> list[Period]:
    """Return the contracts of meters that cover a period, with what is missing to bill it.

    end : the day after the last. Only of customers who agree to energy insight: nothing else is
    known of a meter.
    """
    if end <= start:
        raise Invalid("end: expected a day after start")
    rows = meter_data.contracts(connection, tenant, start, end, limit)
    return [_period(connection, tenant, row, start, end) for row in rows]


def _period(
    connection: Connection, tenant: str, row: Mapping[str, Any], start: date, end: date
) -> Period:
    zone = ZoneInfo(row["timezone"])
    begin, finish = (datetime.combine(day, time(), zone) for day in (start, end))
    meter = meter_reading.meter_at(connection, tenant, row["meter"], begin, row["customer"])
    ends = [_end(connection, meter, day) for day in (begin, finish)]
    disputes = case_flow.list_(connection, tenant, customer=row["customer"], limit=20)
    dispute = any(
        case["kind"] == DISPUTE and case["subject"] == f"meter:{row['meter']}"
        and case["state"] != "resolved"
        for case in disputes
    )  # fmt: skip
    given = readings.of_meter(connection, tenant, row["meter"], from_at=begin, to_at=finish)
    steps = meter_reading.exchanges(given)
    first, last = ends
    shifted = last and replace(last, kwh=last.kwh + sum(old - new for _, old, new in steps))
    if steps and first and shifted:  # an exchange has no reads of the tariffs
        first, shifted = replace(first, tariffs=None), replace(shifted, tariffs=None)
    found = missing(first, shifted, dispute=dispute)
    kwh = sums = tariffs = None
    if not found and first is not None and shifted is not None:
        kwh = round(shifted.kwh - first.kwh, 6)
        sums, tariffs = _sum(connection, meter, first, shifted), of_tariffs(first, shifted)
    released = meter_data.released(connection, tenant, row["contract"], start, end)
    return Period(
        row["contract"], row["meter"], row["customer"], first, last, kwh, found, released, sums,
        tariffs,
    )  # fmt: skip


def _sum(connection: Connection, meter: MeterRead, first: End, last: End) -> SumCheck:
    """Add up the intervals between two reads: whole days, and those before and after them."""
    zone = ZoneInfo(meter.timezone)
    days = (first.at.astimezone(zone).date() + timedelta(days=1), last.at.astimezone(zone).date())
    begins, ends = (datetime.combine(day, time(), zone) for day in days)
    whole: list[dict[str, Any]] = []
    if days[0] < days[1]:
        whole = metering.days(
            connection, meter.tenant, meter.meter, PURPOSE, from_date=days[0],
            to_date=days[1] - timedelta(days=1), own=meter.customer, limit=_MOST_DAYS,
        )  # fmt: skip
    if whole:  # a day within a hole over a change of the clocks begins an hour off
        begins += _off_midnight(whole[-1], zone)
        ends += _off_midnight(whole[0], zone)
    spans = [(first.at, begins), (ends, last.at)] if begins <= ends else [(first.at, last.at)]
    total = sum(meter_use.energy_of(day) or 0.0 for day in whole)
    given = sum(int(day["present"]) for day in whole)
    gone = sum(max(day["expected"] - day["present"] - day["estimated"], 0) for day in whole)
    gone += max((days[1] - days[0]).days - len(whole), 0)
    sent: list[float] = []
    open_kwh = 0.0
    for since, until in spans:
        rows = metering.intervals(
            connection, meter.tenant, meter.meter, PURPOSE, from_at=since - _LONGEST,
            to_at=until, own=meter.customer, limit=_MOST_INTERVALS,
        )  # fmt: skip
        covered = timedelta(0)
        last_row = None
        for row in rows:
            overlap = min(row["end_at"], until) - max(row["start_at"], since)
            if overlap <= timedelta(0) or row["energy_kwh"] is None:
                continue
            covered += overlap
            last_row = row
            total += row["energy_kwh"] * (overlap / (row["end_at"] - row["start_at"]))
            if not row["estimated"]:
                sent.append(row["energy_kwh"])
        short = (until - since) - covered
        if last_row is not None and timedelta(0) < short < _length(last_row):
            # A person reads within an interval, of which the stream knows the begin alone.
            tail = last_row["energy_kwh"] * (short / _length(last_row))
            total, open_kwh, short = total + tail, open_kwh + abs(tail), timedelta(0)
        gone += short > timedelta(0)
    step = resolution(np.array(sent)) if sent else _STEP_KWH
    fine = tolerance(resolution(np.array([first.kwh, last.kwh])), step, given + len(sent))
    fine += open_kwh
    return SumCheck(round(total, 6), round(last.kwh - first.kwh, 6), round(fine, 6), int(gone))


def _length(row: Mapping[str, Any]) -> timedelta:
    length: timedelta = row["end_at"] - row["start_at"]
    return length


def _end(connection: Connection, meter: MeterRead, day: datetime) -> End | None:
    """Return the read that stands for a day: of a person or estimate, or of the device."""
    given = readings.of_meter(
        connection, meter.tenant, meter.meter, from_at=day - timedelta(days=8),
        to_at=day + timedelta(days=8),
    )  # fmt: skip
    by_people = [
        End(row["read_at"], row["kwh"], Quality(row["status"]), row["source"], row["reading_id"])
        for row in given
        if row["customer"] == meter.customer
    ]
    aside = {row["read_at"] for row in given}
    sent = metering.register(
        connection, meter.tenant, meter.meter, PURPOSE, day - _READ, day + _READ, meter.customer
    )
    by_device = [
        End(
            row["observed_at"], row["register_kwh"], Quality.ABGELESEN, "meter",
            tariffs=_tariffs_of(row),
        )
        for row in sent
        if row["observed_at"] not in aside and row["register_kwh"] == row["register_kwh"]
    ]  # fmt: skip
    complete = [one for one in by_device if one.tariffs is not None]
    return nearest(by_people + (complete or by_device), day)


def _tariffs_of(row: Mapping[str, Any]) -> tuple[float, float] | None:
    first, second = row["register_t1_kwh"], row["register_t2_kwh"]
    return None if first is None or second is None else (first, second)


def _off_midnight(day: Mapping[str, Any], zone: ZoneInfo) -> timedelta:
    found: timedelta = day["start_at"] - datetime.combine(day["date"], time(), zone)
    return found


def release(
    connection: Connection,
    tenant: str,
    contract: str,
    start: date,
    end: date,
    by: str,
    now_us: int,
    *,
    confirmed: bool = False,
) -> dict[str, Any]:
    """Release the use of a contract in a period for billing; return the value with its version.

    confirmed : also where the intervals do not add up to the register, which is what is billed. It
    leaves as an event. Raises `NotFound`, and `NotAllowed` with what is missing.
    """
    if end <= start:
        raise Invalid("end: expected a day after start")
    row = meter_data.contract(connection, tenant, contract, start, end)
    if row is None:
        raise NotFound(f"no contract {contract!r} of a meter covers this period")
    found = _period(connection, tenant, row, start, end)
    if found.missing:
        raise NotAllowed(f"not ready to bill: {', '.join(found.missing)}")
    sums = found.sum
    if sums is not None and sums.verdict is Sum.DIFFERS and not confirmed:
        raise NotAllowed(
            f"the intervals add up to {sums.intervals_kwh:.3f} kWh and the register counted "
            f"{sums.register_kwh:.3f} kWh: look at both readings, or confirm it"
        )
    body = {"start": _plain(found.start), "end": _plain(found.end), "kwh": found.kwh}
    if found.tariffs is not None:
        body["tariffs"] = _by_tariff(found.tariffs)
    version = meter_data.put_value(
        connection, tenant, contract, start, end, row["meter"], row["customer"], body,
        from_us(now_us), by,
    )  # fmt: skip
    meter_data.put_event(
        connection, tenant, "billing.value.released", row["customer"],
        f"{contract} {start} {end}", version, from_us(now_us),
    )  # fmt: skip
    return {"contract": contract, "meter": row["meter"], "version": version, **body}


def _plain(end: End | None) -> dict[str, Any] | None:
    if end is None:
        return None
    return {
        "at": from_us(to_us(end.at)).isoformat(),
        "kwh": end.kwh,
        "status": end.status.name,
        "source": end.source,
        "reading": end.reading_id,
        **({} if end.tariffs is None else {"tariffs": _by_tariff(end.tariffs)}),
    }


def _by_tariff(kwh: tuple[float, float]) -> dict[str, float]:
    return dict(zip(("t1", "t2"), kwh, strict=True))
