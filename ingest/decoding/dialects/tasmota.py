"""Tasmota with a smart-meter script: `tele/<topic>/SENSOR`, registers of one meter per message.

Facts and pitfalls: docs/field/devices.md.
The user's script names the inner object and its keys. `_NAMES` are the usual ones; the registry's
`mapping` names others, and the object where a message has several meters. `Time` has no offset: it
is the meter's local time (the registry has its time zone). Zeros sent by a rebooted device are
kept: the register kernel distinguishes them from a reset.
"""

from collections.abc import Mapping
from typing import Any

from contracts.dialects import Dialect, DialectRoute
from ingest.decoding.decoded import Context, Decoded, Decoder
from ingest.decoding.json_body import json_object, number, text
from ingest.decoding.times import local_time
from runtime.errors import DeadLetter, Reason

REGISTERS = ("register_kwh", "register_t1_kwh", "register_t2_kwh", "register_export_kwh")

_TARIFFS = ("register_t1_kwh", "register_t2_kwh")
"""Both are all of the import, where a script names no total."""

_NAMES: Mapping[str, tuple[str, ...]] = {
    # Total_in and the like are the examples of Tasmota's documentation; 1_8_0 is the OBIS code.
    "register_kwh": ("Total_in", "total_in", "E_in", "Total_In", "1_8_0", "1.8.0"),
    "register_t1_kwh": ("Total_in_t1", "Total_in_T1", "E_in_t1", "1_8_1", "1.8.1"),
    "register_t2_kwh": ("Total_in_t2", "Total_in_T2", "E_in_t2", "1_8_2", "1.8.2"),
    "register_export_kwh": ("Total_out", "total_out", "E_out", "Total_Out", "2_8_0", "2.8.0"),
    "power_w": (
        *("Power_curr", "power_curr", "Power_cur", "Power", "Power_total", "16_7_0", "16.7.0"),
    ),
    "voltage_v": ("Volt_p1", "volt_p1", "Voltage", "32_7_0", "32.7.0"),
    "meter_number": ("Meter_number", "Meter_id", "meter_number", "Server_ID"),
}
"""What a script may name → the names that are known without a mapping."""

_RANKS = (REGISTERS, ("power_w",), ("voltage_v",))
"""An object with a register comes before one with power, and that before one with voltage only."""

_MAX_SHOWN = 12


def decode_sensor(body: bytes, content_type: str | None, context: Context) -> Decoded:
    """Decode one reading."""
    found = json_object(body)
    time = found.get("Time")
    if time is None:
        raise DeadLetter(Reason.MISSING_FIELD, "Time is missing")
    if not isinstance(time, str):
        raise DeadLetter(Reason.BAD_TIME, f"Time is {time!r:.60}; expected 2022-07-07T13:01:11")
    keys = _mapped(found, context.mapping) if context.mapping else _guessed(found)
    meter = found[keys.pop("object")]
    number_key = keys.pop("meter_number", "")
    columns = {
        column: [value] for column, key in keys.items() if (value := number(meter, key)) is not None
    }
    if not columns:
        raise DeadLetter(Reason.EMPTY, "no measured value")
    decoded = Decoded(
        "reading", [local_time(time, context.timezone, context.received_us)], {**columns}
    )
    meter_number = text(meter, number_key)
    if meter_number is not None:
        decoded.meter_number = meter_number[:64]
    return decoded


def propose(body: bytes) -> list[dict[str, str]]:
    """Return the mappings that a body leaves to choose from: one for each object with numbers.

    An object without a register that is known gets its first unknown number as an example, which
    its owner has to check. Empty if the body needs no mapping or has none.
    """
    try:
        found = json_object(body)
        _guessed(found)
    except DeadLetter as dead:
        if dead.reason not in (Reason.AMBIGUOUS, Reason.MISSING_FIELD):
            return []
    else:
        return []
    choices = []
    for name, meter in sorted(_objects(found).items()):
        keys = _known(meter)
        unknown = _unknown_numbers(meter)
        if "register_kwh" not in keys and unknown:
            keys = {"register_kwh": unknown[0], **keys}
        if any(column in keys for column in REGISTERS):
            choices.append({"object": name, **keys})
    return choices


def _mapped(found: Mapping[str, Any], mapping: Mapping[str, str]) -> dict[str, str]:
    """Return `object` and column → key as the registry says, known names for what it leaves out.

    Raises `DeadLetter`: missing_field, where object or key is absent.
    """
    objects = _objects(found)
    name = mapping.get("object")
    if name is None:
        wanted = {key for what, key in mapping.items() if what != "object"}
        fitting = sorted(n for n, meter in objects.items() if wanted & meter.keys())
        if len(fitting) > 1:
            raise _ambiguous({n: objects[n] for n in fitting})
        name = fitting[0] if fitting else None
    if name not in objects:
        raise DeadLetter(
            Reason.MISSING_FIELD,
            f"the registry's mapping {dict(mapping)} fits no object; {_seen(objects)}",
        )
    keys = {what: key for what, key in mapping.items() if what != "object"}
    absent = sorted(key for key in keys.values() if key not in objects[name])
    if absent:
        raise DeadLetter(
            Reason.MISSING_FIELD,
            f"the registry's mapping names {', '.join(absent)} in {name}; {_seen(objects)}",
        )
    found_keys = {**_known(objects[name]), **keys}
    if not keys and "register_kwh" not in found_keys and _unknown_numbers(objects[name]):
        raise _unreadable("no register of import has a name that is known", {name: objects[name]})
    return {"object": name, **found_keys}


def _guessed(found: Mapping[str, Any]) -> dict[str, str]:
    """Return `object` and column → key by the names that are known; independent of their order.

    Raises `DeadLetter`: ambiguous, or missing_field where a register may stand under a name that is
    not known.
    """
    objects = _objects(found)
    known = {name: _known(meter) for name, meter in objects.items()}
    for rank in _RANKS:
        best = sorted(name for name, keys in known.items() if any(c in keys for c in rank))
        if len(best) > 1:
            raise _ambiguous({name: objects[name] for name in best})
        if best:
            name = best[0]
            break
    else:
        raise _unreadable("no object has a name that is known", objects)
    if "register_kwh" in known[name] or all(tariff in known[name] for tariff in _TARIFFS):
        return {"object": name, **known[name]}
    # An export register alone, or power alone, is all that there is only if nothing else can be
    # the import register.
    others = {name} if rank is REGISTERS else set(objects)
    if any(_unknown_numbers(objects[other]) for other in others):
        raise _unreadable("no register of import has a name that is known", objects)
    return {"object": name, **known[name]}


def _objects(found: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    return {name: value for name, value in found.items() if isinstance(value, dict)}


def _known(meter: Mapping[str, Any]) -> dict[str, str]:
    """Return column → its key in this object, by the names that are known."""
    return {
        column: key
        for column, names in _NAMES.items()
        if (key := next((name for name in names if meter.get(name) is not None), None)) is not None
    }


def _unknown_numbers(meter: Mapping[str, Any]) -> list[str]:
    known = {name for names in _NAMES.values() for name in names}
    return sorted(
        key
        for key, value in meter.items()
        if key not in known and isinstance(value, int | float) and not isinstance(value, bool)
    )


def _ambiguous(objects: Mapping[str, Mapping[str, Any]]) -> DeadLetter:
    return DeadLetter(
        Reason.AMBIGUOUS,
        f"{len(objects)} objects may be the meter; {_seen(objects)}. The registry says which: "
        f"`mapping: {{object: {min(objects)}}}` of the device",
    )


def _unreadable(what: str, objects: Mapping[str, Mapping[str, Any]]) -> DeadLetter:
    return DeadLetter(
        Reason.MISSING_FIELD,
        f"{what}; {_seen(objects)}. Name it Total_in in the meter's script, or in the registry: "
        "`mapping: {register_kwh: <its name>}` of the device",
    )


def _seen(objects: Mapping[str, Mapping[str, Any]]) -> str:
    if not objects:
        return "there is no object"
    shown = []
    for name, meter in sorted(objects.items())[:_MAX_SHOWN]:
        keys = ", ".join(f"{key:.40}" for key in sorted(meter)[:_MAX_SHOWN])
        shown.append(f"{name:.40} has {keys or 'no key'}")
    return "; ".join(shown)


DIALECT = Dialect[Decoder](
    name="tasmota",
    title="Tasmota with a smart-meter script",
    routes=(
        DialectRoute(
            "reading", ("tele/{topic}/SENSOR",), decode_sensor, ("tasmota/v1/sensor.json",)
        ),
    ),
    example="cellar",
    mapping=("object", *_NAMES),
    propose=propose,
)
