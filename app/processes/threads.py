"""Run a part of the service in its own thread and event loop, where it delays no acknowledgement of
the gateway."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any


async def in_thread(
    name: str, work: Callable[[asyncio.Event], Coroutine[Any, Any, None]], stop: asyncio.Event
) -> None:
    """Run `work(stopping)` in a thread until it ends; setting `stop` here sets `stopping` there.

    Raises what `work` raises. If cancelled, it stops the work and still waits for it.
    """
    here = asyncio.get_running_loop()
    ended: asyncio.Future[None] = here.create_future()
    begun: asyncio.Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = here.create_future()

    def deliver(
        future: asyncio.Future[Any], value: Any, error: BaseException | None = None
    ) -> None:
        if not future.done():
            future.set_result(value) if error is None else future.set_exception(error)

    async def inside() -> None:
        stopping = asyncio.Event()
        here.call_soon_threadsafe(deliver, begun, (asyncio.get_running_loop(), stopping))
        await work(stopping)

    def run() -> None:
        try:
            asyncio.run(inside())
        except BaseException as error:
            here.call_soon_threadsafe(deliver, ended, None, error)
        else:
            here.call_soon_threadsafe(deliver, ended, None)

    thread = threading.Thread(target=run, name=name)
    thread.start()
    loop, stopping = await begun
    asked = asyncio.create_task(stop.wait())
    try:
        waiting: set[asyncio.Future[Any]] = {asked, ended}
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    finally:
        asked.cancel()
        with suppress(RuntimeError):  # its loop has already ended
            loop.call_soon_threadsafe(stopping.set)
        await asyncio.shield(ended)
        thread.join()
