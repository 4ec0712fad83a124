"""A load: messages of many devices at a fixed rate.

Nothing is simulated: bodies are filled into a template, so that the generator uses little of the
measured machine.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from simulators.encode import JSON, Message, iso, topic
from simulators.publisher import Clock, Counters, Publisher
from simulators.registry import Registry, draw_owners, stream

_S_US = 1_000_000


class Load:
    """`rate` messages/s over `devices` cars for `seconds`.

    Every device sends every devices/rate seconds; times go up strictly for each of them.
    samples : in each message; more than one are a second apart, and then so are messages.
    """

    def __init__(
        self,
        rate: float,
        devices: int,
        seconds: float,
        tenant: str = "load",
        prefix: str = "load",
        samples: int = 1,
    ) -> None:
        self.samples = samples
        self.rate, self.devices, self.seconds = rate, devices, seconds
        self.tenant = tenant
        self.names = [f"{prefix}-{i + 1:05d}" for i in range(devices)]
        self.total = round(rate * seconds)

    def registry(self, start: int) -> dict[str, Any]:
        """Return the registry of the load's devices (`start` epoch µs).

        All customers consent, also to calls after a crash.
        """
        owners = draw_owners(self.devices, 0, np.random.default_rng(0))
        owners.never.clear()
        owners.withdrawn.clear()
        registry = Registry(self.tenant, "Europe/Berlin", start)
        everybody = frozenset(owners.car_owner)
        registry.add_customers(owners, lambda what: stream(0, what), everybody)
        for number, device in enumerate(self.names):
            registry.add_car(number, device, owners.car_owner[number], None)
        return registry.rows

    def messages(self, start: int) -> Iterator[Message]:
        """The messages in due order, the first at `start` epoch µs."""
        topics = [topic(self.tenant, name, "telemetry") for name in self.names]
        step, run = _S_US / self.rate, start // _S_US
        second, prefix = -1, ""
        for number in range(self.total):
            due = start + int(number * step)
            index = number % self.devices
            whole, rest = divmod(due // 1_000, 1_000)
            if whole != second:
                second, prefix = whole, iso(whole * _S_US)[:-1]
            seq = number // self.devices + 1
            speed = 30 + (number * 7 + index) % 60
            tail = (
                f'"v":1,"run":{run},"seq":{seq},"t0":"{prefix}.{rest:03d}Z","dt_ms":[0],'
                f'"speed_kmh":[{speed}.5],"lat_deg":[52.2{index % 1000:03d}],'
                f'"lon_deg":[10.5{seq % 1000:03d}],"heading_deg":[{speed * 3}.0],'
                f'"accel_long_mps2":[0.{speed}],"accel_lat_mps2":[-0.{speed}],'
                f'"speed_limit_kmh":[100.0],"ignition":[1.0]}}'
            ).encode()
            name = self.names[index]
            yield Message(due, topics[index], tail, self.tenant, name, JSON, seq, run, 1)

    def long_messages(self, start: int) -> Iterator[Message]:
        """As `messages`, of `samples` each: calm drives at changing speeds, with data to store and
        few signals."""
        topics = [topic(self.tenant, name, "telemetry") for name in self.names]
        n, run = self.samples, start // _S_US
        dt_ms = ",".join(str(1_000 * i) for i in range(n))
        drives = [_calm_drive(np.random.default_rng(i), n) for i in range(50)]
        for number in range(self.total):
            index, turn = number % self.devices, number // self.devices
            t0 = start + turn * n * _S_US
            tail = (
                f'"v":1,"run":{run},"seq":{turn + 1},"t0":"{iso(t0)}","dt_ms":[{dt_ms}],'
                f"{drives[(index + turn) % len(drives)]}}}"
            ).encode()
            name = self.names[index]
            yield Message(t0, topics[index], tail, self.tenant, name, JSON, turn + 1, run, n)

    async def run(
        self,
        publisher: Publisher,
        clock: Clock,
        progress: Callable[[Counters], None] | None = None,
    ) -> float:
        """Publish at the rate, from now on; returns the seconds it took (more = too slow)."""
        start, began = clock.now_us(), clock.monotonic()
        await publisher.run(self.messages(start), speedup=1.0, start_us=start, progress=progress)
        return clock.monotonic() - began


def _calm_drive(rng: np.random.Generator, n: int) -> str:
    """The columns of `n` samples as JSON, without the braces."""
    speed = 60.0 + 8.0 * np.sin(np.arange(n) / 20.0 + rng.uniform(0.0, 6.0))
    columns = {
        "speed_kmh": speed.round(1),
        "lat_deg": (52.2 + np.cumsum(speed) * 1e-6).round(6),
        "lon_deg": (10.5 + np.cumsum(speed) * 1e-6).round(6),
        "heading_deg": np.full(n, round(float(rng.uniform(0.0, 359.0)), 1)),
        "accel_long_mps2": (np.gradient(speed) / 3.6 if n > 1 else np.zeros(n)).round(2),
        "accel_lat_mps2": rng.normal(0.0, 0.2, n).round(2),
        "speed_limit_kmh": np.full(n, 100.0),
        "ignition": np.ones(n),
    }
    return ",".join(
        f'"{name}":[{",".join(map(str, values.tolist()))}]' for name, values in columns.items()
    )
