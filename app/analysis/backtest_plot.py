"""The plot of a backtest: what would have been sent and offered, live beside changed."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from app.analysis.palette import ACCENT, FAINT
from app.analysis.trip_plot import STYLE
from runtime.errors import Usage


def plot_backtest(found: Mapping[str, Any], path: Path) -> None:
    """Draw the answer of a backtest into a PNG file. Raises `Usage` where it cannot be written."""
    of_playbooks, of_actions = found["playbooks"], found["actions"]
    changed = of_playbooks["changed"]
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(14, 6), dpi=100, layout="constrained")
        messages, offers = figure.subplots(1, 2)
        _bars(
            messages, "Messages of playbooks", of_playbooks["live"]["contacts"],
            None if changed is None else changed["contacts"],
        )  # fmt: skip
        new = of_actions["changed"]
        won = None if new is None else new["won"]
        _bars(offers, "Actions that win", of_actions["live"]["won"], won)
        try:
            figure.savefig(path, format="png")
        except OSError as error:
            raise Usage(f"{path}: {error}") from None


def _bars(
    axes: Axes, title: str, live: Mapping[str, int], changed: Mapping[str, int] | None
) -> None:
    """Draw numbers by name; changed : None = nothing was changed."""
    names = sorted({*live, *(changed or {})})
    at = np.arange(len(names))
    height = 0.8 if changed is None else 0.4
    axes.barh(at, [live.get(name, 0) for name in names], height, color=ACCENT, label="live")
    if changed is not None:
        numbers = [changed.get(name, 0) for name in names]
        axes.barh(at + height, numbers, height, color=FAINT, label="changed")
    axes.set_yticks(at + (0 if changed is None else height / 2), names)
    axes.invert_yaxis()
    axes.set(title=title, xlabel="number")
    if names:
        axes.legend()
