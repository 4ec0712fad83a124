"""What is drawn: Plotly's traces and layouts, made here so that the browser only draws.

Colours are `var:<custom property>[/opacity]`, which static/plots.js looks up in the theme. Times
are wall-clock times of the tenant. NaN becomes null: nothing is drawn there.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from api.pages.frame.formats import Formats
from api.pages.frame.texts import Texts
from contracts.kinds import EVENTS

Plot = dict[str, Any]

_MOST_POINTS = 4_000
"""More samples than a screen has columns are thinned: the lowest and highest of each group."""


def _known(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else value


def _rounded(values: Iterable[float | None], digits: int) -> list[float | None]:
    known = (_known(value) for value in values)
    return [None if value is None else round(value, digits) for value in known]


def _base(f: Formats, **layout: Any) -> Plot:
    return {"separators": f.separators, **layout}


def thin(
    times: Sequence[datetime], values: Sequence[float | None]
) -> tuple[list[datetime], list[float | None]]:
    """At most _MOST_POINTS of them; every peak stays."""
    if len(times) <= _MOST_POINTS:
        return list(times), list(values)
    size = math.ceil(2 * len(times) / _MOST_POINTS)
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


def speed(
    samples: Mapping[str, Sequence[Any]], events: Sequence[Mapping[str, Any]], t: Texts, f: Formats
) -> Plot:
    """Speed over the trip, with its limit where known, and a mark for each event.

    samples : at, speed_kmh, speed_limit_kmh, all of one length.
    """
    times, values = thin(samples["at"], samples["speed_kmh"])
    traces: list[Plot] = [
        {
            "type": "scatter",
            "mode": "lines",
            "name": t("plot.speed"),
            "x": [f.local(at) for at in times],
            "y": _rounded(values, 1),
            "line": {"color": "var:plot-1", "width": 1.8},
            "fill": "tozeroy",
            "fillcolor": "var:plot-1/0.08",
            "hovertemplate": "%{x|%H:%M:%S} · %{y:.0f} km/h<extra></extra>",
        }
    ]
    limits = samples["speed_limit_kmh"]
    if any(limit is not None for limit in limits):
        traces.append(
            {
                "type": "scatter",
                "mode": "lines",
                "name": t("plot.limit"),
                "x": [f.local(at) for at in samples["at"]],
                "y": _rounded(limits, 0),
                "line": {"color": "var:line-strong", "width": 1.2, "dash": "dash", "shape": "hv"},
                "hoverinfo": "skip",
            }
        )
    traces += _event_marks(samples, events, t, f)
    return {
        "traces": traces,
        "layout": _base(
            f,
            showlegend=True,
            hovermode="closest",
            xaxis={"type": "date", "tickformat": "%H:%M", "showgrid": False},
            yaxis={"title": "km/h", "rangemode": "tozero"},
        ),
    }


def _event_marks(
    samples: Mapping[str, Sequence[Any]], events: Sequence[Mapping[str, Any]], t: Texts, f: Formats
) -> list[Plot]:
    by_kind: dict[str, list[Mapping[str, Any]]] = {}
    for event in events:
        by_kind.setdefault(event["kind"], []).append(event)
    found = []
    for kind, those in by_kind.items():
        text = t.of("event", kind)
        found.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": text,
                "x": [f.local(event["start_at"]) for event in those],
                "y": [_speed_at(samples, event["start_at"]) for event in those],
                "marker": {
                    "color": f"var:{EVENTS[kind].colour}",
                    "symbol": EVENTS[kind].symbol,
                    "size": [9 + 2 * int(event["severity"]) for event in those],
                    "opacity": 1,
                    "line": {"color": "var:surface", "width": 1.2},
                },
                "hovertemplate": f"{text} · %{{x|%H:%M:%S}}<extra></extra>",
            }
        )
    return found


def _speed_at(samples: Mapping[str, Sequence[Any]], at: datetime) -> float:
    before = 0.0
    for time, value in zip(samples["at"], samples["speed_kmh"], strict=True):
        if time > at:
            break
        if value is not None:
            before = value
    return round(before, 1)


def path(
    samples: Mapping[str, Sequence[Any]], events: Sequence[Mapping[str, Any]], t: Texts, f: Formats
) -> Plot:
    """The way driven, north up, in metres from its start; no map, so nobody else learns of it.

    samples : lat_deg, lon_deg.
    """
    fixed = [
        (lat, lon)
        for lat, lon in zip(samples["lat_deg"], samples["lon_deg"], strict=True)
        if lat is not None and lon is not None
    ]
    if not fixed:
        return {"traces": [], "layout": {}}
    lat0, lon0 = fixed[0]
    east_m = 111_195.0 * math.cos(math.radians(lat0))

    def place(lat: float, lon: float) -> tuple[float, float]:
        return round((lon - lon0) * east_m / 1000.0, 4), round((lat - lat0) * 111.195, 4)

    points = [place(lat, lon) for lat, lon in fixed[:: max(1, len(fixed) // _MOST_POINTS)]]
    points.append(place(*fixed[-1]))
    traces: list[Plot] = [
        {
            "type": "scatter",
            "mode": "lines",
            "name": t("plot.path"),
            "x": [x for x, _ in points],
            "y": [y for _, y in points],
            "line": {"color": "var:plot-1", "width": 3},
            "hoverinfo": "skip",
            "showlegend": False,
        }
    ]
    for name, point, symbol in (("start", points[0], "circle"), ("end", points[-1], "square")):
        traces.append(
            {
                "type": "scatter",
                "mode": "markers+text",
                "name": t(f"plot.{name}"),
                "x": [point[0]],
                "y": [point[1]],
                "text": [t(f"plot.{name}")],
                "textposition": "top center" if name == "start" else "middle right",
                "textfont": {"color": "var:ink", "size": 12},
                "showlegend": False,
                "cliponaxis": False,
                "marker": {
                    "color": "var:ok" if name == "start" else "var:ink",
                    "symbol": symbol,
                    "size": 12,
                    "line": {"color": "var:surface", "width": 2},
                },
                "hovertemplate": f"{t(f'plot.{name}')}<extra></extra>",
            }
        )
    by_kind: dict[str, list[tuple[float, float]]] = {}
    for event in events:
        if event.get("lat_deg") is not None and event.get("lon_deg") is not None:
            by_kind.setdefault(event["kind"], []).append(place(event["lat_deg"], event["lon_deg"]))
    for kind, places in by_kind.items():
        text = t.of("event", kind)
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": text,
                "x": [x for x, _ in places],
                "y": [y for _, y in places],
                "marker": {
                    "color": f"var:{EVENTS[kind].colour}",
                    "symbol": EVENTS[kind].symbol,
                    "size": 12,
                    "line": {"color": "var:surface", "width": 1.2},
                },
                "hovertemplate": f"{text}<extra></extra>",
            }
        )
    return {
        "traces": traces,
        "layout": _base(
            f,
            showlegend=True,
            hovermode="closest",
            legend={"entrywidth": 0, "font": {"color": "var:muted", "size": 11}},
            margin={"l": 12, "r": 24, "t": 24, "b": 12},
            xaxis={"title": t("plot.east_km"), "zeroline": False, "nticks": 6},
            yaxis={
                "title": t("plot.north_km"),
                "zeroline": False,
                "nticks": 6,
                "scaleanchor": "x",
                "scaleratio": 1,
            },
        ),
    }


def factors(components: Sequence[Mapping[str, Any]], t: Texts, f: Formats) -> Plot:
    """Points that each factor took, the most first."""
    shown = sorted(components, key=lambda each: each["points"] or 0.0)
    return {
        "traces": [
            {
                "type": "bar",
                "orientation": "h",
                "x": _rounded((each["points"] for each in shown), 1),
                "y": [t.of("factor", each["factor"]) for each in shown],
                "text": [f.number(each["points"], 1) for each in shown],
                "textposition": "outside",
                "cliponaxis": False,
                "marker": {"color": "var:plot-1"},
                "hoverinfo": "skip",
                "width": 0.55,
            }
        ],
        "layout": _base(
            f,
            margin={"l": 12, "r": 40, "t": 8, "b": 12},
            xaxis={"title": t("plot.points_lost"), "rangemode": "tozero", "zeroline": False},
            yaxis={"showgrid": False},
        ),
    }


def profile(
    workdays: Sequence[float | None], weekends: Sequence[float | None], t: Texts, f: Formats
) -> Plot:
    """Mean power by hour of day, W; workdays and weekends apart."""
    traces = []
    for name, values, colour, dash in (
        ("plot.workdays", workdays, "plot-1", "solid"),
        ("plot.weekends", weekends, "plot-2", "dot"),
    ):
        traces.append(
            {
                "type": "scatter",
                "mode": "lines",
                "name": t(name),
                "x": list(range(24)),
                "y": _rounded(values, 0),
                "line": {"color": f"var:{colour}", "width": 2.2, "dash": dash},
                "hovertemplate": "%{x}:00 · %{y:.0f} W<extra>" + t(name) + "</extra>",
            }
        )
    return {
        "traces": traces,
        "layout": _base(
            f,
            showlegend=True,
            xaxis={
                "title": t("plot.hour"),
                "tickvals": list(range(0, 24, 3)),
                "range": [-0.4, 23.4],
                "showgrid": False,
            },
            yaxis={"title": "W", "rangemode": "tozero"},
        ),
    }


def days(rows: Sequence[Mapping[str, Any]], t: Texts, f: Formats) -> Plot:
    """Energy a day, measured and estimated, with the base load.

    rows : date, energy_kwh, estimated_kwh, base_load_w.
    """
    x = [row["date"].isoformat() for row in rows]
    return {
        "traces": [
            {
                "type": "bar",
                "name": t("plot.measured"),
                "x": x,
                "y": _rounded((row["energy_kwh"] for row in rows), 2),
                "marker": {"color": "var:plot-1"},
                "hovertemplate": "%{x|" + f.day_format + "} · %{y:.1f} kWh<extra></extra>",
            },
            {
                "type": "bar",
                "name": t("plot.estimated"),
                "x": x,
                "y": _rounded((row["estimated_kwh"] for row in rows), 2),
                "marker": {
                    "color": "var:plot-1/0.25",
                    "line": {"color": "var:plot-1", "width": 1},
                },
                "hovertemplate": "%{x|" + f.day_format + "} · %{y:.1f} kWh<extra></extra>",
            },
            {
                "type": "scatter",
                "mode": "lines",
                "name": t("plot.base_load"),
                "x": x,
                "y": _rounded((row["base_load_w"] for row in rows), 0),
                "yaxis": "y2",
                "line": {"color": "var:plot-2", "width": 2},
                "hovertemplate": "%{x|" + f.day_format + "} · %{y:.0f} W<extra></extra>",
            },
        ],
        "layout": _base(
            f,
            barmode="stack",
            legend={"traceorder": "normal"},
            bargap=0.3,
            showlegend=True,
            xaxis={"type": "date", "tickformat": f.day_format, "showgrid": False, "nticks": 8},
            yaxis={"title": t("plot.kwh_a_day"), "rangemode": "tozero"},
            yaxis2={
                "title": t("plot.base_load_w"),
                "overlaying": "y",
                "side": "right",
                "tickmode": "auto",
                "nticks": 6,
                "tickformat": ".0f",
                "rangemode": "tozero",
                "showgrid": False,
            },
        ),
    }


def power(
    intervals: Sequence[Mapping[str, Any]],
    anomalies: Sequence[Mapping[str, Any]],
    t: Texts,
    f: Formats,
    lines: Mapping[str, float | None] | None = None,
) -> Plot:
    """Mean power of each interval, the estimated ones apart, missing ones open, anomalies marked.

    intervals : start_at, end_at, energy_kwh, estimated (bool); anomalies : kind, start_at, end_at
    (None = still); lines : key of a text → W, drawn across.
    """
    x, measured, estimated = [], [], []
    for interval in intervals:
        hours = (interval["end_at"] - interval["start_at"]).total_seconds() / 3600.0
        energy = _known(interval["energy_kwh"])
        watts = None if energy is None or hours <= 0 else round(energy * 1000.0 / hours, 1)
        x.append(f.local(interval["start_at"]))
        measured.append(None if interval["estimated"] else watts)
        estimated.append(watts if interval["estimated"] else None)
    traces: list[Plot] = [
        {
            "type": "scatter",
            "mode": "lines",
            "name": t("plot.measured"),
            "x": x,
            "y": measured,
            "line": {"color": "var:plot-1", "width": 1.6, "shape": "hv"},
            "fill": "tozeroy",
            "fillcolor": "var:plot-1/0.08",
            "hovertemplate": "%{x|" + f.day_format + " %H:%M} · %{y:.0f} W<extra></extra>",
        }
    ]
    if any(value is not None for value in estimated):
        traces.append(
            {
                "type": "scatter",
                "mode": "lines+markers",
                "name": t("plot.estimated"),
                "x": x,
                "y": estimated,
                "line": {"color": "var:plot-2", "width": 1.6, "shape": "hv", "dash": "dot"},
                "marker": {"color": "var:plot-2", "size": 4},
                "hovertemplate": "%{x|" + f.day_format + " %H:%M} · %{y:.0f} W<extra></extra>",
            }
        )
    missing = [
        at for at, a, b in zip(x, measured, estimated, strict=True) if a is None and b is None
    ]
    if missing:
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": t("plot.missing"),
                "x": missing,
                "y": [0] * len(missing),
                "marker": {"color": "var:bad", "symbol": "x-thin-open", "size": 7},
                "cliponaxis": False,
                "hovertemplate": "%{x|" + f.day_format + " %H:%M}<extra></extra>",
            }
        )
    for name, value in (lines or {}).items():
        if _known(value) is not None and x:
            traces.append(
                {
                    "type": "scatter",
                    "mode": "lines",
                    "name": t(name),
                    "x": [x[0], x[-1]],
                    "y": [value, value],
                    "line": {
                        "color": "var:bad" if name == "plot.threshold" else "var:plot-3",
                        "width": 1.4,
                        "dash": "dash",
                    },
                    "hoverinfo": "skip",
                }
            )
    return {
        "traces": traces,
        "layout": _base(
            f,
            showlegend=True,
            hovermode="closest",
            shapes=[_marked(anomaly, intervals, f) for anomaly in anomalies],
            annotations=[_named(anomaly, intervals, t, f) for anomaly in anomalies],
            legend={"y": 1.13} if anomalies else {},  # above their names
            xaxis={
                "type": "date",
                # Set here: else the name of a late anomaly would widen the plot into the future.
                **({"range": [x[0], f.local(intervals[-1]["end_at"])]} if x else {}),
                "showgrid": False,
                "nticks": 8,
                "tickangle": 0,
                "tickformatstops": [
                    {"dtickrange": [None, 43_200_000], "value": "%H:%M<br>" + f.day_format},
                    {"dtickrange": [43_200_000, None], "value": f.day_format},
                ],
            },
            yaxis={"title": "W", "rangemode": "tozero"},
            margin={"l": 12, "r": 12, "t": 34, "b": 12},
        ),
    }


def _marked(anomaly: Mapping[str, Any], intervals: Sequence[Mapping[str, Any]], f: Formats) -> Plot:
    """A band over the time of an anomaly; one of an instant is made wide enough to be seen."""
    start = anomaly["start_at"]
    end = anomaly["end_at"] or (intervals[-1]["end_at"] if intervals else start)
    end = max(end, start + timedelta(hours=1))
    return {
        "type": "rect",
        "xref": "x",
        "yref": "paper",
        "x0": f.local(start),
        "x1": f.local(end),
        "y0": 0,
        "y1": 1,
        "fillcolor": "var:bad/0.16",
        "line": {"width": 1, "color": "var:bad/0.5"},
        "layer": "below",
    }


def _named(
    anomaly: Mapping[str, Any], intervals: Sequence[Mapping[str, Any]], t: Texts, f: Formats
) -> Plot:
    """Its name over its beginning, towards the middle of the plot, so that none is cut off."""
    start = anomaly["start_at"]
    late = bool(intervals) and (start - intervals[0]["start_at"] > intervals[-1]["end_at"] - start)
    return {
        "x": f.local(anomaly["start_at"]),
        "y": 1,
        "xref": "x",
        "yref": "paper",
        "yanchor": "bottom",
        "xanchor": "right" if late else "left",
        "text": t.of("anomaly", anomaly["kind"]),
        "showarrow": False,
        "font": {"color": "var:bad", "size": 12},
    }
