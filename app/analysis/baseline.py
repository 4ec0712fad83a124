"""The baseline of a meter with or without weather, and what was saved against it."""

from datetime import UTC, date, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.analysis.answer import number
from customer_context.metering.hours_evidence import DayHours
from customer_context.metering.use import Use, days_off, usual_us
from customer_context.metering.weather_effect import spread
from customer_context.metering.weather_fit import LEAST_DAYS, LEAST_SPREAD_K, fit
from customer_context.metering.weather_model import (
    HOUR_US,
    Model,
    Spans,
    Temperatures,
    error_of_sum,
    loads,
)
from feature_kernels.baseline import by_day, by_hour
from feature_kernels.baseline.grid import HOURS

DAY_US = 86_400_000_000
YEAR_DAYS = 365
Z_95 = 1.96  # of the range in which 95 of 100 savings lie
ENOUGH_OF_A_DAY = 0.99  # of its hours measured


def whole_days(use: Use, country: str | None = None) -> Spans:
    """Add intervals up to local days; keep days that were measured to the full.

    Intervals of a day and longer stay as they are.
    """
    lengths = use.end_us - use.start_us
    if lengths.size and usual_us(lengths) >= 0.9 * DAY_US:
        off = days_off(use.local_us // DAY_US, country)
        return Spans(use.start_us, use.end_us, use.energy_kwh, off)
    if not lengths.size:
        return Spans(use.start_us, use.end_us, use.energy_kwh, np.zeros(0))
    first, last, measured, energy = by_day(
        use.start_us, use.end_us, use.local_us, use.energy_kwh, DAY_US
    )
    start, end = use.start_us[first], use.end_us[last]
    # a day begins and ends at local midnight: 23 to 25 hours
    at_midnight = use.local_us[first] % DAY_US < usual_us(lengths)
    whole = measured >= ENOUGH_OF_A_DAY * (end - start)
    long = (end - start > 22.5 / 24 * DAY_US) & (end - start < 25.5 / 24 * DAY_US)
    keep = at_midnight & whole & long
    spans = Spans(start, end, energy, days_off(use.local_us[first] // DAY_US, country))
    return spans.part(keep)


def hours_of_days(use: Use, spans: Spans) -> DayHours | None:
    """Return the hourly use of those spans that are days of 24 hours; None of longer intervals."""
    lengths = use.end_us - use.start_us
    if not lengths.size or usual_us(lengths) > HOUR_US:
        return None
    rows = np.flatnonzero(np.abs(spans.end_us - spans.start_us - DAY_US) < HOUR_US // 60)
    if not rows.size:
        return None
    start, end = spans.start_us[rows], np.minimum(spans.end_us[rows], spans.start_us[rows] + DAY_US)
    kwh = by_hour(start, end, use.start_us, use.energy_kwh, HOUR_US, HOURS)
    return DayHours(start, rows, kwh)


def describe(
    use: Use,
    weather: Temperatures | None,
    until_us: int | None = None,
    from_us: int | None = None,
    country: str | None = None,
) -> tuple[dict[str, Any] | None, dict[str, Any] | None, list[str]]:
    """Fit the baseline, and compare what came after with it.

    until_us, from_us : end of the baseline and begin of the period that is reported, UTC;
                        without them the baseline is all of the recording and nothing is reported

    Returns the answer's `baseline` and `savings` (None = not computed), and notes that say why.
    """
    spans = whole_days(use, country)
    before = spans if until_us is None else spans.part(spans.end_us <= until_us)
    if weather is not None:
        known = weather.known(before.start_us, before.end_us)
        before = before if known.all() else before.part(known)
    notes: list[str] = []
    short = float(before.days.sum()) if before.days.size else 0.0
    if short < LEAST_DAYS or before.days.size < 8:
        notes.append(
            f"baseline is not computed: {short:.0f} whole days, at least {LEAST_DAYS} are needed"
        )
        return None, None, notes
    if short < 0.9 * YEAR_DAYS:
        notes.append(f"the baseline knows {short:.0f} days only: other seasons are not in it")
    if weather is not None and spread(before, weather) < LEAST_SPREAD_K:
        notes.append("the baseline's days are about equally warm: weather shows little in it")
    model = fit(before, weather, hours_of_days(use, before))
    answer = _answer(model, before, weather)
    after = spans if from_us is None else spans.part(spans.start_us >= from_us)
    if from_us is None:
        return answer, None, notes
    if weather is not None:
        known = weather.known(after.start_us, after.end_us)
        if not known.all():
            notes.append(f"savings leave {int((~known).sum())} days without temperature out")
        after = after.part(known)
    if not after.days.size:
        notes.append("savings are not computed: no whole day to report")
        return answer, None, notes
    return answer, _savings(model, after, weather), notes


def _answer(model: Model, spans: Spans, weather: Temperatures | None) -> dict[str, Any]:
    end = int(spans.end_us[-1])
    last = spans.part(spans.start_us >= end - YEAR_DAYS * DAY_US)
    base_day = model.base + model.off * float(np.average(last.off, weights=last.days))
    days = min(float((end - spans.start_us[0]) / DAY_US), YEAR_DAYS)
    start = end - round(days * DAY_US)
    heating, cooling = _degree_loads(model, last, weather, start, end)
    return {
        "model": model.name,
        "days": round(float(spans.days.sum())),
        "base_kwh_per_day": number(base_day, 4),
        "day_off_kwh": number(model.off, 4),
        "heating_kwh_per_degree_day": number(model.heating, 4) if model.heating_c else None,
        "heating_balance_c": number(model.heating_c, 2) if model.heating_c else None,
        "cooling_kwh_per_degree_day": number(model.cooling, 4) if model.cooling_c else None,
        "cooling_balance_c": number(model.cooling_c, 2) if model.cooling_c else None,
        "by_hours": model.by_hours,
        "cv_rmse": number(model.cv_rmse, 4),
        "r2": number(model.r2, 4),
        "annual_days": round(days),
        "base_kwh": number(base_day * days, 3),
        "heating_kwh": number(heating, 3),
        "cooling_kwh": number(cooling, 3),
    }


def _degree_loads(
    model: Model, last: Spans, weather: Temperatures | None, start_us: int, end_us: int
) -> tuple[float, float]:
    """Return heating and cooling from start to end, kWh, also of days that were not measured.

    Where temperatures are missing the known days stand for the others.
    """
    whole = Spans(np.array([start_us]), np.array([end_us]), np.zeros(1), np.zeros(1))
    _, heating, cooling = loads(model, whole, weather)
    if np.isfinite(heating).all() and np.isfinite(cooling).all():
        return float(heating[0]), float(cooling[0])
    _, heating, cooling = loads(model, last, weather)
    days = (end_us - start_us) / DAY_US
    known = np.isfinite(heating) & np.isfinite(cooling)
    scale = days / float(last.days[known].sum())
    return float(heating[known].sum()) * scale, float(cooling[known].sum()) * scale


def _savings(model: Model, spans: Spans, weather: Temperatures | None) -> dict[str, Any]:
    expected = float(np.sum(loads(model, spans, weather)))
    observed = float(spans.energy_kwh.sum())
    saved = 100.0 * (1.0 - observed / expected) if expected > 0.0 else None
    either = None
    if expected > 0.0:
        either = Z_95 * 100.0 * error_of_sum(model, spans, weather) / expected
    return {
        "days": round(float(spans.days.sum())),
        "expected_kwh": number(expected, 3),
        "observed_kwh": number(observed, 3),
        "saved_percent": None if saved is None else number(saved, 3),
        "low": None if saved is None or either is None else number(saved - either, 3),
        "high": None if saved is None or either is None else number(saved + either, 3),
    }


def local_midnight_us(day: date, local_us: NDArray[np.int64], t_us: NDArray[np.int64]) -> int:
    """Return the instant at which a local day begins, by the offset of the rows around it."""
    wall = round(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() * 1e6)
    at = min(int(np.searchsorted(local_us, wall)), local_us.size - 1)
    return int(wall - (local_us[at] - t_us[at]))
