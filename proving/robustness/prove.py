"""Score and events of one population of drives, over rates, noise, axes and mounting.

Each drive of a labelled style is seen in each condition by what `score-trip` does at its defaults.
The figures say how much a condition costs; nothing is fitted to them.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.analysis.axes import FIND_OUT, Axes
from app.analysis.trip import TripAnalysis, analyse
from app.recordings.read import Table
from proving.events.prove import KINDS, Count, judge
from simulators import phone
from simulators.drive_truth import event_truth
from simulators.manoeuvres import STYLES
from simulators.phone import Gnss, Phone, Recording
from simulators.road import build_net
from simulators.vehicle import Drive, make_drive

DRIVE_S = 900.0
STEP_S = 0.02
EPOCH_US = 1_700_000_000_000_000
AGGRESSIVE = "aggressive"
LEAST = 0.9
"""What is asked for where nothing about the drive is lost, of AUC, recall and precision."""
SAME = 0.05
"""What changes nothing of the drive may cost so much of AUC, recall and precision."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A way to record. phone : None = GNSS alone; gnss_noise_mps : of its speed; same : nothing
    about the drive is lost, so the figures must be those of the first condition."""

    phone: Phone | None = field(default_factory=Phone)
    gnss_hz: float = 1.0
    gnss_noise_mps: float = 0.15
    same: bool = False


CONDITIONS: Mapping[str, Condition] = {
    "phone 50 Hz, mounted": Condition(same=True),
    "lying flat": Condition(Phone(mount_deg=(0.0, 0.0, 130.0)), same=True),
    "upright, turned": Condition(Phone(mount_deg=(85.0, 5.0, -40.0)), same=True),
    "gravity removed": Condition(Phone(gravity=False), same=True),
    "gravity removed, low frequencies lost": Condition(Phone(gravity=False, fusion_s=1.4)),
    "other sign": Condition(Phone(sign=-1.0), same=True),
    "earth frame": Condition(Phone(frame="earth", gyro_frame="earth", gravity=False)),
    "accelerometer 10 Hz": Condition(Phone(rate_hz=10.0)),
    "accelerometer 5 Hz": Condition(Phone(rate_hz=5.0)),
    "vibration doubled": Condition(Phone(vibration_mps2=1.0)),
    "vibration fourfold": Condition(Phone(vibration_mps2=2.0)),
    "GNSS noise fourfold": Condition(gnss_noise_mps=0.6),
    "GNSS every 5 s": Condition(gnss_hz=0.2),
    "GNSS 10 Hz alone": Condition(None, gnss_hz=10.0),
    "GNSS 1 Hz alone": Condition(None),
    "GNSS every 5 s alone": Condition(None, gnss_hz=0.2),
    "GNSS every 10 s alone": Condition(None, gnss_hz=0.1),
}
"""The first one is what the others are compared with."""
BROKEN: Mapping[str, Axes] = {"axes": Axes(frame="vehicle", gravity="included")}
"""Wrong options, which the proof must notice: the phone's axes are taken for the car's."""


@dataclass(slots=True)
class Found:
    """Of one condition. scores : of aggressive drives, of the others; drives without a trip."""

    condition: str
    same: bool
    aggressive: list[float] = field(default_factory=list)
    others: list[float] = field(default_factory=list)
    without_trip: int = 0
    kinds: dict[str, Count] = field(default_factory=lambda: {kind: Count() for kind in KINDS})

    @property
    def auc(self) -> float:
        """Probability that an aggressive drive has the lower score of two."""
        low, high = np.array(self.aggressive), np.array(self.others)
        if not low.size or not high.size:
            return math.nan
        less = np.sum(low[:, None] < high[None, :]) + 0.5 * np.sum(low[:, None] == high[None, :])
        return float(less / (low.size * high.size))

    @property
    def all(self) -> Count:
        """Harsh events of all kinds."""
        total = Count()
        for count in self.kinds.values():
            total.add(count)
        return total

    def row(self) -> dict[str, Any]:
        """Return the figures of the condition."""
        total = self.all
        return {
            "condition": self.condition,
            "drives": len(self.aggressive) + len(self.others) + self.without_trip,
            "without_trip": self.without_trip,
            "auc": _figure(self.auc),
            "score_aggressive": _figure(_mean(self.aggressive), 1),
            "score_others": _figure(_mean(self.others), 1),
            "events": total.true,
            "recall": _figure(total.recall),
            "precision": _figure(total.precision),
        }


def prove(
    seed: int, drives: int, broken: str | None = None, chosen: Mapping[str, Condition] = CONDITIONS
) -> list[Found]:
    """Simulate `drives`, and look at each in each condition."""
    rng, net = np.random.default_rng(seed), build_net(seed)
    axes = BROKEN[broken] if broken else FIND_OUT
    found = [Found(name, condition.same) for name, condition in chosen.items()]
    for i in range(drives):
        style = STYLES[i % len(STYLES)]
        drive = make_drive(net, style, rng, 0, DRIVE_S)
        truth = event_truth(drive, "dongle")
        for one, condition in zip(found, chosen.values(), strict=True):
            table = _table(drive, condition, seed * 1_000 + i)
            analysis = analyse(table, axes=axes)
            answer = analysis.answer
            scores = [t["score"] for t in answer["trips"] if t["score"] is not None]
            if not scores:
                one.without_trip += 1
                continue
            longest = max(answer["trips"], key=lambda trip: trip["duration_s"])
            of_style = one.aggressive if style.name == AGGRESSIVE else one.others
            of_style.append(float(longest["score"] if longest["score"] is not None else scores[0]))
            judge(one.kinds, truth, list(_events(analysis)))
    return found


def problems(found: list[Found]) -> Iterator[str]:
    """What should not matter to the figures and does."""
    base = found[0].row()
    for one in found:
        row = one.row()
        if not one.same:
            continue
        for name in ("auc", "recall", "precision"):
            if base[name] is None or row[name] is None or row[name] < base[name] - SAME:
                yield f"{one.condition}: {name} {row[name]}, {base[name]} when {base['condition']}"
        for name in ("auc", "recall", "precision"):
            if row[name] is None or row[name] < LEAST:
                yield f"{one.condition}: {name} {row[name]}, at least {LEAST} is asked for"


def _table(drive: Drive, condition: Condition, seed: int) -> Table:
    """What a device records of a drive, as a file has it."""
    seconds = np.arange(0.0, float(drive.t_us[-1]) / 1e6, STEP_S)
    at = drive.t_us / 1e6

    def finer(values: NDArray[np.float64]) -> NDArray[np.float64]:
        found: NDArray[np.float64] = np.interp(seconds, at, values)
        return found

    yaw = np.gradient(np.unwrap(drive.heading_rad), at)
    made = phone.record(
        finer(drive.accel_long_mps2), finer(drive.accel_lat_mps2), finer(drive.speed_mps),
        finer(yaw), STEP_S, condition.phone or Phone(), np.random.default_rng(seed),
    )  # fmt: skip
    gnss = phone.with_gnss(
        made, seed, noise_mps=condition.gnss_noise_mps, rate_hz=condition.gnss_hz
    )
    t_us = EPOCH_US + np.round(made.t_s * 1e6).astype(np.int64)
    columns = _columns(made, gnss, condition.phone is not None)
    rows = ~np.isnan(np.stack(list(columns.values()))).all(axis=0)
    limit = np.interp(made.t_s, at, drive.limit_kmh)
    columns["speed_limit_kmh"] = np.where(np.isnan(gnss.speed_kmh), np.nan, np.round(limit, -1))
    t_us = t_us[rows]
    return Table(
        Path("simulated"), t_us, np.zeros(t_us.size, np.int64),
        {name: values[rows] for name, values in columns.items()}, None, True, "UTC",
        t_us.size, 0, 0, (),
    )  # fmt: skip


def _columns(made: Recording, gnss: Gnss, inertial: bool) -> dict[str, NDArray[np.float64]]:
    columns = {"speed_kmh": gnss.speed_kmh, "lat_deg": gnss.lat_deg, "lon_deg": gnss.lon_deg}
    if inertial:
        for k, axis in enumerate("xyz"):
            columns[f"accel_{axis}_mps2"] = made.accel[:, k]
            columns[f"gyro_{axis}_radps"] = made.gyro[:, k]
    return columns


def _events(analysis: TripAnalysis) -> Iterator[tuple[str, int, int]]:
    for row, event in zip(analysis.events, analysis.answer["events"], strict=True):
        if event["kind"] in KINDS:
            yield event["kind"], int(row["start_us"]) - EPOCH_US, int(row["end_us"]) - EPOCH_US


def _mean(values: list[float]) -> float:
    return float(np.mean(values)) if values else math.nan


def _figure(value: float, digits: int = 3) -> float | None:
    return None if math.isnan(value) else round(value, digits)
