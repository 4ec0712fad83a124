"""Tasmota with a smart-meter script: `tele/<topic>/SENSOR`, registers of one meter per message.

Facts and pitfalls: docs/field/devices.md.
The user's script names the inner object and its keys; we accept the usual names. `Time` has no
offset: it is the meter's local time (the registry has its time zone). Zeros sent by a rebooted
device are kept: the register kernel distinguishes them from a reset.
"""

from typing import Any

from contracts.dialects import Dialect, DialectRoute
from ingest.decoding.decoded import Context, Decoded, Decoder
from ingest.decoding.json_body import json_object, number, text
from ingest.decoding.times import local_time
from runtime.errors import DeadLetter, Reason

_NAMES = {
    "register_kwh": ("Total_in", "total_in", "E_in", "Total_In"),
    "register_export_kwh": ("Total_out", "total_out", "E_out", "Total_Out"),
    "power_w": ("Power_curr", "power_curr", "Power_cur", "Power", "Power_total"),
    "voltage_v": ("Volt_p1", "volt_p1", "Voltage"),
}
_METER_NUMBER = ("Meter_number", "Meter_id", "meter_number", "Server_ID")


def decode_sensor(body: bytes, content_type: str | None, context: Context) -> Decoded:
    """Decode one reading."""
    found = json_object(body)
    time = found.get("Time")
    if time is None:
        raise DeadLetter(Reason.MISSING_FIELD, "Time is missing")
    if not isinstance(time, str):
        raise DeadLetter(Reason.BAD_TIME, f"Time is {time!r:.60}; expected 2022-07-07T13:01:11")
    meter = _meter_object(found)
    columns = {}
    for column, names in _NAMES.items():
        for name in names:
            value = number(meter, name)
            if value is not None:
                columns[column] = [value]
                break
    if not columns:
        raise DeadLetter(Reason.EMPTY, "no measured value")
    decoded = Decoded(
        "reading", [local_time(time, context.timezone, context.received_us)], {**columns}
    )
    name = next((name for name in _METER_NUMBER if name in meter), "")
    meter_number = text(meter, name)
    if meter_number is not None:
        decoded.meter_number = meter_number[:64]
    return decoded


def _meter_object(found: dict[str, Any]) -> dict[str, Any]:
    known = {name for names in _NAMES.values() for name in names[:1]} | {"E_in", "total_in"}
    inner = [value for value in found.values() if isinstance(value, dict)]
    for candidate in inner:
        if known & candidate.keys():
            return candidate
    raise DeadLetter(
        Reason.MISSING_FIELD,
        "no object with Total_in, Total_out or Power_curr; name them so in the meter's script",
    )


DIALECT = Dialect[Decoder](
    name="tasmota",
    title="Tasmota with a smart-meter script",
    routes=(
        DialectRoute(
            "reading", ("tele/{topic}/SENSOR",), decode_sensor, ("tasmota/v1/sensor.json",)
        ),
    ),
    example="cellar",
)
