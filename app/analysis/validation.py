"""What registers and weather add to the intervals of a file: better estimates, and sums that fit.

The stream estimates what it can when a hole ends. With registers beside the intervals, or with
temperatures, a recording allows more: `customer_context.metering.estimation` and `sum_check`.
Estimates raise and clear no anomaly, so anomalies stay those of the stream.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.analysis.answer import iso, number
from app.analysis.meter import MeterAnalysis
from app.analysis.meter_doubts import estimated_kwh, interval_summary
from app.recordings.read import Table
from contracts.quality import Quality, Reason
from contracts.units import TARIFF_COLUMNS
from customer_context.metering.estimation import (
    DAY_US,
    MWH_PER_KWH,
    Days,
    Series,
    from_like_days,
    share_out,
)
from customer_context.metering.sum_check import Finding, Reads, Rule, Settled, settle, tariff_sum
from customer_context.metering.use import days_off
from customer_context.metering.weather_model import Temperatures
from feature_kernels.consumption import DEFAULTS

US_PER_S = 1_000_000
Int64s = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Known:
    """What is known beside the file. registers : reads of the same meter; country : of holidays."""

    registers: Table | None
    weather: Temperatures | None
    country: str | None


def validate(analysis: MeterAnalysis, known: Known) -> MeterAnalysis:
    """Estimate by like days and weather, scale to registers, and check the sums.

    Adds `validation` to the answer: None where neither registers nor tariffs are known.
    """
    registers = known.registers
    if "register_kwh" in analysis.table.columns:
        tariffs = _tariffs(analysis.table)
        analysis.answer["validation"] = None if tariffs is None else {"findings": tariffs}
        analysis.answer["notes"] += _notes((), tariffs or [])
        return analysis if known.weather is None else _reshaped(analysis, known)
    analysis.answer["validation"] = None
    if registers is None and known.weather is None:
        return analysis
    rows = _pieces(analysis) if registers is not None else analysis.intervals.copy()
    series = _series(analysis, rows)
    energy = _by_like_days(analysis, series, rows, known)
    if registers is not None:
        filled = replace(series, energy_kwh=energy)
        found = settle(filled, reads_of(registers))
        energy = np.where(found.scaled, found.energy_kwh, energy)
        _mark(rows, series, found)
        rows["estimated"][found.scaled] = 1
        rows["status"][found.scaled] = Quality.ERSATZWERT
        tariffs = _tariffs(registers) or []
        analysis.answer["validation"] = _answer(registers, found, tariffs)
        analysis.answer["notes"] += _notes(found.findings, tariffs)
    rows["energy_kwh"] = np.where(series.given, rows["energy_kwh"], energy)
    analysis.answer["intervals"] = interval_summary(rows)
    analysis.answer["estimated_kwh"] = estimated_kwh(analysis.table, rows)
    return replace(analysis, intervals=rows)


def reads_of(table: Table) -> Reads:
    """Return the reads of a table's register that can be used."""
    kwh = table.columns["register_kwh"]
    quality = table.columns.get("quality", np.full(kwh.size, np.nan))
    fine = np.isfinite(kwh) & ~(quality <= Quality.NICHT_VERWENDBAR)
    key = table.columns.get("meter_key", np.full(kwh.size, np.nan))
    return Reads(table.t_us[fine], kwh[fine], key[fine])


def _pieces(analysis: MeterAnalysis) -> NDArray[Any]:
    """Cut rows of holes longer than an interval into intervals."""
    rows = analysis.intervals
    step = round(analysis.grid.interval_s * US_PER_S)
    length = rows["end_us"] - rows["start_us"]
    parts = np.where(np.isnan(rows["energy_kwh"]), np.maximum(np.rint(length / step), 1), 1)
    number_of = parts.astype(np.int64)
    out = np.repeat(rows, number_of)
    at = np.arange(out.size) - np.repeat(np.cumsum(number_of) - number_of, number_of)
    last = at == np.repeat(number_of, number_of) - 1
    out["start_us"] += at * step
    out["local_us"] += at * step
    out["end_us"] = np.where(last, out["end_us"], out["start_us"] + step)
    return out


def _reshaped(analysis: MeterAnalysis, known: Known) -> MeterAnalysis:
    """Give the use of a register's long holes the shape of like days; their sums stay."""
    rows = analysis.intervals.copy()
    series = _series(analysis, rows)
    if not rows.size:
        return analysis
    wanted = _by_like_days(analysis, series, rows, known)
    reads = reads_of(analysis.table).t_us
    for at in np.flatnonzero(np.diff(reads) > DEFAULTS.line_fill_s * US_PER_S).tolist():
        first = int(np.searchsorted(series.start_us, reads[at]))
        last = int(np.searchsorted(series.end_us, reads[at + 1], side="right"))
        part = slice(first, last)
        use = series.energy_kwh[part]
        if last - first < 2 or series.given[part].any() or not np.all(use >= 0.0):
            continue
        total = float(use.sum())
        parts = share_out(int(total * MWH_PER_KWH), wanted[part]) / MWH_PER_KWH
        parts[np.argmax(parts)] += total - float(parts.sum())  # what is finer than a mWh
        rows["energy_kwh"][part] = parts
    return replace(analysis, intervals=rows)


def _series(analysis: MeterAnalysis, rows: NDArray[Any]) -> Series:
    start, end = analysis.grid.to_utc(rows["start_us"]), analysis.grid.to_utc(rows["end_us"])
    given = (rows["estimated"] == 0) & np.isfinite(rows["energy_kwh"])
    given &= rows["status"] > Quality.NICHT_VERWENDBAR
    return Series(start, end, rows["local_us"], rows["energy_kwh"].copy(), given)


def _by_like_days(
    analysis: MeterAnalysis, series: Series, rows: NDArray[Any], known: Known
) -> NDArray[np.float64]:
    """Return the energies, those of long holes from like days where any was measured."""
    energy = series.energy_kwh
    if analysis.grid.interval_s > 3_600.0 or not series.given.any():
        return energy
    step = round(analysis.grid.interval_s * US_PER_S)
    missing = ~series.given
    begins = np.flatnonzero(missing & ~np.concatenate(([False], missing[:-1])))
    ends = np.flatnonzero(missing & ~np.concatenate((missing[1:], [False])))
    long = series.end_us[ends] - series.start_us[begins] > DEFAULTS.line_fill_s * US_PER_S
    spans = zip(begins[long].tolist(), ends[long].tolist(), strict=True)
    at = np.concatenate([np.zeros(0, np.int64), *(np.arange(a, b + 1) for a, b in spans)])
    if known.registers is None:  # a hole that the stream left open stays open
        at = at[np.isfinite(energy[at])]
    if not at.size:
        return energy
    day = series.local_us // DAY_US
    numbers = np.arange(int(day[0]), int(day[-1]) + 1)
    celsius = np.full(numbers.size, np.nan)
    if known.weather is not None:
        offset = int(np.median(analysis.table.offset_us))
        celsius = daily_mean(known.weather, numbers, offset)
    days = Days(int(numbers[0]), days_off(numbers, known.country), celsius)
    found = from_like_days(series, np.asarray(at, np.int64), days, step)
    out = energy.copy()
    out[at] = np.where(np.isnan(found), energy[at], found)
    return out


def daily_mean(weather: Temperatures, days: Int64s, offset_us: int) -> NDArray[np.float64]:
    """Return the mean temperature of local days, °C; NaN where an hour is not known."""
    of_hour = (weather.t_us + offset_us) // DAY_US - int(days[0])
    inside = (of_hour >= 0) & (of_hour < days.size)
    total = np.bincount(of_hour[inside], weather.celsius[inside], days.size)
    count = np.bincount(of_hour[inside], minlength=days.size)
    return np.asarray(np.where(count == 24, total / np.maximum(count, 1), np.nan), np.float64)


def _mark(rows: NDArray[Any], series: Series, found: Settled) -> None:
    """Make the intervals of a sum that differs provisional."""
    for one in found.findings:
        mine = (series.start_us < one.end_us) & (series.end_us > one.start_us)
        read = mine & (rows["status"] == Quality.ABGELESEN)
        rows["status"][read] = Quality.VORLAEUFIGERWERT
        rows["reason"][mine & (rows["reason"] == Reason.AS_READ)] = Reason.SUM_DIFFERS


def _tariffs(table: Table) -> list[dict[str, Any]] | None:
    """Return where the registers of the tariffs do not add up; None without them."""
    names = [column.name for column in TARIFF_COLUMNS if column.name in table.columns]
    if len(names) < len(TARIFF_COLUMNS) or "register_kwh" not in table.columns:
        return None
    tariffs = np.vstack([table.columns[name] for name in names])
    found = tariff_sum(table.t_us, table.columns["register_kwh"], tariffs)
    return [_plain(table, one) for one in found]


def _plain(table: Table, one: Finding) -> dict[str, Any]:
    interval = one.rule == Rule.SUM_OF_INTERVALS
    return {
        "rule": str(one.rule),
        "start": iso(table, one.start_us),
        "end": iso(table, one.end_us),
        "intervals_kwh" if interval else "tariffs_kwh": number(one.found_kwh, 6),
        "register_kwh": number(one.register_kwh, 6),
        "tolerance_kwh": number(one.tolerance_kwh, 6),
        "status": Quality.VORLAEUFIGERWERT.name,
        "reason": Reason.SUM_DIFFERS.name,
    }


def _answer(registers: Table, found: Settled, tariffs: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "segments": found.segments,
        "compared": found.checked,
        "not_covered": found.uncovered,
        "scaled": int(found.scaled.sum()),
        "findings": [_plain(registers, one) for one in found.findings] + tariffs,
    }


def _notes(found: tuple[Finding, ...], tariffs: list[dict[str, Any]]) -> list[str]:
    notes = []
    if found:
        notes.append(
            f"the intervals between {len(found)} pairs of reads do not add up to the "
            "register: they are provisional"
        )
    if tariffs:
        notes.append("the registers of the tariffs do not add up to the total")
    return notes
