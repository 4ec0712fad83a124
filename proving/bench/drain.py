"""`tachowatt bench drain`: how fast a backlog goes from the broker to the last commit."""

import platform
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any

from app.operations import registry_import as registry_files
from app.operations.ledger import ledger_json
from app.operations.verify import verify
from app.servers.mosquitto import Mosquitto
from proving.bench import backlog
from proving.bench import kafka as bench_kafka
from proving.bench import paho as bench_paho
from proving.bench import service as bench_service
from proving.testbed.database import database_of
from runtime.clock import US_PER_S, Clock
from runtime.errors import Stop
from runtime.settings import Settings
from simulators.encode import Message
from simulators.load import Load
from store.pipeline import ledger, offsets
from store.postgres.pool import connect
from store.schema.migrate import migrate
from store.testing import measurements

_CLIENT_ID = "tachowatt-bench-drain"
_RATE = 5_000.0
_CALIBRATION_ROWS = 200_000
_PAHO_MESSAGES = 50_000
_MOST_OVERHEAD, _ENOUGH_MESSAGES = 0.05, 100_000
"""Share of identify and consent in the CPU, judged where many messages share the first look-ups."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The backlog: `messages` of `samples` each, from `devices` cars in turn.

    verify_devices : devices recomputed afterwards; 0 = none. kafka : the log between gateway and
    ingest; None = both in one process.
    """

    messages: int
    samples: int
    devices: int
    verify_devices: int = 1_000
    kafka: bench_kafka.Plan | None = None


Progress = Callable[[str, int, int], None]


def run(settings: Settings, clock: Clock, plan: Plan, progress: Progress) -> dict[str, Any]:
    """Make the backlog, drain it, calibrate, verify; return the figures.

    Servers that are not set run under `settings.state_dir`, which the caller removes. `problems`
    of the answer lists every failure.
    """
    with servers(settings, clock) as (database_url, mqtt_url):
        migrate(database_url)
        tenant = f"bench-{clock.now_us() // US_PER_S}"
        load = Load(_RATE, plan.devices, plan.messages / _RATE, tenant=tenant, samples=plan.samples)
        now_us = clock.now_us()
        valid = registry_files.validate(load.registry(now_us), "load")
        registry_files.write(database_url, valid, now_us)
        backlog.make_session(mqtt_url, _CLIENT_ID)
        progress("making the backlog", 0, plan.messages)
        sent = backlog.publish(mqtt_url, _messages(plan, load, now_us))
        if sent != plan.messages:
            raise Stop(f"{sent} messages were published, {plan.messages} were planned")
        drained = _drain(
            settings.model_copy(update={"mqtt_client_id": _CLIENT_ID}),
            clock,
            plan,
            database_url,
            mqtt_url,
            lambda done: progress("draining", done, plan.messages),
        )
        backlog.end_session(mqtt_url, _CLIENT_ID)
        found: dict[str, Any] = {
            "messages": plan.messages,
            "samples_per_message": plan.samples,
            "devices": plan.devices,
            **drained,
            "samples_per_s": round(drained["messages_per_s"] * plan.samples),
            "bench_peak_memory_mib": round(bench_service.peak_memory_mib()),
        }
        found["ledger"] = ledger_figures(database_url)
        progress("calibrating", 0, 1)
        few = islice(_messages(plan, load, now_us), min(plan.messages, _PAHO_MESSAGES))
        found["calibration"] = _calibrate(settings, clock, plan, found, database_url) | _beside(
            found, bench_paho.rate(mqtt_url, few, clock)
        )
        found["verify"] = proof(database_url, plan.verify_devices, progress)
        found["versions"] = versions(database_url, mqtt_url)
        found["problems"] = problems(found)
        return found


def _drain(
    settings: Settings,
    clock: Clock,
    plan: Plan,
    database_url: str,
    mqtt_url: str,
    progress: Callable[[int], None],
) -> dict[str, Any]:
    with connect(database_url) as connection:
        before = offsets.total(connection)
    if plan.kafka is None:
        return bench_service.drain(
            settings, database_url, mqtt_url, plan.messages, before, progress
        )
    with ExitStack() as ending:
        url = ending.enter_context(bench_kafka.served(settings, clock, plan.kafka))
        topics = ending.enter_context(
            bench_kafka.feeding(database_url, url, clock, plan.kafka.partitions)
        )
        settings = settings.model_copy(update={"kafka_topic_prefix": topics.prefix})
        return bench_kafka.drain(
            settings,
            database_url,
            mqtt_url,
            url,
            plan.kafka,
            plan.messages,
            before,
            clock,
            progress,
        )


def _messages(plan: Plan, load: Load, now_us: int) -> Iterator[Message]:
    """Yield the backlog, early enough that its last sample is not ahead of our clock."""
    if plan.samples == 1:
        return load.messages(now_us - int(plan.messages / _RATE * US_PER_S) - 60 * US_PER_S)
    turns = -(-plan.messages // plan.devices)
    return load.long_messages(now_us - (turns * plan.samples + 60) * US_PER_S)


def _calibrate(
    settings: Settings, clock: Clock, plan: Plan, found: dict[str, Any], database_url: str
) -> dict[str, Any]:
    with connect(database_url) as connection:
        copied = measurements.copy_rate(
            connection, _CALIBRATION_ROWS, settings.batch_messages * plan.samples, clock
        )
    return {
        "copy_rows_per_s": round(copied),
        "ratio_to_copy": round(found["samples_per_s"] / copied, 3),
    }


def _beside(found: dict[str, Any], paho: float) -> dict[str, Any]:
    return {
        "paho_messages_per_s": round(paho),
        "ratio_to_paho": round(found["messages_per_s"] / paho, 3),
    }


def ledger_figures(database_url: str) -> dict[str, Any]:
    """Return the ledger of the whole database, and whether it closes."""
    with connect(database_url) as connection:
        read = ledger_json(ledger.read(connection), offsets.total(connection), 0)
    return {name: read[name] for name in (*ledger.COUNTS, "closes")}


def proof(database_url: str, devices: int, progress: Progress) -> dict[str, Any] | None:
    """Return the verdict of `tachowatt verify` on at most `devices`; None if that is 0."""
    if not devices:
        return None
    verdict = verify(database_url, lambda done, of: progress("verifying", done, of), devices)
    return {
        "clean": verdict.clean,
        "devices": verdict.devices,
        "samples": verdict.samples,
        "rows": verdict.rows,
        "waiting": verdict.waiting,
        "differences": verdict.differences[:20],
    }


def versions(database_url: str, mqtt_url: str) -> dict[str, str | None]:
    """Return the versions of all software measured."""
    with connect(database_url) as connection:
        return measurements.versions(connection) | {
            "broker": backlog.version(mqtt_url),
            "python": platform.python_version(),
        }


def problems(found: dict[str, Any]) -> list[str]:
    """Return the reasons why a run's figures are invalid."""
    wrong = []
    if not found["ledger"]["closes"]:
        wrong.append("the ledger does not close")
    if found["verify"] is not None and not found["verify"]["clean"]:
        wrong.append("verify is not clean")
    overhead = found.get("identify_and_consent", 0.0)
    if found.get("messages", 0) >= _ENOUGH_MESSAGES and overhead > _MOST_OVERHEAD:
        wrong.append(
            f"identify and consent took {overhead:.1%} of the CPU, over {_MOST_OVERHEAD:.0%}"
        )
    return wrong


@contextmanager
def servers(settings: Settings, clock: Clock) -> Iterator[tuple[str, str]]:
    """Yield database and broker: those set, else embedded PostgreSQL and Debian's Mosquitto."""
    broker = Mosquitto(settings.state_dir, clock)
    try:
        mqtt_url = settings.mqtt_url or broker.start()
        with database_of(settings, clock) as url:
            yield url, mqtt_url
    finally:
        broker.stop()
