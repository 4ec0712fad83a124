"""What is known of a tenant as the controller of its customers' data (migration 0060)."""

from collections.abc import Mapping
from typing import Any

from store.postgres import rows
from store.postgres.pool import Connection

CONTROLLER = ("postal_address", "contact", "privacy_url", "storage_location", "jurisdiction")
"""Columns that consent records give."""


def controller(connection: Connection, tenant: str) -> dict[str, Any]:
    """Return its name and `CONTROLLER`; null = not known."""
    found = rows.one(
        connection,
        f"select name, {', '.join(CONTROLLER)} from customers.tenant where tenant = %s",
        (tenant,),
    )
    assert found is not None, "a customer has a tenant"
    return found


def set_controller(connection: Connection, tenant: str, values: Mapping[str, str]) -> None:
    """Record some of `CONTROLLER`; the others stay."""
    for name in (name for name in CONTROLLER if name in values):
        connection.execute(
            f"update customers.tenant set {name} = %s where tenant = %s".encode(),
            (values[name], tenant),
        )
