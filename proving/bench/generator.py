"""Load generator of the benches that run the service.

A separate process writes messages to the broker when they are due. It costs little more than the
writing: bodies are encoded once, then sequence number and time are patched in.

"""

import socket
import threading
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection as Pipe

import numpy as np
from numpy.typing import NDArray

from proving.bench import backlog
from proving.bench import crashes as bench_crashes
from runtime.clock import US_PER_S, SystemClock
from simulators.encode import iso
from simulators.load import Load

_SLOT_US = 10_000
_BODIES = 8_000
_MOST_IDS = 60_000
"""Packet ids of the load; higher ones are for crashes."""
_BEFORE_CRASH_US = 3 * US_PER_S
_ACKED_WITHIN_S = 60.0

Bytes = NDArray[np.uint8]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Plan:
    """Messages at `rate` for `seconds` by the first `devices` of a tenant.

    crashes : names of the devices after them that crash, evenly spread over the time.
    """

    mqtt_url: str
    tenant: str
    rate: float
    seconds: float
    devices: int
    crashes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sent:
    """What was sent. decided_s : device → the clock's monotonic seconds just before its deciding
    message was written; late_s : maximum delay of a slot."""

    messages: int
    seconds: float
    decided_s: dict[str, float]
    late_s: float


def generate(pipe: Pipe, plan: Plan) -> None:
    """Run the process: report its start, publish, and return a `Sent` through the pipe."""
    clock = SystemClock()
    frames = Frames(Load(plan.rate, plan.devices, plan.seconds, tenant=plan.tenant))
    crashes = _crashes(plan)
    total = frames.total + sum(len(names) for names in crashes.values()) * 2
    with socket.create_connection(backlog.host(plan.mqtt_url)) as line:
        backlog.connect_mqtt(line, b"tachowatt-bench-load")
        acks = backlog.Acks(line)
        reading = threading.Thread(target=acks.wait, args=(total,), daemon=True)
        reading.start()
        pipe.send(total)
        pipe.send(_publish(line, clock, plan, frames, crashes, total))
        reading.join(_ACKED_WITHIN_S)


class Frames:
    """PUBLISH packets of a load, encoded when they are due.

    A few thousand bodies are used in turn. Each is encoded once per number of digits of the
    sequence number; the offsets of sequence number, time and packet id in it are known.
    """

    def __init__(self, load: Load) -> None:
        self._load = load
        self.total = load.total
        rounds = max(1, _BODIES // load.devices)
        self._bodies = Load(load.rate, load.devices, rounds * load.devices / load.rate, load.tenant)
        most = len(str((load.total - 1) // load.devices + 1))
        self._cut = {digits: _Bodies.of(self._bodies, digits) for digits in range(1, most + 1)}

    def between(self, first: int, until: int, start_us: int) -> bytes:
        """Return the packets of messages [first, until); the load began at `start_us`."""
        made = []
        while first < until:
            seq = first // self._load.devices + 1
            digits = len(str(seq))
            at = first % self._bodies.total
            same_digits = (10**digits - 1) * self._load.devices  # more digits from here on
            stop = min(until, first + self._bodies.total - at, same_digits)
            numbers = np.arange(first, stop)
            due_us = start_us + (numbers * (US_PER_S / self._load.rate)).astype(np.int64)
            made.append(
                self._cut[digits].with_(
                    at, numbers % _MOST_IDS + 1, numbers // self._load.devices + 1, due_us
                )
            )
            first = stop
        return b"".join(made)


@dataclass(frozen=True, slots=True)
class _Bodies:
    """Concatenated packets, with zeros in place of sequence number, time and packet id.

    starts : int64[n + 1]; packet_id, oldest, seq, time : int64[n], offsets in `data`.
    """

    data: Bytes
    digits: int
    starts: Ints
    packet_id: Ints
    oldest: Ints
    seq: Ints
    time: Ints

    @classmethod
    def of(cls, load: Load, digits: int) -> "_Bodies":
        number = 10 ** (digits - 1)
        frames, places = [], []
        at = 0
        for message in load.messages(0):
            head, _, rest = message.tail.partition(b'"seq":')
            tail = head + b'"seq":%d' % number + rest[rest.index(b",") :]
            tail = _with_ms(tail)
            frame = backlog.publish_frame(replace(message, seq=number, tail=tail), 1)
            topic = message.topic.encode()
            places.append(
                (
                    at,
                    at + frame.index(topic) + len(topic),
                    at + frame.index(b'"oldest":') + 9,
                    at + frame.index(b'"seq":') + 6,
                    at + frame.index(b'"t0":"') + 6,
                )
            )
            frames.append(frame)
            at += len(frame)
        columns = np.array([*places, (at, 0, 0, 0, 0)], np.int64).T
        data = np.frombuffer(b"".join(frames), np.uint8)
        return cls(data, digits, columns[0], *(column[:-1] for column in columns[1:]))

    def with_(self, first: int, packet_id: Ints, seq: Ints, due_us: Ints) -> bytes:
        """Return packets from the `first` on, one for each element of the other arguments."""
        n = seq.shape[0]
        begin, end = self.starts[first], self.starts[first + n]
        data = self.data[begin:end].copy()
        here = slice(first, first + n)

        def put(places: Ints, what: Bytes) -> None:
            data[(places[here] - begin)[:, np.newaxis] + np.arange(what.shape[1])] = what

        put(self.packet_id, np.stack((packet_id >> 8, packet_id & 255), axis=1).astype(np.uint8))
        number = _digits(seq, self.digits)
        put(self.oldest, number)
        put(self.seq, number)
        put(self.time, _times(due_us))
        return data.tobytes()


def _with_ms(tail: bytes) -> bytes:
    """Write a time with milliseconds, so that all have the same length."""
    head, _, rest = tail.partition(b'"t0":"')
    return head + b'"t0":"2000-01-01T00:00:00.000Z' + rest[rest.index(b'"') :]


def _digits(numbers: Ints, count: int) -> Bytes:
    tens = 10 ** np.arange(count - 1, -1, -1)
    return np.asarray(numbers[:, np.newaxis] // tens % 10 + 48, np.uint8)


def _times(us: Ints) -> Bytes:
    """Format as RFC 3339 in UTC with milliseconds, without the Z."""
    seconds, which = np.unique(us // US_PER_S, return_inverse=True)
    text = "".join(iso(int(s) * US_PER_S)[:-1] + "." for s in seconds)
    whole = np.frombuffer(text.encode(), np.uint8).reshape(seconds.shape[0], -1)[which]
    return np.concatenate((whole, _digits(us // 1_000 % 1_000, 3)), axis=1)


def _crashes(plan: Plan) -> dict[int, list[str]]:
    """Return the devices that crash in a slot."""
    slots = int(plan.seconds * US_PER_S) // _SLOT_US
    found: dict[int, list[str]] = {}
    for number, device in enumerate(plan.crashes):
        # From a tenth of the time on, when the load is steady.
        share = 0.1 + 0.85 * number / len(plan.crashes)
        found.setdefault(int(share * slots), []).append(device)
    return found


def _publish(
    line: socket.socket,
    clock: SystemClock,
    plan: Plan,
    frames: Frames,
    crashes: dict[int, list[str]],
    total: int,
) -> Sent:
    waiting = threading.Event()
    began, start_us = clock.monotonic(), clock.now_us()
    decided: dict[str, float] = {}
    late = 0.0
    sent = 0
    lead = _BEFORE_CRASH_US // _SLOT_US
    driving: dict[int, list[tuple[str, int]]] = {}
    for slot, names in crashes.items():
        until_us = start_us + slot * _SLOT_US - _BEFORE_CRASH_US
        driving.setdefault(max(0, slot - lead), []).extend((name, until_us) for name in names)
    for slot in range(int(plan.seconds * US_PER_S) // _SLOT_US + 1):
        at_s = slot * _SLOT_US / US_PER_S
        until = min(frames.total, int((at_s + _SLOT_US / US_PER_S) * plan.rate))
        made = frames.between(sent, until, start_us)
        sent = until
        others = [bench_crashes.before(plan.tenant, name, us) for name, us in driving.get(slot, ())]
        others += [
            bench_crashes.decides(plan.tenant, name, start_us + slot * _SLOT_US)
            for name in crashes.get(slot, ())
        ]
        for i, message in enumerate(others, start=_MOST_IDS + 1):
            made += backlog.publish_frame(message, i)
        ahead = began + at_s - clock.monotonic()
        if ahead > 0:
            waiting.wait(ahead)
        else:
            late = max(late, -ahead)
        now = clock.monotonic()
        for device in crashes.get(slot, ()):
            decided[device] = now
        line.sendall(made)
    return Sent(total, clock.monotonic() - began, decided, late)
