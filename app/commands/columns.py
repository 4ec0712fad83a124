"""The column names that score-trip and analyse-meter accept, with unit, range and meaning.

Examples:

  tachowatt columns

  tachowatt columns --json
"""

import json
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from app.recordings.columns import described


def columns(
    as_json: Annotated[bool, typer.Option("--json", help="As JSON")] = False,
) -> None:
    rows = described()
    if as_json:
        typer.echo(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    console = Console()
    for command in ("score-trip", "analyse-meter"):
        shown = Table(title=command, title_justify="left", box=None, header_style="bold")
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
