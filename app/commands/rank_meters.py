"""Rank the meters of a folder by how much a window of days looks tampered with, as JSON.

Each file is a meter with interval values of at most an hour. A file that does not fit is listed
under `refused` with the reason. With the temperatures of their place windows are compared with days
of like weather: without them the season of a home that heats or cools by electricity looks like
theft. Many files are read and analysed by a process for each core.

Example:

  tachowatt rank-meters meters/ --tz Europe/Berlin --window-start 2026-11-02
"""

from pathlib import Path
from typing import Annotated, Any

import typer

from app.commands.analyse_meter import Temperature, WindowStart
from app.commands.analyse_meters import Workers
from app.commands.shared.console import print_json
from app.commands.shared.recording import Map, Out, Quiet, Zone, check_outputs, progress
from app.recordings.folder import files_of

Folder = Annotated[Path, typer.Argument(help="Folder of CSV or Parquet files", show_default=False)]
Windows = Annotated[str, typer.Option(metavar="DAYS", help="Length of a window")]


def rank_meters(
    folder: Folder,
    tz: Zone = None,
    map_: Map = None,
    windows: Windows = "14d",
    window_start: WindowStart = None,
    temperature: Temperature = None,
    workers: Workers = None,
    out: Out = None,
    quiet: Quiet = False,
) -> None:
    from app.analysis import insight, portfolio

    files = files_of(folder)
    ranked: list[dict[str, Any]] = []
    refused = []
    with progress(quiet) as step:
        check_outputs(out)
        wishes = insight.Wishes(
            temperature,
            tz,
            window_days=insight.window_of(windows),
            window_start=insight.day_of("--window-start", window_start),
        )
        plan = portfolio.Plan(wishes, tuple(map_ or ()))
        rows = portfolio.analyse_files(files, plan, workers, portfolio.rank_of)
        for done, row in enumerate(rows, start=1):
            step(done / len(files), f"{done} of {len(files)}: {row['file']}")
            if "refused" in row:
                refused.append({"file": row["file"], "reason": row["refused"]})
            else:
                ranked.append(row)
    ranked.sort(key=lambda meter: -(meter["score"] or 0.0))
    answer = {"meters": ranked, "refused": refused}
    if out is None:
        print_json(answer)
    else:
        portfolio.write_json(out, answer)
