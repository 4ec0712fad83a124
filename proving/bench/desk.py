"""`tachowatt bench desk`: response times of the desk for a customer with a long timeline."""

from collections.abc import Callable
from typing import Any

import numpy as np

from app.processes.stack import prepare_secrets
from proving.testbed.database import database_of
from runtime.clock import Clock
from runtime.errors import Stop
from runtime.secret_box import SecretBox, box_of
from runtime.settings import Settings
from services import calls, case_steps, desk
from services.contact_points import ContactPoints, NewPoint, contact_points_of
from store.postgres import roles
from store.postgres.pool import Connection, connect
from store.postgres.roles import set_tenant_scope
from store.schema.migrate import migrate
from store.testing import bench_data, bench_timeline, measurements

_WARM = 10
_P99_MS = 150.0
_NUMBER = "+491713920001"
_CASES = ("complaint", "contract-change", "customer-rights")
Progress = Callable[[str, int, int], None]


def run(
    settings: Settings, clock: Clock, entries: int, requests: int, progress: Progress
) -> dict[str, Any]:
    """Fill a database, report calls and read the desk; return milliseconds.

    As the API's role: one transaction a request, with what the page shows, without HTTP.
    `settings.database_url` must be empty where it is given; else our own server.
    """
    with database_of(settings, clock) as url:
        progress(f"{entries:,} entries: filling", 0, 1)
        migrate(url)
        prepare_secrets(settings, url, clock)
        points, now_us = contact_points_of(settings), clock.now_us()
        box = box_of(settings)
        tenant, customer = bench_data.TENANT, bench_timeline.CUSTOMER
        with connect(url) as connection:
            measurements.require_empty(connection)
            kinds = bench_timeline.fill(connection, entries, now_us)
            number = NewPoint(tenant, customer, "mobile", _NUMBER)
            points.record(connection, number, "bench", now_us)
            for type_ in _CASES:
                case_steps.open_(
                    connection, tenant, type_, "bench", now_us, customer=customer, side="insurer"
                )
            versions = measurements.versions(connection)
            connection.commit()
            connection.autocommit = True
            connection.execute("analyze")
        latency = _measured(url, clock, points, box, requests, progress)
    problems = [
        f"{name}: p99 {row['p99']} ms, {_P99_MS:.0f} ms is the most"
        for name, row in latency.items()
        if row["p99"] >= _P99_MS
    ]
    return {
        "entries": sum(kinds.values()), "versions": versions, "requests": requests,
        "latency_ms": latency, "problems": problems,
    }  # fmt: skip


def _measured(
    url: str,
    clock: Clock,
    points: ContactPoints,
    box: SecretBox,
    requests: int,
    progress: Progress,
) -> dict[str, dict[str, float]]:
    now_us, tenant, customer = clock.now_us(), bench_data.TENANT, bench_timeline.CUSTOMER

    def ring(connection: Connection) -> Any:
        return calls.open_(connection, points, tenant, _NUMBER, "Agent", now_us)

    def show(connection: Connection) -> Any:
        found = desk.of_customer(connection, box, tenant, customer, None, now_us)
        points.of_customer(connection, tenant, customer)
        return found

    asked: dict[str, Callable[[Connection], Any]] = {"a call rings": ring, "the desk": show}
    found: dict[str, dict[str, float]] = {}
    with connect(url, role=roles.READER) as connection:
        for number, (name, ask) in enumerate(asked.items()):
            progress("asking", number, len(asked))
            took: list[float] = []
            for turn in range(_WARM + requests):
                began = clock.monotonic()
                with connection.transaction():
                    set_tenant_scope(connection, [tenant])
                    if ask(connection) is None:
                        raise Stop(f"{name}: there is nothing")
                if turn >= _WARM:
                    took.append(1_000 * (clock.monotonic() - began))
            p50, p95, p99 = np.percentile(took, [50, 95, 99])
            found[name] = {
                "p50": round(float(p50), 2), "p95": round(float(p95), 2),
                "p99": round(float(p99), 2),
            }  # fmt: skip
    return found
