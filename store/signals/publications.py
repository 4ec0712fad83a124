"""What other systems are still to be told of by way of Kafka: signals and dead letters.

Put there in the transaction that makes them, and only where Kafka feeds the store; taken away when
Kafka has them. So each is told at least once, and of one device in the order they were made.
"""

from collections.abc import Sequence
from typing import Any

from store.pipeline import dead_letter
from store.postgres import rows
from store.postgres.pool import Connection, scalar

_LOCK = 7_261_006


def may_publish(connection: Connection) -> bool:
    """Whether this session is the one that tells; it stays so until it ends. One alone, so that
    nothing overtakes."""
    mine = bool(scalar(connection, "select pg_try_advisory_lock(%s, 0)", (_LOCK,)))
    connection.commit()
    return mine


def oldest(connection: Connection, limit: int) -> list[tuple[int, str, int]]:
    """(publication_id, kind, ref) of the oldest."""
    found = connection.execute(
        "select publication_id, kind, ref from pipeline.publication order by publication_id "
        "limit %s",
        (limit,),
    )
    return [(id_, kind, ref) for id_, kind, ref in found.fetchall()]


def signals(connection: Connection, sequences: Sequence[int]) -> dict[int, dict[str, Any]]:
    """Rows of pipeline.signal with `device` (its name), by sequence."""
    found = rows.all_(
        connection,
        "select s.sequence, s.id, s.revision, s.tenant, s.type, s.subject, s.time, s.data, "
        "d.device from pipeline.signal s left join customers.device d using (device_id) "
        "where s.sequence = any(%s)",
        (list(sequences),),
    )
    return {row["sequence"]: row for row in found}


def dead_letters(
    connection: Connection, ids: Sequence[int]
) -> dict[int, dead_letter.DeadLetterRow]:
    """Dead letters by id."""
    return {row.id: row for row in dead_letter.by_id(connection, ids)}


def done(connection: Connection, ids: Sequence[int]) -> None:
    """Kafka has these; in the caller's transaction."""
    connection.execute(
        "delete from pipeline.publication where publication_id = any(%s)", (list(ids),)
    )


def waiting(connection: Connection) -> int:
    """How many are still to be told."""
    return int(scalar(connection, "select count(*) from pipeline.publication"))
