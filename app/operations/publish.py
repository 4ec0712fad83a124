"""`tachowatt publish`: turn a recording into the messages that its device would send."""

import json
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np

from app.operations.timestamps import as_datetime
from app.recordings.read import FIND_OUT, Options, Table, read_meter_table, read_trip_table
from contracts.dialects import NATIVE, Dialect
from contracts.topics import NAME
from contracts.units import METER_NAMES, VEHICLE_NAMES
from ingest.decoding.catalogue import BY_NAME
from ingest.decoding.decoded import Context, Decoder
from runtime.errors import DeadLetter, Usage
from simulators.encode import Message, backlog_cuts, native_messages
from simulators.foreign import ENCODERS
from simulators.sensors import Series
from store.postgres.times import to_us

_MOST_SAMPLES = 10_000


def messages_of(
    file: Path,
    device: str,
    dialect: str,
    start: str | None,
    tz: str | None,
    mapping: Sequence[str],
    samples: int,
    now_us: int,
    options: Options = FIND_OUT,
    note: Callable[[str], None] = lambda text: None,
) -> list[Message]:
    """Return the messages of a file, in order of sending time.

    device : its address in the dialect, such as tenant/device for the native one.
    start : time of t_s = 0; by default such a recording ends now.
    options : what is stated about the file's form. note : takes what was guessed about it.

    Raises `Usage`.
    """
    spoken = BY_NAME.get(dialect)
    if spoken is None:
        raise Usage(f"--dialect {dialect!r}: expected {_either(BY_NAME)}")
    tenant, name = _split(device, spoken)
    if file.suffix in (".jsonl", ".ndjson"):
        return _bodies(file, device, spoken, tenant, name, now_us)
    table, kind = _read(file, tz, mapping, options)
    for guess in table.guesses:
        note(guess.sentence())
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
    if dialect != NATIVE:
        encoder = ENCODERS.get(dialect)
        if encoder is None:
            raise Usage(f"{file}: a recording cannot become {spoken.title}; give bodies as .jsonl")
        if not all(column in columns for column in encoder.needs):
            raise Usage(f"{file}: {encoder.says}")
        return encoder.encode(series, table.offset_us, tenant, name, device)
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


def _either(names: Iterable[str]) -> str:
    """native, owntracks or tasmota"""
    *others, last = names
    return f"{', '.join(others)} or {last}" if others else last


def _split(device: str, dialect: Dialect[Decoder]) -> tuple[str, str]:
    parts = device.split("/")
    if not dialect.is_address(device) or not all(NAME.match(part) for part in parts):
        raise Usage(
            f"--device {device!r}: a device of dialect {dialect.name} is given as {dialect.address}"
        )
    return "/".join(parts[:-1]), parts[-1]


def _read(
    file: Path, tz: str | None, mapping: Sequence[str], options: Options
) -> tuple[Table, str]:
    """Read a meter's table if the file (or the mapping) has meter columns, else a vehicle's."""
    try:
        return read_meter_table(file, tz, mapping, options=options), "reading"
    except Usage as no_meter:
        try:
            return read_trip_table(file, tz, mapping, options=options), "telemetry"
        except Usage as no_trip:
            is_meter = any("kwh" in text for text in (str(no_trip), *mapping))
            raise (no_meter if is_meter else no_trip) from None


def _bodies(
    file: Path, device: str, dialect: Dialect[Decoder], tenant: str, name: str, now_us: int
) -> list[Message]:
    """Return one body per line, unchanged."""
    found = []
    if not file.is_file():
        raise Usage(f"{file}: no such file")
    for number, line in enumerate(file.read_bytes().splitlines(), start=1):
        if not line.strip():
            continue
        if dialect.name == NATIVE:
            try:
                kind = "telemetry" if set(json.loads(line)) & set(VEHICLE_NAMES) else "reading"
            except (ValueError, TypeError):
                raise Usage(f"{file}, line {number}: not a JSON object") from None
        else:
            kind = _kind(line, dialect, now_us)
        topic = dialect.topics_of(kind, device)[0]
        found.append(Message(now_us, topic, line, tenant, name, samples=1))
    return found


def _kind(body: bytes, dialect: Dialect[Decoder], now_us: int) -> str:
    """Return the first kind that a body can be decoded as; else the first of all."""
    if len(dialect.routes) > 1:
        context = Context("UTC", now_us, _MOST_SAMPLES)
        for route in dialect.routes:
            with suppress(DeadLetter):
                route.decoder(body, None, context)
                return route.kind
    return dialect.routes[0].kind
