"""Delivers due contacts: one lane per receiver, so that a slow receiver delays no other."""

import asyncio
import logging
import random
from collections import Counter
from collections.abc import Mapping
from typing import Any

from contacts.channels.sending import Channel, Next, Result
from contacts.store_thread import StoreThread
from contracts.channels import CHANNELS
from runtime.clock import US_PER_S, Clock
from runtime.errors import Retry
from runtime.metrics import Metrics
from runtime.secret_box import box_of
from runtime.settings import Settings
from services import contact_flow, contact_policy
from store.casework import delivery, receivers
from store.casework.delivery import Attempt, Lane
from store.postgres.pool import Connection
from store.postgres.times import to_us

log = logging.getLogger("contacts.deliver")

_JITTER = 0.1
"""Maximum share added to a retry pause, so that contacts that failed together are not retried
together."""
_PAUSE_S = 0.5
_STORED_AT_ONCE = 100
"""Contacts by a stored channel, such as the inbox, that are delivered in one round: those that the
contact policy held."""


class Deliverer:
    """Claims and delivers contacts; call `round` repeatedly, in one event loop."""

    def __init__(
        self,
        store_thread: StoreThread,
        channels: Mapping[str, Channel],
        settings: Settings,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._store_thread = store_thread
        self._channels = channels
        self._clock = clock
        self._metrics = metrics
        self._capacity = {
            name: _STORED_AT_ONCE
            if spec.concurrency is None
            else int(getattr(settings, spec.concurrency))
            for name, spec in CHANNELS.items()
        }
        self._settings = settings
        self._box = box_of(settings)
        self._schedule = [float(part) for part in settings.retry_schedule_s.split(",")]
        self._in_flight: dict[str, asyncio.Task[None]] = {}
        self._busy: Counter[Lane] = Counter()
        self._worker = 0
        self._registered_generation = -1
        self.freed = asyncio.Event()
        """Set when a lane gets a free slot."""

    async def round(self) -> int:
        """Start delivering due contacts in free slots; return their number. Raises `Retry`."""
        claimed = await self._store_thread.run(self._claim)
        started = 0
        for contact in claimed:
            if contact["contact_id"] in self._in_flight:
                continue  # claimed again after the connection broke; its delivery still runs
            lane = Lane(contact["channel"], contact["receiver_id"])
            self._busy[lane] += 1
            task = asyncio.create_task(self._deliver(contact, lane))
            self._in_flight[contact["contact_id"]] = task
            started += 1
        return started

    async def drain(self) -> None:
        """Wait until no delivery is in flight."""
        while self._in_flight:
            await asyncio.wait(self._in_flight.values())

    async def close(self, within_s: float = 1.5) -> None:
        """Wait up to `within_s` for deliveries in flight; another worker does the rest."""
        if self._in_flight:
            await asyncio.wait(self._in_flight.values(), timeout=within_s)
        for task in list(self._in_flight.values()):
            task.cancel()
        await asyncio.gather(*self._in_flight.values(), return_exceptions=True)

    def _claim(self, connection: Connection) -> list[dict[str, Any]]:
        """Claim due contacts, record the refused, return the others; runs in the store thread."""
        now_us = self._clock.now_us()
        if self._registered_generation != self._store_thread.generation:
            self._worker = delivery.register_worker(connection)
            self._registered_generation = self._store_thread.generation
        free = [
            (lane, slots)
            for lane in delivery.lanes(connection)
            if (slots := self._capacity[lane.channel] - self._busy[lane]) > 0
        ]
        allowed, refused = contact_flow.claim(
            connection, self._box, self._worker, free, now_us, self._settings,
            contact_policy.of(self._settings),
        )  # fmt: skip
        for contact in refused:
            self._metrics.contacts.labels(contact["channel"], "refused").inc()
        return allowed

    async def _deliver(self, contact: Mapping[str, Any], lane: Lane) -> None:
        started = self._clock.monotonic()
        try:
            result = await self._send(contact)
            duration_ms = round((self._clock.monotonic() - started) * 1e3)
            await self._finish(contact, result, duration_ms)
        finally:
            del self._in_flight[contact["contact_id"]]
            self._busy[lane] -= 1
            self.freed.set()

    async def _send(self, contact: Mapping[str, Any]) -> Result:
        try:
            return await self._channels[contact["channel"]].send(contact)
        except Exception as error:  # a channel's bug must not leave its contact claimed forever
            log.exception("contact %s", contact["contact_id"], exc_info=error)
            return Result(Next.RETRY, "internal_error", None, f"{type(error).__name__}: {error}")

    async def _finish(self, contact: Mapping[str, Any], result: Result, duration_ms: int) -> None:
        """Store the attempt; wait while the store is unavailable."""
        now_us = self._clock.now_us()
        attempt = self._to_attempt(contact, result, duration_ms, now_us)
        while True:
            try:
                await self._store_thread.run(self._write, contact, result, attempt, now_us)
                break
            except Retry as error:
                log.warning("%s; again in %.1f s", error, _PAUSE_S)
                await asyncio.sleep(_PAUSE_S)
        channel = contact["channel"]
        self._metrics.contacts.labels(channel, result.outcome).inc()
        if result.next is Next.DONE:
            waited_s = (now_us - to_us(contact["created_at"])) / US_PER_S
            self._metrics.contact_seconds.labels(channel).observe(max(waited_s, 0.0))
        else:
            log.warning(
                "contact %s by %s: %s%s; it is %s", contact["contact_id"], channel, result.outcome,
                "" if result.status is None else f" {result.status}", attempt.state,
            )  # fmt: skip

    def _to_attempt(
        self, contact: Mapping[str, Any], result: Result, duration_ms: int, now_us: int
    ) -> Attempt:
        state, reason, next_at_us = "delivered", "", None
        if result.next is Next.RETRY:
            tried = contact["attempts"] + 1 - contact["retry_from"]
            state, reason = "failed", result.outcome
            if tried < len(self._schedule):
                # The receiver knows when it can take it; our schedule grows in the meantime.
                pause_s = max(self._schedule[tried], result.retry_after_s)
                pause_s *= 1.0 + _JITTER * random.random()
                state, next_at_us = "pending", now_us + round(pause_s * US_PER_S)
        elif result.next is not Next.DONE:
            state, reason = "failed", result.outcome
        return Attempt(
            result.outcome, state, reason, result.status, result.detail, duration_ms, next_at_us
        )

    def _write(
        self,
        connection: Connection,
        contact: Mapping[str, Any],
        result: Result,
        attempt: Attempt,
        now_us: int,
    ) -> None:
        contact_flow.finish(connection, contact, self._worker, attempt, now_us)
        if result.next is Next.DISABLE:
            receivers.disable(connection, contact["receiver_id"], result.outcome, now_us)
