"""`tachowatt bench meters`: whole years of many meters, analysed as `analyse-meter` does.

All homes of a worker are of one place, whose weather is prepared once. What a home costs is CPU
time of the worker's thread, step by step, so that other work on the machine counts less. The fit is
compared with its plain twin, results included.
"""

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from app.analysis import insight
from app.analysis.baseline import hours_of_days, whole_days
from app.analysis.meter import analyse
from app.analysis.portfolio import one_thread_of_blas
from app.analysis.tamper_windows import scores
from app.recordings.read import Table
from customer_context.metering import weather_fit
from customer_context.metering.weather_model import HOUR_US, Floats, Temperatures
from feature_kernels import consumption
from proving.meters.known_homes import START_US, draw_weather
from runtime.clock import SystemClock, thread_cpu_s
from tests.oracles import weather_fit as oracle

DAYS = 365
STEPS_PER_DAY = 48
STEP_US = HOUR_US // 2
PORTION = 50
WINDOW_DAYS = 14
STEPS = ("intervals and anomalies", "baseline", "evidence", "forecast")
TOLERANCE = 1e-9
Progress = Callable[[str, int, int], None]


@dataclass(slots=True)
class Spent:
    """What a portion took.

    seconds : CPU by step; kernel_s : of the stream's kernel alone;
    tamper_s : of `tamper_score`, which is no step
    """

    meters: int
    intervals: int
    seconds: dict[str, float]
    kernel_s: float
    tamper_s: float
    wall_s: float
    anomalies: int
    fitted: int


def draw_kwh(rng: np.random.Generator, celsius: Floats) -> Floats:
    """Draw a year of half-hours of a home, whole Wh; some heat, some cool, one in ten has holes.

    celsius : float64[n], of each half-hour
    """
    heat_c = rng.uniform(12.0, 18.0)
    cool_c = heat_c + rng.uniform(1.0, 6.0)
    hour = np.arange(celsius.size) % STEPS_PER_DAY / 2.0
    kw = rng.uniform(0.1, 0.4) * (1.0 + np.exp(-(((hour - 19.0) / 2.5) ** 2)))
    kw = kw + (rng.random() < 0.7) * rng.uniform(0.02, 0.15) * np.maximum(heat_c - celsius, 0.0)
    kw = kw + (rng.random() < 0.4) * rng.uniform(0.02, 0.15) * np.maximum(celsius - cool_c, 0.0)
    days = np.repeat(np.exp(rng.normal(0.0, 0.12, celsius.size // STEPS_PER_DAY)), STEPS_PER_DAY)
    kwh = np.round(kw * days * rng.gamma(2.0, 0.25, celsius.size), 3)
    if rng.random() < 0.1:
        first = int(rng.integers(kwh.size))
        kwh[first : first + int(rng.integers(1, 300))] = np.nan
    return np.asarray(kwh, np.float64)


def table_of(kwh: Floats) -> Table:
    """Return the meter as what a file is read into."""
    t_us = START_US + STEP_US * np.arange(kwh.size)
    offset = np.full(kwh.size, HOUR_US)
    return Table(Path("home.csv"), t_us, offset, {"energy_kwh": kwh}, None, True, "UTC+1",
                 kwh.size, 0, 0, ())  # fmt: skip


def place(seed: int, days: int) -> Temperatures:
    """Draw the weather of the place, with an hour more at the end for the offset of local days."""
    return draw_weather(np.random.default_rng((seed, 1)), days + 1)


_place: dict[tuple[int, int], Temperatures] = {}


def portion(seed: int, first: int, meters: int, days: int) -> Spent:
    """Analyse meters from `first` on."""
    key = seed, days
    weather = _place.setdefault(key, place(*key))
    celsius = np.repeat(weather.celsius[: days * 24], 2)
    spent = Spent(meters, 0, dict.fromkeys(STEPS, 0.0), 0.0, 0.0, 0.0, 0, 0)
    clock, wishes = SystemClock(), insight.Wishes()
    began = clock.monotonic()
    for at in range(first, first + meters):
        table = table_of(draw_kwh(np.random.default_rng((seed, 2, at)), celsius))
        marks = [thread_cpu_s()]
        analysis = analyse(table)
        marks.append(thread_cpu_s())
        use = insight.use_of(analysis)
        insight.add_baseline(analysis, use, wishes, weather)
        marks.append(thread_cpu_s())
        insight.explain(analysis, weather, wishes)
        marks.append(thread_cpu_s())
        insight.add_forecast(analysis, use, wishes)
        marks.append(thread_cpu_s())
        for step, took in zip(STEPS, np.diff(marks).tolist(), strict=True):
            spent.seconds[step] += took
        began_s = thread_cpu_s()
        scores(use, WINDOW_DAYS, weather=weather)
        spent.tamper_s += thread_cpu_s() - began_s
        spent.kernel_s += _kernel_s(table)
        spent.intervals += table.t_us.size
        spent.anomalies += len(analysis.answer["anomalies"])
        spent.fitted += analysis.answer["baseline"] is not None
    spent.wall_s = clock.monotonic() - began
    return spent


def _kernel_s(table: Table) -> float:
    """Return the CPU time of the stream's kernel for the meter, s."""
    began = thread_cpu_s()
    parameters = consumption.DEFAULTS._replace(interval_s=STEP_US / 1e6)
    starts = np.array([0, table.t_us.size], np.int64)
    carry = consumption.initial_carry(1)
    consumption.consume(table.columns, table.t_us, table.local_us, starts, carry, parameters)
    return thread_cpu_s() - began


def beside_oracle(seed: int, meters: int, days: int) -> dict[str, Any]:
    """Fit some homes by tables and by the plain twin; return CPU times and the greatest difference.

    A first home is left out of the times: it makes the place's tables.
    """
    weather = place(seed, days)
    plain = oracle.Temperatures(weather.t_us, weather.celsius)
    celsius = np.repeat(weather.celsius[: days * 24], 2)
    ours = theirs = apart = 0.0
    for at in range(meters + 1):
        table = table_of(draw_kwh(np.random.default_rng((seed, 2, at)), celsius))
        use = insight.use_of(analyse(table))
        spans = whole_days(use)
        spans = spans.part(weather.known(spans.start_us, spans.end_us))
        hours = hours_of_days(use, spans)
        assert hours is not None, "half-hours"
        began = thread_cpu_s()
        found = weather_fit.fit(spans, weather, hours)
        took = thread_cpu_s() - began
        began = thread_cpu_s()
        expected = oracle.fit(
            oracle.Spans(spans.start_us, spans.end_us, spans.energy_kwh, spans.off), plain,
            oracle.DayHours(hours.start_us, hours.rows, hours.kwh),
        )  # fmt: skip
        if at:
            ours, theirs = ours + took, theirs + thread_cpu_s() - began
        names = ("base", "off", "heating", "heating_c", "cooling", "cooling_c", "sigma")
        for name in names:
            one, other = getattr(found, name) or 0.0, getattr(expected, name) or 0.0
            apart = max(apart, abs(one - other) / max(abs(other), 0.01))
    return {
        "meters": meters,
        "ms_a_fit": round(1e3 * ours / meters, 2),
        "plain_ms_a_fit": round(1e3 * theirs / meters, 2),
        "ratio": round(theirs / ours, 1),
        "greatest_difference": apart,
    }


def run(
    seed: int, meters: int, days: int, workers: int, compared: int, progress: Progress
) -> dict[str, Any]:
    """Return intervals/s per core, in all and by step; `problems` lists where results differ."""
    beside = beside_oracle(seed, compared, days) if compared else None
    portion(seed, 0, 1, days)  # compiled, or loaded from the cache
    firsts = list(range(0, meters, PORTION))
    sizes = [min(PORTION, meters - first) for first in firsts]
    found: list[Spent] = []
    first = seed, 0, 1, days  # loads a worker's kernels, once for all its meters
    with (
        one_thread_of_blas(),
        ProcessPoolExecutor(
            workers, get_context("spawn"), initializer=portion, initargs=first
        ) as pool,
    ):
        n = len(firsts)
        for one in pool.map(portion, [seed] * n, firsts, sizes, [days] * n):
            found.append(one)
            progress("meters", sum(each.meters for each in found), meters)
    intervals = sum(one.intervals for one in found)
    steps = {step: sum(one.seconds[step] for one in found) for step in STEPS}
    cpu_s = sum(steps.values())
    problems = []
    if sum(one.fitted for one in found) < meters and days >= weather_fit.LEAST_DAYS:
        problems.append("some meters have no baseline")
    if beside is not None and beside["greatest_difference"] > TOLERANCE:
        problems.append("the fit differs from its plain twin")
    return {
        "seed": seed,
        "meters": meters,
        "days": days,
        "workers": workers,
        "intervals": intervals,
        "anomalies": sum(one.anomalies for one in found),
        "intervals_per_cpu_s": round(intervals / cpu_s),
        "wall_s": round(max(sum(one.wall_s for one in found) / workers, 1e-9), 1),
        "ms_a_meter": {step: round(1e3 * took / meters, 2) for step, took in steps.items()},
        "intervals_per_cpu_s_by_step": {
            step: round(intervals / max(took, 1e-9)) for step, took in steps.items()
        },
        "tamper_score_ms_a_meter": round(1e3 * sum(one.tamper_s for one in found) / meters, 2),
        "kernel_intervals_per_cpu_s": round(intervals / sum(one.kernel_s for one in found)),
        "fit": beside,
        "problems": problems,
    }
