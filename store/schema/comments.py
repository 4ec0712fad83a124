"""Comments on tables and columns: meaning, unit, source (`comments.yaml`).

They are written at the end of a migration where rollups were made anew or the sources of comments
and views differ from those of the last time (`analysis_views.sources`): a comment may be corrected,
which no applied migration may be. What somebody else wrote stays until then.
"""

from importlib import resources
from typing import Any

from psycopg import sql

from store.postgres.pool import Connection

SCHEMAS = (
    *("access", "analysis", "contacts", "customers", "features", "pipeline"),
    *("privacy", "rollup", "shown", "telemetry"),
)
_AT_ONCE = 50
"""Statements in one round trip. TimescaleDB as WebAssembly ends with all in one."""

_KINDS = {"r": "table", "p": "table", "v": "view", "m": "materialized view"}

_FOUND = (
    "select n.nspname || '.' || c.relname, c.relkind::text, n.nspname, c.relname, a.attname, "
    "obj_description(c.oid, 'pg_class'), col_description(c.oid, a.attnum) "
    "from pg_class c join pg_namespace n on n.oid = c.relnamespace "
    "join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped "
    "where (n.nspname = any (%s) or c.relname = 'tachowatt_migration' and n.nspname = 'public') "
    "and c.relkind in ('r', 'p', 'v', 'm') and not c.relispartition order by 1, a.attnum"
)


def texts() -> dict[str, Any]:
    """Return `columns` and `tables` of the file."""
    from runtime import yaml_text  # most starts of a command write no comment

    file = resources.files("store.schema") / "comments.yaml"
    found: dict[str, Any] = yaml_text.load(file.read_text(encoding="utf-8"))
    return found


def write(connection: Connection) -> None:
    """Write the comments that are absent or differ, in the caller's transaction. Idempotent.

    A table without an entry keeps what its own migration says, and one without `_` its comment.
    """
    known = texts()
    statements: dict[str, sql.Composed] = {}
    for full, kind, schema, table, column, of_table, of_column in found(connection):
        entry = known["tables"].get(full, {})
        name = sql.Identifier(schema, table)
        if entry.get("_", of_table) != of_table:
            statements[full] = _comment(_KINDS[kind], name, entry["_"])
        # What a name means everywhere gives way to a comment of the table's own migration.
        text = entry.get(column) or of_column or known["columns"].get(column)
        if text != of_column:
            of = sql.Identifier(schema, table, column)
            statements[f"{full}.{column}"] = _comment("column", of, text)
    waiting = list(statements.values())
    for first in range(0, len(waiting), _AT_ONCE):
        connection.execute(sql.SQL("; ").join(waiting[first : first + _AT_ONCE]))


def found(connection: Connection) -> list[tuple[str, str, str, str, str, str | None, str | None]]:
    """Return a row for each column: name of the table, kind, schema, table, column, and the
    comments of table and column."""
    return connection.execute(_FOUND, (list(SCHEMAS),)).fetchall()


def _comment(kind: str, name: sql.Identifier, text: str) -> sql.Composed:
    return sql.SQL("comment on {} {} is {}").format(sql.SQL(kind), name, sql.Literal(text))
