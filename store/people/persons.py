"""People who sign in as themselves: staff and partners of a tenant, and customers.

Commands change them as the owner of the tables. API and pages find them through functions of
migration 0016, one at a time, and read the people of their tenant without addresses.
"""

import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from store.people.keys import digest
from store.postgres.pool import Connection
from store.postgres.times import from_us


@dataclass(frozen=True, slots=True)
class Account:
    """Who somebody is, as each request needs it. customer : of the role customer."""

    person_id: str
    tenant: str
    role: str
    customer: str | None
    name: str


@dataclass(frozen=True, slots=True)
class NewPerson:
    """What is stored of a person."""

    tenant: str
    role: str
    name: str
    email: str | None
    customer: str | None = None
    team: str = ""
    skills: Sequence[str] = ()
    languages: Sequence[str] = ()
    demo: bool = False


@dataclass(frozen=True, slots=True)
class PersonRow:
    """A person as commands show them. sessions : open ones; ways : how they can sign in."""

    person_id: str
    tenant: str
    role: str
    customer: str | None
    name: str
    email: str | None
    team: str
    skills: list[str]
    languages: list[str]
    absent_from: date | None
    absent_to: date | None
    created_at: datetime
    disabled_at: datetime | None
    sessions: int
    ways: list[str] = field(default_factory=list)


_COLUMNS = (
    "p.person_id, p.tenant, p.role, p.customer, p.name, p.email, p.team, p.skills, p.languages, "
    "p.absent_from, p.absent_to, p.created_at, p.disabled_at, "
    "(select count(*) from access.person_session s where s.person_id = p.person_id "
    "and s.expires_at > %s), "
    "array_remove(array[case when exists (select from access.credential c "
    "where c.person_id = p.person_id) then 'password' end, "
    "case when exists (select from access.identity i where i.person_id = p.person_id) "
    "then 'provider' end, "
    "case when p.customer is not null and p.email is not null then 'link' end], null)"
)


def tenants(connection: Connection) -> list[dict[str, Any]]:
    """Return all tenants with their numbers of customers and people."""
    names = ("tenant", "name", "timezone", "customers", "people")
    rows = connection.execute(
        "select t.tenant, t.name, t.timezone, (select count(*) from customers.customer c "
        "where c.tenant = t.tenant), (select count(*) from access.person p "
        "where p.tenant = t.tenant) from customers.tenant t order by t.tenant"
    )
    return [dict(zip(names, row, strict=True)) for row in rows.fetchall()]


def add_tenant(connection: Connection, tenant: str, name: str, timezone: str) -> bool:
    """Add a tenant; return False where there is one with this id."""
    return bool(
        connection.execute(
            "insert into customers.tenant (tenant, name, timezone) values (%s, %s, %s) "
            "on conflict do nothing",
            (tenant, name, timezone),
        ).rowcount
    )


def add(connection: Connection, person: NewPerson, now_us: int) -> str | None:
    """Add a person; return the id, None where another person has the address or customer."""
    row = connection.execute(
        "insert into access.person (person_id, tenant, role, customer, name, email, team, skills, "
        "languages, demo, created_at) values (%s, %s, %s, %s, %s, lower(%s), %s, %s, %s, %s, %s) "
        "on conflict do nothing returning person_id",
        (
            f"p-{secrets.token_hex(8)}",
            person.tenant,
            person.role,
            person.customer,
            person.name,
            person.email,
            person.team,
            list(person.skills),
            list(person.languages),
            person.demo,
            from_us(now_us),
        ),
    ).fetchone()
    return None if row is None else str(row[0])


def find(connection: Connection, who: str, now_us: int) -> list[PersonRow]:
    """Return the people with this id or e-mail address."""
    rows = connection.execute(
        f"select {_COLUMNS} from access.person p where p.person_id = %s or p.email = lower(%s) "
        "order by p.tenant, p.person_id",
        (from_us(now_us), who, who),
    )
    return [PersonRow(*row) for row in rows.fetchall()]


def list_(
    connection: Connection, now_us: int, tenant: str | None = None, role: str | None = None
) -> list[PersonRow]:
    """Return the people of a tenant or of all, by name."""
    rows = connection.execute(
        f"select {_COLUMNS} from access.person p where (%s::text is null or p.tenant = %s) "
        "and (%s::text is null or p.role = %s) order by p.tenant, p.role, p.name, p.person_id",
        (from_us(now_us), tenant, tenant, role, role),
    )
    return [PersonRow(*row) for row in rows.fetchall()]


def disable(connection: Connection, person_id: str, now_us: int) -> bool:
    """Disable a person and end all that they opened; return False where they are disabled.

    Sessions and links end with this transaction; keys that act as the person are refused from then
    on (`access.person_of_key`).
    """
    done = connection.execute(
        "update access.person set disabled_at = %s where person_id = %s and disabled_at is null",
        (from_us(now_us), person_id),
    ).rowcount
    end_sessions(connection, person_id)
    connection.execute("delete from access.link where person_id = %s", (person_id,))
    connection.execute("delete from access.mail where person_id = %s", (person_id,))
    return bool(done)


def enable(connection: Connection, person_id: str) -> bool:
    """Enable a disabled person; return False where they are enabled."""
    return bool(
        connection.execute(
            "update access.person set disabled_at = null "
            "where person_id = %s and disabled_at is not null",
            (person_id,),
        ).rowcount
    )


def end_sessions(connection: Connection, person_id: str) -> int:
    """End all sessions of a person; return their number."""
    return connection.execute(
        "delete from access.person_session where person_id = %s", (person_id,)
    ).rowcount


def set_role(connection: Connection, person_id: str, role: str) -> None:
    """Change the role, in open sessions too; one whose role a provider stated ends."""
    connection.execute("update access.person set role = %s where person_id = %s", (role, person_id))
    connection.execute(
        "delete from access.person_session where person_id = %s and role is not null", (person_id,)
    )


def set_details(
    connection: Connection,
    person_id: str,
    *,
    team: str | None = None,
    skills: Collection[str] | None = None,
    languages: Collection[str] | None = None,
) -> None:
    """Change what is given."""
    connection.execute(
        "update access.person set team = coalesce(%s, team), "
        "skills = coalesce(%s::text[], skills), languages = coalesce(%s::text[], languages) "
        "where person_id = %s",
        (
            team,
            None if skills is None else list(skills),
            None if languages is None else list(languages),
            person_id,
        ),
    )


def set_absence(
    connection: Connection, person_id: str, first: date | None, last: date | None
) -> None:
    """Set the days of absence, both included; None = open. Both None = present."""
    connection.execute(
        "update access.person set absent_from = %s, absent_to = %s where person_id = %s",
        (first, last, person_id),
    )


def workers(
    connection: Connection,
    tenant: str,
    roles: Collection[str],
    now: datetime,
    *,
    only: str | None = None,
) -> list[dict[str, Any]]:
    """Return people with these roles who are not disabled, by name, as the API's role.

    name, role, skills, languages, absent (today, in the tenant's time zone). only : one person.
    """
    names = ("person_id", "name", "role", "skills", "languages", "absent")
    rows = connection.execute(
        "select p.person_id, p.name, p.role, p.skills, p.languages, "
        "(p.absent_from is not null or p.absent_to is not null) "
        "and (%s at time zone t.timezone)::date "
        "between coalesce(p.absent_from, '-infinity') and coalesce(p.absent_to, 'infinity') "
        "from access.person p join customers.tenant t using (tenant) where p.tenant = %s "
        "and p.role = any(%s) and p.disabled_at is null "
        "and (%s::text is null or p.person_id = %s) order by p.name, p.person_id",
        (now, tenant, list(roles), only, only),
    )
    return [dict(zip(names, row, strict=True)) for row in rows.fetchall()]


def account(connection: Connection, person_id: str) -> Account | None:
    """Return a person who is not disabled."""
    row = connection.execute("select * from access.active_person(%s)", (person_id,)).fetchone()
    return None if row is None else Account(*row)


def of_key(connection: Connection, key_id: str) -> Account | None:
    """Return the person that a key acts as; None where there is none or they are disabled."""
    row = connection.execute("select * from access.person_of_key(%s)", (key_id,)).fetchone()
    return None if row is None else Account(*row)


def bind_key(connection: Connection, key_id: str, person_id: str) -> None:
    """Make a key act as a person."""
    connection.execute(
        "update access.api_key set person_id = %s where key_id = %s", (person_id, key_id)
    )


def of_demo(connection: Connection) -> list[Account]:
    """Return the demo's people, in the order in which they were made."""
    rows = connection.execute("select * from access.demo_people()")
    return [Account(*row) for row in rows.fetchall()]


def invite(connection: Connection, person_id: str, now_us: int, ttl_s: float) -> str:
    """Replace the person's invitation; return its token, which cannot be read again."""
    token = secrets.token_urlsafe(32)
    connection.execute(
        "delete from access.link where person_id = %s and purpose = 'invitation'", (person_id,)
    )
    connection.execute(
        "insert into access.link (hash, person_id, purpose, created_at, expires_at) "
        "values (%s, %s, 'invitation', %s, %s)",
        (digest(token), person_id, from_us(now_us), from_us(now_us + round(ttl_s * 1e6))),
    )
    return token


def mail_invitation(
    connection: Connection, person_id: str, token: str, base_url: str, now_us: int, ttl_s: float
) -> None:
    """Let the process of contacts send an invitation."""
    now, until = from_us(now_us), from_us(now_us + round(ttl_s * 1e6))
    connection.execute(
        "insert into access.mail (person_id, purpose, token, base_url, created_at, expires_at, "
        "next_attempt_at) values (%s, 'invitation', %s, %s, %s, %s, %s)",
        (person_id, token, base_url, now, until, now),
    )
