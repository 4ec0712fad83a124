"""A load: single-sample messages of many devices at a fixed rate.

Nothing is simulated here; the bodies are filled into a template, so that the generator costs
little of the machine that is measured.
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
    """

    def __init__(
        self, rate: float, devices: int, seconds: float, tenant: str = "load", prefix: str = "load"
    ) -> None:
        self.rate, self.devices, self.seconds = rate, devices, seconds
        self.tenant = tenant
        self.names = [f"{prefix}-{i + 1:05d}" for i in range(devices)]
        self.total = round(rate * seconds)

    def registry(self, start: int) -> dict[str, Any]:
        """The register of the load's devices (`start` epoch µs); everybody consents."""
        owners = draw_owners(self.devices, 0, np.random.default_rng(0))
        owners.never.clear()
        owners.withdrawn.clear()
        registry = Registry(self.tenant, "Europe/Berlin", start)
        registry.add_customers(owners, lambda what: stream(0, what))
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
