"""Energy and quality of each day of each channel of a NEM12 file, as JSON.

Energies are added as decimal numbers, in the unit of the file; of several versions of a day the
one that was updated last counts. The quality of a day is that of its record 300; where it is V,
`parts` has that of its records 400. A file that does not fit ends with exit code 2. `analyse-meter`
analyses a channel of such a file, `publish` sends it into the store.

Examples:

  tachowatt import-meter NEM12#2026.csv --json
"""

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from app.commands.shared.console import out, print_json

File = Annotated[Path, typer.Argument(help="NEM12 (also .gz)", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout")]


def import_meter(file: File, json: Json = False) -> None:
    from app.recordings.nem12 import as_answer, read_nem12

    answer = as_answer(read_nem12(file))
    if json:
        print_json(answer)
        return
    for channel in answer["channels"]:
        days = channel["days"]
        span = f"{days[0]['date']} to {days[-1]['date']}" if days else "no days"
        counts = Counter(day["quality"] for day in days)
        quality = ", ".join(f"{name} {n}" for name, n in sorted(counts.items()))
        out.print(
            f"{channel['nmi']} {channel['suffix']}: {channel['energy']} {channel['unit']} in "
            f"{len(days)} days, {span}" + (f"; quality {quality}" if quality else ""),
            highlight=False,
        )
