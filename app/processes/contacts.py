"""Run contacts as a separate process."""

import asyncio
from collections.abc import Callable

from app.processes.lifecycle import metrics_url
from app.processes.stack import Addresses
from contacts.dispatch import Dispatcher
from runtime.clock import Clock
from runtime.metrics import Metrics
from runtime.settings import Settings


async def run_contacts(
    settings: Settings,
    clock: Clock,
    addresses: Addresses,
    stop: asyncio.Event,
    ready: Callable[[str], None],
) -> None:
    """Run only contacts until `stop`: from the store to customers and receivers."""
    metrics = Metrics()
    server = metrics.serve(settings.metrics_host, settings.metrics_port)
    announced = False

    def announce() -> None:
        nonlocal announced
        if not announced:
            announced = True
            ready(metrics_url(server))

    try:
        contacts = Dispatcher(addresses.database_url, settings, clock, metrics)
        server.needs.append(contacts.missing)
        await contacts.run(stop, announce)
    finally:
        server.close()
