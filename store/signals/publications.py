"""Publications: signals and dead letters to be published to Kafka for other systems.

Rows are written in the transaction that creates the signal or dead letter, only where Kafka feeds
the store, and deleted when Kafka has it. So each is published at least once, and those of one
device in the order of creation.
"""

from collections.abc import Sequence
from typing import Any

from psycopg.types.json import Jsonb

from store.pipeline import dead_letter
from store.postgres import rows
from store.postgres.pool import Connection, scalar

_LOCK = 7_261_006


def may_publish(connection: Connection) -> bool:
    """Lock publishing for this session until it ends; return False where another session has it.

    Only one session publishes, to keep the order.
    """
    mine = bool(scalar(connection, "select pg_try_advisory_lock(%s, 0)", (_LOCK,)))
    connection.commit()
    return mine


def oldest(connection: Connection, limit: int) -> list[tuple[int, str, int]]:
    """Return (publication_id, kind, ref) of the oldest publications."""
    found = connection.execute(
        "select publication_id, kind, ref from pipeline.publication order by publication_id "
        "limit %s",
        (limit,),
    )
    return [(id_, kind, ref) for id_, kind, ref in found.fetchall()]


def signals(connection: Connection, sequences: Sequence[int]) -> dict[int, dict[str, Any]]:
    """Return rows of pipeline.signal with `device` (its name), by sequence."""
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
    """Return dead letters by id."""
    return {row.id: row for row in dead_letter.by_id(connection, ids)}


def put_event(
    connection: Connection, event_id: int, tenant: str, customer: str | None, event: dict[str, Any]
) -> bool:
    """Let a meter event leave by Kafka, in the caller's transaction; return False where no Kafka
    feeds the store. event : the CloudEvent."""
    found = connection.execute(
        "insert into pipeline.publication (kind, ref, tenant, customer, event) "
        "select 'meter_event', %s, %s, %s, %s where pipeline.is_fed_by_kafka()",
        (event_id, tenant, customer, Jsonb(event)),
    )
    return found.rowcount == 1


def events(connection: Connection, ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    """Return meter events that wait, by the id of their publication."""
    found = connection.execute(
        "select publication_id, event from pipeline.publication "
        "where publication_id = any(%s) and kind = 'meter_event'",
        (list(ids),),
    )
    return dict(found.fetchall())


def events_waiting(connection: Connection, event_ids: Sequence[int]) -> set[int]:
    """Return those of the meter events that Kafka does not have yet."""
    found = connection.execute(
        "select event_id from shown.event_waiting where event_id = any(%s)", (list(event_ids),)
    )
    return {row[0] for row in found.fetchall()}


def by_kafka(connection: Connection) -> bool:
    """Return whether events leave by Kafka, too."""
    return bool(scalar(connection, "select pipeline.is_fed_by_kafka()"))


def done(connection: Connection, ids: Sequence[int]) -> None:
    """Delete publications that Kafka has, in the caller's transaction."""
    connection.execute(
        "delete from pipeline.publication where publication_id = any(%s)", (list(ids),)
    )


def waiting(connection: Connection) -> int:
    """Count the publications that wait."""
    return int(scalar(connection, "select count(*) from pipeline.publication"))
