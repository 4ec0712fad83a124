"""What a meter shows of a home: intervals, a register, or what a Tasmota reader makes of one."""

from dataclasses import dataclass, replace

import numpy as np

from simulators import anomalies
from simulators.anomalies import Anomaly
from simulators.household import STEP_US, Calendar, Home, load
from simulators.sensors import Series

INTERVAL_S = 900
_WH5_PER_KWH = 12_000.0
"""Watts, held for five minutes, in a kilowatt-hour."""
_S_US = 1_000_000


@dataclass(frozen=True, slots=True)
class MeterTraits:
    """What distinguishes one meter from the next.

    start_kwh : register at the calendar's start; digits : places before the decimal point at which
    the register rolls over; resolution_kwh : its last place; phase_s : seconds by which a Tasmota's
    messages lie off the full interval; exchange_step : calendar step of an exchange, −1 = none.
    """

    kind: str
    number: str
    start_kwh: float
    digits: int = 6
    resolution_kwh: float = 0.001
    interval_s: int = INTERVAL_S
    phase_s: int = 0
    exchange_step: int = -1
    next_number: str = ""


@dataclass(slots=True)
class MeterRecord:
    """All that one meter device recorded, and when each reading became known.

    numbers : (row from which it is valid, meter number); wall_us : int64[n], the time
    at which the device could send the row.
    """

    series: Series
    wall_us: np.ndarray
    numbers: list[tuple[int, str]]


def steps_per_interval(traits: MeterTraits) -> int:
    """Calendar steps in one of the meter's intervals."""
    return max(traits.interval_s * _S_US // STEP_US, 1)


def record(
    home: Home,
    calendar: Calendar,
    traits: MeterTraits,
    anomaly: Anomaly | None,
    rng: np.random.Generator,
) -> MeterRecord:
    """Run a home over the calendar and read its meter.

    Returns
    -------
    MeterRecord
        interval: energy_kwh of the interval that starts at t (net; PV makes it negative);
        register: register_kwh at t; tasmota: register_kwh, register_export_kwh and power_w at t.
    """
    if traits.kind == "register":
        home = replace(home, pv_w=0.0)  # an import register stands still in the sun, for hours
    power = load(home, calendar, rng)
    anomalies.change_load(anomaly, power, steps_per_interval(traits))
    if traits.kind == "interval":
        return _intervals(calendar, power, traits, anomaly)
    return _registers(calendar, power, traits, anomaly)


def _intervals(
    calendar: Calendar, power: np.ndarray, traits: MeterTraits, anomaly: Anomaly | None
) -> MeterRecord:
    width = steps_per_interval(traits)
    whole = len(power) // width * width
    kwh = np.round(power[:whole].reshape(-1, width).sum(axis=1) / _WH5_PER_KWH, 3)
    t = calendar.t_us[:whole:width].copy()
    t0 = int(calendar.t_us[0])
    anomalies.change_intervals(anomaly, t, kwh, t0)
    keep = anomalies.kept(anomaly, t, t0)
    series = Series(t[keep], {"energy_kwh": kwh[keep]})
    return MeterRecord(series, series.t_us + traits.interval_s * _S_US, [(0, traits.number)])


def _registers(
    calendar: Calendar, power: np.ndarray, traits: MeterTraits, anomaly: Anomaly | None
) -> MeterRecord:
    t0 = int(calendar.t_us[0])
    span = len(power) * STEP_US
    offsets = np.arange(traits.phase_s * _S_US, span, traits.interval_s * _S_US, dtype=np.int64)
    t = t0 + offsets
    edges = STEP_US * np.arange(len(power) + 1, dtype=np.int64)

    def counted(values: np.ndarray) -> np.ndarray:
        total = np.concatenate([[0.0], np.cumsum(np.maximum(values, 0.0) / _WH5_PER_KWH)])
        return np.asarray(np.interp(offsets, edges, total))

    used = traits.start_kwh + counted(power)
    numbers = [(0, traits.number)]
    if traits.exchange_step >= 0:
        row = int(np.searchsorted(offsets, traits.exchange_step * STEP_US))
        if 0 < row < len(used):
            used[row:] -= used[row - 1]  # the new meter starts from nought
            numbers.append((row, traits.next_number))
    anomalies.change_register(anomaly, t, used, t0)
    used = np.round(used / traits.resolution_kwh) * traits.resolution_kwh
    used = np.round(used % 10.0**traits.digits, 4)
    keep = anomalies.kept(anomaly, t, t0)
    columns = {"register_kwh": used[keep]}
    if traits.kind == "tasmota":
        now = power[np.minimum(offsets // STEP_US, len(power) - 1)]
        columns["register_export_kwh"] = np.round(1_000.0 + counted(-power), 4)[keep]
        columns["power_w"] = np.round(now)[keep]
    series = Series(t[keep], columns)
    return MeterRecord(series, series.t_us, numbers)
