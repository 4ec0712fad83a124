"""Identity in two times: who it was at a time, as we knew it at another; and its corrections.

`customers.contract`, `assignment` and `driver` have what we know now, their `_past` what we knew
before (migration 0028). The database keeps the past; nobody can change a row and forget it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import psycopg

from store.people.registry import refusing
from store.postgres.pool import Connection, scalar


@dataclass(frozen=True, slots=True)
class AsOf:
    """Whose a device's data were at a time, as it was known at another time.

    subject : vehicle:<id> or meter:<id>, None = the device was nowhere; contract, customer : None
    where no contract covered it; relation, driver : who drove it, as it was said (unknown, None
    where nobody has said).
    """

    subject: str | None
    contract: str | None
    customer: str | None
    relation: str
    driver: str | None


@dataclass(frozen=True, slots=True)
class Row:
    """A period of a device in a vehicle or meter (subject), or of a driver of a vehicle.

    value : the subject; or relation, customer and source.
    """

    valid_from: datetime
    valid_to: datetime | None
    value: tuple[str | None, ...]


def _known(table: str) -> str:
    """Return a subquery of the rows of a table that were known at %(known)s."""
    return (
        f"(select to_jsonb(n) as r, n.valid_from, n.valid_to from customers.{table} n "
        f"where {{where}} and n.recorded_from <= %(known)s "
        f"union all select to_jsonb(n), n.valid_from, n.valid_to from customers.{table}_past n "
        f"where {{where}} and n.recorded_from <= %(known)s and n.recorded_to > %(known)s)"
    )


_VALID = "k.valid_from <= %(at)s and (k.valid_to is null or k.valid_to > %(at)s)"
_SUBJECT = "coalesce('vehicle:' || (k.r ->> 'vehicle'), 'meter:' || (k.r ->> 'meter'))"


def as_of(
    connection: Connection, tenant: str, device: str, at: datetime, known: datetime
) -> AsOf | None:
    """Return whose a device's data of `at` were, as we knew it at `known`; None = no such device.

    "As it was" has known = now, "as we knew it" has an earlier one. Of contracts that overlap the
    one that began last counts (customer_context.identity.holders).
    """
    times = {"at": at, "known": known, "tenant": tenant}
    device_id = scalar(
        connection,
        "select device_id from customers.device where tenant = %s and device = %s",
        (tenant, device),
    )
    if device_id is None:
        return None
    assigned = _known("assignment").format(where="n.device_id = %(device)s")
    subject = scalar(
        connection,
        f"select {_SUBJECT} from {assigned} as k where {_VALID}",
        {**times, "device": device_id},
    )
    if subject is None:
        return AsOf(None, None, None, "unknown", None)
    kind, _, name = subject.partition(":")
    of_subject = {**times, "name": name}
    covering = _known("contract").format(where=f"n.tenant = %(tenant)s and n.{kind} = %(name)s")
    contract, customer = connection.execute(
        f"select k.r ->> 'contract', k.r ->> 'customer' from {covering} as k where {_VALID} "
        "order by k.valid_from desc, k.r ->> 'contract' desc limit 1",
        of_subject,
    ).fetchone() or (None, None)
    relation, driver = "unknown", None
    if kind == "vehicle":
        driven = _known("driver").format(where="n.tenant = %(tenant)s and n.vehicle = %(name)s")
        relation, driver = connection.execute(
            f"select k.r ->> 'relation', k.r ->> 'customer' from {driven} as k where {_VALID}",
            of_subject,
        ).fetchone() or (relation, driver)
    return AsOf(subject, contract, customer, relation, driver)


def lock_device(connection: Connection, tenant: str, device: str) -> int | None:
    """Lock a device for the caller's transaction; return its number, None = there is none."""
    _lock(connection, f"{tenant}/{device}")
    number: int | None = scalar(
        connection,
        "select device_id from customers.device where tenant = %s and device = %s",
        (tenant, device),
    )
    return number


def _lock(connection: Connection, name: str) -> None:
    """Let no other transaction correct the same: the API may not lock rows of these tables."""
    connection.execute("select pg_advisory_xact_lock(hashtextextended(%s, 7261039))", (name,))


def assignments_of(connection: Connection, device_id: int) -> list[Row]:
    """Return where a device was, as we know it now, ascending."""
    rows = connection.execute(
        "select valid_from, valid_to, coalesce('vehicle:' || vehicle, 'meter:' || meter) "
        "from customers.assignment where device_id = %s order by 1",
        (device_id,),
    )
    return [Row(start, end, (subject,)) for start, end, subject in rows.fetchall()]


def assignments_by_device(
    connection: Connection, tenant: str, devices: Sequence[str]
) -> dict[str, list[Row]]:
    """Return device → where it was, ascending; only devices with an assignment."""
    found: dict[str, list[Row]] = {}
    for device, start, end, subject in connection.execute(
        "select d.device, a.valid_from, a.valid_to, "
        "coalesce('vehicle:' || a.vehicle, 'meter:' || a.meter) from customers.device d "
        "join customers.assignment a using (device_id) where d.tenant = %s and d.device = any(%s) "
        "order by 1, 2",
        (tenant, list(devices)),
    ):
        found.setdefault(device, []).append(Row(start, end, (subject,)))
    return found


def drivers_of(connection: Connection, tenant: str, vehicle: str) -> list[Row]:
    """Return who drove a vehicle, as we know it now, ascending."""
    rows = connection.execute(
        "select valid_from, valid_to, relation, customer, source from customers.driver "
        "where tenant = %s and vehicle = %s order by 1",
        (tenant, vehicle),
    )
    return [Row(row[0], row[1], tuple(row[2:])) for row in rows.fetchall()]


def lock_vehicle(connection: Connection, tenant: str, vehicle: str) -> bool:
    """Lock a vehicle for the caller's transaction; return False where there is none."""
    _lock(connection, f"{tenant}/vehicle:{vehicle}")
    return bool(
        connection.execute(
            "select 1 from customers.vehicle where tenant = %s and vehicle = %s",
            (tenant, vehicle),
        ).fetchone()
    )


def replace_assignments(
    connection: Connection,
    tenant: str,
    device_id: int,
    removed: Sequence[Row],
    added: Sequence[Row],
) -> None:
    """Replace periods of a device. Raises `Refused`."""
    with refusing(), connection.cursor() as cursor:
        cursor.executemany(
            "delete from customers.assignment where device_id = %s and valid_from = %s",
            [(device_id, row.valid_from) for row in removed],
        )
        cursor.executemany(
            "insert into customers.assignment (device_id, tenant, vehicle, meter, valid_from, "
            "valid_to) values (%s, %s, %s, %s, %s, %s)",
            [
                (device_id, tenant, *_columns(row.value[0]), row.valid_from, row.valid_to)
                for row in added
            ],
        )
        connection.execute("set constraints customers.assignment_in_one_place immediate")


def _columns(subject: str | None) -> tuple[str | None, str | None]:
    kind, _, name = (subject or "").partition(":")
    return (name, None) if kind == "vehicle" else (None, name)


def replace_drivers(
    connection: Connection,
    tenant: str,
    vehicle: str,
    removed: Sequence[Row],
    added: Sequence[Row],
) -> None:
    """Replace periods of a vehicle's drivers. Raises `Refused`."""
    with refusing(), connection.cursor() as cursor:
        cursor.executemany(
            "delete from customers.driver where tenant = %s and vehicle = %s and valid_from = %s",
            [(tenant, vehicle, row.valid_from) for row in removed],
        )
        cursor.executemany(
            "insert into customers.driver (tenant, vehicle, valid_from, valid_to, relation, "
            "customer, source) values (%s, %s, %s, %s, %s, %s, %s)",
            [(tenant, vehicle, row.valid_from, row.valid_to, *row.value) for row in added],
        )
        connection.execute("set constraints customers.driver_one_at_a_time immediate")


class TwoPlaces(Exception):
    """A device would be in two places at once."""

    def __init__(self, tenant: str, device: str) -> None:
        super().__init__(f"device {device!r} of {tenant!r} would be in two places at once")
        self.tenant, self.device = tenant, device


def check_one_place(connection: Connection) -> None:
    """Check now what the transaction's end would. Raises `TwoPlaces`; the transaction goes on."""
    try:
        with connection.transaction():
            connection.execute("set constraints customers.assignment_in_one_place immediate")
    except psycopg.errors.ExclusionViolation:
        found = connection.execute(
            "select d.tenant, d.device from customers.assignment a join customers.assignment b "
            "on a.device_id = b.device_id and a.valid_from < b.valid_from "
            "and (a.valid_to is null or a.valid_to > b.valid_from) "
            "join customers.device d on d.device_id = a.device_id order by 1, 2 limit 1"
        ).fetchone()
        tenant, device = found or ("", "")
        raise TwoPlaces(tenant, device) from None
