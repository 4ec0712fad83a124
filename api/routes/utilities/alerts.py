"""Utilities: alerts, and their acknowledgement, resolution and classification."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import Field

from api.http import paging
from api.http.answers import NOT_MODIFIED, IfMatch, Shape, expected, json, tagged
from api.http.auth import Call, needs
from api.http.paging import After, Limit, Page
from api.http.problems import not_found
from api.http.scopes import Scope
from api.resources import alerts
from api.resources.alerts import Alert, Feedback, State
from contracts.kinds import Anomaly
from services import alert_flow
from store.people.read_log import of_rows
from store.postgres.pool import Connection

router = APIRouter(prefix="/v1/alerts", tags=["utilities"])

AlertId = Annotated[str, Path(max_length=64)]
PageOfAlerts = Page[Alert]
Text = Annotated[str, Field(min_length=1, max_length=2_000)]


class Resolution(Shape):
    """How the alert was resolved."""

    resolution: Text


class Classification(Shape):
    """What the alert was. Later versions of the rules are evaluated against it."""

    classification: Feedback
    reason: Text | None = None


@router.get("", responses={200: {"model": PageOfAlerts}})
def list_alerts(
    call: Annotated[Call, needs(Scope.ALERTS_READ)],
    state: Annotated[State | None, Query()] = None,
    kind: Annotated[Anomaly | None, Query()] = None,
    meter: Annotated[str | None, Query(max_length=64, description="Id of a meter")] = None,
    after: After = None,
    limit: Limit = 50,
) -> Response:
    """Alerts of customers who consented, newest first."""
    cursor = paging.decode("alerts", after, paging.instant, paging.text)
    subject = None if meter is None else f"meter:{meter}"
    with call.connection() as connection:
        rows = alert_flow.list_(
            connection,
            call.caller.tenant,
            state=state,
            kind=kind,
            subject=subject,
            after=cursor,
            limit=limit + 1,
        )
        shown, page = paging.cut(
            rows, limit, lambda row: paging.encode("alerts", row["happened_at"], row["alert_id"])
        )
        call.log(connection, of_rows(shown, "alert", "alert_id"), "alerts", alerts.PURPOSE)
    return json(PageOfAlerts(data=[alerts.of_row(row) for row in shown], pagination=page))


@router.get("/{alert_id}", responses={**NOT_MODIFIED, 200: {"model": Alert}})
def get_alert(
    request: Request, call: Annotated[Call, needs(Scope.ALERTS_READ)], alert_id: AlertId
) -> Response:
    """One alert."""
    with call.connection() as connection:
        row = _visible(connection, call, alert_id)
    return tagged(request, alerts.of_row(row), row["version"])


@router.post("/{alert_id}/acknowledge", responses={200: {"model": Alert}})
def acknowledge_alert(
    request: Request,
    call: Annotated[Call, needs(Scope.ALERTS_WRITE)],
    alert_id: AlertId,
    if_match: IfMatch = None,
) -> Response:
    """Acknowledge an alert: somebody works on it. Repeating this changes nothing."""
    return _act(request, call, alert_id, "acknowledge", if_match, {})


@router.post("/{alert_id}/resolve", responses={200: {"model": Alert}})
def resolve_alert(
    request: Request,
    call: Annotated[Call, needs(Scope.ALERTS_WRITE)],
    alert_id: AlertId,
    body: Resolution,
    if_match: IfMatch = None,
) -> Response:
    """Resolve an alert, with its resolution."""
    details = {"resolution": body.resolution}
    return _act(request, call, alert_id, "resolve", if_match, details)


@router.post("/{alert_id}/classify", responses={200: {"model": Alert}})
def classify_alert(
    request: Request,
    call: Annotated[Call, needs(Scope.ALERTS_WRITE)],
    alert_id: AlertId,
    body: Classification,
    if_match: IfMatch = None,
) -> Response:
    """Classify an alert; also possible after it is resolved."""
    details = {"feedback": body.classification, "reason": body.reason}
    return _act(request, call, alert_id, "classify", if_match, details)


def _visible(connection: Connection, call: Call, alert_id: str) -> dict[str, Any]:
    row = alert_flow.visible(connection, call.caller.tenant, alert_id)
    if row is None:
        raise not_found()
    call.log(connection, of_rows([row], "alert", "alert_id"), "alert", alerts.PURPOSE)
    return row


def _act(
    request: Request,
    call: Call,
    alert_id: str,
    action: str,
    if_match: str | None,
    details: Mapping[str, Any],
) -> Response:
    version = expected(if_match)
    with call.connection() as connection:
        _visible(connection, call, alert_id)
        row = alert_flow.act(
            connection,
            call.caller.tenant,
            alert_id,
            action,
            call.caller.name,
            call.now_us,
            expected_version=version,
            **details,
        )
    return tagged(request, alerts.of_row(row), row["version"])
