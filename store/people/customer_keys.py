"""Keys of customers. They are sealed: this module never sees one in clear."""

from collections.abc import Collection
from datetime import datetime

from store.postgres.pool import Connection


def of_customers(
    connection: Connection, tenant: str, customers: Collection[str]
) -> dict[str, tuple[str, str]]:
    """Return customer → (key_id, sealed key) of those who have one."""
    found = connection.execute(
        "select customer, key_id, key from privacy.customer_key "
        "where tenant = %s and customer = any(%s)",
        (tenant, sorted(customers)),
    )
    return {customer: (key_id, key) for customer, key_id, key in found.fetchall()}


def add(
    connection: Connection, tenant: str, customer: str, key_id: str, sealed: str, at: datetime
) -> None:
    """Store the key of a customer, unless another process was faster."""
    connection.execute(
        "insert into privacy.customer_key (key_id, tenant, customer, key, made_at) "
        "values (%s, %s, %s, %s, %s) on conflict (tenant, customer) do nothing",
        (key_id, tenant, customer, sealed, at),
    )
