"""Plots of the overviews: scores of a portfolio, energy of a network."""

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
    margin,
    plot,
    rounded,
)

BANDS = ("A", "B", "C", "D", "E")


def bands(rows: Sequence[Mapping[str, Any]], t: Texts, f: Formats) -> Plot:
    """Plot how many drivers are in each band. rows : band, drivers."""
    count = {row["band"]: int(row["drivers"]) for row in rows}
    values = [count.get(band, 0) for band in BANDS]
    trace = bars(
        list(BANDS),
        values,
        colour="var:plot-1",
        text=[f.number(value) for value in values],
        textposition="outside",
        cliponaxis=False,
        width=0.6,
    )
    return plot(
        [trace],
        f,
        margin=margin(top=24),
        xaxis={"title": t("score.band"), "showgrid": False, "type": "category"},
        yaxis=amount_axis(t("portfolio.drivers"), tickformat=",d"),
    )


def weeks(rows: Sequence[Mapping[str, Any]], t: Texts, f: Formats) -> Plot:
    """Plot the mean score of each week. rows : week, mean, drivers."""
    trace = line(
        [row["week"].isoformat() for row in rows],
        rounded((row["mean"] for row in rows), 1),
        name=t("portfolio.mean"),
        colour="var:plot-1",
        width=2.2,
        hover="%{x|" + f.day_format + "} · %{y:.1f}<extra></extra>",
        mode="lines+markers",
        marker={"color": "var:plot-1", "size": 6},
    )
    return plot(
        [trace],
        f,
        xaxis=day_axis(trace["x"], f),
        yaxis={"title": t("portfolio.mean"), "range": [0, 100]},
    )


def network(rows: Sequence[Mapping[str, Any]], t: Texts, f: Formats) -> Plot:
    """Plot the energy of all meters by day. rows : date, energy_kwh, meters."""
    trace = bars(
        [row["date"].isoformat() for row in rows],
        rounded((row["energy_kwh"] for row in rows), 0),
        colour="var:plot-1",
        hover="%{x|" + f.day_format + "} · %{y:,.0f} kWh<extra></extra>",
    )
    return plot(
        [trace],
        f,
        bargap=0.3,
        xaxis=day_axis(trace["x"], f),
        yaxis=amount_axis("kWh"),
    )
