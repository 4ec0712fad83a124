"""`tachowatt serve`: gateway and ingest in one process."""

import asyncio
import logging
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass

from app.stack import Addresses, Stack
from gateway.forward import Gateway
from ingest.direct import DirectLog
from ingest.worker import Worker
from runtime.clock import Clock
from runtime.metrics import Metrics
from runtime.settings import Settings

log = logging.getLogger("service")


@dataclass(slots=True)
class Service:
    """A running service, for those who run it inside their own process (the demo, tests)."""

    gateway: Gateway
    direct: DirectLog
    metrics: Metrics
    addresses: Addresses


async def serve(
    settings: Settings,
    clock: Clock,
    stack: Stack,
    addresses: Addresses,
    stop: asyncio.Event,
    ready: Callable[[Service], None],
) -> None:
    """Run until `stop`; then commit what has arrived, and leave the rest with the broker."""
    metrics = Metrics()
    port, server = metrics.serve(settings.metrics_port)
    direct = DirectLog(Worker(addresses.database_url, settings, clock, metrics), metrics)
    idle: asyncio.Task[None] | None = None
    try:
        await asyncio.to_thread(warm_up)
        await direct.start()
        gateway = Gateway(addresses.mqtt_url, direct, settings, clock, metrics)
        where = Addresses(
            addresses.database_url,
            addresses.mqtt_url,
            f"http://127.0.0.1:{port}/metrics",
            os.getpid(),
        )
        stack.announce(where)
        idle = asyncio.create_task(direct.idle(stop), name="idle")
        running = asyncio.create_task(gateway.run(stop), name="gateway")
        await asyncio.wait(
            (running, asyncio.create_task(gateway.connected.wait())),
            return_when=asyncio.FIRST_COMPLETED,
        )
        ready(Service(gateway, direct, metrics, where))
        await asyncio.wait((running, idle), return_when=asyncio.FIRST_COMPLETED)
        stop.set()
        await running
        await idle
    finally:
        stop.set()
        if idle is not None:
            idle.cancel()
            await asyncio.gather(idle, return_exceptions=True)
        await direct.close()
        server.close()


def warm_up() -> None:
    """Load the kernels (from the compiler's cache, or compile) before the first message comes."""
    import numpy as np

    from customer_context.identity import Device
    from ingest.kernels import KINDS, compute
    from store.telemetry import Samples

    for kind in KINDS.values():
        t = np.arange(2, dtype=np.int64) * 1_000_000 + 1_700_000_000_000_000
        values = np.full((2, len(kind.samples.names)), np.nan)
        samples = Samples(np.zeros(2, np.int64), t, t, values)
        device = Device(0, "-", "-", kind.name, "native", "UTC")
        compute(kind, samples, {0: kind.initial(1)[0]}, {0: device})


def install_signals(stop: asyncio.Event) -> None:
    """SIGTERM and Ctrl-C end the service in order."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
