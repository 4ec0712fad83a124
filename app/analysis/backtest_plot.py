"""The plot of a backtest: what would have been sent and offered, live beside changed."""

from collections import Counter
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
        figure = Figure(figsize=(20, 6), dpi=100, layout="constrained")
        messages, offers, conflicts = figure.subplots(1, 3)
        _bars(
            messages, "Messages of playbooks", of_playbooks["live"]["contacts"],
            None if changed is None else changed["contacts"],
        )  # fmt: skip
        new = of_actions["changed"]
        won = None if new is None else new["won"]
        _bars(offers, "Actions that win", of_actions["live"]["won"], won)
        _bars(
            conflicts, "Stopped by rules of contact",
            _conflicts(of_playbooks["live"], of_actions["live"]),
            None if changed is None and new is None
            else _conflicts(changed or of_playbooks["live"], new or of_actions["live"]),
        )  # fmt: skip
        try:
            figure.savefig(path, format="png")
        except OSError as error:
            raise Usage(f"{path}: {error}") from None


def _conflicts(of_playbooks: Mapping[str, Any], of_actions: Mapping[str, Any]) -> dict[str, int]:
    """Return rule of contact → messages and offers that it has stopped."""
    found = Counter[str](of_actions["stopped"])
    for one in of_playbooks["conflicts"]:
        found[one["rule"]] += one["number"]
    return dict(found)


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
