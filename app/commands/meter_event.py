"""Accepted readings and released values on their way to the billing system: list, resend.

Example:

  tachowatt meter-event list --open
"""

from datetime import datetime
from typing import Annotated

import typer

from app.commands.shared.console import load_settings, out, print_json, print_table
from app.commands.shared.options import Json, Tenant
from app.commands.shared.reads import log_command
from app.commands.shared.tenant import the_tenant
from app.processes.stack import database
from runtime.clock import SystemClock
from store.people.read_log import of_rows
from store.postgres.pool import connect, translated

cli = typer.Typer(no_args_is_help=True, help=__doc__)


@cli.command("list")
def list_(
    tenant: Tenant = None,
    open_: Annotated[
        bool, typer.Option("--open", help="Without those that every receiver has acknowledged")
    ] = False,
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 200,
    json: Json = False,
) -> None:
    """List events with their version, newest first: waiting, sent, failed, nobody, acknowledged."""
    from services import meter_events

    clock = SystemClock()
    with database(load_settings(), clock) as url, translated(), connect(url) as connection:
        which = the_tenant(connection, tenant)
        rows = meter_events.listed(connection, which, open_only=open_, limit=limit)
        log_command(connection, clock, "meter-event list", {which: of_rows(rows, "reading", "ref")})
    found = [
        {
            name: value.isoformat() if isinstance(value, datetime) else value
            for name, value in row.items()
        }
        for row in rows
    ]
    if json:
        print_json(found)
        return
    columns = ["kind", "ref", "version", "due_at", "state", "reason"]
    print_table("Events", columns, [[row[column] for column in columns] for row in found])


@cli.command("resend")
def resend(tenant: Tenant = None) -> None:
    """Send what nobody took, and what a receiver has not acknowledged, under the same ids."""
    from services import meter_events

    clock = SystemClock()
    with database(load_settings(), clock) as url, translated(), connect(url) as connection:
        which = the_tenant(connection, tenant)
        count = meter_events.send_again(connection, which, clock.now_us())
        connection.commit()
    out.print(f"{count} events are sent again by the running service")
