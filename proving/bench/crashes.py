"""Crashing cars for `tachowatt bench latency`.

All samples but the last are sent before the load; the last one, sent during it, decides the crash.
"""

import json
from collections.abc import Mapping, Sequence

from runtime.clock import US_PER_S
from simulators.encode import JSON, Message, iso, topic

_DRIVES_S, _STANDS_S = 50, 6
_IMPULSE_MPS2 = -60.0
"""More than 6 g along the car; the kernel detects a crash from 4 g on (parameters.crash_mps2)."""


def online(tenant: str, device: str, at_us: int) -> Message:
    """Return a first message of a standing car, so that the device is known."""
    body = {"v": 1, "t0": iso(at_us), "dt_ms": [0], "speed_kmh": [0.0]}
    where = topic(tenant, device, "telemetry")
    return Message(at_us, where, json.dumps(body).encode(), tenant, device, JSON)


def before(tenant: str, device: str, until_us: int) -> Message:
    """Return a drive that ends in an impact, then a few seconds of standing, up to `until_us`.

    The standing is too short to decide the crash.
    """
    n = _DRIVES_S + 1 + _STANDS_S
    t0_us = until_us - (n - 1) * US_PER_S
    speed = [50.0] * _DRIVES_S + [12.0] + [0.0] * _STANDS_S
    along = [0.0] * _DRIVES_S + [_IMPULSE_MPS2] + [0.0] * _STANDS_S
    place = [round(52.2 + 1.25e-4 * min(i, _DRIVES_S), 7) for i in range(n)]
    body: dict[str, Sequence[float]] = {
        "dt_ms": [1_000 * i for i in range(n)],
        "speed_kmh": speed,
        "lat_deg": place,
        "lon_deg": [10.5] * n,
        "accel_long_mps2": along,
    }
    return _message(tenant, device, t0_us, 1, body, n)


def decides(tenant: str, device: str, at_us: int) -> Message:
    """Return the deciding sample at `at_us`, still standing; at least 2 s after `before`."""
    place = round(52.2 + 1.25e-4 * _DRIVES_S, 7)
    body: dict[str, Sequence[float]] = {
        "dt_ms": [0],
        "speed_kmh": [0.0],
        "lat_deg": [place],
        "lon_deg": [10.5],
        "accel_long_mps2": [0.0],
    }
    return _message(tenant, device, at_us, 2, body, 1)


def _message(
    tenant: str, device: str, t0_us: int, seq: int, columns: Mapping[str, Sequence[float]], n: int
) -> Message:
    head = f'"v":1,"run":1,"seq":{seq},"t0":"{iso(t0_us)}",'
    tail = head + json.dumps(columns, separators=(",", ":"))[1:]
    where = topic(tenant, device, "telemetry")
    return Message(t0_us, where, tail.encode(), tenant, device, JSON, seq, 1, n)
