"""Score all drivers again by another version, from their stored trips, and show what changes.

Nothing changes for anybody without --activate. Then answers, pages and signals use the version from
now on; going back is the same command with the other version. `tachowatt score versions` lists
them.

Examples:

  tachowatt rescore --version driving-score/3

  tachowatt rescore --version driving-score/3 --out shift.csv --activate
"""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from app.commands.shared.console import load_settings, out, print_json, print_table
from app.commands.shared.options import Json, Tenant
from app.commands.shared.reads import log_command
from app.commands.shared.tenant import the_tenant
from app.operations.score_files import write_csv
from app.processes.stack import database
from runtime.clock import SystemClock
from store.people.read_log import of_customers
from store.postgres.pool import connect, translated


def rescore(
    version: Annotated[str, typer.Option(help="Version to score by")],
    tenant: Tenant = None,
    out_file: Annotated[
        Path | None, typer.Option("--out", "-o", help="CSV file with each driver's shift")
    ] = None,
    activate: Annotated[bool, typer.Option("--activate", help="Use it from now on")] = False,
    json: Json = False,
) -> None:
    from services import score_versions
    from store.casework import score_models

    clock = SystemClock()
    with database(load_settings(), clock) as url, translated(), connect(url) as connection:
        owner = the_tenant(connection, tenant)
        before = score_versions.model(connection, owner)
        after = score_versions.model(connection, owner, version)
        began = clock.monotonic()
        shifts = score_versions.compare(connection, owner, before, after)
        took_s = clock.monotonic() - began
        log_command(
            connection, clock, "rescore", {owner: of_customers([s.customer for s in shifts])}
        )
        if out_file is not None:
            write_csv(out_file, [asdict(shift) for shift in shifts])
        if activate:
            score_models.activate(connection, owner, after.version, clock.now_us())
            connection.commit()
    found = {
        "before": before.version,
        "after": after.version,
        "trips": sum(shift.trips for shift in shifts),
        "took_s": round(took_s, 3),
        **score_versions.summary(shifts),
        "activated": activate,
    }
    if json:
        print_json(found)
        return
    print_table("Shift of the scores", list(found), [list(found.values())])
    if not activate:
        out.print("Nothing was activated.")
