"""What `analyse-meter` adds to intervals and anomalies: baseline, savings, forecast, tampering."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.analysis.baseline import describe, local_midnight_us
from app.analysis.forecast import as_answer
from app.analysis.meter import MeterAnalysis, given_values
from app.analysis.tamper_windows import scores
from app.recordings.guesses import Guess
from app.recordings.temperatures import read_temperatures
from contracts.quality import Quality
from customer_context.metering import evidence
from customer_context.metering.day_forecast import PAST_DAYS, hours_of, next_day
from customer_context.metering.use import EPOCH, HOLIDAYS, Decided, Use, days_off, usual_us
from customer_context.metering.weather_model import Temperatures, hourly
from feature_kernels.baseline import measured
from runtime.errors import Usage

DAY_US = 86_400_000_000
HOUR_US = 3_600_000_000


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the options of the command ask for.

    until, since : end of the baseline and begin of the report, local days (the first without it)
    price_per_kwh : gross, for what is in excess
    window_days  : length of a window of `tamper_score`; window_start : a local day it begins with
    """

    temperature: Path | None = None
    tz: str | None = None
    holidays: str | None = None
    until: date | None = None
    since: date | None = None
    window_days: int | None = None
    window_start: date | None = None
    price_per_kwh: float | None = None


def day_of(option: str, text: str | None) -> date | None:
    """Read a day of an option. Raises Usage."""
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Usage(f"{option}: found {text!r}, expected a day like 2026-11-30") from None


def window_of(text: str | None) -> int | None:
    """Read `14d`. Raises Usage."""
    if text is None:
        return None
    if not (text.endswith("d") and text[:-1].isdigit() and 7 <= int(text[:-1]) <= 60):
        raise Usage(f"--windows: found {text!r}, expected 7d to 60d, like 14d")
    return int(text[:-1])


def check(wishes: Wishes) -> None:
    """Raise Usage for options that do not go together."""
    if wishes.holidays is not None and wishes.holidays not in HOLIDAYS:
        raise Usage(f"--holidays: found {wishes.holidays!r}, expected {', '.join(HOLIDAYS)}")
    if wishes.since is not None and wishes.until is None:
        raise Usage("--report-from: needs --baseline-until")
    if wishes.until and wishes.since and wishes.since < wishes.until:
        raise Usage("--report-from: lies before --baseline-until")


def use_of(analysis: MeterAnalysis) -> Use:
    """Return what was measured, in UTC, in order of time."""
    values = analysis.values
    if values is None:
        values = given_values(analysis.table, analysis.grid, analysis.intervals)
    start = analysis.grid.to_utc(values.start_us)
    return Use(start, start + (values.end_us - values.start_us), values.local_us, values.energy_kwh)


def weather_of(wishes: Wishes) -> tuple[Temperatures | None, list[Guess]]:
    """Read the temperatures, if there are any, and say what was guessed about their file."""
    if wishes.temperature is None:
        return None, []
    t_us, celsius, guesses = read_temperatures(wishes.temperature, wishes.tz)
    return hourly(t_us, celsius), guesses


def add(
    analysis: MeterAnalysis,
    wishes: Wishes,
    weather: Temperatures | None,
    stream: MeterAnalysis | None = None,
) -> None:
    """Add baseline, savings, evidence in kWh, forecast and scores to the answer, with notes.

    stream : with the intervals as the stream has them, where others were estimated since
    """
    use = use_of(analysis)
    add_baseline(analysis, use, wishes, weather)
    explain(stream or analysis, weather, wishes)
    add_forecast(analysis, use, wishes, weather)


def add_baseline(
    analysis: MeterAnalysis, use: Use, wishes: Wishes, weather: Temperatures | None
) -> None:
    """Add `baseline` and `savings`."""
    table, answer = analysis.table, analysis.answer
    local = table.t_us + table.offset_us
    until, since = (
        None if day is None else local_midnight_us(day, local, table.t_us)
        for day in (wishes.until, wishes.since or wishes.until)
    )
    answer["baseline"], answer["savings"], why = describe(
        use, weather, until, since, wishes.holidays
    )
    answer["notes"] += why


def add_forecast(
    analysis: MeterAnalysis, use: Use, wishes: Wishes, weather: Temperatures | None = None
) -> None:
    """Add `forecast` and `tamper_score`."""
    answer = analysis.answer
    answer["forecast"], answer["tamper_score"] = None, []
    lengths = use.end_us - use.start_us
    if not lengths.size or usual_us(lengths) > HOUR_US:
        why = "intervals are longer than an hour" if lengths.size else "no interval was measured"
        answer["notes"].append(f"forecast is not computed: {why}")
        return
    since = int(use.local_us[-1]) - (PAST_DAYS + 2) * DAY_US
    # local time is at most 14 hours ahead of UTC
    tail = slice(int(np.searchsorted(use.start_us, since - DAY_US)), None)
    local, lengths, energy = use.local_us[tail], lengths[tail], use.energy_kwh[tail]
    recent = local >= since
    days, hours = hours_of(local[recent], lengths[recent], energy[recent])
    answer["forecast"], notes = _forecast(days, hours, wishes.holidays)
    answer["notes"] += notes
    if wishes.window_days is not None:
        answer["tamper_score"] = scores(use, wishes.window_days, wishes.window_start, weather)


def _measured(analysis: MeterAnalysis) -> Decided:
    """Return what was read in intervals of the kernel, as the stream stores them."""
    grid = analysis.grid
    start, end, local, energy, decided = measured(analysis.intervals, int(Quality.ABGELESEN))
    start_us = grid.to_utc(start)
    return Decided(Use(start_us, start_us + (end - start), local, energy), grid.to_utc(decided))


def explain(analysis: MeterAnalysis, weather: Temperatures | None, wishes: Wishes) -> None:
    """Add energy, similar days and the likelier cause to the evidence of the anomalies."""
    anomalies = analysis.answer["anomalies"]
    if not anomalies:
        return
    home = evidence.Home.of(_measured(analysis), wishes.holidays)
    ends = home.use.end_us
    if not ends.size:
        return
    hours = None if weather is None else evidence.Weather(weather.t_us, weather.celsius)
    per_kwh = wishes.price_per_kwh
    price = None if per_kwh is None else evidence.fixed_price("--price-per-kwh", per_kwh)
    for one in anomalies:
        end, cleared = one["end"], one["cleared_at"]
        episode = evidence.Episode(
            one["kind"],
            _us(one["start"]),
            None if end is None else _us(end),
            int(ends[-1]) if cleared is None else _us(cleared),
        )
        one["evidence"] |= home.explain(episode, hours, price)


def _us(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1e6)


def tamper_scores(
    analysis: MeterAnalysis,
    window_days: int,
    start: date | None = None,
    weather: Temperatures | None = None,
) -> list[dict[str, Any]]:
    """Return `tamper_score` of a meter; nothing where its intervals are longer than an hour.

    start : a local day with which a window begins
    """
    use = use_of(analysis)
    lengths = use.end_us - use.start_us
    if not lengths.size or usual_us(lengths) > HOUR_US:
        return []
    return scores(use, window_days, start, weather)


def _forecast(
    days: NDArray[np.int64], hours: NDArray[np.float64], holidays: str | None
) -> tuple[dict[str, Any] | None, list[str]]:
    target = int(days[-1]) + 1
    off = days_off(np.append(days, target), holidays)
    found = next_day(days, off[:-1], hours, target, float(off[-1]))
    if found is None:
        return None, ["forecast is not computed: fewer than seven days are known"]
    return as_answer((EPOCH + timedelta(days=target)).isoformat(), found), []
