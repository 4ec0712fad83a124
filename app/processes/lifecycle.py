"""What each process of the service does at its start."""

import asyncio
import gc
import signal

from runtime.endpoint import Endpoint


def install_signals(stop: asyncio.Event) -> None:
    """Let SIGTERM and Ctrl-C set `stop`, so that the process ends in order."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)


def spare_the_collector() -> None:
    """Exempt what is loaded by now from the garbage collector, and let it run seldom.

    What messages are made of has no cycles, and looking for garbage among them cost a quarter of
    the gateway's throughput.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 1_000)


def metrics_url(server: Endpoint) -> str:
    """Return the address of the metrics of this process."""
    return f"http://127.0.0.1:{server.port}/metrics"
