"""Energy, days, load profile, base load and anomalies of a meter's recording, as JSON.

Needs start with energy_kwh (interval values), or read_at with register_kwh (meter readings).
`tachowatt columns` lists all.

Examples:

  tachowatt analyse-meter home.csv --tz Europe/London --plot home.png

  tachowatt analyse-meter smets.csv.gz --tz Europe/London --map energy_kwh=value

  tachowatt analyse-meter readings.parquet --export intervals.csv
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


def analyse_meter(
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
        write_answer(analysis.answer, analysis.answer["notes"], table.ignored, out, quiet)
