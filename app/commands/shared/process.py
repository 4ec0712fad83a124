"""Run a part of the service as a separate process."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from app.processes.lifecycle import install_signals
from app.processes.stack import Addresses, Stack
from runtime.clock import Clock, SystemClock
from runtime.settings import Settings

Work = Callable[[Stack, Addresses, Clock, asyncio.Event], Coroutine[Any, Any, None]]


def run_process(settings: Settings, work: Work, *, secrets: bool = True) -> None:
    """Run a part of the service as a separate process, on its database, until SIGTERM or Ctrl-C.

    secrets : whether it uses stored secrets.
    """
    clock = SystemClock()
    stack = Stack(settings, clock)
    addresses = stack.start(broker=False, secrets=secrets)

    async def main() -> None:
        stop = asyncio.Event()
        install_signals(stop)
        try:
            await work(stack, addresses, clock, stop)
        finally:
            stack.leave()

    try:
        asyncio.run(main())
    finally:
        stack.stop()
