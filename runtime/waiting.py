"""Wait for tasks and events under asyncio.

Limits of time are `asyncio.timeout`: Python 3.11's `asyncio.wait_for` loses a cancellation that
comes in the same moment as what it waits for, and whoever cancelled then waits for ever.
"""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any


async def first_of(
    *work: asyncio.Task[Any] | Coroutine[Any, Any, Any], within_s: float | None = None
) -> None:
    """Wait until one is done or fails, or the time is over. Tasks continue afterwards, coroutines
    are cancelled."""
    tasks = [asyncio.ensure_future(each) for each in work]
    try:
        await asyncio.wait(tasks, timeout=within_s, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for given, task in zip(work, tasks, strict=True):
            if task is not given:
                task.cancel()


async def unless(stop: asyncio.Event, work: Coroutine[Any, Any, Any]) -> None:
    """Wait for `work`, but cancel it once `stop` is set. Raises what `work` raises."""
    task = asyncio.create_task(work)
    await first_of(task, stop.wait())
    if task.done():
        task.result()
    else:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def pause(stop: asyncio.Event, seconds: float) -> None:
    """Wait for `seconds`, or until `stop` is set."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()
