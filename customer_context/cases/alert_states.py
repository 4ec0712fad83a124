"""States of an alert: open → acknowledged → resolved; it can be classified in each state. Pure.

Oracle: tests/oracles/cases.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from runtime.errors import NotAllowed

STATES = ("open", "acknowledged", "resolved")
ACTIONS = ("acknowledge", "resolve", "classify")
FEEDBACK = ("confirmed", "false_positive", "expected", "unclear")
"""Results of an investigation; `expected`: the anomaly has a legitimate cause."""


@dataclass(frozen=True, slots=True)
class AlertChange:
    """What an action writes. fields : column → new value; what : name of the change."""

    fields: dict[str, Any]
    what: str


def act(
    alert: Mapping[str, Any],
    action: str,
    by: str,
    now: datetime,
    *,
    resolution: str | None = None,
    feedback: str | None = None,
    reason: str | None = None,
) -> AlertChange | None:
    """Decide an action; return None where it changes nothing (acknowledged twice).

    alert : its state and alert_id. A resolved alert is neither acknowledged nor resolved again.
    Raises `NotAllowed`.
    """
    if action not in ACTIONS:
        raise NotAllowed(f"{action!r} is no action: acknowledge, resolve or classify")
    if action == "classify":
        return AlertChange({"feedback": feedback, "feedback_reason": reason}, "classified")
    if alert["state"] == "resolved":
        raise NotAllowed(f"alert {alert['alert_id']} is resolved; it can only be classified")
    if action == "resolve":
        fields = {
            "state": "resolved",
            "resolved_at": now,
            "resolved_by": by,
            "resolution": resolution,
        }
        return AlertChange(fields, "resolved")
    if alert["state"] == "acknowledged":
        return None
    fields = {"state": "acknowledged", "acknowledged_at": now, "acknowledged_by": by}
    return AlertChange(fields, "acknowledged")
