"""Changes of the registry and of consents as webhooks: which are next, and what a receiver has.

A receiver follows the changes as every other reader does (`services.registry_changes`). Where those
that it needs are not kept any more, it gets a snapshot first, between `snapshot.started` and
`snapshot.finished`: what is not named there is gone.
"""

import hashlib
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from contracts import registry_events
from runtime.secret_box import SecretBox
from services import registry_changes
from services.registry_changes import CONSENT, Item
from store.casework import change_subscriptions, delivery, receivers
from store.casework.change_subscriptions import LAST, Place, Subscription
from store.people import read_log
from store.people.changes import Forgotten
from store.people.read_log import Reader
from store.postgres.pool import Connection
from store.postgres.times import from_us

AT_ONCE = 200
"""Changes of a page. Those of a page are sent side by side, those of one object in order."""

_WHAT, _WHY, _ROLE = "changes of the registry", "back office", "back_office"
_FINISHED = "snapshot"
"""Kind of the place behind the last object of a snapshot."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A webhook. about : the object, whose webhooks keep their order; after : the place when all
    up to this one have arrived; customers : whose data are in it."""

    webhook_id: str
    about: str
    body: str
    after: Place
    customers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PageOut:
    """The next webhooks of a subscription. end : the place when all have arrived; secrets : sign
    them."""

    subscription: Subscription
    events: list[Outgoing]
    end: Place
    secrets: list[str] = field(repr=False, default_factory=list)

    def progress(self, arrived: Collection[str]) -> tuple[Place, list[str]]:
        """Return up to where everything has arrived, and the ids of what has arrived behind it."""
        place = self.subscription.place
        for number, event in enumerate(self.events):
            if event.webhook_id not in arrived:
                behind = self.events[number:]
                return place, [one.webhook_id for one in behind if one.webhook_id in arrived]
            place = event.after
        return self.end, []


def subscribe(
    connection: Connection,
    tenant: str,
    receiver: str,
    *,
    registry: bool,
    consents: bool,
    snapshot: bool,
    now_us: int,
) -> None:
    """Send a receiver what changes from now on, after a snapshot of everything or without.

    A receiver that is subscribed already goes on where it was, unless it wants a snapshot; the
    caller commits. Raises `NotFound`.
    """
    id_ = receivers.get(connection, tenant, receiver)["receiver_id"]
    horizon = registry_changes.begin(connection)
    change_subscriptions.put(
        connection, id_, tenant, registry=registry, consents=consents, horizon=horizon,
        now_us=now_us,
    )  # fmt: skip
    if snapshot:
        change_subscriptions.restart(connection, id_, horizon)


def page(
    connection: Connection, box: SecretBox, subscription: Subscription, now_us: int
) -> PageOut | None:
    """Return the next webhooks of a subscription; None where it has everything.

    Where changes were forgotten a snapshot begins; the caller commits. Raises `Retry` where the key
    of secrets is missing.
    """
    found: tuple[list[Outgoing], Place] | None = None
    if not subscription.place.snapshot:
        try:
            found = _changes(connection, subscription)
        except Forgotten:
            place, number = change_subscriptions.restart(
                connection, subscription.receiver_id, registry_changes.begin(connection)
            )
            subscription = replace(subscription, place=place, snapshot_number=number, ahead=())
    if subscription.place.snapshot:
        found = _snapshot(connection, subscription, from_us(now_us))
    if found is None:
        return None
    events, end = found
    secrets = delivery.signing_secrets(connection, box, subscription.receiver_id, now_us)
    return PageOut(subscription, events, end, secrets)


def arrived(
    connection: Connection,
    page: PageOut,
    before: Place,
    ids: Sequence[str],
    since: int,
    now_us: int,
) -> Place:
    """Note which webhooks of a page have arrived, and whose data were in those after the first
    `since` of them; return the new place. Raises `Moved`. ids : in the order of arrival."""
    place, ahead = page.progress(frozenset(ids))
    new = set(ids[since:])
    change_subscriptions.note(
        connection, page.subscription.receiver_id, before, place, ahead, len(new), now_us
    )
    sent = [event for event in page.events if event.webhook_id in new]
    customers = sorted({customer for event in sent for customer in event.customers})
    name = page.subscription.name
    reader = Reader(page.subscription.tenant, f"receiver:{name}", _ROLE, name, "")
    objects = read_log.of_customers(customers)
    read_log.log_reads(connection, reader, objects, _WHAT, _WHY, now_us)
    return place


def idle(connection: Connection, subscription: Subscription, now_us: int) -> None:
    """Move a receiver that has everything to the newest change of all tenants.

    Else a tenant in which nothing changes is behind what was forgotten of others. Raises `Moved`.
    """
    newest = registry_changes.begin(connection) - 1
    here = subscription.place
    if here.snapshot or newest <= here.xid or _changes(connection, subscription) is not None:
        return
    place = Place(newest, LAST)
    change_subscriptions.note(connection, subscription.receiver_id, here, place, (), 0, now_us)


def _wanted(subscription: Subscription) -> Callable[[str], bool]:
    return lambda kind: subscription.consents if kind == CONSENT else subscription.registry


def _changes(
    connection: Connection, subscription: Subscription
) -> tuple[list[Outgoing], Place] | None:
    here = subscription.place
    items, end = registry_changes.window(
        connection,
        subscription.tenant,
        (here.xid, here.change_id),
        AT_ONCE,
        _wanted(subscription),
    )
    if end == (here.xid, here.change_id):
        return None
    return [_changed(one) for one in items], Place(*end)


def _changed(item: Item) -> Outgoing:
    change = item.change
    assert change is not None
    body = registry_events.changed(
        change.tenant,
        f"{change.xid}.{change.change_id}",
        item.kind,
        change.operation,
        item.object,
        change.recorded_at,
        item.data,
    )
    return Outgoing(
        f"change-{change.xid}-{change.change_id}",
        f"{item.kind}:{item.object}",
        body.decode(),
        Place(change.xid, change.change_id),
        _customers(item),
    )


def _snapshot(
    connection: Connection, subscription: Subscription, now: datetime
) -> tuple[list[Outgoing], Place]:
    here = subscription.place
    if not here.kind:
        after = replace(here, kind="customer")
        return [_marker(subscription, "started", now, after)], after
    if here.kind == _FINISHED:
        after = Place(here.xid, here.change_id)
        return [_marker(subscription, "finished", now, after)], after
    items = registry_changes.objects(
        connection, subscription.tenant, (here.kind, here.object), AT_ONCE, _wanted(subscription)
    )
    events = [
        _event(
            subscription,
            f"{one.kind}:{one.object}",
            (one.kind, "current", one.object),
            now,
            one.data,
            replace(here, kind=one.kind, object=one.object),
            _customers(one),
        )
        for one in items
        if one.data is not None
    ]
    if len(items) < AT_ONCE:
        return events, replace(here, kind=_FINISHED, object="")
    return events, replace(here, kind=items[-1].kind, object=items[-1].object)


def _marker(subscription: Subscription, operation: str, now: datetime, after: Place) -> Outgoing:
    subject = str(subscription.snapshot_number)
    return _event(subscription, operation, ("snapshot", operation, subject), now, None, after)


def _event(
    subscription: Subscription,
    named: str,
    what: tuple[str, str, str],
    now: datetime,
    data: Any,
    after: Place,
    customers: Sequence[str] = (),
) -> Outgoing:
    id_ = f"{subscription.place.xid}.snapshot{subscription.snapshot_number}.{named}"
    kind, operation, object_id = what
    body = registry_events.changed(subscription.tenant, id_, kind, operation, object_id, now, data)
    # An id of a webhook has no full stop: its signature joins it with others by one.
    digest = hashlib.sha256(id_.encode()).hexdigest()[:32]
    return Outgoing(
        f"snapshot-{digest}", f"{kind}:{object_id}", body.decode(), after, tuple(customers)
    )


def _customers(item: Item) -> tuple[str, ...]:
    if item.data is None:
        return ()
    if item.kind in ("customer", CONSENT):
        return (item.object,)
    return (item.data["customer"],) if item.kind == "contract" else ()
