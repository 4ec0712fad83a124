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
from app.analysis.meter_doubts import estimated_by_us, estimated_kwh, interval_summary
from app.recordings.read import Table
from contracts.quality import Quality, Reason
from contracts.units import TARIFF_COLUMNS
from customer_context.metering import settlement
from customer_context.metering.estimation import Days, Series
from customer_context.metering.sum_check import Finding, Reads, Rule, Settled, tariff_sum
from customer_context.metering.weather_model import Temperatures
from feature_kernels.consumption import DEFAULTS

US_PER_S = 1_000_000
LINE_US = round(DEFAULTS.line_fill_s * US_PER_S)
"""A hole up to this is a straight line."""


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
    rows, step = analysis.intervals.copy(), round(analysis.grid.interval_s * US_PER_S)
    if registers is None:
        series = _series(analysis, rows)
        energy = series.energy_kwh
        if rows.size:
            days = _days(analysis, rows, known)
            energy = settlement.like_days(series, days, step, LINE_US, open_too=False)
        rows["energy_kwh"] = np.where(series.given, rows["energy_kwh"], energy)
    elif rows.size:
        rows = settlement.cut_holes(rows, step)
        series, reads = _series(analysis, rows), reads_of(registers)
        days = _days(analysis, rows, known)
        rows, found = settlement.settle_sent(rows, series, days, reads, step, LINE_US)
        tariffs = _tariffs(registers) or []
        analysis.answer["validation"] = _answer(registers, found, tariffs)
        analysis.answer["notes"] += _notes(found.findings, tariffs)
    analysis.answer["intervals"] = interval_summary(rows)
    analysis.answer["estimated_kwh"] = estimated_kwh(analysis.table, estimated_by_us(rows))
    return replace(analysis, intervals=rows, values=None)


def reads_of(table: Table) -> Reads:
    """Return the reads of a table's register that can be used."""
    kwh = table.columns["register_kwh"]
    quality = table.columns.get("quality", np.full(kwh.size, np.nan))
    fine = np.isfinite(kwh) & ~(quality <= Quality.NICHT_VERWENDBAR)
    key = table.columns.get("meter_key", np.full(kwh.size, np.nan))
    return Reads(table.t_us[fine], kwh[fine], key[fine])


def _reshaped(analysis: MeterAnalysis, known: Known) -> MeterAnalysis:
    """Give the use of a register's long holes the shape of like days; their sums stay."""
    rows = analysis.intervals
    if not rows.size:
        return analysis
    step = round(analysis.grid.interval_s * US_PER_S)
    shaped = settlement.reshape(
        rows, _series(analysis, rows), _days(analysis, rows, known),
        reads_of(analysis.table).t_us, step, LINE_US,
    )  # fmt: skip
    return replace(analysis, intervals=shaped, values=None)


def _series(analysis: MeterAnalysis, rows: NDArray[Any]) -> Series:
    to_utc = analysis.grid.to_utc
    return settlement.series_of(rows, to_utc(rows["start_us"]), to_utc(rows["end_us"]))


def _days(analysis: MeterAnalysis, rows: NDArray[Any], known: Known) -> Days:
    offset = int(np.median(analysis.table.offset_us))
    return settlement.days_between(rows["local_us"], known.weather, offset, known.country)


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
