"""The registry: who and what there is, valid in time, and the consent ledger."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg

from customer_context.consent import ConsentState
from customer_context.identity import FOREVER_US, Device, Span, holders
from store.pool import Connection, scalar
from store.times import to_us


@dataclass(frozen=True, slots=True)
class Registry:
    """A snapshot of all that ingest needs to know, true as of `version`."""

    version: int
    by_address: Mapping[tuple[str, str], Device]
    by_id: Mapping[int, Device]
    consent: ConsentState


def version(connection: Connection) -> int:
    """The version of registry and consents; any change raises it."""
    return int(scalar(connection, "select version from customers.version"))


def bump(connection: Connection) -> None:
    """Tell everyone who holds a snapshot that it is no longer true."""
    connection.execute("update customers.version set version = version + 1")


def load(connection: Connection) -> Registry:
    """Read the whole registry."""
    now_version = version(connection)
    contracts: dict[tuple[str, str], list[Span]] = defaultdict(list)
    for tenant, customer, vehicle, meter, start, end in connection.execute(
        "select tenant, customer, vehicle, meter, valid_from, valid_to from customers.contract"
    ):
        subject = f"vehicle:{vehicle}" if vehicle is not None else f"meter:{meter}"
        contracts[(tenant, subject)].append(_span(start, end, customer))
    assignments: dict[int, list[Span]] = defaultdict(list)
    for device_id, vehicle, meter, start, end in connection.execute(
        "select device_id, vehicle, meter, valid_from, valid_to from customers.assignment"
    ):
        subject = f"vehicle:{vehicle}" if vehicle is not None else f"meter:{meter}"
        assignments[device_id].append(_span(start, end, subject))
    meters = {
        (tenant, meter): (timezone, interval_s, digits)
        for tenant, meter, timezone, interval_s, digits in connection.execute(
            "select tenant, meter, timezone, interval_s, register_digits from customers.meter"
        )
    }
    by_address: dict[tuple[str, str], Device] = {}
    for device_id, tenant, name, kind, dialect, address, timezone in connection.execute(
        "select d.device_id, d.tenant, d.device, d.kind, d.dialect, d.address, t.timezone "
        "from customers.device d join customers.tenant t using (tenant)"
    ):
        spans = assignments.get(device_id, [])
        of_tenant = {span.value: tuple(contracts.get((tenant, span.value), ())) for span in spans}
        # The meter that the device reads now (the last assigned) gives its grid and time zone.
        newest = max(spans, key=lambda span: span.from_us).value if spans else ""
        meter = meters.get((tenant, newest.removeprefix("meter:")), (None, 900, 6))
        by_address[(dialect, address)] = Device(
            device_id=device_id,
            tenant=tenant,
            device=name,
            kind=kind,
            dialect=dialect,
            timezone=meter[0] or timezone,
            interval_s=float(meter[1]),
            register_digits=int(meter[2]),
            holders=holders(spans, of_tenant),
        )
    return Registry(
        version=now_version,
        by_address=by_address,
        by_id={device.device_id: device for device in by_address.values()},
        consent=ConsentState(granted(connection)),
    )


def granted(connection: Connection) -> dict[tuple[str, str], frozenset[str]]:
    """Purposes granted now, by (tenant, customer): the newest decision of each purpose counts."""
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    for tenant, customer, purpose, state in connection.execute(
        "select distinct on (tenant, customer, purpose) tenant, customer, purpose, state "
        "from customers.consent order by tenant, customer, purpose, consent_id desc"
    ):
        if state == "granted":
            found[(tenant, customer)].add(purpose)
    return {key: frozenset(purposes) for key, purposes in found.items()}


def _span(start: datetime, end: datetime | None, value: str) -> Span:
    return Span(to_us(start), FOREVER_US if end is None else to_us(end), value)


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
