"""The use of a meter by the registers of its contract's tariff, from its registers or intervals."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from contracts.billing import Tariff, TariffVersion
from contracts.purposes import Purpose
from customer_context.billing.tariff import register_at, registers_of, version_on
from store.postgres.pool import Connection
from store.reads import metering

_STEP = Decimal("0.001")
_NEAR = timedelta(hours=26)
"""A read so near to an end of the period stands for it."""


def split(
    connection: Connection,
    tenant: str,
    meter: str,
    customer: str,
    zone: ZoneInfo,
    tariff: Tariff,
    start: date,
    end: date,
    kwh: float,
) -> dict[str, Decimal] | None:
    """Return a use from `start` to before `end` by the registers of a tariff; they add up to it.

    By the meter's own registers of two tariffs, else by its hours and those of the tariff. None
    where neither is known, or where the tariff's registers change in the period.
    """
    version = version_on(tariff, start)
    if version_on(tariff, end - timedelta(days=1)).unit_prices.keys() != version.unit_prices.keys():
        return None
    if len(version.unit_prices) == 1:
        return shared(kwh, {name: 1.0 for name in version.unit_prices})
    begins, ends = (datetime.combine(day, time(), zone) for day in (start, end))
    parts = _by_registers(connection, tenant, meter, customer, version, begins, ends)
    if parts is None and version.windows:
        parts = _by_hours(connection, tenant, meter, customer, zone, tariff, begins, ends)
    return None if parts is None else shared(kwh, parts)


def shared(kwh: float, parts: Mapping[str, float]) -> dict[str, Decimal] | None:
    """Share a use out in proportion to parts, in whole watt-hours; None where all are nothing."""
    total, whole = sum(parts.values()), Decimal(kwh).quantize(_STEP)
    if total <= 0.0:
        return None
    found = {name: (whole * Decimal(part / total)).quantize(_STEP) for name, part in parts.items()}
    largest = max(found, key=lambda name: (found[name], name))
    found[largest] += whole - sum(found.values())
    return found


def _by_registers(
    connection: Connection, tenant: str, meter: str, customer: str, version: TariffVersion,
    begins: datetime, ends: datetime,
) -> dict[str, float] | None:  # fmt: skip
    """Return what the meter's own registers of the tariffs counted."""
    names = registers_of(version)
    if names is None:
        return None
    edges = []
    for at in (begins, ends):
        rows = [
            row
            for row in metering.register(
                connection, tenant, meter, Purpose.ENERGY_INSIGHT, at - _NEAR, at + _NEAR, customer
            )
            if row["register_t1_kwh"] is not None and row["register_t2_kwh"] is not None
        ]
        if not rows:
            return None
        row = min(rows, key=lambda row: (abs(row["observed_at"] - at), row["observed_at"]))
        edges.append((row["observed_at"], row["register_t1_kwh"], row["register_t2_kwh"]))
    (before, *first), (after, *second) = edges
    use = [float(b) - float(a) for a, b in zip(first, second, strict=True)]
    if after <= before or min(use) < 0.0:
        return None
    return dict(zip(names, use, strict=True))


def _by_hours(
    connection: Connection, tenant: str, meter: str, customer: str, zone: ZoneInfo, tariff: Tariff,
    begins: datetime, ends: datetime,
) -> dict[str, float] | None:  # fmt: skip
    """Return what was measured in the hours of each register; None where nothing was."""
    parts: dict[str, float] = defaultdict(float)
    for row in metering.hours(
        connection, tenant, meter, Purpose.ENERGY_INSIGHT, zone.key, begins, ends, customer
    ):
        hour = row["hour"]
        parts[register_at(version_on(tariff, hour.date()), hour)] += row["energy_kwh"]
    return {name: max(part, 0.0) for name, part in parts.items()} or None
