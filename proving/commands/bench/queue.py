"""Measure the work queue with many open cases and many agents.

A new database gets open cases of both sides (100,000 by default, see --cases) and 60 agents, half
of them with two skills and one language. First pages, what fits an agent, and the next case, which
its agent gets, are asked for as the API's role, one transaction each: p50, p95 and p99 in ms. The
exit code is 1 if p99 of a page or of the next case reaches 50 ms.

Example:

  tachowatt bench queue --json
"""

from typing import Annotated

import typer

from app.commands.shared.console import print_json, print_table
from proving.commands.bench.shared import Json, bench_settings, judge, print_phases
from runtime.clock import SystemClock


def queue(
    cases: Annotated[int, typer.Option(min=100, help="Open cases")] = 100_000,
    requests: Annotated[int, typer.Option(min=10, help="For each question")] = 300,
    database_url: Annotated[str | None, typer.Option(help="An empty one")] = None,
    json: Json = False,
) -> None:
    from proving.bench import queue as bench_queue

    with bench_settings(None, database_url) as settings:
        found = bench_queue.run(settings, SystemClock(), cases, requests, print_phases())
    if json:
        print_json(found)
    else:
        print_table(
            f"{found['cases']:,} open cases",
            ["question", "p50 ms", "p95 ms", "p99 ms"],
            [[name, *row.values()] for name, row in found["latency_ms"].items()],
        )
    judge(found)
