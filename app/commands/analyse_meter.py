"""Energy, days, load profile, base load and anomalies of a meter's recording, as JSON.

Needs start with energy_kwh (interval values), or read_at with register_kwh (meter readings).
`tachowatt columns` lists all.

Examples:

  tachowatt analyse-meter home.csv --tz Europe/London --plot home.png

  tachowatt analyse-meter smets.csv.gz --tz Europe/London --map energy_kwh=value

  tachowatt analyse-meter readings.parquet --export intervals.csv

  tachowatt analyse-meter netz.csv --tz Europe/Berlin --decimal comma --date-format "%d.%m.%Y %H:%M"

What is guessed about a file (encoding, names, numbers, dates, clock) stands under `guesses` in the
answer, with the option that sets it.
"""

from typing import Annotated

import typer

from app.commands.shared.recording import (
    ClockOf,
    DateFormat,
    Decimal,
    Export,
    File,
    Map,
    Out,
    Plot,
    Quiet,
    Thousands,
    Zone,
    check_outputs,
    file_options,
    progress,
    write_answer,
)

Fuse = Annotated[
    float | None,
    typer.Option(
        "--fuse-a",
        min=1.0,
        help="Main fuse of the connection, A on three phases of 230 V; 63 if not given. More "
        "energy than it carries is an error of the meter",
    ),
]


def analyse_meter(
    file: File,
    tz: Zone = None,
    map_: Map = None,
    decimal: Decimal = None,
    thousands: Thousands = None,
    date_format: DateFormat = None,
    clock: ClockOf = None,
    fuse_a: Fuse = None,
    plot: Plot = None,
    export: Export = None,
    out: Out = None,
    quiet: Quiet = False,
) -> None:
    with progress(quiet) as step:
        check_outputs(plot, export, out)
        from app.analysis import meter as analysing
        from app.recordings.read import read_meter_table

        options = file_options(decimal, thousands, date_format, clock)
        table = read_meter_table(file, tz, map_ or (), step, options)
        step(0.9, "intervals and anomalies")
        analysis = analysing.analyse(table, fuse_a=fuse_a)
        if export is not None:
            from app.analysis.export import export_meter

            export_meter(analysis, export)
        if plot is not None:
            from app.analysis.meter_plot import plot_meter

            step(0.95, "plot")
            plot_meter(analysis, plot)
        notes = [*(guess.sentence() for guess in analysis.guesses), *analysis.answer["notes"]]
        write_answer(analysis.answer, notes, table.ignored, out, quiet)
