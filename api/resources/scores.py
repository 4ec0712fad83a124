"""The driving score resource of API and pages, with its explanation."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

import numpy as np
from pydantic import Field

from api.http.answers import Shape, finite
from api.resources.subjects import Subject, consent_ref
from contracts.kinds import EVENTS, FACTORS, Manoeuvre
from customer_context.scoring.bands import band
from feature_kernels import driving
from services import driving_scores, score_versions, scored_trips
from services.score_average import average_points
from store.postgres.pool import Connection
from store.postgres.times import from_us, to_us
from store.reads.scoring import Which

Band = Literal["A", "B", "C", "D", "E"]


class Period(Shape):
    """The requested period, or the one from the start of the first trip to the end of the last."""

    from_: datetime | None = Field(alias="from", serialization_alias="from")
    to: datetime | None


class Component(Shape):
    """A factor of the score: the observed value, and the points subtracted from 100."""

    factor: str
    value: float | None = Field(description="In `unit`; null = not observed.")
    unit: str
    points: float | None = Field(description="null where there is no score.")
    points_of_average: float | None = Field(
        description="Of these, what comes from the portfolio's average and not from own driving; "
        "negative where the average is better. It fades with the distance driven: below 1,000 km "
        "part of it counts. null where there is no score."
    )


class Impact(Shape):
    """A kind of event, its count and its effect on the score."""

    factor: str
    count: int
    score_impact: float | None = Field(le=0)


class Exposure(Shape):
    """The exposure that the score is based on."""

    distance_m: float
    drive_s: float
    night_s: float
    trips: int


class DrivingScore(Shape):
    """A driving score from 0 to 100, or the reason why there is none."""

    subject: str = Field(description="vehicle:<id>, customer:<id> or contract:<id>")
    period: Period
    score: float | None = Field(ge=0, le=100)
    band: Band | None
    components: list[Component]
    impacts: list[Impact]
    exposure: Exposure
    trust: Literal["full", "low", "none"] = Field(
        description="full; low = little exposure or poor measurement; none = no score."
    )
    algorithm_version: str
    as_of: datetime | None = Field(description="When the newest of its trips was decided.")
    consent_ref: str | None = Field(description="The customer's consent that it rests on.")
    reason: str | None = Field(description="Why there is no score; null where there is one.")


class HistoryPoint(Shape):
    """The score of one week or month."""

    period: Period
    score: float | None = Field(ge=0, le=100)
    band: Band | None
    trust: Literal["full", "low", "none"]
    exposure: Exposure
    reason: str | None


class ScoreHistory(Shape):
    """Scores of consecutive weeks or months, oldest first; periods without trips are omitted."""

    subject: str
    granularity: Literal["week", "month"]
    timezone: str
    algorithm_version: str
    consent_ref: str | None
    data: list[HistoryPoint]


def explained(connection: Connection, subject: Subject) -> DrivingScore:
    """Return the score of a subject's decided trips, with its explanation."""
    trips, found = driving_scores.of_subject(connection, subject.which)
    return _explain(trips, found, subject, _model(connection, subject, found))


def explained_vehicles(
    connection: Connection, tenant: str, vehicles: Sequence[tuple[str, str]]
) -> list[DrivingScore]:
    """Return the scores of (customer, vehicle) pairs whose customers consent, without consent_ref.

    They are those of `explained`, read in one query.
    """
    found = driving_scores.of_vehicles(connection, tenant, vehicles)
    model = score_versions.model(connection, tenant)
    return [
        _explain(
            trips,
            score,
            Subject(f"vehicle:{vehicle}", customer, Which(tenant, customer, vehicle), None),
            model,
        )
        for (customer, vehicle), (trips, score) in zip(vehicles, found, strict=True)
    ]


def _model(connection: Connection, subject: Subject, found: driving.Score) -> driving.Model:
    return score_versions.model(connection, subject.which.tenant, found.algorithm_version)


def _explain(
    trips: Any, found: driving.Score, subject: Subject, model: driving.Model = driving.CURRENT
) -> DrivingScore:
    """Explain the score `found` of these trips (TRIP_DTYPE)."""
    number = finite(found.score)
    which = subject.which
    counts = {
        str(kind): int(trips[EVENTS[kind].trip_column].sum())
        for kind in Manoeuvre
        if kind in FACTORS
    }
    points = {part.factor: finite(part.share) for part in found.components}
    average = average_points(found, model)
    return DrivingScore(
        subject=subject.name,
        period=_period(trips, which.from_us, which.to_us),
        score=number,
        band=None if number is None else _band(number),
        components=[
            Component(
                factor=part.factor,
                value=finite(part.value),
                unit=part.unit,
                points=finite(part.share),
                points_of_average=finite(average[part.factor]),
            )
            for part in found.components
        ],
        impacts=[
            Impact(factor=name, count=count, score_impact=_negative(points[name]))
            for name, count in counts.items()
        ],
        exposure=_exposure(trips),
        trust=_trust(found),
        algorithm_version=found.algorithm_version,
        as_of=from_us(trips["decided_us"].max()) if trips.shape[0] else None,
        consent_ref=consent_ref(subject.consent_id),
        reason=found.reason or None,
    )


def warm_up() -> None:
    """Load the kernels, from the cache or by compiling, before the first request."""
    driving.score(np.zeros(1, driving.TRIP_DTYPE))


def without_score(subject: Subject, reason: str) -> DrivingScore:
    """Build an answer without a score, for a subject whose score may not be computed."""
    trips = np.zeros(0, driving.TRIP_DTYPE)
    empty = _explain(trips, driving_scores.of_trips(trips), subject)
    return empty.model_copy(update={"reason": reason})


def history(
    connection: Connection, subject: Subject, granularity: Literal["week", "month"], timezone: str
) -> ScoreHistory:
    """Compute a subject's score for each week (from Monday) or month of local time with trips."""
    trips = scored_trips.of(connection, subject.which)
    model = score_versions.model(connection, subject.which.tenant)
    points = []
    for start, end in _spans(trips, granularity, ZoneInfo(timezone)):
        inside = (trips["start_us"] >= to_us(start)) & (trips["start_us"] < to_us(end))
        if not inside.any():
            continue
        part = replace(
            subject, which=replace(subject.which, from_us=to_us(start), to_us=to_us(end))
        )
        judged = driving_scores.of_trips(trips[inside], model)
        found = _explain(trips[inside], judged, part, model)
        points.append(
            HistoryPoint(
                period=found.period,
                score=found.score,
                band=found.band,
                trust=found.trust,
                exposure=found.exposure,
                reason=found.reason,
            )
        )
    return ScoreHistory(
        subject=subject.name,
        granularity=granularity,
        timezone=timezone,
        algorithm_version=model.version,
        consent_ref=consent_ref(subject.consent_id),
        data=points,
    )


def _spans(trips: Any, granularity: str, zone: ZoneInfo) -> Iterator[tuple[datetime, datetime]]:
    if not trips.shape[0]:
        return
    first = from_us(trips["start_us"].min()).astimezone(zone)
    last = from_us(trips["start_us"].max())
    day = datetime(first.year, first.month, first.day, tzinfo=zone)
    start = day.replace(day=1) if granularity == "month" else day - timedelta(days=day.weekday())
    while start <= last:
        # Wall-clock arithmetic: the week in which summer time begins has 167 hours.
        if granularity == "month":
            end = (start + timedelta(days=32)).replace(day=1)
        else:
            end = start + timedelta(days=7)
        yield start.astimezone(UTC), end.astimezone(UTC)
        start = end


def _period(trips: Any, from_at_us: int | None, to_at_us: int | None) -> Period:
    some = bool(trips.shape[0])
    if from_at_us is None and some:
        from_at_us = int(trips["start_us"].min())
    if to_at_us is None and some:
        to_at_us = int(trips["end_us"].max())
    return Period.model_validate(
        {
            "from": None if from_at_us is None else from_us(from_at_us),
            "to": None if to_at_us is None else from_us(to_at_us),
        }
    )


def _exposure(trips: Any) -> Exposure:
    return Exposure(
        distance_m=float(np.nansum(trips["distance_m"])),
        drive_s=float(np.nansum(trips["driving_s"])),
        night_s=float(np.nansum(trips["night_s"])),
        trips=int(trips.shape[0]),
    )


def _trust(found: driving.Score) -> Literal["full", "low", "none"]:
    if finite(found.score) is None:
        return "none"
    return "full" if found.trusted else "low"


def _band(score: float) -> Band:
    return band(score)  # type: ignore[return-value]  # customer_context.scoring.bands returns A to E


def _negative(points: float | None) -> float | None:
    return None if points is None else -points
