"""Alerts: what a reader sees of them; acknowledge, resolve and classify.

An alert whose customer does not grant the purpose of its kind is left out (`services.visibility`).
Alerts have `past`: whether they were old news when they arrived.
reader : the customer who reads; None = anybody else.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from customer_context.cases import alert_states
from customer_context.playbooks.freshness import is_past
from runtime.errors import Stale
from services import visibility
from services.visibility import Kind
from store.casework import alerts
from store.postgres.pool import Connection
from store.postgres.rows import After
from store.postgres.times import from_us
from store.reads import pages as reads


def list_(
    connection: Connection,
    tenant: str,
    *,
    reader: str | None = None,
    state: str | None = None,
    kind: str | None = None,
    subject: str | None = None,
    customer: str | None = None,
    after: After = None,
    limit: int = 50,
) -> list[dict[str, Any]]:
    """Return up to `limit` alerts, newest first; filters as in `store.casework.alerts.list_`.

    Reads on until `limit` of them are shown, or there are no more.
    """
    found: list[dict[str, Any]] = []
    while len(found) < limit:
        rows = alerts.list_(
            connection,
            tenant,
            state=state,
            kind=kind,
            subject=subject,
            customer=customer,
            after=after,
            limit=limit,
        )
        found += _shown(connection, tenant, rows, reader)
        if len(rows) < limit:
            break
        after = (rows[-1]["happened_at"], rows[-1]["alert_id"])
    return found[:limit]


def count(connection: Connection, tenant: str, state: str | None) -> int:
    """Count the alerts that `list_` shows with this filter, up to `store.reads.pages.COUNTED`."""
    return reads.count_alerts(connection, tenant, state)


def visible(
    connection: Connection, tenant: str, alert_id: str, *, reader: str | None = None
) -> dict[str, Any] | None:
    """Return an alert of the tenant as `list_` shows it; else None."""
    alert = alerts.get(connection, tenant, alert_id)
    if alert is None:
        return None
    return next(iter(_shown(connection, tenant, [alert], reader)), None)


def _shown(
    connection: Connection, tenant: str, rows: Sequence[Mapping[str, Any]], reader: str | None
) -> list[dict[str, Any]]:
    found = visibility.shown(connection, tenant, Kind.ALERT, rows, reader=reader)
    return [_marked(row) for row in found]


def _marked(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "past": is_past(row["known_at"], row["detected_at"])}


@dataclass(frozen=True, slots=True)
class Changes:
    """Changes after a sequence. last : the last one that was read, shown or not; None = none.

    shown : `sequence`, `what` and the current alert, of those whose alert is shown.
    """

    last: int | None
    shown: list[dict[str, Any]]


def changes(connection: Connection, tenant: str, after_sequence: int, limit: int = 100) -> Changes:
    """Return the next changes of alerts, oldest first."""
    rows = alerts.changes(connection, tenant, after_sequence, limit)
    found = _shown(connection, tenant, [row["alert"] for row in rows], None)
    seen = {alert["alert_id"]: alert for alert in found}
    return Changes(
        rows[-1]["sequence"] if rows else None,
        [
            {**row, "alert": seen[row["alert"]["alert_id"]]}
            for row in rows
            if row["alert"]["alert_id"] in seen
        ],
    )


def last_change(connection: Connection, tenant: str) -> int:
    """Return the sequence of the newest change; 0 where there is none."""
    return alerts.last_change(connection, tenant)


def act(
    connection: Connection,
    tenant: str,
    alert_id: str,
    action: str,
    by: str,
    now_us: int,
    *,
    expected_version: int | None = None,
    resolution: str | None = None,
    feedback: str | None = None,
    reason: str | None = None,
) -> dict[str, Any]:
    """Acknowledge, resolve (with a resolution) or classify (feedback and its reason) an alert.

    The rules are in `customer_context.cases.alert_states`. Returns the alert. Raises `NotFound`,
    `Stale`, `NotAllowed`.
    """
    alert = alerts.lock(connection, tenant, alert_id)
    if expected_version is not None and expected_version != alert["version"]:
        raise Stale(f"alert {alert_id}", alert["version"])
    changed = alert_states.act(
        alert,
        action,
        by,
        from_us(now_us),
        resolution=resolution,
        feedback=feedback,
        reason=reason,
    )
    if changed is None:
        return _marked(alert)
    return _marked(alerts.write(connection, alert, changed.fields, changed.what, now_us))
