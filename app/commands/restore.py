"""Replace all data by those of a backup, and erase again whom the list of the erased names.

No service may use the database meanwhile. In one transaction: if it fails, all is as it was.

Example: tachowatt restore tachowatt.backup --replace
"""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from app.commands.shared.console import load_settings, out, print_json
from app.commands.shared.options import Json
from app.operations.backup import restore as restore_backup
from app.processes.stack import Stack, database
from runtime.clock import SystemClock
from runtime.errors import Usage
from runtime.secret_box import box_of
from services.erasure import FILE_NAME
from store.people import registry
from store.postgres.engine import Layout
from store.postgres.pool import connect


def restore(
    file: Annotated[Path, typer.Argument(help="A file of `tachowatt backup`")],
    replace: Annotated[
        bool, typer.Option("--replace", help="Drop the data that the database has now")
    ] = False,
    keys: Annotated[
        Path | None,
        typer.Option(help="Keys of customers; default: the file that was written beside it"),
    ] = None,
    json: Json = False,
) -> None:
    settings, clock = load_settings(), SystemClock()
    stack = Stack(settings, clock)
    if settings.database_url is None and not stack.free():
        raise Usage("a service uses this database: stop it first")
    with database(settings, clock, secrets=False) as url:
        with connect(url) as connection:
            if registry.tenants(connection) and not replace:
                raise Usage("the database has data; --replace drops them for the backup's")
        done = restore_backup(
            url, file, Layout.of(settings), box_of(settings), stack.state_dir / FILE_NAME,
            clock.now_us(), keys,
        )  # fmt: skip
    if json:
        print_json(asdict(done))
    else:
        out.print(
            f"restored; migrations applied: {len(done.migrations)}; erased again: "
            f"{sum(done.erased_again.values())} rows of {done.erasures} erasures"
        )
    if not done.clean:
        raise typer.Exit(1)
