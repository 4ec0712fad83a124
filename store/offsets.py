"""Who owns a partition, and up to which offset its messages are committed."""

from runtime.errors import Fenced, Retry
from store.pool import Connection, scalar

# First keys of the advisory locks, one for each connection; the second is the partition.
_LOCKS = (7_261_002, 7_261_004)


def claim(connection: Connection, spare: Connection, partition: int) -> int:
    """Become the owner of `partition` for as long as either connection lives: whoever wants to be
    it needs both locks.

    Returns the next offset. Raises `Retry` while another process owns it; close both then.
    """
    for each, lock in zip((connection, spare), _LOCKS, strict=True):
        found = scalar(each, "select pg_try_advisory_lock(%s, %s)", (lock, partition))
        each.commit()
        if not found:
            raise Retry(
                f"partition {partition} is owned by another running process "
                "(`tachowatt serve`?); stop it, or wait"
            )
    connection.execute(
        "insert into pipeline.partition values (%s, 0) on conflict do nothing", (partition,)
    )
    connection.commit()
    return next_offset(connection, partition)


def next_offset(connection: Connection, partition: int) -> int:
    """The offset after the last committed message."""
    offset = scalar(
        connection, "select next_offset from pipeline.partition where partition = %s", (partition,)
    )
    connection.commit()
    return int(offset)


def advance(connection: Connection, partition: int, expected: int, to: int) -> None:
    """Compare-and-set in the caller's transaction. Raises `Fenced` when another has moved on."""
    cursor = connection.execute(
        "update pipeline.partition set next_offset = %s where partition = %s and next_offset = %s",
        (to, partition, expected),
    )
    if cursor.rowcount != 1:
        raise Fenced(f"partition {partition} is no longer at offset {expected}: another owner")


def total(connection: Connection) -> int:
    """Messages committed over all partitions."""
    return int(scalar(connection, "select coalesce(sum(next_offset), 0) from pipeline.partition"))
