"""Bills: what the billing system asks for comes in, is explained, and an instalment is advised."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from pydantic import ValidationError

from contracts.billing import Billed, RegisterReading, Tariff
from contracts.quality import Quality
from customer_context.billing import answer
from customer_context.billing.bill import EXPORT, Bill, compute, uses
from customer_context.billing.explain import Instalment, advise, explain
from customer_context.metering.reading_range import expected_range
from runtime.errors import Invalid, NotAllowed, NotFound
from services import meter_reading, use_by_tariff
from store.people import bills, subjects
from store.people import customers as people
from store.postgres.merged import same_as
from store.postgres.pool import Connection
from store.postgres.times import from_us, to_us


@dataclass(frozen=True, slots=True)
class Explained:
    """A bill with our own calculation. difference : to the bill before; None without one."""

    row: dict[str, Any]
    billed: Billed
    computed: Bill
    shown: dict[str, Any]
    before: str | None
    difference: dict[str, Any] | None

    @property
    def last(self) -> date:
        """The last day of the period."""
        return self.billed.end - timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Outlook:
    """The running period of a contract: use so far, what is expected at its end, and its amount.

    used_kwh, kwh, low_kwh, high_kwh : of the whole period; gross, low, high : of its bill.
    """

    contract: str
    start: date
    end: date
    used_kwh: float
    kwh: float
    low_kwh: float
    high_kwh: float
    gross: Decimal
    low: Decimal
    high: Decimal
    instalment: Decimal | None
    advice: Instalment | None


@dataclass(frozen=True, slots=True)
class Cost:
    """What a use costs at a contract's tariff, in parts that add up to `gross`.

    by_register : kWh of each of the tariff's registers.
    """

    start: date
    end: date
    kwh: Decimal
    standing: Decimal
    energy: Decimal
    levies: Decimal
    vat: Decimal
    gross: Decimal
    by_register: dict[str, Decimal]


def write_tariff(
    connection: Connection, tenant: str, name: str, tariff: Tariff, by: str, now_us: int
) -> int:
    """Store a tariff under its name; return its version."""
    body = tariff.model_dump(mode="json")
    return bills.put_tariff(connection, tenant, name, body, from_us(now_us), by)


def write(
    connection: Connection,
    tenant: str,
    bill: str,
    customer: str,
    contract: str,
    body: dict[str, Any],
    by: str,
    now_us: int,
    *,
    instalment: Decimal | None = None,
) -> int:
    """Store a bill of the billing system; return its version.

    body : `contracts.billing.Billed`, its tariff by name or complete. Raises
    `NotAllowed` for an unknown customer or contract, `Invalid` for a bill that cannot be computed.
    """
    if not people.customer_exists(connection, tenant, customer):
        raise NotAllowed(f"there is no customer {customer!r}: write it first")
    if not bills.has_contract(connection, tenant, customer, contract):
        raise NotAllowed(f"there is no contract {contract!r} of customer {customer!r}")
    given = dict(body)
    if isinstance(given.get("tariff"), str):
        stored = bills.tariff(connection, tenant, given["tariff"])
        if stored is None:
            raise Invalid(f"tariff: {given['tariff']!r} is not known")
        given["tariff"] = stored["body"]
    try:
        billed = Billed.model_validate(given)
        compute(billed)
    except ValidationError as error:
        first = error.errors()[0]
        raise Invalid(f"{'.'.join(map(str, first['loc'])) or 'bill'}: {first['msg']}") from None
    except ValueError as error:
        raise Invalid(f"bill: {error}") from None
    known = bills.one(connection, tenant, bill)
    if known is not None and (known["customer"], known["contract"]) != (customer, contract):
        raise Invalid("bill: the id is that of another customer or contract")
    return bills.put(
        connection, tenant, bill, customer, contract, (billed.start, billed.end),
        billed.model_dump(mode="json"), instalment, from_us(now_us), by,
    )  # fmt: skip


def list_(connection: Connection, tenant: str, customer: str) -> list[Explained]:
    """Return a customer's bills with our own calculation, newest first. Raises `NotFound`."""
    if not people.customer_exists(connection, tenant, customer):
        raise NotFound(f"there is no customer {customer!r}")
    return [_explained(row, None) for row in bills.of_customer(connection, tenant, customer)]


def one(connection: Connection, tenant: str, customer: str, bill: str) -> Explained:
    """Return a customer's bill, and why it differs from the one before. Raises `NotFound`."""
    row = bills.one(connection, tenant, bill)
    if row is None or row["customer"] not in same_as(connection, tenant, customer):
        raise NotFound(f"there is no bill {bill!r}")
    return _explained(row, bills.before(connection, tenant, row["contract"], row["start_on"]))


def _explained(row: dict[str, Any], before: dict[str, Any] | None) -> Explained:
    billed = Billed.model_validate(row["body"])
    computed = compute(billed)
    difference = None
    if before is not None:
        difference = answer.difference(explain(Billed.model_validate(before["body"]), billed))
    return Explained(
        row, billed, computed, answer.bill(billed, computed),
        None if before is None else before["bill"], difference,
    )  # fmt: skip


def outlook(
    connection: Connection,
    tenant: str,
    customer: str,
    now_us: int,
    reader: str | None,
    of: str | None = None,
) -> Outlook | None:
    """Return what the running period after the newest bill is expected to cost.

    of : a contract; None = that of the newest bill.

    None without a bill, without what the meter's past says, and for other readers than the customer
    where energy insight is not granted: it rests on what the meter sent.
    """
    row = bills.newest(connection, tenant, customer, of)
    if row is None:
        return None
    billed = Billed.model_validate(row["body"])
    contract = subjects.contract(connection, tenant, row["contract"])
    if contract is None or contract["meter"] is None:
        return None
    try:
        meter = meter_reading.meter_at(
            connection, tenant, contract["meter"], from_us(now_us), reader
        )
    except NotFound:
        return None
    register = meter_reading.register_of(connection, meter)
    start, zone = row["end_on"], ZoneInfo(meter.timezone)
    end = start + (billed.end - billed.start)
    begin_us, end_us = (to_us(datetime.combine(day, time(), zone)) for day in (start, end))
    if register is None or register.t_us[-1] <= begin_us or end_us <= register.t_us[-1]:
        return None
    begin = float(register.at(np.array([begin_us]))[0])
    used = float(register.kwh[-1]) - begin
    kwh, low, high = (max(value - begin, used) for value in expected_range(register, end_us))
    gross, least, most = (_gross(billed, start, end, value) for value in (kwh, low, high))
    instalment = row["instalment"]
    advice = None if instalment is None else advise(gross, least, most, instalment)
    return Outlook(
        row["contract"], start, end, used, kwh, low, high, gross, least, most, instalment, advice
    )


def cost(
    connection: Connection,
    tenant: str,
    customer: str,
    contract: str,
    meter: str,
    timezone: str,
    start: date,
    end: date,
    kwh: float,
) -> Cost | None:
    """Return what a meter's use from `start` to before `end` costs at the newest bill's tariff.

    None without a bill, where its tariff does not cover the days, or where it has several registers
    and the use of each is not known (`use_by_tariff`).
    """
    row = bills.newest(connection, tenant, customer, contract)
    if row is None or kwh < 0.0:
        return None
    billed = Billed.model_validate(row["body"])
    by_register = use_by_tariff.split(
        connection, tenant, meter, customer, ZoneInfo(timezone), billed.tariff, start, end, kwh
    )
    if by_register is None:
        return None
    try:
        found = _computed(billed, start, end, by_register)
    except ValueError:
        return None
    sums = {
        what: sum((line.amount for line in found.lines if line.what == what), Decimal(0))
        for what in ("standing_charge", "energy", "levy")
    }
    return Cost(
        start, end, found.kwh, sums["standing_charge"], sums["energy"], sums["levy"],
        found.vat, found.gross, by_register,
    )  # fmt: skip


def _gross(billed: Billed, start: date, end: date, kwh: float) -> Decimal:
    """Return the amount of a period with a use at the bill's tariff.

    The use is shared out over the registers as in the bill itself.
    """
    parts: dict[str, float] = defaultdict(float)
    for use in uses(billed):
        if use.register_name != EXPORT:
            parts[use.register_name] += float(use.kwh)
    names = dict.fromkeys(parts, 1.0) if not sum(parts.values()) else parts
    by_register = use_by_tariff.shared(kwh, names or {"total": 1.0})
    assert by_register is not None, "the parts are positive"
    return _computed(billed, start, end, by_register).gross


def _computed(billed: Billed, start: date, end: date, by_register: dict[str, Decimal]) -> Bill:
    """Compute a period with a use at the bill's tariff. Raises ValueError."""
    readings = tuple(
        RegisterReading(day=day, register_name=name, kwh=value, status=Quality.PROGNOSEWERT)
        for name, kwh in by_register.items()
        for day, value in ((start, Decimal(0)), (end, kwh))
    )
    period = Billed(start=start, end=end, tariff=billed.tariff, readings=readings)
    return compute(period)
