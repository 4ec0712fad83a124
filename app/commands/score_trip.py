"""Trips, driving events, crashes and scores of a vehicle's recording, as JSON.

Needs a time (t_s in seconds, or observed_at) and motion (speed_kmh, lat_deg with lon_deg, or
accelerations). Leave cells empty for columns of different rates. `tachowatt columns` lists all.

Examples:

  tachowatt score-trip drive.csv --plot drive.png

  tachowatt score-trip phone.parquet --out score.json --export used.csv

  tachowatt score-trip log.csv --tz Europe/Berlin

  tachowatt score-trip obd.csv --map "t_s=ENGINE_RUN_TINE (),speed_kmh=VEHICLE_SPEED ()"
"""

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


def score_trip(
    file: File,
    tz: Zone = None,
    map_: Map = None,
    plot: Plot = None,
    export: Export = None,
    out: Out = None,
    quiet: Quiet = False,
) -> None:
    with progress(quiet) as step:
        check_outputs(plot, export, out)
        from app.analysis import trip as scoring
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
        notes = analysis.answer["quality"]["notes"]
        write_answer(analysis.answer, notes, table.ignored, out, quiet)
