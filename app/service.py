"""`tachowatt serve`, `gateway` and `ingest`: processes composed of their parts."""

import asyncio
import logging
import os
import signal
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np

from app.stack import Addresses, Stack
from customer_context.identity import Device
from gateway.forward import Gateway
from gateway.remote_log import RemoteLog
from ingest.direct import DirectLog
from ingest.kernels import KINDS, compute
from ingest.listen import Listener
from ingest.worker import Worker
from runtime.clock import Clock
from runtime.metrics import Metrics
from runtime.settings import Settings
from store.telemetry import Samples

log = logging.getLogger("service")

_TEND_EVERY_S = 0.5


async def serve(
    settings: Settings,
    clock: Clock,
    stack: Stack,
    addresses: Addresses,
    stop: asyncio.Event,
    ready: Callable[[Addresses], None],
) -> None:
    """Gateway and ingest in one process until `stop`.

    Then what has arrived is committed; the broker keeps the rest.
    """
    metrics = Metrics()
    port, server = metrics.serve(settings.metrics_port)
    where = replace(addresses, metrics_url=f"http://127.0.0.1:{port}/metrics", pid=os.getpid())
    direct = DirectLog(Worker(addresses.database_url, settings, clock, metrics), metrics)
    try:
        await _unless(stop, asyncio.to_thread(warm_up))
        await _unless(stop, direct.start())
        if stop.is_set():
            return
        gateway = Gateway(addresses.mqtt_url, direct, settings, clock, metrics)
        stack.announce(where)
        running = asyncio.create_task(gateway.run(stop), name="gateway")
        idle = asyncio.create_task(direct.idle(stop), name="idle")
        await _first(running, _task(gateway.connected.wait()), _task(stop.wait()))
        if not running.done() and not stop.is_set():
            ready(where)
        tending = asyncio.create_task(_tend(stack, stop), name="tend")
        await _first(running, idle, tending)
        stop.set()
        await asyncio.gather(running, idle, tending)
    finally:
        stack.leave()
        await direct.close()
        server.close()


async def run_gateway(
    settings: Settings,
    clock: Clock,
    mqtt_url: str,
    log_url: str,
    stop: asyncio.Event,
    ready: Callable[[str], None],
) -> None:
    """A gateway alone: from a broker to an ingest in another process."""
    metrics = Metrics()
    port, server = metrics.serve(settings.metrics_port)
    remote = RemoteLog(log_url)
    try:
        gateway = Gateway(mqtt_url, remote, settings, clock, metrics)
        running = asyncio.create_task(gateway.run(stop), name="gateway")
        await _first(running, _task(gateway.connected.wait()), _task(stop.wait()))
        ready(f"http://127.0.0.1:{port}/metrics")
        await running
    finally:
        await remote.close()
        server.close()


async def run_ingest(
    settings: Settings,
    clock: Clock,
    addresses: Addresses,
    host: str,
    port: int,
    stop: asyncio.Event,
    ready: Callable[[int, str], None],
) -> None:
    """Ingest alone: from gateways in other processes to the store."""
    metrics = Metrics()
    metrics_port, server = metrics.serve(settings.metrics_port)
    direct = DirectLog(Worker(addresses.database_url, settings, clock, metrics), metrics)
    listener = Listener(direct, host, port)
    try:
        await _unless(stop, asyncio.to_thread(warm_up))
        await _unless(stop, direct.start())
        if stop.is_set():
            return
        await listener.start()
        ready(listener.port, f"http://127.0.0.1:{metrics_port}/metrics")
        await direct.idle(stop)
    finally:
        await listener.close()
        await direct.close()
        server.close()


async def _tend(stack: Stack, stop: asyncio.Event) -> None:
    """Keep the embedded servers alive; ours alone can answer for them."""
    while not stop.is_set():
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), _TEND_EVERY_S)
        if not stop.is_set():
            await asyncio.to_thread(stack.tend)


def _task(coroutine: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
    return asyncio.create_task(coroutine)


async def _first(*tasks: asyncio.Task[Any]) -> None:
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)


async def _unless(stop: asyncio.Event, work: Coroutine[Any, Any, Any]) -> None:
    """Wait for `work`, but not beyond `stop`."""
    task, stopping = _task(work), _task(stop.wait())
    await _first(task, stopping)
    stopping.cancel()
    if task.done():
        task.result()
    else:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def warm_up() -> None:
    """Load the kernels (from the compiler's cache, or compile) before the first message comes."""
    t_us = np.arange(2, dtype=np.int64) * 1_000_000 + 1_700_000_000_000_000
    for kind in KINDS.values():
        values = np.full((2, len(kind.samples.names)), np.nan)
        samples = Samples(np.zeros(2, np.int64), t_us, t_us, values)
        device = Device(0, "-", "-", kind.name, "native", "UTC")
        compute(kind, samples, {0: kind.initial(1)[0]}, {0: device})


def install_signals(stop: asyncio.Event) -> None:
    """SIGTERM and Ctrl-C end the service in order."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
