"""Faults between a device and the broker.

Every fault preserves good messages: they may arrive late, in a burst, in another order or twice,
but they arrive. Rubbish is added and never replaces a good message.
"""

import json
from collections import Counter
from dataclasses import dataclass, replace

import cbor2
import numpy as np

from simulators.encode import CBOR, Message, iso, tasmota_body, topic

_S_US = 1_000_000
_FUTURE_US = 400 * 86_400 * _S_US
_FOREIGN = 20.0
"""Foreign dialects send one sample per message, so they get less rubbish for each."""
CORRUPTIONS = ("truncated", "wrong_type", "unequal", "future")


@dataclass(frozen=True, slots=True)
class Faults:
    """Chances. The default is a world without faults; `DEMO` is one as it is.

    offline : that a device is offline once in the live time, for offline_s seconds (from, to)
    late : for each message, to come up to late_s seconds after its turn, and after the next one to
        three of its device
    duplicate : for each message, to come twice
    drift : that a vehicle's clock is off, by at most drift_s seconds
    corrupt, unknown : extra messages, for each good one: rubbish; of an unknown device
    boot_zero : for each telegram of a Tasmota, an extra one of zeros, as after a reboot
    rollover, exchange : that a register meter rolls over, or is exchanged, within the history
    """

    offline: float = 0.0
    offline_s: tuple[float, float] = (120.0, 900.0)
    late: float = 0.0
    late_s: float = 240.0
    duplicate: float = 0.0
    drift: float = 0.0
    drift_s: float = 1.5
    corrupt: float = 0.0
    unknown: float = 0.0
    boot_zero: float = 0.0
    rollover: float = 0.0
    exchange: float = 0.0


DEMO = Faults(
    offline=0.15,
    late=0.01,
    duplicate=0.01,
    drift=0.3,
    corrupt=0.02,
    unknown=0.001,
    boot_zero=0.0005,
    rollover=0.05,
    exchange=0.04,
)


def drifted(t_us: np.ndarray, faults: Faults, rng: np.random.Generator) -> np.ndarray:
    """The device's own time for true times: a constant error and a slow drift, whole ms.

    Returns
    -------
    int64[n], strictly ascending as `t_us` is, nowhere further off than `drift_s`
    """
    if rng.random() >= faults.drift or len(t_us) == 0:
        return t_us
    first, last = rng.uniform(-faults.drift_s, faults.drift_s, 2) * _S_US
    span = max(int(t_us[-1] - t_us[0]), 3_600 * _S_US)
    error = first + (last - first) * ((t_us - t_us[0]) / span)
    return np.asarray(t_us + np.round(error / 1_000).astype(np.int64) * 1_000)


def offline_window(
    faults: Faults, rng: np.random.Generator, start_us: int, end_us: int
) -> tuple[int, int] | None:
    """When a device has no connection, or None."""
    if rng.random() >= faults.offline:
        return None
    length = rng.uniform(*faults.offline_s) * _S_US
    first = rng.uniform(start_us, max(end_us - length, start_us + 1))
    return int(first), int(min(first + length, end_us))


def held_back(wall_us: np.ndarray, window: tuple[int, int] | None) -> np.ndarray:
    """When rows can be sent, given that nothing can be sent within the window."""
    if window is None:
        return wall_us
    inside = (wall_us >= window[0]) & (wall_us < window[1])
    return np.where(inside, window[1], wall_us)


def disturb(
    messages: list[Message],
    faults: Faults,
    rng: np.random.Generator,
    end_us: int,
    rubbish: bool = True,
) -> tuple[list[Message], Counter[str]]:
    """Apply the faults of transport to one device's messages.

    Parameters
    ----------
    messages : good messages, in order of `due_us`
    end_us : nothing is sent later than this
    rubbish : also add corrupt and unknown messages and zeros after a boot

    Returns
    -------
    messages by due time, all the good ones among them, and how often each fault was applied
    """
    counts: Counter[str] = Counter()
    out: list[Message] = []
    n = len(messages)
    late = rng.random(n) < faults.late
    twice = rng.random(n) < faults.duplicate
    native = n > 0 and messages[0].topic.startswith("tw/")
    corrupt = faults.corrupt if native else faults.corrupt / _FOREIGN
    bad = rng.random((n, 3)) < (corrupt, faults.unknown, faults.boot_zero)
    delay = rng.uniform(0.05, 1.0, (n, 2)) * faults.late_s * _S_US
    places = rng.integers(1, 4, n)
    for i, message in enumerate(messages):
        if late[i]:
            counts["late"] += 1
            after = messages[min(i + int(places[i]), n - 1)].due_us + 1
            due = max(message.due_us + int(delay[i, 0]), after)
            message = replace(message, due_us=min(due, end_us))
        out.append(message)
        if twice[i]:
            counts["duplicate"] += 1
            due = min(message.due_us + int(delay[i, 1]), end_us)
            out.append(replace(message, due_us=due, fault="duplicate"))
        if not rubbish:
            continue
        if bad[i, 0]:
            extra, kind = _corrupt(message, rng)
            counts["corrupt"] += 1
            counts[f"corrupt_{kind}"] += 1
            out.append(extra)
        if bad[i, 1]:
            counts["unknown"] += 1
            out.append(_unknown(message, int(rng.integers(1, 4))))
        if bad[i, 2] and message.topic.startswith("tele/"):
            counts["boot_zero"] += 1
            out.append(_boot_zero(message))
    out.sort(key=lambda m: m.due_us)
    return out, counts


def _corrupt(message: Message, rng: np.random.Generator) -> tuple[Message, str]:
    """A message that no decoder can use, made from a good one. It carries no seq."""
    kind = str(rng.choice(CORRUPTIONS))
    binary = message.content_type == CBOR
    fields = (cbor2 if binary else json).loads(message.payload())
    for key in ("seq", "run", "oldest"):
        fields.pop(key, None)
    if binary or not message.topic.startswith("tw/"):
        kind = "truncated"
    elif kind == "wrong_type":
        fields["dt_ms"] = "soon"
    elif kind == "unequal":
        fields["dt_ms"] = [*fields["dt_ms"], fields["dt_ms"][-1] + 500]
    elif kind == "future":
        fields["t0"] = iso(message.due_us // _S_US * _S_US + _FUTURE_US)
    body = cbor2.dumps(fields) if binary else json.dumps(fields, separators=(",", ":")).encode()
    if kind == "truncated":
        body = body[: max(len(body) * 2 // 3, 1)]
    return replace(message, tail=body, seq=None, samples=0, fault="corrupt"), kind


def _unknown(message: Message, number: int) -> Message:
    device = f"ghost-{number:02d}"
    t0 = iso(message.due_us // _S_US * _S_US)
    body = f'{{"v":1,"t0":"{t0}","dt_ms":[0],"speed_kmh":[42.0]}}'.encode()
    return Message(
        message.due_us,
        topic(message.tenant, device, "telemetry"),
        body,
        message.tenant,
        device,
        "application/json",
        samples=0,
        fault="unknown",
    )


def _boot_zero(message: Message) -> Message:
    """A telegram after boot, before the first reading: all zeros, seven seconds later."""
    local = np.datetime64(json.loads(message.tail)["Time"]) + np.timedelta64(7, "s")
    body = tasmota_body(str(local), 0.0, 0.0, 0.0, "")
    due = message.due_us + 7 * _S_US
    return replace(message, due_us=due, tail=body, samples=0, fault="boot_zero")
