"""Driving scores: of one subject, of all drivers, and the signals of changed scores."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from contracts.kinds import SignalType
from contracts.purposes import Purpose
from contracts.signals import ScoreChanged, signal_id
from customer_context.scoring.bands import band, worth_announcing
from feature_kernels import driving
from services import score_versions, scored_trips, trip_replays
from store.casework import driver_scores
from store.people import consent
from store.pipeline.features import Rows
from store.postgres import roles
from store.postgres.pool import Connection
from store.postgres.times import from_us, to_us
from store.reads import scoring
from store.signals import outbox, playbooks


@dataclass(frozen=True, slots=True)
class DriverScore:
    """A driver is the customer whose contract covered the car when the trip began."""

    tenant: str
    customer: str
    score: driving.Score


def of_trips(trips: Rows, model: driving.Model = driving.CURRENT) -> driving.Score:
    """Score a subject's decided trips (TRIP_DTYPE).

    The minimum exposure is that of a subject, also where it has one trip only; that of a single
    trip is for `tachowatt score-trip`.
    """
    return driving.score(trips, single_trip=False, model=model)


def recent(trips: Rows, model: driving.Model) -> Rows:
    """Return a subject's trips within the version's horizon."""
    kept, _ = driving.in_horizon(trips, np.array([0, trips.shape[0]], np.int64), model)
    return kept


def of_subject(connection: Connection, which: scoring.Which) -> tuple[Rows, driving.Score]:
    """Return the trips that `which` selects and the version in use counts, and their score."""
    trips = scored_trips.of(connection, which)
    model = score_versions.model(connection, which.tenant)
    return recent(trips, model), of_trips(trips, model)


def of_vehicles(
    connection: Connection, tenant: str, vehicles: Sequence[tuple[str, str]]
) -> list[tuple[Rows, driving.Score]]:
    """Return the decided trips of each (customer, vehicle), and their score, in one query."""
    model = score_versions.model(connection, tenant)
    return [
        (recent(trips, model), of_trips(trips, model))
        for trips in scored_trips.of_vehicles(connection, tenant, vehicles)
    ]


def of_drivers(connection: Connection) -> list[DriverScore]:
    """Score all drivers who have trips and agree to be scored, by tenant and customer."""
    found = []
    for (tenant, customer), purposes in sorted(consent.readable(connection).items()):
        if Purpose.DRIVING_SCORE not in purposes:
            continue
        roles.set_tenant_scope(connection, (tenant,))
        trips, score = of_subject(connection, scoring.Which(tenant, customer))
        if trips.shape[0]:
            found.append(DriverScore(tenant, customer, score))
    return found


def record(
    connection: Connection,
    tenant: str,
    customer: str,
    at: datetime,
    now_us: int,
    trips: Rows | None = None,
) -> driving.Score:
    """Score a driver now, and record it as the score of the week of `at`, if there is one.

    trips : all decided trips of the driver where they have been read, TRIP_DTYPE with the device.
    """
    if trips is None:
        trips = scoring.trips(connection, scoring.Which(tenant, customer))
    score = of_trips(
        scored_trips.that_count(connection, tenant, trips), score_versions.model(connection, tenant)
    )
    value = float(score.score)
    if value == value:
        driver_scores.record(
            connection,
            tenant,
            customer,
            at.date() - timedelta(days=at.weekday()),
            value,
            band(value),
            bool(score.trusted),
            score.exposure.distance_m,
            score.algorithm_version,
            now_us,
        )
    return score


def signal_changes(
    connection: Connection,
    signals: Sequence[Mapping[str, Any]],
    about: Mapping[str, str | None],
    now_us: int,
) -> int:
    """Record drivers' scores, and put `score.changed` into the outbox where one changed by more
    than a band.

    In the caller's transaction, only with consent to the score. Each driver is scored once,
    triggered by their latest trip among `signals`. about : signal id → customer. Returns the number
    of new signals.
    """
    latest: dict[tuple[str, str], Mapping[str, Any]] = {}
    begins: dict[tuple[str, str], set[int]] = {}
    for signal in signals:
        customer = about[signal["id"]]
        if signal["type"] == SignalType.TRIP_COMPLETED and customer is not None:
            latest[signal["tenant"], customer] = signal
            begin = datetime.fromisoformat(signal["data"]["started_at"])
            begins.setdefault((signal["tenant"], customer), set()).add(to_us(begin))
    granted = consent.granted_to(connection, list(latest), from_us(now_us))
    drivers = {key: s for key, s in latest.items() if Purpose.DRIVING_SCORE in granted[key]}
    announced = playbooks.announced_scores(connection, list(drivers))
    found = []
    for (tenant, customer), trip in drivers.items():
        roles.set_tenant_scope(connection, (tenant,))
        trips = scoring.trips(connection, scoring.Which(tenant, customer))
        trip_replays.note(connection, tenant, customer, trips, begins[tenant, customer], now_us)
        score = record(connection, tenant, customer, trip["time"], now_us, trips)
        before = announced.get((tenant, customer))
        value = float(score.score)
        if value != value or not worth_announcing(value, None if before is None else before[0]):
            continue
        data = ScoreChanged(
            score=value,
            band=band(value),  # type: ignore[arg-type]  # one of A to E
            previous_score=None if before is None else before[0],
            previous_band=None if before is None else before[1],  # type: ignore[arg-type]
            trusted=bool(score.trusted),
            algorithm_version=score.algorithm_version,
        )
        subject = f"customer:{customer}"
        type_ = SignalType.SCORE_CHANGED
        found.append(
            outbox.SignalRow(
                signal_id(tenant, subject, type_, f"{trip['id']} {trip['revision']}"),
                tenant,
                None,
                type_,
                subject,
                to_us(trip["time"]),
                data.model_dump(),
            )
        )
        playbooks.record_announced_score(connection, tenant, customer, value, data.band, now_us)
    outbox.put(connection, found, now_us)
    return len(found)
