"""Decide the next best action in batches, over hundreds of actions with three treatments each.

Each process decides over its own customers; a hundred decisions are compared with the oracle.
Where zen-engine is installed, it evaluates the same conditions in the same run. The exit code is 1
where a decision differs. --http asks `tachowatt api` instead, which reads all that is known of a
customer, decides and stores: 100 decisions/s with p99 below 100 ms are the least.

Examples:

  tachowatt bench decisions --actions 200 --json

  tachowatt bench decisions --http --json
"""

from typing import Annotated

import typer

from app.commands.shared.console import out, print_json
from proving.commands.bench.shared import Json, bench_settings, judge, print_phases
from runtime.clock import SystemClock
from runtime.errors import Stop


def decisions(
    actions: Annotated[int, typer.Option(min=1, help="Each with three treatments")] = 200,
    decisions: Annotated[int, typer.Option(min=1, help="In each process")] = 5_000,
    workers: Annotated[int, typer.Option(min=1, help="Processes")] = 2,
    seed: Annotated[int, typer.Option(help="Of actions and customers")] = 1,
    http: Annotated[bool, typer.Option("--http", help="Over HTTP, with a database")] = False,
    clients: Annotated[int, typer.Option(min=1, help="At once, with --http")] = 2,
    json: Json = False,
) -> None:
    if http:
        _over_http(actions, min(decisions, 2_000), clients, seed, json)
        return
    try:
        from proving.bench import decisions as bench_decisions
    except ModuleNotFoundError as error:
        raise Stop(f"the bench needs the repository's tests: {error}") from None

    found = bench_decisions.run(actions, decisions, workers, seed)
    if json:
        print_json(found)
    else:
        out.print(
            f"{found['per_s']:,} decisions/s over {actions} actions in {workers} processes, "
            f"{found['per_s_and_core']:,} on one core; zen-engine, conditions only: "
            f"{found['zen'] and found['zen']['conditions_per_s']}"
        )
    judge(found)


def _over_http(actions: int, requests: int, clients: int, seed: int, json: bool) -> None:
    from proving.bench import decisions_http

    with bench_settings(None, None) as settings:
        found = decisions_http.run(
            settings, SystemClock(), actions, requests, clients, seed, print_phases()
        )
    if json:
        print_json(found)
    else:
        out.print(f"{found['per_s']:,} decisions/s over HTTP, {found['latency_ms']} ms")
    judge(found)
