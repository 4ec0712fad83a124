"""The load of `tachowatt bench latency`, in a process of its own: messages made beforehand, then
written to the broker when they are due. While it runs it costs little more than the writing.
"""

import socket
import threading
from dataclasses import dataclass
from multiprocessing.connection import Connection as Pipe

from app import bench_backlog, bench_crashes
from runtime.clock import US_PER_S, SystemClock
from simulators.load import Load

_SLOT_US = 10_000
_MAKING_US = 25
"""What making a message takes at most, as a rule: the first is due after all are made."""
_ACKED_WITHIN_S = 60.0


@dataclass(frozen=True, slots=True)
class Plan:
    """Messages at `rate` for `seconds` by the first `devices` of a tenant; `crashes` by the names
    behind them, evenly spread over the time."""

    mqtt_url: str
    tenant: str
    rate: float
    seconds: float
    devices: int
    crashes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sent:
    """What went out. decided_s : device → the clock's monotonic seconds just before its deciding
    message was written; late_s : how late a slot was at worst."""

    messages: int
    seconds: float
    decided_s: dict[str, float]
    late_s: float


def generate(pipe: Pipe, plan: Plan) -> None:
    """The process: makes the messages, says so, publishes them, and sends back a `Sent`."""
    clock = SystemClock()
    load = Load(plan.rate, plan.devices, plan.seconds, tenant=plan.tenant)
    start_us = clock.now_us() + load.total * _MAKING_US + US_PER_S
    slots, deciding, total = _frames(plan, load, start_us)
    pipe.send(total)
    with socket.create_connection(bench_backlog.host(plan.mqtt_url)) as line:
        bench_backlog.say_hello(line, b"tachowatt-bench-load")
        acks = bench_backlog.Acks(line)
        reading = threading.Thread(target=acks.wait, args=(total,), daemon=True)
        reading.start()
        pipe.send(_publish(line, clock, start_us, slots, deciding, total))
        reading.join(_ACKED_WITHIN_S)


def _frames(
    plan: Plan, load: Load, start_us: int
) -> tuple[list[bytearray], dict[int, list[str]], int]:
    """The bytes of each slot, the devices that crash in it, and the number of messages."""
    slots = [bytearray() for _ in range(int(plan.seconds * US_PER_S) // _SLOT_US + 1)]
    total = 0
    for message in load.messages(start_us):
        slot = (message.due_us - start_us) // _SLOT_US
        slots[slot] += bench_backlog.publish_frame(message, total % 65_535 + 1)
        total += 1
    deciding: dict[int, list[str]] = {}
    for number, device in enumerate(plan.crashes):
        # From a tenth of the time on, when everything runs evenly.
        share = 0.1 + 0.85 * number / len(plan.crashes)
        slot = int(share * len(slots))
        message = bench_crashes.decides(plan.tenant, device, start_us + slot * _SLOT_US)
        slots[slot] += bench_backlog.publish_frame(message, total % 65_535 + 1)
        deciding.setdefault(slot, []).append(device)
        total += 1
    return slots, deciding, total


def _publish(
    line: socket.socket,
    clock: SystemClock,
    start_us: int,
    slots: list[bytearray],
    deciding: dict[int, list[str]],
    total: int,
) -> Sent:
    waiting = threading.Event()
    began = clock.monotonic() + (start_us - clock.now_us()) / US_PER_S
    decided: dict[str, float] = {}
    late = 0.0
    for number, frames in enumerate(slots):
        ahead = began + number * _SLOT_US / US_PER_S - clock.monotonic()
        if ahead > 0:
            waiting.wait(ahead)
        else:
            late = max(late, -ahead)
        now = clock.monotonic()
        for device in deciding.get(number, ()):
            decided[device] = now
        line.sendall(frames)
    return Sent(total, clock.monotonic() - began, decided, late)
