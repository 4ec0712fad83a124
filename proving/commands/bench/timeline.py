"""Measure the timeline of one customer with many entries among customers with few.

A new database gets interactions, signals, messages, decisions and reads of one customer (100,000
by default, see --entries). The first page, page 1,000 and searches are read as the API's role, one
transaction each: p50, p95 and p99 in ms. The exit code is 1 if p99 of a page reaches 50 ms or of a
search 100 ms.

Example:

  tachowatt bench timeline --json
"""

from typing import Annotated

import typer

from app.commands.shared.console import print_json, print_table
from proving.commands.bench.shared import Json, bench_settings, judge, print_phases
from runtime.clock import SystemClock


def timeline(
    entries: Annotated[int, typer.Option(min=100, help="Of the one customer")] = 100_000,
    requests: Annotated[int, typer.Option(min=10, help="For each question")] = 300,
    database_url: Annotated[str | None, typer.Option(help="An empty one")] = None,
    json: Json = False,
) -> None:
    from proving.bench import timeline as bench_timeline

    with bench_settings(None, database_url) as settings:
        found = bench_timeline.run(settings, SystemClock(), entries, requests, print_phases())
    if json:
        print_json(found)
    else:
        print_table(
            f"{found['entries']:,} entries of one customer",
            ["question", "p50 ms", "p95 ms", "p99 ms", "found"],
            [[name, *row.values()] for name, row in found["latency_ms"].items()],
        )
    judge(found)
