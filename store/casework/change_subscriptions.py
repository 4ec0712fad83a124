"""Receivers that follow the changes of the registry, and up to where each has them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from runtime.errors import TachowattError
from store.postgres import rows
from store.postgres.pool import Connection, scalar
from store.postgres.times import from_us

_LOCK = 7_261_047
COUNTED = 10_000
"""Changes that wait are counted up to this number."""


@dataclass(frozen=True, slots=True)
class Place:
    """Up to where a receiver has the changes.

    snapshot : it is getting a snapshot: it has the objects up to (kind, object), and follows from
    (xid, change_id) afterwards.
    """

    xid: int
    change_id: int
    snapshot: bool = False
    kind: str = ""
    object: str = ""


@dataclass(frozen=True, slots=True)
class Subscription:
    """A receiver that follows changes. ahead : ids of webhooks behind `place` that it has."""

    receiver_id: int
    tenant: str
    name: str
    url: str
    registry: bool
    consents: bool
    snapshot_number: int
    place: Place
    ahead: tuple[str, ...]
    attempts: int


class Moved(TachowattError):
    """Somebody else has moved the subscription: another worker, or a command."""


def put(
    connection: Connection,
    receiver_id: int,
    tenant: str,
    *,
    registry: bool,
    consents: bool,
    horizon: int,
    now_us: int,
) -> None:
    """Subscribe a receiver to what changes from transaction `horizon` on.

    A receiver that is subscribed already goes on where it was.
    """
    now = from_us(now_us)
    connection.execute(
        "insert into contacts.change_subscription as s (receiver_id, tenant, registry, consents, "
        "snapshot, xid, change_id, next_attempt_at, created_at) values (%(id)s, %(tenant)s, "
        "%(registry)s, %(consents)s, false, %(xid)s, %(last)s, %(now)s, %(now)s) "
        "on conflict (receiver_id) do update set "
        "registry = excluded.registry, consents = excluded.consents, attempts = 0, "
        "next_attempt_at = excluded.next_attempt_at",
        {
            "id": receiver_id,
            "tenant": tenant,
            "registry": registry,
            "consents": consents,
            "xid": horizon - 1,
            "last": LAST,
            "now": now,
        },
    )


LAST = 2**63 - 1
"""Behind all changes of a transaction."""


def restart(connection: Connection, receiver_id: int, horizon: int) -> tuple[Place, int]:
    """Begin with a snapshot, and follow from transaction `horizon` on afterwards.

    Returns the place, and the number of the snapshot.
    """
    place = Place(horizon - 1, LAST, snapshot=True)
    number = scalar(
        connection,
        "update contacts.change_subscription set snapshot = true, kind = '', object = '', "
        "ahead = '{}', snapshot_number = snapshot_number + 1, xid = %s, change_id = %s "
        "where receiver_id = %s returning snapshot_number",
        (place.xid, place.change_id, receiver_id),
    )
    return place, int(number)


def remove(connection: Connection, receiver_id: int) -> bool:
    """End a subscription; return False where there is none."""
    done = connection.execute(
        "delete from contacts.change_subscription where receiver_id = %s", (receiver_id,)
    )
    return done.rowcount == 1


def retry_now(connection: Connection, receiver_id: int, now_us: int) -> None:
    """Try at once what waits for its next attempt."""
    connection.execute(
        "update contacts.change_subscription set attempts = 0, next_attempt_at = %s "
        "where receiver_id = %s",
        (from_us(now_us), receiver_id),
    )


def due(connection: Connection, now_us: int) -> list[Subscription]:
    """Return the subscriptions of active receivers that may be sent to now."""
    found = rows.all_(
        connection,
        "select s.*, r.name, r.url from contacts.change_subscription s "
        "join contacts.receiver r using (receiver_id) "
        "where r.state = 'active' and s.next_attempt_at <= %s order by s.receiver_id",
        (from_us(now_us),),
    )
    return [
        Subscription(
            row["receiver_id"],
            row["tenant"],
            row["name"],
            row["url"],
            row["registry"],
            row["consents"],
            row["snapshot_number"],
            Place(row["xid"], row["change_id"], row["snapshot"], row["kind"], row["object"]),
            tuple(row["ahead"]),
            row["attempts"],
        )
        for row in found
    ]


def may_send(connection: Connection, receiver_id: int) -> bool:
    """Lock the sending to a receiver for this session; False where another session has it."""
    key = receiver_id % 2**31
    return bool(scalar(connection, "select pg_try_advisory_lock(%s, %s)", (_LOCK, key)))


def note(
    connection: Connection,
    receiver_id: int,
    before: Place,
    place: Place,
    ahead: Sequence[str],
    delivered: int,
    now_us: int,
) -> None:
    """Note what a receiver has; the caller commits. Raises `Moved`.

    before : where the caller has read it; delivered : webhooks since then.
    """
    done = connection.execute(
        "update contacts.change_subscription set xid = %s, change_id = %s, snapshot = %s, "
        "kind = %s, object = %s, ahead = %s, delivered = delivered + %s, delivered_at = "
        "case when %s > 0 then %s else delivered_at end where receiver_id = %s "
        "and (xid, change_id, snapshot, kind, object) = (%s, %s, %s, %s, %s)",
        (
            *(place.xid, place.change_id, place.snapshot, place.kind, place.object),
            list(ahead),
            delivered,
            delivered,
            from_us(now_us),
            receiver_id,
            *(before.xid, before.change_id, before.snapshot, before.kind, before.object),
        ),
    )
    if done.rowcount != 1:
        raise Moved(f"receiver {receiver_id} is not where it was read")


def tried(
    connection: Connection,
    receiver_id: int,
    attempts: int,
    next_at_us: int,
    outcome: str = "",
    status: int | None = None,
    detail: str = "",
) -> None:
    """Note how the attempts went: `outcome` "" = well."""
    connection.execute(
        "update contacts.change_subscription set attempts = %s, next_attempt_at = %s, "
        "outcome = %s, status = %s, detail = %s where receiver_id = %s",
        (
            attempts,
            from_us(next_at_us),
            outcome,
            status,
            detail[:500].replace("\x00", "\\x00"),
            receiver_id,
        ),
    )


_WAITING = (
    "c.tenant = s.tenant and not s.snapshot and "
    "(c.xid, c.change_id) > (s.xid::text::xid8, s.change_id) "
    "and (case when c.kind = 'consent' then s.consents else s.registry end)"
)


def states(
    connection: Connection, tenants: Sequence[str] | None = None
) -> dict[int, dict[str, Any]]:
    """Return receiver → how far its subscription is; of all tenants, or of these.

    Beside the columns of the table: `waiting`, changes that it has not got, up to `COUNTED`, and
    `waiting_since`, when the oldest was recorded. Both are about the time after a snapshot.
    """
    found = rows.all_(
        connection,
        "select s.*, w.waiting - least(w.waiting, cardinality(s.ahead)) as waiting, "
        "w.waiting_since, (select forgotten::text::bigint > s.xid from customers.change_horizon) "
        "as forgotten from contacts.change_subscription s cross join lateral ("
        "select count(*)::integer as waiting, min(recorded_at) as waiting_since from ("
        f"select recorded_at from customers.change c where {_WAITING} "
        "order by c.xid, c.change_id limit %s) as these) as w "
        "where %s::text[] is null or s.tenant = any(%s) order by s.receiver_id",
        (COUNTED, tenants, tenants),
    )
    return {row["receiver_id"]: row for row in found}


def oldest_waiting(connection: Connection) -> datetime | None:
    """Return when the oldest change was recorded that an active receiver has not got yet."""
    found: datetime | None = scalar(
        connection,
        "select min(w.recorded_at) from contacts.change_subscription s "
        "join contacts.receiver r using (receiver_id) cross join lateral ("
        f"select recorded_at from customers.change c where {_WAITING} "
        "order by c.xid, c.change_id limit 1) as w where r.state = 'active'",
    )
    return found
