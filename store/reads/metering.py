"""Meters, their days and intervals for the API.

A row belongs to the customer whose contract covered the meter when it began, and is returned only
while that customer grants the purpose; to that customer (`own`) always.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contracts.quality import Quality
from store.people.consent import DECIDED
from store.people.contract_scope import under_contract
from store.people.subjects import COVERING
from store.postgres import rows
from store.postgres.binary import read_columns
from store.postgres.merged import same_as
from store.postgres.pool import Connection, scalar

_METER = (
    "select m.meter, m.number, m.interval_s, coalesce(m.timezone, t.timezone) as timezone, "
    "k.customer, k.contract, d.consent_id, "
    "coalesce(d.state = 'granted', false) as granted from customers.meter m "
    "join customers.tenant t using (tenant) "
    "cross join lateral ("
    + COVERING.format(tenant="m.tenant", column="meter", value="m.meter", at="%s")
    + ") as k left join lateral ("
    + DECIDED.format(tenant="m.tenant", customer="k.customer", purpose="%s")
    + ") as d on true where (d.state = 'granted' or k.customer = any(%s::text[])) and m.tenant = %s"
)

# Appended to rows f under contracts c: one meter, and its customer grants the purpose now or reads.
_GRANTED = (
    "left join lateral ("
    + DECIDED.format(tenant="c.tenant", customer="c.customer", purpose="%s")
    + ") as n on true where (n.state = 'granted' or c.customer = any(%s::text[])) "
    "and c.tenant = %s and c.meter = %s"
)


_UNUSUAL = (
    "exists (select from contacts.alert a where a.tenant = m.tenant "
    "and a.subject = 'meter:' || m.meter and a.customer = k.customer "
    "and a.state <> 'resolved' and not a.retracted)"
)


def _ids(connection: Connection, tenant: str, own: str | None) -> list[str] | None:
    """Return the ids of a customer who reads; None for everybody else."""
    return None if own is None else same_as(connection, tenant, own)


def meters(
    connection: Connection,
    tenant: str,
    purpose: str,
    at: datetime,
    *,
    unusual: bool = False,
    after: str | None = None,
    limit: int = 50,
) -> list[dict[str, Any]]:
    """Return meters by id whose customer at `at` grants the purpose now.

    unusual : only those with an alert of this customer that nobody has resolved.
    Rows: meter, number, interval_s, timezone, customer, contract, consent_id.
    """
    where = rows.Conditions(_UNUSUAL if unusual else "true").add("m.meter > %s", after)
    return rows.all_(
        connection,
        f"{_METER} and {where.sql} order by m.meter limit %s",
        [at, at, purpose, None, tenant, *where.values, limit],
    )


def count(
    connection: Connection,
    tenant: str,
    purpose: str,
    at: datetime,
    most: int,
    *,
    unusual: bool = False,
) -> int:
    """Count the meters of `meters`, up to `most`."""
    shown = _UNUSUAL if unusual else "true"
    return int(
        scalar(
            connection,
            f"select count(*) from ({_METER} and {shown} limit %s) as counted",
            (at, at, purpose, None, tenant, most),
        )
    )


def meter(
    connection: Connection,
    tenant: str,
    meter_id: str,
    purpose: str,
    at: datetime,
    own: str | None = None,
) -> dict[str, Any] | None:
    """Return one meter, with the columns and conditions of `meters`, and `granted`.

    own : a customer whose meter it may be without the purpose.
    """
    return rows.one(
        connection,
        f"{_METER} and m.meter = %s",
        (at, at, purpose, _ids(connection, tenant, own), tenant, meter_id),
    )


def days(
    connection: Connection,
    tenant: str,
    meter_id: str,
    purpose: str,
    *,
    from_date: date | None = None,
    to_date: date | None = None,
    after: date | None = None,
    own: str | None = None,
    limit: int = 50,
) -> list[dict[str, Any]]:
    """Return decided days in [from, to], newest first; after : date of the last row seen.

    own : a customer who reads their own days, without the purpose.
    """
    where = rows.Conditions("true")
    where.add("f.date >= %s", from_date).add("f.date <= %s", to_date).add("f.date < %s", after)
    # The same by time, which the index has; a local day differs by less than a day from UTC's.
    where.add("f.start_at >= %s", _midnight(from_date, -1)).add(
        "f.start_at < %s", _midnight(min(filter(None, (to_date, after)), default=None), 2)
    )
    sql, parameters = under_contract("shown.meter_day", "meter", where, "f.start_at desc", limit)
    return rows.all_(
        connection,
        "select f.date, f.start_at, f.energy_kwh, f.estimated_kwh, f.expected, f.present, "
        "f.estimated, f.min_w, f.max_w, f.peak_at, f.base_load_w, f.night_share, f.revision, "
        f"c.customer from {sql} {_GRANTED} order by f.start_at desc limit %s",
        [*parameters, purpose, _ids(connection, tenant, own), tenant, meter_id, limit],
    )


def _midnight(day: date | None, days_later: int) -> datetime | None:
    """Return the start, in UTC, of the day `days_later` days later; None where there is none."""
    if day is None:
        return None
    try:
        return datetime.combine(day, time(), UTC) + timedelta(days=days_later)
    except OverflowError:  # in the first or the last year
        return None


# Of the versions of an interval the one that was replaced next after the time; what settled it then
# takes its place.
_AS_OF = (
    "f.existed = 1 and f.recorded_at <= %s and f.replaced_at > %s and not exists ("
    "select from shown.meter_interval_version e where e.device_id = f.device_id "
    "and e.start_at = f.start_at and e.settles_at is null "
    "and e.replaced_at > %s and e.replaced_at < f.replaced_at) "
    "and (f.settles_at is not null or not exists ("
    "select from shown.meter_interval_version e where e.device_id = f.device_id "
    "and e.settles_at = f.start_at and e.recorded_at <= %s and e.replaced_at > %s))"
)


def intervals(
    connection: Connection,
    tenant: str,
    meter_id: str,
    purpose: str,
    *,
    from_at: datetime | None = None,
    to_at: datetime | None = None,
    after: datetime | None = None,
    own: str | None = None,
    as_of: datetime | None = None,
    limit: int = 50,
) -> list[dict[str, Any]]:
    """Return decided intervals that begin in [from, to), oldest first.

    after : start_at of the last row seen; own : a customer who reads their own values,
    without the purpose; as_of : the versions that stood there at that time.
    """
    where = rows.Conditions("true")
    where.add("f.start_at >= %s", from_at).add("f.start_at < %s", to_at)
    where.add("f.start_at > %s", after)
    where.add(_AS_OF, *[as_of] * 5)
    view = "shown.meter_interval" if as_of is None else "shown.meter_interval_version"
    sql, parameters = under_contract(view, "meter", where, "f.start_at", limit)
    return rows.all_(
        connection,
        "select f.start_at, f.end_at, f.energy_kwh, f.status, f.estimated, f.reason, f.revision, "
        f"c.customer from {sql} {_GRANTED} order by f.start_at limit %s",
        [*parameters, purpose, _ids(connection, tenant, own), tenant, meter_id, limit],
    )


def hours(
    connection: Connection,
    tenant: str,
    meter_id: str,
    purpose: str,
    zone: str,
    from_at: datetime,
    to_at: datetime,
    own: str | None = None,
) -> list[dict[str, Any]]:
    """Return local hours of `zone` with what was measured in intervals of up to an hour, by time.

    Rows: hour (wall time), energy_kwh, measured_s, customer. Estimates are left out. The hour that
    the clock repeats is one row with the sum of both.
    """
    where = rows.Conditions("f.energy_kwh <> 'NaN' and f.end_at - f.start_at <= interval '1 hour'")
    where.add("f.start_at >= %s", from_at).add("f.start_at < %s", to_at)
    sql, parameters = under_contract("shown.meter_interval", "meter", where)
    return rows.all_(
        connection,
        "select date_trunc('hour', f.start_at at time zone %s) as hour, "
        "sum(f.energy_kwh) as energy_kwh, "
        "sum(extract(epoch from f.end_at - f.start_at))::float8 as measured_s, c.customer "
        f"from {sql} {_GRANTED} and f.estimated = 0 group by 1, c.customer order by 1, c.customer",
        [zone, *parameters, purpose, _ids(connection, tenant, own), tenant, meter_id],
    )


@dataclass(frozen=True, slots=True)
class Measured:
    """Intervals that were read, by time: int64[n] µs, and float64[n] kWh."""

    start_us: NDArray[np.int64]
    end_us: NDArray[np.int64]
    decided_us: NDArray[np.int64]
    energy_kwh: NDArray[np.float64]


_MEASURED = (
    ("f.start_at", "time"), ("f.end_at", "time"), ("f.decided_at", "time"),
    ("f.energy_kwh", "float"),
)  # fmt: skip


def measured(
    connection: Connection,
    tenant: str,
    meter_id: str,
    customers: Sequence[str],
    from_at: datetime,
    decided_at: datetime,
) -> Measured:
    """Return the intervals that were read under contracts of these customers, beginning at
    `from_at` or later and decided by `decided_at`.

    For decisions of contacts about one meter, which may read features: the caller has looked after
    the purpose.
    """
    where = rows.Conditions("f.estimated = 0 and f.energy_kwh <> 'nan' and f.end_at > f.start_at")
    where.add("f.status = %s", int(Quality.ABGELESEN))
    where.add("f.start_at >= %s", from_at).add("f.start_at <= %s", decided_at)
    where.add("f.decided_at <= %s", decided_at)
    sql, parameters = under_contract("features.meter_interval", "meter", where)
    source = (
        f"{sql} where c.tenant = %s and c.meter = %s and c.customer = any(%s) order by f.start_at"
    )
    values = [*parameters, tenant, meter_id, list(customers)]
    start, end, decided, energy = read_columns(connection, _MEASURED, source, values)
    return Measured(
        start.astype(np.int64), end.astype(np.int64), decided.astype(np.int64),
        energy.astype(np.float64),
    )  # fmt: skip


def register(
    connection: Connection,
    tenant: str,
    meter_id: str,
    purpose: str,
    from_at: datetime,
    to_at: datetime,
    own: str | None = None,
    limit: int = 5_000,
) -> list[dict[str, Any]]:
    """Return readings of a meter's import register in [from, to), by time.

    Rows: observed_at, register_kwh, register_t1_kwh and register_t2_kwh (None = not sent), and
    customer. Each under the contract and purpose of `intervals`.
    """
    return rows.all_(
        connection,
        "select f.observed_at, f.register_kwh, f.register_t1_kwh, f.register_t2_kwh, c.customer "
        "from customers.contract c "
        "join customers.assignment a on a.tenant = c.tenant and a.meter = c.meter "
        "cross join lateral (select r.observed_at, r.register_kwh, r.register_t1_kwh, "
        "r.register_t2_kwh from shown.meter_register r "
        "where r.device_id = a.device_id and r.observed_at >= greatest(a.valid_from, c.valid_from, "
        "%s) and r.observed_at < least(a.valid_to, c.valid_to, %s) offset 0) as f "
        f"{_GRANTED} and not exists (select from customers.contract later "
        "where later.tenant = c.tenant and later.meter = c.meter "
        "and later.valid_from > c.valid_from and later.valid_from <= f.observed_at "
        "and f.observed_at < coalesce(later.valid_to, 'infinity')) "
        "order by f.observed_at limit %s",
        (from_at, to_at, purpose, _ids(connection, tenant, own), tenant, meter_id, limit),
    )
