"""Weather at the places of customers: measured and forecast, for facts and notices."""

import csv
from pathlib import Path
from typing import Annotated

import typer

from app.commands.shared.console import load_settings, out, print_json
from app.commands.shared.options import Json, Tenant
from app.commands.shared.tenant import the_tenant
from app.processes.stack import database
from runtime.clock import SystemClock
from runtime.errors import Usage
from store.casework import weather as store
from store.postgres.pool import connect, translated
from store.postgres.roles import set_tenant_scope

cli = typer.Typer(no_args_is_help=True, help=__doc__)


@cli.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="Bright Sky's JSON, or CSV of temperatures (DWD)")],
    place: Annotated[str, typer.Option(help="Where it is; empty = of customers without one")] = "",
    tz: Annotated[str | None, typer.Option(help="Zone of times without an offset")] = None,
    tenant: Tenant = None,
    json: Json = False,
) -> None:
    """Import hours of weather at a place; of each hour what is imported last counts.

    Example: tachowatt weather import brightsky.json --place 50667
    """
    from app.operations import weather_file

    if not file.is_file():
        raise Usage(f"{file}: no such file")
    hours = weather_file.read(file, tz)
    settings, clock = load_settings(), SystemClock()
    with database(settings, clock) as url, translated(), connect(url) as connection:
        owner = the_tenant(connection, tenant)
        set_tenant_scope(connection, (owner,))
        by_time = {at: (at, celsius, hail) for at, celsius, hail in hours}
        count = store.put(connection, owner, place, list(by_time.values()), clock.now_us())
        connection.commit()
    if json:
        print_json({"tenant": owner, "place": place, "hours": count})
    else:
        out.print(f"{count} hours at {place or 'the place of all'}")


@cli.command()
def places(
    file: Annotated[Path, typer.Argument(help="CSV with the columns customer and place")],
    tenant: Tenant = None,
    json: Json = False,
) -> None:
    """Record at which place each customer's weather is asked.

    Example: tachowatt weather places places.csv
    """
    try:
        with file.open(encoding="utf-8-sig", newline="") as opened:
            rows = list(csv.DictReader(opened))
    except OSError as error:
        raise Usage(f"{file}: {error.strerror or error}") from None
    if not rows or not {"customer", "place"} <= set(rows[0]):
        raise Usage(f"{file}: expected the columns customer and place, and a row")
    said = {row["customer"]: row["place"] for row in rows}
    settings, clock = load_settings(), SystemClock()
    with database(settings, clock) as url, translated(), connect(url) as connection:
        owner = the_tenant(connection, tenant)
        set_tenant_scope(connection, (owner,))
        count = store.assign(connection, owner, list(said.items()), clock.now_us())
        connection.commit()
    if json:
        print_json({"tenant": owner, "customers": count, "unknown": len(said) - count})
    else:
        out.print(f"{count} customers have a place; {len(said) - count} are not in the registry")
