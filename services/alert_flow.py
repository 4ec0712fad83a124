"""Alerts: check visibility; acknowledge, resolve and classify."""

from collections.abc import Mapping, Sequence
from typing import Any

from contracts.kinds import ANOMALIES
from customer_context.cases import alert_states
from runtime.errors import Stale
from store.casework import alerts
from store.people import consent
from store.postgres.pool import Connection
from store.postgres.times import from_us


def agreed(
    connection: Connection, tenant: str, found: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Return the alerts whose customer grants the purpose of their kind now.

    An alert of an unknown customer, or of an unknown kind, is shown to nobody.
    """
    keys = {(tenant, row["customer"]) for row in found if row["customer"] is not None}
    granted = consent.granted_to(connection, sorted(keys)) if keys else {}
    return [
        dict(row)
        for row in found
        if row["customer"] is not None
        and row["kind"] in ANOMALIES
        and ANOMALIES[row["kind"]].purpose in granted[(tenant, row["customer"])]
    ]


def visible(connection: Connection, tenant: str, alert_id: str) -> dict[str, Any] | None:
    """Return an alert of the tenant whose customer grants its purpose; else None."""
    alert = alerts.get(connection, tenant, alert_id)
    return None if alert is None or not agreed(connection, tenant, [alert]) else alert


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
        return alert
    return alerts.write(connection, alert, changed.fields, changed.what, now_us)
