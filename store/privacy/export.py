"""A customer's rows, table by table, for the export; many rows are read in pieces."""

from collections.abc import Iterator, Sequence
from typing import Any

from psycopg import sql

from store.postgres.pool import Connection
from store.privacy.personal_data import TABLES, Entry
from store.privacy.whose import Keys, parameters_of

_AT_ONCE = 10_000


def exported() -> tuple[Entry, ...]:
    """Return the tables that an export has, who it is first."""
    found = [entry for entry in TABLES if entry.export and entry.whose.condition]
    return tuple(sorted(found, key=lambda entry: _FIRST.index(entry.place.split(".")[0])))


_FIRST = (
    "customers", "access", "contacts", "privacy", "features", "pipeline", "telemetry", "rollup",
)  # fmt: skip


def columns(connection: Connection, entry: Entry) -> list[str]:
    """Return the columns of a table that an export has."""
    rows = connection.execute(
        "select attname::text from pg_attribute where attrelid = %s::regclass and attnum > 0 "
        "and not attisdropped order by attnum",
        (entry.place,),
    )
    return [name for (name,) in rows if name not in entry.hidden]


def rows(
    connection: Connection, entry: Entry, names: Sequence[str], keys: Sequence[Keys]
) -> Iterator[tuple[Any, ...]]:
    """Yield a customer's rows of a table, with these columns, in the caller's transaction.

    keys : of each of their ids. A row that belongs to several of them comes once; what devices
    sent belongs to one.
    """
    order = entry.whose.span or entry.retention.column or names[0]
    query = sql.SQL("select {columns} from {table} t where {theirs} order by {order}").format(
        columns=sql.SQL(", ").join(sql.Identifier("t", name) for name in names),
        table=sql.Identifier(*entry.place.split(".")),
        theirs=sql.SQL(f"({entry.whose.condition})"),
        order=sql.Identifier("t", order),
    )
    before: set[str] = set()
    for one in keys:
        mine: set[str] = set()
        for parameters in parameters_of(entry, one):
            with connection.cursor(name="tachowatt_export") as cursor:
                cursor.execute(query, parameters)
                while found := cursor.fetchmany(_AT_ONCE):
                    if len(keys) == 1 or entry.whose.span:
                        yield from found
                        continue
                    texts = [repr(row) for row in found]
                    mine.update(texts)
                    yield from (
                        row for row, text in zip(found, texts, strict=True) if text not in before
                    )
        before |= mine
