"""The contacts process: decides on signals and delivers contacts until it is stopped."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from contacts.changes import ChangeSender
from contacts.channels import open_channels
from contacts.code_mails import CodeMails
from contacts.consent_mails import ConsentMailer
from contacts.deliver import Deliverer
from contacts.link_mails import LinkMails
from contacts.mailer import Mailer
from contacts.notifications import NotificationListener
from contacts.store_thread import StoreThread
from contracts.channels import configured
from runtime.backoff import pause_after
from runtime.clock import US_PER_S, Clock
from runtime.errors import Retry
from runtime.metrics import Metrics
from runtime.secret_box import box_of
from runtime.settings import Settings
from runtime.waiting import first_of, pause
from services import (
    alert_evidence,
    case_notices,
    case_orders,
    case_steps,
    claim_file,
    consent_renewals,
    contact_policy,
    interval_estimates,
    meter_events,
    outbound,
    reading_rounds,
)
from services.consent_terms import terms_of
from services.decide import BATCH, decide
from services.playbooks import Rules
from store.casework import change_subscriptions, delivery
from store.postgres.pool import Connection
from store.postgres.times import to_us

log = logging.getLogger("contacts")

_POLL_EVERY_S = 1.0
_REMIND_EVERY_S = 60.0
"""Between two looks for consents that end: a reminder is not urgent, and the look is not free."""
_COUNT_EVERY = 5
"""Polls between two counts of pending contacts."""


class Dispatcher:
    """The loops of decisions and deliveries; `run` it in its own event loop."""

    def __init__(
        self, database_url: str, settings: Settings, clock: Clock, metrics: Metrics
    ) -> None:
        self._url = database_url
        self._settings = settings
        self._clock = clock
        self._metrics = metrics
        self._rules = Rules(settings.playbooks_dir, metrics)
        self._channels = configured(settings)
        self._refreshed_at = -_POLL_EVERY_S
        self._reminded_at = -_REMIND_EVERY_S
        self._unavailable: str | None = "nothing has been looked at yet"

    def missing(self) -> str | None:
        """Return why nothing is decided or delivered now; None if everything runs."""
        return self._unavailable

    async def run(self, stop: asyncio.Event, ready: Callable[[], None] = lambda: None) -> None:
        """Run until `stop`; call `ready` when the playbooks are loaded.

        While the store is unavailable it retries. It ends within seconds; the next worker does the
        rest.
        """
        channels, box = open_channels(self._settings, self._clock), box_of(self._settings)
        deciding = StoreThread(self._url, "contacts", box)
        delivering = StoreThread(self._url, "delivery", box)
        deliverer = Deliverer(delivering, channels, self._settings, self._clock, self._metrics)
        following = StoreThread(self._url, "changes", box)
        changes = ChangeSender(
            following, channels["webhook"], self._settings, self._clock, self._metrics
        )
        mailing = StoreThread(self._url, "links", box)
        links = Mailer(LinkMails(), mailing, self._settings, self._clock)
        codes = Mailer(CodeMails(box), mailing, self._settings, self._clock)
        requests = ConsentMailer(mailing, box, self._settings, self._clock)
        terms = terms_of(self._settings)
        listener = NotificationListener(self._url)
        listener.start()

        async def decide_once() -> bool:
            done = await deciding.run(self._decide)
            ready()
            return done == BATCH

        async def deliver_once() -> bool:
            return await deliverer.round() > 0

        async def changes_once() -> bool:
            return await changes.round() > 0

        async def deadlines_once() -> bool:
            fired = await deciding.run(case_steps.fire_due, self._clock.now_us())
            return fired == case_steps.DUE_AT_ONCE

        async def notices_once() -> bool:
            made = await deciding.run(case_notices.decide_due, self._settings, self._clock.now_us())
            return made == case_notices.BATCH

        async def claims_once() -> bool:
            done = await deciding.run(claim_file.run_due, box, self._clock.now_us())
            return done == claim_file.BATCH

        async def orders_once() -> bool:
            made = await deciding.run(case_orders.decide_due, self._clock.now_us())
            return made == case_orders.BATCH

        async def outbound_once() -> bool:
            now_us = self._clock.now_us()
            return await deciding.run(outbound.decide_due, self._settings, now_us) > 0

        async def meter_events_once() -> bool:
            made = await deciding.run(meter_events.decide_due, self._clock.now_us())
            return made == meter_events.BATCH

        async def estimates_once() -> bool:
            done = await deciding.run(interval_estimates.run_due, self._clock.now_us())
            return done == interval_estimates.BATCH

        async def rounds_once() -> bool:
            moved = await deciding.run(reading_rounds.run_due, self._settings, self._clock.now_us())
            return moved == reading_rounds.BATCH

        async def evidence_once() -> bool:
            done = await deciding.run(alert_evidence.run_due, self._clock.now_us())
            return done == alert_evidence.BATCH

        async def mail_once() -> bool:
            sent = await links.send_next()
            sent = await codes.send_next() or sent
            return await requests.send_next() or sent

        async def renewals_once() -> bool:
            now_s = self._clock.monotonic()
            if now_s - self._reminded_at < _REMIND_EVERY_S:
                return False
            made = await deciding.run(
                consent_renewals.remind_due, self._settings, terms, self._clock.now_us()
            )
            if made < consent_renewals.BATCH:
                self._reminded_at = now_s
            return made == consent_renewals.BATCH

        tasks = [
            asyncio.create_task(coroutine)
            for coroutine in (
                self._repeat(decide_once, stop, listener.signals),
                self._repeat(deliver_once, stop, listener.contacts, deliverer.freed),
                self._repeat(changes_once, stop, changes.freed),
                self._repeat(mail_once, stop, listener.links),
                self._repeat(deadlines_once, stop),
                self._repeat(notices_once, stop),
                self._repeat(renewals_once, stop),
                self._repeat(claims_once, stop),
                self._repeat(orders_once, stop, listener.contacts),
                self._repeat(outbound_once, stop),
                self._repeat(rounds_once, stop, listener.contacts),
                self._repeat(meter_events_once, stop, listener.contacts),
                self._repeat(evidence_once, stop),
                self._repeat(estimates_once, stop),
                self._count(deciding, stop),
            )
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
            for task in tasks:
                if task.done():
                    task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await asyncio.gather(deliverer.close(), changes.close())
            await asyncio.gather(
                *(thread.close() for thread in (deciding, delivering, following, mailing)),
                listener.close(),
            )
            for channel in channels.values():
                await channel.close()

    def _decide(self, connection: Connection) -> int:
        """Refresh the playbooks and decide one batch of signals; runs in the store thread."""
        if self._clock.monotonic() - self._refreshed_at >= _POLL_EVERY_S:
            self._rules.refresh(connection, self._clock.now_us())
            connection.commit()
            self._refreshed_at = self._clock.monotonic()
        return decide(
            connection,
            self._rules.playbooks(),
            self._channels,
            self._clock.now_us(),
            self._metrics,
            contact_rules=contact_policy.of(self._settings),
            of_tenants=self._rules.of_tenants(),
        )

    async def _repeat(
        self, once: Callable[[], Awaitable[bool]], stop: asyncio.Event, *wakes: asyncio.Event
    ) -> None:
        """Call `once` until `stop`: again at once if it returns True, otherwise when woken."""
        failures = 0
        while not stop.is_set():
            for wake in wakes:
                wake.clear()
            try:
                more = await once()
                failures, self._unavailable = 0, None
            except Retry as error:
                pause_s = pause_after(failures)
                failures, self._unavailable = failures + 1, str(error)
                log.warning("%s; again in %.1f s", error, pause_s)
                await pause(stop, pause_s)
                continue
            if not more:
                await first_of(*(event.wait() for event in (stop, *wakes)), within_s=_POLL_EVERY_S)

    async def _count(self, thread: StoreThread, stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                self._metrics.contacts_pending.set(await thread.run(delivery.pending))
                oldest = await thread.run(change_subscriptions.oldest_waiting)
                now_us = self._clock.now_us()
                behind_us = 0 if oldest is None else max(now_us - to_us(oldest), 0)
                self._metrics.changes_behind_seconds.set(behind_us / US_PER_S)
            except Retry as error:
                log.debug("not counted: %s", error)
            await pause(stop, _COUNT_EVERY * _POLL_EVERY_S)
