"""All parts of the service in one process: gateway, ingest, contacts, API and pages."""

import asyncio
import os
from collections.abc import Callable
from dataclasses import replace

from app.processes.api import start_api
from app.processes.lifecycle import metrics_url, spare_the_collector
from app.processes.stack import Addresses, Stack
from app.processes.threads import in_thread
from app.processes.upkeep import start_upkeep
from app.processes.warm_up import load_kernels
from contacts.dispatch import Dispatcher
from gateway.forward import Gateway
from ingest.decoding.catalogue import ROUTER
from ingest.logs.direct import DirectLog
from ingest.partition.worker import Worker
from runtime.clock import Clock
from runtime.metrics import Metrics
from runtime.settings import Settings
from runtime.waiting import first_of, pause, unless

_LOOK_EVERY_S = 0.5
"""Seconds between two checks of the embedded servers."""


async def serve(
    settings: Settings,
    clock: Clock,
    stack: Stack,
    addresses: Addresses,
    stop: asyncio.Event,
    ready: Callable[[Addresses], None],
) -> None:
    """Run gateway, ingest, contacts and API in one process until `stop`.

    On stop, received messages are committed; the broker keeps the rest.
    """
    metrics = Metrics()
    server = metrics.serve(settings.metrics_host, settings.metrics_port)
    where = replace(addresses, metrics_url=metrics_url(server), pid=os.getpid())
    direct = DirectLog(Worker(addresses.database_url, settings, clock, metrics), metrics)
    try:
        await unless(stop, load_kernels())
        await unless(stop, direct.start())
        spare_the_collector()
        if stop.is_set():
            return
        gateway = Gateway(
            addresses.mqtt_url, direct, ROUTER.subscriptions, settings, clock, metrics
        )
        server.needs += [gateway.missing, direct.missing]
        answering, api_url = await start_api(settings, clock, addresses, metrics, stack, stop)
        where = replace(where, api_url=api_url)
        running = asyncio.create_task(gateway.run(stop), name="gateway")
        idle = asyncio.create_task(direct.idle(stop), name="idle")
        keeping = asyncio.create_task(_keep_alive(stack, stop), name="servers")
        contacts = Dispatcher(addresses.database_url, settings, clock, metrics)
        server.needs.append(contacts.missing)
        contacting = asyncio.create_task(in_thread("contacts", contacts.run, stop))
        upkeep = start_upkeep(settings, clock, addresses, stop)
        parts = (running, idle, keeping, contacting, answering, upkeep)
        # Who finds us may publish at once, and until the gateway has subscribed that would be lost.
        # But a broker that is away hides neither the database nor the pages.
        await first_of(*parts, gateway.subscribed.wait(), gateway.not_reached.wait(), stop.wait())
        if not stop.is_set() and not any(part.done() for part in parts):
            await asyncio.to_thread(stack.save_subscriptions)
            stack.announce(where)
            await first_of(*parts, gateway.subscribed.wait(), stop.wait())
        if not stop.is_set() and not any(part.done() for part in parts):
            ready(where)
        await first_of(*parts)
        stop.set()
        await asyncio.gather(*parts)
    finally:
        stack.leave()
        await direct.close()
        server.close()


async def _keep_alive(stack: Stack, stop: asyncio.Event) -> None:
    """Restart embedded servers that have died; only this process may."""
    while not stop.is_set():
        await pause(stop, _LOOK_EVERY_S)
        if not stop.is_set():
            await asyncio.to_thread(stack.restart_dead)
