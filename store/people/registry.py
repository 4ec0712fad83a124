"""The registry: tenants, contracts, meters, devices and assignments, valid in time."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg import Cursor
from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb

from store.postgres.pool import Connection, scalar
from store.postgres.rows import all_


@dataclass(frozen=True, slots=True)
class Holding:
    """A contract or an assignment, valid in [valid_from, valid_to); valid_to None = still valid.

    subject : the vehicle or meter, as `vehicle:<id>` or `meter:<id>`.
    """

    subject: str
    valid_from: datetime
    valid_to: datetime | None


@dataclass(frozen=True, slots=True)
class MeterRow:
    """A meter. timezone : None = the tenant's."""

    timezone: str | None
    interval_s: int
    register_digits: int


@dataclass(frozen=True, slots=True)
class DeviceRow:
    """A registered device.

    timezone : its tenant's. mapping : which names of its bodies are meant.
    """

    device_id: int
    tenant: str
    device: str
    kind: str
    dialect: str
    address: str
    mapping: Mapping[str, str]
    timezone: str


def version(connection: Connection) -> int:
    """Return the version of registry and consents; any change raises it."""
    return int(scalar(connection, "select version from customers.version"))


def bump(connection: Connection) -> None:
    """Raise the version, so that every cached snapshot is reloaded."""
    connection.execute("update customers.version set version = version + 1")


def tenants(connection: Connection) -> list[str]:
    """Return all tenants."""
    return [row[0] for row in connection.execute("select tenant from customers.tenant order by 1")]


def known_tenants(connection: Connection) -> list[str]:
    """Return all tenants, also where the connection's scope is none of them."""
    return [row[0] for row in connection.execute("select customers.tenants()")]


_SUBJECT = "case when vehicle is null then 'meter:' || meter else 'vehicle:' || vehicle end"


def contracts(
    connection: Connection, device_ids: Sequence[int] | None = None
) -> dict[tuple[str, str], list[tuple[str, Holding]]]:
    """Return (tenant, subject) → customers whose contracts cover it, and when.

    device_ids : only of vehicles and meters to which these devices are, or were, assigned.
    """
    found: dict[tuple[str, str], list[tuple[str, Holding]]] = defaultdict(list)
    all_ = f"select tenant, customer, {_SUBJECT}, valid_from, valid_to from customers.contract"
    some = (
        "with assigned as (select distinct tenant, vehicle, meter from customers.assignment "
        f"where device_id = any(%(ids)s)) {all_} where contract is not null and ({{which}})"
    )
    queries = [all_]
    if device_ids is not None:
        queries = [
            some.format(
                which=f"{column} is not null and (tenant, {column}) in "
                f"(select tenant, {column} from assigned)"
            )
            for column in ("vehicle", "meter")
        ]
    for query in queries:
        for tenant, customer, subject, start, end in connection.execute(
            query.encode(), None if device_ids is None else {"ids": list(device_ids)}
        ):
            found[(tenant, subject)].append((customer, Holding(subject, start, end)))
    return found


def assignments(
    connection: Connection, device_ids: Sequence[int] | None = None
) -> dict[int, list[Holding]]:
    """Return device id → the vehicles or meters that it was assigned to, and when.

    device_ids : only of these.
    """
    found: dict[int, list[Holding]] = defaultdict(list)
    query = f"select device_id, {_SUBJECT}, valid_from, valid_to from customers.assignment"
    for device_id, subject, start, end in _of_devices(connection, query, device_ids):
        found[device_id].append(Holding(subject, start, end))
    return found


def _of_devices(
    connection: Connection, query: str, device_ids: Sequence[int] | None, order: str = ""
) -> Cursor[TupleRow]:
    """Run a query over all devices, or over these only."""
    if device_ids is None:
        return connection.execute(f"{query} {order}".encode())
    return connection.execute(
        f"{query} where device_id = any(%s) {order}".encode(), (list(device_ids),)
    )


def meters(
    connection: Connection, device_ids: Sequence[int] | None = None
) -> dict[tuple[str, str], MeterRow]:
    """Return (tenant, meter) → its time zone, interval and digits.

    device_ids : only of meters to which these devices are, or were, assigned.
    """
    query = "select tenant, meter, timezone, interval_s, register_digits from customers.meter"
    if device_ids is not None:
        query += (
            " where (tenant, meter) in (select tenant, meter from customers.assignment "
            "where device_id = any(%s) and meter is not null)"
        )
    rows = connection.execute(query.encode(), None if device_ids is None else (list(device_ids),))
    return {(row[0], row[1]): MeterRow(*row[2:]) for row in rows.fetchall()}


def is_registered(connection: Connection, dialect: str, address: str) -> bool:
    """Return whether a device has this address."""
    return bool(
        scalar(
            connection,
            "select exists (select from customers.device where dialect = %s and address = %s)",
            (dialect, address),
        )
    )


def devices(connection: Connection, device_ids: Sequence[int] | None = None) -> list[DeviceRow]:
    """Return all registered devices, or these."""
    query = (
        "select d.device_id, d.tenant, d.device, d.kind, d.dialect, d.address, "
        "d.mapping, t.timezone "
        "from customers.device d join customers.tenant t using (tenant)"
    )
    found = _of_devices(connection, query, device_ids, "order by 1")
    return [DeviceRow(*row) for row in found.fetchall()]


# Table → (key columns, all columns). A table comes after those that it references.
_TABLES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "tenant": (("tenant",), ("tenant", "name", "timezone")),
    "customer": (
        ("tenant", "customer"),
        ("tenant", "customer", "name", "language", "kind", "birth_date"),
    ),
    "vehicle": (("tenant", "vehicle"), ("tenant", "vehicle", "name", "plate")),
    "meter": (
        ("tenant", "meter"),
        ("tenant", "meter", "number", "interval_s", "timezone", "register_digits"),
    ),
    "contract": (
        ("tenant", "contract"),
        (
            "tenant",
            "contract",
            "customer",
            "kind",
            "vehicle",
            "meter",
            "valid_from",
            "valid_to",
        ),
    ),
    "device": (("tenant", "device"), ("tenant", "device", "kind", "dialect", "address", "mapping")),
}


class Refused(Exception):
    """The registry's own rules (references, checks) refuse a row; the message says which."""


@contextmanager
def refusing() -> Iterator[None]:
    try:
        yield
    except psycopg.IntegrityError as error:
        diagnosis = error.diag
        raise Refused(
            f"{diagnosis.message_primary} {diagnosis.message_detail or ''}".strip()
        ) from error


def upsert(connection: Connection, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert or update rows of a registry table by key, in the caller's transaction."""
    keys, columns = _TABLES[table]
    rest = [column for column in columns if column not in keys]
    sets = ", ".join(f"{column} = excluded.{column}" for column in rest)
    marks = ", ".join(f"%({column})s" for column in columns)
    with refusing(), connection.cursor() as cursor:
        cursor.executemany(
            f"insert into customers.{table} ({', '.join(columns)}) values ({marks}) "
            f"on conflict ({', '.join(keys)}) do update set {sets}",
            [{name: _stored(value) for name, value in row.items()} for row in rows],
        )


def objects(
    connection: Connection, table: str, tenant: str, ids: Sequence[str]
) -> dict[str, dict[str, Any]]:
    """Return id → the row of a registry table, without its tenant."""
    columns = [name for name in _TABLES[table][1] if name != "tenant"]
    found = all_(
        connection,
        f"select {', '.join(columns)} from customers.{table} "
        f"where tenant = %s and {table} = any(%s)",
        (tenant, list(ids)),
    )
    return {row[table]: row for row in found}


def ids_after(connection: Connection, table: str, tenant: str, after: str, limit: int) -> list[str]:
    """Return the next ids of a registry table in order; of assignments the devices, of merges and
    consents the customers."""
    if table == "assignment":
        query = (
            "select d.device from customers.device d where d.tenant = %s and d.device > %s and "
            "exists (select from customers.assignment a where a.device_id = d.device_id) "
            "order by 1 limit %s"
        )
    elif table in ("merge", "consent"):
        column = "merged" if table == "merge" else "customer"
        query = (
            "select c.customer from customers.customer c where c.tenant = %s and c.customer > %s "
            f"and exists (select from customers.{table} o where o.tenant = c.tenant "
            f"and o.{column} = c.customer) order by 1 limit %s"
        )
    else:
        query = (
            f"select {table} from customers.{table} where tenant = %s and {table} > %s "
            "order by 1 limit %s"
        )
    return [row[0] for row in connection.execute(query.encode(), (tenant, after, limit)).fetchall()]


def _stored(value: Any) -> Any:
    return Jsonb(value) if isinstance(value, dict) else value


def set_addresses(
    connection: Connection, rows: Sequence[Mapping[str, Any]], kinds: Sequence[str]
) -> None:
    """Replace the addresses of customers. rows : tenant, customer and a value or None by kind."""
    with refusing(), connection.cursor() as cursor:
        for kind in kinds:
            cursor.executemany(
                "delete from customers.address where tenant = %(tenant)s "
                "and customer = %(customer)s and kind = %(kind)s",
                [{**row, "kind": kind} for row in rows],
            )
            cursor.executemany(
                "insert into customers.address (tenant, customer, kind, value) "
                "values (%(tenant)s, %(customer)s, %(kind)s, %(value)s) "
                "on conflict (tenant, customer, kind) do update set value = excluded.value",
                [{**row, "kind": kind, "value": row[kind]} for row in rows if row.get(kind)],
            )


def assign(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write assignments of devices; an assignment with the same device and start is updated."""
    with refusing(), connection.cursor() as cursor:
        cursor.executemany(
            "insert into customers.assignment (device_id, tenant, vehicle, meter, valid_from, "
            "valid_to) select device_id, tenant, %(vehicle)s, %(meter)s, %(valid_from)s, "
            "%(valid_to)s from (select (select device_id from customers.device "
            "where tenant = %(tenant)s and device = %(device)s), %(tenant)s) "
            "as d (device_id, tenant) "
            "on conflict (device_id, valid_from) do update set vehicle = excluded.vehicle, "
            "meter = excluded.meter, valid_to = excluded.valid_to",
            list(rows),
        )


def changed_kinds(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the devices among `rows` (tenant, id, kind) that are registered as another kind."""
    found = connection.execute(
        "select device from customers.device d "
        "join unnest(%s::text[], %s::text[], %s::text[]) as r (tenant, device, kind) "
        "using (tenant, device) where d.kind <> r.kind order by 1",
        (
            [row["tenant"] for row in rows],
            [row["id"] for row in rows],
            [row["kind"] for row in rows],
        ),
    )
    return [row[0] for row in found.fetchall()]
