"""Households: which customers belong together, valid in time (migration 0071)."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from store.people.registry import refusing
from store.postgres.pool import Connection, scalar
from store.postgres.rows import pair_columns


def of(connection: Connection, tenant: str, customers: Sequence[str]) -> dict[str, str]:
    """Return customer → the household that they belong to now."""
    found = connection.execute(
        "select customer, household from customers.household_member "
        "where tenant = %s and customer = any(%s) and valid_to is null",
        (tenant, list(customers)),
    )
    return dict(found.fetchall())


def put(connection: Connection, tenant: str, said: Mapping[str, str | None]) -> None:
    """Record customer → household from now on; None = they belong to none. Equal ones stay."""
    rows = (list(said), list(said.values()))
    with refusing():
        connection.execute(
            "delete from customers.household_member m using unnest(%s::text[], %s::text[]) "
            "as n (customer, household) where m.tenant = %s and m.customer = n.customer "
            "and m.valid_to is null and m.household is distinct from n.household "
            "and m.valid_from >= customers.recorded_now()",
            (*rows, tenant),
        )
        connection.execute(
            "update customers.household_member m set valid_to = customers.recorded_now() "
            "from unnest(%s::text[], %s::text[]) as n (customer, household) "
            "where m.tenant = %s and m.customer = n.customer and m.valid_to is null "
            "and m.household is distinct from n.household",
            (*rows, tenant),
        )
        connection.execute(
            "insert into customers.household_member (tenant, household, customer, valid_from) "
            "select %s, n.household, n.customer, customers.recorded_now() "
            "from unnest(%s::text[], %s::text[]) as n (customer, household) "
            "where n.household is not null and not exists (select from customers.household_member "
            "m where m.tenant = %s and m.customer = n.customer and m.valid_to is null)",
            (tenant, *rows, tenant),
        )


def of_pairs(
    connection: Connection, pairs: Sequence[tuple[str, str]], at: datetime
) -> list[tuple[str, str]]:
    """Return the (tenant, household) to which these (tenant, customer) belong at a time."""
    found = connection.execute(
        "select distinct m.tenant, m.household from customers.household_member m "
        "where (m.tenant, m.customer) in (select t, unnest(customers.same_as(t, c)) "
        "from unnest(%s::text[], %s::text[]) as p (t, c)) "
        "and m.valid_from <= %s and (m.valid_to is null or m.valid_to > %s)",
        (*pair_columns(pairs), at, at),
    )
    return [(tenant, household) for tenant, household in found.fetchall()]


def others(connection: Connection, tenant: str, own: Sequence[str], at: datetime) -> list[str]:
    """Return who else belongs to the household of a customer at a time, with all their ids.

    own : the customer's ids.
    """
    found: list[str] | None = scalar(
        connection,
        "select array_agg(distinct id) from customers.household_member mine "
        "join customers.household_member other using (tenant, household) "
        "cross join lateral unnest(customers.same_as(tenant, other.customer)) as same (id) "
        "where mine.tenant = %s and mine.customer = any(%s) and id <> all(%s) "
        "and mine.valid_from <= %s and (mine.valid_to is null or mine.valid_to > %s) "
        "and other.valid_from <= %s and (other.valid_to is null or other.valid_to > %s)",
        (tenant, list(own), list(own), at, at, at, at),
    )
    return found or []
