"""A publisher ends when it is cancelled, also in the moment in which what it waits for comes."""

import asyncio

import pytest

from runtime.clock import SystemClock
from simulators.publisher import Publisher

TURNS = range(6)
"""Turns of the event loop between the two: the moment is one of them."""


def publisher() -> Publisher:
    """Without `async with`: it never connects."""
    return Publisher("mqtt://127.0.0.1:1", SystemClock(), window=1, acknowledged=False)


async def turn(times: int) -> None:
    for _ in range(times):
        await asyncio.sleep(0)


@pytest.mark.parametrize("turns", TURNS)
def test_publishing_with_a_full_window_is_cancelled(turns: int) -> None:
    async def scene() -> None:
        full = publisher()
        full._connection.up.set()
        full._connection.inflight.add(1)
        room = asyncio.create_task(full._room())
        await turn(10)
        full._connection.inflight.clear()
        full._connection.room.set()
        await turn(turns)
        if room.cancel():  # else it has its room already
            with pytest.raises(asyncio.CancelledError):
                await room

    asyncio.run(scene())


@pytest.mark.parametrize("turns", TURNS)
def test_a_connection_that_is_just_made_is_stopped(
    turns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scene() -> None:
        connection = publisher()._connection
        monkeypatch.setattr(connection._client, "connect", lambda *_, **__: None)
        waited, up = asyncio.Event(), connection.up.wait

        async def wait() -> bool:
            waited.set()
            return await up()

        monkeypatch.setattr(connection.up, "wait", wait)
        connection.start()
        await waited.wait()
        await turn(10)
        connection.up.set()
        await turn(turns)
        stopping = asyncio.create_task(connection.stop())
        await turn(100)
        assert stopping.done(), "it waits for a task whose cancellation was lost"

    asyncio.run(scene())
