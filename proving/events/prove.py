"""Harsh events and speeding: what the driving kernel finds of what the simulator did.

Three kinds of input, each with noise: speed and accelerometer at 10 Hz; GNSS at 1 Hz, which lags,
with an accelerometer at 10 Hz; GNSS at 1 Hz alone.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from feature_kernels import driving
from simulators.drive_truth import event_truth
from simulators.manoeuvres import STYLES
from simulators.road import build_net
from simulators.sensors import Series, draw_traits, measure
from simulators.vehicle import Drive, make_drive

INPUTS = ("10hz", "gnss-accelerometer", "gnss")
LEAST = {"10hz": 0.95, "gnss-accelerometer": 0.95, "gnss": 0.85}
"""What is asked for, of recall and of precision."""
DRIVE_S = 1_500.0
NEAR_US = 2_500_000
"""An event so near to the true one is that one: GNSS lags up to 2 s."""
SPEED_NOISE_MPS, ACCEL_NOISE_MPS2 = 0.15, 0.3
EPOCH_US = 1_700_000_000_000_000
KINDS = ("harsh_braking", "harsh_acceleration", "harsh_cornering", "speeding")
BROKEN = {
    "low-threshold": {"braking_mps2": 1.2, "acceleration_mps2": 1.0, "cornering_mps2": 1.2},
    "high-threshold": {"braking_mps2": 5.0, "acceleration_mps2": 5.0, "cornering_mps2": 5.0},
}
"""Wrong parameters, each of which the proof must notice."""


@dataclass(slots=True)
class Count:
    """true : events that can be seen; found : of them; said : events of the kernel that are no
    matter of doubt; right : of them."""

    true: int = 0
    found: int = 0
    said: int = 0
    right: int = 0

    def add(self, other: "Count") -> None:
        """Add another count."""
        self.true += other.true
        self.found += other.found
        self.said += other.said
        self.right += other.right

    @property
    def recall(self) -> float:
        return self.found / self.true if self.true else float("nan")

    @property
    def precision(self) -> float:
        return self.right / self.said if self.said else float("nan")


@dataclass(slots=True)
class Found:
    """By kind, of one input; hours driven."""

    input: str
    hours: float = 0.0
    kinds: dict[str, Count] = field(default_factory=lambda: {kind: Count() for kind in KINDS})

    @property
    def all(self) -> Count:
        total = Count()
        for count in self.kinds.values():
            total.add(count)
        return total


def prove(seed: int, drives: int, which: str, broken: str | None = None) -> Found:
    """Simulate `drives` and count. `which` : one of INPUTS."""
    parameters = driving.DEFAULTS._replace(**(BROKEN[broken] if broken else {}))
    rng = np.random.default_rng(seed)
    net = build_net(seed)
    found = Found(which)
    for i in range(drives):
        drive = make_drive(net, STYLES[i % len(STYLES)], rng, 0, DRIVE_S)
        if which == "gnss":
            series = measure(drive, net, "phone", draw_traits(rng, "phone"), rng)
            profile = "phone"
        else:
            series, profile = _with_accelerometer(drive, which, rng), "dongle"
        found.hours += (drive.off_us - drive.on_us) / 3.6e9
        judge(found.kinds, event_truth(drive, profile), _events(series, parameters))
    return found


def _with_accelerometer(drive: Drive, which: str, rng: np.random.Generator) -> Series:
    """The drive's own 10 Hz as measured: white noise; speed from GNSS late and once a second."""
    n = drive.t_us.size
    along = drive.accel_long_mps2 + rng.normal(0.0, ACCEL_NOISE_MPS2, n)
    across = drive.accel_lat_mps2 + rng.normal(0.0, ACCEL_NOISE_MPS2, n)
    lag = int(rng.integers(5, 20)) if which != "10hz" else 0  # steps of 0.1 s
    late = np.concatenate([np.full(lag, drive.speed_mps[0]), drive.speed_mps[: n - lag]])
    speed = np.abs(late + rng.normal(0.0, SPEED_NOISE_MPS, n) * (late > 0.3)) * 3.6
    limit = drive.limit_kmh.astype(np.float64)
    if which != "10hz":
        every = np.arange(n) % 10 == 0
        speed = np.where(every, speed, np.nan)
        limit = np.where(every, limit, np.nan)
    columns = {
        "speed_kmh": np.round(speed, 2),
        "accel_long_mps2": np.round(along, 3),
        "accel_lat_mps2": np.round(across, 3),
        "speed_limit_kmh": limit,
    }
    return Series(drive.t_us.copy(), columns)


def _events(series: Series, parameters: driving.Parameters) -> list[tuple[str, int, int]]:
    t_us = series.t_us + EPOCH_US
    starts = np.array([0, t_us.size], np.int64)
    run = driving.drive(series.columns, t_us, t_us, starts, driving.initial_carry(1), parameters)
    rest = driving.finish(run.carry, parameters)
    names = {code: name for name, code in driving.EVENT_KINDS.items()}
    return [
        (names[int(e["kind"])], int(e["start_us"]) - EPOCH_US, int(e["end_us"]) - EPOCH_US)
        for e in np.concatenate((run.events, rest.events))
        if names[int(e["kind"])] in KINDS
    ]


def judge(
    kinds: Mapping[str, Count], truth: list[dict[str, Any]], events: list[tuple[str, int, int]]
) -> None:
    """Count by kind. What cannot be seen for sure is neither asked for nor counted as false."""
    for kind in KINDS:
        count = kinds[kind]
        said = [(start, end) for name, start, end in events if name == kind]
        true = [t for t in truth if t["kind"] == kind]
        sure = [t for t in true if t["observable"]]
        count.true += len(sure)
        count.found += sum(any(_meets(t, e) for e in said) for t in sure)
        for event in said:
            near = [t for t in true if _meets(t, event)]
            if near and not any(t["observable"] for t in near):
                continue
            count.said += 1
            count.right += bool(near)


def _meets(truth: dict[str, Any], event: tuple[int, int]) -> bool:
    start, end = int(truth["start_us"]), int(truth["end_us"])
    return event[0] <= end + NEAR_US and start - NEAR_US <= event[1]


def problems(found: Found) -> Iterator[str]:
    """What was asked for and is not so."""
    least, total = LEAST[found.input], found.all
    for name, value in (("recall", total.recall), ("precision", total.precision)):
        if not value >= least:
            yield f"{found.input}: {name} {value:.3f}, at least {least} is asked for"
