"""Turn a route into a motion at 10 Hz, manoeuvre by manoeuvre.

First the speed at every zone's border is settled (bends, limits, stop lines, comfortable
acceleration), then each zone is filled with manoeuvres whose speed change and distance are known
in closed form. No manoeuvre is between clearly normal and clearly harsh, so truth is unambiguous.
"""

import math
from dataclasses import dataclass, replace

import numpy as np

from simulators.road import Route

STEP_S = 0.1
RAMP_S = 0.4
"""A manoeuvre's acceleration grows and fades over this time: bounded jerk."""

HARSH_MPS2 = {"harsh_acceleration": 2.0, "harsh_braking": 2.7, "harsh_cornering": 2.9}
"""Thresholds used in the trade (docs/field/driving.md, between Teltonika's and Positrace's). Normal
driving here stays below 0.75 of them, harsh manoeuvres peak at 1.3 times and more."""

SPEEDING_OVER_KMH = 12.0
SPEEDING_MIN_S = 20.0


@dataclass(frozen=True, slots=True)
class Style:
    """How a driver drives; shares are chances for each zone where the thing is possible."""

    name: str
    accelerate_mps2: float
    brake_mps2: float
    corner_mps2: float
    of_limit: float
    harsh_acceleration: float
    harsh_braking: float
    harsh_cornering: float
    speeding: float


CALM = Style("calm", 1.0, 1.2, 1.3, 0.93, 0.003, 0.004, 0.002, 0.01)
NORMAL = Style("normal", 1.25, 1.5, 1.7, 0.98, 0.015, 0.02, 0.015, 0.08)
AGGRESSIVE = Style("aggressive", 1.45, 1.85, 2.0, 1.0, 0.10, 0.10, 0.10, 0.35)
STYLES = (CALM, NORMAL, AGGRESSIVE)

_DIP_MPS2 = 0.3

_SPACING_ZONES = 3
"""Two harsh manoeuvres of a kind keep this many zones apart, so that none merges with the next."""


@dataclass(slots=True)
class Motion:
    """Noise-free state every 0.1 s from the first movement to the last.

    s_m, speed_mps, accel_mps2 : float64[n]
    standing_s : time spent at lights and junctions
    """

    s_m: np.ndarray
    speed_mps: np.ndarray
    accel_mps2: np.ndarray


@dataclass(slots=True)
class _Plan:
    """The plan of one zone."""

    length: float
    cap: float
    stop: bool
    corner_harsh: bool = False
    start_harsh: float = 0.0  # peak, m/s², 0 = normal
    brake_harsh: float = 0.0
    speeding: bool = False


def drive(route: Route, style: Style, rng: np.random.Generator) -> Motion:
    """Drive a route from standstill to standstill.

    Returns
    -------
    Motion
        Its distance is the route's length to within a few metres (durations are whole steps).
    """
    plans = _plan(route, style, rng)
    borders = _borders(plans, style)
    for _ in range(4):  # a harsh bend that cannot be reached at its speed becomes a normal one
        missed = [
            i
            for i, plan in enumerate(plans)
            if plan.corner_harsh and min(borders[i], borders[i + 1]) < 0.985 * plan.cap
        ]
        if not missed:
            break
        for i in missed:
            radius = route.zones[i].radius_m
            plans[i] = replace(
                plans[i], corner_harsh=False, cap=math.sqrt(style.corner_mps2 * radius)
            )
        borders = _borders(plans, style)
    pieces: list[np.ndarray] = []
    carry = 0.0
    for i, plan in enumerate(plans):
        carry = _fill(pieces, plan, borders[i], borders[i + 1], carry, style, rng)
    accel = np.concatenate(pieces)
    speed = np.maximum(np.cumsum(accel) * STEP_S, 0.0)
    speed[speed < 1e-6] = 0.0
    before = np.concatenate([[0.0], speed[:-1]])
    distance = np.cumsum((before + speed) / 2 * STEP_S)
    return Motion(distance, speed, accel)


def _plan(route: Route, style: Style, rng: np.random.Generator) -> list[_Plan]:
    plans: list[_Plan] = []
    last = {"corner": -9, "start": -9, "brake": -9, "speeding": -9}

    def wanted(kind: str, share: float, index: int) -> bool:
        if index - last[kind] <= _SPACING_ZONES or rng.random() >= share:
            return False
        last[kind] = index
        return True

    for i, zone in enumerate(route.zones):
        limit = zone.limit_kmh / 3.6
        usual = limit * style.of_limit * rng.uniform(0.95, 1.0)
        if math.isinf(zone.radius_m):
            plan = _Plan(zone.length_m, usual, zone.stop)
            over = rng.uniform(16.0, 28.0) / 3.6
            if zone.length_m > 34.0 * (limit + over) and wanted("speeding", style.speeding, i):
                plan.cap, plan.speeding = limit + over, True
            if wanted("start", style.harsh_acceleration, i):
                plan.start_harsh = rng.uniform(2.75, 3.6)
            if wanted("brake", style.harsh_braking, i):
                plan.brake_harsh = rng.uniform(3.9, 5.5)
        else:
            plan = _Plan(
                zone.length_m, min(usual, math.sqrt(style.corner_mps2 * zone.radius_m)), False
            )
            pulls = rng.uniform(4.2, 4.9)
            fast = math.sqrt(pulls * zone.radius_m)
            long_enough = zone.length_m - 8.0 > 1.5 * fast
            possible = long_enough and fast <= limit and not zone.tunnel and zone.radius_m >= 12.0
            if possible and wanted("corner", style.harsh_cornering, i):
                plan.cap, plan.corner_harsh = fast, True
        plans.append(plan)
    return plans


def _reach(v0: float, length: float, a: float) -> float:
    """The highest speed that is reached over `length` from `v0` with peak `a` and ramps."""
    c = a * RAMP_S
    root = c * c - 4.0 * (c * v0 - v0 * v0 - 2.0 * a * length)
    return max(v0, (-c + math.sqrt(max(root, 0.0))) / 2.0)


def _borders(plans: list[_Plan], style: Style) -> list[float]:
    n = len(plans)
    v = [0.0] * (n + 1)
    for i in range(1, n):
        v[i] = 0.0 if plans[i - 1].stop else min(plans[i - 1].cap, plans[i].cap)
    for i in range(n):  # what can be reached, with some length to spare
        v[i + 1] = min(v[i + 1], _reach(v[i], 0.9 * plans[i].length, style.accelerate_mps2))
    for i in range(n - 1, -1, -1):
        v[i] = min(v[i], _reach(v[i + 1], 0.9 * plans[i].length, style.brake_mps2))
    return v


def _fill(
    pieces: list[np.ndarray],
    plan: _Plan,
    v0: float,
    v1: float,
    carry: float,
    style: Style,
    rng: np.random.Generator,
) -> float:
    """Append one zone's manoeuvres; returns the length that is left over."""
    length = plan.length + carry
    up = style.accelerate_mps2 * rng.uniform(0.8, 1.0)
    down = style.brake_mps2 * rng.uniform(0.85, 1.0)
    slowest = max(v0, v1, 0.5)
    for harsh in (True, False):
        low, high = slowest, max(plan.cap, slowest)
        best = None
        for turn in range(12):
            cruise = high if turn == 0 else (low + high) / 2
            steps = _ramps(v0, cruise, up, plan.start_harsh if harsh else 0.0)
            steps += _ramps(cruise, v1, down, plan.brake_harsh if harsh else 0.0)
            room = length - sum(_distance(*step) for step in steps)
            if room >= 0.0:
                best, low = (cruise, steps, room), cruise
                if turn == 0:
                    break
            else:
                high = cruise
        if best is not None:
            break
    if best is None:  # too short for two manoeuvres: one ramp, or on at the same speed
        steps = _ramps(v0, v1, up if v1 > v0 else down, 0.0)
        room = length - sum(_distance(*step) for step in steps)
        best = (max(v0, v1), steps, max(room, 0.0))
    cruise, steps, room = best
    for a, b, accel in [s for s in steps if s[1] > s[0]]:
        pieces.append(_pulse(a, b, accel))
    ticks = int(room / cruise / STEP_S) if cruise > 0.0 else 0
    rest = room - ticks * STEP_S * cruise
    short = cruise * STEP_S - rest
    if ticks and 2 * math.pi * short / ((ticks + 1) * STEP_S) ** 2 < _DIP_MPS2:
        ticks += 1  # a little slower instead of a fraction of a step: nothing is left over
        pieces.append(_cruise(ticks, cruise, rng) + _dip(ticks, short))
        left = 0.0
    else:
        left = rest
        if ticks:
            pieces.append(_cruise(ticks, cruise, rng))
    for a, b, accel in [s for s in steps if s[1] < s[0]]:
        pieces.append(_pulse(a, b, accel))
    if plan.stop:
        pieces.append(np.zeros(int(rng.uniform(4.0, 60.0) / STEP_S)))
    return left + min(length - sum(_distance(*s) for s in steps), 0.0)


def _ramps(v0: float, v1: float, usual: float, harsh: float) -> list[tuple[float, float, float]]:
    """The manoeuvres from v0 to v1: perhaps a harsh one, then the usual one."""
    gap = v1 - v0
    if abs(gap) < 1e-9:
        return []
    if harsh == 0.0 or abs(gap) < 8.0:
        return [(v0, v1, usual)]
    part = v0 + math.copysign(min(abs(gap), 3.0 * harsh), gap)
    if abs(v1 - part) < 1.0:
        part = v1
    steps = [(v0, part, harsh)]
    if part != v1:
        steps.append((part, v1, usual))
    return steps


def _ticks(v0: float, v1: float, accel: float) -> int:
    return max(math.ceil((abs(v1 - v0) / accel + RAMP_S) / STEP_S - 1e-9), 5)


def _distance(v0: float, v1: float, accel: float) -> float:
    return (v0 + v1) / 2.0 * _ticks(v0, v1, accel) * STEP_S


def _pulse(v0: float, v1: float, accel: float) -> np.ndarray:
    """A trapezoid of acceleration with exactly the wanted change of speed."""
    n = _ticks(v0, v1, accel)
    ramp = min(int(RAMP_S / STEP_S), n // 2)
    shape = np.ones(n)
    edge = (np.arange(ramp) + 0.5) / ramp
    shape[:ramp], shape[n - ramp :] = edge, edge[::-1]
    return np.asarray(shape * ((v1 - v0) / (shape.sum() * STEP_S)))


def _dip(ticks: int, short_m: float) -> np.ndarray:
    """Acceleration that loses `short_m` against a constant speed, and no speed in the end."""
    period_s = ticks * STEP_S
    phase = 2 * math.pi * (np.arange(ticks) + 0.5) / ticks
    return -2 * math.pi * short_m / period_s**2 * np.sin(phase)


def _cruise(ticks: int, speed: float, rng: np.random.Generator) -> np.ndarray:
    """Vary the speed slowly around its value, in whole periods without net change."""
    periods = int(ticks * STEP_S / rng.uniform(9.0, 16.0))
    if periods == 0 or speed < 4.0:
        return np.zeros(ticks)
    phase = 2 * math.pi * periods * (np.arange(ticks) + 0.5) / ticks
    period_s = ticks * STEP_S / periods
    swing_mps = rng.uniform(0.1, 0.45)
    return swing_mps * 2 * math.pi / period_s * np.cos(phase)
