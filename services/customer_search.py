"""Find customers: by name, id, contract, meter, number plate, phone number or e-mail address."""

from typing import Any

from services.contact_points import ContactPoints
from store.people import merges, subjects
from store.postgres.pool import Connection
from store.postgres.times import from_us

Cursor = tuple[int, str] | None
"""Rank and id of the last customer of the page before. Rank 0: what was looked for is exactly a
number or address of the customer; 1: it is contained."""

_EXACT, _CONTAINED = 0, 1


def find(
    connection: Connection,
    points: ContactPoints,
    tenant: str,
    text: str,
    now_us: int,
    *,
    after: Cursor = None,
    limit: int = 50,
) -> list[dict[str, Any]]:
    """Return the customers whom a text names, exact matches first, each with its `rank`.

    Rows are those of `store.people.subjects.listed_customers`.
    """
    beyond = after[1] if after is not None and after[0] == _CONTAINED else None
    found = subjects.search(connection, tenant, text, beyond, limit + 1)
    exact = {customer for customer, is_exact in found if is_exact}
    reached = set(points.find(connection, tenant, text, from_us(now_us)))
    exact |= reached
    # Who is merged is found by their own names and numbers, and shown as the survivor.
    of = merges.survivors(connection, tenant, sorted(exact | {one for one, _ in found}))
    exact = {of.get(customer, customer) for customer in exact}
    ranked = [(_EXACT, customer) for customer in sorted(exact)]
    ranked += [
        (_CONTAINED, customer)
        for customer in sorted(
            {of.get(customer, customer) for customer, is_exact in found if not is_exact} - exact
        )
    ]
    page = [one for one in ranked if after is None or one > after][:limit]
    rows = {
        row["customer"]: row
        for row in subjects.listed_customers(
            connection, tenant, of=[customer for _, customer in page], limit=limit
        )
    }
    return [{**rows[customer], "rank": rank} for rank, customer in page if customer in rows]
