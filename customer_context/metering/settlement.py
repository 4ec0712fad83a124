"""Settle the intervals of the stream with what is known afterwards: registers and weather. Pure.

The stream estimates a hole when the next value ends it, without a look at registers and weather. A
file and the store settle it later by the same rule: like days give the shape, and where a register
was read before and after, its difference gives the sum (`estimation`, `sum_check`). What the meter
sent keeps its value.

Rows are a structured array with `start_us`, `end_us`, `local_us`, `energy_kwh`, `status`,
`estimated` and `reason`, ascending, without overlaps; a row with NaN is a hole that was left open.

Source: docs/field/consumption.md (VEE), docs/adr/0071-estimates-and-registers.md.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contracts.quality import Quality, Reason
from customer_context.metering.estimation import (
    DAY_US,
    HOUR_US,
    MWH_PER_KWH,
    PAST_DAYS,
    Days,
    Floats,
    Int64s,
    Series,
    from_like_days,
    share_out,
)
from customer_context.metering.sum_check import Finding, Reads, Settled, settle
from customer_context.metering.use import days_off
from customer_context.metering.weather_model import Temperatures

Rows = NDArray[Any]


def series_of(rows: Rows, start_us: Int64s, end_us: Int64s) -> Series:
    """Return rows as a series at these instants; what was sent and may be used is given."""
    given = (rows["estimated"] == 0) & np.isfinite(rows["energy_kwh"])
    given &= rows["status"] > Quality.NICHT_VERWENDBAR
    return Series(start_us, end_us, rows["local_us"], rows["energy_kwh"].copy(), given)


def days_between(
    local_us: Int64s, weather: Temperatures | None, offset_us: Int64s | int, country: str | None
) -> Days:
    """Return the local days of ascending times, with what is known of them.

    offset_us : of local time at each hour of the weather; country : of the holidays
    """
    numbers = np.arange(int(local_us[0] // DAY_US), int(local_us[-1] // DAY_US) + 1)
    celsius = np.full(numbers.size, np.nan)
    if weather is not None:
        celsius = daily_mean(weather, numbers, offset_us)
    return Days(int(numbers[0]), days_off(numbers, country), celsius)


def daily_mean(weather: Temperatures, days: Int64s, offset_us: Int64s | int) -> Floats:
    """Return the mean temperature of local days, °C; NaN where an hour is not known."""
    of_hour = (weather.t_us + offset_us) // DAY_US - int(days[0])
    inside = (of_hour >= 0) & (of_hour < days.size)
    total = np.bincount(of_hour[inside], weather.celsius[inside], days.size)
    count = np.bincount(of_hour[inside], minlength=days.size)
    return np.asarray(np.where(count == 24, total / np.maximum(count, 1), np.nan), np.float64)


def cut_holes(rows: Rows, step_us: int) -> Rows:
    """Cut rows of holes longer than an interval into intervals."""
    length = rows["end_us"] - rows["start_us"]
    parts = np.where(np.isnan(rows["energy_kwh"]), np.maximum(np.rint(length / step_us), 1), 1)
    number_of = parts.astype(np.int64)
    out = np.repeat(rows, number_of)
    at = np.arange(out.size) - np.repeat(np.cumsum(number_of) - number_of, number_of)
    last = at == np.repeat(number_of, number_of) - 1
    out["start_us"] += at * step_us
    out["local_us"] += at * step_us
    out["end_us"] = np.where(last, out["end_us"], out["start_us"] + step_us)
    return out


def like_days(series: Series, days: Days, step_us: int, line_us: int, *, open_too: bool) -> Floats:
    """Return the energies, those of holes longer than `line_us` from like days, kWh.

    step_us : usual length of an interval; open_too : estimate also what the stream left open
    """
    energy = series.energy_kwh
    if step_us > HOUR_US or not series.given.any():
        return energy
    missing = ~series.given
    begins = np.flatnonzero(missing & ~np.concatenate(([False], missing[:-1])))
    ends = np.flatnonzero(missing & ~np.concatenate((missing[1:], [False])))
    long = series.end_us[ends] - series.start_us[begins] > line_us
    spans = zip(begins[long].tolist(), ends[long].tolist(), strict=True)
    at = np.concatenate([np.zeros(0, np.int64), *(np.arange(a, b + 1) for a, b in spans)])
    if not open_too:
        at = at[np.isfinite(energy[at])]
    if not at.size:
        return energy
    found = from_like_days(series, np.asarray(at, np.int64), days, step_us)
    out = energy.copy()
    out[at] = np.where(np.isnan(found), energy[at], found)
    return out


def settle_sent(
    rows: Rows,
    series: Series,
    days: Days,
    reads: Reads,
    step_us: int,
    line_us: int,
    *,
    open_too: bool = False,
) -> tuple[Rows, Settled]:
    """Settle the rows of a meter that sends energies, beside reads of its register.

    rows : after `cut_holes`. open_too : estimate a hole that was left open from like days where no
    register bounds it; else it stays open. Where a sum differs, what was read is provisional, with
    the reason.
    """
    out = rows.copy()
    wanted = like_days(series, days, step_us, line_us, open_too=True)
    found = settle(replace(series, energy_kwh=wanted), reads)
    filled = _fillable(rows, series) & np.isfinite(wanted) & open_too
    energy = np.where(np.isnan(series.energy_kwh) & ~filled, np.nan, wanted)
    energy = np.where(found.scaled, found.energy_kwh, energy)
    out["energy_kwh"] = np.where(series.given, out["energy_kwh"], energy)
    out["estimated"][found.scaled | filled] = 1
    out["status"][found.scaled | filled] = Quality.ERSATZWERT
    for one in found.findings:
        _doubt(out, (series.start_us < one.end_us) & (series.end_us > one.start_us))
    return out, found


def _fillable(rows: Rows, series: Series) -> NDArray[np.bool_]:
    """Tell which rows are of a hole in which nothing was sent, no longer than the past of like
    days."""
    open_ = np.asarray(np.isnan(series.energy_kwh) & (rows["reason"] == Reason.HOLE), np.bool_)
    begins = np.flatnonzero(open_ & ~np.concatenate(([False], open_[:-1])))
    ends = np.flatnonzero(open_ & ~np.concatenate((open_[1:], [False])))
    long = series.end_us[ends] - series.start_us[begins] > PAST_DAYS * DAY_US
    for first, last in zip(begins[long].tolist(), ends[long].tolist(), strict=True):
        open_[first : last + 1] = False
    return open_


def doubt_tariffs(rows: Rows, findings: Sequence[Finding]) -> Rows:
    """Return rows of which those beside reads whose tariffs do not add up are provisional."""
    out = rows.copy()
    for one in findings:
        _doubt(out, (rows["start_us"] <= one.end_us) & (rows["end_us"] >= one.start_us))
    return out


def _doubt(out: Rows, mine: NDArray[np.bool_]) -> None:
    out["status"][mine & (out["status"] == Quality.ABGELESEN)] = Quality.VORLAEUFIGERWERT
    out["reason"][mine & (out["reason"] == Reason.AS_READ)] = Reason.SUM_DIFFERS


def reshape(
    rows: Rows, series: Series, days: Days, reads_us: Int64s, step_us: int, line_us: int
) -> Rows:
    """Give the long holes of a register the shape of like days; their sums stay.

    reads_us : int64[n], when the register was read
    """
    out = rows.copy()
    wanted = like_days(series, days, step_us, line_us, open_too=False)
    for at in np.flatnonzero(np.diff(reads_us) > line_us).tolist():
        first = int(np.searchsorted(series.start_us, reads_us[at]))
        last = int(np.searchsorted(series.end_us, reads_us[at + 1], side="right"))
        part = slice(first, last)
        use = series.energy_kwh[part]
        if last - first < 2 or series.given[part].any() or not np.all(use >= 0.0):
            continue
        total = float(use.sum())
        parts = share_out(int(total * MWH_PER_KWH), wanted[part]) / MWH_PER_KWH
        parts[np.argmax(parts)] += total - float(parts.sum())  # what is finer than a mWh
        out["energy_kwh"][part] = parts
    return out
