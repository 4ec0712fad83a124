"""Compute the trips of all stored samples again, beside a bare COPY of them out of the store.

What `tachowatt rescore --samples` does before it scores: samples are read by COPY, trips are
computed and written beside the stored ones. The COPY reads all columns of the samples and throws
them away. The exit code is 1 if not every sample was read.

Example:

  tachowatt bench rescore --json
"""

from typing import Annotated

import typer

from app.commands.shared.console import print_json, print_table
from proving.commands.bench.shared import Json, bench_settings, judge, print_phases
from runtime.clock import SystemClock


def rescore(
    samples: Annotated[int, typer.Option(min=1, help="20,000 a car")] = 2_000_000,
    database_url: Annotated[str | None, typer.Option(help="An empty one")] = None,
    json: Json = False,
) -> None:
    from proving.bench import rescore as bench_rescore

    with bench_settings(None, database_url) as settings:
        found = bench_rescore.run(settings, SystemClock(), samples, print_phases())
    if json:
        print_json(found)
    else:
        names = ("samples", "trips", "copy_rows_per_s", "rescore_rows_per_s", "ratio_to_copy")
        print_table("Trips from samples", list(names), [[found[name] for name in names]])
    judge(found)
