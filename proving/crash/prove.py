"""Crashes and ordinary driving with disturbances: what the driving kernel makes of them.

The disturbances are what an accelerometer feels in ordinary driving: potholes (mostly vertical,
20 to 60 ms), kerbs when parking, and a device that falls while the car drives or has just stopped.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from feature_kernels import driving
from simulators.manoeuvres import STYLES
from simulators.road import RoadNet, build_net
from simulators.sensors import Series, draw_traits, measure
from simulators.vehicle import Drive, make_drive

G = 9.80665
DRIVE_S = 1_800.0
BURST_STEPS_US = (10_000, 20_000, 40_000)
"""What devices' accelerometers give round an impulse: 100, 50 and 25 Hz."""
BURST_US = 500_000
POTHOLES_PER_H, DROPS_PER_H = 20.0, 0.5
NEAR_S = 10.0
"""A found crash within so many seconds of the true one is that crash."""
CRASH = driving.EVENT_KINDS["crash"]
BROKEN = {
    "no-standing": {"crash_stand_s": 0.0, "crash_settle_s": 1e6},
    "low-threshold": {
        "crash_low_mps2": 12.0,
        "crash_delta_v_kmh": 2.0,
        "crash_least_s": 0.0,
        "crash_stand_s": 1.0,
    },
    "deaf": {"crash_low_mps2": 400.0, "collapse_kmh": 400.0},
}
"""Wrong parameters, each of which the proof must notice."""


@dataclass(slots=True)
class Found:
    """What came out.

    decided_s : s after each crash at which the kernel was sure. false : what each alarm was near.
    """

    crashes: int = 0
    found: int = 0
    hours: float = 0.0
    false: list[str] = field(default_factory=list)
    decided_s: list[float] = field(default_factory=list)

    @property
    def recall(self) -> float:
        return self.found / self.crashes if self.crashes else float("nan")

    @property
    def false_per_10_000_h(self) -> float:
        return 10_000.0 * len(self.false) / self.hours if self.hours else float("nan")

    @property
    def at_most_per_10_000_h(self) -> float:
        """Upper end of the one-sided 95 % interval (Poisson; 3 / hours where none was found)."""
        n = len(self.false)
        least = 2.996 if n == 0 else n + 1.645 * np.sqrt(n + 1) + 1.0
        return 10_000.0 * float(least) / self.hours if self.hours else float("nan")


def prove(seed: int, crashes: int, hours: float, broken: str | None = None) -> Found:
    """Drive `crashes` collisions and about `hours` of ordinary driving."""
    parameters = driving.DEFAULTS._replace(**(BROKEN[broken] if broken else {}))
    rng = np.random.default_rng(seed)
    net = build_net(seed)
    found = Found()
    for i in range(crashes):
        drive = _drive(net, i, rng, crash=True)
        series = measure(drive, net, "dongle", draw_traits(rng, "dongle"), rng)
        _judge_crash(found, drive, _crashes(series, parameters))
    i = 0
    while found.hours < hours:
        drive = _drive(net, i, rng, crash=False)
        series = measure(drive, net, "dongle", draw_traits(rng, "dongle"), rng)
        series, what = _disturbed(series, drive, rng)
        found.hours += (drive.off_us - drive.on_us) / 3.6e9
        for event in _crashes(series, parameters):
            near = min(what, key=lambda each: abs(each[0] - int(event["start_us"])), default=None)
            close = near is not None and abs(near[0] - int(event["start_us"])) < 2_000_000
            found.false.append(near[1] if near is not None and close else "no disturbance")
        i += 1
    return found


def _drive(net: RoadNet, i: int, rng: np.random.Generator, crash: bool) -> Drive:
    return make_drive(net, STYLES[i % len(STYLES)], rng, 0, DRIVE_S, crash)


def _crashes(series: Series, parameters: driving.Parameters) -> np.ndarray:
    t_us = series.t_us + 1_700_000_000_000_000
    starts = np.array([0, t_us.size], np.int64)
    run = driving.drive(series.columns, t_us, t_us, starts, driving.initial_carry(1), parameters)
    rest = driving.finish(run.carry, parameters)
    events = np.concatenate((run.events, rest.events))
    crashes: np.ndarray = events[events["kind"] == CRASH]
    for name in ("start_us", "end_us", "decided_us"):
        crashes[name] -= 1_700_000_000_000_000
    return crashes


def _judge_crash(found: Found, drive: Drive, events: np.ndarray) -> None:
    assert drive.crash is not None
    found.crashes += 1
    near = [e for e in events if abs(int(e["start_us"]) - drive.crash.at_us) < NEAR_S * 1e6]
    if near:
        found.found += 1
        found.decided_s.append((int(near[0]["decided_us"]) - drive.crash.at_us) / 1e6)
    found.false += ["second crash of a drive"] * (len(events) - min(len(near), 1))


def _disturbed(
    series: Series, drive: Drive, rng: np.random.Generator
) -> tuple[Series, list[tuple[int, str]]]:
    """Add disturbances as bursts of the accelerometer; return them by time and name."""
    hours = (drive.off_us - drive.on_us) / 3.6e9
    moving = np.flatnonzero(drive.speed_mps > 3.0)
    standing = np.flatnonzero((drive.speed_mps[1:] == 0.0) & (drive.speed_mps[:-1] > 0.0)) + 1
    events: list[tuple[int, str, float, float, float]] = []  # time, name, g along, g up, seconds
    for at in rng.choice(moving, rng.poisson(POTHOLES_PER_H * hours)):
        up = rng.uniform(2.0, 8.0)
        share = rng.uniform(0.1, 0.5)
        events.append((int(drive.t_us[at]), "pothole", share * up, up, rng.uniform(0.02, 0.06)))
    for at in rng.choice(moving, rng.poisson(DROPS_PER_H * hours)):
        force, angle = rng.uniform(4.0, 15.0), rng.uniform(0.0, np.pi / 2)
        along, up = force * np.cos(angle), force * np.sin(angle)
        events.append((int(drive.t_us[at]), "drop", along, up, rng.uniform(0.01, 0.03)))
    for at in rng.choice(standing, min(standing.size, rng.poisson(0.3))):
        later = int(rng.uniform(0.5, 4.0) * 1e6)
        events.append((int(drive.t_us[at]) + later, "drop at a stop", 5.0, 5.0, 0.02))
    last = standing[-1:] if standing.size else standing
    if last.size and rng.random() < 0.3:
        at_us = int(drive.t_us[last[0]]) - 400_000
        events.append((at_us, "kerb", rng.uniform(1.0, 3.0), 1.5, 0.05))
    return _with_bursts(series, events, rng), [(event[0], event[1]) for event in events]


def _with_bursts(
    series: Series, events: list[tuple[int, str, float, float, float]], rng: np.random.Generator
) -> Series:
    if not events:
        return series
    step_us = int(rng.choice(BURST_STEPS_US))
    first_us = -BURST_US + int(rng.integers(0, step_us // 1_000)) * 1_000
    burst = np.concatenate([np.arange(e[0] + first_us, e[0] + BURST_US, step_us) for e in events])
    times = np.setdiff1d(burst, series.t_us)
    t_us = np.union1d(series.t_us, times)
    rows = np.searchsorted(t_us, series.t_us)
    columns = {}
    for name, values in series.columns.items():
        columns[name] = np.full(t_us.size, np.nan)
        columns[name][rows] = values
    for name in ("accel_long_mps2", "accel_lat_mps2", "accel_vert_mps2"):
        known = ~np.isnan(series.columns[name])
        felt = np.interp(times, series.t_us[known], series.columns[name][known])
        columns[name][np.searchsorted(t_us, times)] = felt
    for at, _, along, up, seconds in events:
        since = (t_us - at) / 1e6
        pulse = np.where((since >= 0) & (since <= seconds), np.sin(np.pi * since / seconds), 0.0)
        direction = rng.uniform(-np.pi, np.pi)
        columns["accel_long_mps2"] += along * G * np.cos(direction) * pulse
        columns["accel_lat_mps2"] += along * G * np.sin(direction) * pulse
        columns["accel_vert_mps2"] += up * G * pulse
    return Series(t_us, columns)


def problems(found: Found, least_recall: float, most_false: float) -> Iterator[str]:
    """What was asked for and is not so."""
    if not found.recall >= least_recall:
        yield f"recall {found.recall:.3f}, at least {least_recall} is asked for"
    if not found.false_per_10_000_h <= most_false:
        reasons = {name: found.false.count(name) for name in sorted(set(found.false))}
        yield f"{len(found.false)} false alarms in {found.hours:.0f} h: {reasons}"
