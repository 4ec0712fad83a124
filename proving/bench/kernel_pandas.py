"""The outputs of the two large kernels as a data scientist would compute them with pandas.

It groups by device and uses rolling windows and runs by cumulative sums. The same kinds of rows
by the same thresholds, but without plausibility checks, carry and reconciliation: less work than
the kernels do.

"""

from typing import Any

import numpy as np
import pandas as pd

_ACCEL_BINS, _SPEED_BINS = np.arange(0.0, 5.2, 0.2), np.arange(0.0, 210.0, 10.0)


def frame(columns: dict[str, Any], t_us: Any, starts: Any) -> pd.DataFrame:
    """Return the columns as a data frame with `device` and `at`."""
    device = np.repeat(np.arange(starts.shape[0] - 1), np.diff(starts))
    return pd.DataFrame({"device": device, "at": pd.to_datetime(t_us, unit="us"), **columns})


def _runs(flag: pd.Series) -> pd.Series:
    """Number the runs of equal values."""
    return (flag != flag.shift()).cumsum()


def drive(rows: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Compute trips and events of many cars."""
    trips, events = [], []
    for device, car in rows.groupby("device"):
        found = _trips(car.set_index("at"))
        trips += [{"device": device, **trip} for trip in found]
        events += [{"device": device, **event} for event in _events(car.set_index("at"))]
    return pd.DataFrame(trips), pd.DataFrame(events)


def _trips(car: pd.DataFrame) -> list[dict[str, Any]]:
    car = car.assign(dt=car.index.to_series().diff().dt.total_seconds().fillna(0.0))
    moving = car["speed_kmh"] >= 5.0
    run = _runs(moving)
    length = car["dt"].groupby(run).transform("sum")
    parked = (~moving & (length >= 180.0)) | (car["dt"] > 300.0)
    car = car.assign(trip=_runs(parked), moving=moving)[~parked]
    before = car.groupby("trip")["speed_kmh"].shift()
    car["metres"] = 0.5 * (before + car["speed_kmh"]) / 3.6 * car["dt"]
    car["accel"] = car.groupby("trip")["speed_kmh"].diff(2) / 3.6 / 2.0
    hour = car.index.hour
    car["night"] = (hour >= 22) | (hour < 6)
    car["rush"] = (car.index.dayofweek < 5) & (((hour >= 7) & (hour < 9)) | (hour // 3 == 5))
    return [_trip(part) for _, part in car.groupby("trip") if part["metres"].sum() >= 150.0]


def _trip(part: pd.DataFrame) -> dict[str, Any]:
    driving = part[part["moving"]]
    fast = driving["speed_kmh"] > driving["speed_limit_kmh"] + 8.0
    return {
        "start": part.index[0],
        "end": part.index[-1],
        "distance_m": part["metres"].sum(),
        "driving_s": driving["dt"].sum(),
        "idle_s": part.loc[~part["moving"], "dt"].sum(),
        "night_s": driving.loc[driving["night"], "dt"].sum(),
        "rush_s": driving.loc[driving["rush"], "dt"].sum(),
        "speeding_s": driving.loc[fast, "dt"].sum(),
        "max_speed_kmh": part["speed_kmh"].max(),
        "accel_p95_mps2": driving["accel"].abs().quantile(0.95),
        "speed_p95_kmh": driving["speed_kmh"].quantile(0.95),
        "accel_hist_s": pd.cut(driving["accel"].abs(), _ACCEL_BINS).value_counts(sort=False),
        "speed_hist_s": pd.cut(driving["speed_kmh"], _SPEED_BINS).value_counts(sort=False),
    }


def _events(car: pd.DataFrame) -> list[dict[str, Any]]:
    along = car["accel_long_mps2"].ewm(halflife="300ms", times=car.index).mean()
    across = car["accel_lat_mps2"].ewm(halflife="300ms", times=car.index).mean()
    speed = car["speed_kmh"]
    fast = speed >= 10.0
    over = speed > car["speed_limit_kmh"] + 8.0
    events = [
        *_pulses("harsh_braking", car, (along <= -2.7) & fast, along),
        *_pulses("harsh_acceleration", car, (along >= 2.0) & fast, along),
        *_pulses("harsh_cornering", car, (across.abs() >= 2.9) & fast, across),
        *(e for e in _pulses("speeding", car, over, speed) if e["duration_s"] >= 10.0),
    ]
    size = np.hypot(car["accel_long_mps2"], car["accel_lat_mps2"])
    before = speed.rolling("4s").max()
    stands = speed[::-1].rolling(8).max()[::-1].shift(-2) < 5.0
    crash = (size >= 39.2) & (before >= 15.0) & stands
    return events + _pulses("crash", car, crash, size)


def _pulses(
    kind: str, car: pd.DataFrame, flag: pd.Series, value: pd.Series
) -> list[dict[str, Any]]:
    if not flag.any():
        return []
    run = _runs(flag)[flag]
    return [
        {
            "kind": kind,
            "start": part.index[0],
            "end": part.index[-1],
            "duration_s": (part.index[-1] - part.index[0]).total_seconds(),
            "peak": part.abs().max(),
            "delta_v_kmh": car.loc[part.index[-1], "speed_kmh"]
            - car.loc[part.index[0], "speed_kmh"],
        }
        for _, part in value[flag].groupby(run)
    ]


def consume(rows: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Compute intervals, days and anomalies of many meters."""
    results = [_meter(device, meter.set_index("at")) for device, meter in rows.groupby("device")]
    intervals, days, anomalies = zip(*results, strict=True)
    return pd.concat(intervals), pd.concat(days), pd.concat(anomalies)


def _meter(device: int, meter: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    if meter["register_kwh"].notna().any():
        register = meter["register_kwh"].resample("15min").mean()
        filled = register.interpolate("time")
        energy = filled.diff().shift(-1).dropna()
        missing = register.isna().reindex(energy.index)
    else:
        raw = meter["energy_kwh"].resample("15min").sum(min_count=1)
        missing = raw.isna()
        energy = raw.interpolate("time")
    intervals = pd.DataFrame({"device": device, "energy_kwh": energy, "estimated": missing})
    intervals["power_w"] = intervals["energy_kwh"] * 4_000.0
    days = _days(intervals)
    return intervals, days, _anomalies(device, intervals, days)


def _days(intervals: pd.DataFrame) -> pd.DataFrame:
    measured = intervals[~intervals["estimated"]]
    day = measured.resample("1D")
    night = measured[(measured.index.hour >= 22) | (measured.index.hour < 6)]
    hourly = measured["power_w"].resample("1h").mean()
    days = pd.DataFrame(
        {
            "energy_kwh": day["energy_kwh"].sum(),
            "estimated_kwh": intervals[intervals["estimated"]]["energy_kwh"].resample("1D").sum(),
            "present": day["energy_kwh"].count(),
            "min_w": day["power_w"].min(),
            "max_w": day["power_w"].max(),
            "peak_at": day["power_w"].apply(lambda p: p.idxmax() if len(p) else pd.NaT),
            "floor_w": hourly.resample("1D").apply(
                lambda h: h.nsmallest(2).iloc[-1] if len(h.dropna()) >= 18 else np.nan
            ),
            "night_kwh": night["energy_kwh"].resample("1D").sum(),
        }
    )
    days["night_share"] = days["night_kwh"] / days["energy_kwh"]
    days["base_load_w"] = days["floor_w"].rolling("28D", min_periods=3).median()
    return days


def _anomalies(device: int, intervals: pd.DataFrame, days: pd.DataFrame) -> pd.DataFrame:
    power = intervals["power_w"]
    highest = days["max_w"].rolling("28D", min_periods=7).max().shift()
    limit = np.maximum(2.0 * highest, highest + 1_000.0).reindex(power.index, method="ffill")
    low = days["floor_w"].rolling("3D").min()
    usual = days["floor_w"].rolling("28D", min_periods=10).median().shift(3)
    risen = (low > usual + np.maximum(70.0, 0.5 * usual)).reindex(power.index, method="ffill")
    same = power.diff().abs() <= 4e-3
    found = []
    for kind, flag, least in (
        ("spike", power > limit, 1),
        ("zero", power.abs() <= 1.0, 24),
        ("stuck", same & (power.abs() > 1.0), 48),
        ("gap", intervals["estimated"], 8),
        ("base_load_rise", risen.fillna(False).astype(bool), 96),
    ):
        for _, part in power[flag].groupby(_runs(flag)[flag]):
            if len(part) >= least:
                found.append(
                    {"device": device, "kind": kind, "start": part.index[0],
                     "end": part.index[-1], "observed": part.max()}
                )  # fmt: skip
    return pd.DataFrame(found)
