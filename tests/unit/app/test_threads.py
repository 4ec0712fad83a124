"""A part of a service in a thread of its own."""

import asyncio
import threading

import pytest

from app.processes.threads import in_thread
from runtime.errors import Stop
from tests.patience import patient


def test_runs_elsewhere_until_stop() -> None:
    names: list[str] = []

    async def part(stop: asyncio.Event) -> None:
        names.append(threading.current_thread().name)
        await stop.wait()
        names.append("ended")

    async def main() -> None:
        stop = asyncio.Event()
        task = asyncio.create_task(in_thread("part", part, stop))
        while not names:
            await asyncio.sleep(0)
        stop.set()
        await task

    asyncio.run(main())
    assert names == ["part", "ended"]


def test_its_error_is_ours() -> None:
    async def part(stop: asyncio.Event) -> None:
        raise Stop("no more")

    async def main() -> None:
        await in_thread("part", part, asyncio.Event())

    with pytest.raises(Stop, match="no more"):
        asyncio.run(main())


def test_a_cancelled_caller_stops_it() -> None:
    ended = threading.Event()

    async def part(stop: asyncio.Event) -> None:
        await stop.wait()
        ended.set()

    async def main() -> None:
        task = asyncio.create_task(in_thread("part", part, asyncio.Event()))
        await asyncio.sleep(0)
        await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(main())
    assert ended.wait(patient(5))
