"""Delivery of contacts: claims by workers, and the outcomes of attempts.

A worker has a number from a sequence and an advisory lock on it in a dedicated session. A contact
is free when no session has the lock of its `claimed_by`: when a worker is killed, its session ends
and its contacts are free at once, without a lease that must expire (docs/adr/0011).
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from contracts.channels import TO_CUSTOMER, TO_RECEIVERS
from runtime.errors import Retry
from runtime.secret_box import Damaged, KeyMissing, SecretBox
from store.casework import receivers
from store.casework.contacts import HELD
from store.postgres import notify, rows
from store.postgres.pool import Connection, scalar
from store.postgres.times import from_us

log = logging.getLogger("contacts.delivery")

_WORKERS = 7_261_003


@dataclass(frozen=True, slots=True)
class Lane:
    """A delivery queue: one receiver of webhooks, or the mail server (receiver_id None)."""

    channel: str
    receiver_id: int | None


@dataclass(frozen=True, slots=True)
class Attempt:
    """The outcome of one attempt.

    outcome : a code; status : HTTP or SMTP status; state : the contact's new state; next_at_us :
    time of the next attempt, None = none; duration_ms : None where nothing was sent (refused,
    cancelled).
    """

    outcome: str
    state: str
    reason: str = ""
    status: int | None = None
    detail: str = ""
    duration_ms: int | None = None
    next_at_us: int | None = None


def register_worker(connection: Connection) -> int:
    """Register a worker; return its number. It is valid as long as this connection is open."""
    number = int(scalar(connection, "select nextval('contacts.worker')"))
    connection.execute("select pg_advisory_lock(%s, %s)", (_WORKERS, number))
    connection.commit()
    return number


def any_worker_alive(connection: Connection) -> bool:
    """Return True where a worker is running."""
    return bool(
        scalar(
            connection,
            "select exists (select 1 from pg_locks where locktype = 'advisory' and classid = %s "
            "and objsubid = 2 and granted "
            "and database = (select oid from pg_database where datname = current_database()))",
            (_WORKERS,),
        )
    )


def lanes(connection: Connection) -> list[Lane]:
    """Return every lane that may be delivered to now; of stored channels, what was held."""
    found = connection.execute(
        "select receiver_id from contacts.receiver where state = 'active' order by 1"
    )
    to_customers = [Lane(name, None) for name in TO_CUSTOMER]
    receivers_ = [row[0] for row in found.fetchall()]
    return to_customers + [Lane(name, id_) for name in TO_RECEIVERS for id_ in receivers_]


def claim(
    connection: Connection, worker: int, free: Sequence[tuple[Lane, int]], now_us: int
) -> list[dict[str, Any]]:
    """Claim due contacts, urgent ones first. free : lane → number of contacts that it has room for.

    A row has the contact's columns and the receiver's `url`.
    """
    if not free:
        return []
    return rows.all_(
        connection,
        "with held as materialized (select objid::bigint as number from pg_locks "
        "where locktype = 'advisory' and classid = %s and objsubid = 2 and granted "
        "and database = (select oid from pg_database where datname = current_database())), "
        "due as (select c.contact_id from unnest(%s::text[], %s::bigint[], %s::integer[]) "
        "as lane (channel, receiver_id, room) cross join lateral ("
        "select contact_id from contacts.contact c where c.state = 'pending' "
        "and c.channel = lane.channel and c.next_attempt_at <= %s "
        "and coalesce(c.receiver_id, 0) = coalesce(lane.receiver_id, 0) "
        "and (c.claimed_by is null or c.claimed_by not in (select number from held)) "
        "order by c.urgent desc, c.next_attempt_at, c.contact_id limit lane.room "
        "for update skip locked) as c) "
        "update contacts.contact c set claimed_by = %s, "
        "first_attempt_at = coalesce(first_attempt_at, %s) "
        "from due where c.contact_id = due.contact_id "
        "returning c.*, (select url from contacts.receiver r "
        "where r.receiver_id = c.receiver_id) as url",
        (
            _WORKERS,
            [lane.channel for lane, _ in free],
            [lane.receiver_id for lane, _ in free],
            [room for _, room in free],
            from_us(now_us),
            worker,
            from_us(now_us),
        ),
    )


def put_off(
    connection: Connection, contact_id: str, worker: int, at_us: int | None, now_us: int
) -> None:
    """Release a claimed contact without an attempt. at_us : it is held until then; None = it is
    free for the next round."""
    connection.execute(
        "update contacts.contact set claimed_by = null, "
        "next_attempt_at = coalesce(%s, next_attempt_at), counted_at = coalesce(%s, counted_at), "
        "reason = case when %s then %s else reason end "
        "where contact_id = %s and claimed_by = %s and state = 'pending'",
        (
            None if at_us is None else from_us(at_us), None if at_us is None else from_us(at_us),
            at_us is not None, HELD, contact_id, worker,
        ),
    )  # fmt: skip


def let_go(connection: Connection, contact_ids: Sequence[str], now_us: int) -> None:
    """Record that the contact policy lets these go now."""
    connection.execute(
        "update contacts.contact set counted_at = %s where contact_id = any(%s)",
        (from_us(now_us), list(contact_ids)),
    )


def pending(connection: Connection) -> int:
    """Count the contacts that wait for delivery."""
    return int(scalar(connection, "select count(*) from contacts.contact where state = 'pending'"))


def finish(
    connection: Connection, contact_id: str, worker: int, attempt: Attempt, now_us: int
) -> bool:
    """Record an attempt and release the contact; return False where another worker has it now.

    In the caller's transaction. The attempt is recorded also where the contact was cancelled or
    claimed by another worker in the meantime; its state then changes only if it was delivered.
    """
    row = rows.one(
        connection,
        "select tenant, state, claimed_by, attempts from contacts.contact "
        "where contact_id = %s for no key update",
        (contact_id,),
    )
    if row is None:
        return False
    number = row["attempts"]
    if attempt.duration_ms is not None:
        number += 1
        connection.execute(
            "insert into contacts.attempt (contact_id, number, at, outcome, status, detail, "
            "duration_ms) values (%s, %s, %s, %s, %s, %s, %s)",
            (
                contact_id,
                number,
                from_us(now_us),
                attempt.outcome,
                attempt.status,
                attempt.detail[:500].replace("\x00", "\\x00"),
                attempt.duration_ms,
            ),
        )
    ours = row["state"] == "pending" and row["claimed_by"] == worker
    arrived = attempt.state == "delivered"
    if ours or arrived:
        connection.execute(
            "update contacts.contact set state = %s, reason = %s, attempts = %s, "
            "next_attempt_at = %s, claimed_by = null, "
            "delivered_at = case when %s then coalesce(delivered_at, %s) else delivered_at end, "
            "finished_at = case when %s then null else %s end where contact_id = %s",
            (
                attempt.state,
                attempt.reason,
                number,
                None if attempt.next_at_us is None else from_us(attempt.next_at_us),
                arrived,
                from_us(now_us),
                attempt.state == "pending",
                from_us(now_us),
                contact_id,
            ),
        )
        notify.changed(connection, row["tenant"], "contact")
        if arrived and number > 1:
            _retry_now(connection, contact_id, now_us)
    else:
        connection.execute(
            "update contacts.contact set attempts = %s where contact_id = %s", (number, contact_id)
        )
    return bool(ours)


def _retry_now(connection: Connection, contact_id: str, now_us: int) -> None:
    """Make contacts to the same receiver due now, after a retry was delivered: it is back.

    Only a retry shows this. After a first attempt the others may wait for other reasons.
    """
    hurried = connection.execute(
        "update contacts.contact w set next_attempt_at = %s from contacts.contact c "
        "where c.contact_id = %s and w.state = 'pending' and w.channel = c.channel "
        "and coalesce(w.receiver_id, 0) = coalesce(c.receiver_id, 0) "
        "and w.attempts > 0 and w.claimed_by is null and w.next_attempt_at > %s",
        (from_us(now_us), contact_id, from_us(now_us)),
    ).rowcount
    if hurried:
        notify.wake(connection, notify.CONTACT)


def add_signing_secrets(
    connection: Connection, box: SecretBox, contacts: Sequence[dict[str, Any]], now_us: int
) -> None:
    """Add to each claimed webhook the valid `secrets` of its receiver.

    A receiver whose secret was damaged gets none, so that it alone cannot be sent to. Raises
    `Retry` where the key is missing: the caller rolls its claims back, and tries again.
    """
    known: dict[int, list[str]] = {}
    for contact in contacts:
        receiver_id = contact["receiver_id"]
        if receiver_id is not None and receiver_id not in known:
            known[receiver_id] = signing_secrets(connection, box, receiver_id, now_us)
        contact["secrets"] = known.get(receiver_id, [])


def signing_secrets(
    connection: Connection, box: SecretBox, receiver_id: int, now_us: int
) -> list[str]:
    """Return the valid secrets of a receiver; none where one was damaged, so that nothing is sent.

    Raises `Retry` where the key is missing.
    """
    try:
        return receivers.secrets(connection, box, receiver_id, now_us)
    except KeyMissing as error:
        raise Retry(str(error)) from error
    except Damaged as error:
        log.error("%s; `tachowatt receiver rotate` makes a new one", error)
        return []
