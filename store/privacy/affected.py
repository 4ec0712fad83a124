"""Who was touched by a breach: the customers with rows of a table, or of a device, since a time."""

from datetime import datetime

from psycopg import sql

from runtime.errors import Usage
from store.postgres.pool import Connection
from store.privacy.personal_data import of


def by_device(
    connection: Connection, tenant: str, device: str
) -> list[tuple[str, datetime, datetime | None]]:
    """Return (subject, begin, end) of a device's assignments. Raises `Usage` without the device."""
    found = connection.execute(
        "select device_id from customers.device where tenant = %s and device = %s",
        (tenant, device),
    ).fetchone()
    if found is None:
        raise Usage(f"there is no device {device!r} of tenant {tenant!r}")
    rows = connection.execute(
        "select coalesce('vehicle:' || vehicle, 'meter:' || meter), valid_from, valid_to "
        "from customers.assignment where device_id = %s order by valid_from",
        found,
    )
    return [(subject, begin, end) for subject, begin, end in rows]


def holders_since(
    connection: Connection, tenant: str, subject: str, since: datetime, until: datetime | None
) -> list[str]:
    """Return the customers whose contract covered a subject after `since` (and before `until`)."""
    rows = connection.execute(
        "select distinct customer from customers.contract where tenant = %s "
        "and coalesce('vehicle:' || vehicle, 'meter:' || meter) = %s "
        "and (valid_to is null or valid_to > %s) "
        "and (%s::timestamptz is null or valid_from < %s) order by 1",
        (tenant, subject, since, until, until),
    )
    return [customer for (customer,) in rows]


def by_table(connection: Connection, place: str, since: datetime) -> list[tuple[str, str]]:
    """Return (tenant, customer) with rows in a table since a time, by its own time.

    Raises `Usage` where the registry does not know the table, or its rows name nobody.
    """
    try:
        entry = of(place)
    except KeyError:
        raise Usage(f"the registry of personal data has no {place!r}") from None
    columns = {
        name
        for (name,) in connection.execute(
            "select attname::text from pg_attribute where attrelid = to_regclass(%s) "
            "and attnum > 0 and not attisdropped",
            (place,),
        )
    }
    time = entry.whose.span or entry.retention.column or next(iter(_TIMES & columns), "")
    after = sql.SQL("true")
    values: list[datetime] = []
    if time:
        after, values = sql.SQL("t.{} >= %s").format(sql.Identifier(time)), [since]  # type: ignore[assignment]
    table = sql.Identifier(*place.split("."))
    if {"tenant", "customer"} <= columns:
        query = sql.SQL(
            "select distinct t.tenant, t.customer from {table} t "
            "where t.customer is not null and {after} order by 1, 2"
        )
    elif entry.whose.span:
        query = sql.SQL(
            "select distinct c.tenant, c.customer from "
            "(select distinct device_id, {time} as at from {table} t where {after}) t "
            "join customers.assignment a on a.device_id = t.device_id and a.valid_from <= t.at "
            "and (a.valid_to is null or t.at < a.valid_to) "
            "join customers.contract c on c.tenant = a.tenant "
            "and (c.vehicle = a.vehicle or c.meter = a.meter) and c.valid_from <= t.at "
            "and (c.valid_to is null or t.at < c.valid_to) order by 1, 2"
        )
    else:
        raise Usage(f"rows of {place} name no customer: {entry.why or entry.purpose}")
    composed = query.format(table=table, after=after, time=sql.Identifier(time or "at"))
    return [(tenant, customer) for tenant, customer in connection.execute(composed, values)]


_TIMES = {"recorded_at", "created_at", "valid_from"}
"""Columns of time of tables without a retention by time."""
