"""`tachowatt serve`, `gateway` and `ingest`: processes composed of their parts."""

import asyncio
import gc
import logging
import os
import signal
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np

from api import serve as api
from app.processes.stack import Addresses, Stack
from app.processes.threads import in_thread
from app.processes.upkeep import Upkeep
from contacts.dispatch import Service as Contacts
from contracts.kafka import Topics
from customer_context.identity.holders import Device
from gateway.forward import Gateway
from gateway.kafka_log import KafkaLog
from gateway.remote_log import RemoteLog
from ingest.decoding.fast_path.scan import SHAPES, scan
from ingest.grids import Grids
from ingest.kernels import KINDS, compute
from ingest.logs.direct import DirectLog
from ingest.logs.kafka import KafkaIngest
from ingest.logs.kafka_publisher import Publisher
from ingest.logs.tcp_listener import Listener
from ingest.partition.worker import Worker
from runtime.clock import Clock
from runtime.endpoint import Endpoint
from runtime.metrics import Metrics
from runtime.settings import Settings
from store.pipeline.telemetry import Samples
from store.postgres.engine import Layout

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
    """Gateway, ingest, contacts and API in one process until `stop`.

    Then what has arrived is committed; the broker keeps the rest.
    """
    metrics = Metrics()
    server = metrics.serve(settings.metrics_host, settings.metrics_port)
    where = replace(addresses, metrics_url=_metrics_url(server), pid=os.getpid())
    direct = DirectLog(Worker(addresses.database_url, settings, clock, metrics), metrics)
    try:
        await _unless(stop, asyncio.to_thread(warm_up))
        await _unless(stop, direct.start())
        spare_the_collector()
        if stop.is_set():
            return
        gateway = Gateway(addresses.mqtt_url, direct, settings, clock, metrics)
        server.needs += [gateway.missing, direct.missing]
        answering, api_url = await _api(settings, clock, addresses, metrics, stack, stop)
        where = replace(where, api_url=api_url)
        stack.announce(where)
        running = asyncio.create_task(gateway.run(stop), name="gateway")
        idle = asyncio.create_task(direct.idle(stop), name="idle")
        await _first(running, _task(gateway.subscribed.wait()), _task(stop.wait()))
        if not running.done() and not stop.is_set():
            ready(where)
        tending = asyncio.create_task(_tend(stack, stop), name="tend")
        contacts = Contacts(addresses.database_url, settings, clock, metrics)
        server.needs.append(contacts.missing)
        contacting = asyncio.create_task(in_thread("contacts", contacts.run, stop))
        upkeep = _upkeep(settings, clock, addresses, stop)
        await _first(running, idle, tending, contacting, answering, upkeep)
        stop.set()
        await asyncio.gather(running, idle, tending, contacting, answering, upkeep)
    finally:
        stack.leave()
        await direct.close()
        server.close()


async def _api(
    settings: Settings,
    clock: Clock,
    addresses: Addresses,
    metrics: Metrics,
    stack: Stack,
    stop: asyncio.Event,
) -> tuple[asyncio.Task[None], str]:
    """The API and pages in a thread of their own; the task, and where they answer."""
    here, ready = asyncio.get_running_loop(), asyncio.Event()
    found: list[str] = []

    def answers(url: str) -> None:
        found.append(url)
        stack.remember("api.port", url.rpartition(":")[2])
        here.call_soon_threadsafe(ready.set)

    async def work(stopping: asyncio.Event) -> None:
        await api.run(
            settings,
            clock,
            addresses.database_url,
            metrics,
            stopping,
            answers,
            _port_before(stack),
        )

    answering = asyncio.create_task(in_thread("api", work, stop), name="api")
    await _first(answering, _task(ready.wait()))
    if not found:
        await answering
    return answering, "".join(found)


async def run_api(
    settings: Settings,
    clock: Clock,
    addresses: Addresses,
    stack: Stack,
    stop: asyncio.Event,
    ready: Callable[[str], None],
) -> None:
    """API and pages alone: they read and write the store."""

    def answers(url: str) -> None:
        stack.remember("api.port", url.rpartition(":")[2])
        ready(url)

    metrics, before = Metrics(), _port_before(stack)
    await api.run(settings, clock, addresses.database_url, metrics, stop, answers, before)


def _port_before(stack: Stack) -> int:
    text = stack.remembered("api.port")
    return int(text) if text.isdigit() else 0


async def run_gateway(
    settings: Settings,
    clock: Clock,
    mqtt_url: str,
    log_url: str,
    stop: asyncio.Event,
    ready: Callable[[str], None],
) -> None:
    """A gateway alone: from a broker to an ingest in another process, or to Kafka."""
    metrics = Metrics()
    server = metrics.serve(settings.metrics_host, settings.metrics_port)
    remote: RemoteLog | KafkaLog
    if log_url.startswith("tcp:"):
        remote = RemoteLog(log_url)
    else:
        remote = KafkaLog(
            log_url,
            Topics(settings.kafka_topic_prefix),
            settings.mqtt_share_group or settings.mqtt_client_id,
            metrics,
            lambda acks: gateway.committed(acks),
            settings.kafka_session_timeout_s,
        )
    try:
        gateway = Gateway(mqtt_url, remote, settings, clock, metrics)
        server.needs += [gateway.missing, remote.missing]
        if isinstance(remote, KafkaLog):
            await _unless(stop, remote.start())
            if stop.is_set():
                return
        running = asyncio.create_task(gateway.run(stop), name="gateway")
        await _first(running, _task(gateway.subscribed.wait()), _task(stop.wait()))
        ready(_metrics_url(server))
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
    server = metrics.serve(settings.metrics_host, settings.metrics_port)
    direct = DirectLog(Worker(addresses.database_url, settings, clock, metrics), metrics)
    server.needs.append(direct.missing)
    listener = Listener(direct, host, port)
    try:
        await _unless(stop, asyncio.to_thread(warm_up))
        await _unless(stop, direct.start())
        spare_the_collector()
        if stop.is_set():
            return
        await listener.start()
        ready(listener.port, _metrics_url(server))
        upkeep = _upkeep(settings, clock, addresses, stop)
        await direct.idle(stop)
        await upkeep
    finally:
        await listener.close()
        await direct.close()
        server.close()


async def run_kafka_ingest(
    settings: Settings,
    clock: Clock,
    addresses: Addresses,
    log_url: str,
    stop: asyncio.Event,
    ready: Callable[[str], None],
) -> None:
    """Ingest alone, as one of a group: from Kafka to the store."""
    metrics = Metrics()
    server = metrics.serve(settings.metrics_host, settings.metrics_port)
    ingest = KafkaIngest(log_url, addresses.database_url, settings, clock, metrics)
    server.needs.append(ingest.missing)
    try:
        await _unless(stop, asyncio.to_thread(warm_up))
        spare_the_collector()
        if stop.is_set():
            return
        running = asyncio.create_task(ingest.run(stop), name="ingest")
        await _first(running, _task(ingest.assigned.wait()), _task(stop.wait()))
        if not running.done() and not stop.is_set():
            ready(_metrics_url(server))
        upkeep = _upkeep(settings, clock, addresses, stop)
        publisher = Publisher(
            log_url, addresses.database_url, Topics(settings.kafka_topic_prefix), metrics
        )
        publishing = asyncio.create_task(publisher.run(stop), name="publish")
        await _first(running, upkeep, publishing)
        stop.set()
        await asyncio.gather(running, upkeep, publishing)
    finally:
        server.close()


async def run_contacts(
    settings: Settings,
    clock: Clock,
    addresses: Addresses,
    stop: asyncio.Event,
    ready: Callable[[str], None],
) -> None:
    """Contacts alone: from the store to customers and receivers."""
    metrics = Metrics()
    server = metrics.serve(settings.metrics_host, settings.metrics_port)
    told: list[str] = []

    def once() -> None:
        if not told:
            told.append(_metrics_url(server))
            ready(told[0])

    try:
        contacts = Contacts(addresses.database_url, settings, clock, metrics)
        server.needs.append(contacts.missing)
        await contacts.run(stop, once)
    finally:
        server.close()


def _metrics_url(server: Endpoint) -> str:
    return f"http://127.0.0.1:{server.port}/metrics"


def _upkeep(
    settings: Settings, clock: Clock, addresses: Addresses, stop: asyncio.Event
) -> asyncio.Task[None]:
    upkeep = Upkeep(addresses.database_url, Layout.of(settings), clock)
    return asyncio.create_task(upkeep.run(stop), name="upkeep")


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
        compute(kind, samples, kind.initial(1), Grids.of([device]))
    for shape in SHAPES.values():
        scan([b"{}"], shape, 1)


def spare_the_collector() -> None:
    """What is loaded by now stays for good, and what messages are made of has no cycles: looking
    for garbage among them all the time cost a quarter of the gateway's throughput."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 1_000)


def install_signals(stop: asyncio.Event) -> None:
    """SIGTERM and Ctrl-C end the service in order."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
