"""Partners: companies outside, who acts for them, and who has decided about them."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from store.people.registry import refusing
from store.postgres.pool import Connection, scalar


@dataclass(frozen=True, slots=True)
class Partner:
    """A partner. kind : broker, garage, dealer or other; ended_at : None = it still is one."""

    partner: str
    name: str
    kind: str
    added_at: datetime
    ended_at: datetime | None


_COLUMNS = "partner, name, kind, added_at, ended_at"


def all_(connection: Connection, tenant: str) -> list[Partner]:
    """Return all partners of a tenant, by name."""
    found = connection.execute(
        f"select {_COLUMNS} from access.partner where tenant = %s order by name, partner".encode(),
        (tenant,),
    )
    return [Partner(*row) for row in found.fetchall()]


def get(connection: Connection, tenant: str, partner: str) -> Partner | None:
    """Return one partner."""
    row = connection.execute(
        f"select {_COLUMNS} from access.partner where tenant = %s and partner = %s".encode(),
        (tenant, partner),
    ).fetchone()
    return None if row is None else Partner(*row)


def of_member(connection: Connection, tenant: str, member: str) -> Partner | None:
    """Return the partner for whom a person or key acts now; None = for none."""
    row = connection.execute(
        f"select {_COLUMNS} from access.partner join access.partner_member using (tenant, partner) "
        "where tenant = %s and member = %s and ended_at is null".encode(),
        (tenant, member),
    ).fetchone()
    return None if row is None else Partner(*row)


def put(
    connection: Connection, tenant: str, partner: str, name: str, kind: str, at: datetime
) -> None:
    """Add a partner, or change its name and kind; one that had ended is one again."""
    with refusing():
        connection.execute(
            "insert into access.partner (tenant, partner, name, kind, added_at) "
            "values (%s, %s, %s, %s, %s) on conflict (tenant, partner) do update "
            "set name = excluded.name, kind = excluded.kind, ended_at = null",
            (tenant, partner, name, kind, at),
        )


def end(connection: Connection, tenant: str, partner: str, at: datetime) -> bool:
    """End a partner; return False where there is none that has not ended."""
    return (
        connection.execute(
            "update access.partner set ended_at = %s where tenant = %s and partner = %s "
            "and ended_at is null",
            (at, tenant, partner),
        ).rowcount
        == 1
    )


def join(connection: Connection, tenant: str, member: str, partner: str) -> bool:
    """Let a person or key of the role partner act for a partner; False where there is none."""
    known = scalar(
        connection,
        "select exists (select from access.person where person_id = %(member)s "
        "and tenant = %(tenant)s and role = 'partner' union all select from access.api_key "
        "where key_id = %(member)s and tenant = %(tenant)s and role = 'partner')",
        {"member": member, "tenant": tenant},
    )
    if not known:
        return False
    with refusing():
        connection.execute(
            "insert into access.partner_member (member, tenant, partner) values (%s, %s, %s) "
            "on conflict (member) do update set partner = excluded.partner",
            (member, tenant, partner),
        )
    return True


def deciders(
    connection: Connection, tenant: str, recipient: str, after: str, limit: int
) -> list[str]:
    """Return the next customers who have ever decided about a recipient, by id."""
    found = connection.execute(
        "select distinct customer from customers.consent where tenant = %s and recipient = %s "
        "and starts_with(recipient, 'partner:') and customer > %s order by customer limit %s",
        (tenant, recipient, after, limit),
    )
    return [customer for (customer,) in found]


def names(connection: Connection, tenant: str, ids: Collection[str]) -> dict[str, str]:
    """Return customer → name."""
    found = connection.execute(
        "select customer, name from customers.customer where tenant = %s and customer = any(%s)",
        (tenant, list(ids)),
    )
    return {customer: name for customer, name in found}
