"""The registry: who and what there is, valid in time, and the consent ledger."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg

from store.postgres.pool import Connection, scalar


@dataclass(frozen=True, slots=True)
class Held:
    """What holds from one time to another (None = still): a contract or an assignment.

    subject : the vehicle or meter, as `vehicle:<id>` or `meter:<id>`.
    """

    subject: str
    valid_from: datetime
    valid_to: datetime | None


@dataclass(frozen=True, slots=True)
class MeterRow:
    """timezone : None = the tenant's."""

    timezone: str | None
    interval_s: int
    register_digits: int


@dataclass(frozen=True, slots=True)
class DeviceRow:
    """A registered device; timezone is its tenant's."""

    device_id: int
    tenant: str
    device: str
    kind: str
    dialect: str
    address: str
    timezone: str


def version(connection: Connection) -> int:
    """The version of registry and consents; any change raises it."""
    return int(scalar(connection, "select version from customers.version"))


def bump(connection: Connection) -> None:
    """Tell everyone who holds a snapshot that it is no longer true."""
    connection.execute("update customers.version set version = version + 1")


_SUBJECT = "case when vehicle is null then 'meter:' || meter else 'vehicle:' || vehicle end"


def contracts(connection: Connection) -> dict[tuple[str, str], list[tuple[str, Held]]]:
    """(tenant, subject) → who (a customer) had it covered, and when."""
    found: dict[tuple[str, str], list[tuple[str, Held]]] = defaultdict(list)
    for tenant, customer, subject, start, end in connection.execute(
        f"select tenant, customer, {_SUBJECT}, valid_from, valid_to from customers.contract"
    ):
        found[(tenant, subject)].append((customer, Held(subject, start, end)))
    return found


def assignments(connection: Connection) -> dict[int, list[Held]]:
    """Device id → in which vehicle or meter it sat, and when."""
    found: dict[int, list[Held]] = defaultdict(list)
    for device_id, subject, start, end in connection.execute(
        f"select device_id, {_SUBJECT}, valid_from, valid_to from customers.assignment"
    ):
        found[device_id].append(Held(subject, start, end))
    return found


def meters(connection: Connection) -> dict[tuple[str, str], MeterRow]:
    """(tenant, meter) → its time zone, grid and digits."""
    return {
        (row[0], row[1]): MeterRow(*row[2:])
        for row in connection.execute(
            "select tenant, meter, timezone, interval_s, register_digits from customers.meter"
        )
    }


def devices(connection: Connection) -> list[DeviceRow]:
    """All registered devices."""
    rows = connection.execute(
        "select d.device_id, d.tenant, d.device, d.kind, d.dialect, d.address, t.timezone "
        "from customers.device d join customers.tenant t using (tenant) order by 1"
    )
    return [DeviceRow(*row) for row in rows.fetchall()]


# Of each purpose the decision taken last counts, however late it was recorded, and of two at one
# instant the withdrawal. {} takes a condition.
_IN_FORCE = (
    "select distinct on (tenant, customer, purpose) tenant, customer, purpose, state, consent_id "
    "from customers.consent {} "
    "order by tenant, customer, purpose, decided_at desc, state desc, consent_id desc"
)


def granted(connection: Connection) -> dict[tuple[str, str], frozenset[str]]:
    """Purposes granted now, by (tenant, customer)."""
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    for tenant, customer, purpose, state, _ in connection.execute(_IN_FORCE.format("").encode()):
        if state == "granted":
            found[(tenant, customer)].add(purpose)
    return {key: frozenset(purposes) for key, purposes in found.items()}


def granted_to(
    connection: Connection, customers: Sequence[tuple[str, str]]
) -> dict[tuple[str, str], dict[str, int]]:
    """For each (tenant, customer): purposes granted now → the consent_id that grants it."""
    found: dict[tuple[str, str], dict[str, int]] = {key: {} for key in customers}
    query = _IN_FORCE.format(
        "where (tenant, customer) in (select * from unnest(%s::text[], %s::text[]))"
    )
    for tenant, customer, purpose, state, consent_id in connection.execute(
        query.encode(), _columns(customers)
    ):
        if state == "granted":
            found[(tenant, customer)][purpose] = consent_id
    return found


def granted_of(connection: Connection, tenant: str, customer: str) -> dict[str, int]:
    """Purposes that one customer grants now → the consent_id that grants it."""
    return granted_to(connection, [(tenant, customer)])[(tenant, customer)]


# Table → (key columns, all columns). The order is the order of the references between them.
_TABLES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "tenant": (("tenant",), ("tenant", "name", "timezone")),
    "customer": (("tenant", "customer"), ("tenant", "customer", "name", "language")),
    "vehicle": (("tenant", "vehicle"), ("tenant", "vehicle", "name")),
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
    "device": (("tenant", "device"), ("tenant", "device", "kind", "dialect", "address")),
}


class Refused(Exception):
    """The registry's own rules (references, checks) refuse a row; the message says which."""


@contextmanager
def _refusing() -> Iterator[None]:
    try:
        yield
    except psycopg.IntegrityError as error:
        diagnosis = error.diag
        raise Refused(
            f"{diagnosis.message_primary} {diagnosis.message_detail or ''}".strip()
        ) from error


def upsert(connection: Connection, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows of the registry, in the caller's transaction; an existing key is updated."""
    keys, columns = _TABLES[table]
    rest = [column for column in columns if column not in keys]
    sets = ", ".join(f"{column} = excluded.{column}" for column in rest)
    marks = ", ".join(f"%({column})s" for column in columns)
    with _refusing(), connection.cursor() as cursor:
        cursor.executemany(
            f"insert into customers.{table} ({', '.join(columns)}) values ({marks}) "
            f"on conflict ({', '.join(keys)}) do update set {sets}",
            list(rows),
        )


def set_addresses(
    connection: Connection, rows: Sequence[Mapping[str, Any]], kinds: Sequence[str]
) -> None:
    """Replace the addresses of customers: each row has tenant, customer and a value (or None) of
    each kind."""
    with _refusing(), connection.cursor() as cursor:
        for kind in kinds:
            cursor.executemany(
                "delete from customers.address where tenant = %(tenant)s "
                "and customer = %(customer)s and kind = %(kind)s",
                [{**row, "kind": kind} for row in rows],
            )
            cursor.executemany(
                "insert into customers.address (tenant, customer, kind, value) "
                "values (%(tenant)s, %(customer)s, %(kind)s, %(value)s)",
                [{**row, "kind": kind, "value": row[kind]} for row in rows if row.get(kind)],
            )


def assign(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write assignments of devices; the same beginning again updates its end."""
    with _refusing(), connection.cursor() as cursor:
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


def decide(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Append decisions to the consent ledger. A decision that is recorded already is left out."""
    with _refusing(), connection.cursor() as cursor:
        cursor.executemany(
            "insert into customers.consent (tenant, customer, purpose, state, legal_basis, "
            "notice_version, source, decided_at, recorded_at) "
            "select %(tenant)s, %(customer)s, %(purpose)s, %(state)s, %(legal_basis)s, "
            "%(notice_version)s, %(source)s, %(at)s, %(recorded_at)s where not exists ("
            "select 1 from customers.consent where tenant = %(tenant)s "
            "and customer = %(customer)s and purpose = %(purpose)s and state = %(state)s "
            "and source = %(source)s and decided_at = %(at)s)",
            list(rows),
        )


def changed_kinds(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Devices among `rows` (tenant, id, kind) that are registered as another kind."""
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


def overlapping_assignments(connection: Connection) -> list[tuple[str, str]]:
    """Devices (tenant, name) that would sit in two places at once."""
    rows = connection.execute(
        "select distinct d.tenant, d.device from customers.assignment a "
        "join customers.assignment b on a.device_id = b.device_id and a.valid_from < b.valid_from "
        "and (a.valid_to is null or a.valid_to > b.valid_from) "
        "join customers.device d on d.device_id = a.device_id order by 1, 2"
    )
    return [(row[0], row[1]) for row in rows.fetchall()]


def consents_of(connection: Connection, tenant: str, customer: str) -> list[dict[str, Any]]:
    """A customer's whole consent ledger, oldest first."""
    names = (
        "purpose",
        "state",
        "legal_basis",
        "notice_version",
        "source",
        "decided_at",
        "recorded_at",
    )
    rows = connection.execute(
        f"select {', '.join(names)} from customers.consent "
        "where tenant = %s and customer = %s order by consent_id",
        (tenant, customer),
    )
    return [dict(zip(names, row, strict=True)) for row in rows.fetchall()]


def customer_exists(connection: Connection, tenant: str, customer: str) -> bool:
    """True where the registry knows the customer."""
    return bool(
        scalar(
            connection,
            "select exists (select 1 from customers.customer where tenant = %s and customer = %s)",
            (tenant, customer),
        )
    )


def tenants(connection: Connection) -> list[str]:
    """All tenants."""
    return [row[0] for row in connection.execute("select tenant from customers.tenant order by 1")]


def _columns(pairs: Sequence[tuple[str, str]]) -> tuple[list[str], list[str]]:
    return [first for first, _ in pairs], [second for _, second in pairs]


@dataclass(frozen=True, slots=True)
class Person:
    """A customer as messages need them; timezone is the tenant's.

    addresses : kind (contracts.channels) → address.
    """

    tenant: str
    customer: str
    name: str
    language: str
    addresses: dict[str, str]
    timezone: str


def persons(
    connection: Connection, customers: Sequence[tuple[str, str]]
) -> dict[tuple[str, str], Person]:
    """The customers among (tenant, customer) that the registry knows."""
    rows = connection.execute(
        "select c.tenant, c.customer, c.name, c.language, coalesce((select "
        "jsonb_object_agg(a.kind, a.value) from customers.address a where a.tenant = c.tenant "
        "and a.customer = c.customer), '{}'::jsonb), t.timezone "
        "from customers.customer c join customers.tenant t using (tenant) "
        "where (c.tenant, c.customer) in (select * from unnest(%s::text[], %s::text[]))",
        _columns(customers),
    )
    return {(row[0], row[1]): Person(*row) for row in rows.fetchall()}


def person(connection: Connection, tenant: str, customer: str) -> Person | None:
    """One customer; None where the registry does not know them."""
    return persons(connection, [(tenant, customer)]).get((tenant, customer))


def holders_at(
    connection: Connection, asked: Sequence[tuple[str, str, datetime]]
) -> list[tuple[str, str | None] | None]:
    """Who held (tenant, subject) at a time: (customer, contract), None where nobody did.

    subject : vehicle:<id> or meter:<id>; where contracts overlap, the one that began last holds.
    customer:<id> holds itself, without a contract.
    """
    found: list[tuple[str, str | None] | None] = [None] * len(asked)
    for position, customer, contract in connection.execute(
        "select a.position, held.customer, held.contract "
        "from unnest(%s::text[], %s::text[], %s::timestamptz[]) "
        "with ordinality as a (tenant, subject, at, position) "
        "join lateral (select c.customer, c.contract from customers.contract c "
        "where c.tenant = a.tenant and (c.vehicle = substr(a.subject, 9) "
        "and a.subject like 'vehicle:%%' or c.meter = substr(a.subject, 7) "
        "and a.subject like 'meter:%%') and c.valid_from <= a.at "
        "and a.at < coalesce(c.valid_to, 'infinity') "
        "order by c.valid_from desc, c.contract desc limit 1) as held on true "
        "union all select a.position, c.customer, null "
        "from unnest(%s::text[], %s::text[]) with ordinality as a (tenant, subject, position) "
        "join customers.customer c on c.tenant = a.tenant "
        "and c.customer = substr(a.subject, 10) and a.subject like 'customer:%%'",
        (
            [tenant for tenant, _, _ in asked],
            [subject for _, subject, _ in asked],
            [at for _, _, at in asked],
            [tenant for tenant, _, _ in asked],
            [subject for _, subject, _ in asked],
        ),
    ).fetchall():
        found[position - 1] = (customer, contract)
    return found


def holder_at(
    connection: Connection, tenant: str, subject: str, at: datetime
) -> tuple[str, str | None] | None:
    """Who held one subject at a time; see `holders_at`."""
    return holders_at(connection, [(tenant, subject, at)])[0]


def subject_names(
    connection: Connection, subjects: Sequence[tuple[str, str]]
) -> dict[tuple[str, str], str]:
    """(tenant, subject) → how people call it: a vehicle's name, a meter's number (else its id)."""
    rows = connection.execute(
        "select tenant, 'vehicle:' || vehicle, name from customers.vehicle "
        "where (tenant, vehicle) in (select t, substr(s, 9) from unnest(%s::text[], %s::text[]) "
        "as a (t, s) where s like 'vehicle:%%') "
        "union all select tenant, 'meter:' || meter, coalesce(number, meter) from customers.meter "
        "where (tenant, meter) in (select t, substr(s, 7) from unnest(%s::text[], %s::text[]) "
        "as a (t, s) where s like 'meter:%%')",
        (*_columns(subjects), *_columns(subjects)),
    )
    return {(tenant, subject): name for tenant, subject, name in rows.fetchall()}
