"""Energy, days, load profile, anomalies, baseline and forecast of a meter's recording, as JSON.

Needs start with energy_kwh (interval values), or read_at with register_kwh (meter readings);
`tachowatt columns` lists all. A NEM12 file needs none.

Examples:

  tachowatt analyse-meter home.csv --tz Europe/London --plot home.png

  tachowatt analyse-meter smets.csv.gz --tz Europe/London --map energy_kwh=value

  tachowatt analyse-meter readings.parquet --export intervals.csv

  tachowatt analyse-meter home.csv --export home.xml  (Green Button; .json: BO4E)

  tachowatt analyse-meter home.csv --temperature weather.csv --baseline-until 2026-01-01

  tachowatt analyse-meter home.csv --registers readings.csv --export intervals.csv

  tachowatt analyse-meter NEM12#2026.csv --tz Australia/Sydney --channel E1

  tachowatt analyse-meter netz.csv --tz Europe/Berlin --decimal comma --date-format "%d.%m.%Y %H:%M"

What is guessed about a file (encoding, names, numbers, dates, clock) stands under `guesses` in the
answer, with the option that sets it.
"""

from dataclasses import replace
from pathlib import Path
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
from runtime.errors import Usage

Fuse = Annotated[
    float | None,
    typer.Option(
        "--fuse-a",
        min=1.0,
        help="Main fuse of the connection, A on three phases of 230 V; 63 if not given. More "
        "energy than it carries is an error of the meter",
    ),
]

Temperature = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Hourly outdoor temperatures (CSV, .gz): time, temperature"),
]
Registers = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Registers of the same meter (read_at, register_kwh): what is estimated is scaled to "
        "them, and sums are checked",
    ),
]
Holidays = Annotated[
    str | None, typer.Option(metavar="COUNTRY", help="Public holidays count as days off: DE")
]
Until = Annotated[
    str | None, typer.Option("--baseline-until", metavar="DAY", help="The baseline ends before it")
]
Since = Annotated[
    str | None,
    typer.Option("--report-from", metavar="DAY", help="Savings are counted from it"),
]
Windows = Annotated[
    str,
    typer.Option(metavar="DAYS", help="Length of the windows that are scored for tampering"),
]
PricePerKwh = Annotated[
    float | None,
    typer.Option(
        "--price-per-kwh", min=0.0, help="Gross; what an anomaly cost stands in its evidence"
    ),
]
Channel = Annotated[
    str | None,
    typer.Option(
        metavar="NMI/SUFFIX",
        help="Channel of a NEM12 file, where it has several of energy from the grid: E1",
    ),
]
WindowStart = Annotated[
    str | None, typer.Option(metavar="DAY", help="A local day with which a window begins")
]


def analyse_meter(
    file: File,
    tz: Zone = None,
    map_: Map = None,
    decimal: Decimal = None,
    thousands: Thousands = None,
    date_format: DateFormat = None,
    clock: ClockOf = None,
    channel: Channel = None,
    fuse_a: Fuse = None,
    temperature: Temperature = None,
    registers: Registers = None,
    holidays: Holidays = None,
    baseline_until: Until = None,
    report_from: Since = None,
    windows: Windows = "14d",
    window_start: WindowStart = None,
    price_per_kwh: PricePerKwh = None,
    plot: Plot = None,
    export: Export = None,
    out: Out = None,
    quiet: Quiet = False,
) -> None:
    with progress(quiet) as step:
        check_outputs(plot, export, out)
        from app.analysis import insight, validation
        from app.analysis import meter as analysing
        from app.recordings.read import read_meter_table

        options = file_options(decimal, thousands, date_format, clock)
        given = replace(options, channel=channel)
        wishes = insight.Wishes(
            temperature,
            tz,
            holidays,
            insight.day_of("--baseline-until", baseline_until),
            insight.day_of("--report-from", report_from),
            insight.window_of(windows),
            insight.day_of("--window-start", window_start),
            price_per_kwh,
        )
        insight.check(wishes)
        table = read_meter_table(file, tz, map_ or (), step, given)
        step(0.9, "intervals and anomalies")
        analysis = analysing.analyse(table, fuse_a=fuse_a)
        step(0.92, "baseline and forecast")
        weather, guesses = insight.weather_of(wishes)
        analysis.answer["guesses"] += [guess.as_answer() for guess in guesses]
        beside = None if registers is None else read_meter_table(registers, tz, (), step, options)
        if beside is not None and "register_kwh" not in beside.columns:
            raise Usage(f"{registers}: expected read_at with register_kwh")
        stream = analysis
        analysis = validation.validate(stream, validation.Known(beside, weather, holidays))
        insight.add(analysis, wishes, weather, stream)
        if export is not None:
            from app.analysis.export import export_meter

            export_meter(analysis, export)
        if plot is not None:
            from app.analysis.meter_plot import plot_meter

            step(0.95, "plot")
            plot_meter(analysis, plot)
        notes = [*(guess.sentence() for guess in analysis.guesses), *analysis.answer["notes"]]
        write_answer(analysis.answer, notes, table.ignored, out, quiet)
