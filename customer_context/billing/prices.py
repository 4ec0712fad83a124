"""What a customer pays at a tariff now, and at night in another one: gross prices. Pure.

The time-of-use tariff that is compared is one whose cheap hours are from 22 to 6 on every day, as
the share of the use at night counts them: then that share says what a year would have cost.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal

from contracts.billing import Tariff, TariffVersion
from customer_context.billing.tariff import register_at, version_on

_CHEAP = (time(22), time(6))
_EVERY_DAY = frozenset(range(1, 8))


@dataclass(frozen=True, slots=True)
class Prices:
    """A tariff at a time. kind : flat or time_of_use; ct_kwh : None = it has several prices.

    zone : of the price that counts now, low, standard or high; None where there is one price.
    """

    kind: str
    base_eur_month: float
    ct_kwh: float | None
    zone: str | None


def present(tariff: Tariff, local: datetime) -> Prices:
    """Return the prices of a tariff at a local time."""
    version = version_on(tariff, local.date())
    month = float(version.standing_charge_per_year * _tax(version) / 12)
    prices = version.unit_prices
    if not version.windows:
        one = _ct(version, next(iter(prices))) if len(prices) == 1 else None
        return Prices("flat", month, one, None)
    lowest, highest = min(prices.values()), max(prices.values())
    if lowest == highest:
        return Prices("time_of_use", month, None, None)
    zones = {lowest: "low", highest: "high"}
    zone = zones.get(prices[register_at(version, local)], "standard")
    return Prices("time_of_use", month, None, zone)


def by_night(tariffs: Iterable[Tariff], day: date) -> tuple[float, float] | None:
    """Return the cents a kWh in cheap and in other hours of the time-of-use tariff that is
    compared: of several the one that is cheapest at night, then by day. None = there is none."""
    found = []
    for tariff in tariffs:
        version = version_on(tariff, day)
        prices = _by_night(version) if version.valid_from <= day else None
        if prices is not None:
            found.append(prices)
    return min(found, default=None)


def _by_night(version: TariffVersion) -> tuple[float, float] | None:
    if len(version.windows) != 1:
        return None
    (window,) = version.windows
    if (window.begin, window.end) != _CHEAP or window.days != _EVERY_DAY:
        return None
    low, high = _ct(version, window.register_name), _ct(version, version.default_register)
    return (low, high) if low < high else None


def _ct(version: TariffVersion, register: str) -> float:
    net = version.unit_prices[register] + sum(levy.price_per_kwh for levy in version.levies)
    return float(100 * net * _tax(version))


def _tax(version: TariffVersion) -> Decimal:
    return 1 + version.vat_percent / 100
