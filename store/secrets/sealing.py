"""Which keys a database's secrets are sealed with, and sealing them with another one.

`reseal` works through the rows in small transactions: it can be interrupted and run again.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from psycopg import sql

from runtime.secret_box import PREFIX, KeyMissing, SecretBox, key_id_of
from store.postgres.pool import Connection, scalar
from store.postgres.times import from_us
from store.secrets.columns import COLUMNS, SealedColumn
from store.secrets.own_columns import OWN

_AT_ONCE = 100
"""Rows in one transaction."""

_CLEAR = "clear"


def may_register(connection: Connection) -> bool:
    """Return whether this login may register keys: the owner of the tables may."""
    owner = "select pg_has_role(relowner, 'usage') from pg_class where oid = %s::regclass"
    return bool(scalar(connection, owner, ("access.secret_key",)))


def registered(connection: Connection) -> list[tuple[str, datetime]]:
    """Return the ids of this database's keys and since when, newest first."""
    found = connection.execute(
        "select key_id, since from access.secret_key order by since desc, key_id"
    )
    return [(key_id, since) for key_id, since in found.fetchall()]


def register(connection: Connection, key_id: str, now_us: int) -> None:
    """Record that secrets may be sealed with this key. The caller commits."""
    connection.execute(
        "insert into access.secret_key (key_id, since) values (%s, %s) on conflict do nothing",
        (key_id, from_us(now_us)),
    )


def forget(connection: Connection, key_ids: Sequence[str]) -> None:
    """Remove keys from the register. The caller makes sure that nothing needs them."""
    connection.execute("delete from access.secret_key where key_id = any(%s)", (list(key_ids),))


def lock(connection: Connection) -> None:
    """Wait until no other transaction registers a key; holds until the caller's ends."""
    connection.execute("lock table access.secret_key in share row exclusive mode")


def counts(connection: Connection) -> dict[str, Counter[str]]:
    """Count the values of each sealed column by key id; 'clear' = not sealed."""
    found = {}
    for column in COLUMNS:
        values = connection.execute(
            sql.SQL(
                "select {value} from {table} where {value} is not null "
                "and not starts_with({value}, {own})"
            ).format(**_names(column), own=sql.Literal(OWN))
        )
        found[column.name] = Counter(key_id_of(value) or _CLEAR for (value,) in values)
    return found


def clear_values(connection: Connection) -> int:
    """Count values that are not sealed yet."""
    return sum(count[_CLEAR] for count in counts(connection).values())


def reseal(connection: Connection, box: SecretBox) -> int:
    """Seal all values with the first key that are clear or sealed with another; return how many.

    Commits by itself. Values whose key is missing stay as they are; then raises `KeyMissing` at the
    end, when all others are done. Raises `Damaged` for a value that was changed.
    """
    done, missing = 0, Counter[str]()
    for column in COLUMNS:
        done += _reseal_column(connection, box, column, missing)
        connection.commit()
        if column.constraint and not missing:
            _validate(connection, column)
            connection.commit()
    if missing:
        raise KeyMissing(
            "; ".join(f"{count} values are sealed with key {id_}" for id_, count in missing.items())
            + f", which {box.source} does not have; add it and run this again. They stay as they "
            "are; all others are sealed with the new key",
            next(iter(missing)),
        )
    return done


def _reseal_column(
    connection: Connection, box: SecretBox, column: SealedColumn, missing: Counter[str]
) -> int:
    keys = box.all_keys()
    if not keys:
        some = sql.SQL("select from {table} where {value} is not null limit 1")
        if connection.execute(some.format(**_names(column))).fetchone() is not None:
            box.seal("", "")  # raises KeyMissing with its message
        return 0
    wanted = sql.SQL(
        "select {row} from {table} where {value} is not null and not starts_with({value}, %s) "
        "and not starts_with({value}, {own})"
    ).format(**_names(column), own=sql.Literal(OWN))
    rows = [row for (row,) in connection.execute(wanted, (f"{PREFIX}{keys[0].id}:",)).fetchall()]
    done = 0
    for first in range(0, len(rows), _AT_ONCE):
        for row in rows[first : first + _AT_ONCE]:
            done += _reseal_row(connection, box, column, row, missing)
        connection.commit()
    return done


def _reseal_row(
    connection: Connection, box: SecretBox, column: SealedColumn, row: object, missing: Counter[str]
) -> bool:
    found = connection.execute(
        sql.SQL("select {value}, {owner} from {table} where {row} = %s for update").format(
            **_names(column)
        ),
        (row,),
    ).fetchone()
    if found is None or found[0] is None:
        return False  # removed in the meantime
    stored, owner = found
    bound_to = column.bound_to(owner)
    try:
        clear = box.open(stored, bound_to) if stored.startswith(PREFIX) else stored
    except KeyMissing as error:
        missing[error.key_id] += 1
        return False
    connection.execute(
        sql.SQL("update {table} set {value} = %s where {row} = %s").format(**_names(column)),
        (box.seal(clear, bound_to), row),
    )
    return True


def _validate(connection: Connection, column: SealedColumn) -> None:
    """Let the database check that no clear value is left, and never comes again."""
    pending = scalar(
        connection,
        "select exists (select from pg_constraint where conrelid = %s::regclass and conname = %s "
        "and not convalidated)",
        (column.table, column.constraint),
    )
    if pending:
        connection.execute(
            sql.SQL("alter table {table} validate constraint {constraint}").format(
                **_names(column), constraint=sql.Identifier(column.constraint)
            )
        )


def _names(column: SealedColumn) -> dict[str, sql.Identifier]:
    return {
        "table": sql.Identifier(*column.table.split(".")),
        "value": sql.Identifier(column.value),
        "row": sql.Identifier(column.row),
        "owner": sql.Identifier(column.owner),
    }
