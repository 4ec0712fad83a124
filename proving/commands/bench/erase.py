"""Measure the erasure of a customer with a year of data, among many others.

A new database gets one customer with samples of a year (2 million by default, see --samples),
interactions, cases, decisions, signals and reads, and a little of each of the others. Erasure is
measured to its end, with vacuum; then `verify` looks through everything. The exit code is 1 if it
takes 60 s or leaves a row. `slowest_to_find_ms` shows tables whose look-up grows with the tenant.

Example:

  tachowatt bench erase --json
"""

from typing import Annotated

import typer

from app.commands.shared.console import print_json, print_table
from proving.commands.bench.shared import Json, bench_settings, judge, print_phases
from runtime.clock import SystemClock


def erase(
    samples: Annotated[int, typer.Option(min=1_000, help="Of the customer")] = 2_000_000,
    customers: Annotated[int, typer.Option(min=2, help="Of the tenant")] = 10_000,
    database_url: Annotated[str | None, typer.Option(help="An empty one")] = None,
    json: Json = False,
) -> None:
    from proving.bench import erase as bench_erase

    with bench_settings(None, database_url) as settings:
        found = bench_erase.run(settings, SystemClock(), customers, samples, print_phases())
    if json:
        print_json(found)
    else:
        print_table(
            f"{found['rows']:,} rows of one of {found['customers']:,} customers",
            ["step", "seconds"],
            [["erase", found["erased_s"]], ["verify", found["verified_s"]]],
        )
        print_table(
            "Slowest tables to look through",
            ["table", "ms"],
            [list(one) for one in found["slowest_to_find_ms"].items()],
        )
    judge(found)
