"""Ownership of partitions, and the offsets up to which their messages are committed."""

from runtime.errors import Fenced, Owned
from store.postgres.pool import Connection, connect, scalar

# First keys of the advisory locks, one for each connection; the second key is the partition.
_LOCKS = (7_261_002, 7_261_005)

_ENDED_WITHIN_MS = 5_000


def claim(connection: Connection, spare: Connection, partition: int) -> int:
    """Own `partition` as long as either connection is open: an owner needs both locks.

    Returns the next offset. Raises `Owned` while another process owns it; close both then.
    """
    for each, key in zip((connection, spare), _LOCKS, strict=True):
        found = scalar(each, "select pg_try_advisory_lock(%s, %s)", (key, partition))
        each.commit()
        if not found:
            raise _owned(partition)
    connection.execute(
        "insert into pipeline.partition (partition, next_offset, secured_at) "
        "select %s, 0, secured_at from pipeline.layout on conflict do nothing",
        (partition,),
    )
    connection.commit()
    return next_offset(connection, partition)


def lock(connection: Connection, partition: int) -> None:
    """Prevent ownership of the partition until the transaction ends. Raises `Owned` while owned."""
    for key in _LOCKS:
        if not scalar(connection, "select pg_try_advisory_xact_lock(%s, %s)", (key, partition)):
            raise _owned(partition)


def _owned(partition: int) -> Owned:
    return Owned(
        f"partition {partition} is owned by another running process "
        "(`tachowatt serve`?); stop it, or wait"
    )


def depose(url: str, partition: int) -> int:
    """End the sessions that own a partition, and so release its locks; return their number.

    Kafka has assigned the partition to us, and its last owner is paused or disconnected. The
    owner's open transaction is rolled back. The connection assumes no role: a role may not end
    sessions of the login.
    """
    with connect(url, application="tachowatt-depose") as connection:
        found = connection.execute(
            "select pg_terminate_backend(pid, %s) from pg_locks where locktype = 'advisory' "
            "and database = (select oid from pg_database where datname = current_database()) "
            "and classid = any(%s::bigint[]::oid[]) and objid = %s and objsubid = 2 and granted",
            (_ENDED_WITHIN_MS, list(_LOCKS), partition),
        ).fetchall()
        return len(found)


def next_offset(connection: Connection, partition: int) -> int:
    """Return the offset after the last committed message."""
    offset = scalar(
        connection, "select next_offset from pipeline.partition where partition = %s", (partition,)
    )
    connection.commit()
    return int(offset)


def advance(connection: Connection, partition: int, expected: int, to: int) -> None:
    """Advance the offset by compare-and-set, in the caller's transaction.

    Raises `Fenced` when another owner has advanced it.
    """
    cursor = connection.execute(
        "update pipeline.partition set next_offset = %s where partition = %s and next_offset = %s",
        (to, partition, expected),
    )
    if cursor.rowcount != 1:
        raise Fenced(f"partition {partition} is no longer at offset {expected}: another owner")


def committed(connection: Connection) -> dict[int, int]:
    """Return partition → the offset after its last committed message."""
    rows = connection.execute("select partition, next_offset from pipeline.partition order by 1")
    return {partition: offset for partition, offset in rows.fetchall()}


def total(connection: Connection) -> int:
    """Count the messages committed over all partitions, including earlier logs."""
    return int(
        scalar(
            connection,
            "select counted_before + (select coalesce(sum(next_offset - begin_offset), 0) "
            "from pipeline.partition) from pipeline.log",
        )
    )
