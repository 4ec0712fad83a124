"""The plot of a backtest: how often each action wins or message goes, in force beside new."""

from collections.abc import Mapping
from typing import Any

from api.pages.frame.formats import Formats
from api.pages.frame.texts import Texts
from api.pages.plots.builders import Plot, amount_axis, bars, plot

_MOST = 12
"""Actions that are drawn: those of the largest difference."""


def won(found: Mapping[str, Any], kind: str, t: Texts, f: Formats) -> Plot:
    """Plot how often actions win, or messages of playbooks go, in a trial of a change."""
    live, changed = found["live"]["won"], found["changed"]["won"]
    names = sorted(
        {*live, *changed}, key=lambda one: (-abs(changed.get(one, 0) - live.get(one, 0)), one)
    )[:_MOST]
    traces = [
        bars(
            names,
            [numbers.get(name, 0) for name in names],
            colour=colour,
            name=t.of("approval.tried_of", which),
            hover=f"%{{x}} · %{{y:,d}}<extra>{t.of('approval.tried_of', which)}</extra>",
        )
        for which, numbers, colour in (
            ("live", live, "var:plot-1"), ("changed", changed, "var:plot-2"),
        )
    ]  # fmt: skip
    return plot(
        traces,
        f,
        barmode="group",
        bargap=0.3,
        showlegend=True,
        xaxis={"type": "category", "fixedrange": True},
        yaxis=amount_axis(t.of("approval.tried_won", kind), tickformat=",d"),
    )
