"""Rounds of work on the store in a thread, which a stop interrupts."""

import asyncio

from store.postgres.pool import Connection, abort

_STOP_WITHIN_S = 1.0


class Rounds:
    """Work with a connection of its own; a subclass has `once`, and sets _connection in it.

    _stopping : `once` looks at it between two steps.
    """

    _connection: Connection | None = None
    _stopping = False

    def once(self) -> None:
        """Run one round, in a thread."""
        raise NotImplementedError

    async def round(self, stop: asyncio.Event) -> None:
        """Run one round; on `stop` wait a second for it, then abort its statement."""
        work = asyncio.create_task(asyncio.to_thread(self.once))
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait((work, stopping), return_when=asyncio.FIRST_COMPLETED)
        self._stopping = stop.is_set()
        if not work.done():
            await asyncio.wait((work,), timeout=_STOP_WITHIN_S)
        if not work.done() and self._connection is not None:
            abort(self._connection)
        stopping.cancel()
        await work
