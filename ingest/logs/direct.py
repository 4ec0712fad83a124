"""The direct log: passes batches to ingest in the same process, and answers after the commit."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TypeVar

from contracts.raw import RawMessage, Receipt
from ingest.partition.worker import Worker
from runtime.backoff import pause_after
from runtime.errors import Owned, Retry, Stop
from runtime.metrics import Metrics
from runtime.waiting import pause

log = logging.getLogger("ingest.logs.direct")

T = TypeVar("T")

_IDLE_S = 0.1
_HANDED_OVER_S = 0.02
_CLOSE_WITHIN_S = 1.0
_DUE_EVERY_S = 10.0
"""Where batches follow each other without a pause, some due dead letters are processed so often."""
_RETRY_EVERY = 10  # idle rounds between two queries for dead letters to process again


class DirectLog:
    """A `Log` whose messages are durable when the store has them.

    One thread does the work of ingest, so that the event loop keeps reading from the broker while
    a batch waits for the database. When batches follow each other closely, two more threads work
    early: one reads a batch, one writes the samples of a batch while the one before it is
    committed.
    """

    def __init__(self, worker: Worker, metrics: Metrics) -> None:
        self._worker = worker
        self._metrics = metrics
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="ingest")
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="ingest-read")
        self._preparer = ThreadPoolExecutor(1, thread_name_prefix="ingest-prepare")
        self._turn = asyncio.Lock()
        self._in_flight = 0
        self._ended: Stop | None = None
        self._due_at = 0.0
        self._away: str | None = "the partition has not been taken up yet"
        # Set when the states of the batch appended last are in the cache.
        self._cache_updated = asyncio.Event()
        self._cache_updated.set()

    async def start(self, depose_after_s: float | None = None) -> None:
        """Own the partition. Waits while the store is away or another process owns it.

        depose_after_s : seconds after which the sessions of another owner are ended; only where an
        arbiter has assigned the partition to us. None = never.
        """
        loop = asyncio.get_running_loop()
        began = loop.time()
        attempt = 0
        while True:
            try:
                await self._run(self._worker.open)
                return
            except Owned as error:
                self._away = str(error)
                if depose_after_s is None:
                    await self._wait(attempt, error)
                elif loop.time() - began < depose_after_s:
                    await asyncio.sleep(_HANDED_OVER_S)
                else:
                    with suppress(Retry):
                        await self._run(self._worker.depose)
                    began = loop.time()
            except Retry as error:
                await self._wait(attempt, error)
            attempt += 1

    @property
    def committed(self) -> int:
        """Messages committed to the partition, by all owners; 0 while it is not owned."""
        return self._worker.next_offset

    def missing(self) -> str | None:
        """Return why nothing, or nothing of some sources, is committed at present; None = nothing
        prevents it."""
        return self._away or self._worker.stopped()

    async def append(self, messages: Sequence[RawMessage], first: int | None = None) -> Receipt:
        """Commit the batch; waits as long as the store is away.

        Batches are committed in the order of the calls. While one is being committed, the next is
        prepared and the one after it is read.

        first : offset of the first message, if the log that feeds us has its own offsets; messages
        that are committed already are skipped. Raises `Fenced` if messages between are missing.
        """
        batch = list(messages)
        loop = asyncio.get_running_loop()
        previous_updated, updated = self._cache_updated, asyncio.Event()
        self._cache_updated = updated
        self._in_flight += 1
        try:
            classified = await loop.run_in_executor(self._reader, self._worker.classify, batch)
            await previous_updated.wait()
            if self._turn.locked():
                await loop.run_in_executor(self._preparer, self._worker.prepare, batch, classified)
            async with self._turn:
                if self._ended is not None:  # so that the committed messages have no hole
                    raise self._ended
                # A broken connection may have committed all, a part or nothing. On the next attempt
                # what it had committed counts as duplicate, in the ledger too.
                committed = await self._retry_until_done(
                    lambda: self._worker.process(
                        batch, classified, lambda: _set_from_thread(loop, updated), first
                    ),
                    self._metrics.retries.inc,
                )
                with suppress(Retry):  # `idle` does it later
                    await self._run(self._worker.reconcile)
                    await self._run(self._worker.write_retention_checkpoints)
                    if loop.time() >= self._due_at:
                        await self._process_due()
        except Stop as error:
            self._ended = error
            raise
        finally:
            self._in_flight -= 1
            updated.set()
        return Receipt(committed.acks)

    async def idle(self, stop: asyncio.Event) -> None:
        """Run maintenance and retry dead letters while no batch is in flight.

        Raises the error that ended the log for good, even if `append` has raised it already.
        """
        rounds = 0
        while not stop.is_set():
            await pause(stop, _IDLE_S)
            if self._ended is not None:
                raise self._ended
            if self._in_flight or self._turn.locked():
                continue
            rounds += 1
            async with self._turn:
                try:
                    await self._run(self._worker.discard)  # its caller was cancelled
                    await self._run(self._worker.reconcile)
                    while self._worker.is_due() and not self._in_flight and not stop.is_set():
                        await self._run(self._worker.reconcile)
                    if rounds % _RETRY_EVERY == 0:
                        while await self._process_due() and not self._in_flight:
                            if stop.is_set():
                                break
                        await self._run(self._worker.close_silent)
                        await self._run(self._worker.write_retention_checkpoints)
                except Retry as error:
                    await self._wait(3, error)

    async def _process_due(self) -> bool:
        """Process some of the dead letters that are due or marked. Returns False if none were."""
        self._due_at = asyncio.get_running_loop().time() + _DUE_EVERY_S
        await self._run(self._worker.release_calm_devices)
        return bool(await self._run(self._worker.retry_dead_letters))

    async def close(self) -> None:
        """Release the partition within seconds, even if the store does not answer."""
        closing = asyncio.ensure_future(self._run(self._worker.close))
        done, _ = await asyncio.wait((closing,), timeout=_CLOSE_WITHIN_S)
        if not done:
            log.warning("the store does not answer; what is under way is given up")
            self._worker.abort()
            await asyncio.wait((closing,), timeout=_CLOSE_WITHIN_S)
        for thread in (self._thread, self._reader, self._preparer):
            thread.shutdown(wait=False, cancel_futures=True)

    async def _retry_until_done(
        self, call: Callable[[], T], on_retry: Callable[[], None] = lambda: None
    ) -> T:
        """Call until it succeeds, with growing pauses; `on_retry` counts the failures."""
        attempt = 0
        while True:
            try:
                return await self._run(call)
            except Retry as error:
                on_retry()
                await self._wait(attempt, error)
                attempt += 1

    async def _run(self, call: Callable[[], T]) -> T:
        found = await asyncio.get_running_loop().run_in_executor(self._thread, call)
        self._away = None
        return found

    async def _wait(self, attempt: int, error: Retry) -> None:
        pause = pause_after(attempt)
        self._away = str(error)
        log.warning("%s; again in %.1f s", error, pause)
        await asyncio.sleep(pause)


def _set_from_thread(loop: asyncio.AbstractEventLoop, event: asyncio.Event) -> None:
    with suppress(RuntimeError):  # the loop may be closed by now
        loop.call_soon_threadsafe(event.set)
