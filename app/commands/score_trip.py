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
"""

from typing import Annotated

import typer

from app.commands.shared.recording import (
    Export,
    File,
    Map,
    Out,
    Plot,
    Quiet,
    Zone,
    check_outputs,
    progress,
    write_answer,
)

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
    file: File,
    tz: Zone = None,
    map_: Map = None,
    plot: Plot = None,
    export: Export = None,
    frame: Frame = None,
    gravity: Gravity = None,
    sign: Sign = None,
    out: Out = None,
    quiet: Quiet = False,
) -> None:
    with progress(quiet) as step:
        check_outputs(plot, export, out)
        from app.analysis import trip as scoring
        from app.analysis.axes import Axes
        from app.recordings.read import read_trip_table

        axes = Axes(frame or "", gravity or "", sign or "")
        table = read_trip_table(file, tz, map_ or (), step)
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
