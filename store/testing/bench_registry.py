"""A registry of many customers for `tachowatt bench import` and `bench registry`."""

from collections.abc import Mapping

from psycopg import sql

from store.postgres.pool import Connection
from store.testing.bench_data import FIRST, LAST, TENANT

__all__ = ["TENANT", "add_tenant", "copy", "copy_texts", "name", "prepare", "url_of"]

_BEGIN = "2026-02-28 23:00:00+00"
_COLUMNS = {
    "customer": "tenant, customer, name, language, kind",
    "vehicle": "tenant, vehicle, name, plate",
    "contract": "tenant, contract, customer, kind, vehicle, meter, valid_from, valid_to",
    "device": "tenant, device, kind, dialect, address, mapping",
    "assignment": "device_id, tenant, vehicle, meter, valid_from, valid_to",
}


def name(i: int) -> tuple[str, str]:
    """Return the first and the last name of the i-th customer."""
    return FIRST[i % len(FIRST)], LAST[i // len(FIRST) % len(LAST)]


def prepare(connection: Connection, database: str) -> None:
    """Create an empty database."""
    connection.autocommit = True
    connection.execute(sql.SQL("create database {}").format(sql.Identifier(database)))


def url_of(url: str, database: str) -> str:
    """Return the URL of another database of the same server."""
    head, _, tail = url.partition("?")
    return f"{head.rsplit('/', 1)[0]}/{database}" + (f"?{tail}" if tail else "")


def add_tenant(connection: Connection) -> None:
    """Add the tenant of the bench."""
    connection.execute(
        "insert into customers.tenant (tenant, name) values (%s, 'Bench')", (TENANT,)
    )


def copy_texts(connection: Connection, customers: int) -> dict[str, bytes]:
    """Return table → its rows as COPY reads them, so that nothing but COPY is measured."""
    first = connection.execute(
        "select setval(pg_get_serial_sequence('customers.device', 'device_id'), %s)", (1,)
    ).fetchone()
    assert first is not None
    rows: dict[str, list[str]] = {table: [] for table in _COLUMNS}
    for i in range(customers):
        person = " ".join(name(i))
        rows["customer"].append(f"{TENANT}\tc{i}\t{person}\t{('de', 'en')[i % 2]}\tperson\n")
        rows["vehicle"].append(f"{TENANT}\tv{i}\tv{i}\tTW {i}\n")
        rows["contract"].append(f"{TENANT}\tk{i}\tc{i}\tmotor\tv{i}\t\\N\t{_BEGIN}\t\\N\n")
        rows["device"].append(f"{TENANT}\tb{i}\tvehicle\tnative\t{TENANT}/b{i}\t{{}}\n")
        rows["assignment"].append(f"{2 + i}\t{TENANT}\tv{i}\t\\N\t{_BEGIN}\t\\N\n")
    return {table: "".join(lines).encode() for table, lines in rows.items()}


def copy(connection: Connection, texts: Mapping[str, bytes]) -> None:
    """COPY the rows into their tables, in the caller's transaction."""
    with connection.cursor() as cursor:
        for table, text in texts.items():
            with cursor.copy(
                sql.SQL("copy customers.{} ({}) from stdin").format(
                    sql.Identifier(table), sql.SQL(_COLUMNS[table])
                )
            ) as stream:
                stream.write(text)


def analyze(connection: Connection) -> None:
    """Let the planner know the tables, as autovacuum would have in the meantime."""
    for table in _COLUMNS:
        connection.execute(sql.SQL("analyze customers.{}").format(sql.Identifier(table)))
    connection.commit()
