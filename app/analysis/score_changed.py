"""Data that were made up or changed, and drives of which nothing was: what of them is marked?"""

from collections.abc import Iterable, Iterator
from itertools import cycle, islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from customer_context.scoring.fingerprint import replays
from feature_kernels import driving
from simulators.commute import commute
from simulators.manoeuvres import STYLES
from simulators.road import build_net
from simulators.sensors import Series, draw_traits, measure
from simulators.vehicle import make_drive

DAY_US = 86_400_000_000
MORNING_US = 1_700_035_200_000_000  # 2023-11-15 08:00 UTC
CLOCK_AT_KMH = 50.0  # a clock is shifted while the car drives on at this or more
DRIVES_OF_A_COMMUTER = 250
"""Working days of a year."""
OTHER_TIME_S, SCALED, NOISE_KMH, NOISE_M = 120.0, 0.7, 1.0, 3.0

DRIVE_S = 1_200.0
MOST_FALSE = 1e-4
"""So many of all honest drives on the same road may be taken for a replay."""
LEAST_MARKED = {"unchanged": 0.0, "speed_at_other_time": 0.75}
"""Of each kind of change so many must be marked, if not all: on an even road speeds are those of
another time too, and change no score."""
BROKEN = ("scale", "time", "course")
"""Rules that `prove` can leave out; a changed recording must then be missed."""

Columns = dict[str, NDArray[np.float64]]


def driven(
    t_us: NDArray[np.int64],
    columns: Columns,
    parameters: driving.Parameters = driving.DEFAULTS,
) -> NDArray[np.void]:
    """Return the trips of one recording."""
    start = np.array([0, t_us.size], np.int64)
    run = driving.drive(columns, t_us, t_us, start, driving.initial_carry(1), parameters)
    return np.concatenate((run.trips, driving.finish(run.carry, parameters).trips))


def changed_trips(
    series: Series,
    at_us: int,
    rng: np.random.Generator,
    parameters: driving.Parameters = driving.DEFAULTS,
    courses: bool = True,
) -> Iterator[tuple[str, NDArray[np.void]]]:
    """Return the trips of a phone's recording as it was, and changed in each way.

    places_jump : from the middle on the places lie 20 km off; speed_halved; speed_scaled : by 0.7;
    speed_at_other_time : the speeds are those of two minutes before; clock_jumps : from the middle
    on the clock is five hours ahead; replayed : the drive is sent again a day later;
    replayed_with_noise : with noise of 1 km/h and 3 m. courses : drives are known by them.
    """
    t_us, columns = series.t_us + at_us, series.columns
    known = np.isfinite(columns["lat_deg"] * columns["speed_kmh"])
    known &= np.diff(t_us, prepend=t_us[:1]) <= 2_000_000
    seen = np.convolve(known, np.ones(9), "same")
    fast = np.flatnonzero((columns["speed_kmh"] >= CLOCK_AT_KMH) & (seen == 9))
    half_way = int(fast[fast.size // 2]) if fast.size else t_us.size // 2
    later = np.arange(t_us.size) > half_way
    far = columns["lon_deg"] + np.where(later, 0.3, 0.0)
    speed = columns["speed_kmh"]
    honest = driven(t_us, columns, parameters)
    yield "unchanged", honest
    yield "places_jump", driven(t_us, {**columns, "lon_deg": far}, parameters)
    yield "speed_halved", driven(t_us, {**columns, "speed_kmh": speed * 0.5}, parameters)
    yield "speed_scaled", driven(t_us, {**columns, "speed_kmh": speed * SCALED}, parameters)
    before = np.interp(t_us - OTHER_TIME_S * 1e6, t_us, speed, left=0.0)
    yield "speed_at_other_time", driven(t_us, {**columns, "speed_kmh": before}, parameters)
    yield "clock_jumps", driven(t_us + later * 5 * 3_600_000_000, columns, parameters)
    noisy = {
        **columns,
        "speed_kmh": np.maximum(speed + rng.normal(0.0, NOISE_KMH, speed.size) * (speed > 3.0), 0),
        "lat_deg": columns["lat_deg"] + rng.normal(0.0, NOISE_M, speed.size) / 111_200.0,
        "lon_deg": columns["lon_deg"] + rng.normal(0.0, NOISE_M, speed.size) / 70_000.0,
    }
    for name, again in (("replayed", columns), ("replayed_with_noise", noisy)):
        both = np.concatenate((honest, driven(t_us + DAY_US, again, parameters)))
        if not courses:
            both["course_m"] = 0.0
        both["quality"][replays(both)] |= driving.QUALITY_FLAGS["replayed"]
        yield name, both[honest.size :]


def commuters(seed: int, many: int) -> dict[str, Any]:
    """How many drives of commuters are taken for an earlier one: the same road, other speeds."""
    trips = marked = 0
    for i in range(many):
        rng = np.random.default_rng([seed, i])
        speeds = commute(rng, DRIVES_OF_A_COMMUTER).speed_kmh
        days = MORNING_US + DAY_US * np.arange(speeds.shape[0])[:, np.newaxis]
        t_us = (days + 1_000_000 * np.arange(speeds.shape[1])).ravel()
        found = driven(t_us, {"speed_kmh": speeds.ravel()})
        trips += int(found.size)
        marked += int(replays(found).sum())
    return {"commuters": many, "trips": trips, "marked": marked}


def counted(recordings: Iterable[Iterable[tuple[str, NDArray[np.void]]]]) -> dict[str, Any]:
    """How many trips there are of each kind of change, and how many of them are marked."""
    found: dict[str, dict[str, int]] = {}
    for recording in recordings:
        for name, trips in recording:
            row = found.setdefault(name, {"trips": 0, "marked": 0})
            row["trips"] += int(trips.size)
            row["marked"] += int(np.sum((trips["quality"] & driving.NOT_SCORED) != 0))
    return found


def problems(changed: dict[str, Any], commuted: dict[str, Any]) -> list[str]:
    """Say which changed drives are not marked, and which honest ones are."""
    found = [
        f"{what}: {row['marked']} of {row['trips']} trips are marked"
        for what, row in changed.items()
        if not LEAST_MARKED.get(what, 1.0) * row["trips"] <= row["marked"]
        or (what == "unchanged" and row["marked"])
    ]
    if commuted["marked"] > MOST_FALSE * commuted["trips"]:
        found.append(f"{commuted['marked']} of {commuted['trips']} commutes are marked")
    return found


def prove(seed: int, drives: int, commuting: int, broken: str | None = None) -> dict[str, Any]:
    """Change each of so many drives in every way. broken : a rule of BROKEN that is left out."""
    parameters = driving.DEFAULTS
    if broken == "scale":
        parameters = parameters._replace(scale_ratio=np.inf, varies_kmh=np.inf)
    elif broken == "time":
        parameters = parameters._replace(varies_kmh=np.inf)
    net, rng = build_net(seed), np.random.default_rng(seed)

    def recordings() -> Iterator[Iterator[tuple[str, NDArray[np.void]]]]:
        for style in islice(cycle(STYLES), drives):
            drive = make_drive(net, style, rng, 0, DRIVE_S)
            series = measure(drive, net, "phone", draw_traits(rng, "phone"), rng)
            yield changed_trips(series, MORNING_US, rng, parameters, broken != "course")

    changed, commuted = counted(recordings()), commuters(seed, commuting)
    return {
        "seed": seed,
        "broken": broken,
        "changed": changed,
        "commuters": commuted,
        "problems": problems(changed, commuted),
    }
