"""`tachowatt score-trip`: compute the answer from the table of a vehicle's recording."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.analysis import alignment, inertial
from app.analysis.answer import iso, number
from app.analysis.axes import FIND_OUT, NOTHING, Axes, Found, rates
from app.analysis.events import (
    beyond_noise,
    category,
    describe,
    idling,
    merged,
    phone_seconds,
    rows_of,
)
from app.analysis.fixes import measured_only
from app.recordings.read import Table
from contracts.trip_quality import TRIP_QUALITY, marks
from customer_context.scoring.fingerprint import replays
from feature_kernels.driving import (
    ALGORITHM_VERSION,
    DEFAULTS,
    QUALITY_FLAGS,
    Parameters,
    Score,
    drive,
    finish,
    initial_carry,
    rejected,
    score,
)
from feature_kernels.inertial import MANOEUVRE_DTYPE
from services.score_average import average_points

US_PER_S = 1_000_000
NO_ALIGNMENT = "the device's axes are not found with confidence: events by size of acceleration"
BLIND = "neither speed nor position, and no acceleration along the car: no trip"
# Columns that show motion or standing; other columns do not make a second count as measured.
MOTION = ("speed_kmh", "lat_deg", "accel_long_mps2", "accel_lat_mps2", "accel_x_mps2")


@dataclass(frozen=True, slots=True)
class TripAnalysis:
    """The answer and its inputs.

    answer : printed values
    trips  : TRIP_DTYPE[k] of the kernel
    events : EVENT_DTYPE[m] of the kernel, those outside a kept trip too
    axes   : the car's axes in a recording of a device's accelerations, None = not looked for
    used   : the table with accelerations along them, and speed through silences of its source
    """

    table: Table
    trips: NDArray[Any]
    events: NDArray[Any]
    answer: dict[str, Any]
    axes: Found | None = None
    used: Table | None = None


def score_trip(
    table: Table, parameters: Parameters = DEFAULTS, axes: Axes = FIND_OUT
) -> dict[str, Any]:
    """Score the trips of one recording; return plain values, None where unknown."""
    return analyse(table, parameters, axes).answer


def analyse(table: Table, parameters: Parameters = DEFAULTS, axes: Axes = FIND_OUT) -> TripAnalysis:
    """Score the trips of one recording; return all data for plots and exports."""
    if inertial.usable(table):
        return _without_speed(table, parameters, axes)
    measured, repeated, noise_mps = measured_only(table)
    car, used, manoeuvres = None, measured, np.empty(0, MANOEUVRE_DTYPE)
    if alignment.usable(measured):
        if axes.frame == "vehicle":
            used = alignment.as_vehicle(measured, axes)
        else:
            car, used, manoeuvres = alignment.find(measured, axes)
            if car.found and (car.gravity or car.fusion_s):
                # Low frequencies are there: what follows a braking is no rebound of a fusion.
                parameters = parameters._replace(rebound_s=0.0)
    parameters, shaken = beyond_noise(used, parameters)
    starts = np.array([0, table.t_us.size], np.int64)
    run = drive(used.columns, table.t_us, table.local_us, starts, initial_carry(1), parameters)
    end = finish(run.carry, parameters)
    trips = np.concatenate((run.trips, end.trips))
    events = np.concatenate((run.events, end.events))
    trips = trips[np.argsort(trips["start_us"], kind="stable")]
    trips["quality"][replays(trips)] |= QUALITY_FLAGS["replayed"]
    stands = idling(table, trips)
    events = merged(np.concatenate((events, stands)), manoeuvres, trips)
    trips["phone_s"] = phone_seconds(table, trips, events)
    if not table.absolute:
        # Night is unknown without local time: not measured, the score assumes the usual share.
        trips["night_s"] = np.nan
        trips["rush_s"] = np.nan
    home = [_trip_of(event, trips) for event in events]
    described = [{**describe(e, used, car, parameters), **_when(table, e)} for e in events]
    answer: dict[str, Any] = {
        "trips": [
            _trip(table, trips[i], [e for e, h in zip(described, home, strict=True) if h == i])
            for i in range(trips.size)
        ],
        "events": [{**e, "trip": h} for e, h in zip(described, home, strict=True)],
        "quality": _quality(table, trips, int(rejected(run.carry)[0]), parameters),
        "alignment": NOTHING if car is None else car.answer(),
        "algorithm_version": ALGORITHM_VERSION,
    }
    answer["quality"] |= {
        "repeated": repeated,
        "speed_noise_mps": round(noise_mps, 3),
        "accel_noise_mps2": shaken,
    }
    if car is not None:
        answer["quality"] |= {"lag_s": car.lag_s, "fusion_s": car.fusion_s}
        if not car.found:
            answer["quality"]["notes"].append(NO_ALIGNMENT)
    return TripAnalysis(table, trips, events, answer, car, used)


def _without_speed(table: Table, parameters: Parameters, axes: Axes) -> TripAnalysis:
    """Find trips and manoeuvres by accelerometer and gyroscope alone."""
    found, manoeuvres, car = inertial.find(table, axes)
    trips, events = inertial.trip_rows(found), rows_of(manoeuvres)
    home = [_trip_of(event, trips) for event in events]
    described = [{**describe(e, table, car, parameters), **_when(table, e)} for e in events]
    nothing: dict[str, Any] = dict.fromkeys(("distance_m", "max_speed_kmh", "category", "score"))
    answer: dict[str, Any] = {
        "trips": [
            {
                **_when(table, trip),
                "duration_s": (int(trip["end_us"]) - int(trip["start_us"])) / US_PER_S,
                "driving_s": number(trip["driving_s"]),
                "idle_s": number(trip["idle_s"]),
                **nothing,
                "trusted": False,
                "components": [],
                "quality": [],
                "events": [e for e, h in zip(described, home, strict=True) if h == i],
            }
            for i, trip in enumerate(trips)
        ],
        "events": [{**e, "trip": h} for e, h in zip(described, home, strict=True)],
        "quality": _quality(table, trips, 0, parameters),
        "alignment": car.answer(),
        "algorithm_version": ALGORITHM_VERSION,
    }
    quality = answer["quality"]
    why = [inertial.NO_DISTANCE, *([] if car.found else [inertial.NO_AXES])]
    quality["notes"] = [note for note in quality["notes"] if note != BLIND] + why
    quality["fusion_s"] = car.fusion_s
    return TripAnalysis(table, trips, events, answer, car)


def _trip_of(event: np.void, trips: NDArray[Any]) -> int | None:
    """Return the index of the kept trip in which an event began, if any."""
    within = (trips["start_us"] <= event["start_us"]) & (event["start_us"] <= trips["end_us"])
    within |= trips["start_us"] == event["trip_start_us"]
    return int(np.argmax(within)) if within.any() else None


def _when(table: Table, row: np.void) -> dict[str, Any]:
    start, end = int(row["start_us"]), int(row["end_us"])
    times: dict[str, Any] = {"start_s": table.seconds(start), "end_s": table.seconds(end)}
    if table.absolute:
        times |= {"start": iso(table, start), "end": iso(table, end)}
    return times


def _trip(table: Table, trip: np.void, events: list[dict[str, Any]]) -> dict[str, Any]:
    judged: Score = score(np.array([trip]))
    average = average_points(judged)
    return {
        **_when(table, trip),
        "duration_s": (int(trip["end_us"]) - int(trip["start_us"])) / US_PER_S,
        "driving_s": number(trip["driving_s"]),
        "idle_s": number(trip["idle_s"]),
        "distance_m": number(trip["distance_m"], 3),
        "max_speed_kmh": number(trip["max_speed_kmh"], 1),
        "category": category(trip),
        "score": number(judged.score, None),
        "trusted": bool(judged.trusted),
        "components": [
            {
                "factor": component.factor,
                "value": number(component.value, 9),
                "unit": component.unit,
                "share": number(component.share, None),
                "share_of_average": number(average[component.factor], None),
            }
            for component in judged.components
        ],
        "quality": [str(mark) for mark in marks(int(trip["quality"]))],
        "events": events,
    }


def _quality(
    table: Table, trips: NDArray[Any], not_taken: int, parameters: Parameters
) -> dict[str, Any]:
    """Report how much of the file was measured, what was ignored, and what was not computed."""
    moving = np.zeros(table.t_us.size, np.bool_)
    for name in MOTION:
        if name in table.columns:
            moving |= ~np.isnan(table.columns[name])
    t_us = table.t_us[moving]
    steps = np.diff(t_us) / US_PER_S
    silent = np.flatnonzero(steps > parameters.bridge_s)
    places = [table.columns[name] for name in ("speed_kmh", "lat_deg") if name in table.columns]
    blind = not any(bool(np.any(~np.isnan(values))) for values in places)
    not_computed = [*_of_trips(trips), *_without_trip(table, t_us, trips, parameters)]
    span_s = (int(table.t_us[-1]) - int(table.t_us[0])) / US_PER_S
    return {
        "samples": int(table.t_us.size),
        "duplicate": table.duplicate,
        "joined": table.joined,
        "rejected": not_taken,
        "measured_s": round(float(np.sum(steps[steps <= parameters.bridge_s])), 6),
        "span_s": span_s,
        "gaps": [
            {"start_s": table.seconds(int(t_us[i])), "end_s": table.seconds(int(t_us[i + 1]))}
            for i in silent
        ],
        "rates_hz": rates(table),
        "columns": {name: int(np.sum(~np.isnan(values))) for name, values in table.columns.items()},
        "ignored_columns": list(table.ignored),
        "local_time": table.local,
        "not_computed": not_computed,
        "notes": [
            *table.notes,
            *dict.fromkeys(each["why"] for each in not_computed),
            *([BLIND] if blind else []),
            *([] if table.absolute else ["night driving is not measured: t_s says no time of day"]),
        ],
    }


def _of_trips(trips: NDArray[Any]) -> list[dict[str, Any]]:
    """List what was not computed of each trip, and why."""
    return [
        {
            "trip": i,
            "reason": str(mark),
            "what": list(TRIP_QUALITY[mark].missing),
            "why": TRIP_QUALITY[mark].text("en"),
        }
        for i in range(trips.size)
        for mark in marks(int(trips[i]["quality"]))
    ]


def _without_trip(
    table: Table, t_us: NDArray[np.int64], trips: NDArray[Any], parameters: Parameters
) -> list[dict[str, Any]]:
    """List the silences over which the car moved and no trip was computed, and why.

    t_us : times of the rows with motion.
    """
    if not {"lat_deg", "lon_deg"} <= set(table.columns) or t_us.size < 2:
        return _too_rare(t_us, trips, parameters)
    lat, lon = table.columns["lat_deg"], table.columns["lon_deg"]
    placed = np.flatnonzero(~np.isnan(lat) & ~np.isnan(lon))
    if placed.size < 2:
        return _too_rare(t_us, trips, parameters)
    found = []
    long = np.flatnonzero(np.diff(table.t_us[placed]) > parameters.gap_s * US_PER_S)
    for a, b in zip(placed[long], placed[long + 1], strict=True):
        start, end = int(table.t_us[a]), int(table.t_us[b])
        seconds = (end - start) / US_PER_S
        metres = _metres(lat[a], lon[a], lat[b], lon[b])
        if metres < max(parameters.brief_m, parameters.sparse_kmh / 3.6 * seconds):
            continue
        if np.any((trips["start_us"] <= start) & (trips["end_us"] >= end)):
            continue
        found.append(
            {
                "trip": None,
                "reason": "rate_too_low",
                "start_s": table.seconds(start),
                "end_s": table.seconds(end),
                "what": ["trip"],
                "why": f"the places are {metres / 1e3:.1f} km apart after {seconds:.0f} s without "
                "a value: that is no trip. A device must report at least every "
                f"{parameters.sparse_gap_s / 60:.0f} min, and evenly",
            }
        )
    return found


def _too_rare(
    t_us: NDArray[np.int64], trips: NDArray[Any], parameters: Parameters
) -> list[dict[str, Any]]:
    """Say that values without places are too far apart for any trip."""
    if trips.size or t_us.size < 2:
        return []
    usual_s = float(np.median(np.diff(t_us))) / US_PER_S
    if usual_s <= parameters.gap_s:
        return []
    return [
        {
            "trip": None,
            "reason": "rate_too_low",
            "what": ["trip"],
            "why": f"no trip: a value every {usual_s:.0f} s; a device must report at least every "
            f"{parameters.sparse_gap_s / 60:.0f} min while it drives, or every "
            f"{parameters.gap_s:.0f} s where it has no places",
        }
    ]


def _metres(lat1: float, lon1: float, lat2: float, lon2: float) -> float:
    """Return the great-circle distance in m (haversine; mean radius of the Earth, IUGG)."""
    a, b = np.radians(lat1), np.radians(lat2)
    half = np.sin((b - a) / 2) ** 2
    half += np.cos(a) * np.cos(b) * np.sin(np.radians(lon2 - lon1) / 2) ** 2
    return float(2 * 6_371_008.8 * np.arcsin(np.sqrt(min(half, 1.0))))
