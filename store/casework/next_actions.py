"""Decisions on next best actions, what became of them, and facts that other systems report."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from store.postgres import rows
from store.postgres.pool import Connection, scalar
from store.postgres.times import from_us
from store.postgres.together import Query


@dataclass(frozen=True, slots=True)
class NewDecision:
    """A decision with its record. purposes : that it rests on."""

    decision_id: str
    tenant: str
    customer: str
    digest: str
    direction: str
    place: str
    purposes: Sequence[str]
    request: dict[str, Any]
    winners: list[dict[str, Any]]
    decided_by: str


@dataclass(frozen=True, slots=True)
class NewOutcome:
    """What became of an action of a decision."""

    decision_id: str
    tenant: str
    customer: str
    action: str
    treatment: str
    channel: str
    outcome: str
    at: datetime
    recorded_by: str


def put(connection: Connection, new: NewDecision, files: dict[str, str], now_us: int) -> bool:
    """Store a decision and the files that it had, once; return whether it is new."""
    if _put(connection, new, now_us):
        return True
    keep_files(connection, new.tenant, new.digest, files, now_us)
    return _put(connection, new, now_us)


def _put(connection: Connection, new: NewDecision, now_us: int) -> bool:
    """Store a decision whose files are there; return False where they are not, or where it is."""
    cursor = connection.execute(
        "insert into contacts.next_action (decision_id, tenant, customer, digest, direction, "
        "place, purposes, request, winners, decided_at, decided_by) "
        "select %s, a.tenant, %s, a.digest, %s, %s, %s, %s, %s, %s, %s "
        "from contacts.action_set a where a.tenant = %s and a.digest = %s on conflict do nothing",
        (
            new.decision_id, new.customer, new.direction, new.place, list(new.purposes),
            Jsonb(new.request), Jsonb(new.winners), from_us(now_us), new.decided_by, new.tenant,
            new.digest,
        ),
    )  # fmt: skip
    return cursor.rowcount == 1


def keep_files(
    connection: Connection, tenant: str, digest: str, files: dict[str, str], now_us: int
) -> None:
    """Store the files that decide, once."""
    # Files are many times larger than a decision, and are nearly always there.
    if not scalar(
        connection,
        "select exists (select from contacts.action_set where tenant = %s and digest = %s)",
        (tenant, digest),
    ):
        connection.execute(
            "insert into contacts.action_set (tenant, digest, files, recorded_at) "
            "values (%s, %s, %s, %s) on conflict do nothing",
            (tenant, digest, Jsonb(files), from_us(now_us)),
        )


def get(connection: Connection, tenant: str, decision_id: str) -> dict[str, Any] | None:
    """Return a decision with its record."""
    return rows.one(
        connection,
        "select * from contacts.next_action where tenant = %s and decision_id = %s",
        (tenant, decision_id),
    )


def figures(connection: Connection, tenant: str, since: datetime) -> dict[str, dict[str, int]]:
    """Return action → how often it was chosen (`won`) since a time, and each of its outcomes."""
    found: dict[str, dict[str, int]] = {}
    for action, what, count in connection.execute(
        "select w ->> 'action', 'won', count(*) from contacts.next_action, "
        "jsonb_array_elements(winners) as w where tenant = %s and decided_at >= %s group by 1 "
        "union all select action, outcome, count(*) from contacts.outcome "
        "where tenant = %s and at >= %s group by 1, 2",
        (tenant, since, tenant, since),
    ).fetchall():
        found.setdefault(action, {})[what] = int(count)
    return found


def tenant_of(connection: Connection, decision_id: str) -> str | None:
    """Return the tenant of a decision."""
    found = rows.one(
        connection,
        "select tenant from contacts.next_action where decision_id = %(id)s "
        "union all select tenant from contacts.no_action where decision_id = %(id)s",
        {"id": decision_id},
    )
    return None if found is None else str(found["tenant"])


def files_of(connection: Connection, tenant: str, digest: str) -> dict[str, str]:
    """Return the files of actions with this digest; {} where they are not there."""
    found = rows.one(
        connection,
        "select files from contacts.action_set where tenant = %s and digest = %s",
        (tenant, digest),
    )
    return {} if found is None else dict(found["files"])


def put_outcome(connection: Connection, new: NewOutcome, now_us: int) -> bool:
    """Store an outcome once for each decision and action; return whether it is new."""
    cursor = connection.execute(
        "insert into contacts.outcome (tenant, decision_id, customer, action, treatment, channel, "
        "outcome, at, recorded_at, recorded_by) values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s) "
        "on conflict do nothing",
        (
            new.tenant, new.decision_id, new.customer, new.action, new.treatment, new.channel,
            new.outcome, new.at, from_us(now_us), new.recorded_by,
        ),
    )  # fmt: skip
    return cursor.rowcount == 1


def link_case(connection: Connection, decision_id: str, action: str, case_id: str) -> None:
    """Record the case that an acceptance opened."""
    connection.execute(
        "update contacts.outcome set case_id = %s "
        "where decision_id = %s and action = %s and outcome = 'accepted'",
        (case_id, decision_id, action),
    )


def outcome_of(
    connection: Connection, decision_id: str, action: str, outcome: str
) -> dict[str, Any] | None:
    """Return a stored outcome."""
    return rows.one(
        connection,
        "select * from contacts.outcome where decision_id = %s and action = %s and outcome = %s",
        (decision_id, action, outcome),
    )


OUTCOMES_OF = Query(
    "select decision_id, action, treatment, channel, outcome, at from contacts.outcome "
    "where tenant = %(tenant)s and customer = %(customer)s and at >= %(outcomes_since)s "
    "order by at, outcome_id",
    ("at",),
)
"""Outcomes of a customer's decisions, oldest first."""


def report(
    connection: Connection,
    tenant: str,
    customer: str,
    facts: Sequence[tuple[str, Any, datetime]],
    by: str,
    now_us: int,
) -> None:
    """Store (name, value, at) of facts; of each name the newest stays."""
    for name, value, at in facts:
        connection.execute(
            "insert into contacts.reported_fact as f (tenant, customer, name, value, at, "
            "recorded_at, recorded_by) values (%s, %s, %s, %s, %s, %s, %s) "
            "on conflict (tenant, customer, name) do update set value = excluded.value, "
            "at = excluded.at, recorded_at = excluded.recorded_at, "
            "recorded_by = excluded.recorded_by where excluded.at >= f.at",
            (tenant, customer, name, Jsonb(value), at, from_us(now_us), by),
        )


REPORTED = Query(
    "select name, value, at from contacts.reported_fact "
    "where tenant = %(tenant)s and customer = %(customer)s order by name",
    ("at",),
)
"""Facts that other systems report: name, value, at."""
