"""Write a backup of the database to a file, while a service runs.

It has personal data: keep it no longer than TACHOWATT_ERASURE_PHYSICAL_DAYS. Keep the key file
(TACHOWATT_SECRETS_KEY_FILE) and erased.json elsewhere.

Example: tachowatt backup tachowatt.backup
"""

from pathlib import Path
from typing import Annotated

import typer

from app.commands.shared.console import load_settings, out, print_json
from app.commands.shared.options import Json
from app.operations.backup import back_up
from app.processes.stack import database
from runtime.clock import SystemClock


def backup(file: Annotated[Path, typer.Argument(help="File to write")], json: Json = False) -> None:
    with database(load_settings(), SystemClock()) as url:
        size = back_up(url, file)
    if json:
        print_json({"file": str(file), "bytes": size})
    else:
        out.print(f"{file}: {size} bytes")
