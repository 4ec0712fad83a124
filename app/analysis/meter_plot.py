"""Plot a meter's recording: days with what was expected, hours, profile, forecast, anomalies."""

from datetime import datetime
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.dates as mdates
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import NDArray

from app.analysis.expected_days import expected_days
from app.analysis.meter import MeterAnalysis
from app.analysis.palette import ACCENT, COLOURS, FAINT, INK
from app.analysis.trip_plot import STYLE, count_of, new_figure, save, thin
from contracts.kinds import ANOMALIES
from contracts.quality import Quality
from customer_context.metering.use import country_of

EXPECTED = "#7d5fb2"
SHORT_DAYS = 10  # up to this many days plot the intervals, else the energy of each day
DAY_US = 86_400_000_000


def plot_meter(analysis: MeterAnalysis, path: Path) -> None:
    """Draw days (or intervals) with base load and anomalies, hours as a heat map, the profile."""
    with mpl.rc_context(STYLE):
        answer = analysis.answer
        quality = answer["quality"]
        base = answer["base_load_w"]
        parts = [
            f"{answer['energy_kwh']:,.1f} kWh",
            f"{quality['present']:,} of {count_of(quality['expected'], 'interval')} present",
            *([] if base is None else [f"base load {base:.0f} W"]),
            count_of(len(answer["anomalies"]), "anomaly"),
            f"{answer['start'][:10]} to {answer['end'][:10]}",
        ]
        figure = new_figure(analysis.table.path.name, "  ·  ".join(parts))
        hourly = answer["profile"] is not None
        grid = figure.add_gridspec(
            2 if hourly else 1, 2, height_ratios=(1, 1) if hourly else (1,), width_ratios=(2.1, 1),
            hspace=0.28, wspace=0.14, left=0.055, right=0.975, top=0.845, bottom=0.065,
        )  # fmt: skip
        upper = figure.add_subplot(grid[0, :])
        _draw_energy(upper, analysis)
        _draw_anomalies(upper, answer["anomalies"])
        if hourly:
            _draw_heat(figure, figure.add_subplot(grid[1, 0]), analysis)
            _draw_profile(figure.add_subplot(grid[1, 1]), answer)
        save(figure, path)


def _draw_energy(axes: Axes, analysis: MeterAnalysis) -> None:
    answer = analysis.answer
    days, base = answer["days"], answer["base_load_w"]
    if len(days) > SHORT_DAYS:
        dates = mdates.date2num([datetime.fromisoformat(day["date"]) for day in days])
        energy = np.array([np.nan if d["energy_kwh"] is None else d["energy_kwh"] for d in days])
        whole = np.array([day["present"] >= day["expected"] for day in days])
        axes.bar(dates[whole] + 0.5, energy[whole], width=1.0, color=ACCENT, alpha=0.75, lw=0)
        axes.bar(dates[~whole] + 0.5, energy[~whole], width=1.0, color="#9fc6e0", lw=0)
        axes.set_title("Energy of each day, kWh", pad=20)
        level = None if base is None else base * 24 / 1000
        _draw_expected(axes, analysis, dates)
        axes.set_xlim(dates[0], dates[-1] + 2)
    else:
        rows = analysis.intervals[np.isfinite(analysis.intervals["energy_kwh"])]
        hours = (rows["end_us"] - rows["start_us"]) / 3.6e9
        power = rows["energy_kwh"] * 1000 / np.where(hours > 0, hours, np.nan)
        left = rows["local_us"] / DAY_US
        if analysis.grid.periods:
            axes.bar(left + hours / 48, power, width=hours / 24 * 0.96, color=ACCENT, alpha=0.75)
        else:
            axes.step(*thin(left, power), where="post", color=INK, lw=1.1)
        ours = (rows["estimated"] == 1) | (rows["status"] < Quality.ABGELESEN)
        axes.plot(left[ours], power[ours], ".", color="#e08e0b", ms=5)
        axes.set_title("Mean power of each interval, W", pad=20)
        level = base
        _cut_off(axes, left, power)
        if left.size:
            axes.set_xlim(left[0], left[-1] + hours[-1] / 24)
    if level is not None:
        axes.axhline(level, color="#d64545", lw=1.2, ls=(0, (4, 2)))
    if axes.get_autoscaley_on():
        low, high = axes.get_ylim()
        axes.set_ylim(low if axes.dataLim.ymin < 0 else 0.0, high * 1.02)
    locator = mdates.AutoDateLocator(minticks=4, maxticks=14)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(mdates.ConciseDateFormatter(locator))
    axes.grid(axis="x", visible=False)


def _draw_expected(axes: Axes, analysis: MeterAnalysis, dates: NDArray[np.float64]) -> None:
    """Draw the range that the days before let expect of each day, and the day after the last."""
    answer = analysis.answer
    country = country_of(analysis.table.local)
    found = expected_days(answer["days"], answer["anomalies"], country)
    if np.isnan(found).all():
        return
    edges = np.append(dates, [dates[-1] + 1, dates[-1] + 2])
    axes.stairs(
        found[:, 2], edges, baseline=found[:, 1], fill=True, color=EXPECTED, alpha=0.35, lw=0,
        label="expected range", zorder=3,
    )  # fmt: skip
    kwh, low, high = found[-1]
    if np.isfinite(kwh):
        axes.errorbar(
            [dates[-1] + 1.5], [kwh], [[kwh - low], [high - kwh]], fmt="D", ms=5, color=EXPECTED,
            label="next day", zorder=4,
        )  # fmt: skip


def _cut_off(axes: Axes, left: NDArray[np.float64], power: NDArray[np.float64]) -> None:
    """Cut off spikes that would flatten all else, and label their height."""
    usual = float(np.nanpercentile(power, 99, method="lower")) if power.size else 0.0
    if usual <= 0.0 or float(np.nanmax(power)) <= 4 * usual:
        return
    top = 2.2 * usual
    axes.set_ylim(min(0.0, float(np.nanmin(power)) * 1.1), top)
    for at in np.flatnonzero(power > top)[:20]:
        axes.text(left[at], top * 0.97, f" {power[at]:,.0f} W", color=FAINT, fontsize=9, va="top")


def _local(text: str) -> float:
    return float(mdates.date2num(datetime.fromisoformat(text).replace(tzinfo=None)))


def _draw_anomalies(axes: Axes, anomalies: list[dict[str, Any]]) -> None:
    """Shade each episode and mark it above the axes; open ones extend to the end."""
    left_edge, right_edge = axes.get_xlim()
    counts: dict[str, int] = {}
    for anomaly in anomalies:
        kind = anomaly["kind"]
        counts[kind] = counts.get(kind, 0) + 1
        left = _local(anomaly["start"])
        right = right_edge if anomaly["end"] is None else _local(anomaly["end"])
        right = max(right, left + (right_edge - left_edge) / 800)
        axes.axvspan(left, right, color=COLOURS[ANOMALIES[kind].colour], alpha=0.22, lw=0)
        axes.plot(
            [(left + right) / 2], [1.02], "v", transform=axes.get_xaxis_transform(),
            color=COLOURS[ANOMALIES[kind].colour], ms=5 + 2 * anomaly["severity"],
            mec="white", mew=0.6,
            clip_on=False, zorder=5,
        )  # fmt: skip
    axes.set_xlim(left_edge, right_edge)
    handles: list[Any] = [
        Line2D([], [], color=COLOURS[ANOMALIES[kind].colour], marker="v", ls="", ms=9,
               label=f"{kind.replace('_', ' ')} ({count})")
        for kind, count in counts.items()
    ]  # fmt: skip
    if any(line.get_color() == "#d64545" for line in axes.get_lines()):
        handles.insert(0, Line2D([], [], color="#d64545", ls=(0, (4, 2)), label="base load"))
    if any(patch.get_facecolor()[:3] == mpl.colors.to_rgb("#9fc6e0") for patch in axes.patches):
        handles.append(Patch(color="#9fc6e0", label="day not complete"))
    handles += [
        Patch(color=EXPECTED, alpha=0.35, label=label)
        if label == "expected range"
        else Line2D([], [], color=EXPECTED, marker="D", ls="", ms=5, label=label)
        for label in axes.get_legend_handles_labels()[1]
    ]
    if handles:
        axes.legend(
            handles=handles, loc="lower right", bbox_to_anchor=(1.0, 1.045), ncols=len(handles),
            fontsize=10, handletextpad=0.4, columnspacing=1.2,
        )  # fmt: skip


def _draw_heat(figure: Figure, axes: Axes, analysis: MeterAnalysis) -> None:
    """Draw mean power by day and hour; white = not measured."""
    rows = analysis.intervals
    rows = rows[np.isfinite(rows["energy_kwh"]) & (rows["estimated"] == 0)]
    axes.set_title("Power by day and hour, W (white: not measured)")
    if rows.size == 0:
        return
    day = rows["local_us"] // DAY_US
    hour = rows["local_us"] % DAY_US // 3_600_000_000
    days = int(day[-1] - day[0]) + 1
    slot = (day - day[0]) * 24 + hour
    size = days * 24
    energy = np.bincount(slot, rows["energy_kwh"], size)
    hours = np.bincount(slot, (rows["end_us"] - rows["start_us"]) / 3.6e9, size)
    with np.errstate(invalid="ignore", divide="ignore"):
        power = np.where(hours > 0, energy * 1000 / hours, np.nan).reshape(days, 24).T
    highest = float(np.nanpercentile(power, 99)) or 1.0
    lowest = min(0.0, float(np.nanmin(power)))
    image = axes.imshow(
        power, aspect="auto", origin="lower", cmap="YlGnBu" if lowest == 0.0 else "Spectral_r",
        vmin=lowest, vmax=max(highest, 1.0), extent=(day[0], day[-1] + 1, 0, 24),
        interpolation="nearest",
    )  # fmt: skip
    axes.grid(False)
    axes.set_yticks([0, 6, 12, 18, 24])
    axes.set_ylabel("local hour")
    locator = mdates.AutoDateLocator(minticks=3, maxticks=10)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(mdates.ConciseDateFormatter(locator))
    bar = figure.colorbar(image, ax=axes, pad=0.015, fraction=0.03)
    bar.outline.set_visible(False)


def _draw_profile(axes: Axes, answer: dict[str, Any]) -> None:
    """Draw the mean day, workdays and weekends apart, with the base load and the next day."""
    edges = np.arange(25)
    highest = 1.0
    for name, colour in (("workday", ACCENT), ("weekend", "#e08e0b")):
        watts = np.array([np.nan if w is None else w for w in answer["profile"][name]])
        if np.isnan(watts).all():
            continue
        axes.stairs(watts, edges, baseline=None, color=colour, lw=1.8, label=name)
        highest = max(highest, float(np.nanmax(watts)))
    if answer.get("forecast"):
        hours = answer["forecast"]["hours"]
        kwh, low, high = (
            1000 * np.array([hour[name] for hour in hours])
            for name in ("energy_kwh", "low", "high")
        )
        axes.stairs(high, edges, baseline=low, fill=True, color=EXPECTED, alpha=0.2, lw=0)
        axes.stairs(
            kwh, edges, baseline=None, color=EXPECTED, lw=1.4, ls=(0, (2, 1)),
            label=f"forecast {answer['forecast']['date']}",
        )  # fmt: skip
        highest = max(highest, float(np.nanmax(high)))
    if answer["base_load_w"] is not None:
        axes.axhline(answer["base_load_w"], color="#d64545", lw=1.2, ls=(0, (4, 2)),
                     label="base load")  # fmt: skip
    axes.set_title("Mean day, W")
    axes.set_xlim(0, 24)
    axes.set_ylim(min(0.0, axes.get_ylim()[0]), highest * 1.35)
    axes.set_xticks([0, 6, 12, 18, 24])
    axes.set_xlabel("local hour", color=FAINT)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(loc="upper left", ncols=2, fontsize=10)
