"""Measure the agent's desk for a customer with a long timeline and three open cases.

A new database gets interactions, signals, messages, decisions and reads of one customer (10,000 by
default, see --entries). A call that rings, and what the desk shows of a verified caller, are asked
for as the API's role, one transaction each: p50, p95 and p99 in ms. The exit code is 1 if p99
reaches 150 ms.

Example:

  tachowatt bench desk --json
"""

from typing import Annotated

import typer

from app.commands.shared.console import print_json, print_table
from proving.commands.bench.shared import Json, bench_settings, judge, print_phases
from runtime.clock import SystemClock


def desk(
    entries: Annotated[int, typer.Option(min=100, help="Of the customer")] = 10_000,
    requests: Annotated[int, typer.Option(min=10, help="For each question")] = 200,
    database_url: Annotated[str | None, typer.Option(help="An empty one")] = None,
    json: Json = False,
) -> None:
    from proving.bench import desk as bench_desk

    with bench_settings(None, database_url) as settings:
        found = bench_desk.run(settings, SystemClock(), entries, requests, print_phases())
    if json:
        print_json(found)
    else:
        print_table(
            f"{found['entries']:,} entries of one customer",
            ["question", "p50 ms", "p95 ms", "p99 ms"],
            [[name, *row.values()] for name, row in found["latency_ms"].items()],
        )
    judge(found)
