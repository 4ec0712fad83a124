"""`tachowatt bench workers`: two workers of ingest compared with one, where no server is the limit.

Kafka has all messages before a worker starts. A null store encodes samples, features, checkpoints,
signals and sequence numbers, then discards them. Ledger and offsets are written, so that progress
can be measured.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from multiprocessing.connection import Connection as Pipe
from typing import Any

from app.operations import registry_import as registry_files
from contracts.kafka import Topics
from contracts.raw import RawMessage, Receipt
from proving.bench import kafka as bench_kafka
from proving.bench.kafka import Part, pause, served
from proving.testbed.database import database_of
from runtime.clock import US_PER_S, Clock
from runtime.errors import Stop
from runtime.metrics import Metrics
from runtime.settings import Settings
from simulators.load import Load
from store.pipeline import ledger, offsets, telemetry
from store.postgres.pool import connect
from store.schema.migrate import migrate

_RATE = 5_000.0
_APPENDED = 1_000
_READY_WITHIN_S = 120.0
_LEAST_RATIO = 1.5

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """messages of `samples` each, of `devices` cars, over `partitions`; workers : two counts.

    kafka_url : of an existing Kafka; None = start one.
    """

    messages: int
    samples: int
    devices: int
    partitions: int
    workers: tuple[int, int] = (1, 2)
    kafka_url: str | None = None


def run(settings: Settings, clock: Clock, plan: Plan, progress: Progress) -> dict[str, Any]:
    """Measure each count of workers in turn; return the figures and their ratio."""
    with database_of(settings, clock) as url:
        migrate(url)
        tenant = f"bench-{clock.now_us() // US_PER_S}"
        load = Load(_RATE, plan.devices, plan.messages / _RATE, tenant=tenant, samples=plan.samples)
        valid = registry_files.validate(load.registry(clock.now_us()), "load")
        registry_files.write(url, valid, clock.now_us())
        server = bench_kafka.Plan(plan.kafka_url, max(plan.workers), plan.partitions)
        with served(settings, clock, server) as kafka_url:
            runs = [
                _measure(settings, clock, plan, url, kafka_url, load, workers, progress)
                for workers in plan.workers
            ]
    found: dict[str, Any] = {
        "messages": plan.messages,
        "samples_per_message": plan.samples,
        "devices": plan.devices,
        "partitions": plan.partitions,
        "runs": runs,
        "ratio": round(runs[1]["messages_per_s"] / runs[0]["messages_per_s"], 2),
    }
    found["problems"] = [
        f"{each['received']} of {plan.messages} messages are in the ledger"
        for each in runs
        if each["received"] != plan.messages
    ]
    found["problems"] += [
        f"the null store has written {each['samples_written']} samples"
        for each in runs
        if each["samples_written"]
    ]
    if found["ratio"] < _LEAST_RATIO:
        found["problems"].append(f"the ratio is {found['ratio']}, less than {_LEAST_RATIO}")
    return found


def _measure(
    settings: Settings,
    clock: Clock,
    plan: Plan,
    database_url: str,
    kafka_url: str,
    load: Load,
    workers: int,
    progress: Progress,
) -> dict[str, Any]:
    with bench_kafka.feeding(database_url, kafka_url, clock, plan.partitions) as topics:
        settings = settings.model_copy(update={"kafka_topic_prefix": topics.prefix})
        progress(f"filling Kafka for {workers}", 0, plan.messages)
        asyncio.run(_fill(kafka_url, topics, _messages(plan, load, clock), settings))
        with connect(database_url) as connection:
            connection.autocommit = True
            before, received_before = offsets.total(connection), _received(connection)
            samples_before = _samples(connection)
            names = [f"ingest-{n + 1}" for n in range(workers)]
            parts = {n: Part(n, _ingest, settings, database_url, kafka_url) for n in names}
            try:
                _until_shared(parts, plan.partitions, clock)
                began, done = clock.monotonic(), 0
                for part in parts.values():
                    part.go_on()
                while done < plan.messages:
                    pause(parts)
                    done = offsets.total(connection) - before
                    progress(f"{workers} at work", done, plan.messages)
                seconds = clock.monotonic() - began
                took = {name: part.end() for name, part in parts.items()}
            finally:
                for part in parts.values():
                    part.leave()
            return {
                "workers": workers,
                "received": _received(connection) - received_before,
                "samples_written": _samples(connection) - samples_before,
                "seconds": round(seconds, 2),
                "messages_per_s": round(plan.messages / seconds),
                "samples_per_s": round(plan.messages * plan.samples / seconds),
                "processor_s": {name: each["processor_s"] for name, each in took.items()},
            }


def _received(connection: Any) -> int:
    return sum(entry.received for entry in ledger.read(connection).values())


def _samples(connection: Any) -> int:
    return sum(telemetry.count(connection, table) for table in telemetry.TABLES.values())


def _messages(plan: Plan, load: Load, clock: Clock) -> Iterator[RawMessage]:
    now_us = clock.now_us()
    if plan.samples == 1:
        made = load.messages(now_us - int(plan.messages / _RATE * US_PER_S) - 60 * US_PER_S)
    else:
        turns = -(-plan.messages // plan.devices)
        made = load.long_messages(now_us - (turns * plan.samples + 60) * US_PER_S)
    for message in islice(made, plan.messages):
        yield RawMessage(message.topic, message.payload(), now_us, message.content_type)


async def _fill(
    kafka_url: str, topics: Topics, messages: Iterator[RawMessage], settings: Settings
) -> None:
    from gateway.kafka_log import KafkaLog
    from ingest.decoding.catalogue import ROUTER

    log = KafkaLog(
        kafka_url,
        topics,
        settings.mqtt_client_id,
        ROUTER.key_of_topic,
        Metrics(),
        lambda _: None,
    )
    await log.start()
    try:
        while batch := [*islice(messages, _APPENDED)]:
            await log.append(batch)
    finally:
        await log.close()


def _until_shared(parts: dict[str, Part], partitions: int, clock: Clock) -> None:
    deadline = clock.monotonic() + _READY_WITHIN_S
    while True:
        for part in parts.values():
            part.receive_ready()
        owned = [part.ready for part in parts.values()]
        if sum(owned) == partitions and all(owned):
            return
        if clock.monotonic() > deadline:
            raise Stop(f"the workers own {owned} of {partitions} partitions, and no more")
        pause(parts)


# ── in the processes ────────────────────────────────────────────────────────────────────────


def _ingest(pipe: Pipe, settings: Settings, database_url: str, kafka_url: str) -> None:
    _discard_writes()
    on_start = _block_commits()
    asyncio.run(bench_kafka.run_ingest(pipe, settings, database_url, kafka_url, on_start))


def _block_commits() -> Callable[[], None]:
    """Block all commits in this process until the returned function is called."""
    from ingest.logs.direct import DirectLog

    append, may = DirectLog.append, asyncio.Event()

    async def wait_first(
        self: DirectLog, messages: Sequence[RawMessage], first: int | None = None
    ) -> Receipt:
        await may.wait()
        return await append(self, messages, first)

    DirectLog.append = wait_first  # type: ignore[method-assign]
    return may.set


def _discard_writes() -> None:
    """Discard samples, features, checkpoints, signals and sequence numbers in this process."""
    from store.pipeline import carry, device_seq, features, telemetry
    from store.postgres.binary import encode_rows
    from store.signals import outbox

    def made_ready(_connection: object, _table: str, columns: Any) -> None:
        encode_rows(columns)

    def nothing(*_: object, **__: object) -> None:
        return None

    for module, name, instead in (
        (telemetry, "copy_in", made_ready),
        (features, "copy_in", made_ready),
        (carry, "save", nothing),
        (outbox, "put", nothing),
        (device_seq, "advance", nothing),
        (device_seq, "save", nothing),
    ):
        setattr(module, name, instead)
