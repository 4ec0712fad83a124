"""One drive of one car, noise-free, from ignition on to ignition off."""

import math
from dataclasses import dataclass

import numpy as np

from simulators.manoeuvres import STEP_S, Motion, Style, drive
from simulators.road import RoadNet, Route, lay_route, walk

STEP_US = round(STEP_S * 1e6)
_GUESS_MPS = 14.0


@dataclass(frozen=True, slots=True)
class Crash:
    """A collision: a half-sine impulse, mostly from the front."""

    at_us: int
    duration_s: float
    peak_mps2: float
    delta_v_mps: float
    angle_rad: float


@dataclass(slots=True)
class Drive:
    """State every 0.1 s from ignition on to ignition off.

    t_us : int64[n]; speed_mps, accel_long_mps2, accel_lat_mps2, x_m, y_m, heading_rad,
    limit_kmh : float64[n]; tunnel : bool[n]. The impulse of a crash is not in accel_*; it is too
    short for 10 Hz and stands in `crash`.
    """

    t_us: np.ndarray
    distance_m: np.ndarray
    speed_mps: np.ndarray
    accel_long_mps2: np.ndarray
    accel_lat_mps2: np.ndarray
    x_m: np.ndarray
    y_m: np.ndarray
    heading_rad: np.ndarray
    limit_kmh: np.ndarray
    tunnel: np.ndarray
    crash: Crash | None
    end_node: int

    @property
    def on_us(self) -> int:
        """Ignition on."""
        return int(self.t_us[0])

    @property
    def off_us(self) -> int:
        """Ignition off."""
        return int(self.t_us[-1])

    def shift(self, by_us: int) -> None:
        """Move the whole drive in time."""
        self.t_us += by_us
        if self.crash is not None:
            crash = self.crash
            self.crash = Crash(
                crash.at_us + by_us,
                crash.duration_s,
                crash.peak_mps2,
                crash.delta_v_mps,
                crash.angle_rad,
            )


def make_drive(
    net: RoadNet,
    style: Style,
    rng: np.random.Generator,
    start_node: int,
    target_s: float,
    crash: bool = False,
) -> Drive:
    """Drive about `target_s` seconds from a junction; `t_us` starts at 0.

    Parameters
    ----------
    crash : end the drive with a collision somewhere after its first third
    """
    route = lay_route(net, rng, walk(net, rng, start_node, target_s * _GUESS_MPS))
    motion = drive(route, style, rng)
    most = int(target_s * 1.25 / STEP_S)
    standing = np.flatnonzero(motion.speed_mps == 0.0)
    cut = standing[(standing > most * 0.5) & (standing <= most)]
    if len(motion.s_m) > most and len(cut):  # park at a stop line rather than arrive too late
        keep = int(cut[-1]) + 1
        motion = Motion(motion.s_m[:keep], motion.speed_mps[:keep], motion.accel_mps2[:keep])
    impact: tuple[int, float, float] | None = None
    if crash:
        impact = _impact(motion, ~_in_tunnel(route, motion.s_m), rng)
        if impact is None:
            return make_drive(net, style, rng, start_node, target_s, crash)
        motion = _collide(motion, *impact)
    moving = np.flatnonzero(motion.speed_mps > 0.0)
    first, last = int(moving[0]), int(moving[-1]) + 2
    before = int(rng.uniform(10.0, 90.0) / STEP_S)
    # who has crashed stays where he is; who has arrived gets out soon
    after = int((rng.uniform(420.0, 720.0) if crash else rng.uniform(4.0, 20.0)) / STEP_S)

    def whole(values: np.ndarray, held: bool) -> np.ndarray:
        core = values[first:last]
        left = core[0] if held else 0.0
        right = core[-1] if held else 0.0
        return np.concatenate([np.full(before, left), core, np.full(after, right)])

    s = whole(motion.s_m, True)
    s[:before] = 0.0
    speed = whole(motion.speed_mps, False)
    curvature = np.interp(s, route.s_m, route.curvature_1pm)
    ends = np.cumsum([zone.length_m for zone in route.zones])
    zone = np.minimum(np.searchsorted(ends, s, side="right"), len(ends) - 1)
    t_us = np.arange(len(s), dtype=np.int64) * STEP_US
    hit = None
    if impact is not None:
        tick, duration, delta_v = impact
        hit = Crash(
            int(t_us[before + tick - first]),
            duration,
            delta_v / duration * math.pi / 2,
            delta_v,
            float(rng.uniform(-0.4, 0.4)),
        )
    x, y = np.interp(s, route.s_m, route.x_m), np.interp(s, route.s_m, route.y_m)
    there = np.hypot(net.xy_m[:, 0] - x[-1], net.xy_m[:, 1] - y[-1])
    return Drive(
        t_us,
        s,
        speed,
        whole(motion.accel_mps2, False),
        speed**2 * curvature,
        x,
        y,
        np.interp(s, route.s_m, route.heading_rad),
        np.array([z.limit_kmh for z in route.zones])[zone],
        _in_tunnel(route, s),
        hit,
        int(np.argmin(there)),
    )


def _in_tunnel(route: Route, s_m: np.ndarray) -> np.ndarray:
    """Within a tunnel, whose mouths lie 80 m from the junctions at its ends."""
    ends = np.cumsum([zone.length_m for zone in route.zones])
    inside = np.zeros(len(s_m), dtype=bool)
    for zone, end in zip(route.zones, ends, strict=True):
        if zone.tunnel:
            inside |= (s_m > end - zone.length_m + 80.0) & (s_m < end - 80.0)
    return inside


def _impact(
    motion: Motion, open_road: np.ndarray, rng: np.random.Generator
) -> tuple[int, float, float] | None:
    """(tick, duration, delta-v) of a collision at a steady 40 to 110 km/h, or None."""
    v = motion.speed_mps
    fit = (v > 11.5) & (v < 30.0) & (np.abs(motion.accel_mps2) < 0.25) & open_road
    fit[: int(len(v) * 0.35)] = False
    steady = np.convolve(fit, np.ones(60), mode="full")[: len(fit)] >= 60  # for six seconds
    ticks = np.flatnonzero(steady)
    if not len(ticks):
        return None
    tick = int(rng.choice(ticks))
    duration = float(rng.choice([0.1, 0.2]))
    most = 11.5 if duration == 0.1 else 14.0  # keeps the peak at 7.6 to 18.5 g
    return tick, duration, float(rng.uniform(9.5, min(most, v[tick] - 0.5)))


def _collide(motion: Motion, tick: int, duration_s: float, delta_v_mps: float) -> Motion:
    """Speed falls by delta-v within the impulse; the rest slides off at 5.5 m/s²."""
    v0 = float(motion.speed_mps[tick - 1])
    hit = round(duration_s / STEP_S)
    left = v0 - delta_v_mps
    slide = max(math.ceil(left / 5.5 / STEP_S), 1)
    tail = np.concatenate(
        [
            v0 - delta_v_mps * (np.arange(hit) + 1) / hit,
            left * (1.0 - (np.arange(slide) + 1) / slide),
            np.zeros(5),
        ]
    )
    speed = np.concatenate([motion.speed_mps[:tick], tail])
    accel = np.concatenate(
        [
            motion.accel_mps2[:tick],
            np.zeros(hit),
            np.full(slide, -left / slide / STEP_S),
            np.zeros(5),
        ]
    )
    step = (np.concatenate([[v0], tail[:-1]]) + tail) / 2 * STEP_S
    start = motion.s_m[tick - 1]
    return Motion(np.concatenate([motion.s_m[:tick], start + np.cumsum(step)]), speed, accel)
