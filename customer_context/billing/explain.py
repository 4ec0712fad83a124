"""Explain why a bill differs from last year's: shares that add up to the difference, to the cent.

The share of a cause is its Shapley value: its effect, averaged over every order in which the causes
can be changed from last year's to this year's. So no order is preferred, a cause that has not
changed has no share, and the shares add up.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from functools import partial
from itertools import combinations
from math import factorial

from contracts.billing import Billed, Tariff
from customer_context.billing.bill import CENT, DAYS_A_YEAR, EXPORT, Bill, cents, compute, uses
from customer_context.billing.tariff import pieces

CAUSES = ("days", "weather", "use", "feed_in", "price", "tariff", "taxes")
OTHER = "billed_otherwise"
MONTHS = 12
SAME_SHARE = Decimal("0.1")  # of the instalment: less is no reason to change it


@dataclass(frozen=True, slots=True)
class Prices:
    """Mean prices of a period, net; by register, for a day, for each kWh, and VAT as a factor."""

    unit: dict[str, Decimal]
    day: Decimal
    levies: Decimal
    vat: Decimal


@dataclass(frozen=True, slots=True)
class Explained:
    """Why this year's amount is another than last year's.

    shares : by cause, gross; they add up to `difference`. own : what we compute ourselves;
    a difference from what was billed stands in the share `billed_otherwise`.
    """

    before: Bill
    now: Bill
    billed_before: Decimal
    billed_now: Decimal
    shares: dict[str, Decimal]

    @property
    def difference(self) -> Decimal:
        """What is billed more than last year."""
        return self.billed_now - self.billed_before


def _by_days(tariff: Tariff, billed: Billed) -> Prices:
    """Return the prices of a tariff over a bill's period, weighted by days.

    A register without price in the tariff has the mean of its prices.
    """
    total = Decimal((billed.end - billed.start).days)
    registers = {use.register_name for use in uses(billed)} - {EXPORT}
    unit = dict.fromkeys([*registers, EXPORT], Decimal(0))
    day = levies = vat = Decimal(0)
    for begin, end, version in pieces(tariff, billed.start, billed.end):
        share = Decimal((end - begin).days) / total
        flat = sum(version.unit_prices.values(), Decimal(0)) / len(version.unit_prices)
        for name in registers:
            unit[name] += share * version.unit_prices.get(name, flat)
        unit[EXPORT] -= share * version.feed_in_per_kwh
        day += share * version.standing_charge_per_year / DAYS_A_YEAR
        levies += share * sum((levy.price_per_kwh for levy in version.levies), Decimal(0))
        vat += share * version.vat_percent / 100
    return Prices(unit, day, levies, 1 + vat)


def prices_of(tariff: Tariff, billed: Billed) -> Prices:
    """Return the mean prices of a bill under a tariff, so that they give its amount again.

    Where registers are read when prices change, they count by what was used under each.
    """
    found = _by_days(tariff, billed)
    try:
        bill = compute(billed.model_copy(update={"tariff": tariff}))
    except ValueError:  # other registers: only to separate price from tariff
        return found
    totals: dict[tuple[str, str], tuple[Decimal, Decimal]] = {}
    for line in bill.lines:
        key = (line.what, "" if line.what == "levy" else line.detail)
        quantity, amount = totals.get(key, (Decimal(0), Decimal(0)))
        totals[key] = quantity + line.quantity, amount + line.quantity * line.price
    rates = {v.vat_percent for _, _, v in pieces(tariff, billed.start, billed.end)}
    unit = dict(found.unit)
    for (what, name), (quantity, amount) in totals.items():
        if what in ("energy", "feed_in") and quantity:
            unit[name] = amount / quantity
    levied = totals.get(("levy", ""), (Decimal(0), Decimal(0)))[1]
    return Prices(
        unit,
        totals["standing_charge", ""][1] / totals["standing_charge", ""][0],
        levied / bill.kwh if bill.kwh else found.levies,
        found.vat if len(rates) == 1 or not bill.net else bill.gross / bill.net,
    )


def _by_register(billed: Billed) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for use in uses(billed):
        found[use.register_name] = found.get(use.register_name, Decimal(0)) + use.kwh
    return found


def shapley(causes: tuple[str, ...], worth: Callable[[frozenset[str]], Decimal]
            ) -> dict[str, Decimal]:  # fmt: skip
    """Return the mean effect of each cause over all orders; they add up to the whole effect."""
    n = len(causes)
    known = {
        frozenset(some): worth(frozenset(some))
        for size in range(n + 1)
        for some in combinations(causes, size)
    }
    found = dict.fromkeys(causes, Decimal(0))
    for some, value in known.items():
        weight = factorial(len(some)) * factorial(n - len(some) - 1) if len(some) < n else 0
        for cause in causes:
            if cause not in some:
                found[cause] += weight * (known[some | {cause}] - value)
    return {cause: value / factorial(n) for cause, value in found.items()}


def explain(before: Billed, now: Billed) -> Explained:
    """Explain the difference of two bills. Raises ValueError where readings do not fit."""
    bills = compute(before), compute(now)
    kwh = _by_register(before), _by_register(now)
    registers = sorted((kwh[0].keys() | kwh[1].keys()) - {EXPORT})
    days = Decimal((before.end - before.start).days), Decimal((now.end - now.start).days)
    old, kept, new = (
        prices_of(before.tariff, before),
        prices_of(before.tariff, now),
        prices_of(now.tariff, now),
    )
    weather = Decimal(0)
    if before.weather_kwh is not None and now.weather_kwh is not None:
        weather = now.weather_kwh - before.weather_kwh * days[1] / days[0]
    total = sum(kwh[0][name] for name in registers if name in kwh[0]) or Decimal(1)

    def unit(name: str, prices: Prices) -> Decimal:
        known = [price for register, price in prices.unit.items() if register != EXPORT]
        return prices.unit.get(name, sum(known, Decimal(0)) / max(len(known), 1))

    def worth(changed: frozenset[str]) -> Decimal:
        length = days[1] if "days" in changed else days[0]
        taxes = new if "taxes" in changed else old

        def price(of: Callable[[Prices], Decimal]) -> Decimal:
            value = of(old)
            value += of(kept) - of(old) if "price" in changed else 0
            return value + (of(new) - of(kept) if "tariff" in changed else 0)

        amount = length * price(lambda prices: prices.day)
        for name in registers:
            usual = kwh[0].get(name, Decimal(0)) * length / days[0]
            hot = weather * kwh[0].get(name, Decimal(0)) / total
            rest = kwh[1].get(name, Decimal(0)) - kwh[0].get(name, Decimal(0)) * days[1] / days[0]
            used = usual + (hot if "weather" in changed else 0)
            used += rest - hot if "use" in changed else 0
            amount += used * (price(partial(unit, name)) + taxes.levies)
        fed = kwh[1 if "feed_in" in changed else 0].get(EXPORT, Decimal(0))
        amount += fed * price(lambda prices: prices.unit[EXPORT])
        return amount * taxes.vat

    shares = shapley(CAUSES, worth)
    billed_before = bills[0].gross if before.gross is None else before.gross
    billed_now = bills[1].gross if now.gross is None else now.gross
    otherwise = (billed_now - bills[1].gross) - (billed_before - bills[0].gross)
    rounded = _to_the_cent(shares, bills[1].gross - bills[0].gross)
    return Explained(*bills, billed_before, billed_now, {**rounded, OTHER: otherwise})


def _to_the_cent(shares: dict[str, Decimal], difference: Decimal) -> dict[str, Decimal]:
    """Round shares so that they add up to the difference: largest remainder first."""
    rounded = {cause: cents(value) for cause, value in shares.items()}
    missing = difference - sum(rounded.values(), Decimal(0))
    sign = CENT if missing > 0 else -CENT
    order = sorted(shares, key=lambda cause: (rounded[cause] - shares[cause]) * sign)
    changed = [cause for cause in order if shares[cause] != 0] or order
    for step in range(abs(int(missing / CENT))):
        rounded[changed[step % len(changed)]] += sign
    return rounded


@dataclass(frozen=True, slots=True)
class Instalment:
    """What to pay each month, in whole units of the currency, and what it rests on."""

    advised: Decimal
    low: Decimal
    high: Decimal
    change: bool


def advise(year_gross: Decimal, low: Decimal, high: Decimal, current: Decimal) -> Instalment:
    """Advise an instalment for an expected year with its range; small changes are not advised."""
    advised = (year_gross / MONTHS).to_integral_value(ROUND_CEILING)
    change = abs(advised - current) > SAME_SHARE * current
    return Instalment(
        advised if change else current,
        (low / MONTHS).to_integral_value(ROUND_FLOOR),
        (high / MONTHS).to_integral_value(ROUND_CEILING),
        change,
    )
