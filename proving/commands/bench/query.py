"""Measure response times of the API over a small and a large history.

For each size (1,000,000 and 10,000,000 samples by default, see --samples) a new database is
filled with 100,000 vehicles and 1,000 meters, their samples and in proportion their trips,
intervals and days; then `tachowatt api` is started and queried over HTTP, one query after the
other, each about another of 1,000 vehicles or 30 meters. Those have the same last 90 (30) days
at every size. p50, p95 and p99 in ms; `flat` is the ratio of the largest size to the smallest.
The exit code is 1 if the score's p99 reaches 20 ms, or its p50 at the largest size 1.5 times
that of the smallest.

Example:

  tachowatt bench query --samples 1000000 --samples 10000000 --json
"""

from typing import Annotated

import typer

from app.commands.shared.console import print_json, print_table
from proving.commands.bench.shared import (
    Json,
    bench_settings,
    judge,
    print_phases,
)
from runtime.clock import SystemClock


def query(
    samples: Annotated[list[int] | None, typer.Option(min=20_000, help="Sizes")] = None,
    huge: Annotated[bool, typer.Option("--huge", help="Also 100,000,000 samples")] = False,
    requests: Annotated[int, typer.Option(min=10, help="For each question and size")] = 500,
    database_url: Annotated[str | None, typer.Option(help="An empty one, for one size")] = None,
    json: Json = False,
) -> None:
    from proving.bench import query as bench_query

    sizes = sorted({*(samples or (1_000_000, 10_000_000)), *((100_000_000,) if huge else ())})
    with bench_settings(None, database_url) as settings:
        found = bench_query.run(settings, SystemClock(), sizes, requests, print_phases())
    if json:
        print_json(found)
    else:
        for size in found["sizes"]:
            print_table(
                f"{size['samples']:,} samples, {found['vehicles']:,} vehicles",
                ["question", "p50 ms", "p95 ms", "p99 ms"],
                [[name, *took.values()] for name, took in size["latency_ms"].items()],
            )
    judge(found)
