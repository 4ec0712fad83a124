"""What readers did with items of a customer's context, and the counts that ranking learns from."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from store.postgres import rows
from store.postgres.pool import Connection


@dataclass(frozen=True, slots=True)
class NewFeedback:
    """A reaction to an item. topic, purpose : of the item."""

    tenant: str
    customer: str
    kind: str
    item_id: str
    topic: str
    purpose: str | None
    reader: str
    reaction: str
    at: datetime
    recorded_by: str


def put(connection: Connection, new: NewFeedback, month: date) -> bool:
    """Store a reaction once for each item and who it is of, and count it; return whether it is
    new. month : its first day."""
    cursor = connection.execute(
        "with new as (insert into contacts.item_feedback (tenant, customer, kind, item_id, topic, "
        "purpose, reader, reaction, at, recorded_by) "
        "values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s) on conflict do nothing returning *) "
        "insert into contacts.item_usefulness as u (tenant, month, kind, topic, reader, reaction, "
        "number) select tenant, %s, kind, topic, reader, reaction, 1 from new "
        "on conflict (tenant, month, kind, topic, reader, reaction) "
        "do update set number = u.number + 1",
        (
            new.tenant, new.customer, new.kind, new.item_id, new.topic, new.purpose, new.reader,
            new.reaction, new.at, new.recorded_by, month,
        ),
    )  # fmt: skip
    return cursor.rowcount == 1


def counts(connection: Connection, tenant: str, since: date) -> list[dict[str, Any]]:
    """Return numbers of reactions by kind, topic and reader, of the months from a day on."""
    return rows.all_(
        connection,
        "select kind, topic, reader, "
        "coalesce(sum(number) filter (where reaction = 'opened'), 0)::bigint as opened, "
        "coalesce(sum(number) filter (where reaction = 'used'), 0)::bigint as used, "
        "coalesce(sum(number) filter (where reaction = 'dismissed'), 0)::bigint as dismissed "
        "from contacts.item_usefulness where tenant = %s and month >= %s "
        "group by 1, 2, 3 order by 1, 2, 3",
        (tenant, since),
    )


def of_items(
    connection: Connection, tenant: str, customers: Sequence[str]
) -> dict[tuple[str, str], dict[str, int]]:
    """Return (kind, id) → reaction → how often, of the items of a customer (all of their ids)."""
    found: dict[tuple[str, str], dict[str, int]] = {}
    for kind, item_id, reaction, number in connection.execute(
        "select kind, item_id, reaction, count(*) from contacts.item_feedback "
        "where tenant = %s and customer = any(%s) group by 1, 2, 3",
        (tenant, list(customers)),
    ).fetchall():
        found.setdefault((kind, item_id), {})[reaction] = int(number)
    return found
