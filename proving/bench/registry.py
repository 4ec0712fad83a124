"""`tachowatt bench registry`: how long ingest takes to follow one change among many devices."""

from collections.abc import Callable
from typing import Any

from app.servers.postgres import Postgres
from ingest.registry import Registries
from runtime.clock import Clock
from runtime.settings import Settings
from services import consent
from services.identity import correct_assignment
from store.postgres.pool import Connection, connect
from store.postgres.times import from_us
from store.schema.migrate import migrate
from store.testing import bench_registry
from store.testing.bench_registry import TENANT

ASKED_S = 1.0
_TIMES = 5
Progress = Callable[[str, int, int], None]


def run(settings: Settings, clock: Clock, devices: int, progress: Progress) -> dict[str, Any]:
    """Register so many devices; return the seconds of reading all, and of following one change.

    A change is an assignment that is corrected, or a consent; the longest of five of each counts.
    """
    server = Postgres(settings.state_dir, clock)
    url = server.start()
    try:
        migrate(url)
        with connect(url) as connection:
            progress("registering", 0, 1)
            bench_registry.add_tenant(connection)
            bench_registry.copy(connection, bench_registry.copy_texts(connection, devices))
            connection.commit()
            bench_registry.analyze(connection)
        progress("following", 0, 1)
        with connect(url) as reader, connect(url) as writer:
            registries = Registries()
            whole_s = _loading_s(registries, reader, clock)
            assigned, consented = [], []
            for i in range(_TIMES):
                now_us = clock.now_us()
                correct_assignment(
                    writer, TENANT, f"b{i}", f"vehicle:v{devices - 1 - i}", from_us(now_us), None,
                    now_us,
                )  # fmt: skip
                writer.commit()
                assigned.append(_loading_s(registries, reader, clock))
                consent.decide(
                    writer, TENANT, f"c{i}", "driving_score", "granted", now_us,
                    notice_version="1", source="bench",
                )  # fmt: skip
                writer.commit()
                consented.append(_loading_s(registries, reader, clock))
            found = registries.load(reader, clock.now_us())
            reader.rollback()
    finally:
        server.stop()
    problems = []
    if len(found.by_id) != devices or len(found.consent.granted) != _TIMES:
        problems.append("the registry does not have what was written")
    worst_s = max(*assigned, *consented)
    if worst_s >= ASKED_S:
        problems.append(f"one change took {worst_s:.2f} s, not less than {ASKED_S} s")
    return {
        "devices": devices,
        "whole_s": round(whole_s, 3),
        "assignment_s": round(max(assigned), 3),
        "consent_s": round(max(consented), 3),
        "problems": problems,
    }


def _loading_s(registries: Registries, connection: Connection, clock: Clock) -> float:
    began = clock.monotonic()
    registries.load(connection, clock.now_us())
    took_s = clock.monotonic() - began
    connection.commit()
    return took_s
