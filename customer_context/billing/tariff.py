"""Which prices apply on a day, and which register counts at a local time."""

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from itertools import pairwise

from contracts.billing import Tariff, TariffVersion


def version_on(tariff: Tariff, day: date) -> TariffVersion:
    """Return the version that is valid on a day; the first one before all."""
    found = tariff.versions[0]
    for version in tariff.versions:
        if version.valid_from <= day:
            found = version
    return found


def pieces(tariff: Tariff, start: date, end: date) -> Iterator[tuple[date, date, TariffVersion]]:
    """Cut a period at the days on which the prices change; end is the day after the last."""
    begins = [v.valid_from for v in tariff.versions if start < v.valid_from < end]
    edges = [start, *begins, end]
    for begin, stop in pairwise(edges):
        yield begin, stop, version_on(tariff, begin)


def register_at(version: TariffVersion, local: datetime) -> str:
    """Return the register that counts at a local time; the first window that fits.

    Hours after midnight of a window over midnight belong to the day on which it began.
    """
    now, today = local.time(), local.isoweekday()
    yesterday = (today - 2) % 7 + 1
    for window in version.windows:
        if window.begin < window.end:
            counts = today in window.days and window.begin <= now < window.end
        else:
            counts = today in window.days and now >= window.begin
            counts = counts or (yesterday in window.days and now < window.end)
        if counts:
            return window.register_name
    return version.default_register


def registers_of(version: TariffVersion) -> tuple[str, str] | None:
    """Return the tariff's names of the meter's first and second register; None if not known."""
    names = dict(version.meter_registers) or {"t1": "t1", "t2": "t2"}
    found = names.get("t1"), names.get("t2")
    if found[0] is None or found[1] is None or not set(found) <= version.unit_prices.keys():
        return None
    return found[0], found[1]


def gross_per_kwh(tariff: Tariff, local: datetime) -> Decimal | None:
    """Return what a kWh of use costs at a local time, with levies and value added tax.

    None where the tariff has several registers and does not say when each counts.
    """
    version = version_on(tariff, local.date())
    register = register_at(version, local)
    if register not in version.unit_prices:
        if len(version.unit_prices) > 1:
            return None
        register = next(iter(version.unit_prices))
    net = version.unit_prices[register] + sum(levy.price_per_kwh for levy in version.levies)
    return net * (1 + version.vat_percent / 100)
