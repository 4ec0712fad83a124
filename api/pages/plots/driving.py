"""Plots of driving: a trip's speed and path, and the factors of a score."""

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np

from api.pages.frame.formats import Formats
from api.pages.frame.texts import Texts
from api.pages.plots.builders import (
    MAX_POINTS,
    Plot,
    amount_axis,
    band,
    bars,
    known,
    line,
    margin,
    markers,
    plot,
    rounded,
    thin,
    time_axis,
)
from contracts.kinds import EVENTS
from services.car_axes import Accelerations
from store.postgres.times import from_us

Place = tuple[float, float]
"""East and north of the trip's start, km."""

_DEGREE_KM = 111.195
"""Length of a degree of latitude."""
_FELT_SHARE, _FELT_LEAST_MPS2 = 0.999, 4.0
"""The axis of accelerations has this share of the values, and at least harsh ones."""


def speed(
    samples: Mapping[str, Sequence[Any]], events: Sequence[Mapping[str, Any]], t: Texts, f: Formats
) -> Plot:
    """Plot speed over the trip, the speed limit where known, and a marker for each event.

    samples : at, speed_kmh, speed_limit_kmh, all of one length.
    """
    times, values = thin(samples["at"], samples["speed_kmh"])
    traces = [
        line(
            [f.local(at) for at in times],
            rounded(values, 1),
            name=t("plot.speed"),
            colour="var:plot-1",
            width=1.8,
            fill=True,
            hover="%{x|%H:%M:%S} · %{y:.0f} km/h<extra></extra>",
        )
    ]
    limits = samples["speed_limit_kmh"]
    if any(limit is not None for limit in limits):
        traces.append(
            line(
                [f.local(at) for at in samples["at"]],
                rounded(limits, 0),
                name=t("plot.limit"),
                colour="var:line-strong",
                width=1.2,
                dash="dash",
                shape="hv",
            )
        )
    for kind, those in _by_kind(events).items():
        text = t.of("event", kind)
        traces.append(
            _event_markers(
                kind,
                [f.local(event["start_at"]) for event in those],
                [_speed_at(samples, event["start_at"]) for event in those],
                name=text,
                size=[9 + 2 * int(event["severity"]) for event in those],
                opacity=1,
                hover=f"{text} · %{{x|%H:%M:%S}}<extra></extra>",
            )
        )
    return plot(
        traces,
        f,
        showlegend=True,
        hovermode="closest",
        xaxis=time_axis(tickformat="%H:%M"),
        yaxis=amount_axis("km/h"),
    )


def path(
    samples: Mapping[str, Sequence[Any]], events: Sequence[Mapping[str, Any]], t: Texts, f: Formats
) -> Plot:
    """Plot the path, north up, in km from its start. No map tiles: no other host sees positions.

    samples : lat_deg, lon_deg.
    """
    fixes = [
        (lat, lon)
        for lat, lon in zip(samples["lat_deg"], samples["lon_deg"], strict=True)
        if lat is not None and lon is not None
    ]
    if not fixes:
        return {"traces": [], "layout": {}}
    lat0, lon0 = fixes[0]
    degree_east_km = _DEGREE_KM * math.cos(math.radians(lat0))

    def place(lat: float, lon: float) -> Place:
        return round((lon - lon0) * degree_east_km, 4), round((lat - lat0) * _DEGREE_KM, 4)

    points = [place(*fix) for fix in fixes[:: max(1, len(fixes) // MAX_POINTS)]]
    points.append(place(*fixes[-1]))
    traces = [
        line(
            [x for x, _ in points],
            [y for _, y in points],
            name=t("plot.path"),
            colour="var:plot-1",
            width=3,
            showlegend=False,
        ),
        _end_of_path(t("plot.start"), points[0], "var:ok", "circle", "top center"),
        _end_of_path(t("plot.end"), points[-1], "var:ink", "square", "middle right"),
    ]
    for kind, those in _by_kind([event for event in events if _has_position(event)]).items():
        places = [place(event["lat_deg"], event["lon_deg"]) for event in those]
        text = t.of("event", kind)
        traces.append(
            _event_markers(
                kind,
                [x for x, _ in places],
                [y for _, y in places],
                name=text,
                size=12,
                hover=f"{text}<extra></extra>",
            )
        )
    axis = {"zeroline": False, "nticks": 6}
    return plot(
        traces,
        f,
        showlegend=True,
        hovermode="closest",
        legend={"entrywidth": 0, "font": {"color": "var:muted", "size": 11}},
        margin=margin(top=24, right=24),
        xaxis={"title": t("plot.east_km"), **axis},
        yaxis={"title": t("plot.north_km"), **axis, "scaleanchor": "x", "scaleratio": 1},
    )


def accelerations(
    felt: Accelerations, events: Sequence[Mapping[str, Any]], t: Texts, f: Formats
) -> Plot:
    """Plot accelerations along the car's axes, with the time of each event tinted."""
    at = [from_us(each) for each in felt.t_us.tolist()]
    most = _felt_most(felt)
    traces = []
    for name, values, colour in (
        ("plot.across", felt.across, "var:plot-3"),
        ("plot.along", felt.along, "var:plot-1"),
    ):
        times, kept = thin(at, [known(value) for value in values.tolist()])
        if any(value is not None for value in kept):
            traces.append(
                line(
                    [f.local(each) for each in times],
                    rounded(kept, 2),
                    name=t(name),
                    colour=colour,
                    width=1.2,
                    hover="%{x|%H:%M:%S} · %{y:.1f} m/s²<extra></extra>",
                )
            )
    bands = [
        band(f.local(event["start_at"]), f.local(event["end_at"]), f"var:{EVENTS[kind].colour}")
        for kind, those in _by_kind(events).items()
        for event in those
    ]
    for kind, those in _by_kind(events).items():
        text = t.of("event", kind)
        traces.append(
            _event_markers(
                kind,
                [f.local(event["start_at"]) for event in those],
                [max(-most, min(known(event["peak_mps2"]) or 0.0, most)) for event in those],
                name=text,
                size=11,
                hover=f"{text} · %{{x|%H:%M:%S}}<extra></extra>",
            )
        )
    return plot(
        traces,
        f,
        showlegend=True,
        hovermode="closest",
        shapes=bands,
        xaxis=time_axis(tickformat="%H:%M"),
        yaxis={"title": "m/s²", "zeroline": True, "range": [-most, most]},
    )


def _felt_most(felt: Accelerations) -> float:
    """Return the end of the axis, m/s²: a tenth of a second of a crash would make all else flat."""
    values = np.abs(np.concatenate([felt.across, felt.along]))
    values = values[np.isfinite(values)]
    usual = float(np.quantile(values, _FELT_SHARE)) if values.size else 0.0
    return max(_FELT_LEAST_MPS2, 1.2 * usual)


def factors(components: Sequence[Mapping[str, Any]], t: Texts, f: Formats) -> Plot:
    """Plot the points that each factor takes from the score, the largest at the top."""
    shown = sorted(components, key=lambda each: each["points"] or 0.0)
    points = bars(
        rounded((each["points"] for each in shown), 1),
        [t.of("factor", each["factor"]) for each in shown],
        colour="var:plot-1",
        orientation="h",
        text=[f.number(each["points"], 1) for each in shown],
        textposition="outside",
        cliponaxis=False,
        width=0.55,
    )
    return plot(
        [points],
        f,
        margin=margin(top=8, right=40),
        xaxis=amount_axis(t("plot.points_lost"), zeroline=False),
        yaxis={"showgrid": False},
    )


def _by_kind(events: Sequence[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    found: dict[str, list[Mapping[str, Any]]] = {}
    for event in events:
        found.setdefault(event["kind"], []).append(event)
    return found


def _event_markers(kind: str, x: Sequence[Any], y: Sequence[Any], **more: Any) -> Plot:
    facts = EVENTS[kind]
    return markers(x, y, colour=f"var:{facts.colour}", symbol=facts.symbol, outline=1.2, **more)


def _end_of_path(name: str, place: Place, colour: str, symbol: str, position: str) -> Plot:
    """Build a marker with its name beside it."""
    return markers(
        [place[0]],
        [place[1]],
        name=name,
        colour=colour,
        symbol=symbol,
        size=12,
        outline=2,
        hover=f"{name}<extra></extra>",
        mode="markers+text",
        text=[name],
        textposition=position,
        textfont={"color": "var:ink", "size": 12},
        showlegend=False,
        cliponaxis=False,
    )


def _has_position(event: Mapping[str, Any]) -> bool:
    return event.get("lat_deg") is not None and event.get("lon_deg") is not None


def _speed_at(samples: Mapping[str, Sequence[Any]], at: datetime) -> float:
    """Return the last measured speed at or before `at`, km/h; 0 before the first."""
    before = 0.0
    for time, value in zip(samples["at"], samples["speed_kmh"], strict=True):
        if time > at:
            break
        if value is not None:
            before = value
    return round(before, 1)
