"""Plots of the service levels: what became of each day's cases, and how soon somebody began."""

from collections.abc import Mapping, Sequence
from typing import Any

from api.pages.frame.formats import Formats
from api.pages.frame.texts import Texts
from api.pages.plots.builders import (
    Plot,
    amount_axis,
    bars,
    day_axis,
    line,
    plot,
    rounded,
)

Days = Sequence[Mapping[str, Any]]


def kept(rows: Days, t: Texts, f: Formats) -> Plot:
    """Plot how many cases of each day were resolved in time, are late, or are open in time."""
    days = [row["day"].isoformat() for row in rows]
    parts = (
        ("in_time", [row["in_time"] for row in rows], "var:ok"),
        ("late", [row["late"] for row in rows], "var:bad"),
        ("open", [row["opened"] - row["in_time"] - row["late"] for row in rows], "var:plot-1"),
    )
    traces = [
        bars(
            days,
            values,
            colour=colour,
            name=t.of("team.part", name),
            hover=f"%{{x|{f.day_format}}} · %{{y:,d}}<extra>{t.of('team.part', name)}</extra>",
        )
        for name, values, colour in parts
    ]
    return plot(
        traces,
        f,
        barmode="stack",
        bargap=0.3,
        showlegend=True,
        xaxis=day_axis(days, f),
        yaxis=amount_axis(t("case.title"), tickformat=",d"),
    )


def first_action(rows: Days, t: Texts, f: Formats) -> Plot:
    """Plot the median and the 90th percentile of the minutes until somebody began."""
    days = [row["day"].isoformat() for row in rows]
    traces = [
        line(
            days,
            rounded((None if row[name] is None else float(row[name]) / 60 for row in rows), 1),
            name=t.of("team.first", name),
            colour=colour,
            width=2.2,
            hover="%{x|" + f.day_format + "} · %{y:,.0f} min<extra></extra>",
            mode="lines+markers",
            marker={"color": colour, "size": 6},
        )
        for name, colour in (("first_p50_s", "var:plot-1"), ("first_p90_s", "var:plot-2"))
    ]
    return plot(
        traces,
        f,
        showlegend=True,
        xaxis=day_axis(days, f),
        yaxis=amount_axis("min"),
    )
