"""Pictures of what a phone's accelerometer and gyroscope show, for docs/kernels.md."""

from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from app.analysis.events import CODES
from app.analysis.palette import ACCENT, FAINT, INK
from app.analysis.trip import TripAnalysis, analyse
from app.analysis.trip_plot import STYLE
from app.recordings.read import Table
from feature_kernels import inertial
from simulators.phone import Recording, drive, with_gnss

WIDTH_IN, HEIGHT_IN, DPI = 7.2, 2.6, 90
SEED = 3
START_US = 1_700_000_000_000_000
SHOWN_S = 40.0
IN_HAND_S, IN_HAND_RADPS = 3.0, 1.6
EVENT = "#e08e0b"
PICTURES = (
    ("alignment", "Alignment: a phone's own axes, and forward along the car's"),
    ("harsh_lane_change", "Harsh lane change: to one side and back, by acceleration and yaw"),
    ("phone_handling", "Phone handling: it is tilted as no car is"),
)
"""Name of each picture, and what it shows."""
Floats = NDArray[np.float64]


def write(folder: Path) -> list[Path]:
    """Write the pictures; return their paths."""
    made = drive(SEED)
    t_us, columns = _columns(made)
    analysis = analyse(
        Table(
            Path("simulated"), t_us, np.zeros(t_us.size, np.int64), columns, None, True, "UTC",
            t_us.size, 0, 0, (),
        )
    )  # fmt: skip
    written = []
    for name, title in PICTURES:
        with mpl.rc_context(STYLE):
            figure = Figure(figsize=(WIDTH_IN, HEIGHT_IN), dpi=DPI, facecolor="white")
            axes = figure.subplots()
            axes.set_title(title, fontsize=10, color=INK)
            axes.set_xlabel("s")
            if name == "alignment":
                _alignment(axes, made, analysis)
            else:
                _event(axes, name, made, analysis)
            figure.tight_layout()
            path = folder / f"{name}.png"
            figure.savefig(path, dpi=DPI, format="png", metadata={"Software": None})
        written.append(path)
    return written


def _columns(made: Recording) -> tuple[NDArray[np.int64], dict[str, Floats]]:
    """Return what the phone records, and a hand that takes it while the car goes steadily."""
    gnss = with_gnss(made, SEED)
    t_us = START_US + np.round(made.t_s * 1e6).astype(np.int64)
    turning = made.gyro.copy()
    turning[_in_hand(made)] += IN_HAND_RADPS * np.array([0.7, 0.7, 0.0])
    columns = {"speed_kmh": gnss.speed_kmh, "lat_deg": gnss.lat_deg, "lon_deg": gnss.lon_deg}
    columns |= {f"accel_{axis}_mps2": made.accel[:, k] for k, axis in enumerate("xyz")}
    columns |= {f"gyro_{axis}_radps": turning[:, k] for k, axis in enumerate("xyz")}
    return t_us, columns


def _in_hand(made: Recording) -> NDArray[np.bool_]:
    """Rows in the middle of the longest time between two manoeuvres."""
    ends = [label.end_s for label in made.labels[:-1]]
    starts = [label.start_s for label in made.labels[1:]]
    k = int(np.argmax(np.array(starts) - np.array(ends)))
    middle = 0.5 * (starts[k] + ends[k])
    rows: NDArray[np.bool_] = np.abs(made.t_s - middle) <= 0.5 * IN_HAND_S
    return rows


def _first_braking(made: Recording) -> float:
    braking = [e.start_s for e in made.labels if e.kind == "braking" and e.aggressive]
    return braking[0]


def _alignment(axes: Any, made: Recording, analysis: TripAnalysis) -> None:
    found = analysis.axes
    assert found is not None
    at = _first_braking(made) - 15.0
    seen = (made.t_s >= at) & (made.t_s <= at + SHOWN_S)
    for k in range(3):
        label = "x, y, z" if k == 0 else "_nolegend_"
        axes.plot(made.t_s[seen][::5], made.accel[seen, k][::5], color=FAINT, lw=0.5, label=label)
    seconds = (found.t_us - START_US) / 1e6
    shown = (seconds >= at) & (seconds <= at + SHOWN_S)
    axes.plot(made.t_s[seen], made.long[seen], color=EVENT, lw=2.0, label="the car's, true")
    axes.plot(seconds[shown], found.long[shown], color=ACCENT, lw=1.2, label="forward, found")
    axes.set_ylabel("m/s²")
    axes.set_xlim(at, at + SHOWN_S)
    axes.legend(fontsize=8, loc="center right")


def _event(axes: Any, name: str, made: Recording, analysis: TripAnalysis) -> None:
    event = analysis.events[analysis.events["kind"] == CODES[name]][0]
    first, last = ((int(event[key]) - START_US) / 1e6 for key in ("start_us", "end_us"))
    axes.axvspan(first, last, color=EVENT, alpha=0.3)
    axes.set_xlim(first - 8.0, last + 8.0)
    if name == "phone_handling":
        _, columns = _columns(made)
        tilt = np.hypot(columns["gyro_x_radps"], columns["gyro_y_radps"])
        seen = (made.t_s >= first - 8.0) & (made.t_s <= last + 8.0)
        axes.plot(made.t_s[seen], tilt[seen], color=FAINT, lw=0.8)
        axes.axhline(inertial.DEFAULTS.handling_radps, color="#d64545", lw=0.9, ls=":")
        axes.set_ylabel("rad/s about x and y")
        return
    found = analysis.axes
    assert found is not None
    seconds = (found.t_us - START_US) / 1e6
    shown = (seconds >= first - 8.0) & (seconds <= last + 8.0)
    axes.plot(seconds[shown], found.lat[shown], color=FAINT, lw=0.9)
    axes.set_ylabel("m/s², to the left")
    for sign in (1.0, -1.0):
        axes.axhline(sign * inertial.DEFAULTS.lane_change_mps2, color="#d64545", lw=0.9, ls=":")
    speed = axes.twinx()
    seen = (made.t_s >= first - 8.0) & (made.t_s <= last + 8.0)
    speed.plot(made.t_s[seen], 3.6 * made.speed[seen], color=ACCENT, lw=1.4)
    speed.set_ylabel("km/h", color=ACCENT)
    speed.grid(visible=False)
    speed.set_ylim(bottom=0.0)
