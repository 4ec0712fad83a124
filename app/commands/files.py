"""The commands that need no server: score-trip, analyse-meter, columns."""

import json
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table as RichTable

from app.recordings.columns import described
from runtime.errors import Usage

SLOW_S = 1.5  # a bar is shown where something takes longer than this

File = Annotated[
    Path, typer.Argument(help="CSV (also .csv.gz; , ; or tab) or Parquet", show_default=False)
]
Zone = Annotated[
    str | None,
    typer.Option("--tz", metavar="ZONE", help="Zone of times without an offset: Europe/Berlin"),
]
Map = Annotated[
    list[str] | None,
    typer.Option("--map", metavar="OURS=THEIRS,…", help="Columns that have another name here"),
]
Plot = Annotated[Path | None, typer.Option(metavar="FILE.png", help="Draw it, 1600 by 900")]
Export = Annotated[
    Path | None, typer.Option(metavar="FILE.csv", help="Write what was used, with its status")
]
Out = Annotated[
    Path | None, typer.Option(metavar="FILE.json", help="Write the answer here, not to stdout")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No notes and no progress on stderr")]

Step = Callable[[float, str], None]


def score_trip(
    file: File,
    tz: Zone = None,
    map_: Map = None,
    plot: Plot = None,
    export: Export = None,
    out: Out = None,
    quiet: Quiet = False,
) -> None:
    """Trips, driving events, crashes and scores of a vehicle's recording, as JSON.

    Needs a time (t_s in seconds, or observed_at) and motion (speed_kmh, lat_deg with lon_deg, or
    accelerations). Columns of different rates leave cells empty. `tachowatt columns` lists all.

    Examples:

      tachowatt score-trip drive.csv --plot drive.png

      tachowatt score-trip phone.parquet --out score.json --export used.csv

      tachowatt score-trip log.csv --tz Europe/Berlin

      tachowatt score-trip obd.csv --map "t_s=ENGINE_RUN_TINE (),speed_kmh=VEHICLE_SPEED ()"
    """
    with _told(quiet) as step:
        _check_outputs(plot, export, out)
        from app.analysis import trip as scoring  # kernels and plots load only where needed
        from app.recordings.read import read_trip_table

        table = read_trip_table(file, tz, map_ or (), step)
        step(0.9, "trips and scores")
        analysis = scoring.analyse(table)
        if export is not None:
            from app.analysis.export import export_trip

            export_trip(analysis, export)
        if plot is not None:
            from app.analysis.trip_plot import plot_trip

            step(0.95, "plot")
            plot_trip(analysis, plot)
        _answer(analysis.answer, analysis.answer["quality"]["notes"], table.ignored, out, quiet)


def analyse_meter(
    file: File,
    tz: Zone = None,
    map_: Map = None,
    plot: Plot = None,
    export: Export = None,
    out: Out = None,
    quiet: Quiet = False,
) -> None:
    """Energy, days, load profile, base load and anomalies of a meter's recording, as JSON.

    Needs start with energy_kwh (interval values), or read_at with register_kwh (meter readings).
    `tachowatt columns` lists all.

    Examples:

      tachowatt analyse-meter home.csv --tz Europe/London --plot home.png

      tachowatt analyse-meter smets.csv.gz --tz Europe/London --map energy_kwh=value

      tachowatt analyse-meter readings.parquet --export intervals.csv
    """
    with _told(quiet) as step:
        _check_outputs(plot, export, out)
        from app.analysis import meter as analysing
        from app.recordings.read import read_meter_table

        table = read_meter_table(file, tz, map_ or (), step)
        step(0.9, "intervals and anomalies")
        analysis = analysing.analyse(table)
        if export is not None:
            from app.analysis.export import export_meter

            export_meter(analysis, export)
        if plot is not None:
            from app.analysis.meter_plot import plot_meter

            step(0.95, "plot")
            plot_meter(analysis, plot)
        _answer(analysis.answer, analysis.answer["notes"], table.ignored, out, quiet)


def columns(
    as_json: Annotated[bool, typer.Option("--json", help="As JSON")] = False,
) -> None:
    """The column names that score-trip and analyse-meter accept, with unit, range and meaning.

    Examples:

      tachowatt columns

      tachowatt columns --json
    """
    rows = described()
    if as_json:
        typer.echo(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    console = Console()
    for command in ("score-trip", "analyse-meter"):
        shown = RichTable(title=command, title_justify="left", box=None, header_style="bold")
        for name in ("column", "unit", "range"):
            shown.add_column(name, no_wrap=True)
        shown.add_column("meaning")
        for row in rows:
            if row["command"] == command:
                lowest, highest = row["lowest"], row["highest"]
                span = "" if lowest is None else f"{lowest:g} to {highest:g}"
                shown.add_row(row["name"], row["unit"], span, row["meaning"])
        console.print(shown)
        console.print()
    console.print("An empty cell, null or NaN means not measured. Other columns are ignored.")


def register(cli: typer.Typer) -> None:
    """Add the commands to the main command line."""
    cli.command("score-trip")(score_trip)
    cli.command("analyse-meter")(analyse_meter)
    cli.command("columns")(columns)


@contextmanager
def _told(quiet: bool) -> Iterator[Step]:
    """Show progress where it is slow and somebody looks; turn usage errors into exit code 2."""
    console = Console(stderr=True)
    bar = Progress(
        SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(),
        console=console, transient=True,
    )  # fmt: skip
    task = bar.add_task("reading", total=1.0)

    def step(done: float, what: str) -> None:
        bar.update(task, completed=done, description=what)

    timer = threading.Timer(SLOW_S, bar.start)
    timer.daemon = True
    if console.is_terminal and not quiet:
        timer.start()
    try:
        yield step
    except Usage as error:
        _stop(timer, bar)
        typer.echo(f"error: {error}\nsee: tachowatt columns", err=True)
        raise typer.Exit(2) from error
    finally:
        _stop(timer, bar)


def _stop(timer: threading.Timer, bar: Progress) -> None:
    timer.cancel()
    if timer.is_alive():
        timer.join()  # it may be starting the bar just now
    if bar.live.is_started:
        bar.stop()


def _check_outputs(*paths: Path | None) -> None:
    """Refuse before the work what could not be written after it."""
    for path in paths:
        if path is not None and not path.parent.is_dir():
            raise Usage(f"{path}: there is no folder {path.parent}")
        if path is not None and path.is_dir():
            raise Usage(f"{path}: is a folder, expected the name of a file")


def _answer(
    answer: dict[str, Any],
    notes: list[str],
    ignored: tuple[str, ...],
    out: Path | None,
    quiet: bool,
) -> None:
    text = json.dumps(answer, indent=2, ensure_ascii=False, allow_nan=False)
    if not quiet:
        for note in notes:
            typer.echo(f"note: {note}", err=True)
        if ignored:
            shown = ", ".join(ignored[:8]) + (", …" if len(ignored) > 8 else "")
            typer.echo(f"note: columns not used: {shown}", err=True)
    if out is None:
        sys.stdout.write(text + "\n")
        return
    try:
        out.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise Usage(f"--out: {out}: {error.strerror or error}") from error
