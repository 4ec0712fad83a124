"""Retention: delete what is older than its category's period, table by table.

Upkeep drops samples (store/schema/partitions.py). Sessions and links end by their own time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from psycopg import sql

from store.postgres import rows
from store.postgres.pool import Connection, scalar
from store.postgres.times import from_us
from store.privacy.personal_data import CATEGORIES, TABLES, Entry

_AT_ONCE = 5_000
"""Rows in one transaction, so that no writer waits for long."""


@dataclass(frozen=True, slots=True)
class Due:
    """Rows of a table that are older than their period.

    before : None = the category has no end by time. rows : that are, or were, deleted.
    """

    place: str
    category: str
    days: int
    before: datetime | None
    rows: int


def days_of(days: Mapping[str, int], category: str) -> int:
    """Return the days of a category. days : by category, in place of those of the registry."""
    return days.get(category, CATEGORIES[category].days)


def may_enforce(connection: Connection) -> bool:
    """Return whether this login may delete from every table: the owner of the tables may."""
    owner = "select pg_has_role(relowner, 'usage') from pg_class where oid = %s::regclass"
    return bool(scalar(connection, owner, ("access.read_log",)))


def due(connection: Connection, days: Mapping[str, int], now_us: int) -> list[Due]:
    """Count what is older than its period; change nothing."""
    found = []
    for entry in TABLES:
        before = _before(entry, days, now_us)
        rows = 0
        if before is not None:
            query = sql.SQL("select count(*) from {table} t where {old}").format(**_names(entry))
            counted = connection.execute(query, (before,)).fetchone()
            rows = 0 if counted is None else int(counted[0])
        found.append(_of(entry, days, before, rows))
    return found


def enforce(connection: Connection, days: Mapping[str, int], now_us: int) -> list[Due]:
    """Delete what is older than its period, in small transactions; commit each."""
    found = []
    for entry in TABLES:
        before = _before(entry, days, now_us)
        rows = 0 if before is None else _delete(connection, entry, before)
        found.append(_of(entry, days, before, rows))
    _report(connection, found, now_us)
    connection.commit()
    return found


def _report(connection: Connection, found: Sequence[Due], now_us: int) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into privacy.retention_run as r (place, category, days, ran_at, before, "
            "deleted, total) values (%s, %s, %s, %s, %s, %s, %s) on conflict (place) do update "
            "set category = excluded.category, days = excluded.days, ran_at = excluded.ran_at, "
            "before = excluded.before, deleted = excluded.deleted, "
            "total = r.total + excluded.deleted",
            [
                (one.place, one.category, one.days, from_us(now_us), one.before, one.rows, one.rows)
                for one in found
            ],
        )


def runs(connection: Connection) -> dict[str, dict[str, Any]]:
    """Return what the job did last, by table: ran_at, before, deleted, total."""
    rows_ = rows.all_(
        connection, "select place, ran_at, before, deleted, total from privacy.retention_run"
    )
    return {row["place"]: row for row in rows_}


def _delete(connection: Connection, entry: Entry, before: datetime) -> int:
    query = sql.SQL(
        "delete from {table} where ctid = any(array(select t.ctid from {table} t where {old} "
        "limit {limit}))"
    ).format(limit=sql.Literal(_AT_ONCE), **_names(entry))
    total = 0
    while True:
        rows = connection.execute(query, (before,)).rowcount
        connection.commit()
        total += rows
        if rows < _AT_ONCE:
            return total


def _before(entry: Entry, days: Mapping[str, int], now_us: int) -> datetime | None:
    kept = days_of(days, entry.retention.category)
    if not entry.retention.column:
        return None
    if entry.place == "privacy.kept":
        return from_us(now_us)  # its rows name their end
    return from_us(now_us) - timedelta(days=kept) if kept else None


def _names(entry: Entry) -> dict[str, sql.Composable]:
    # A literal of this package: no value of a user is part of it.
    where = f" and {entry.retention.where}" if entry.retention.where else ""
    return {
        "table": sql.Identifier(*entry.place.split(".")),
        "old": sql.SQL("t.{column} < %s").format(column=sql.Identifier(entry.retention.column))
        + sql.SQL(where),
    }


def _of(entry: Entry, days: Mapping[str, int], before: datetime | None, rows: int) -> Due:
    category = entry.retention.category
    return Due(entry.place, category, days_of(days, category), before, rows)
