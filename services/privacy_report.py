"""What a data protection officer supervises: rights, retention, recipients, erasures."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from contracts.purposes import Purpose, recipient_of
from services import privacy_record
from store.casework import change_subscriptions, receivers
from store.postgres.pool import Connection
from store.postgres.times import from_us
from store.privacy import retention
from store.privacy import rights as requests

ERASURES = 25
_BACK = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Retention:
    """A category of retention with what the job did last.

    days : None = no end by time; places : tables and files; deleted : rows of the last run, total :
    of all; ran_at : None = it has not run.
    """

    category: str
    days: int | None
    why: str
    enforced_by: str
    places: int
    deleted: int
    total: int
    ran_at: datetime | None


@dataclass(frozen=True, slots=True)
class Receiver:
    """A system that gets messages about customers. messages : delivered in the last 30 days.

    follows : registry, consents, of which it gets every change; waiting : changes that it has not
    got yet, up to 10,000; waiting_since : when the oldest of them was recorded.
    """

    name: str
    audience: str
    active: bool
    messages: int
    follows: list[str]
    waiting: int
    waiting_since: datetime | None


@dataclass(frozen=True, slots=True)
class Erasure:
    """An erasure. rows : deleted; recipients : (system, messages) to notify (Art. 19)."""

    erasure_id: str
    pseudonym: str
    reason: str
    erased_by: str
    erased_at: datetime
    physically_by: datetime
    gone: bool
    rows: int
    recipients: list[tuple[str, int]]


@dataclass(frozen=True, slots=True)
class Report:
    """All of it. open, late : requests; purposes : (purpose, who gets what rests on it)."""

    open: int
    late: int
    retention: list[Retention]
    receivers: list[Receiver]
    purposes: list[tuple[str, str]]
    erasures: list[Erasure]


def read(
    connection: Connection, tenant: str, days: Mapping[str, int], samples_days: int, now_us: int
) -> Report:
    """Return the report of a tenant. days, samples_days : as of `privacy_record.record`."""
    now = from_us(now_us)
    counted = requests.counts(connection, tenant, now)
    return Report(
        counted["open"],
        counted["late"],
        _retention(connection, days, samples_days),
        _receivers(connection, tenant, now),
        [(str(p), to) for p in Purpose if (to := recipient_of(p)) is not None],
        [_erasure(row, now) for row in requests.erasures(connection, tenant, ERASURES)],
    )


def _receivers(connection: Connection, tenant: str, now: datetime) -> list[Receiver]:
    following = change_subscriptions.states(connection, [tenant])
    found = []
    for row in receivers.with_messages(connection, tenant, now - _BACK):
        changes = following.get(row["receiver_id"], {})
        found.append(
            Receiver(
                row["name"],
                row["audience"],
                row["state"] == "active",
                row["messages"],
                [kind for kind in ("registry", "consents") if changes.get(kind)],
                changes.get("waiting", 0),
                changes.get("waiting_since"),
            )
        )
    return found


def _retention(
    connection: Connection, days: Mapping[str, int], samples_days: int
) -> list[Retention]:
    runs = retention.runs(connection)
    found: dict[str, list[dict[str, Any]]] = {}
    for row in privacy_record.record(days, samples_days):
        found.setdefault(row["category"], []).append(row)
    return [
        Retention(
            category,
            rows[0]["retention_days"],
            rows[0]["retention_why"],
            rows[0]["enforced_by"],
            len(rows),
            sum(runs[row["place"]]["deleted"] for row in rows if row["place"] in runs),
            sum(runs[row["place"]]["total"] for row in rows if row["place"] in runs),
            max(
                (runs[row["place"]]["ran_at"] for row in rows if row["place"] in runs),
                default=None,
            ),
        )
        for category, rows in sorted(found.items())
    ]


def _erasure(row: Mapping[str, Any], now: datetime) -> Erasure:
    proof = row["proof"]
    return Erasure(
        row["erasure_id"],
        row["pseudonym"],
        row["reason"],
        row["erased_by"],
        row["erased_at"],
        row["physically_by"],
        row["physically_by"] <= now,
        sum(proof.get("deleted", {}).values()),
        [(name, number) for name, number in proof.get("recipients", [])],
    )
