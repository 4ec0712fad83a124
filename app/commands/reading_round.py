"""Reading rounds: customers are invited to read their meters, reminded and thanked.

Example:

  tachowatt reading-round create Q4 --opens 2026-12-01 --reminds 2026-12-10 --closes 2026-12-15
"""

from datetime import datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from app.commands.shared.console import load_settings, out, print_json, print_table
from app.commands.shared.options import Json, Tenant
from app.commands.shared.tenant import the_tenant
from app.processes.stack import database
from runtime.clock import SystemClock
from runtime.errors import Usage
from store.people import reading_rounds as stored
from store.postgres.pool import connect, translated

cli = typer.Typer(no_args_is_help=True, help=__doc__)

Day = Annotated[str, typer.Option(metavar="DATE", help="Local date, or ISO 8601")]


@cli.command("create")
def create(
    name: Annotated[str, typer.Argument(help="Shown to people", show_default=False)],
    opens: Day,
    reminds: Day,
    closes: Day,
    meter: Annotated[
        list[str] | None,
        typer.Option(help="This meter; again for more. Default: all that no device reads"),
    ] = None,
    tenant: Tenant = None,
    json: Json = False,
) -> None:
    """Make a round. A running service sends what is due."""
    from services import reading_rounds
    from store.reads import pages

    clock = SystemClock()
    with database(load_settings(), clock) as url, translated(), connect(url) as connection:
        which = the_tenant(connection, tenant)
        _, zone = pages.tenant(connection, which)
        begin, remind, end = (_time(text, zone) for text in (opens, reminds, closes))
        now_us = clock.now_us()
        row = reading_rounds.create(
            connection, which, name, begin, remind, end, "tachowatt", now_us, meters=meter
        )
        connection.commit()
    print_json(_plain(row)) if json else out.print(f"{row['round_id']}: {row['meters']} meters")


@cli.command("list")
def list_(tenant: Tenant = None, json: Json = False) -> None:
    """List rounds with their progress, newest first."""
    clock = SystemClock()
    with database(load_settings(), clock) as url, translated(), connect(url) as connection:
        found = [_plain(row) for row in stored.list_(connection, the_tenant(connection, tenant))]
    if json:
        print_json(found)
        return
    columns = ["id", "name", "opens_at", "closes_at", *stored.COUNTS]
    print_table("Reading rounds", columns, [[row[column] for column in columns] for row in found])


@cli.command("show")
def show(
    round_: Annotated[str, typer.Argument(metavar="ROUND", help="Id", show_default=False)],
    tenant: Tenant = None,
    json: Json = False,
) -> None:
    """Show the meters of a round, first those of which nothing came."""
    from services import reading_rounds

    clock = SystemClock()
    with database(load_settings(), clock) as url, translated(), connect(url) as connection:
        which = the_tenant(connection, tenant)
        row = reading_rounds.get(connection, which, round_)
        meters = reading_rounds.meters_of(connection, which, round_)
    found = {**_plain(row), "of_meters": [_plain(one) for one in meters]}
    if json:
        print_json(found)
        return
    columns = ["meter", "next", "invited_by", "reminded_by", "kwh", "estimated", "reason"]
    print_table(row["name"], columns, [[one[column] for column in columns] for one in meters])


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    named = {"id" if name == "round_id" else name: value for name, value in row.items()}
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in named.items()
    }


def _time(text: str, zone: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise Usage(f"found {text!r}, expected a date like 2026-12-01") from None
    return found if found.tzinfo else found.replace(tzinfo=ZoneInfo(zone))
