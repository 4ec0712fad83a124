"""What was entered in the forms of open steps, each value with its version."""

from typing import Any

from store.postgres import notify, rows
from store.postgres.pool import Connection
from store.postgres.times import from_us

_KEY = "case_id = %s and step = %s and times = %s and field = %s"


def latest(
    connection: Connection,
    tenant: str,
    case_id: str,
    of: tuple[str, int, str] | None = None,
) -> list[dict[str, Any]]:
    """Return of each field the accepted value and those that stand beside it, by number.

    of : step, instance and field; None = all of the case.
    """
    where = rows.Conditions("f.tenant = %s", tenant)
    where.add("f.case_id = %s", case_id)
    if of is not None:
        where.add("f.step = %s", of[0]).add("f.times = %s", of[1]).add("f.field = %s", of[2])
    return rows.all_(
        connection,
        f"select f.* from contacts.case_field f where {where.sql} and f.number >= ("
        "select max(a.number) from contacts.case_field a where a.case_id = f.case_id "
        "and a.step = f.step and a.times = f.times and a.field = f.field and a.accepted) "
        "order by f.step, f.times, f.field, f.number",
        where.values,
    )


def put(
    connection: Connection,
    tenant: str,
    case_id: str,
    of: tuple[str, int, str],
    *,
    number: int,
    base: int,
    value: str,
    accepted: bool,
    author: str,
    now_us: int,
) -> None:
    """Append a value of a field, under the lock of its case."""
    connection.execute(
        "insert into contacts.case_field (tenant, case_id, step, times, field, number, base, "
        "value, accepted, author, at) values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        (tenant, case_id, *of, number, base, value, accepted, author, from_us(now_us)),
    )
    notify.changed(connection, tenant, "draft")


def extend(
    connection: Connection,
    tenant: str,
    case_id: str,
    of: tuple[str, int, str],
    before: int,
    value: str,
    now_us: int,
) -> None:
    """Replace a value that its author goes on typing; its version becomes the next one."""
    connection.execute(
        f"update contacts.case_field set number = number + 1, value = %s, at = %s where {_KEY} "
        "and number = %s",
        (value, from_us(now_us), case_id, *of, before),
    )
    notify.changed(connection, tenant, "draft")


def stamp(connection: Connection, tenant: str, case_id: str) -> tuple[Any, ...]:
    """Return what changes whenever the case, its fields or its photos do."""
    found = connection.execute(
        "select s.version, (select count(*) from contacts.case_file c "
        "where c.case_id = s.case_id), (select (count(*), sum(f.number), max(f.at))::text "
        "from contacts.case_field f where f.case_id = s.case_id) "
        "from contacts.service_case s where s.tenant = %s and s.case_id = %s",
        (tenant, case_id),
    ).fetchone()
    return () if found is None else tuple(found)
