"""Versions of the driving score: which one counts, what another one would change, a new one."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contracts.purposes import Purpose
from customer_context.scoring import calibration
from customer_context.scoring.counting import counted
from feature_kernels import driving
from feature_kernels.driving.score import rates_of, saturated
from feature_kernels.driving.score_models import check
from runtime.errors import Usage
from services import scored_trips
from services.one_customer import together
from store.casework import score_models
from store.people import consent
from store.pipeline import rescored
from store.postgres import roles
from store.postgres.pool import Connection
from store.postgres.times import from_us

_TARIFF_YEAR = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
PORTION = 2_000
"""Drivers whose trips are in memory at a time."""

Drivers = tuple[tuple[str, tuple[str, ...]], ...]
"""Drivers by the id that stands for all of theirs, each with the ids that agree."""


@dataclass(frozen=True, slots=True)
class Shift:
    """A driver's score under two versions; None = no score."""

    customer: str
    trips: int
    distance_m: float
    before: float | None
    after: float | None


@dataclass(frozen=True, slots=True)
class Portion:
    """Some drivers' trips, side by side. sums : int64[drivers, …] of driving.score_sums.

    customers : a driver is named by the id that stands for all of theirs; ids : those that agree.
    """

    customers: tuple[str, ...]
    ids: tuple[tuple[str, ...], ...]
    trips: Any
    starts: NDArray[np.int64]


def model(connection: Connection, tenant: str, version: str | None = None) -> driving.Model:
    """Return a version by name or by tariff year, else the one in use.

    Raises `Usage` for a name nobody knows, and for a tariff year whose version has changed since.
    """
    name = version or score_models.in_use(connection, tenant) or driving.ALGORITHM_VERSION
    shipped = driving.MODELS.get(name)
    if shipped is not None:
        return shipped
    numbers = score_models.find(connection, tenant, name)
    if numbers is None:
        for row in score_models.frozen(connection, tenant):
            if row["name"] == name:
                return _as_frozen(connection, tenant, row)
        own = [row["version"] for row in score_models.versions(connection, tenant)]
        raise Usage(f"no version {name!r}; there are: {', '.join([*driving.MODELS, *own])}")
    return of_numbers(numbers)


def _as_frozen(connection: Connection, tenant: str, row: Mapping[str, Any]) -> driving.Model:
    """Return the version of a tariff year, which must have the numbers of when it was frozen."""
    try:
        now = numbers_of(model(connection, tenant, row["version"]))
    except Usage:
        now = {}
    if _text(now) != _text(row["model"]):
        raise Usage(f"{row['version']} has changed since it was frozen for {row['name']}")
    return of_numbers(row["model"])


def _text(numbers: Mapping[str, Any]) -> str:
    return json.dumps(numbers, sort_keys=True)


def numbers_of(one: driving.Model) -> dict[str, Any]:
    """Return a version as JSON has it: floats keep their bits."""
    return {
        "version": one.version,
        "span": one.span,
        "horizon_days": one.horizon_days,
        **({"by_observed": True} if one.by_observed else {}),
        "factors": [_factor_numbers(factor) for factor in one.factors],
    }


def _factor_numbers(factor: driving.Factor) -> dict[str, Any]:
    """Return a factor's numbers; what older versions did not have only where it is set."""
    numbers = factor._asdict()
    return numbers if factor.power else {k: v for k, v in numbers.items() if k != "power"}


def of_numbers(numbers: Mapping[str, Any]) -> driving.Model:
    """Return the version of stored numbers."""
    factors = tuple(driving.Factor(**factor) for factor in numbers["factors"])
    horizon = int(numbers.get("horizon_days", 0))
    by_observed = bool(numbers.get("by_observed", False))
    found = driving.Model(numbers["version"], factors, float(numbers["span"]), horizon, by_observed)
    check(found)
    return found


def portions(
    connection: Connection, tenant: str, until: datetime | None = None
) -> Iterator[Portion]:
    """Read the trips of all drivers who agree to be scored, some drivers at a time.

    until : only trips decided by then.
    """
    for some in drivers(connection, tenant):
        yield portion(connection, tenant, some, until)


def drivers(connection: Connection, tenant: str) -> list[Drivers]:
    """Return all drivers who agree to be scored, PORTION at a time."""
    customers = sorted(
        customer
        for (owner, customer), purposes in consent.granted(connection).items()
        if owner == tenant and Purpose.DRIVING_SCORE in purposes
    )
    roles.set_tenant_scope(connection, (tenant,))
    found = [
        (driver, tuple(ids)) for driver, ids in together(connection, tenant, customers).items()
    ]
    return [tuple(found[first : first + PORTION]) for first in range(0, len(found), PORTION)]


def portion(
    connection: Connection, tenant: str, some: Drivers, until: datetime | None = None
) -> Portion:
    """Read the trips of some drivers. until : only trips decided by then."""
    roles.set_tenant_scope(connection, (tenant,))  # it ends with the transaction
    ids = tuple(of for _, of in some)
    trips, starts = scored_trips.of_drivers(connection, tenant, ids, until)
    return Portion(tuple(driver for driver, _ in some), ids, trips, starts)


def devices_of_trips(connection: Connection, tenant: str) -> list[int]:
    """Return the devices of all trips of the drivers who agree to be scored."""
    found: set[int] = set()
    for portion in portions(connection, tenant):
        found.update(np.unique(portion.trips["device"]).tolist())
    return sorted(found)


def compare(
    connection: Connection,
    tenant: str,
    before: driving.Model,
    after: driving.Model,
    run_id: int | None = None,
) -> list[Shift]:
    """Score all drivers by two versions, from their stored trips.

    run_id : the second score is that of the trips that this run computed from samples; a trip that
    it has not (its samples are gone) stays as stored.
    """
    found = []
    for portion in portions(connection, tenant):
        old = driving.score_many(portion.trips, portion.starts, model=before)
        if run_id is not None:
            trips, starts = _computed_again(connection, tenant, portion, run_id)
            new = driving.score_many(trips, starts, model=after)
        elif after.horizon_days == before.horizon_days:
            new = driving.score_of_sums(old.sums, model=after)
        else:
            new = driving.score_many(portion.trips, portion.starts, model=after)
        count = np.diff(portion.starts)
        metres = old.sums[:, 1] / 1e6  # distance_m of score_sums
        for i, customer in enumerate(portion.customers):
            if count[i]:
                found.append(
                    Shift(
                        customer, int(count[i]), float(metres[i]),
                        _known(old.score[i]), _known(new.score[i]),
                    )
                )  # fmt: skip
    return found


def _computed_again(
    connection: Connection, tenant: str, portion: Portion, run_id: int
) -> tuple[Any, NDArray[np.int64]]:
    """Return a portion's trips with the features of a run, less what does not count now."""
    devices = [int(device) for device in np.unique(portion.trips["device"])]
    again = rescored.trips(connection, run_id, devices)
    at = {(int(row["device_id"]), int(row["start_us"])): i for i, row in enumerate(again)}
    trips = portion.trips.copy()
    keys = zip(trips["device"].tolist(), trips["start_us"].tolist(), strict=True)
    same = np.array([at.get(key, -1) for key in keys], np.int64)
    for name in set(again.dtype.names or ()) & set(trips.dtype.names) - {"device_id"}:
        trips[name][same >= 0] = again[name][same[same >= 0]]
    made = scored_trips.decisions(connection, tenant, trips)
    parts = [counted(trips[first:last], made) for first, last in pairwise(portion.starts)]
    sizes = [part.shape[0] for part in parts]
    return np.concatenate(parts), np.concatenate(([0], np.cumsum(sizes))).astype(np.int64)


def summary(shifts: Sequence[Shift]) -> dict[str, Any]:
    """Return how far scores move: drivers, mean, quantiles, and changes of band."""
    moved = np.array(
        [s.after - s.before for s in shifts if s.after is not None and s.before is not None]
    )
    if not moved.size:
        return {"drivers": len(shifts), "scored": 0}
    low, middle, high = np.quantile(moved, [0.05, 0.5, 0.95])
    return {
        "drivers": len(shifts),
        "scored": int(moved.size),
        "mean": float(moved.mean()),
        "p05": float(low),
        "median": float(middle),
        "p95": float(high),
        "by_more_than_5_points": int(np.sum(np.abs(moved) > 5.0)),
    }


@dataclass(frozen=True, slots=True)
class Fitted:
    """What a calibration rests on.

    left_out : drivers with claims or km who have no trips, or do not agree to be scored.
    """

    drivers: int
    left_out: int
    km: float
    claims: float


def calibrate(
    connection: Connection,
    tenant: str,
    version: str,
    claims: Mapping[str, tuple[float, float]],
    now_us: int,
) -> tuple[driving.Model, calibration.Report, Fitted]:
    """Fit the weights of the version in use to claims, and record them as a new version.

    claims : driver → (km insured, claims). Raises `Usage` where the name is taken or the claims
    are too few. Nothing is activated.
    """
    base, claims = model(connection, tenant), _of_drivers(connection, tenant, claims)
    rows, km, count = [], [], []
    for portion in portions(connection, tenant):
        sums = driving.score_many(portion.trips, portion.starts, model=base).sums
        parts = saturated_factors(sums, base)
        for i, customer in enumerate(portion.customers):
            if customer in claims and portion.starts[i + 1] > portion.starts[i]:
                rows.append(parts[i])
                km.append(claims[customer][0])
                count.append(claims[customer][1])
    if not rows:
        raise Usage("none of these drivers has trips and agrees to be scored")
    try:
        found, report = calibration.choose_and_report(
            np.array(rows), np.array(km), np.array(count), betas_of(base)
        )
    except ValueError as error:
        raise Usage(str(error)) from None
    new = with_betas(base, version, found.betas)
    fitted = Fitted(
        len(rows), len(claims) - len(rows), float(np.sum(km)), float(np.sum(count))
    )  # fmt: skip
    stored = {
        "drivers": fitted.drivers, "km": fitted.km, "claims": fitted.claims,
        **report._asdict(), "bands": [band._asdict() for band in report.bands],
    }  # fmt: skip
    if _known_name(connection, tenant, version) or not score_models.record(
        connection, tenant, version, base.version, numbers_of(new), stored, now_us
    ):
        raise Usage(f"there is a version {version!r}; a version never changes")
    return new, report, fitted


def freeze(
    connection: Connection,
    tenant: str,
    name: str,
    version: str | None,
    period: tuple[datetime, datetime],
    by: str,
    now_us: int,
) -> driving.Model:
    """Freeze a version for a tariff year; return it. version : None = the one in use.

    From then on `model` finds it by the name of the year, and nobody retires it before the year
    is over. Raises `Usage`.
    """
    chosen = model(connection, tenant, version)
    if not period[0] < period[1]:
        raise Usage("the tariff year ends before it begins")
    if _TARIFF_YEAR.fullmatch(name) is None:
        raise Usage("--name: expected letters, digits, '.', '_' and '-', 64 at most")
    if chosen.version in score_models.retired(connection, tenant):
        raise Usage(f"{chosen.version} is retired")
    if _known_name(connection, tenant, name) or not score_models.freeze(
        connection, tenant, name, chosen.version, numbers_of(chosen), *period, by, now_us
    ):
        raise Usage(f"there is {name!r} already; what is frozen never changes")
    return chosen


def retire(connection: Connection, tenant: str, version: str, by: str, now_us: int) -> None:
    """Never bring a version into use again; what was given out by it is still explained.

    Raises `Usage` for the version in use, and for one that is frozen for a tariff year.
    """
    chosen = model(connection, tenant, version).version
    if chosen == model(connection, tenant).version:
        raise Usage(f"{chosen} is in use")
    for row in score_models.frozen(connection, tenant):
        if row["version"] == chosen and row["valid_to"] > from_us(now_us):
            raise Usage(f"{chosen} is frozen for {row['name']} until {row['valid_to']:%Y-%m-%d}")
    score_models.retire(connection, tenant, chosen, by, now_us)


def _known_name(connection: Connection, tenant: str, name: str) -> bool:
    """Return whether a name stands for a version or a tariff year."""
    return (
        name in driving.MODELS
        or score_models.find(connection, tenant, name) is not None
        or any(row["name"] == name for row in score_models.frozen(connection, tenant))
    )


def _of_drivers(
    connection: Connection, tenant: str, claims: Mapping[str, tuple[float, float]]
) -> dict[str, tuple[float, float]]:
    """Return the sums of km and claims by the id that stands for all of a driver's."""
    return {
        driver: (sum(claims[one][0] for one in ids), sum(claims[one][1] for one in ids))
        for driver, ids in together(connection, tenant, sorted(claims)).items()
    }


def saturated_factors(sums: NDArray[np.int64], one: driving.Model) -> NDArray[np.float64]:
    """Return each factor's part of its weight: float64[drivers, factors], 0 to 1."""
    rates = rates_of(one, driving.score_of_sums(sums, model=one).values, sums)
    return np.column_stack([saturated(factor, rates[:, i]) for i, factor in enumerate(one.factors)])


def betas_of(one: driving.Model) -> NDArray[np.float64]:
    """Return each factor's term of the logarithm of risk at its full weight."""
    return np.array([factor.weight for factor in one.factors]) * one.span / 100.0


def with_betas(base: driving.Model, version: str, betas: NDArray[np.float64]) -> driving.Model:
    """Return the version with these terms: weights that sum to 100, and their span.

    Raises `Usage` where no factor has any effect.
    """
    span = float(betas.sum())
    if not span > 0.0:
        raise Usage("these claims do not go with any factor of the score")
    weights = [float(beta / span * 100.0) for beta in betas]
    factors = tuple(
        factor._replace(weight=weight) for factor, weight in zip(base.factors, weights, strict=True)
    )
    new = base._replace(version=version, factors=factors, span=span)
    check(new)
    return new


def listed(connection: Connection, tenant: str) -> list[dict[str, Any]]:
    """Return all versions that a tenant may use, and which one it uses."""
    current = model(connection, tenant).version
    own = score_models.versions(connection, tenant)
    rows = [{"version": name, "base": None, "made_at": None} for name in driving.MODELS]
    rows += [{k: row[k] for k in ("version", "base", "made_at")} for row in own]
    frozen: dict[str, list[str]] = {}
    for row in score_models.frozen(connection, tenant):
        frozen.setdefault(row["version"], []).append(row["name"])
    retired = score_models.retired(connection, tenant)
    return [
        {
            **row,
            "in_use": row["version"] == current,
            "frozen_for": frozen.get(str(row["version"]), []),
            "retired": row["version"] in retired,
        }
        for row in rows
    ]


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
