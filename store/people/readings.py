"""Readings of meters that people gave, their photos, and their way into the stream.

Rows never change: a correction is a row that replaces another. The newest one counts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from contracts.dialects import NATIVE
from contracts.partition import key_of, partition_of
from contracts.quality import Quality
from store.people import estimates_due
from store.postgres import rows
from store.postgres.pool import Connection, scalar

_COLUMNS = (
    "reading_id", "tenant", "meter", "customer", "contract", "read_at", "kwh", "kind", "source",
    "author",
    "entered_at", "status", "verdict", "expected_kwh", "low_kwh", "high_kwh", "confirmed", "counts",
    "replaces", "version", "reason", "case_id",
)  # fmt: skip
_LISTED = ", ".join(f"r.{name}" for name in _COLUMNS)
_NEWEST = "not exists (select from customers.entered_reading n where n.replaces = r.reading_id)"


@dataclass(frozen=True, slots=True)
class NewReading:
    """A reading before it is stored; the columns of the table."""

    reading_id: str
    tenant: str
    meter: str
    customer: str | None
    contract: str | None
    read_at: datetime
    kwh: float
    source: str
    author: str
    entered_at: datetime
    status: int
    verdict: str
    expected_kwh: float | None
    low_kwh: float | None
    high_kwh: float | None
    confirmed: bool
    counts: bool
    replaces: str | None
    version: int
    reason: str
    case_id: str | None
    key: str
    kind: str = "read"


@dataclass(frozen=True, slots=True)
class Device:
    """The device by which readings of a meter enter the stream. by_hand : only people read
    the meter."""

    device_id: int
    device: str
    by_hand: bool


def time_in_stream(at: datetime) -> datetime:
    """Return a time as a message has it, in whole milliseconds: the sample of an entered reading is
    found by it again."""
    return at.astimezone(UTC).replace(microsecond=at.microsecond // 1000 * 1000)


def put(connection: Connection, reading: NewReading) -> bool:
    """Store a reading; False where this key has entered one already.

    Estimates of the stream are settled with an accepted one.
    """
    names = NewReading.__slots__
    done = connection.execute(
        f"insert into customers.entered_reading ({', '.join(names)}) "
        f"values ({', '.join(['%s'] * len(names))}) "
        "on conflict (tenant, meter, key) do nothing".encode(),
        [getattr(reading, name) for name in names],
    )
    if done.rowcount == 1 and reading.status >= Quality.VORLAEUFIGERWERT:
        estimates_due.ask(connection, reading.tenant, reading.meter, reading.entered_at)
    return done.rowcount == 1


def by_key(connection: Connection, tenant: str, meter: str, key: str) -> dict[str, Any] | None:
    """Return the reading that a request has entered."""
    return rows.one(
        connection,
        f"select {_LISTED} from customers.entered_reading r "
        "where r.tenant = %s and r.meter = %s and r.key = %s",
        (tenant, meter, key),
    )


def get(connection: Connection, tenant: str, reading_id: str) -> dict[str, Any] | None:
    """Return one reading, also one that another replaces."""
    return rows.one(
        connection,
        f"select {_LISTED}, not {_NEWEST} as replaced from customers.entered_reading r "
        "where r.tenant = %s and r.reading_id = %s",
        (tenant, reading_id),
    )


def of_meter(
    connection: Connection,
    tenant: str,
    meter: str,
    *,
    customers: Sequence[str] | None = None,
    from_at: datetime | None = None,
    to_at: datetime | None = None,
    least: Quality = Quality.FEHLT,
    limit: int = 200,
) -> list[dict[str, Any]]:
    """Return the readings of a meter that nothing replaces, newest first.

    customers : only those of their contracts. least : status.
    """
    where = rows.Conditions(_NEWEST).add("r.tenant = %s", tenant).add("r.meter = %s", meter)
    where.add("r.customer = any(%s)", None if customers is None else list(customers))
    where.add("r.read_at >= %s", from_at).add("r.read_at < %s", to_at)
    where.add("r.status >= %s", int(least))
    return rows.all_(
        connection,
        f"select {_LISTED}, exists (select from customers.reading_photo p "
        "where p.reading_id = r.reading_id) as has_photo from customers.entered_reading r "
        f"where {where.sql} order by r.read_at desc, r.entered_at desc limit %s",
        [*where.values, limit],
    )


def device_of(connection: Connection, tenant: str, meter: str, at: datetime) -> Device | None:
    """Return the device of a meter's readings, made where only people read it; None where no
    contract covers the meter."""
    row = connection.execute(
        "select device_id, device, by_hand from customers.device_of_readings(%s, %s, %s)",
        (tenant, meter, at),
    ).fetchone()
    return None if row is None else Device(*row)


def send(
    connection: Connection,
    tenant: str,
    device: Device,
    at: datetime,
    kwh: float,
    quality: Quality,
    source: str,
    now: datetime,
    number: str | None = None,
) -> None:
    """Enter a reading into the stream, in the caller's transaction: the ledger counts it.

    number : of the meter, where an exchange is to be recognised. Call it last: the ledger's row is
    locked until the transaction ends.
    """
    of = int(scalar(connection, "select pipeline.partitions()"))
    home = partition_of(key_of(NATIVE, f"{tenant}/{device.device}"), of)
    connection.execute(
        "select pipeline.enter_reading(%s, %s, %s, %s, %s, %s, %s, %s, %s)",
        (tenant, device.device_id, home, at, kwh, int(quality), source, now, number),
    )


def withdraw(connection: Connection, tenant: str, device: Device, at: datetime) -> None:
    """Take away the register of a sample that somebody entered, before its correction is sent."""
    connection.execute(
        "select pipeline.withdraw_reading(%s, %s, %s)", (tenant, device.device_id, at)
    )


@dataclass(frozen=True, slots=True)
class NewPhoto:
    """A photo before it is stored. key : sealed; content : encrypted."""

    file_id: str
    tenant: str
    reading_id: str
    customer: str | None
    added_at: datetime
    size_bytes: int
    digest: bytes
    key: str
    content: bytes


def put_photo(connection: Connection, photo: NewPhoto) -> None:
    """Store a photo; the same one again is not stored."""
    names = NewPhoto.__slots__
    connection.execute(
        f"insert into customers.reading_photo ({', '.join(names)}) "
        f"values ({', '.join(['%s'] * len(names))}) "
        "on conflict (reading_id, digest) do nothing".encode(),
        [getattr(photo, name) for name in names],
    )


def photo_of(connection: Connection, tenant: str, reading_id: str) -> dict[str, Any] | None:
    """Return the newest photo of a reading, with its sealed key and encrypted content."""
    return rows.one(
        connection,
        "select file_id, customer, added_at, key, content from customers.reading_photo "
        "where tenant = %s and reading_id = %s order by added_at desc, file_id limit 1",
        (tenant, reading_id),
    )


def digits_of(connection: Connection, tenant: str, meter: str) -> tuple[str | None, int] | None:
    """Return a meter's number and how many whole digits it shows; None for an unknown meter."""
    row = connection.execute(
        "select number, register_digits from customers.meter where tenant = %s and meter = %s",
        (tenant, meter),
    ).fetchone()
    return None if row is None else (row[0], int(row[1]))
