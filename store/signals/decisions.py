"""Decisions on signals with their reasons, also where nothing was sent."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from store.postgres import rows
from store.postgres.pool import Connection
from store.postgres.times import from_us


@dataclass(frozen=True, slots=True)
class NewDecision:
    """One playbook's decision on one revision of a signal; treatment '' = the whole playbook."""

    tenant: str
    signal_id: str
    signal_revision: int
    signal_type: str
    subject: str | None
    customer: str | None
    playbook: str
    digest: str
    treatment: str
    outcome: str
    reason: str
    detail: str = ""


def put(connection: Connection, decisions: Sequence[NewDecision], now_us: int) -> None:
    """Store decisions, in the caller's transaction; an existing one is not changed."""
    if not decisions:
        return
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into contacts.decision (tenant, signal_id, signal_revision, signal_type, "
            "subject, customer, playbook, digest, treatment, outcome, reason, detail, decided_at) "
            "values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) on conflict do nothing",
            [
                (
                    d.tenant,
                    d.signal_id,
                    d.signal_revision,
                    d.signal_type,
                    d.subject,
                    d.customer,
                    d.playbook,
                    d.digest,
                    d.treatment,
                    d.outcome,
                    d.reason,
                    d.detail[:1000].replace("\x00", "\\x00"),
                    from_us(now_us),
                )
                for d in decisions
            ],
        )


def first_digests(connection: Connection, signal_id: str) -> dict[str, str]:
    """Return playbook → digest of the text with which an episode was decided first."""
    found = connection.execute(
        "select distinct on (playbook) playbook, digest from contacts.decision "
        "where signal_id = %s and digest <> '' order by playbook, signal_revision, decision_id",
        (signal_id,),
    )
    return dict(found.fetchall())


def of_signal(connection: Connection, tenant: str, signal_id: str) -> list[dict[str, Any]]:
    """Return all decisions on a signal, oldest first."""
    return rows.all_(
        connection,
        "select * from contacts.decision where tenant = %s and signal_id = %s order by decision_id",
        (tenant, signal_id),
    )


def between(
    connection: Connection, tenant: str, since: datetime, until: datetime
) -> list[dict[str, Any]]:
    """Return decisions in [since, until) by time: signal_id, signal_revision, playbook, treatment,
    outcome, reason, decided_at."""
    return rows.all_(
        connection,
        "select signal_id, signal_revision, playbook, treatment, outcome, reason, decided_at "
        "from contacts.decision where tenant = %s and decided_at >= %s and decided_at < %s "
        "order by decided_at, decision_id",
        (tenant, since, until),
    )


def of_customer(
    connection: Connection, tenant: str, customer: str, limit: int = 50
) -> list[dict[str, Any]]:
    """Return decisions about a customer, newest first."""
    return rows.all_(
        connection,
        "select * from contacts.decision where tenant = %s and customer = %s "
        "order by decision_id desc limit %s",
        (tenant, customer, limit),
    )


def reasons(connection: Connection, tenant: str | None = None) -> dict[str, int]:
    """Count the reasons for which nothing was sent, over all signals."""
    where = rows.Conditions("outcome = 'nothing'").add("tenant = %s", tenant)
    found = connection.execute(
        "select reason, count(*) from contacts.decision "
        f"where {where.sql} group by reason order by 2 desc, 1".encode(),
        where.values,
    )
    return {reason: count for reason, count in found.fetchall()}
