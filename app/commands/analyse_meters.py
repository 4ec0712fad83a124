"""Analyse the meters of a folder, a process for each core: a row for each, as JSON or CSV.

Each file is a meter, as for `analyse-meter`. A file that does not fit has its reason under
`refused`. `--out` writes a table: .csv, else JSON.

Example:

  tachowatt analyse-meters meters/ --tz Europe/Berlin --temperature weather.csv --out meters.csv
"""

from pathlib import Path
from typing import Annotated, Any

import typer

from app.commands.analyse_meter import Holidays, Temperature
from app.commands.shared.console import print_json
from app.commands.shared.recording import Map, Quiet, Zone, check_outputs, progress
from app.recordings.folder import files_of

Folder = Annotated[Path, typer.Argument(help="Folder of CSV or Parquet files", show_default=False)]
Workers = Annotated[
    int | None, typer.Option(min=1, help="Processes; one for each core, fewer for few files")
]
Table = Annotated[Path | None, typer.Option(metavar="FILE", help="Write .csv or .json here")]


def analyse_meters(
    folder: Folder,
    tz: Zone = None,
    map_: Map = None,
    temperature: Temperature = None,
    holidays: Holidays = None,
    workers: Workers = None,
    out: Table = None,
    quiet: Quiet = False,
) -> None:
    from app.analysis import insight, portfolio

    files = files_of(folder)
    check_outputs(out)
    wishes = insight.Wishes(temperature=temperature, tz=tz, holidays=holidays)
    insight.check(wishes)
    rows: list[dict[str, Any]] = []
    refused: list[dict[str, Any]] = []
    with progress(quiet) as step:
        plan = portfolio.Plan(wishes, tuple(map_ or ()))
        for done, row in enumerate(portfolio.analyse_files(files, plan, workers), start=1):
            step(done / len(files), f"{done} of {len(files)}: {row['file']}")
            (refused if "refused" in row else rows).append(row)
    if out is not None and out.suffix.lower() == ".csv":
        portfolio.write_table(out, rows)
        for one in refused:
            typer.echo(f"note: {one['file']}: {one['refused']}", err=True)
        return
    answer = {"meters": rows, "refused": refused}
    if out is None:
        print_json(answer)
    else:
        portfolio.write_json(out, answer)
