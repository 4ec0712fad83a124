"""Identity in two times: who it was, and corrections of what we know.

A statement about a period overrules what was known about it, by the rule in
customer_context/identity/corrections.py; the store keeps what was known before.
"""

from collections.abc import Sequence
from datetime import datetime

from contracts.drivers import DriverSource, Relation
from customer_context.identity.corrections import Period, correct
from customer_context.identity.holders import FOREVER_US
from runtime.errors import NotAllowed, NotFound
from store.people import identity, registry
from store.people.identity import AsOf, Row
from store.people.recording import record_at
from store.postgres.pool import Connection
from store.postgres.times import from_us, to_us


class Overrules(NotAllowed):
    """A statement would overrule what is known, and does not say that it means to."""


def whose(connection: Connection, tenant: str, device: str, at: datetime, known: datetime) -> AsOf:
    """Return whose a device's data of a time were, as we knew it at another. Raises `NotFound`."""
    found = identity.as_of(connection, tenant, device, at, known)
    if found is None:
        raise NotFound(f"there is no device {device!r}")
    return found


def correct_assignment(
    connection: Connection,
    tenant: str,
    device: str,
    subject: str | None,
    valid_from: datetime,
    valid_to: datetime | None,
    now_us: int,
    *,
    overrule: bool = True,
) -> bool:
    """Say where a device was in a period; return whether that was new.

    subject : vehicle:<id> or meter:<id>; None = it was nowhere. overrule : also where something
    else is known about the period. Raises `NotFound` where there is no such device, `Overrules`,
    `registry.Refused` where there is no such vehicle or meter.
    """
    device_id = identity.lock_device(connection, tenant, device)
    if device_id is None:
        raise NotFound(f"there is no device {device!r}")
    said = None if subject is None else (subject,)
    removed, added = _correction(
        identity.assignments_of(connection, device_id), valid_from, valid_to, said
    )
    if not removed and not added:
        return False
    if not overrule and any(row.value != said for row in removed):
        raise Overrules(
            "another assignment of the device is known for this period; end that one first, or "
            "send this one as a correction"
        )
    record_at(connection, now_us)
    identity.replace_assignments(connection, tenant, device_id, removed, added)
    registry.bump(connection)
    return True


def say_driver(
    connection: Connection,
    tenant: str,
    vehicle: str,
    relation: Relation,
    customer: str | None,
    source: DriverSource,
    valid_from: datetime,
    valid_to: datetime | None,
    now_us: int,
) -> bool:
    """Say who drove a vehicle in a period; return whether that was new.

    Raises `NotFound` where there is no such vehicle, `registry.Refused` for no such customer.
    """
    if not identity.lock_vehicle(connection, tenant, vehicle):
        raise NotFound(f"there is no vehicle {vehicle!r}")
    removed, added = _correction(
        identity.drivers_of(connection, tenant, vehicle),
        valid_from,
        valid_to,
        (str(relation), customer, str(source)),
    )
    if not removed and not added:
        return False
    record_at(connection, now_us)
    identity.replace_drivers(connection, tenant, vehicle, removed, added)
    return True


def _correction(
    known: Sequence[Row],
    valid_from: datetime,
    valid_to: datetime | None,
    value: tuple[str | None, ...] | None,
) -> tuple[list[Row], list[Row]]:
    found = correct(
        [Period(to_us(row.valid_from), _end_us(row.valid_to), row.value) for row in known],
        to_us(valid_from),
        _end_us(valid_to),
        value,
    )
    return [_row(period) for period in found.removed], [_row(period) for period in found.added]


def _end_us(end: datetime | None) -> int:
    return FOREVER_US if end is None else to_us(end)


def _row(period: Period[tuple[str | None, ...]]) -> Row:
    end = None if period.to_us == FOREVER_US else from_us(period.to_us)
    return Row(from_us(period.from_us), end, period.value)
