"""Run ingest as a separate process: fed by gateways over TCP, or from Kafka."""

import asyncio
from collections.abc import Callable

from app.processes.lifecycle import metrics_url, spare_the_collector
from app.processes.stack import Addresses
from app.processes.upkeep import start_upkeep
from app.processes.warm_up import load_kernels
from contracts.kafka import Topics
from ingest.decoding.catalogue import ROUTER
from ingest.logs.direct import DirectLog
from ingest.logs.kafka import KafkaIngest
from ingest.logs.kafka_publisher import Publisher
from ingest.logs.kafka_registry import RegistryFollower
from ingest.logs.tcp_listener import Listener
from ingest.partition.worker import Worker
from runtime.clock import Clock
from runtime.metrics import Metrics
from runtime.settings import Settings
from runtime.waiting import first_of, unless


async def run_ingest(
    settings: Settings,
    clock: Clock,
    addresses: Addresses,
    host: str,
    port: int,
    stop: asyncio.Event,
    ready: Callable[[int, str], None],
) -> None:
    """Run only ingest: from gateways in other processes to the store."""
    metrics = Metrics()
    server = metrics.serve(settings.metrics_host, settings.metrics_port)
    direct = DirectLog(Worker(addresses.database_url, settings, clock, metrics), metrics)
    server.needs.append(direct.missing)
    listener = Listener(direct, host, port, settings.log_token or "")
    try:
        await unless(stop, load_kernels())
        await unless(stop, direct.start())
        spare_the_collector()
        if stop.is_set():
            return
        await listener.start()
        ready(listener.port, metrics_url(server))
        upkeep = start_upkeep(settings, clock, addresses, stop)
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
    """Run only ingest, as a member of a consumer group: from Kafka to the store."""
    metrics = Metrics()
    server = metrics.serve(settings.metrics_host, settings.metrics_port)
    ingest = KafkaIngest(log_url, addresses.database_url, settings, clock, metrics)
    server.needs.append(ingest.missing)
    try:
        await unless(stop, load_kernels())
        spare_the_collector()
        if stop.is_set():
            return
        running = asyncio.create_task(ingest.run(stop), name="ingest")
        await first_of(running, ingest.assigned.wait(), stop.wait())
        if not running.done() and not stop.is_set():
            ready(metrics_url(server))
        upkeep = start_upkeep(settings, clock, addresses, stop)
        publisher = Publisher(
            log_url,
            addresses.database_url,
            Topics(settings.kafka_topic_prefix),
            metrics,
            ROUTER.key_of_topic,
        )
        registry = RegistryFollower(
            log_url, addresses.database_url, Topics(settings.kafka_topic_prefix), clock
        )
        tasks = (
            running,
            upkeep,
            asyncio.create_task(publisher.run(stop), name="publish"),
            asyncio.create_task(registry.run(stop), name="registry"),
        )
        await first_of(*tasks)
        stop.set()
        await asyncio.gather(*tasks)
    finally:
        server.close()
