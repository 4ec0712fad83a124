"""Find customers who may be one, and propose them to people. Nothing is merged by itself.

Pairs wait on the page of doubtful pairs and in GET /v1/matches. A pair that somebody has kept apart
is not proposed again. Run it after an import.

Examples:

  tachowatt match --dry-run

  tachowatt match --shared +4930123456 --reason "the number of the sheltered housing"
"""

from typing import Annotated

import typer

from app.commands.shared.console import load_settings, out, print_json, print_table, progress_bar
from app.commands.shared.options import Json, Tenant
from app.commands.shared.reads import log_command, user
from app.commands.shared.tenant import the_tenant
from app.processes.stack import database
from contracts.identifiers import NAMES
from runtime.clock import SystemClock
from runtime.errors import NotAllowed, Usage
from services import matching
from services.contact_points import contact_points_of
from store.people.read_log import of_customers
from store.postgres.pool import connect, translated

_SHOWN = 20


def match(
    tenant: Tenant = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be proposed, write nothing")
    ] = False,
    shared: Annotated[
        str | None, typer.Option(help="Only say that several people use this number or e-mail")
    ] = None,
    reason: Annotated[str, typer.Option(help="Why it is shared")] = "",
    json: Json = False,
) -> None:
    settings, clock = load_settings(), SystemClock()
    with (
        database(settings, clock) as url,
        translated(),
        connect(url) as connection,
        progress_bar("pairs") as progress,
    ):
        owner, points = the_tenant(connection, tenant), contact_points_of(settings)
        if shared is not None:
            try:
                matching.flag_shared(
                    connection, points, owner, shared, reason, user(), clock.now_us()
                )
            except NotAllowed as error:
                raise Usage(f"--shared: {error}") from None
            connection.commit()
            out.print("it is no sign any more that two customers are one")
            return
        found = matching.find(
            connection,
            points,
            owner,
            matching.thresholds_of(settings),
            clock.now_us(),
            dry_run=dry_run,
            progress=progress,
        )
        best = sorted(found.found, key=lambda one: (-one.score, one.one, one.other))[:_SHOWN]
        named = [customer for one in best for customer in (one.one, one.other)]
        log_command(connection, clock, "match", {owner: of_customers(named)})
    counts = {
        "customers": found.customers,
        "compared": found.compared,
        "found": len(found.found),
        "sure": found.sure,
        "proposed": found.new,
        "blocks_left_out": found.left_out,
    }
    if json:
        pairs = [
            {"one": one.one, "other": one.other, "score": one.score, "agreement": one.agreement}
            for one in best
        ]
        print_json({"dry_run": dry_run, **counts, "best": pairs})
        return
    print_table(
        "May be one",
        ["one", "other", "score", "agree"],
        [
            [
                one.one,
                one.other,
                f"{one.score:.2f}",
                ", ".join(
                    NAMES[which]("en")
                    for which, value in one.agreement.items()
                    if value >= matching.AGREED
                ),
            ]
            for one in best
        ],
    )
    out.print(
        f"{found.customers} customers, {found.compared} pairs compared, {len(found.found)} found, "
        f"{found.new} new" + (" (nothing was written)" if dry_run else "")
    )
