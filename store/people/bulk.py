"""Many rows of the registry at once: COPY into a temporary table, then one statement a table.

Rows that say nothing new are not written again, so that a repeated import leaves no history.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import sql
from psycopg.types.json import Jsonb

from store.people.registry import refusing
from store.postgres.pool import Connection


@dataclass(frozen=True, slots=True)
class Target:
    """A table of the registry. columns : those that are written; keys : among them.

    device : the rows name a device, whose number is written.
    """

    table: str
    keys: tuple[str, ...]
    columns: tuple[str, ...]
    device: bool = False


_VALID = ("valid_from", "valid_to")
TARGETS: Mapping[str, Target] = {
    "customers": Target(
        "customer",
        ("tenant", "customer"),
        ("tenant", "customer", "name", "language", "kind", "birth_date"),
    ),
    "vehicles": Target("vehicle", ("tenant", "vehicle"), ("tenant", "vehicle", "name", "plate")),
    "meters": Target(
        "meter",
        ("tenant", "meter"),
        ("tenant", "meter", "number", "interval_s", "timezone", "register_digits"),
    ),
    "contracts": Target(
        "contract",
        ("tenant", "contract"),
        ("tenant", "contract", "customer", "kind", "vehicle", "meter", *_VALID),
    ),
    "devices": Target(
        "device",
        ("tenant", "device"),
        ("tenant", "device", "kind", "dialect", "address", "mapping"),
    ),
    "assignments": Target(
        "assignment",
        ("device_id", "valid_from"),
        ("device_id", "tenant", "vehicle", "meter", *_VALID),
        device=True,
    ),
    "external_ids": Target(
        "external_id",
        ("tenant", "kind", "object", "system"),
        ("tenant", "kind", "object", "system", "external_id"),
    ),
}
"""Section → table; one comes after those that it refers to."""


@dataclass(frozen=True, slots=True)
class Written:
    """What became of the rows of a table."""

    created: int
    updated: int
    unchanged: int


def write(connection: Connection, section: str, rows: Sequence[Mapping[str, Any]]) -> Written:
    """Insert or update rows, each key once, in the caller's transaction. Raises `Refused`.

    rows : by the columns of the section's table; of assignments `device` in place of device_id.
    """
    target = TARGETS[section]
    staged = tuple("device" if name == "device_id" else name for name in target.columns)
    names = _names(target, staged)
    connection.execute(sql.SQL(_STAGING).format(**names))
    with refusing(), connection.cursor() as cursor:
        cursor.execute(sql.SQL("truncate {staging}").format(**names))
        with cursor.copy(sql.SQL("copy {staging} ({staged}) from stdin").format(**names)) as copy:
            for row in rows:
                copy.write_row(
                    [
                        Jsonb(value) if isinstance(value := row[name], dict) else value
                        for name in staged
                    ]
                )
        found = cursor.execute(sql.SQL(_MERGE).format(**names)).fetchone()
    created, updated = found or (0, 0)
    return Written(created, updated, len(rows) - created - updated)


_STAGING = (
    "create temp table if not exists {staging} as select {staged_of} from customers.{table} t "
    "{join} with no data"
)
_MERGE = (
    "with written as (insert into customers.{table} as t ({columns}) "
    "select {selected} from {staging} s {lookup} on conflict ({keys}) do update set {sets} "
    "where ({old}) is distinct from ({new}) returning (xmax = 0) as created) "
    "select count(*) filter (where created), count(*) filter (where not created) from written"
)


def _names(target: Target, staged: Sequence[str]) -> dict[str, sql.Composable]:
    rest = [name for name in target.columns if name not in target.keys]

    def listed(names: Sequence[str], form: str) -> sql.Composable:
        return sql.SQL(", ").join(sql.SQL(form).format(sql.Identifier(name)) for name in names)

    return {
        "table": sql.Identifier(target.table),
        "staging": sql.Identifier("pg_temp", f"staging_{target.table}"),
        "columns": listed(target.columns, "{}"),
        "staged": listed(staged, "{}"),
        "staged_of": sql.SQL(", ").join(
            sql.SQL("d.device" if name == "device" and target.device else "t.{}").format(
                sql.Identifier(name)
            )
            for name in staged
        ),
        "join": sql.SQL("join customers.device d using (device_id)" if target.device else ""),
        "selected": sql.SQL(", ").join(
            sql.SQL("d.device_id")
            if name == "device_id"
            else sql.SQL("s.{}").format(sql.Identifier(name))
            for name in target.columns
        ),
        # A device that is not there gives no number, which the table refuses.
        "lookup": sql.SQL(
            "left join customers.device d on d.tenant = s.tenant and d.device = s.device"
            if target.device
            else ""
        ),
        "keys": listed(target.keys, "{}"),
        "sets": sql.SQL(", ").join(
            sql.SQL("{0} = excluded.{0}").format(sql.Identifier(name)) for name in rest
        ),
        "old": listed(rest, "t.{}"),
        "new": listed(rest, "excluded.{}"),
    }


# ── how far an import has come ──────────────────────────────────────────────────────────────────


def rows_done(connection: Connection, digest: bytes) -> int:
    """Return how many rows of a file are written, from its beginning."""
    found = connection.execute(
        "select rows from customers.import_run where digest = %s and not finished", (digest,)
    ).fetchone()
    return 0 if found is None else int(found[0])


def note_rows(
    connection: Connection, digest: bytes, tenant: str, rows: int, *, finished: bool
) -> None:
    """Note how many rows of a file are written, in the transaction that writes them."""
    connection.execute(
        "insert into customers.import_run (digest, tenant, rows, finished) values (%s, %s, %s, %s) "
        "on conflict (digest) do update set rows = excluded.rows, finished = excluded.finished, "
        "recorded_at = excluded.recorded_at",
        (digest, tenant, rows, finished),
    )
