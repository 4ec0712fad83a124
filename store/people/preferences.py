"""Channels that customers have chosen for their matters, valid from when they chose (migration
0084)."""

from collections.abc import Sequence
from datetime import datetime

from store.postgres.pool import Connection
from store.postgres.rows import pair_columns


def put(
    connection: Connection,
    tenant: str,
    customer: str,
    matter: str,
    channel: str | None,
    at: datetime | None,
    source: str,
) -> bool:
    """Store a choice; return whether it is another one than before.

    channel : None = no channel is preferred. at : from when, None = the time of recording.
    """
    cursor = connection.execute(
        "insert into customers.channel_choice (tenant, customer, matter, channel, chosen_at, "
        "source) select %(tenant)s, %(customer)s, %(matter)s, %(channel)s, "
        "coalesce(%(at)s, customers.recorded_now()), %(source)s "
        "where %(channel)s::text is distinct from (select channel from customers.channel_choice "
        "where tenant = %(tenant)s and customer = %(customer)s and matter = %(matter)s "
        "order by chosen_at desc, choice_id desc limit 1)",
        {
            "tenant": tenant, "customer": customer, "matter": matter, "channel": channel,
            "at": at, "source": source,
        },
    )  # fmt: skip
    return cursor.rowcount == 1


def at(
    connection: Connection, pairs: Sequence[tuple[str, str]], when: datetime
) -> dict[tuple[str, str], dict[str, str]]:
    """Return (tenant, customer) → matter → channel that was chosen last until a time, under any id
    of the customer; without those who have chosen none."""
    found: dict[tuple[str, str], dict[str, str]] = {}
    for tenant, customer, matter, channel in connection.execute(
        "select distinct on (p.t, p.c, o.matter) p.t, p.c, o.matter, o.channel "
        "from unnest(%s::text[], %s::text[]) as p (t, c) join customers.channel_choice o "
        "on o.tenant = p.t and o.customer = any(customers.same_as(p.t, p.c)) and o.chosen_at <= %s "
        "order by p.t, p.c, o.matter, o.chosen_at desc, o.choice_id desc",
        (*pair_columns(pairs), when),
    ).fetchall():
        if channel is not None:
            found.setdefault((tenant, customer), {})[matter] = channel
    return found


def of(connection: Connection, tenant: str, customers: Sequence[str]) -> dict[str, dict[str, str]]:
    """Return customer → matter → channel that counts now, of these ids alone; without those who
    have chosen none."""
    found: dict[str, dict[str, str]] = {}
    for customer, matter, channel in connection.execute(
        "select distinct on (customer, matter) customer, matter, channel "
        "from customers.channel_choice where tenant = %s and customer = any(%s) "
        "order by customer, matter, chosen_at desc, choice_id desc",
        (tenant, list(customers)),
    ).fetchall():
        if channel is not None:
            found.setdefault(customer, {})[matter] = channel
    return found
