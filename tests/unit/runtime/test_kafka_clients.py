"""The end of a client of Kafka is never ours."""

import asyncio

import pytest

from runtime.kafka import stop_client


class Raises:
    def __init__(self, error: BaseException) -> None:
        self._error = error

    async def stop(self) -> None:
        raise self._error


class Hangs:
    async def stop(self) -> None:
        await asyncio.Event().wait()


@pytest.mark.parametrize(
    "client", [Raises(asyncio.CancelledError()), Raises(OSError("away")), Hangs()]
)
def test_whatever_its_stop_does_we_go_on(client: Raises | Hangs) -> None:
    async def main() -> str:
        await stop_client(client, 0.05)
        return "on"

    assert asyncio.run(main()) == "on"


def test_who_waits_for_it_can_be_cancelled() -> None:
    async def main() -> None:
        waiting = asyncio.create_task(stop_client(Hangs(), 60.0))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    asyncio.run(main())
