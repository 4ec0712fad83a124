"""The log that feeds the store (`tachowatt log init`)."""

from collections.abc import Mapping
from dataclasses import dataclass

from contracts.partition import KeyOfTopic, Partition, partition_of
from runtime.errors import Stop
from store.pipeline import offsets
from store.postgres.pool import Connection
from store.postgres.times import from_us


@dataclass(frozen=True, slots=True)
class Log:
    """kind : direct or kafka. topic, cluster_id : None for the direct log."""

    kind: str
    topic: str | None
    cluster_id: str | None
    partitions: int

    def __str__(self) -> str:
        if self.kind == "direct":
            return "the direct log"
        return f"Kafka's topic {self.topic} with {self.partitions} partitions"


DIRECT = Log("direct", None, None, 1)


def chosen(connection: Connection) -> Log:
    """Return the log of this store."""
    row = connection.execute(
        "select kind, topic, cluster_id, partitions from pipeline.log"
    ).fetchone()
    assert row is not None
    return Log(*row)


def must_be(connection: Connection, partition: Partition) -> None:
    """Check that this partition's log feeds the store. Raises `Stop` where another one does."""
    found = chosen(connection)
    if (found.kind, found.partitions) == (partition.log, partition.of):
        return
    ours = "the direct log" if partition.log == "direct" else f"Kafka in {partition.of} partitions"
    raise Stop(
        f"the store is fed from {found}, and this process takes from {ours}; "
        "`tachowatt log init --help` says how to change over"
    )


def skip(connection: Connection, partition: int, to: int) -> int:
    """Continue at offset `to`, because the log has lost the messages before it.

    In the caller's transaction. Returns the number of lost messages. The ledger does not change:
    they were never received. Raises `Owned` while a process owns the partition.
    """
    offsets.lock(connection, partition)
    found = connection.execute(
        "update pipeline.partition p set next_offset = %s, "
        "begin_offset = p.begin_offset + %s - p.next_offset from pipeline.partition old "
        "where p.partition = %s and old.partition = p.partition and p.next_offset < %s "
        "returning old.next_offset",
        (to, to, partition, to),
    ).fetchone()
    return 0 if found is None else to - int(found[0])


def choose(
    connection: Connection,
    log: Log,
    begin: Mapping[int, int],
    now_us: int,
    key_of_topic: KeyOfTopic,
) -> None:
    """Feed the store from another log from now on, in the caller's transaction.

    begin : partition → offset of its first message for this store. key_of_topic : finds the
    partition that retries each dead letter. Raises `Owned` while a process owns a partition.
    """
    for (partition,) in connection.execute("select partition from pipeline.partition").fetchall():
        offsets.lock(connection, partition)
    connection.execute(
        "update pipeline.log set kind = %s, topic = %s, cluster_id = %s, partitions = %s, "
        "chosen_at = %s, counted_before = counted_before + (select coalesce(sum(next_offset - "
        "begin_offset), 0) from pipeline.partition)",
        (log.kind, log.topic, log.cluster_id, log.partitions, from_us(now_us)),
    )
    connection.execute("delete from pipeline.partition")
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into pipeline.partition (partition, next_offset, begin_offset, secured_at) "
            "select %s, %s, %s, secured_at from pipeline.layout",
            [(partition, offset, offset) for partition, offset in sorted(begin.items())],
        )
        letters = connection.execute(
            "select dead_letter_id, topic from pipeline.dead_letter where state <> 'retried'"
        ).fetchall()
        cursor.executemany(
            "update pipeline.dead_letter set home = %s where dead_letter_id = %s",
            [(partition_of(key_of_topic(topic), log.partitions), id_) for id_, topic in letters],
        )
