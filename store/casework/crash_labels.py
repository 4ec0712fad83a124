"""What was said about noticed crashes, one row for each case (migration 0066)."""

from typing import Any

from store.postgres import rows
from store.postgres.pool import Connection
from store.postgres.times import from_us


def put(
    connection: Connection,
    tenant: str,
    case_id: str,
    label: str,
    cause: str | None,
    by: str,
    now_us: int,
) -> None:
    """Store the label of a case; the same one again changes nothing."""
    connection.execute(
        "insert into contacts.crash_label as l (case_id, tenant, label, cause, said_by, said_at) "
        "values (%s, %s, %s, %s, %s, %s) on conflict (case_id) do update set "
        "label = excluded.label, cause = excluded.cause, said_by = excluded.said_by, "
        "said_at = excluded.said_at "
        "where (l.label, l.cause) is distinct from (excluded.label, excluded.cause)",
        (case_id, tenant, label, cause, by, from_us(now_us)),
    )


def remove(connection: Connection, case_id: str, by: str, now_us: int) -> None:
    """Take the label of a case back; the row says by whom."""
    connection.execute(
        "update contacts.crash_label set label = null, cause = null, said_by = %s, said_at = %s "
        "where case_id = %s and label is not null",
        (by, from_us(now_us), case_id),
    )


def get(connection: Connection, tenant: str, case_id: str) -> dict[str, Any] | None:
    """Return label, cause and since when."""
    return rows.one(
        connection,
        "select label, cause, said_at from contacts.crash_label "
        "where tenant = %s and case_id = %s and label is not null",
        (tenant, case_id),
    )


def list_(connection: Connection, tenant: str, before_s: int, after_s: int) -> list[dict[str, Any]]:
    """Return all labels of a tenant with their recordings, oldest first.

    at : of the impact; recorded_from, recorded_until : around it, in seconds; signal : with
    severity, peak and change of speed, as of its newest revision.
    """
    return rows.all_(
        connection,
        "select l.case_id, c.customer, l.label, l.cause, l.said_at, s.id as signal, s.revision, "
        "d.device_id, d.device, s.time as at, s.time - make_interval(secs => %s) as recorded_from, "
        "s.time + make_interval(secs => %s) as recorded_until, s.data "
        "from contacts.crash_label l join contacts.service_case c using (case_id) "
        "cross join lateral (select * from pipeline.signal s where s.tenant = l.tenant "
        "and s.id = c.signal_id order by s.revision desc limit 1) s "
        "join customers.device d on d.device_id = s.device_id "
        "where l.tenant = %s and l.label is not null order by s.time, l.case_id",
        (before_s, after_s, tenant),
    )
