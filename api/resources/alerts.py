"""An alert, explained: what API and pages say about it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from api.http.answers import Shape, finite
from contracts.kinds import ANOMALIES, Anomaly, AnomalyFacts
from contracts.purposes import Purpose
from feature_kernels import consumption

PURPOSE = Purpose.ENERGY_INSIGHT
State = Literal["open", "acknowledged", "resolved"]
Feedback = Literal["confirmed", "false_positive", "expected", "unclear"]
"""What whoever looked into it found; `expected`: it is so, and there is a good reason."""

RULE_VERSION = str(consumption.CARRY_VERSION)


class Rule(Shape):
    """Which rule raised it."""

    id: str
    version: str


class Window(Shape):
    """The time the evidence is from; `to` is null while it lasts."""

    from_: datetime = Field(alias="from", serialization_alias="from")
    to: datetime | None


class Evidence(Shape):
    """What was measured, and against what."""

    metric: str
    observed: float | None
    expected: float | None
    threshold: float | None
    unit: str
    window: Window
    method: str


class Found(Shape):
    """What whoever looked into it found."""

    classification: Feedback
    reason: str | None


class Alert(Shape):
    """An anomaly of a meter as its utility works on it; the newest revision of what was found."""

    id: str
    kind: Anomaly
    severity: int = Field(ge=1, le=3)
    confidence: float | None = Field(
        ge=0, le=1, description="null: this version of the rules does not estimate one."
    )
    happened_at: datetime
    detected_at: datetime
    updated_at: datetime
    resolved_at: datetime | None
    ended_at: datetime | None = Field(description="When the anomaly itself was over.")
    state: State
    subject: str | None = Field(description="meter:<id>")
    rule: Rule
    evidence: Evidence
    explanation: str
    resolution: str | None
    case_id: str | None
    feedback: Found | None
    cleared: bool = Field(description="The anomaly is over.")
    retracted: bool = Field(description="Late data showed that there was none.")
    revision: int = Field(description="How often late data corrected what it says.")
    version: int = Field(description="Raised by every change; the ETag has it.")


def of_row(row: Mapping[str, Any]) -> Alert:
    """A stored alert as it is told."""
    facts = ANOMALIES[row["kind"]]
    figures = {name: finite(row[name]) for name in ("observed", "expected", "threshold")}
    return Alert(
        id=row["alert_id"],
        kind=row["kind"],
        severity=row["severity"],
        confidence=None,
        happened_at=row["happened_at"],
        detected_at=row["detected_at"],
        updated_at=row["updated_at"],
        resolved_at=row["resolved_at"],
        ended_at=row["ended_at"],
        state=row["state"],
        subject=row["subject"],
        rule=Rule(id=f"consumption.{row['kind']}", version=RULE_VERSION),
        evidence=Evidence(
            metric=facts.metric,
            **figures,
            unit=row["unit"],
            window=Window.model_validate({"from": row["happened_at"], "to": row["ended_at"]}),
            method=facts.method.en,
        ),
        explanation=_explanation(facts, figures, row),
        resolution=row["resolution"],
        case_id=row["case_id"],
        feedback=None
        if row["feedback"] is None
        else Found(classification=row["feedback"], reason=row["feedback_reason"]),
        cleared=row["cleared"],
        retracted=row["retracted"],
        revision=row["revision"],
        version=row["version"],
    )


def _explanation(
    facts: AnomalyFacts, figures: Mapping[str, float | None], row: Mapping[str, Any]
) -> str:
    figures_text = {
        name: "an unknown value" if value is None else f"{value:,.1f} {row['unit']}"
        for name, value in figures.items()
    }
    text = facts.finding.en.format(**figures_text)
    if row["retracted"]:
        return f"Taken back after late data: there was no such anomaly. It had said: {text}"
    return f"{text} It is over." if row["cleared"] else text
