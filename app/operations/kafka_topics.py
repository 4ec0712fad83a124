"""Kafka topics: created by `tachowatt log init`, inspected by `tachowatt log status`."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from contracts.kafka import MOST_RECORD_BYTES, Topics
from runtime.errors import Retry, Stop
from runtime.kafka import client_options
from runtime.urls import without_secrets
from store.pipeline.log import Log

T = TypeVar("T")

_WITHIN_MS = 15_000
_HOUR_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class Found:
    """State of the messages topic in Kafka. begin, end : partition → offset."""

    cluster_id: str
    begin: dict[int, int]
    end: dict[int, int]


def configs(replicas: int, keep_hours: int) -> dict[str, str]:
    """Return the settings of each topic; docs/operations.md explains them."""
    return {
        "min.insync.replicas": str(max(1, replicas - 1)),
        "retention.ms": str(keep_hours * _HOUR_MS),
        "max.message.bytes": str(MOST_RECORD_BYTES),
        "cleanup.policy": "delete",
        "unclean.leader.election.enable": "false",
    }


def create(url: str, topics: Topics, partitions: int, replicas: int, keep_hours: int) -> list[str]:
    """Create missing topics; return their names. Raises `Retry`, `Stop`."""

    async def work(admin: AIOKafkaAdminClient) -> list[str]:
        made = []
        wanted = {
            topics.raw: partitions,
            topics.acks: partitions,
            topics.dead: max(1, partitions // 4),
            topics.signals: partitions,
            topics.customers: max(1, partitions // 4),
            topics.changes: max(1, partitions // 4),
        }
        for name, count in wanted.items():
            answer = await admin.create_topics(
                [NewTopic(name, count, replicas, topic_configs=configs(replicas, keep_hours))]
            )
            _, code, *message = answer.topic_errors[0]
            error = for_code(code)
            if code == 0:
                made.append(name)
            elif error is not TopicAlreadyExistsError:
                raise Stop(f"Kafka does not make {name}: {error.__name__} {message}")
        return made

    return _with_admin(url, work)


def prepare(
    url: str, topics: Topics, partitions: int, replicas: int, keep_hours: int
) -> tuple[list[str], Log, dict[int, int]]:
    """Create missing topics.

    Returns their names and the arguments of `store.pipeline.log.choose`. Raises `Retry`, `Stop`."""
    made = create(url, topics, partitions, replicas, keep_hours)
    found = look(url, topics)
    if found is None:
        raise Stop(f"Kafka has no topic {topics.raw} although it was made; look at its log")
    return made, Log("kafka", topics.raw, found.cluster_id, partitions), found.begin


def look(url: str, topics: Topics) -> Found | None:
    """Return the state of the messages topic; None if it does not exist. Raises `Retry`."""

    async def work(admin: AIOKafkaAdminClient) -> Found | None:
        if topics.raw not in await admin.list_topics():
            return None
        cluster = await admin.describe_cluster()
        (described,) = await admin.describe_topics([topics.raw])
        places = [TopicPartition(topics.raw, p["partition"]) for p in described["partitions"]]
        consumer = AIOKafkaConsumer(**client_options(url), request_timeout_ms=_WITHIN_MS)
        await consumer.start()
        try:
            begin = await consumer.beginning_offsets(places)
            end = await consumer.end_offsets(places)
        finally:
            await consumer.stop()
        return Found(
            cluster["cluster_id"],
            {tp.partition: offset for tp, offset in begin.items()},
            {tp.partition: offset for tp, offset in end.items()},
        )

    return _with_admin(url, work)


def _with_admin(url: str, work: Callable[[AIOKafkaAdminClient], Coroutine[Any, Any, T]]) -> T:
    arguments = client_options(url)

    async def main() -> T:
        admin = AIOKafkaAdminClient(**arguments, request_timeout_ms=_WITHIN_MS)
        try:
            await admin.start()
            return await work(admin)
        except (KafkaError, OSError) as error:
            raise Retry(f"{without_secrets(url)} does not answer: {error!r}") from error
        finally:
            await admin.close()

    return asyncio.run(main())
