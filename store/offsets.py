"""Who owns a partition, and up to which offset its messages are committed."""

from runtime.errors import Fenced, Retry
from store.pool import Connection, scalar

# First key of the advisory lock; the second is the partition.
_LOCK = 7_261_002


def claim(connection: Connection, partition: int) -> int:
    """Become the owner of `partition` for as long as this connection lives.

    Returns the next offset. Raises `Retry` while another process owns it.
    """
    if not scalar(connection, "select pg_try_advisory_lock(%s, %s)", (_LOCK, partition)):
        connection.rollback()
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
