"""Feedback on items of a customer's context: record it, and what was learnt from it."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from customer_context.relevance.rank import Item
from customer_context.relevance.usefulness import Feedback, Reaction, Reader, learnt
from services.visibility import NEXT_ACTION
from store.casework import usefulness
from store.casework.usefulness import NewFeedback
from store.postgres.merged import same_as
from store.postgres.pool import Connection
from store.postgres.times import from_us

MONTHS = 6
"""Feedback counts this month and in the five before: what helps changes."""


def applied(
    connection: Connection,
    tenant: str,
    customer: str,
    items: list[Item],
    reader: Reader,
    now_us: int,
) -> list[Item]:
    """Return a customer's items with what readers did with them, and with such items."""
    rows = usefulness.counts(connection, tenant, _months_ago(now_us))
    known = [Feedback(**row) for row in rows]
    own = usefulness.of_items(connection, tenant, same_as(connection, tenant, customer))
    found: dict[tuple[str, str], float] = {}
    for item in items:
        pair = (item.kind, item.topic)
        if pair not in found:
            found[pair] = learnt(known, *pair, reader)
    return [
        replace(
            item,
            learnt=found[item.kind, item.topic],
            opened=did.get(Reaction.OPENED, 0),
            used=did.get(Reaction.USED, 0),
            dismissed=did.get(Reaction.DISMISSED, 0),
        )
        for item in items
        for did in (own.get((item.kind, item.id), {}),)
    ]


def record(
    connection: Connection,
    tenant: str,
    customer: str,
    item: Item,
    reaction: Reaction,
    reader: Reader,
    by: str,
    now_us: int,
) -> bool:
    """Record what a reader did with an item, once; return whether it is new."""
    at = from_us(now_us)
    new = NewFeedback(
        tenant, customer, item.kind, item.id, item.topic, item.purpose, str(reader),
        str(reaction), at, by,
    )  # fmt: skip
    return usefulness.put(connection, new, at.date().replace(day=1))


def of_message(row: Mapping[str, Any], at_us: int) -> Item:
    """Return a stored message as an item. Its topic: the action, or the playbook; '' = its purpose
    is withdrawn."""
    topic = row["action"] if row["playbook"] == NEXT_ACTION else row["playbook"]
    if row.get("withdrawn"):
        topic = ""
    return Item(
        "contact",
        row["contact_id"],
        at_us,
        case_id=row["case_id"],
        failed=row["state"] == "failed",
        topic=topic or "",
        purpose=row["purpose"],
    )


def _months_ago(now_us: int) -> date:
    today = from_us(now_us).date()
    months = today.year * 12 + today.month - 1 - (MONTHS - 1)
    return date(months // 12, months % 12 + 1, 1)
