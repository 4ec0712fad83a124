"""The ids of a customer: what was recorded under one that is merged is read with its survivor's
(migration 0046)."""

from store.postgres.pool import Connection, scalar
from store.postgres.rows import Conditions


def same_as(connection: Connection, tenant: str, customer: str) -> list[str]:
    """Return the ids of a customer: the survivor first; only the id itself where none is merged."""
    found: list[str] = scalar(connection, "select customers.same_as(%s, %s)", (tenant, customer))
    return found


def only(
    where: Conditions, column: str, connection: Connection, tenant: str, customer: str | None
) -> Conditions:
    """Add the condition that a column names a customer, by any of the ids; None = all customers."""
    if customer is None:
        return where
    ids = same_as(connection, tenant, customer)
    # One id keeps the order of an index on (customer, time).
    if len(ids) == 1:
        return where.add(f"{column} = %s", ids[0])
    return where.add(f"{column} = any(%s)", ids)
