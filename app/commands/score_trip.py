"""Trips, driving events, crashes and scores of a vehicle's recording, as JSON.

Needs a time (t_s in seconds, or observed_at) and motion (speed_kmh, lat_deg with lon_deg, or
accelerations). Leave cells empty for columns of different rates. `tachowatt columns` lists all.
A phone's accelerometer (accel_x_mps2, …) may lie in any direction, and in the earth's frame: the
car's axes are found out, and --export writes the accelerations along them.

Examples:

  tachowatt score-trip drive.csv --plot drive.png

  tachowatt score-trip phone.parquet --out score.json --export used.csv

  tachowatt score-trip log.csv --tz Europe/Berlin

  tachowatt score-trip obd.csv --map "t_s=ENGINE_RUN_TINE (),speed_kmh=VEHICLE_SPEED ()"

Several files or a folder give one table of trips, or with --json an object with all answers; a
file that does not fit is listed as refused with the reason.

  tachowatt score-trip drives/ --json --out scores.json
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.commands.shared.recording import (
    Export,
    Map,
    Out,
    Plot,
    Quiet,
    Zone,
    check_outputs,
    progress,
    write_answer,
)
from runtime import printable
from runtime.errors import Usage

if TYPE_CHECKING:
    from app.analysis.many_trips import ScoredFiles

Files = Annotated[
    list[Path],
    typer.Argument(
        help="CSV (also .csv.gz; , ; or tab) or Parquet; several, or a folder", show_default=False
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="JSON of several files, not a table")]
Frame = Annotated[
    str | None,
    typer.Option(help="Axes of accel_x, _y, _z: device, earth (east, north, up) or vehicle"),
]
Gravity = Annotated[
    str | None, typer.Option(help="Gravity in accel_x, _y, _z: included or removed")
]
Sign = Annotated[
    str | None,
    typer.Option(help="specific-force (at rest +9.81 m/s² upwards: Android) or opposite (iOS)"),
]


def score_trip(
    files: Files,
    tz: Zone = None,
    map_: Map = None,
    plot: Plot = None,
    export: Export = None,
    frame: Frame = None,
    gravity: Gravity = None,
    sign: Sign = None,
    json: AsJson = False,
    out: Out = None,
    quiet: Quiet = False,
) -> None:
    with progress(quiet) as step:
        check_outputs(plot, export, out)
        from app.analysis import trip as scoring
        from app.analysis.axes import Axes
        from app.recordings.read import read_trip_table

        axes = Axes(frame or "", gravity or "", sign or "")
        if len(files) > 1 or files[0].is_dir():
            from app.analysis import many_trips

            if plot is not None or export is not None:
                raise Usage("--plot and --export: found several recordings, expected one")
            scored = many_trips.score_files(
                many_trips.recordings_of(files), tz, map_ or (), axes, step
            )
            write_scores(scored, json, out, quiet)
            return
        table = read_trip_table(files[0], tz, map_ or (), step)
        step(0.9, "trips and scores")
        analysis = scoring.analyse(table, axes=axes)
        if export is not None:
            from app.analysis.export import export_aligned, export_trip

            (export_trip if analysis.axes is None else export_aligned)(analysis, export)
        if plot is not None:
            from app.analysis.trip_plot import plot_trip

            step(0.95, "plot")
            plot_trip(analysis, plot)
        notes = analysis.answer["quality"]["notes"]
        write_answer(analysis.answer, notes, table.ignored, out, quiet)


def write_scores(scored: "ScoredFiles", json: bool, out: Path | None, quiet: bool) -> None:
    """Write the answers of several recordings: JSON, or a table with a row for each trip."""
    if not quiet:
        for refused in scored.refused:
            typer.echo(f"refused: {printable.text(refused['reason'])}", err=True)
    if json or out is not None:
        answer = {"recordings": scored.recordings, "refused": scored.refused}
        write_answer(answer, [], (), out, quiet)
        return
    from app.analysis.many_trips import TABLE_COLUMNS
    from app.commands.shared.console import print_table

    print_table("Trips", list(TABLE_COLUMNS), scored.table())
