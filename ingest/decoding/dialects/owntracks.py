"""OwnTracks: `owntracks/<user>/<device>`, one location per message.

Facts and pitfalls: docs/field/devices.md.
`tst` is the time of the fix in whole seconds. iOS omits `vel`, `cog`, `alt` and `acc` when zero,
Android also when unknown, and a speed of −1 means unknown: what is missing is not measured. Android
sends `vel` 0 for a fix without a speed too; the places decide (feature_kernels/driving/sources.py).
The `topic` in some bodies is informational; the MQTT topic identifies the device.
"""

from contracts.dialects import Dialect, DialectRoute
from ingest.decoding.decoded import Context, Decoded, Decoder
from ingest.decoding.json_body import json_object, number
from runtime.errors import DeadLetter, Reason


def decode_location(body: bytes, content_type: str | None, context: Context) -> Decoded:
    """Decode a location as one sample, a last will (`lwt`) as a status."""
    found = json_object(body)
    kind = found.get("_type")
    if kind == "encrypted":
        raise DeadLetter(Reason.ENCRYPTED, "an encrypted body; switch the phone's encryption off")
    if kind not in ("location", "lwt"):
        raise DeadLetter(Reason.UNSUPPORTED_TYPE, f"_type is {kind!r:.60}; expected location")
    tst = found.get("tst")
    if tst is None:
        raise DeadLetter(Reason.MISSING_FIELD, "tst: the time of the fix is missing")
    seconds = number(found, "tst")
    if seconds is None or abs(seconds) > 253_402_300_799:
        raise DeadLetter(Reason.BAD_TIME, f"tst is {tst!r:.60}; expected epoch seconds")
    observed_us = round(seconds * 1e6)
    if kind == "lwt":
        return Decoded(
            "status", [observed_us], {}, event_kind="status", event_json='{"online": false}'
        )
    lat, lon = number(found, "lat"), number(found, "lon")
    if lat is None or lon is None:
        raise DeadLetter(Reason.MISSING_FIELD, "lat and lon are needed")
    speed = number(found, "vel")
    course = number(found, "cog")
    columns: dict[str, list[float | None]] = {
        "lat_deg": [lat],
        "lon_deg": [lon],
        "speed_kmh": [speed if speed is None or speed >= 0 else None],
        "heading_deg": [course if course is None or course >= 0 else None],
        "altitude_m": [number(found, "alt")],
    }
    accuracy = number(found, "acc")
    if accuracy is not None:
        columns["accuracy_m"] = [accuracy if accuracy >= 0 else None]
    return Decoded("telemetry", [observed_us], {**columns})


DIALECT = Dialect[Decoder](
    name="owntracks",
    title="OwnTracks",
    routes=(
        DialectRoute(
            "telemetry",
            ("owntracks/{user}/{device}",),
            decode_location,
            ("owntracks/v1/location.json",),
        ),
    ),
    example="jane/phone",
)
