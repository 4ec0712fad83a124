"""Sends changes of the registry to receivers: in order for each object, each until it arrives.

One worker sends to a receiver, a page of changes at a time. What has arrived is noted while the
page is being sent: after a crash only what arrived in the last moment comes again, under its id.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from contacts.channels.sending import Channel, Next, Result
from contacts.store_thread import StoreThread
from runtime.clock import US_PER_S, Clock
from runtime.errors import Retry
from runtime.metrics import Metrics
from runtime.secret_box import box_of
from runtime.settings import Settings
from services import change_webhooks
from services.change_webhooks import Outgoing, PageOut
from store.casework import change_subscriptions, receivers
from store.casework.change_subscriptions import Moved, Place, Subscription
from store.postgres.pool import Connection

log = logging.getLogger("contacts.changes")

_LONGEST_PAUSE_S = 3_600.0
"""Between two attempts: a receiver that is back gets its changes within this time."""
_MOST_REFUSED = 5
"""Events of a page that a receiver may refuse before the page ends."""
_IDLE_S = 3_600.0
"""A receiver that has everything is moved on so often: its place must not be forgotten."""
_PAUSE_S = 0.5
_CLIENT_ERROR, _SERVER_ERROR = 400, 500
_LATER = (408, 425, 429)
"""Statuses 4xx that are not about the event."""


@dataclass(slots=True)
class _Sending:
    """A page that is being sent. arrived : ids in the order of arrival; noted : how many of them
    are stored, and at which place."""

    page: PageOut
    place: Place
    waiting: deque[list[Outgoing]]
    arrived: dict[str, None]
    noted: int
    failed: list[Result] = field(default_factory=list)
    ended: bool = False
    cut: bool = False
    news: asyncio.Event = field(default_factory=asyncio.Event)


class ChangeSender:
    """Sends what is due; call `round` repeatedly, in one event loop."""

    def __init__(
        self,
        store_thread: StoreThread,
        channel: Channel,
        settings: Settings,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._store_thread = store_thread
        self._channel = channel
        self._clock = clock
        self._metrics = metrics
        self._box = box_of(settings)
        # Contacts of the same receiver use the other half of its connections.
        self._side_by_side = max(1, settings.webhook_concurrency // 2)
        self._schedule = [float(part) for part in settings.retry_schedule_s.split(",")]
        self._mine: set[int] = set()
        self._idle_at: dict[int, float] = {}
        self._generation = -1
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self.freed = asyncio.Event()
        """Set when a receiver has got what was due."""

    async def round(self) -> int:
        """Begin to send to receivers that are due; return their number. Raises `Retry`."""
        due = await self._store_thread.run(self._due)
        for subscription, page in due:
            id_ = subscription.receiver_id
            self._tasks[id_] = asyncio.create_task(self._run(page))
            self._tasks[id_].add_done_callback(lambda _, id_=id_: self._done(id_))  # type: ignore[misc]
        return len(due)

    async def drain(self) -> None:
        """Wait until nothing is being sent."""
        while self._tasks:
            await asyncio.wait(self._tasks.values())

    async def close(self, within_s: float = 1.5) -> None:
        """Wait up to `within_s` for what is under way; another worker does the rest."""
        if self._tasks:
            await asyncio.wait(self._tasks.values(), timeout=within_s)
        for _ in range(2):  # the first lets it note what has arrived
            tasks = list(self._tasks.values())
            for task in tasks:
                task.cancel()
            if tasks:
                await asyncio.wait(tasks, timeout=within_s)

    def _done(self, receiver_id: int) -> None:
        del self._tasks[receiver_id]
        self.freed.set()

    def _due(self, connection: Connection) -> list[tuple[Subscription, PageOut]]:
        """Return the next pages of receivers that nobody sends to; runs in the store thread."""
        if self._generation != self._store_thread.generation:
            self._mine.clear()
            self._generation = self._store_thread.generation
        now_us, found = self._clock.now_us(), []
        for subscription in change_subscriptions.due(connection, now_us):
            id_ = subscription.receiver_id
            if id_ in self._tasks:
                continue
            if id_ not in self._mine:
                if not change_subscriptions.may_send(connection, id_):
                    continue
                self._mine.add(id_)
            page = change_webhooks.page(connection, self._box, subscription, now_us)
            if page is not None:
                found.append((subscription, page))
            elif self._clock.monotonic() - self._idle_at.get(id_, -_IDLE_S) >= _IDLE_S:
                self._idle_at[id_] = self._clock.monotonic()
                change_webhooks.idle(connection, subscription, now_us)
        return found

    async def _run(self, page: PageOut) -> None:
        """Send a page; note what has arrived, and when to go on."""
        subscription = page.subscription
        by_object: dict[str, list[Outgoing]] = {}
        for event in page.events:
            if event.webhook_id not in subscription.ahead:
                by_object.setdefault(event.about, []).append(event)
        ahead = dict.fromkeys(subscription.ahead)
        sending = _Sending(page, subscription.place, deque(by_object.values()), ahead, len(ahead))
        try:
            noting = asyncio.create_task(self._note_all(sending))
            lanes = [
                asyncio.create_task(self._send_objects(sending))
                for _ in range(min(self._side_by_side, len(by_object)))
            ]
            try:
                await asyncio.gather(*lanes)
            except asyncio.CancelledError:
                sending.cut = True
                raise
            finally:
                for lane in lanes:
                    lane.cancel()
                sending.ended = True
                sending.news.set()
                await noting
            await self._finish(sending)
        except Moved as error:
            log.info("%s", error)
        except Exception as error:  # it is read and tried again, and not at full speed
            log.exception("changes for %s", subscription.name, exc_info=error)
            await asyncio.sleep(_PAUSE_S)

    async def _send_objects(self, sending: _Sending) -> None:
        """Send the webhooks of one object after the other, until the page is sent or ends."""
        while sending.waiting and not self._is_over(sending):
            for event in sending.waiting.popleft():
                result = await self._send(sending.page, event)
                self._metrics.changes.labels(result.outcome).inc()
                if result.next is not Next.DONE:
                    sending.failed.append(result)
                    break
                sending.arrived[event.webhook_id] = None
                sending.news.set()

    @staticmethod
    def _is_over(sending: _Sending) -> bool:
        """Whether the receiver does not take more, or refuses too much."""
        failed = sending.failed
        return len(failed) >= _MOST_REFUSED or any(not _about_event(one) for one in failed)

    async def _send(self, page: PageOut, event: Outgoing) -> Result:
        contact: Mapping[str, Any] = {
            "contact_id": event.webhook_id,
            "receiver_id": page.subscription.receiver_id,
            "url": page.subscription.url,
            "secrets": page.secrets,
            "event": event.body,
        }
        try:
            return await self._channel.send(contact)
        except Exception as error:  # a bug of the channel must not end the loop
            log.exception("change %s", event.webhook_id, exc_info=error)
            return Result(Next.RETRY, "internal_error", None, f"{type(error).__name__}: {error}")

    async def _note_all(self, sending: _Sending) -> None:
        """Store what has arrived while the page is being sent; wait while the store is away."""
        ended = False
        while not ended:
            await sending.news.wait()
            sending.news.clear()
            ended, ids = sending.ended, list(sending.arrived)
            if len(ids) == sending.noted and (not ended or sending.failed or sending.cut):
                continue
            try:
                sending.place = await self._stored(
                    change_webhooks.arrived, sending.page, sending.place, ids, sending.noted,
                    self._clock.now_us(),
                )  # fmt: skip
            except Moved:
                sending.waiting.clear()
                raise
            sending.noted = len(ids)

    async def _finish(self, sending: _Sending) -> None:
        """Note when to go on."""
        subscription, now_us = sending.page.subscription, self._clock.now_us()
        id_ = subscription.receiver_id
        if not sending.failed:
            if subscription.attempts:
                await self._stored(change_subscriptions.tried, id_, 0, now_us)
            return
        result = sending.failed[0]
        log.warning(
            "receiver %s: changes wait: %s%s", subscription.name, result.outcome,
            "" if result.status is None else f" {result.status}",
        )  # fmt: skip
        any_arrived = len(sending.arrived) > len(subscription.ahead)
        attempts = 0 if any_arrived else subscription.attempts
        pause_s = self._schedule[min(attempts + 1, len(self._schedule) - 1)]
        pause_s = max(min(pause_s, _LONGEST_PAUSE_S), result.retry_after_s)
        next_at_us = now_us + round(pause_s * US_PER_S)
        failed = (attempts + 1, next_at_us, result.outcome, result.status, result.detail)
        await self._stored(change_subscriptions.tried, id_, *failed)
        if result.next is Next.DISABLE:
            await self._stored(receivers.disable, id_, result.outcome, now_us)

    async def _stored(self, call: Any, *arguments: Any) -> Any:
        """Call the store; wait while it is unavailable."""
        while True:
            try:
                return await self._store_thread.run(call, *arguments)
            except Retry as error:
                log.warning("%s; again in %.1f s", error, _PAUSE_S)
                await asyncio.sleep(_PAUSE_S)


def _about_event(result: Result) -> bool:
    """Whether a receiver has refused this event, and may take others."""
    status = result.status
    if result.next is not Next.RETRY or status is None or status in _LATER:
        return False
    return _CLIENT_ERROR <= status < _SERVER_ERROR
