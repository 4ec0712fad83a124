"""Analyse whole years of many meters at half-hours, as `analyse-meter` does, a process per core.

Intervals with status, days, anomalies, profile and base load; the baseline with weather; what each
anomaly cost; the forecast of the next day. All homes are of one place. Times are CPU times of the
worker's thread, by step; `tamper_score` is measured beside them. The fit of the baseline is
compared with its plain twin on some homes, and the ratio of their times is stated. The exit code is
1 where results differ.

Example:

  tachowatt bench meters --meters 10000
"""

import os
from typing import Annotated

import typer

from app.commands.shared.console import out, print_json, print_table
from proving.commands.bench.shared import Json, judge, print_phases
from runtime.errors import Stop


def meters(
    meters: Annotated[int, typer.Option(min=1, help="How many")] = 10_000,
    days: Annotated[int, typer.Option(min=30, help="Of each")] = 365,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes; else one a core")] = None,
    compared: Annotated[int, typer.Option(min=0, help="Homes fitted by the plain twin too")] = 8,
    seed: Annotated[int, typer.Option(help="Of homes and weather")] = 1,
    json: Json = False,
) -> None:
    try:
        from proving.bench import meters as bench_meters
    except ModuleNotFoundError as error:
        raise Stop(f"the bench of meters needs the repository's tests: {error}") from None

    found = bench_meters.run(
        seed, meters, days, workers or os.cpu_count() or 1, compared, print_phases()
    )
    if json:
        print_json(found)
    else:
        print_table(
            f"{found['meters']:,} meters, {found['intervals']:,} intervals, {found['workers']} "
            f"processes: {found['intervals_per_cpu_s'] / 1e6:.2f} million intervals/s per core",
            ["step", "ms a meter", "million intervals/s"],
            [
                [step, took, f"{found['intervals_per_cpu_s_by_step'][step] / 1e6:.2f}"]
                for step, took in found["ms_a_meter"].items()
            ],
        )
        out.print(f"kernel alone: {found['kernel_intervals_per_cpu_s'] / 1e6:.2f} million/s")
        out.print(
            f"tamper_score of 14 days beside it: {found['tamper_score_ms_a_meter']} ms a meter"
        )
        if found["fit"] is not None:
            fit = found["fit"]
            out.print(
                f"a fit: {fit['ms_a_fit']} ms, its plain twin {fit['plain_ms_a_fit']} ms "
                f"({fit['ratio']} times), results differ by {fit['greatest_difference']:.1g}"
            )
    judge(found)
