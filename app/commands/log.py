"""The log between gateways and ingest: direct, or Kafka."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from app.commands.shared.console import (
    err,
    load_settings,
    out,
    print_json,
    print_table,
    shown_url,
)
from app.commands.shared.options import DatabaseUrl
from app.processes.stack import database
from contracts.kafka import Topics
from runtime.clock import SystemClock
from runtime.errors import Usage
from runtime.kafka import with_settings
from store.pipeline import log as store_log
from store.pipeline import offsets
from store.postgres.pool import Connection, connect, translated

cli = typer.Typer(no_args_is_help=True, help=__doc__)

LogUrl = Annotated[str, typer.Option("--log", help="kafka://host:9092, or `direct`")]


@cli.command("init")
def init(
    log: LogUrl,
    partitions: Annotated[
        int, typer.Option(min=1, max=10_000, help="Most ingest workers that can share the work")
    ] = 12,
    replicas: Annotated[int, typer.Option(min=1, max=10, help="Copies that Kafka keeps")] = 1,
    keep_hours: Annotated[
        int, typer.Option(min=1, help="How long Kafka keeps messages; ingest must be back before")
    ] = 7 * 24,
    prefix: Annotated[str | None, typer.Option(help="Before the names of topics")] = None,
    before: Annotated[
        str | None, typer.Option("--from", help="The Kafka so far, where it is another")
    ] = None,
    lost: Annotated[
        bool, typer.Option("--lost", help="That Kafka is gone, with what was not committed in it")
    ] = False,
    database_url: DatabaseUrl = None,
) -> None:
    """Create the topics in Kafka, and feed the store from them. Safe to repeat.

    The number of partitions decides the partition of each device, so it is recorded in the store
    and does not change by itself. To change it, or to go back to the direct log:

      1. stop the gateways, and wait until `tachowatt log status` shows no lag

      2. stop ingest

      3. `tachowatt log init --log … --partitions N --prefix g2.` (new topics, another prefix), or
         `tachowatt log init --log direct --from kafka://…`

      4. start ingest and gateways with TACHOWATT_KAFKA_TOPIC_PREFIX=g2.

    Example:

      tachowatt log init --log kafka://kafka:9092 --partitions 12 --replicas 3
    """
    settings = load_settings(database_url=database_url, kafka_topic_prefix=prefix)
    before = None if before is None else with_settings(before, settings)
    with database(settings, SystemClock()) as url:
        if log == "direct":
            _choose(url, store_log.DIRECT, {0: 0}, None if lost else before, lost=lost)
            err.print("the store is fed from the direct log: `tachowatt serve`")
        else:
            topics = Topics(settings.kafka_topic_prefix)
            there = with_settings(log, settings)
            chosen, begin = _topics(there, topics, partitions, replicas, keep_hours)
            _choose(url, chosen, begin, before or there, lost=lost)
            err.print(f"the store is fed from {chosen}")
            err.print(
                f"next: tachowatt ingest --log {shown_url(log)}; "
                f"tachowatt gateway --log {shown_url(log)} --mqtt-url …"
            )


def _topics(
    log: str, topics: Topics, partitions: int, replicas: int, keep_hours: int
) -> tuple[store_log.Log, dict[int, int]]:
    from app.operations import kafka_topics

    found = kafka_topics.look(log, topics)
    if found is not None and len(found.begin) != partitions:
        raise Usage(
            f"the topic {topics.raw} has {len(found.begin)} partitions, not {partitions}. Their "
            "number decides where each device's messages go, so it cannot change within a topic: "
            "`tachowatt log init --help` says how to go over to new ones"
        )
    made, chosen, begin = kafka_topics.prepare(log, topics, partitions, replicas, keep_hours)
    err.print(f"made: {', '.join(made) or 'nothing, all topics were there'}")
    return chosen, begin


def _choose(
    url: str, chosen: store_log.Log, begin: dict[int, int], kafka_url: str | None, *, lost: bool
) -> None:
    """Switch the log, if the previous one has no uncommitted messages.

    kafka_url : where to check for them. lost : do not check.
    """
    from ingest.decoding.catalogue import ROUTER

    with translated(), connect(url, application="tachowatt-log") as connection:
        before = store_log.chosen(connection)
        if before == chosen:
            return
        if before.kind == "kafka" and not lost:
            left = _not_committed(before, offsets.committed(connection), kafka_url)
            if left:
                raise Usage(
                    f"{left} messages of {before} are not committed yet: let ingest take them "
                    "(`tachowatt log status` shows how many are left), then change over"
                )
        now_us = SystemClock().now_us()
        store_log.choose(connection, chosen, begin, now_us, ROUTER.key_of_topic)
        connection.commit()


def _not_committed(before: store_log.Log, committed: dict[int, int], kafka_url: str | None) -> int:
    """Return uncommitted messages of a log in Kafka. Raises `Usage` if Kafka cannot be asked."""
    from app.operations import kafka_topics

    assert before.topic is not None
    if kafka_url is None:
        raise Usage(
            f"the store is fed from {before}: say with --from kafka://… where it is, so that "
            "nothing is left behind there, or with --lost that it is gone"
        )
    old = kafka_topics.look(kafka_url, Topics.with_raw(before.topic))
    if old is None or old.cluster_id != before.cluster_id:
        raise Usage(
            f"the Kafka at {shown_url(kafka_url)} is not the one with {before}: say with "
            "--from kafka://… where that is, so that nothing is left behind there, or with --lost "
            "that it is gone"
        )
    return sum(
        max(end - max(committed.get(partition, end), old.begin[partition]), 0)
        for partition, end in old.end.items()
    )


@cli.command("status")
def status(
    log: Annotated[str | None, typer.Option("--log", help="kafka://host:9092")] = None,
    database_url: DatabaseUrl = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object")] = False,
) -> None:
    """Show which log feeds the store and the offset of each partition; with --log its lag too.

    Example:

      tachowatt log status --log kafka://kafka:9092
    """
    with _connected(database_url) as connection:
        chosen = store_log.chosen(connection)
        committed = offsets.committed(connection)
    end: dict[int, int] = {}
    if log is not None and chosen.topic is not None:
        from app.operations import kafka_topics

        found = kafka_topics.look(
            with_settings(log, load_settings()), Topics.with_raw(chosen.topic)
        )
        end = {} if found is None else found.end
    lag = {partition: end[partition] - n for partition, n in committed.items() if partition in end}
    if as_json:
        print_json(
            {
                "log": chosen.kind,
                "topic": chosen.topic,
                "partitions": chosen.partitions,
                "committed": committed,
                "lag": lag,
            }
        )
        return
    out.print(f"the store is fed from {chosen}")
    print_table(
        "Partitions",
        ["partition", "committed", "lag"],
        [[partition, n, lag.get(partition)] for partition, n in committed.items()],
    )


@cli.command("skip")
def skip(
    log: Annotated[str, typer.Option("--log", help="kafka://host:9092")],
    yes: Annotated[bool, typer.Option("--yes", help="Do it, and not only say what")] = False,
    database_url: DatabaseUrl = None,
) -> None:
    """Skip messages that Kafka deleted before they were read; they are lost.

    Without --yes it only shows where messages are missing, and how many. Stop ingest first.

    Example:

      tachowatt log skip --log kafka://kafka:9092 --yes
    """
    from app.operations import kafka_topics

    with _connected(database_url) as connection:
        chosen = store_log.chosen(connection)
        if chosen.topic is None:
            raise Usage("the store is fed from the direct log: nothing can be missing there")
        found = kafka_topics.look(
            with_settings(log, load_settings()), Topics.with_raw(chosen.topic)
        )
        if found is None:
            raise Usage(f"Kafka has no topic {chosen.topic}")
        missing = 0
        for partition, committed in offsets.committed(connection).items():
            begin = found.begin.get(partition, committed)
            if begin <= committed:
                continue
            missing += begin - committed
            out.print(f"partition {partition}: offsets {committed} to {begin - 1} are gone")
            if yes:
                store_log.skip(connection, partition, begin)
        connection.commit()
    if not missing:
        out.print("no messages are missing")
    else:
        out.print(f"{missing} messages are {'skipped' if yes else 'missing; --yes skips them'}")


@contextmanager
def _connected(database_url: str | None) -> Iterator[Connection]:
    with (
        database(load_settings(database_url=database_url), SystemClock()) as url,
        translated(),
        connect(url, application="tachowatt-log") as connection,
    ):
        yield connection
