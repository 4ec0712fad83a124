"""What is compared of customers to find those who are one (migration 0046)."""

from collections.abc import Sequence
from datetime import date, datetime

from store.postgres.pool import Connection

Row = tuple[str, str, str, date | None]


def customers(connection: Connection, tenant: str) -> list[Row]:
    """Return id, kind, name and date of birth of the customers who are not merged."""
    return connection.execute(
        "select c.customer, c.kind, c.name, c.birth_date from customers.customer c "
        "where c.tenant = %s and not exists (select from customers.merge m "
        "where m.tenant = c.tenant and m.merged = c.customer and m.split_at is null) order by 1",
        (tenant,),
    ).fetchall()


def points(connection: Connection, tenant: str, at: datetime) -> list[tuple[str, str, bytes]]:
    """Return customer, kind and keyed hash of the contact points valid at a time."""
    found = connection.execute(
        "select customer, kind, lookup from customers.contact_point where tenant = %s "
        "and valid_from <= %s and (valid_to is null or valid_to > %s)",
        (tenant, at, at),
    )
    return [(customer, kind, bytes(lookup)) for customer, kind, lookup in found]


def shared(connection: Connection, tenant: str) -> frozenset[bytes]:
    """Return the keyed hashes of what several people use, as somebody has said."""
    found = connection.execute(
        "select digest from customers.shared_identifier where tenant = %s", (tenant,)
    )
    return frozenset(bytes(digest) for (digest,) in found)


def flag_shared(
    connection: Connection, tenant: str, digest: bytes, reason: str, by: str, at: datetime
) -> None:
    """Say that several people use a number or address."""
    connection.execute(
        "insert into customers.shared_identifier (tenant, digest, reason, flagged_at, flagged_by) "
        "values (%s, %s, %s, %s, %s) on conflict (tenant, digest) do nothing",
        (tenant, digest, reason, at, by),
    )


def decided(connection: Connection, tenant: str) -> set[tuple[str, str]]:
    """Return the pairs that nobody is asked about again: a person decided, or split them."""
    found = connection.execute(
        "select one, other from customers.match_pair where tenant = %(tenant)s "
        "and state <> 'proposed' union select least(merged, survivor), greatest(merged, survivor) "
        "from customers.merge where tenant = %(tenant)s",
        {"tenant": tenant},
    )
    return {(one, other) for one, other in found}


def shown(
    connection: Connection, tenant: str, ids: Sequence[str]
) -> dict[str, tuple[str, date | None, int]]:
    """Return customer → name, date of birth and number of contracts."""
    found = connection.execute(
        "select c.customer, c.name, c.birth_date, (select count(*) from customers.contract k "
        "where k.tenant = c.tenant and k.customer = any(customers.same_as(c.tenant, c.customer))) "
        "from customers.customer c where c.tenant = %s and c.customer = any(%s)",
        (tenant, list(ids)),
    )
    return {customer: (name, born, int(number)) for customer, name, born, number in found}
