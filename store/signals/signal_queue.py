"""The queue of signals that `contacts` has not decided on yet."""

from collections.abc import Sequence
from typing import Any

from store.postgres import rows
from store.postgres.pool import Connection, scalar

_NAMES_LOCK = 7_261_004

_SIGNAL = (
    "s.sequence, s.id, s.revision, s.tenant, s.device_id, s.type, s.subject, s.time, s.data, "
    "d.device, coalesce(t.timezone, 'UTC') as timezone, "
    "(select max(revision) from pipeline.signal n where n.id = s.id) as newest_revision"
)
_FROM = (
    "pipeline.signal s left join customers.device d using (device_id) "
    "left join customers.tenant t on t.tenant = s.tenant"
)


def claim(
    connection: Connection, limit: int, urgent_types: Sequence[str] = ()
) -> list[dict[str, Any]]:
    """Lock and return signals to decide on, urgent types first, until the caller commits.

    Each is a row of pipeline.signal with `device` (its name), the tenant's `timezone` and
    `newest_revision` of its id. Signals that another worker has locked are skipped.
    """
    taken: list[int] = []
    if urgent_types:
        taken = _lock_some(
            connection, "and s.type = any(%s)", [list(urgent_types), limit], "s.sequence"
        )
    if len(taken) < limit:
        taken += _lock_some(
            connection, "and q.sequence <> all(%s)", [taken, limit - len(taken)], "q.sequence"
        )
    found = rows.all_(
        connection,
        f"select {_SIGNAL} from {_FROM} where s.sequence = any(%s) order by s.sequence",
        (taken,),
    )
    return found


def _lock_some(
    connection: Connection, condition: str, parameters: list[Any], order: str
) -> list[int]:
    found = connection.execute(
        "select q.sequence from pipeline.signal_queue q "
        f"join pipeline.signal s using (sequence) where true {condition} "
        f"order by {order} limit %s for update of q skip locked".encode(),
        parameters,
    )
    return [row[0] for row in found.fetchall()]


def get(connection: Connection, signal_id: str) -> dict[str, Any] | None:
    """Return the newest revision of a signal, with the columns of `claim`."""
    return rows.one(
        connection,
        f"select {_SIGNAL} from {_FROM} where s.id = %s order by s.revision desc limit 1",
        (signal_id,),
    )


def revisions(connection: Connection, keys: Sequence[tuple[str, int]]) -> list[dict[str, Any]]:
    """Return the signals (id, revision) that are there, in this order, with `claim`'s columns."""
    return rows.all_(
        connection,
        f"select {_SIGNAL} from unnest(%s::text[], %s::int[]) with ordinality "
        "as k (id, revision, position) join pipeline.signal s using (id, revision) "
        "left join customers.device d on d.device_id = s.device_id "
        "left join customers.tenant t on t.tenant = s.tenant order by k.position",
        ([id_ for id_, _ in keys], [revision for _, revision in keys]),
    )


def lock(connection: Connection, names: Sequence[str]) -> None:
    """Lock these names against decisions of other workers until the caller commits.

    Two workers may have two revisions of one signal at once: one must not retract a contact that
    the other is planning. Locks are taken in one order, so that there is no deadlock.
    """
    connection.execute(
        "select pg_advisory_xact_lock(%s, key) from (select distinct hashtext(name) as key "
        "from unnest(%s::text[]) as n (name) order by 1) as ordered",
        (_NAMES_LOCK, list(names)),
    )


def try_lock(connection: Connection, names: Sequence[str]) -> bool:
    """Lock these names as `lock` does, without waiting; return False where another worker has one.

    What was locked before the one that is not free stays locked until the caller commits.
    """
    return bool(
        scalar(
            connection,
            "select coalesce(bool_and(pg_try_advisory_xact_lock(%s, key)), true) from "
            "(select distinct hashtext(name) as key from unnest(%s::text[]) as n (name)) as keys",
            (_NAMES_LOCK, list(names)),
        )
    )


def newest(connection: Connection, ids: Sequence[str]) -> dict[str, int]:
    """Return signal id → its newest revision."""
    found = connection.execute(
        "select id, max(revision) from pipeline.signal where id = any(%s) group by id", (list(ids),)
    )
    return {id_: revision for id_, revision in found.fetchall()}


def done(connection: Connection, sequences: Sequence[int]) -> None:
    """Remove decided signals from the queue."""
    connection.execute(
        "delete from pipeline.signal_queue where sequence = any(%s)", (list(sequences),)
    )


def waiting(connection: Connection) -> int:
    """Count the signals that wait for a decision."""
    return int(scalar(connection, "select count(*) from pipeline.signal_queue"))
