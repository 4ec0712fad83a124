"""Score all drivers again by another version, from their stored trips, and show what changes.

--samples computes their trips again from all samples first, by the kernels of this program, beside
the stored trips, which stay as they are. An interrupted run goes on where it was.

Nothing changes for anybody without --activate. It asks for a second person, who approves with
`tachowatt approval approve` or on the page of approvals; --request then makes it count: answers,
pages and signals use the version from then on. Both act as the person of the key in TACHOWATT_KEY.
Going back is the same with the other version. `tachowatt score versions` lists them.

Examples:

  tachowatt rescore --version driving-score/4

  tachowatt rescore --version driving-score/4 --samples

  tachowatt rescore --version driving-score/4 --out shift.csv --activate --reason "tariff 2027"

  tachowatt rescore --request 0123456789abcdef01234567
"""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from app.commands.shared.console import load_settings, out, print_json, print_table, progress_bar
from app.commands.shared.options import Json, Tenant
from app.commands.shared.person_key import ask_key, person_of_key
from app.commands.shared.reads import log_command
from app.commands.shared.requests import print_request
from app.commands.shared.tenant import the_tenant
from app.operations.score_files import write_csv
from app.processes.stack import database
from contracts.approvals import ACTIVATE_SCORE
from runtime.clock import SystemClock
from runtime.errors import Usage
from store.people.read_log import of_customers
from store.postgres.pool import connect, translated


def rescore(
    version: Annotated[str | None, typer.Option(help="Version to score by")] = None,
    tenant: Tenant = None,
    out_file: Annotated[
        Path | None, typer.Option("--out", "-o", help="CSV file with each driver's shift")
    ] = None,
    samples: Annotated[
        bool, typer.Option("--samples", help="Compute the trips from the samples first")
    ] = False,
    activate: Annotated[
        bool, typer.Option("--activate", help="Ask to use it from the approval on")
    ] = False,
    reason: Annotated[str, typer.Option(help="The approver reads it")] = "",
    request: Annotated[
        str | None, typer.Option(help="An approved request: use its version now")
    ] = None,
    json: Json = False,
) -> None:
    from services import four_eyes, score_versions

    if (version is None) == (request is None):
        raise Usage("expected --version, or --request")
    clock = SystemClock()
    key = ask_key() if activate or request is not None else ""
    with database(load_settings(), clock) as url, translated(), connect(url) as connection:
        caller = person_of_key(connection, key, clock.now_us()) if key else None
        if request is not None:
            assert caller is not None
            row = four_eyes.activate_rule(connection, caller.actor, request, clock.now_us())
            connection.commit()
            print_request(json, {"request": request, "state": "executed", "subject": row.subject})
            return
        owner = caller.tenant if caller is not None else the_tenant(connection, tenant)
        before = score_versions.model(connection, owner)
        after = score_versions.model(connection, owner, version)
        again, began = None, clock.monotonic()
        if samples:
            from app.operations.rescore_samples import rescore as compute

            devices = score_versions.devices_of_trips(connection, owner)
            connection.rollback()
            with progress_bar("devices") as advance:
                again = compute(url, clock, owner, after.version, devices, advance)
        shifts = score_versions.compare(
            connection, owner, before, after, None if again is None else again.run_id
        )
        took_s = clock.monotonic() - began
        log_command(
            connection, clock, "rescore", {owner: of_customers([s.customer for s in shifts])}
        )
        if out_file is not None:
            write_csv(out_file, [asdict(shift) for shift in shifts])
        asked = None
        if caller is not None:
            asked = four_eyes.ask(
                connection, caller.actor, caller.name, ACTIVATE_SCORE, f"score:{after.version}",
                reason or f"use {after.version}", clock.now_us(),
            ).request_id  # fmt: skip
            connection.commit()
    found = {
        "before": before.version,
        "after": after.version,
        "trips": sum(shift.trips for shift in shifts),
        "took_s": round(took_s, 3),
        **score_versions.summary(shifts),
        **({} if again is None else {"samples": again.samples, "run": again.run_id}),
        "request": asked,
    }
    if json:
        print_json(found)
        return
    print_table("Shift of the scores", list(found), [list(found.values())])
    if asked is None:
        out.print("Nothing was activated.")
    else:
        print_request(
            json, {"request": asked, "state": "waiting", "subject": f"score:{after.version}"}
        )
