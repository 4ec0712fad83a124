"""Messages: what a device puts on the wire, and the little a publisher must know about it.

`oldest` is known only at the moment of sending, so a native message keeps its body without it and
puts it in front when asked (`Message.payload`).
"""

import json
import math
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import cbor2
import numpy as np

from simulators.sensors import Series

JSON = "application/json"
CBOR = "application/cbor"
_MS_US = 1_000
_FLOAT64_LE = 86
"""RFC 8746: a byte string of little-endian IEEE doubles."""


@dataclass(slots=True)
class Message:
    """One message of one device.

    due_us : int, when the device sends it (virtual time, epoch µs)
    tail : bytes, the body; for a native message with seq, all but its first field
    seq : number within `run`, or None where the dialect has none (or the message is a fault)
    first_us, last_us : the device's time of its first and last sample; 0 in foreign dialects
    fault : '' for a good message, else what it is: corrupt, unknown, boot_zero, duplicate
    """

    due_us: int
    topic: str
    tail: bytes
    tenant: str
    device: str
    content_type: str | None = None
    seq: int | None = None
    run: int = 0
    samples: int = 0
    fault: str = ""
    first_us: int = 0
    last_us: int = 0

    def payload(self, oldest: int | None = None) -> bytes:
        """The body to send; `oldest` is the lowest seq that the device still holds."""
        if self.seq is None:
            return self.tail
        if oldest is None:
            oldest = self.seq
        if self.content_type == CBOR:
            return self.tail[:1] + b"\x66oldest" + struct.pack(">BI", 0x1A, oldest) + self.tail[1:]
        return b'{"oldest":%d,' % oldest + self.tail


def topic(tenant: str, device: str, kind: str) -> str:
    """The native topic of a kind of message."""
    return f"tw/v1/{tenant}/{device}/{kind}"


def iso(t_us: int) -> str:
    """RFC 3339 in UTC, with milliseconds only where there are some."""
    whole, rest = divmod(t_us // _MS_US, 1_000)
    text = datetime.fromtimestamp(whole, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{rest:03d}Z" if rest else f"{text}Z"


def native_body(
    series: Series,
    seq: int | None = None,
    run: int = 0,
    scalars: dict[str, Any] | None = None,
    encoding: str = "json",
) -> bytes:
    """Encode samples for `Message.tail`.

    Parameters
    ----------
    series : Series, at least one row; columns that are NaN throughout are left out
    seq : with it, the first field (`oldest`) is left open for `Message.payload`
    encoding : json, cbor (plain arrays) or cbor-typed (RFC 8746 arrays of float64)
    """
    t0 = int(series.t_us[0]) // _MS_US
    body: dict[str, Any] = {"v": 1}
    if seq is not None:
        body |= {"run": run, "seq": seq}
    body["t0"] = iso(t0 * _MS_US)
    body["dt_ms"] = (series.t_us // _MS_US - t0).tolist()
    body |= scalars or {}
    for name, values in series.columns.items():
        missing = np.isnan(values)
        if missing.all():
            continue
        if encoding == "cbor-typed":
            body[name] = cbor2.CBORTag(_FLOAT64_LE, values.astype("<f8").tobytes())
        elif missing.any():
            body[name] = [None if math.isnan(v) else v for v in values.tolist()]
        else:
            body[name] = values.tolist()
    if encoding == "json":
        text = json.dumps(body, separators=(",", ":")).encode()
        return text if seq is None else text[1:]
    data = cbor2.dumps(body)
    return data if seq is None else bytes([data[0] + 1]) + data[1:]  # one more pair: oldest


def native_messages(
    series: Series,
    wall_us: np.ndarray,
    cuts: Iterable[tuple[int, int]],
    tenant: str,
    device: str,
    kind: str,
    first_seq: int,
    encoding: str = "json",
    scalars: dict[str, Any] | None = None,
    run: int = 0,
) -> list[Message]:
    """One message for each (first, end) of `cuts`, sent when its last row is known.

    Another simulation of the same devices counts its seq anew, so it needs a higher `run`.
    """
    where = topic(tenant, device, kind)
    media = JSON if encoding == "json" else CBOR
    messages = []
    for number, (first, end) in enumerate(cuts):
        seq = first_seq + number
        tail = native_body(series.part(first, end), seq, run, scalars, encoding)
        due = int(wall_us[end - 1])
        message = Message(due, where, tail, tenant, device, media, seq, run, end - first)
        message.first_us, message.last_us = int(series.t_us[first]), int(series.t_us[end - 1])
        messages.append(message)
    return messages


def owntracks_messages(series: Series, tenant: str, device: str, address: str) -> list[Message]:
    """One location a message; acc, alt, cog and vel are left out when they are zero."""
    where = f"owntracks/{address}"
    names = ("lat_deg", "lon_deg", "accuracy_m", "altitude_m", "heading_deg", "speed_kmh")
    columns = [series.columns[name].tolist() for name in names]
    tracker = device[-2:]
    messages = []
    for t_us, lat, lon, acc, alt, cog, vel in zip(series.t_us.tolist(), *columns, strict=True):
        tst = t_us // 1_000_000
        body: dict[str, Any] = {"_type": "location", "lat": lat, "lon": lon, "tst": tst}
        for key, value in (("acc", acc), ("alt", alt), ("cog", cog), ("vel", vel)):
            if int(value):
                body[key] = int(value)
        body |= {"tid": tracker, "t": "u", "batt": 80}
        tail = json.dumps(body, separators=(",", ":")).encode()
        messages.append(Message(t_us, where, tail, tenant, device, samples=1))
    return messages


def tasmota_body(local: str, total_in: float, total_out: float, power: float, number: str) -> bytes:
    """A SENSOR telegram; `local` is the device's wall clock, without an offset."""
    return (
        f'{{"Time":"{local}","SML":{{"Total_in":{total_in:.4f},"Total_out":{total_out:.4f},'
        f'"Power_curr":{power:.0f},"Meter_number":"{number}"}}}}'
    ).encode()


def tasmota_messages(
    series: Series, offsets_us: np.ndarray, tenant: str, device: str, address: str, number: str
) -> list[Message]:
    """One telegram a message; `offsets_us` is local time's offset from UTC for each row."""
    where = f"tele/{address}/SENSOR"
    local = np.datetime_as_string(
        ((series.t_us + offsets_us) // 1_000_000).astype("datetime64[s]"), unit="s"
    ).tolist()
    names = ("register_kwh", "register_export_kwh", "power_w")
    columns: list[Sequence[float]] = [series.columns[name].tolist() for name in names]
    return [
        Message(t, where, tasmota_body(text, a, b, p, number), tenant, device, samples=1)
        for t, text, a, b, p in zip(series.t_us.tolist(), local, *columns, strict=True)
    ]


def live_cuts(t_us: np.ndarray, seconds: float = 30.0, rows: int = 60) -> list[tuple[int, int]]:
    """Cut a live stream: at most `seconds` and `rows` to a message."""
    until = np.searchsorted(t_us, t_us + round(seconds * 1e6), side="left").tolist()
    cuts, first = [], 0
    while first < len(t_us):
        end = min(max(until[first], first + 1), first + rows)
        cuts.append((first, end))
        first = end
    return cuts


def backlog_cuts(n: int, rows: int) -> list[tuple[int, int]]:
    """Cut a backlog into messages of `rows` samples."""
    return [(first, min(first + rows, n)) for first in range(0, n, rows)]
