"""`tachowatt bench queue`: response times of the work queue with many open cases."""

from collections.abc import Callable
from typing import Any

import numpy as np

from proving.testbed.database import database_of
from runtime.clock import Clock
from runtime.settings import Settings
from services import case_flow, work_queue
from services.work_queue import Asking
from store.casework.filters import Queue
from store.postgres import roles
from store.postgres.pool import Connection, connect
from store.postgres.roles import set_tenant_scope
from store.postgres.times import from_us
from store.schema.migrate import migrate
from store.testing import bench_data, bench_queue, measurements

_WARM = 20
_PAGE = 25
_P99_MS = 50.0
_SUPERVISORS = ("delegates", "the team", "service levels")
"""Questions that read all open cases; nobody waits for them with a customer on the line."""
Progress = Callable[[str, int, int], None]
Ask = Callable[[Connection, int], Any]


def run(
    settings: Settings, clock: Clock, cases: int, requests: int, progress: Progress
) -> dict[str, Any]:
    """Fill a database and ask for pages and next cases; return milliseconds.

    As the API's role: one transaction a request, with what a page shows, without HTTP.
    `settings.database_url` must be empty where it is given; else our own server.
    """
    with database_of(settings, clock) as url:
        progress(f"{cases:,} open cases: filling", 0, 1)
        migrate(url)
        with connect(url) as connection:
            measurements.require_empty(connection)
            bench_queue.fill(connection, cases, clock.now_us())
            versions = measurements.versions(connection)
            connection.commit()
            connection.autocommit = True
            connection.execute("analyze")
        latency = _measured(url, clock, requests, progress)
    problems = [
        f"{name}: p99 {row['p99']} ms, {_P99_MS:.0f} ms is the most"
        for name, row in latency.items()
        if row["p99"] >= _P99_MS and name not in _SUPERVISORS
    ]
    return {
        "cases": cases, "agents": bench_queue.AGENTS, "versions": versions, "requests": requests,
        "page": _PAGE, "latency_ms": latency, "problems": problems,
    }  # fmt: skip


def _measured(
    url: str, clock: Clock, requests: int, progress: Progress
) -> dict[str, dict[str, float]]:
    questions = _questions(clock.now_us())
    found: dict[str, dict[str, float]] = {}
    with connect(url, role=roles.READER) as connection:
        for number, (name, ask) in enumerate(questions.items()):
            progress("asking", number, len(questions))
            turns = _WARM + (requests if name not in _SUPERVISORS else requests // 10)
            took: list[float] = []
            for turn in range(turns):
                began = clock.monotonic()
                with connection.transaction():
                    set_tenant_scope(connection, [bench_data.TENANT])
                    ask(connection, turn)
                if turn >= _WARM:
                    took.append(1_000 * (clock.monotonic() - began))
            p50, p95, p99 = np.percentile(took, [50, 95, 99])
            found[name] = {
                "p50": round(float(p50), 2), "p95": round(float(p95), 2),
                "p99": round(float(p99), 2),
            }  # fmt: skip
    return found


def _questions(now_us: int) -> dict[str, Ask]:
    tenant, now = bench_data.TENANT, from_us(now_us)

    def who(turn: int) -> Asking:
        number = turn % bench_queue.AGENTS
        return Asking(f"Agent {number}", bench_queue.agent(number))

    def queue(which: Callable[[int], Queue]) -> Ask:
        def ask(connection: Connection, turn: int) -> Any:
            case_flow.queue(connection, tenant, which(turn), limit=_PAGE + 1)
            return case_flow.count(connection, tenant, which(turn))

        return ask

    def delegates(connection: Connection, turn: int) -> Any:
        case = {"tenant": tenant, "owner": None, "side": "insurer", "skill": "", "language": "de"}
        return work_queue.delegates(connection, case, now)

    return {
        "first page": queue(lambda _: Queue()),
        "first page of a side": queue(lambda _: Queue(side="utility")),
        "mine": queue(lambda turn: Queue(owner=who(turn).name)),
        "overdue": queue(lambda _: Queue(due_before=now)),
        "fits me": lambda connection, turn: work_queue.fitting(
            connection, tenant, who(turn), now, limit=_PAGE + 1
        ),
        "next": lambda connection, turn: work_queue.next_(connection, tenant, who(turn), now_us),
        "delegates": delegates,
        "the team": lambda connection, _: work_queue.team(connection, tenant, None, now),
        "service levels": lambda connection, _: work_queue.service_level(
            connection, tenant, None, now
        ),
    }
