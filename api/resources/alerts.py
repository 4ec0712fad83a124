"""The alert resource of API and pages, with evidence and explanation."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Literal

from pydantic import Field

from api.http.answers import Shape, finite
from contracts.kinds import ANOMALIES, Anomaly, AnomalyFacts, LikelierCause
from contracts.purposes import Purpose
from customer_context.metering.evidence import confidence
from feature_kernels import consumption

PURPOSE = Purpose.ENERGY_INSIGHT
State = Literal["open", "acknowledged", "resolved"]
Feedback = Literal["confirmed", "false_positive", "expected", "unclear"]
"""Classification by a person; `expected`: the anomaly is real and has a good reason."""
WhyNot = Literal["not_in_energy", "nothing_measured", "short_past", "not_yet", "not_shared"]
"""Why an alert has no figures in energy."""

RULE_VERSION = str(consumption.CARRY_VERSION)


class Rule(Shape):
    """The rule that raised the alert."""

    id: str
    version: str


class Window(Shape):
    """The period of the evidence; `to` is null while the anomaly lasts."""

    from_: datetime = Field(alias="from", serialization_alias="from")
    to: datetime | None


class AlertEnergy(Shape):
    """Energy of the anomaly from its begin to its end, or to `known_until` while it lasts."""

    expected_kwh: float = Field(description="By hour and kind of day of the four weeks before.")
    low_kwh: float | None = Field(
        description="Eight of ten spans of that length before lay between `low_kwh` and "
        "`high_kwh`; null: the meter's past is too short."
    )
    high_kwh: float | None
    observed_kwh: float
    excess_kwh: float = Field(description="Observed less expected; below zero: too little.")
    excess_cost: float | None = Field(
        description="Gross; null: no tariff of the contract is known, or it does not say when "
        "which register counts."
    )
    price_source: str | None = Field(description="The tariff of the contract's newest bill.")


class SimilarDay(Shape):
    """A day before of the same kind (workday or day off) as the first one of the anomaly."""

    date: date
    energy_kwh: float | None


class UsualPower(Shape):
    """Expected power by local hour, W: 24 values of each kind of day."""

    workday: list[float | None]
    day_off: list[float | None]


class Evidence(Shape):
    """What was measured, and what it is compared with."""

    metric: str
    observed: float | None
    expected: float | None
    threshold: float | None
    unit: str
    window: Window
    method: str
    energy: AlertEnergy | None
    why_not: WhyNot | None = Field(
        description="Why there is no `energy`: not_in_energy: this kind has none; "
        "nothing_measured: no interval of it was read; short_past: fewer than seven days before; "
        "not_yet: it is being computed; not_shared: the customer does not grant energy insight."
    )
    usual_w: UsualPower | None
    similar_days: list[SimilarDay]
    likelier_cause: LikelierCause | None = Field(
        description="What explains the anomaly without a fault, where the data show it."
    )
    known_until: datetime | None = Field(description="What was measured later is not in it.")


class Found(Shape):
    """The classification by a person, with its reason."""

    classification: Feedback
    reason: str | None


class Alert(Shape):
    """An anomaly of a meter, to be handled by its utility; the newest revision."""

    id: str
    kind: Anomaly
    severity: int = Field(ge=1, le=3)
    confidence: float | None = Field(
        ge=0,
        le=1,
        description="How far the observed value lies beyond the threshold; null: it is not known.",
    )
    happened_at: datetime
    detected_at: datetime
    updated_at: datetime
    resolved_at: datetime | None
    ended_at: datetime | None = Field(description="When the anomaly ended.")
    state: State
    subject: str | None = Field(description="meter:<id>")
    rule: Rule
    evidence: Evidence
    explanation: str
    resolution: str | None
    case_id: str | None
    feedback: Found | None
    cleared: bool = Field(description="The anomaly has ended.")
    past: bool = Field(
        description="It came with readings that were days old, such as an imported history: "
        "nobody was contacted."
    )
    retracted: bool = Field(description="Late data showed that there was no anomaly.")
    revision: int = Field(description="How often late data corrected the alert.")
    version: int = Field(description="Incremented by every change; part of the ETag.")


def of_row(row: Mapping[str, Any]) -> Alert:
    """Convert a stored alert to the resource."""
    facts = ANOMALIES[row["kind"]]
    figures = {name: finite(row[name]) for name in ("observed", "expected", "threshold")}
    return Alert(
        id=row["alert_id"],
        kind=row["kind"],
        severity=row["severity"],
        confidence=confidence(row["kind"], figures["observed"], figures["threshold"]),
        happened_at=row["happened_at"],
        detected_at=row["detected_at"],
        updated_at=row["updated_at"],
        resolved_at=row["resolved_at"],
        ended_at=row["ended_at"],
        state=row["state"],
        subject=row["subject"],
        rule=Rule(id=f"consumption.{row['kind']}", version=RULE_VERSION),
        evidence=Evidence.model_validate(
            {
                "metric": facts.metric,
                **figures,
                "unit": row["unit"],
                "window": {"from": row["happened_at"], "to": row["ended_at"]},
                "method": facts.method.en,
                **_figures(row),
            }
        ),
        explanation=_explanation(facts, figures, row),
        resolution=row["resolution"],
        case_id=row["case_id"],
        feedback=None
        if row["feedback"] is None
        else Found(classification=row["feedback"], reason=row["feedback_reason"]),
        cleared=row["cleared"],
        past=row["past"],
        retracted=row["retracted"],
        revision=row["revision"],
        version=row["version"],
    )


def _figures(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the stored evidence in energy as fields of `Evidence`."""
    found = row["evidence"]
    if found is None:
        found = {
            "energy": None, "usual_w": None, "similar_days": [], "likelier_cause": None,
            "known_until": None,
            "why_not": "not_shared" if row["evidence_due_at"] is None else "not_yet",
        }  # fmt: skip
    return {name: value for name, value in found.items() if name != "method"}


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
