"""Builders of Plotly traces, axes and layouts, as plain dictionaries.

A colour is `var:<custom property>[/opacity]`; static/plots.js reads it from the theme. Times are
wall-clock times of the tenant. NaN becomes null, a gap in the plot. A `hover` of None switches the
hover label off.
"""

import math
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from api.pages.frame.formats import Formats

Plot = dict[str, Any]
"""A trace, a shape, a layout, or the whole specification: `traces` and `layout`."""

MAX_POINTS = 4_000
"""Maximum points of a line: more than a screen has columns."""


def known(value: float | None) -> float | None:
    """Return a finite number, or None."""
    return None if value is None or not math.isfinite(value) else value


def rounded(values: Iterable[float | None], digits: int) -> list[float | None]:
    """Round the finite values; the others become None."""
    found = (known(value) for value in values)
    return [None if value is None else round(value, digits) for value in found]


def thin(
    times: Sequence[datetime], values: Sequence[float | None]
) -> tuple[list[datetime], list[float | None]]:
    """Reduce to MAX_POINTS: keep the lowest and highest of each group, so every peak stays."""
    if len(times) <= MAX_POINTS:
        return list(times), list(values)
    size = math.ceil(2 * len(times) / MAX_POINTS)
    kept: list[int] = []
    for start in range(0, len(times), size):
        group = range(start, min(start + size, len(times)))
        measured = [i for i in group if values[i] is not None]
        if not measured:
            kept.append(start)
            continue
        low = min(measured, key=lambda i: values[i] or 0.0)
        high = max(measured, key=lambda i: values[i] or 0.0)
        kept += sorted({low, high})
    return [times[i] for i in kept], [values[i] for i in kept]


def line(
    x: Sequence[Any],
    y: Sequence[Any],
    *,
    name: str,
    colour: str,
    width: float,
    dash: str | None = None,
    shape: str | None = None,
    fill: bool = False,
    hover: str | None = None,
    **more: Any,
) -> Plot:
    """Build a line. shape : "hv" draws steps; fill : tint the area down to zero."""
    area = {"fill": "tozeroy", "fillcolor": f"{colour}/0.08"} if fill else {}
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": x,
        "y": y,
        "line": _given(color=colour, width=width, dash=dash, shape=shape),
        **area,
        **_hover(hover),
        **more,
    }


def markers(
    x: Sequence[Any],
    y: Sequence[Any],
    *,
    name: str,
    colour: str,
    size: float | list[int],
    symbol: str,
    outline: float | None = None,
    opacity: float | None = None,
    hover: str | None = None,
    **more: Any,
) -> Plot:
    """Build markers. outline : width of a rim in the colour of the background."""
    rim = None if outline is None else {"color": "var:surface", "width": outline}
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "x": x,
        "y": y,
        "marker": _given(color=colour, symbol=symbol, size=size, opacity=opacity, line=rim),
        **_hover(hover),
        **more,
    }


def bars(
    x: Sequence[Any],
    y: Sequence[Any],
    *,
    colour: str,
    outline: str | None = None,
    hover: str | None = None,
    **more: Any,
) -> Plot:
    """Build bars. outline : colour of a rim."""
    rim = None if outline is None else {"color": outline, "width": 1}
    return {
        "type": "bar",
        "x": x,
        "y": y,
        "marker": _given(color=colour, line=rim),
        **_hover(hover),
        **more,
    }


def band(start: str, end: str, colour: str) -> Plot:
    """Build a shape that tints the plot's whole height from `start` to `end`, behind the traces."""
    return {
        "type": "rect",
        "xref": "x",
        "yref": "paper",
        "x0": start,
        "x1": end,
        "y0": 0,
        "y1": 1,
        "fillcolor": f"{colour}/0.16",
        "line": {"width": 1, "color": f"{colour}/0.5"},
        "layer": "below",
    }


def note(x: str, text: str, colour: str, *, anchor: str) -> Plot:
    """Build a text above the plot at `x`. anchor : its side that is at `x`, "left" or "right"."""
    return {
        "x": x,
        "y": 1,
        "xref": "x",
        "yref": "paper",
        "yanchor": "bottom",
        "xanchor": anchor,
        "text": text,
        "showarrow": False,
        "font": {"color": colour, "size": 12},
    }


def time_axis(**more: Any) -> Plot:
    """Build an axis of times, without grid."""
    return {"type": "date", "showgrid": False, **more}


_FEW_DAYS = 5


def day_axis(at: Sequence[str], f: Formats, **more: Any) -> Plot:
    """Build an axis of days, weeks or months. at : of the points; with few of them, the ticks
    that Plotly finds are hours, which would repeat a day's name."""
    ticks = {"tickvals": list(at)} if len(at) <= _FEW_DAYS else {"nticks": 8}
    return time_axis(tickformat=f.day_format, **ticks, **more)


def amount_axis(title: str, **more: Any) -> Plot:
    """Build an axis that begins at zero."""
    return {"title": title, "rangemode": "tozero", **more}


def margin(*, top: int = 14, right: int = 12) -> Plot:
    """Build the space around the axes, px."""
    return {"l": 12, "r": right, "t": top, "b": 12}


def plot(traces: list[Plot], f: Formats, **layout: Any) -> Plot:
    """Build the specification that static/plots.js draws."""
    return {"traces": traces, "layout": {"separators": f.separators, **layout}}


def _hover(template: str | None) -> Plot:
    return {"hoverinfo": "skip"} if template is None else {"hovertemplate": template}


def _given(**values: Any) -> Plot:
    """Return the values that are not None."""
    return {name: value for name, value in values.items() if value is not None}
