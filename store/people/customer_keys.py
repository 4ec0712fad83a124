"""Keys of customers, and the rows that have to be sealed with them.

Keys are sealed: this module never sees one in clear.
"""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any

from psycopg import sql

from store.postgres.pool import Connection
from store.secrets.own_columns import OwnTable


def of_customers(
    connection: Connection, tenant: str, customers: Collection[str]
) -> dict[str, tuple[str, str]]:
    """Return customer → (key_id, sealed key) of those who have one."""
    found = connection.execute(
        "select customer, key_id, key from privacy.customer_key "
        "where tenant = %s and customer = any(%s)",
        (tenant, sorted(customers)),
    )
    return {customer: (key_id, key) for customer, key_id, key in found.fetchall()}


def of_ids(connection: Connection, key_ids: Collection[str]) -> dict[str, str]:
    """Return key_id → sealed key."""
    found = connection.execute(
        "select key_id, key from privacy.customer_key where key_id = any(%s)", (sorted(key_ids),)
    )
    return dict(found.fetchall())


def add(
    connection: Connection, tenant: str, keys: Sequence[tuple[str, str, str]], at: datetime
) -> None:
    """Store keys, as (key_id, customer, sealed), unless another process was faster."""
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into privacy.customer_key (key_id, tenant, customer, key, made_at) "
            "values (%s, %s, %s, %s, %s) on conflict (tenant, customer) do nothing",
            [(key_id, tenant, customer, sealed, at) for key_id, customer, sealed in keys],
        )


def all_(connection: Connection) -> Iterator[dict[str, Any]]:
    """Yield all keys, for the file beside a backup."""
    names = ("key_id", "tenant", "customer", "key", "made_at")
    with connection.cursor(name="customer_keys") as cursor:
        cursor.execute(f"select {', '.join(names)} from privacy.customer_key".encode())
        for row in cursor:
            yield dict(zip(names, row, strict=True))


def restore(connection: Connection, key: dict[str, Any]) -> None:
    """Store a key of such a file, if its customer is there and has none."""
    connection.execute(
        "insert into privacy.customer_key (key_id, tenant, customer, key, made_at) "
        "select %(key_id)s, %(tenant)s, %(customer)s, %(key)s, %(made_at)s "
        "where exists (select from customers.customer where tenant = %(tenant)s "
        "and customer = %(customer)s) on conflict do nothing",
        key,
    )


# ── rows of before ───────────────────────────────────────────────────────────────────────────────


def pending(connection: Connection, table: OwnTable, limit: int) -> list[dict[str, Any]]:
    """Return rows of a customer that no key of a customer has sealed, locked for the caller.

    Their cases are locked too: what is in the rows of a case changes under the lock of the case.
    """
    names = table.read
    query = sql.SQL(
        "select {columns} from {tables} where {waiting} and {of}.customer is not null "
        "limit {limit} for update of t skip locked" + _LOCK_CASE * table.of_case
    ).format(
        columns=sql.SQL(", ").join(
            sql.SQL("{}.{}").format(
                _of(table) if name in ("tenant", "customer") else sql.SQL("t"), sql.Identifier(name)
            )
            for name in names
        ),
        limit=sql.Literal(limit),
        **_waiting(table),
    )
    found = connection.execute(query).fetchall()
    return [dict(zip(names, row, strict=True)) for row in found]


_LOCK_CASE = " for no key update of c skip locked"


def count_pending(connection: Connection, table: OwnTable) -> int:
    """Count these rows."""
    query = sql.SQL(
        "select count(*) from {tables} where {waiting} and {of}.customer is not null"
    ).format(**_waiting(table))
    row = connection.execute(query).fetchone()
    return 0 if row is None else int(row[0])


def _of(table: OwnTable) -> sql.SQL:
    return sql.SQL("c" if table.of_case else "t")


def _waiting(table: OwnTable) -> dict[str, sql.Composable]:
    case = " join contacts.service_case c on c.case_id = t.case_id" * table.of_case
    return {
        "tables": sql.SQL("{} t" + case).format(sql.Identifier(*table.table.split("."))),
        "waiting": sql.SQL(table.waiting),  # literals of own_columns.py
        "of": _of(table),
    }


def write(
    connection: Connection, table: OwnTable, changed: Sequence[tuple[object, Sequence[str | None]]]
) -> None:
    """Write sealed values, as (row, values in the order of the table's)."""
    query = sql.SQL("update {table} set {values} where {row} = %s").format(
        table=sql.Identifier(*table.table.split(".")),
        values=sql.SQL(", ").join(
            sql.SQL("{} = to_jsonb(%s::text)" if name in table.json else "{} = %s").format(
                sql.Identifier(name)
            )
            for name in table.values
        ),
        row=sql.Identifier(table.row),
    )
    with connection.cursor() as cursor:
        cursor.executemany(query, [(*values, row) for row, values in changed])
