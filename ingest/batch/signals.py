"""Make signals from features, for the outbox."""

from collections.abc import Iterable, Mapping
from typing import Any

from contracts.kinds import ANOMALIES, CRASH, SIGNAL_OF_PHASE, SignalType
from contracts.signals import (
    DATA,
    Data,
    DrivingEvent,
    MeterAnomaly,
    TripCompleted,
    VehicleCrash,
    signal_id,
)
from customer_context.identity.holders import Device
from store.pipeline.feature_tables import ANOMALY, ANOMALY_NAMES, DRIVING_EVENT, EVENT_NAMES, TRIP
from store.pipeline.features import Change, Rows
from store.postgres.times import from_us
from store.signals.outbox import SignalRow


def signals_of(rows: Mapping[str, Rows], devices: Mapping[int, Device]) -> list[SignalRow]:
    """Make the signals of newly decided features, table by table."""
    return [
        _signal(name, row, devices)
        for name in (TRIP.name, DRIVING_EVENT.name, ANOMALY.name)
        if name in rows
        for row in rows[name]
    ]


def corrections(changes: Iterable[Change], devices: Mapping[int, Device]) -> list[SignalRow]:
    """Make signals that correct earlier ones: of new, changed and retracted features.

    An event whose end has changed is a new row but the same signal: it is corrected and not
    retracted.
    """
    retracted: dict[str, SignalRow] = {}
    valid: dict[str, SignalRow] = {}
    for change in changes:
        if change.table not in (TRIP.name, DRIVING_EVENT.name, ANOMALY.name):
            continue
        if change.new is not None:
            signal = _signal(change.table, change.new, devices)
            valid[signal.id] = signal
        elif change.old is not None:
            signal = _signal(change.table, change.old, devices, retracted=True)
            retracted[signal.id] = signal
    return [*(retracted | valid).values()]


def _signal(
    table: str, row: Any, devices: Mapping[int, Device], *, retracted: bool = False
) -> SignalRow:
    device = devices[int(row["device_id"])]
    start_us = int(row["start_us"])
    type_, episode, time_us, data = _READERS[table](row)
    if retracted:
        data = data.model_copy(update={"retracted": True})
    holder = device.holder_at(start_us)
    assert isinstance(data, DATA[type_])
    return SignalRow(
        signal_id(device.tenant, device.device, type_, episode),
        device.tenant,
        device.device_id,
        type_,
        None if holder is None else holder.subject,
        time_us,
        data.model_dump(),
    )


def _trip(row: Any) -> tuple[str, str, int, Data]:
    data = TripCompleted(
        started_at=_at(row["start_us"]),
        ended_at=_at(row["end_us"]),
        distance_m=_number(row["distance_m"]),
        driving_s=_number(row["driving_s"]),
        idle_s=_number(row["idle_s"]),
        night_s=_number(row["night_s"]),
        speeding_s=_number(row["speeding_s"]),
        max_speed_kmh=_number(row["max_speed_kmh"]),
    )
    return SignalType.TRIP_COMPLETED, str(row["start_us"]), int(row["end_us"]), data


def _event(row: Any) -> tuple[str, str, int, Data]:
    kind = EVENT_NAMES[int(row["kind"])]
    start_us, severity = int(row["start_us"]), int(row["severity"])
    if kind == CRASH:
        crash = VehicleCrash(
            at=_at(start_us),
            severity=severity,
            peak_mps2=_number(row["peak_mps2"]),
            delta_v_kmh=_number(row["delta_v_kmh"]),
            speed_kmh=_number(row["speed_kmh"]),
        )
        return SignalType.VEHICLE_CRASH, str(start_us), start_us, crash
    event = DrivingEvent.model_validate(
        {
            "kind": kind,
            "started_at": _at(start_us),
            "ended_at": _at(row["end_us"]),
            "severity": severity,
            "peak_mps2": _number(row["peak_mps2"]),
            "excess_kmh": _number(row["excess_kmh"]),
        }
    )
    return SignalType.DRIVING_EVENT, f"{kind} {start_us}", int(row["end_us"]), event


def _anomaly(row: Any) -> tuple[str, str, int, Data]:
    kind = ANOMALY_NAMES[int(row["kind"])]
    data = MeterAnomaly.model_validate(
        {
            "kind": kind,
            "started_at": _at(row["start_us"]),
            "ended_at": _at(row["end_us"]) if int(row["end_us"]) > 0 else None,
            "severity": int(row["severity"]),
            "observed": _number(row["observed"]),
            "expected": _number(row["expected"]),
            "threshold": _number(row["threshold"]),
            "unit": ANOMALIES[kind].unit,
        }
    )
    time_us = int(row["decided_us"])
    type_ = SIGNAL_OF_PHASE[int(row["phase"])]
    return type_, f"{kind} {int(row['start_us'])}", time_us, data


_READERS = {TRIP.name: _trip, DRIVING_EVENT.name: _event, ANOMALY.name: _anomaly}


def _at(us: Any) -> str:
    return from_us(int(us)).isoformat()


def _number(value: Any) -> float | None:
    return None if value != value else float(value)
