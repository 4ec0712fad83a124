"""A score that was given out, computed again from what is stored, for an examiner."""

import hashlib
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from contracts.purposes import Purpose
from customer_context.scoring.bands import band
from feature_kernels import driving
from feature_kernels.driving.score import STRENGTH, rates_of, relative_risk
from feature_kernels.driving.score_observed import exposure_of
from feature_kernels.driving.score_sums import WIDTH_BEFORE_OBSERVED, trip_sums
from runtime.errors import NotFound
from services import driving_scores, score_versions, scored_trips
from services.one_customer import granting
from store.casework import driver_scores, score_models, trip_counting
from store.people import consent, customers
from store.postgres import roles
from store.postgres.pool import Connection
from store.postgres.times import from_us
from store.reads import scoring

CARD = "docs/score.md"


def explain(
    connection: Connection, which: scoring.Which, as_of: datetime, version: str | None = None
) -> dict[str, Any]:
    """Compute a score from the trips that were decided by `as_of`, with all that it rests on.

    version : by default the one in use then. Raises `NotFound` for a customer nobody knows, `Usage`
    for a version nobody knows.

    `recorded` is the driver's score that was recorded last by then, and whether the same bits come
    out again. Trips that were corrected later no longer have their earlier numbers:
    `inputs.corrected_later` counts them, and then a difference is no error of the computation.
    """
    roles.set_tenant_scope(connection, (which.tenant,))
    if customers.person(connection, which.tenant, which.customer) is None:
        raise NotFound(f"no customer {which.tenant}/{which.customer}")
    name = version or score_models.in_use(connection, which.tenant, as_of)
    model = score_versions.model(connection, which.tenant, name or driving.ALGORITHM_VERSION)
    if which.vehicle is None and which.contract is None:
        theirs = granting(connection, which.tenant, which.customer, Purpose.DRIVING_SCORE)
        which = replace(which, also=theirs)
    trips, revisions = scored_trips.until(connection, which, as_of)
    found = driving.score(trips, single_trip=False, model=model)
    counted = driving_scores.recent(trips, model)
    return {
        "subject": _named(which),
        "as_of": as_of.isoformat(),
        "version": model.version,
        "score": _finite(found.score),
        "band": None if np.isnan(found.score) else band(found.score),
        "trusted": found.trusted,
        "reason": found.reason or None,
        "relative_risk": None if np.isnan(found.score) else relative_risk(found.score, model),
        "formula": _formula(found, model),
        "components": [
            _component(factor, part, _rate(factor, part, model, *own))
            for factor, part, *own in zip(
                model.factors, found.components, *_observed(counted, model), strict=True
            )
        ],
        "exposure": found.exposure._asdict(),
        "horizon": _horizon(counted, model),
        "inputs": _inputs(counted, revisions, model),
        "decisions": _decisions(connection, which, as_of),
        "consent": _consent(connection, which, as_of),
        "recorded": _recorded(connection, which, as_of),
        "model": score_versions.numbers_of(model),
        "model_card": CARD,
    }


def digest(trips: Any, model: driving.Model = driving.CURRENT) -> str:
    """SHA-256 of the inputs of a score: begin and end of each trip, and what it adds, in order."""
    order = np.lexsort((trips["driving_s"], trips["end_us"], trips["start_us"]))
    trips = trips[order]
    sums = trip_sums(trips, np.array([0, trips.shape[0]], np.int64))
    if not model.by_observed:
        sums = sums[:, :WIDTH_BEFORE_OBSERVED]
    hashed = hashlib.sha256()
    for values in (trips["start_us"], trips["end_us"], sums):
        hashed.update(np.ascontiguousarray(values, "<i8").tobytes())
    return hashed.hexdigest()


def _formula(found: driving.Score, model: driving.Model) -> str:
    if np.isnan(found.score):
        return f"none: {found.reason}"
    shares = " + ".join(repr(part.share) for part in found.components)
    return f"100 - ({shares}) = {found.score!r}"


def _observed(trips: Any, model: driving.Model) -> tuple[list[float], list[float]]:
    """How much each factor was observed, km or h, and what is taken for its rate, in order."""
    found = driving.score_many(trips, np.array([0, trips.shape[0]], np.int64), False, model)
    rates = rates_of(model, found.values, found.sums)
    own = [float(exposure_of(model, factor, found.sums)[0]) for factor in model.factors]
    return own, [float(rate) for rate in rates[0]]


def _rate(
    factor: driving.Factor, part: driving.Component, model: driving.Model, own: float, rate: float
) -> str:
    """How a factor's rate comes about, in figures."""
    unit = "km" if factor.per_distance else "h"
    if not np.isnan(part.value):
        return (
            f"r = ({own!r} {unit} · {part.value!r} + {factor.prior!r} {unit} · {factor.mean!r}) / "
            f"({own!r} + {factor.prior!r}) = {rate!r}"
        )
    if not (model.by_observed and factor.power):
        return f"r = {rate!r} (not observed: the portfolio's mean)"
    times = " · ".join(["(r / m)"] * factor.power)
    return (
        f"r = {factor.mean!r} · {times} = {rate!r} (not observed: the portfolio's mean, "
        f"with r and m of {STRENGTH})"
    )


def _component(factor: driving.Factor, part: driving.Component, rate: str) -> dict[str, Any]:
    power = "" if factor.order == 1 else f"^{factor.order}"
    return {
        "factor": factor.name,
        "value": _finite(part.value),
        "unit": factor.unit,
        "share": _finite(part.share),
        "formula": f"{factor.weight!r} · r{power} / (r{power} + {factor.half!r}{power}), {rate}",
    }


def _horizon(trips: Any, model: driving.Model) -> dict[str, Any]:
    """The days before the newest trip from which trips count; 0 and None = all."""
    begin = None
    if model.horizon_days and trips.shape[0]:
        begin = from_us(trips["start_us"].max()) - timedelta(days=model.horizon_days)
    return {
        "days": model.horizon_days,
        "from": None if begin is None else begin.isoformat(),
    }


def _inputs(trips: Any, revisions: Any, model: driving.Model) -> dict[str, Any]:
    some = bool(trips.shape[0])
    return {
        "trips": int(trips.shape[0]),
        "first_start": from_us(trips["start_us"].min()).isoformat() if some else None,
        "last_end": from_us(trips["end_us"].max()).isoformat() if some else None,
        "corrected_later": int(np.sum(revisions > 0)),
        "sha256": digest(trips, model),
    }


def _decisions(
    connection: Connection, which: scoring.Which, as_of: datetime
) -> list[dict[str, Any]]:
    """The decisions by then about what counts, of all trips of the selection, oldest first."""
    trips, _ = scoring.trips_until(connection, which, as_of)
    devices = [int(device) for device in np.unique(trips["device"])]
    rows = trip_counting.of_devices(connection, which.tenant, devices, as_of)
    return [
        {
            **row,
            "at": row["at"].isoformat(),
            "decided_at": row["decided_at"].isoformat(),
        }
        for row in rows
        if row["customer"] in (which.customer, *which.also)
    ]


def _consent(connection: Connection, which: scoring.Which, as_of: datetime) -> list[dict[str, Any]]:
    """The decisions about the score that had been recorded by then, oldest first."""
    decided = [
        row
        for one in (which.customer, *which.also)
        for row in consent.consents_of(connection, which.tenant, one)
    ]
    return [
        {
            "consent_id": row["consent_id"],
            "state": row["state"],
            "legal_basis": row["legal_basis"],
            "notice_version": row["notice_version"],
            "decided_at": row["decided_at"].isoformat(),
        }
        for row in sorted(decided, key=lambda row: (row["recorded_at"], row["consent_id"]))
        if row["purpose"] == Purpose.DRIVING_SCORE and row["recorded_at"] <= as_of
    ]


def _recorded(
    connection: Connection, which: scoring.Which, as_of: datetime
) -> dict[str, Any] | None:
    if which.vehicle is not None or which.contract is not None:
        return None
    # Each id of a customer has scores of its own: they are recorded with a trip, under whose
    # contract it was.
    row = driver_scores.newest(connection, which.tenant, [which.customer, *which.also], as_of)
    if row is None:
        return None
    model = score_versions.model(connection, which.tenant, row["algorithm_version"])
    all_trips = replace(which, customer=row["customer"], also=(), from_us=None, to_us=None)
    trips, _ = scored_trips.until(connection, all_trips, row["computed_at"])
    again = driving.score(trips, single_trip=False, model=model).score
    return {
        "week": row["week"].isoformat(),
        "computed_at": row["computed_at"].isoformat(),
        "version": row["algorithm_version"],
        "score": row["score"],
        "computed_again": _finite(again),
        "same_bits": bool(again == row["score"]),
    }


def _named(which: scoring.Which) -> str:
    if which.contract is not None:
        return f"contract:{which.contract}"
    return f"customer:{which.customer}" if which.vehicle is None else f"vehicle:{which.vehicle}"


def _finite(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
