"""Plots of consumption: power with anomalies, days, and the load profile."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from api.pages.frame.formats import Formats
from api.pages.frame.texts import Texts
from api.pages.plots.builders import (
    Plot,
    amount_axis,
    band,
    bars,
    day_axis,
    known,
    line,
    margin,
    markers,
    note,
    plot,
    rounded,
    time_axis,
)
from services.meter_use import Expected

_12_H_MS = 43_200_000


def _unit(values: Iterable[float | None]) -> tuple[str, float, str]:
    """Return the unit that people use for these powers in W, its size in W, and d3's format."""
    highest = max((abs(w) for value in values if (w := known(value)) is not None), default=0.0)
    return ("kW", 1000.0, ".2f") if highest >= 1000.0 else ("W", 1.0, ".0f")


def _scaled(values: Iterable[float | None], unit: tuple[str, float, str]) -> list[float | None]:
    return rounded((None if v is None else v / unit[1] for v in values), 3 if unit[1] > 1 else 1)


def profile(
    workdays: Sequence[float | None], weekends: Sequence[float | None], t: Texts, f: Formats
) -> Plot:
    """Plot the load profile: mean power by hour of day for workdays and for weekends.

    workdays, weekends : W by hour.
    """
    unit = _unit([*workdays, *weekends])
    traces = [
        line(
            list(range(24)),
            _scaled(values, unit),
            name=name,
            colour=colour,
            width=2.2,
            dash=dash,
            hover=f"%{{x}}:00 · %{{y:{unit[2]}}} {unit[0]}<extra>{name}</extra>",
        )
        for name, values, colour, dash in (
            (t("plot.workdays"), workdays, "var:plot-1", "solid"),
            (t("plot.weekends"), weekends, "var:plot-2", "dot"),
        )
    ]
    return plot(
        traces,
        f,
        showlegend=True,
        xaxis={
            "title": t("plot.hour"),
            "tickvals": list(range(0, 24, 3)),
            "range": [-0.4, 23.4],
            "showgrid": False,
        },
        yaxis=amount_axis(unit[0]),
    )


def days(
    rows: Sequence[Mapping[str, Any]],
    t: Texts,
    f: Formats,
    expected: Sequence[Expected] = (),
    before: Mapping[date, float] | None = None,
) -> Plot:
    """Plot energy by day, measured and estimated, with the range that was expected.

    rows : date, energy_kwh, estimated_kwh. The base load is a power: `power` has it. before : kWh
    of the same dates a year before.
    """
    x = [row["date"].isoformat() for row in rows]
    hover_kwh = "%{x|" + f.day_format + "} · %{y:.1f} kWh<extra></extra>"
    traces = [
        bars(
            x,
            rounded((row["energy_kwh"] for row in rows), 2),
            name=t("plot.measured"),
            colour="var:plot-1",
            hover=hover_kwh,
        ),
        bars(
            x,
            rounded((row["estimated_kwh"] for row in rows), 2),
            name=t("plot.estimated"),
            colour="var:plot-1/0.25",
            outline="var:plot-1",
            hover=hover_kwh,
        ),
    ]
    at = [each.start_at.astimezone(f.zone).date().isoformat() for each in expected]
    traces += _range(at, expected, 1.0, t, "linear")
    if before:
        kwh = rounded(before.values(), 2)
        traces.append(_year_before([day.isoformat() for day in before], kwh, "%{y:.1f} kWh", t))
    return plot(
        traces,
        f,
        barmode="stack",
        legend={"traceorder": "normal"},
        bargap=0.3,
        showlegend=True,
        xaxis=day_axis(x, f),
        yaxis=amount_axis(t("plot.kwh_a_day")),
    )


def _year_before(
    x: list[str], y: list[float | None], shown: str, t: Texts, shape: str | None = None
) -> Plot:
    name = t("plot.year_before")
    return line(
        x, y, name=name, colour="var:plot-2", width=1.8, dash="dot", shape=shape,
        hover=f"{shown}<extra>{name}</extra>",
    )  # fmt: skip


def next_day(hours: Sequence[Expected], t: Texts, f: Formats) -> Plot:
    """Plot what each hour of a day will use, with its range."""
    x = [f.local(each.start_at) for each in hours]
    name = t("plot.forecast")
    expected = line(
        x,
        rounded((each.kwh for each in hours), 3),
        name=name,
        colour="var:plot-1",
        width=2.2,
        shape="hv",
        hover="%{x|%H:%M} · %{y:.2f} kWh<extra></extra>",
    )
    return plot(
        [*_range(x, hours, 1.0, t, "hv"), expected],
        f,
        showlegend=True,
        xaxis=time_axis(nticks=8, tickangle=0, tickformat="%H:%M"),
        yaxis=amount_axis(t("plot.kwh_an_hour")),
    )


def _range(
    x: list[str], expected: Sequence[Expected], size: float, t: Texts, shape: str
) -> list[Plot]:
    """Build the band between low and high; size : kWh of a unit of the axis."""
    if not expected:
        return []
    low, high = (
        rounded((value / size for value in values), 3)
        for values in zip(*((each.low_kwh, each.high_kwh) for each in expected), strict=True)
    )
    edge: dict[str, Any] = {"colour": "var:plot-3/0.5", "width": 0.8, "shape": shape}
    return [
        line(x, low, name=t("plot.range"), showlegend=False, **edge),
        {
            **line(x, high, name=t("plot.range"), **edge),
            "fill": "tonexty",
            "fillcolor": "var:plot-3/0.16",
        },
    ]


def _middle(
    x: list[str], expected: Sequence[Expected], t: Texts, unit: tuple[str, float, str]
) -> list[Plot]:
    return [
        line(
            x, _scaled((1000.0 * each.kwh for each in expected), unit), name=t("plot.expected"),
            colour="var:plot-3", width=1.6, dash="dash", shape="hv",
            hover=f"%{{y:{unit[2]}}} {unit[0]}<extra>{t('plot.expected')}</extra>",
        )
    ]  # fmt: skip


def power(
    intervals: Sequence[Mapping[str, Any]],
    anomalies: Sequence[Mapping[str, Any]],
    t: Texts,
    f: Formats,
    lines: Mapping[str, float | None] | None = None,
    days: Sequence[Mapping[str, Any]] = (),
    expected: Sequence[Expected] = (),
    middle: bool = False,
    before: Mapping[datetime, float] | None = None,
) -> Plot:
    """Plot mean power by interval: measured, estimated and missing, with anomalies as bands.

    intervals : start_at, end_at, energy_kwh, estimated (bool); anomalies : kind, start_at, end_at
    (None = still lasts); lines : key of a text → W, a horizontal line each; days : start_at and
    base_load_w, a step for each day on the axis of the power; expected : hours with their range;
    middle : also what is expected in it; before : kWh of the same hours a year before, by wall
    time.
    """
    x = [f.local(interval["start_at"]) for interval in intervals]
    watts = [_mean_power_w(interval) for interval in intervals]
    unit = _unit([*watts, *(lines or {}).values(), *(1000.0 * each.kwh for each in expected)])
    at = [f.local(each.start_at) for each in expected]
    last_year = []
    if before:
        then = [at.isoformat() for at in before]
        watts_then = _scaled((1000.0 * kwh for kwh in before.values()), unit)
        shown = f"%{{y:{unit[2]}}} {unit[0]}"
        last_year.append(_year_before(then, watts_then, shown, t, "hv"))
    return plot(
        _range(at, expected, unit[1] / 1000.0, t, "hv")
        + last_year
        + (_middle(at, expected, t, unit) if middle and expected else [])
        + _power_traces(x, intervals, t, f, unit)
        + _power_lines(x, lines or {}, t, unit)
        + _base_load(intervals, days, t, f, unit),
        f,
        showlegend=True,
        hovermode="closest",
        shapes=[_anomaly_band(anomaly, intervals, f) for anomaly in anomalies],
        annotations=[_anomaly_name(anomaly, intervals, t, f) for anomaly in anomalies],
        legend={"y": 1.13} if anomalies else {},  # above the names of the anomalies
        xaxis=time_axis(
            # Without a range the name of a late anomaly would widen the plot into the future.
            **({"range": [x[0], f.local(intervals[-1]["end_at"])]} if x else {}),
            nticks=8,
            tickangle=0,
            tickformatstops=[
                {"dtickrange": [None, _12_H_MS], "value": "%H:%M<br>" + f.day_format},
                {"dtickrange": [_12_H_MS, None], "value": f.day_format},
            ],
        ),
        yaxis=amount_axis(unit[0]),
        margin=margin(top=34),
    )


def similar_days(
    before: Sequence[tuple[str, float | None]],
    own: Sequence[tuple[str, float | None]],
    t: Texts,
    f: Formats,
) -> Plot:
    """Plot the energy of days: similar ones before an anomaly, and its own.

    before, own : (date, kWh), dates ascending.
    """
    traces = [
        bars(
            [f.day(date.fromisoformat(day)) for day, _ in part],
            rounded((kwh for _, kwh in part), 2),
            name=t(name),
            colour=colour,
            hover="%{x} · %{y:.1f} kWh<extra></extra>",
        )
        for part, name, colour in (
            (before, "plot.similar_days", "var:plot-1"),
            (own, "plot.anomaly_days", "var:bad"),
        )
        if part
    ]
    return plot(
        traces, f, showlegend=True, bargap=0.4, xaxis={"type": "category", "showgrid": False},
        yaxis=amount_axis(t("plot.kwh_a_day")),
    )  # fmt: skip


def _power_traces(
    x: list[str],
    intervals: Sequence[Mapping[str, Any]],
    t: Texts,
    f: Formats,
    unit: tuple[str, float, str],
) -> list[Plot]:
    watts = _scaled((_mean_power_w(interval) for interval in intervals), unit)
    shown = f" · %{{y:{unit[2]}}} {unit[0]}<extra></extra>"
    is_estimated = [bool(interval["estimated"]) for interval in intervals]
    measured = [None if e else w for w, e in zip(watts, is_estimated, strict=True)]
    estimated = [w if e else None for w, e in zip(watts, is_estimated, strict=True)]
    missing = [at for at, w in zip(x, watts, strict=True) if w is None]
    time = "%{x|" + f.day_format + " %H:%M}"
    traces = [
        line(
            x,
            measured,
            name=t("plot.measured"),
            colour="var:plot-1",
            width=1.6,
            shape="hv",
            fill=True,
            hover=time + shown,
        )
    ]
    if any(value is not None for value in estimated):
        traces.append(
            line(
                x,
                estimated,
                name=t("plot.estimated"),
                colour="var:plot-2",
                width=1.6,
                shape="hv",
                dash="dot",
                hover=time + shown,
                mode="lines+markers",
                marker={"color": "var:plot-2", "size": 4},
            )
        )
    if missing:
        traces.append(
            markers(
                missing,
                [0] * len(missing),
                name=t("plot.missing"),
                colour="var:bad",
                symbol="x-thin-open",
                size=7,
                hover=time + "<extra></extra>",
                cliponaxis=False,
            )
        )
    return traces


def _base_load(
    intervals: Sequence[Mapping[str, Any]],
    days: Sequence[Mapping[str, Any]],
    t: Texts,
    f: Formats,
    unit: tuple[str, float, str],
) -> list[Plot]:
    """Build the base load of each day that the intervals cover, as a step."""
    if not intervals:
        return []
    first, last = intervals[0]["start_at"], intervals[-1]["end_at"]
    covered = [
        day
        for day in sorted(days, key=lambda day: day["start_at"])
        if first - timedelta(days=1) < day["start_at"] < last and known(day["base_load_w"])
    ]
    if not covered:
        return []
    x = [max(first, day["start_at"]) for day in covered]
    x.append(min(last, covered[-1]["start_at"] + timedelta(days=1)))
    y = [day["base_load_w"] for day in (*covered, covered[-1])]
    return [
        line(
            [f.local(at) for at in x],
            _scaled(y, unit),
            name=t("plot.base_load"),
            colour="var:plot-2",
            width=2,
            shape="hv",
            hover=f"%{{y:{unit[2]}}} {unit[0]}<extra></extra>",
        )
    ]


def register(
    readings: Sequence[Mapping[str, Any]],
    anomalies: Sequence[Mapping[str, Any]],
    t: Texts,
    f: Formats,
) -> Plot:
    """Plot a meter's register, the evidence that it fell.

    readings : observed_at, register_kwh, by time; anomalies : as for `power`.
    """
    x = [f.local(row["observed_at"]) for row in readings]
    spans = [{"start_at": row["observed_at"], "end_at": row["observed_at"]} for row in readings]
    trace = line(
        x,
        rounded((row["register_kwh"] for row in readings), 3),
        name=t("plot.register"),
        colour="var:plot-1",
        width=1.6,
        shape="hv",
        mode="lines+markers",
        marker={"color": "var:plot-1", "size": 4},
        hover="%{x|" + f.day_format + " %H:%M} · %{y:,.3f} kWh<extra></extra>",
    )
    return plot(
        [trace],
        f,
        shapes=[_anomaly_band(anomaly, spans, f) for anomaly in anomalies],
        annotations=[_anomaly_name(anomaly, spans, t, f) for anomaly in anomalies],
        xaxis=time_axis(nticks=8, tickangle=0, **({"range": [x[0], x[-1]]} if x else {})),
        yaxis={"title": t("plot.register_kwh"), "tickformat": ",.1f"},
        margin=margin(top=34),
    )


def _power_lines(
    x: list[str],
    lines: Mapping[str, float | None],
    t: Texts,
    unit: tuple[str, float, str],
) -> list[Plot]:
    return [
        line(
            [x[0], x[-1]],
            _scaled([value, value], unit),
            name=t(name),
            colour="var:bad" if name == "plot.threshold" else "var:plot-3",
            width=1.4,
            dash="dash",
        )
        for name, value in lines.items()
        if known(value) is not None and x
    ]


def _mean_power_w(interval: Mapping[str, Any]) -> float | None:
    hours = (interval["end_at"] - interval["start_at"]).total_seconds() / 3600.0
    energy_kwh = known(interval["energy_kwh"])
    return None if energy_kwh is None or hours <= 0 else round(energy_kwh * 1000.0 / hours, 1)


def _anomaly_band(
    anomaly: Mapping[str, Any], intervals: Sequence[Mapping[str, Any]], f: Formats
) -> Plot:
    """Build the band over an anomaly's time, at least one hour wide so that it can be seen."""
    start = anomaly["start_at"]
    end = anomaly["end_at"] or (intervals[-1]["end_at"] if intervals else start)
    return band(f.local(start), f.local(max(end, start + timedelta(hours=1))), "var:bad")


def _anomaly_name(
    anomaly: Mapping[str, Any], intervals: Sequence[Mapping[str, Any]], t: Texts, f: Formats
) -> Plot:
    """Build the anomaly's name above its start, towards the middle of the plot so that it fits."""
    start = anomaly["start_at"]
    if intervals:
        start = max(start, intervals[0]["start_at"])
    late = bool(intervals) and (start - intervals[0]["start_at"] > intervals[-1]["end_at"] - start)
    text = t.of("anomaly", anomaly["kind"])
    return note(f.local(start), text, "var:bad", anchor="right" if late else "left")
