"""Contact points of customers. Their values are sealed: this module never sees one in clear."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from store.people.registry import refusing
from store.postgres import rows
from store.postgres.merged import only, same_as
from store.postgres.pool import Connection, scalar

_COLUMNS = (
    "point_id, tenant, customer, kind, value, preferred, verified_at, valid_from, valid_to, "
    "source, recorded_at"
)


def put(connection: Connection, points: Sequence[Mapping[str, Any]]) -> None:
    """Insert contact points. Raises `registry.Refused` where there is no such customer."""
    with refusing(), connection.cursor() as cursor:
        cursor.executemany(
            f"insert into customers.contact_point ({_COLUMNS}, lookup) values (%(point_id)s, "
            "%(tenant)s, %(customer)s, %(kind)s, %(value)s, %(preferred)s, %(verified_at)s, "
            "%(valid_from)s, %(valid_to)s, %(source)s, %(recorded_at)s, %(lookup)s)",
            list(points),
        )


def of_customer(
    connection: Connection, tenant: str, customer: str, at: datetime | None = None
) -> list[dict[str, Any]]:
    """Return a customer's contact points, preferred first; at : only those valid then."""
    where = only(rows.Conditions("tenant = %s", tenant), "customer", connection, tenant, customer)
    where.add("valid_from <= %s and (valid_to is null or valid_to > %s)", at, at)
    return rows.all_(
        connection,
        f"select {_COLUMNS} from customers.contact_point where {where.sql} "
        "order by valid_to is not null, preferred desc, verified_at desc nulls last, kind, "
        "recorded_at desc, point_id",
        where.values,
    )


def get(connection: Connection, tenant: str, customer: str, point_id: str) -> dict[str, Any] | None:
    """Return one contact point of a customer."""
    return rows.one(
        connection,
        f"select {_COLUMNS} from customers.contact_point "
        "where tenant = %s and customer = any(%s) and point_id = %s",
        (tenant, same_as(connection, tenant, customer), point_id),
    )


def same(
    connection: Connection,
    tenant: str,
    customer: str,
    kind: str,
    lookup: bytes,
    valid_from: datetime | None,
) -> dict[str, Any] | None:
    """Return a customer's contact point of this kind and value that has no end, or begins then."""
    return rows.one(
        connection,
        f"select {_COLUMNS} from customers.contact_point where tenant = %s and lookup = %s "
        "and customer = %s and kind = %s and (valid_to is null or valid_from = %s) "
        "order by valid_to is not null limit 1",
        (tenant, lookup, customer, kind, valid_from),
    )


def update(
    connection: Connection,
    tenant: str,
    point_id: str,
    *,
    preferred: bool,
    verified_at: datetime | None,
    valid_to: datetime | None,
) -> None:
    """Change what may change of a contact point; a new value is a new contact point."""
    connection.execute(
        "update customers.contact_point set preferred = %s, verified_at = %s, valid_to = %s "
        "where tenant = %s and point_id = %s",
        (preferred, verified_at, valid_to, tenant, point_id),
    )


def customers_with(connection: Connection, tenant: str, lookup: bytes, at: datetime) -> list[str]:
    """Return the customers who have this value now."""
    found = connection.execute(
        "select distinct customer from customers.contact_point where tenant = %s and lookup = %s "
        "and valid_from <= %s and (valid_to is null or valid_to > %s) order by 1",
        (tenant, lookup, at, at),
    )
    return [customer for (customer,) in found.fetchall()]


def lookup_key(connection: Connection, tenant: str) -> str | None:
    """Return the sealed key of a tenant's keyed hashes; None before its first contact point."""
    found: str | None = scalar(
        connection, "select key from access.lookup_key where tenant = %s", (tenant,)
    )
    return found


def add_lookup_key(connection: Connection, tenant: str, sealed: str) -> None:
    """Store the key of a tenant's keyed hashes, unless another process was faster."""
    connection.execute(
        "insert into access.lookup_key (tenant, key) values (%s, %s) on conflict do nothing",
        (tenant, sealed),
    )
