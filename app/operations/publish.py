"""`tachowatt publish`: a recording as the messages that its device would have sent."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from app.operations.registry_import import as_datetime
from app.recordings.read import Table, read_meter_table, read_trip_table
from contracts.topics import NAME
from contracts.units import METER_NAMES, VEHICLE_NAMES
from runtime.errors import Usage
from simulators.encode import (
    Message,
    backlog_cuts,
    native_messages,
    owntracks_messages,
    tasmota_messages,
)
from simulators.sensors import Series
from store.postgres.times import to_us

_OWNTRACKS = ("lat_deg", "lon_deg", "accuracy_m", "altitude_m", "heading_deg", "speed_kmh")


def messages_of(
    file: Path,
    device: str,
    dialect: str,
    start: str | None,
    tz: str | None,
    mapping: Sequence[str],
    samples: int,
    now_us: int,
) -> list[Message]:
    """The messages of a file, by the time at which each can be sent.

    device : tenant/device (native), user/device (owntracks) or the topic's name (tasmota).
    start : when t_s = 0 was; without it such a recording ends now. Raises `Usage`.
    """
    if dialect not in ("native", "owntracks", "tasmota"):
        raise Usage(f"--dialect {dialect!r}: expected native, owntracks or tasmota")
    tenant, name = _split(device, dialect)
    if file.suffix in (".jsonl", ".ndjson"):
        return _bodies(file, device, dialect, tenant, name, now_us)
    table, kind = _read(file, tz, mapping)
    shift_us = 0
    if not table.absolute:
        if start is not None:
            shift_us = to_us(as_datetime(start)) - int(table.t_us[0])
            shift_us += round(table.seconds(int(table.t_us[0])) * 1e6)
        else:
            shift_us = now_us - int(table.t_us[-1])
    t_us = table.t_us + shift_us
    names = VEHICLE_NAMES if kind == "telemetry" else METER_NAMES
    columns = {n: v for n, v in table.columns.items() if n in names and n != "meter_key"}
    series = Series(t_us, columns)
    if dialect == "owntracks":
        return owntracks_messages(_for_owntracks(series, file), tenant, name, device)
    if dialect == "tasmota":
        if "register_kwh" not in columns:
            raise Usage(f"{file}: a Tasmota sends registers; the file needs register_kwh")
        return tasmota_messages(_for_tasmota(series), table.offset_us, tenant, name, device, "")
    scalars = None
    if kind == "reading" and "interval_s" not in columns and "energy_kwh" in columns:
        steps = np.diff(t_us)
        values, counts = np.unique(steps, return_counts=True)
        scalars = {"interval_s": float(values[counts.argmax()]) / 1e6} if len(steps) else None
    elif "interval_s" in columns:
        scalars = {"interval_s": float(np.nanmax(columns.pop("interval_s")))}
    cuts = backlog_cuts(len(t_us), samples)
    run = now_us // 1_000_000
    return native_messages(series, t_us, cuts, tenant, name, kind, 1, scalars=scalars, run=run)


def _split(device: str, dialect: str) -> tuple[str, str]:
    parts = device.split("/")
    wanted = 1 if dialect == "tasmota" else 2
    if len(parts) != wanted or not all(NAME.match(part) for part in parts):
        form = {"native": "tenant/device", "owntracks": "user/device", "tasmota": "topic"}[dialect]
        raise Usage(f"--device {device!r}: a device of dialect {dialect} is given as {form}")
    return (parts[0], parts[1]) if wanted == 2 else ("", parts[0])


def _read(file: Path, tz: str | None, mapping: Sequence[str]) -> tuple[Table, str]:
    """A meter's table where the file (or the mapping) has a meter's columns, else a vehicle's."""
    try:
        return read_meter_table(file, tz, mapping), "reading"
    except Usage as no_meter:
        try:
            return read_trip_table(file, tz, mapping), "telemetry"
        except Usage as no_trip:
            is_meter = any("kwh" in text for text in (str(no_trip), *mapping))
            raise (no_meter if is_meter else no_trip) from None


def _bodies(
    file: Path, device: str, dialect: str, tenant: str, name: str, now_us: int
) -> list[Message]:
    """One body a line, sent as it stands."""
    found = []
    if not file.is_file():
        raise Usage(f"{file}: no such file")
    for number, line in enumerate(file.read_bytes().splitlines(), start=1):
        if not line.strip():
            continue
        topic = {"owntracks": f"owntracks/{device}", "tasmota": f"tele/{device}/SENSOR"}.get(
            dialect
        )
        if topic is None:
            try:
                kind = "telemetry" if set(json.loads(line)) & set(VEHICLE_NAMES) else "reading"
            except (ValueError, TypeError):
                raise Usage(f"{file}, line {number}: not a JSON object") from None
            topic = f"tw/v1/{device}/{kind}"
        found.append(Message(now_us, topic, line, tenant, name, samples=1))
    return found


def _for_owntracks(series: Series, file: Path) -> Series:
    if "lat_deg" not in series.columns:
        raise Usage(f"{file}: OwnTracks sends positions; the file needs lat_deg and lon_deg")
    whole = np.isfinite(series.columns["lat_deg"]) & np.isfinite(series.columns["lon_deg"])
    missing = np.zeros(len(series.t_us))
    columns = {name: np.nan_to_num(series.columns.get(name, missing))[whole] for name in _OWNTRACKS}
    return Series(series.t_us[whole], columns)


def _for_tasmota(series: Series) -> Series:
    missing = np.zeros(len(series.t_us))
    names = ("register_kwh", "register_export_kwh", "power_w")
    return Series(series.t_us, {n: np.nan_to_num(series.columns.get(n, missing)) for n in names})
