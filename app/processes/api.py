"""Run API and pages: as a separate process, or in a thread of the whole service."""

import asyncio
from collections.abc import Callable

from api import serve as api_server
from app.processes.lifecycle import metrics_url
from app.processes.stack import Addresses, Stack
from app.processes.threads import in_thread
from runtime.clock import Clock
from runtime.metrics import Metrics
from runtime.settings import Settings
from runtime.waiting import first_of


async def run_api(
    settings: Settings,
    clock: Clock,
    addresses: Addresses,
    stack: Stack,
    stop: asyncio.Event,
    ready: Callable[[str, str], None],
) -> None:
    """Run only API and pages until `stop`; they read and write the store.

    ready : is called with their address and that of the metrics.
    """
    metrics = Metrics()
    server = metrics.serve(settings.metrics_host, settings.metrics_port)

    def answers(url: str) -> None:
        stack.remember("api.port", url.rpartition(":")[2])
        ready(url, metrics_url(server))

    try:
        await api_server.run(
            settings,
            clock,
            addresses.api_database_url or addresses.database_url,
            metrics,
            stop,
            answers,
            _port_before(stack),
            server.needs,
        )
    finally:
        server.close()


async def start_api(
    settings: Settings,
    clock: Clock,
    addresses: Addresses,
    metrics: Metrics,
    stack: Stack,
    stop: asyncio.Event,
) -> tuple[asyncio.Task[None], str]:
    """Start API and pages in a thread; return the task and their URL."""
    here, ready = asyncio.get_running_loop(), asyncio.Event()
    found: list[str] = []

    def answers(url: str) -> None:
        found.append(url)
        stack.remember("api.port", url.rpartition(":")[2])
        here.call_soon_threadsafe(ready.set)

    async def work(stopping: asyncio.Event) -> None:
        await api_server.run(
            settings,
            clock,
            addresses.api_database_url or addresses.database_url,
            metrics,
            stopping,
            answers,
            _port_before(stack),
        )

    answering = asyncio.create_task(in_thread("api", work, stop), name="api")
    await first_of(answering, ready.wait())
    if not found:
        await answering
    return answering, "".join(found)


def _port_before(stack: Stack) -> int:
    text = stack.remembered("api.port")
    return int(text) if text.isdigit() else 0
