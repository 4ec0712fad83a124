"""Rank the meters of a folder by how much a window of days looks tampered with, as JSON.

Each file is a meter with interval values of at most an hour. A file that does not fit is listed
under `refused` with the reason. With the temperatures of their place windows are compared with days
of like weather: without them the season of a home that heats or cools by electricity looks like
theft.

Example:

  tachowatt rank-meters meters/ --tz Europe/Berlin
"""

from pathlib import Path
from typing import Annotated, Any

import typer

from app.commands.analyse_meter import Temperature
from app.commands.shared.console import print_json
from app.commands.shared.recording import Map, Quiet, Zone, progress
from app.recordings.folder import files_of
from runtime.errors import Usage

Folder = Annotated[Path, typer.Argument(help="Folder of CSV or Parquet files", show_default=False)]
Windows = Annotated[str, typer.Option(metavar="DAYS", help="Length of a window")]


def rank_meters(
    folder: Folder,
    tz: Zone = None,
    map_: Map = None,
    windows: Windows = "14d",
    temperature: Temperature = None,
    quiet: Quiet = False,
) -> None:
    from app.analysis import insight
    from app.analysis.meter import analyse
    from app.recordings.read import read_meter_table

    files = files_of(folder)
    days = insight.window_of(windows) or 14
    weather, _ = insight.weather_of(insight.Wishes(temperature, tz))
    ranked: list[dict[str, Any]] = []
    refused = []
    with progress(quiet) as step:
        for done, path in enumerate(files):
            step(done / len(files), f"{done + 1} of {len(files)}: {path.name}")
            try:
                meter = analyse(read_meter_table(path, tz, map_ or ()))
                scores = insight.tamper_scores(meter, days, weather)
            except Usage as error:
                refused.append({"file": path.name, "reason": str(error)})
                continue
            known = [window for window in scores if window["score"] is not None]
            worst = max(known, key=lambda window: float(window["score"]), default=None)
            ranked.append({"file": path.name, "score": worst and worst["score"], "window": worst})
    ranked.sort(key=lambda meter: -(meter["score"] or 0.0))
    print_json({"meters": ranked, "refused": refused})
