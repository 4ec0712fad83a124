"""Which ids are one customer (store/postgres/merged.py), for use cases about purposes and lists."""

from collections.abc import Iterable, Sequence

from store.people import consent, merges
from store.postgres.merged import same_as
from store.postgres.pool import Connection


def granting(connection: Connection, tenant: str, customer: str, purpose: str) -> tuple[str, ...]:
    """Return the further ids of a customer under which the purpose is granted."""
    return tuple(
        one
        for one in same_as(connection, tenant, customer)
        if one != customer and purpose in consent.granted_of(connection, tenant, one)
    )


def together(connection: Connection, tenant: str, ids: Sequence[str]) -> dict[str, list[str]]:
    """Return survivor → those of the ids that are one with it, both in their order."""
    of = merges.survivors(connection, tenant, ids)
    found: dict[str, list[str]] = {}
    for one in sorted(ids, key=lambda id_: (of.get(id_, id_), id_)):
        found.setdefault(of.get(one, one), []).append(one)
    return found


def survivors(
    connection: Connection, customers: Iterable[tuple[str, str]]
) -> list[tuple[str, str]]:
    """Return (tenant, customer) with each customer once, under the id that stands for all."""
    by_tenant: dict[str, set[str]] = {}
    for tenant, customer in customers:
        by_tenant.setdefault(tenant, set()).add(customer)
    return [
        (tenant, customer)
        for tenant, ids in sorted(by_tenant.items())
        for customer in sorted(together(connection, tenant, sorted(ids)))
    ]
