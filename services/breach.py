"""Who was touched by a breach: customers with data of a table or a device since a time.

Of customers who are merged the survivor is named, once.
"""

from datetime import datetime

from services.one_customer import survivors
from store.postgres.pool import Connection
from store.privacy import affected


def of_device(
    connection: Connection, tenant: str, device: str, since: datetime
) -> list[tuple[str, str]]:
    """Return (tenant, customer) who held a device after a time. Raises `Usage`."""
    found = set()
    for subject, begin, end in affected.by_device(connection, tenant, device):
        if end is None or end > since:
            found.update(
                affected.holders_since(connection, tenant, subject, max(since, begin), end)
            )
    return survivors(connection, [(tenant, customer) for customer in found])


def of_table(connection: Connection, place: str, since: datetime) -> list[tuple[str, str]]:
    """Return (tenant, customer) with rows of a table since a time. Raises `Usage`."""
    return survivors(connection, affected.by_table(connection, place, since))
