"""Decisions whether trips and events count in the score; the first trip of each fingerprint."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from store.postgres import rows
from store.postgres.pool import Connection

_COLUMNS = (
    "counting_id, customer, device_id, at, event, severity, duration_s, counts, reason, case_id, "
    "decided_by, decided_at"
)


def put(
    connection: Connection,
    tenant: str,
    customer: str,
    device_id: int,
    at: datetime,
    event: tuple[str, int, float] | None,
    counts: bool,
    reason: str,
    case_id: str | None,
    decided_by: str,
    decided_at: datetime,
) -> int:
    """Add a decision; return its number. event : kind, severity, seconds; None = the whole trip."""
    kind, severity, duration_s = event or (None, None, None)
    row = connection.execute(
        "insert into contacts.trip_counting (tenant, customer, device_id, at, event, severity, "
        "duration_s, counts, reason, case_id, decided_by, decided_at) "
        "values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) returning counting_id",
        (
            tenant, customer, device_id, at, kind, severity, duration_s, counts, reason, case_id,
            decided_by, decided_at,
        ),
    ).fetchone()  # fmt: skip
    assert row is not None
    return int(row[0])


def of_devices(
    connection: Connection, tenant: str, devices: Sequence[int], until: datetime | None = None
) -> list[dict[str, Any]]:
    """Return the decisions about trips of devices, in the order in which they were made.

    until : only those made by then.
    """
    if not devices:
        return []
    return rows.all_(
        connection,
        f"select {_COLUMNS} from contacts.trip_counting where tenant = %s "
        "and device_id = any(%s) and decided_at <= coalesce(%s::timestamptz, 'infinity') "
        "order by counting_id",
        (tenant, list(devices), until),
    )


def first_print(
    connection: Connection,
    tenant: str,
    fingerprint: bytes,
    device_id: int,
    start_at: datetime,
    now: datetime,
) -> bool:
    """Record a trip's fingerprint; return False where another trip had the same before.

    Of two at once, the second waits for the first one's transaction.
    """
    added = connection.execute(
        "insert into contacts.trip_print (tenant, print, device_id, start_at, recorded_at) "
        "values (%s, %s, %s, %s, %s) on conflict do nothing",
        (tenant, fingerprint, device_id, start_at, now),
    )
    if added.rowcount:
        return True
    row = connection.execute(
        "select device_id, start_at from contacts.trip_print where tenant = %s and print = %s",
        (tenant, fingerprint),
    ).fetchone()
    return row is not None and (int(row[0]), row[1]) == (device_id, start_at)


def with_prints(connection: Connection, devices: Sequence[int]) -> set[int]:
    """Return those of the devices of which a fingerprint is recorded."""
    found = connection.execute(
        "select d.id from unnest(%s::bigint[]) as d (id) where exists "
        "(select from contacts.trip_print p where p.device_id = d.id)",
        (list(devices),),
    )
    return {int(row[0]) for row in found.fetchall()}
