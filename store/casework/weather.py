"""Weather at places, and which place is a customer's (migration 0073)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from store.postgres import rows
from store.postgres.pool import Connection
from store.postgres.times import from_us
from store.postgres.together import Query, alone


def put(
    connection: Connection,
    tenant: str,
    place: str,
    hours: Sequence[tuple[datetime, float | None, bool | None]],
    now_us: int,
) -> int:
    """Record (begin, °C, hail) of hours at a place; None = not known, what was known stays. Returns
    their number."""
    return connection.execute(
        "insert into contacts.weather as w (tenant, place, at, temperature_c, hail, recorded_at) "
        "select %s, %s, at, temperature_c, hail, %s "
        "from unnest(%s::timestamptz[], %s::double precision[], %s::boolean[]) "
        "as n (at, temperature_c, hail) on conflict (tenant, place, at) do update "
        "set temperature_c = coalesce(excluded.temperature_c, w.temperature_c), "
        "hail = coalesce(excluded.hail, w.hail), recorded_at = excluded.recorded_at",
        (
            tenant, place, from_us(now_us), [at for at, _, _ in hours],
            [celsius for _, celsius, _ in hours], [hail for _, _, hail in hours],
        ),
    ).rowcount  # fmt: skip


def assign(
    connection: Connection, tenant: str, places: Sequence[tuple[str, str]], now_us: int
) -> int:
    """Record (customer, place) of customers that the tenant has; return how many."""
    return connection.execute(
        "insert into contacts.weather_place (tenant, customer, place, recorded_at) "
        "select %s, c.customer, n.place, %s from unnest(%s::text[], %s::text[]) "
        "as n (customer, place) join customers.customer c on c.tenant = %s "
        "and c.customer = n.customer on conflict (tenant, customer) do update "
        "set place = excluded.place, recorded_at = excluded.recorded_at",
        (tenant, from_us(now_us), *rows.pair_columns(places), tenant),
    ).rowcount


AT_CUSTOMER = Query(
    "select w.at, w.temperature_c, w.hail, w.recorded_at, t.timezone "
    "from contacts.weather w join customers.tenant t using (tenant) where w.tenant = %(tenant)s "
    "and w.place = coalesce((select p.place from contacts.weather_place p "
    "where p.tenant = w.tenant and p.customer = %(customer)s), '') "
    "and w.at >= %(weather_since)s and w.at < %(weather_until)s",
    ("at", "recorded_at"),
)
"""Hours at a customer's place: see `at_customer`."""


def at_customer(
    connection: Connection, tenant: str, customer: str, since: datetime, until: datetime
) -> list[dict[str, Any]]:
    """Return hours in [since, until) at a customer's place: at, temperature_c, hail, recorded_at,
    and the tenant's `timezone`."""
    return alone(
        connection,
        AT_CUSTOMER,
        {
            "tenant": tenant,
            "customer": customer,
            "weather_since": since,
            "weather_until": until,
        },
    )
