"""Measure an import of customers with contracts, vehicles and devices against a bare COPY.

A CSV file of a back office is mapped, validated, compared with what is there and written in chunks;
the bare COPY writes the same rows into the same tables of another database, with all constraints,
indexes and triggers. The exit code is 1 where the import is slower than 0.3 of the COPY.

Example:

  tachowatt bench import --customers 1000000 --json
"""

from typing import Annotated

import typer

from app.commands.shared.console import out, print_json
from proving.commands.bench.shared import Json, bench_settings, judge, print_phases
from runtime.clock import SystemClock


def import_(
    customers: Annotated[int, typer.Option(min=100, help="Customers")] = 1_000_000,
    json: Json = False,
) -> None:
    from proving.bench import import_ as bench_import

    with bench_settings(None, None) as settings:
        found = bench_import.run(settings, SystemClock(), customers, print_phases())
    if json:
        print_json(found)
    else:
        out.print(
            f"{found['rows']:,} rows: COPY {found['copy_s']} s, import {found['import_s']} s "
            f"(ratio {found['ratio']}), the same again {found['again_s']} s"
        )
    judge(found)
