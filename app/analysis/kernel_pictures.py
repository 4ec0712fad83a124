"""Pictures of driving features on one simulated trip, for docs/kernels.md.

`make pictures` writes them again after a change of the kernels or thresholds.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from app.analysis import phone_pictures
from app.analysis.events import CODES, idling
from app.analysis.palette import ACCENT, FAINT, INK
from app.analysis.trip_plot import STYLE
from app.recordings.read import Table
from feature_kernels import driving

WIDTH_IN, HEIGHT_IN, DPI = 7.2, 2.6, 90
RATE_HZ = 10
START_US = 1_700_000_000_000_000
LEGS = (
    *((10, 0.0, 0.0), (12, 1.3, 0.0), (60, 0.0, 0.0), (3, -4.2, 0.0), (6, 0.0, 0.0), (5, 2.6, 0.0)),
    *((15, 0.0, 0.0), (4, 0.0, 3.9), (20, 0.0, 0.0), (6, 1.6, 0.0), (40, 0.0, 0.0)),
    *((6, -1.6, 0.0), (10, 0.0, 0.0), (8, -2.0, 0.0), (75, 0.0, 0.0), (12, 1.2, 0.0)),
    *((20, 0.0, 0.0), (0.3, -55.0, 0.0), (200, 0.0, 0.0)),
)
"""Seconds, acceleration along and across m/s²: pull away, brake hard, pull hard, a bend, too fast,
stand, and a crash."""
PICTURES = (
    ("trip", "A trip: from the first movement to the last, with its events"),
    ("harsh_braking", "Harsh braking: beyond the threshold of its class, for long enough"),
    ("harsh_acceleration", "Harsh acceleration"),
    ("harsh_cornering", "Harsh cornering: acceleration to the side"),
    ("speeding", "Speeding: beyond limit and tolerance for at least ten seconds"),
    ("idling", "Idling: a stand of a minute and more within a trip"),
    ("crash", "A crash: an impulse with its change of velocity, then standstill"),
    *phone_pictures.PICTURES,
)
"""Name of each picture, and what it shows."""
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Drive:
    """The simulated trip, and what the kernel found. t_s : float64[n]."""

    t_s: Floats
    columns: dict[str, Floats]
    trips: Any
    events: Any


def simulate() -> Drive:
    """Drive the legs at 10 Hz with a little noise, always the same."""
    rng = np.random.default_rng(1)
    along = np.concatenate([np.full(round(s * RATE_HZ), a) for s, a, _ in LEGS])
    across = np.concatenate([np.full(round(s * RATE_HZ), b) for s, _, b in LEGS])
    speed = np.zeros(along.size)
    for i in range(1, along.size):
        speed[i] = max(speed[i - 1] + along[i] / RATE_HZ, 0.0)
    along = np.where((speed == 0.0) & (along > -20.0), 0.0, along)
    smooth = np.ones(5) / 5.0
    calm = np.where(along < -20.0, 0.0, along)
    felt = np.convolve(calm, smooth, "same") + np.where(along < -20.0, along, 0.0)
    columns = {
        "speed_kmh": np.round(speed * 3.6, 1),
        "accel_long_mps2": felt + rng.normal(0.0, 0.15, speed.size),
        "accel_lat_mps2": np.convolve(across, smooth, "same") + rng.normal(0.0, 0.15, speed.size),
        "speed_limit_kmh": np.full(speed.size, 60.0),
    }
    t_us = START_US + np.arange(speed.size) * (1_000_000 // RATE_HZ)
    starts = np.array([0, t_us.size], np.int64)
    run = driving.drive(columns, t_us, t_us, starts, driving.initial_carry(1))
    last = driving.finish(run.carry)
    trips = np.concatenate((run.trips, last.trips))
    table = Table(
        Path("simulated"), t_us, np.zeros(t_us.size, np.int64), columns, None, True, "UTC",
        t_us.size, 0, 0, (),
    )  # fmt: skip
    return Drive(
        (t_us - START_US) / 1e6,
        columns,
        trips,
        np.concatenate((run.events, last.events, idling(table, trips))),
    )


def write(folder: Path) -> list[Path]:
    """Write all pictures; return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    drive = simulate()
    of_phone = dict(phone_pictures.PICTURES)
    return [
        *(
            _draw(drive, name, title, folder / f"{name}.png")
            for name, title in PICTURES
            if name not in of_phone
        ),
        *phone_pictures.write(folder),
    ]


def _draw(drive: Drive, name: str, title: str, path: Path) -> Path:
    lateral = name == "harsh_cornering"
    accel = drive.columns["accel_lat_mps2" if lateral else "accel_long_mps2"]
    first, last = _window(drive, name)
    seen = (drive.t_s >= first) & (drive.t_s <= last)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH_IN, HEIGHT_IN), dpi=DPI, facecolor="white")
        axes = figure.subplots()
        axes.set_title(title, fontsize=10, color=INK)
        axes.plot(drive.t_s[seen], drive.columns["speed_kmh"][seen], color=ACCENT, lw=1.4)
        axes.set_ylabel("km/h", color=ACCENT)
        axes.set_xlabel("s")
        if name in ("trip", "speeding"):
            limit = drive.columns["speed_limit_kmh"][seen]
            axes.plot(drive.t_s[seen], limit, color=FAINT, lw=1.0, ls="--")
        if name != "speeding":
            felt = axes.twinx()
            felt.plot(drive.t_s[seen], accel[seen], color=FAINT, lw=0.8)
            felt.set_ylabel("m/s²")
            felt.grid(visible=False)
            for value in _thresholds(name):
                felt.axhline(value, color="#d64545", lw=0.9, ls=":")
        for kind, code in CODES.items():
            for event in drive.events[drive.events["kind"] == code]:
                if name in ("trip", kind):
                    span = [(int(event[key]) - START_US) / 1e6 for key in ("start_us", "end_us")]
                    axes.axvspan(span[0], max(span[1], span[0] + 0.3), color="#e08e0b", alpha=0.3)
        axes.set_xlim(first, last)
        figure.tight_layout()
        figure.savefig(path, dpi=DPI, format="png", metadata={"Software": None})
    return path


def _window(drive: Drive, name: str) -> tuple[float, float]:
    if name == "trip":
        return 0.0, float(drive.t_s[-1])
    event = drive.events[drive.events["kind"] == CODES[name]][0]
    return (
        (int(event["start_us"]) - START_US) / 1e6 - 8.0,
        (int(event["end_us"]) - START_US) / 1e6 + 8.0,
    )


def _thresholds(name: str) -> tuple[float, ...]:
    p = driving.DEFAULTS
    return {
        "harsh_braking": (-p.braking_mps2,),
        "harsh_acceleration": (p.acceleration_mps2,),
        "harsh_cornering": (p.cornering_mps2, -p.cornering_mps2),
        "crash": (-p.crash_low_mps2,),
    }.get(name, ())
