"""Plotly accepts every specification of the pages, and their figures are right."""

import json
from copy import deepcopy
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest

from api.pages.frame.formats import Formats
from api.pages.frame.texts import Texts
from api.pages.plots import driving, meters
from api.pages.plots.builders import MAX_POINTS, Plot, day_axis, thin
from contracts.kinds import ANOMALIES, EVENTS, FACTORS
from services.car_axes import Accelerations
from store.postgres.times import to_us

T, F = Texts("en"), Formats("en", "Europe/Berlin")
START = datetime(2026, 11, 21, 10, tzinfo=UTC)


def speed_and_path() -> tuple[Plot, Plot]:
    samples = {
        "at": [START + timedelta(seconds=i) for i in range(4)],
        "speed_kmh": [0.0, 51.04, None, 30.0],
        "speed_limit_kmh": [None, 50.0, 50.0, 50.0],
        "lat_deg": [52.5, 52.51, None, 52.52],
        "lon_deg": [13.4, 13.41, 13.42, 13.43],
    }
    events = [
        {"kind": kind, "severity": 2, "start_at": START + timedelta(seconds=2), "lat_deg": 52.51,
         "lon_deg": 13.42}
        for kind in EVENTS
    ]  # fmt: skip
    return driving.speed(samples, events, T, F), driving.path(samples, events, T, F)


def felt() -> Plot:
    """Ten seconds with a gap, and an event of each kind."""
    t_us = np.arange(10, dtype=np.int64) * 1_000_000 + to_us(START)
    values = np.where(np.arange(10) == 5, np.nan, 0.1234 * np.arange(10))
    events = [
        {"kind": kind, "start_at": START, "end_at": START + timedelta(seconds=2), "peak_mps2": peak}
        for kind, peak in zip(EVENTS, [-4.0, *[float("nan")] * (len(EVENTS) - 1)], strict=True)
    ]
    return driving.accelerations(Accelerations("aligned", t_us, values, -values), events, T, F)


def factors() -> Plot:
    return driving.factors([{"factor": name, "points": 5.84} for name in FACTORS], T, F)


def profile() -> Plot:
    return meters.profile([100.0] * 24, [None] * 12 + [200.0] * 12, T, F)


def days() -> Plot:
    row = {"date": date(2026, 11, 1), "energy_kwh": 9.5, "estimated_kwh": 0.5, "base_load_w": 148.0}
    return meters.days([row, {**row, "date": date(2026, 11, 2), "base_load_w": None}], T, F)


def power() -> Plot:
    intervals = [
        {
            "start_at": START + timedelta(minutes=15 * i),
            "end_at": START + timedelta(minutes=15 * (i + 1)),
            "energy_kwh": energy_kwh,
            "estimated": estimated,
        }
        for i, (energy_kwh, estimated) in enumerate([(0.1, False), (0.2, True), (None, False)])
    ]
    anomalies = [
        {"kind": kind, "start_at": START + timedelta(minutes=40), "end_at": None}
        for kind in ANOMALIES
    ]
    return meters.power(intervals, anomalies, T, F, {"plot.expected": 148.5, "plot.threshold": 300})


PLOTS = {
    "speed": lambda: speed_and_path()[0],
    "path": lambda: speed_and_path()[1],
    "felt": felt,
    "factors": factors,
    "profile": profile,
    "days": days,
    "power": power,
}


def validate(plot: Plot) -> None:
    """Raise ValueError for what Plotly does not know. Our colours are replaced by real ones."""
    resolved = _with_real_colours(json.loads(json.dumps(plot, allow_nan=False)))
    go.Figure(data=resolved["traces"], layout=resolved["layout"])


def _with_real_colours(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _with_real_colours(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_with_real_colours(each) for each in value]
    return "#123456" if isinstance(value, str) and value.startswith("var:") else value


@pytest.mark.parametrize("name", PLOTS)
def test_plotly_accepts_the_plot(name: str) -> None:
    plot = PLOTS[name]()
    assert plot["traces"]
    validate(plot)


@pytest.mark.parametrize(
    ("part", "misspelt"),
    [
        (lambda plot: plot["traces"][0], {"hovertemplat": "%{y}"}),
        (lambda plot: plot["traces"][0]["line"], {"colour": "var:plot-1"}),
        (lambda plot: plot["traces"][0]["line"], {"color": "plot-1"}),
        (lambda plot: plot["traces"][-1]["marker"], {"symbol": "triangel"}),
        (lambda plot: plot["layout"]["xaxis"], {"tickfromat": "%H:%M"}),
        (lambda plot: plot["layout"], {"hovermodes": "closest"}),
    ],
)
def test_plotly_refuses_a_misspelt_plot(part: Any, misspelt: dict[str, str]) -> None:
    plot = deepcopy(speed_and_path()[0])
    part(plot).update(misspelt)
    with pytest.raises(ValueError, match=next(iter(misspelt))):
        validate(plot)


def test_kinds_have_the_colours_and_symbols_of_their_table() -> None:
    for plot in speed_and_path():
        found = {trace["name"]: trace for trace in plot["traces"]}
        for kind, facts in EVENTS.items():
            marker = found[T.of("event", kind)]["marker"]
            assert (marker["color"], marker["symbol"]) == (f"var:{facts.colour}", facts.symbol)


def test_an_event_is_at_the_last_measured_speed() -> None:
    marks = [t for t in speed_and_path()[0]["traces"] if t["mode"] == "markers"]
    assert {y for trace in marks for y in trace["y"]} == {51.0}


def test_accelerations_have_gaps_and_the_time_of_each_event() -> None:
    plot = felt()
    across, along, *marks = plot["traces"]
    assert along["y"][4:7] == [0.49, None, 0.74] and across["y"][6] == -0.74
    assert len(plot["layout"]["shapes"]) == len(marks) == len(EVENTS)
    assert marks[0]["y"] == [-4.0]


def test_a_crash_does_not_flatten_the_accelerations_before_it() -> None:
    t_us = np.arange(20_000, dtype=np.int64) * 20_000
    along, across = np.sin(t_us / 3e6), np.full(t_us.shape, np.nan)
    along[-3:] = -80.0
    crash = {
        "kind": "crash", "start_at": START, "end_at": START, "peak_mps2": 81.0, "severity": 3,
    }  # fmt: skip
    made = Accelerations("measured", t_us, along, across)
    plot = driving.accelerations(made, [crash], T, F)
    least, most = plot["layout"]["yaxis"]["range"]
    assert least == -most and 2.0 < most < 10.0
    assert plot["traces"][-1]["y"] == [most], "the crash is marked at the end of the axis"


def test_a_day_is_named_once_on_an_axis() -> None:
    few = day_axis(["2026-11-30"], F)
    assert few["tickvals"] == ["2026-11-30"] and "nticks" not in few
    many = day_axis([f"2026-11-{day}" for day in range(10, 30)], F)
    assert many["nticks"] and "tickvals" not in many


def test_a_path_without_positions_is_empty() -> None:
    nothing = {"lat_deg": [None], "lon_deg": [None]}
    assert driving.path(nothing, [], T, F) == {"traces": [], "layout": {}}


def test_power_is_measured_estimated_or_missing() -> None:
    measured, estimated, missing, *lines = power()["traces"]
    assert measured["y"] == [400.0, None, None]
    assert estimated["y"] == [None, 800.0, None]
    assert missing["x"] == [measured["x"][2]]
    assert [line["y"] for line in lines] == [[148.5, 148.5], [300, 300]]


def test_an_anomaly_is_at_least_an_hour_wide_and_its_name_stays_inside() -> None:
    layout = power()["layout"]
    first, last = layout["shapes"][0]["x0"], layout["shapes"][0]["x1"]
    assert datetime.fromisoformat(last) - datetime.fromisoformat(first) == timedelta(hours=1)
    assert {each["xanchor"] for each in layout["annotations"]} == {"right"}


def test_thinning_keeps_every_peak() -> None:
    values: list[float | None] = [50.0] * (3 * MAX_POINTS)
    values[5_000], values[7_001], values[9_002:9_100] = 130.0, -1.0, [None] * 98
    times = [START + timedelta(seconds=i) for i in range(len(values))]
    kept_times, kept = thin(times, values)
    assert len(kept) == len(kept_times) <= MAX_POINTS
    assert {130.0, -1.0, None} <= set(kept)
    assert kept_times == sorted(kept_times)
    assert thin(times[:10], values[:10]) == (times[:10], values[:10])
