"""Plots of a recording: measured values and found features."""

from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from app.analysis.palette import ACCENT, COLOURS, FAINT, GRID, INK
from app.analysis.trip import TripAnalysis
from contracts.kinds import EVENTS, RECORDING_EVENTS
from feature_kernels.driving import DEFAULTS
from runtime.errors import Usage
from services.car_axes import of_speed

WIDTH_PX, HEIGHT_PX, DPI = 1600, 900, 100
STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 11,
    "axes.edgecolor": GRID,
    "axes.labelcolor": FAINT,
    "axes.titlecolor": INK,
    "axes.titlesize": 12,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": GRID,
    "axes.axisbelow": True,
    "xtick.color": FAINT,
    "ytick.color": FAINT,
    "legend.frameon": False,
    "agg.path.chunksize": 20_000,
}
COLUMNS_OF_PIXELS = 2_000  # more samples than pixels are drawn as their minimum and maximum

Floats = NDArray[np.float64]


def new_figure(title: str, subtitle: str) -> Figure:
    """Make an empty figure with title and subtitle."""
    figure = Figure(figsize=(WIDTH_PX / DPI, HEIGHT_PX / DPI), dpi=DPI, facecolor="white")
    figure.text(0.045, 0.95, title, fontsize=17, fontweight="bold", color=INK)
    figure.text(0.045, 0.914, subtitle, fontsize=12, color=FAINT)
    return figure


def save(figure: Figure, path: Path) -> None:
    """Write the figure as PNG."""
    try:
        figure.savefig(path, dpi=DPI, format="png")
    except OSError as error:
        raise Usage(f"--plot: {path}: {error.strerror or error}") from error


def count_of(number: int, what: str) -> str:
    """Format a count with singular or plural."""
    ends = ("y", "ies") if what.endswith("y") else ("", "s")
    return f"{number:,} {what.removesuffix(ends[0])}{ends[0] if number == 1 else ends[1]}"


def thin(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Keep the minimum and maximum of each pixel column, in order."""
    if x.size <= 4 * COLUMNS_OF_PIXELS:
        return x, y
    starts = np.unique(np.linspace(0, x.size - 1, COLUMNS_OF_PIXELS).astype(np.int64))
    low = np.fmin.reduceat(y, starts)
    high = np.fmax.reduceat(y, starts)
    return np.repeat(x[starts], 2), np.column_stack((low, high)).ravel()


def plot_trip(analysis: TripAnalysis, path: Path) -> None:
    """Draw speed with its limit, acceleration, events, trips, and points lost."""
    with mpl.rc_context(STYLE):
        answer, table = analysis.answer, analysis.table
        trips = answer["trips"]
        kilometres = sum(trip["distance_m"] or 0.0 for trip in trips) / 1000.0
        found = count_of(len(trips), "trip") + (f", {kilometres:.1f} km" if kilometres else "")
        figure = new_figure(
            table.path.name,
            f"{found}  ·  {count_of(len(answer['events']), 'event')}  ·  "
            f"{answer['quality']['samples']:,} samples in {_duration(answer['quality']['span_s'])}"
            f"  ·  {answer['algorithm_version']}",
        )
        grid = figure.add_gridspec(
            2, 2, height_ratios=(3, 2), width_ratios=(3.6, 1), hspace=0.16, wspace=0.17,
            left=0.055, right=0.975, top=0.835, bottom=0.075,
        )  # fmt: skip
        upper = figure.add_subplot(grid[0, 0])
        lower = figure.add_subplot(grid[1, 0], sharex=upper)
        scale, unit = _time_scale(answer["quality"]["span_s"])
        zero = int(table.t_us[0])
        x = (table.t_us - zero) / 1e6 / scale

        def at(t_us: int) -> float:
            return (int(t_us) - zero) / 1e6 / scale

        speed, source = speed_of(analysis)
        top = _draw_speed(upper, x, speed, table.columns.get("speed_limit_kmh"))
        upper.set_title(f"Speed, km/h{source}", pad=22)
        if np.isnan(speed).all():
            upper.set_yticks([])
        for row, trip in zip(analysis.trips, trips, strict=True):
            left, right = at(row["start_us"]), at(row["end_us"])
            for axes in (upper, lower):
                axes.axvspan(left, right, color=ACCENT, alpha=0.07, lw=0)
            if (right - left) > 0.04 * (x[-1] - x[0] or 1.0):
                text = "–" if trip["score"] is None else f"{trip['score']:.0f}"
                text += "" if trip["trusted"] else " ?"
                upper.text(
                    (left + right) / 2, top * 1.015, f"score {text}", ha="center", va="bottom",
                    color=ACCENT, fontweight="bold", fontsize=11,
                )  # fmt: skip
        marks: dict[str, int] = {}
        known = ~np.isnan(speed)
        for row, event in zip(analysis.events, answer["events"], strict=True):
            colour = _colour(event["kind"])
            marks[event["kind"]] = marks.get(event["kind"], 0) + 1
            left, right = at(row["start_us"]), at(row["end_us"])
            for axes in (upper, lower):
                axes.axvspan(left, max(right, left), color=colour, alpha=0.18, lw=0)
            height = np.interp((left + right) / 2, x[known], speed[known]) if known.any() else 0.0
            upper.plot(
                [(left + right) / 2], [height], _shape(event["kind"]), color=colour, mec="white",
                mew=0.8, ms=6 + 2.5 * event["severity"], zorder=5, clip_on=False,
            )  # fmt: skip
        _draw_acceleration(lower, x, analysis, speed)
        lower.set_xlabel(f"{unit} from the first sample")
        upper.tick_params(labelbottom=False)
        if x[-1] > x[0]:
            upper.set_xlim(x[0], x[-1])
        handles = [
            Line2D([], [], color=_colour(kind), marker=_shape(kind), ls="", ms=9,
                   label=f"{kind.replace('_', ' ')} ({count})")
            for kind, count in marks.items()
        ]  # fmt: skip
        lines, _ = upper.get_legend_handles_labels()
        upper.legend(
            handles=lines + handles, loc="lower right", bbox_to_anchor=(1.0, 1.035),
            ncols=len(lines + handles) or 1, fontsize=10, handletextpad=0.3, columnspacing=1.2,
        )  # fmt: skip
        _draw_components(figure.add_subplot(grid[:, 1]), trips)
        save(figure, path)


def speed_of(analysis: TripAnalysis) -> tuple[Floats, str]:
    """Return the speed and its source: measured, from positions for display, or none."""
    columns, t_us = analysis.table.columns, analysis.table.t_us
    if "speed_kmh" in columns:
        return columns["speed_kmh"], ""
    speed = np.full(t_us.size, np.nan)
    if "lat_deg" not in columns:
        return speed, ": not measured"
    fixed = np.flatnonzero(~np.isnan(columns["lat_deg"]) & ~np.isnan(columns["lon_deg"]))
    lat, lon = np.radians(columns["lat_deg"][fixed]), np.radians(columns["lon_deg"][fixed])
    east = np.diff(lon) * np.cos((lat[1:] + lat[:-1]) / 2)
    metres = 6_371_008.8 * np.hypot(np.diff(lat), east)
    with np.errstate(divide="ignore"):
        speed[fixed[1:]] = np.minimum(metres / np.diff(t_us[fixed]) * 3.6e6, 300.0)
    return speed, " (between positions)"


def _draw_speed(axes: Axes, x: Floats, speed: Floats, limit: Floats | None) -> float:
    """Draw speed and limit; return the height of the axis."""
    known = ~np.isnan(speed)
    if known.any():
        axes.plot(*thin(x[known], speed[known]), color=INK, lw=1.3)
    highest = float(np.max(speed[known], initial=10.0))
    if limit is not None and not np.isnan(limit).all():
        given = ~np.isnan(limit)
        axes.step(x[given], limit[given], where="post", color="#d64545", lw=1.2, ls=(0, (4, 2)),
                  label="speed limit")  # fmt: skip
        highest = max(highest, float(np.nanmax(limit)))
    axes.set_ylim(0, highest * 1.06)
    return highest * 1.06


def _draw_acceleration(axes: Axes, x: Floats, analysis: TripAnalysis, speed: Floats) -> None:
    columns = analysis.table.columns
    drawn = False
    for name, label, colour in (
        ("accel_lat_mps2", "to the left", "#b990e8"),
        ("accel_long_mps2", "forward", ACCENT),
    ):
        values, at = columns.get(name), x
        if analysis.axes is not None and analysis.axes.found:
            table, axes_ = analysis.table, analysis.axes
            values = axes_.long if name == "accel_long_mps2" else axes_.lat
            at = np.interp(
                (axes_.t_us - table.t_us[0]).astype(float),
                (table.t_us - table.t_us[0]).astype(float), x,
            )  # fmt: skip
        if values is not None and not np.isnan(values).all():
            known = ~np.isnan(values)
            axes.plot(*thin(at[known], values[known]), color=colour, lw=0.9, label=label)
            drawn = True
    title = "Acceleration, m/s²"
    if not drawn:
        used = speed if analysis.used is None else analysis.used.columns.get("speed_kmh", speed)
        times, values = of_speed(analysis.table.t_us, used)
        scale = (analysis.table.t_us[-1] - analysis.table.t_us[0]) / ((x[-1] - x[0]) or 1.0)
        place = (times - analysis.table.t_us[0]) / (scale or 1.0) + x[0]
        axes.plot(*thin(place, values), color=ACCENT, lw=0.9, label="forward")
        title += " (from speed, over a second)"
    axes.set_title(title)
    for value in (-DEFAULTS.braking_mps2, DEFAULTS.acceleration_mps2):
        axes.axhline(value, color=FAINT, lw=0.9, ls=(0, (2, 3)))
    low, high = axes.get_ylim()
    axes.set_ylim(max(min(low, -3.5), -15.0), min(max(high, 3.5), 15.0))
    if drawn:
        axes.legend(loc="lower right", bbox_to_anchor=(1.0, 0.98), ncols=2, fontsize=10)


def _colour(kind: str) -> str:
    """Return the colour of a kind."""
    return COLOURS[(EVENTS[kind] if kind in EVENTS else RECORDING_EVENTS[kind]).colour]


def _shape(kind: str) -> str:
    if kind in RECORDING_EVENTS:
        return RECORDING_EVENTS[kind].symbol
    return "X" if kind == "crash" else "v"


def _draw_components(axes: Axes, trips: list[dict[str, Any]]) -> None:
    """Draw the points that the longest trip lost, by factor."""
    axes.grid(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(False)
    axes.tick_params(left=False, bottom=False, labelleft=False, labelbottom=False)
    scored = [trip for trip in trips if trip["score"] is not None]
    if not scored:
        axes.set_title("No trip, no score" if not trips else "No score", pad=22)
        return
    trip = max(scored, key=lambda each: each["distance_m"])
    which = "the longest trip" if len(trips) > 1 else "the trip"
    axes.set_title(f"Points lost on {which}", pad=22)
    shares = sorted(trip["components"], key=lambda part: part["share"])
    places = np.arange(len(shares), dtype=np.float64)
    axes.barh(places, [part["share"] for part in shares], height=0.32, color=ACCENT, alpha=0.85)
    widest = max(part["share"] for part in shares) or 1.0
    for place, part in zip(places, shares, strict=True):
        value = "not measured" if part["value"] is None else f"{part['value']:.3g} {part['unit']}"
        factor = part["factor"].removesuffix("_p95").replace("_", " ")
        axes.text(0, place + 0.25, factor, color=INK, va="bottom", fontsize=9.5)
        axes.text(part["share"] + widest * 0.02, place, f"{part['share']:.1f}", color=INK,
                  va="center", fontsize=10)  # fmt: skip
        axes.text(widest * 1.3, place + 0.25, value, color=FAINT, ha="right", va="bottom",
                  fontsize=8)  # fmt: skip
    axes.set_xlim(0, widest * 1.3)
    axes.set_ylim(-1.3, len(shares) - 0.2)
    trust = "trusted" if trip["trusted"] else "not trusted: too short or too little measured"
    axes.text(0, -0.95, f"{trip['score']:.1f}", color=ACCENT, fontsize=30, fontweight="bold",
              va="center")  # fmt: skip
    axes.text(widest * 0.52, -0.95, f"of 100\n{trust}", color=FAINT, va="center", fontsize=9)


def _time_scale(span_s: float) -> tuple[float, str]:
    if span_s > 3 * 86_400:
        return 86_400.0, "Days"
    if span_s > 3 * 3_600:
        return 3_600.0, "Hours"
    return (60.0, "Minutes") if span_s > 180 else (1.0, "Seconds")


def _duration(seconds: float) -> str:
    scale, unit = _time_scale(seconds)
    return f"{seconds / scale:.1f} {unit.lower()}"
