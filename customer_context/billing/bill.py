"""Compute a bill: use between readings, split where prices change, line by line to the cent."""

from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from itertools import groupby, pairwise

from contracts.billing import Billed, RegisterReading, TariffVersion
from contracts.quality import Quality
from customer_context.billing.tariff import pieces

CENT = Decimal("0.01")
DAYS_A_YEAR = Decimal(365)
EXPORT = "export"


@dataclass(frozen=True, slots=True)
class Use:
    """Energy of a register between two days, kWh, and whether both readings were read."""

    register_name: str
    start: date
    end: date
    kwh: Decimal
    read: bool


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the bill, net. quantity : kWh or days; price : of one, unrounded."""

    what: str
    detail: str
    start: date
    end: date
    quantity: Decimal
    price: Decimal
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Bill:
    """A bill: its lines, their sum, value added tax and what is owed."""

    lines: tuple[Line, ...]
    net: Decimal
    vat: Decimal
    gross: Decimal
    kwh: Decimal
    export_kwh: Decimal
    split_by_days: bool


def cents(amount: Decimal) -> Decimal:
    """Round to the cent, half away from zero."""
    return amount.quantize(CENT, ROUND_HALF_UP)


def uses(billed: Billed) -> list[Use]:
    """Return the energy between neighbouring readings of each register and meter.

    Raises ValueError where a register runs backwards, or a register does not cover the period.
    """
    found: list[Use] = []

    def register(reading: RegisterReading) -> tuple[bool, str]:
        return reading.export, reading.register_name

    for (export, name), group in groupby(sorted(billed.readings, key=register), key=register):
        readings = sorted(group, key=lambda r: r.day)
        if readings[0].day != billed.start or readings[-1].day != billed.end:
            raise ValueError(f"register {name}: no reading at the start and the end of the bill")
        for before, after in pairwise(readings):
            if before.meter != after.meter and before.day == after.day:
                continue  # the exchange: the last of the old meter, the first of the new one
            if before.meter != after.meter:
                raise ValueError(f"register {name}: an exchange needs both readings of its day")
            if after.kwh < before.kwh:
                raise ValueError(f"register {name} runs backwards on {after.day}")
            found.append(
                Use(
                    EXPORT if export else name,
                    before.day,
                    after.day,
                    after.kwh - before.kwh,
                    before.status is Quality.ABGELESEN and after.status is Quality.ABGELESEN,
                )
            )
    return found


def _price(version: TariffVersion, register: str) -> Decimal:
    if register == EXPORT:
        return -version.feed_in_per_kwh
    if register not in version.unit_prices:
        raise ValueError(f"register {register}: the tariff has no price")
    return version.unit_prices[register]


def compute(billed: Billed) -> Bill:
    """Compute a bill. Raises ValueError where readings do not fit.

    Use between two readings is split by days where the prices change between them.
    """
    lines: list[Line] = []
    nets: dict[Decimal, Decimal] = {}
    split = False

    def add(what: str, detail: str, begin: date, end: date, quantity: Decimal,
            price: Decimal, vat: Decimal) -> None:  # fmt: skip
        amount = cents(quantity * price)
        lines.append(Line(what, detail, begin, end, quantity, price, amount))
        nets[vat] = nets.get(vat, Decimal(0)) + amount

    used = uses(billed)
    for begin, end, version in pieces(billed.tariff, billed.start, billed.end):
        days = Decimal((end - begin).days)
        daily = version.standing_charge_per_year / DAYS_A_YEAR
        add("standing_charge", "", begin, end, days, daily, version.vat_percent)
    for use in used:
        parts = list(pieces(billed.tariff, use.start, use.end))
        split = split or len(parts) > 1
        left, whole = use.kwh, (use.end - use.start).days
        for at, (begin, end, version) in enumerate(parts):
            share = use.kwh * (end - begin).days / whole if whole else use.kwh
            kwh = left if at == len(parts) - 1 else share.quantize(Decimal("0.001"))
            left -= kwh
            export = use.register_name == EXPORT
            add("feed_in" if export else "energy", use.register_name, begin, end, kwh,
                _price(version, use.register_name), version.vat_percent)  # fmt: skip
            for levy in version.levies if not export else ():
                add("levy", levy.name, begin, end, kwh, levy.price_per_kwh, version.vat_percent)
    net = sum(nets.values(), Decimal(0))
    vat = sum((cents(amount * rate / 100) for rate, amount in nets.items()), Decimal(0))
    kwh = sum((use.kwh for use in used if use.register_name != EXPORT), Decimal(0))
    exported = sum((use.kwh for use in used if use.register_name == EXPORT), Decimal(0))
    return Bill(tuple(lines), net, vat, net + vat, kwh, exported, split)
