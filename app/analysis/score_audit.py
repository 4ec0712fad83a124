"""Audit of a version of the driving score, on simulated drivers whose risk is known to be equal.

What a supervisor asks: does the score go with where or when somebody drives, does it go with the
device that looks, does the same driver get the same score twice, and are changed data noticed.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.analysis.score_changed import changed_trips, commuters, counted, driven, problems
from feature_kernels import driving
from simulators.manoeuvres import STYLES
from simulators.road import RoadNet, build_net
from simulators.sensors import Series, draw_traits, measure
from simulators.vehicle import Drive, make_drive

DEVICES = ("dongle", "obd", "phone")
MOST_POINTS = 3.0
"""The same drive seen by two devices may differ by so much."""
DRIVE_S = 1_200.0
DAY_US = 86_400_000_000
NOON_US = 1_700_049_600_000_000  # 2023-11-15 12:00 UTC
MIDNIGHT_US = NOON_US + DAY_US // 2
CHANGED_DRIVES = 12
"""Drives that are changed in each way; each changed drive must be marked, and no other one."""


@dataclass(frozen=True, slots=True)
class Driver:
    """One simulated driver: style and drives."""

    style: str
    net: int
    drives: tuple[Drive, ...]


def audit(
    model: driving.Model, seed: int, drivers: int, drives: int, commuting: int = 0
) -> dict[str, Any]:
    """Simulate `drivers` with `drives` each; return figures and what is not within its bound.

    commuting : so many commuters drive the same road 250 times each; none is a replay.
    """
    rng = np.random.default_rng(seed)
    nets = (build_net(seed), build_net(seed + 1))
    people = [_driver(nets, i, drives, rng) for i in range(drivers)]
    places = _places(people, nets, model, rng)
    devices = _devices(people, nets, model, rng)
    stability = _stability(people, nets, model, rng)
    wrong = [
        f"{pair}: the same drives differ by {row['mean']:+.1f} points on average"
        for pair, row in devices.items()
        if abs(row["mean"]) > MOST_POINTS
    ]
    changed, commuted = _changed(people, nets, rng), commuters(seed, commuting)
    wrong += problems(changed, commuted)
    return {
        "version": model.version,
        "seed": seed,
        "drivers": drivers,
        "drives": drives,
        "styles": _styles(people, nets, model, rng),
        "place": places,
        "time": _times(people, nets, model, rng),
        "devices": devices,
        "stability": stability,
        "changed": changed,
        "commuters": commuted,
        "problems": wrong,
    }


def _driver(nets: tuple[RoadNet, ...], i: int, drives: int, rng: np.random.Generator) -> Driver:
    style, net = STYLES[i % len(STYLES)], (i // len(STYLES)) % len(nets)
    made = tuple(make_drive(nets[net], style, rng, 0, DRIVE_S) for _ in range(drives))
    return Driver(style.name, net, made)


def _trips(
    driver: Driver, nets: tuple[RoadNet, ...], device: str, rng: np.random.Generator,
    at_us: int = NOON_US,
) -> NDArray[np.void]:  # fmt: skip
    """The trips of a driver as a device shows them, one drive a day."""
    traits, found = draw_traits(rng, device), []
    for day, drive in enumerate(driver.drives):
        series = measure(drive, nets[driver.net], device, traits, rng)
        columns = _with_limits(series, drive)
        found.append(driven(series.t_us + at_us + day * DAY_US, columns))
    return np.concatenate(found)


def _changed(
    people: list[Driver], nets: tuple[RoadNet, ...], rng: np.random.Generator
) -> dict[str, Any]:
    """How many trips are marked of drives as they were, and changed in each way."""
    return counted(
        changed_trips(
            measure(driver.drives[0], nets[driver.net], "phone", draw_traits(rng, "phone"), rng),
            NOON_US,
            rng,
        )
        for driver in people[:CHANGED_DRIVES]
    )


def _with_limits(series: Series, drive: Drive) -> dict[str, NDArray[np.float64]]:
    """Limits come from a map and not from the device: all devices have the same."""
    row = np.clip(np.searchsorted(drive.t_us, series.t_us), 0, drive.t_us.size - 1)
    return {**series.columns, "speed_limit_kmh": drive.limit_kmh[row].astype(np.float64)}


def _score(trips: NDArray[np.void], model: driving.Model) -> float:
    return driving.score(trips, True, model).score


def _styles(
    people: list[Driver], nets: tuple[RoadNet, ...], model: driving.Model, rng: np.random.Generator
) -> dict[str, float]:
    """Mean score of each style."""
    scores: dict[str, list[float]] = {}
    for driver in people:
        found = _score(_trips(driver, nets, "dongle", rng), model)
        scores.setdefault(driver.style, []).append(found)
    return {style: float(np.mean(values)) for style, values in scores.items()}


def _places(
    people: list[Driver], nets: tuple[RoadNet, ...], model: driving.Model, rng: np.random.Generator
) -> dict[str, float]:
    """Difference of the mean scores of two road nets, drivers of one style."""
    found: dict[str, dict[int, list[float]]] = {}
    for driver in people:
        value = _score(_trips(driver, nets, "dongle", rng), model)
        found.setdefault(driver.style, {}).setdefault(driver.net, []).append(value)
    return {
        style: float(np.mean(of[0]) - np.mean(of[1])) for style, of in found.items() if len(of) == 2
    }


def _times(
    people: list[Driver], nets: tuple[RoadNet, ...], model: driving.Model, rng: np.random.Generator
) -> dict[str, float]:
    """Points that the same drives lose at night; the weight of `night` is the most."""
    lost = [
        _score(_trips(driver, nets, "obd", rng), model)
        - _score(_trips(driver, nets, "obd", rng, MIDNIGHT_US), model)
        for driver in people
    ]
    weight = max((f.weight for f in model.factors if f.name == "night"), default=0.0)
    return {"mean": float(np.mean(lost)), "most": float(np.max(lost)), "weight": weight}


def _devices(
    people: list[Driver], nets: tuple[RoadNet, ...], model: driving.Model, rng: np.random.Generator
) -> dict[str, dict[str, float]]:
    """The same drives seen by two devices: difference of the scores."""
    scores = {
        device: np.array([_score(_trips(driver, nets, device, rng), model) for driver in people])
        for device in DEVICES
    }
    found = {}
    for i, one in enumerate(DEVICES):
        for other in DEVICES[i + 1 :]:
            difference = scores[one] - scores[other]
            found[f"{one}-{other}"] = {
                "mean": float(np.mean(difference)),
                "mean_absolute": float(np.mean(np.abs(difference))),
                "absolute_p95": float(np.quantile(np.abs(difference), 0.95)),
                "most": float(np.max(np.abs(difference))),
                "within_3_points": float(np.mean(np.abs(difference) <= MOST_POINTS)),
            }
    return found


def _stability(
    people: list[Driver], nets: tuple[RoadNet, ...], model: driving.Model, rng: np.random.Generator
) -> dict[str, float]:
    """The same driver's even and odd days."""
    halves = []
    for driver in people:
        trips = _trips(driver, nets, "dongle", rng)
        day = (trips["start_us"] - NOON_US) // DAY_US
        halves.append([_score(trips[day % 2 == k], model) for k in (0, 1)])
    pairs = np.array(halves)
    return {
        "correlation": float(np.corrcoef(pairs.T)[0, 1]),
        "mean_absolute": float(np.mean(np.abs(pairs[:, 0] - pairs[:, 1]))),
    }
