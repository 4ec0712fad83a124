"""Tenants: the companies whose data are kept apart. Add and list them.

`tachowatt import` adds tenants with their customers and devices; this adds one to begin with.
"""

import re
from typing import Annotated
from zoneinfo import available_timezones

import typer

from app.commands.shared.console import load_settings, out, print_json, print_table
from app.commands.shared.options import Json
from app.processes.stack import database
from runtime.clock import SystemClock
from runtime.errors import Usage
from store.people import persons, registry
from store.postgres.pool import connect, translated

cli = typer.Typer(no_args_is_help=True, help=__doc__)

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@cli.command("add")
def add(
    tenant: Annotated[str, typer.Argument(help="Id; it stands in topics of devices")],
    name: Annotated[str, typer.Option(help="Name on the pages")],
    timezone: Annotated[
        str, typer.Option(help="Time zone (IANA) of the company")
    ] = "Europe/Berlin",
    json: Json = False,
) -> None:
    """Add a tenant.

    Example: tachowatt tenant add acme --name "Acme Insurance"
    """
    if not _ID.fullmatch(tenant):
        raise Usage(
            f"{tenant!r} is no id of a tenant: letters, digits and . _ - only, 64 at most, "
            "beginning with a letter or digit"
        )
    if not name.strip():
        raise Usage("--name is empty; people see it on the pages")
    if timezone not in available_timezones():
        raise Usage(f"--timezone {timezone!r}: expected an IANA time zone, such as Europe/Berlin")
    with database(load_settings(), SystemClock()) as url, translated(), connect(url) as connection:
        if not persons.add_tenant(connection, tenant, name.strip(), timezone):
            raise Usage(f"there is a tenant {tenant!r} already; see `tachowatt tenant list`")
        registry.bump(connection)
        connection.commit()
    if json:
        print_json({"tenant": tenant, "name": name.strip(), "timezone": timezone})
        return
    out.print(f"tenant {tenant} is added; add people with `tachowatt person add {tenant} …`")


@cli.command("list")
def list_tenants(json: Json = False) -> None:
    """List all tenants, with their numbers of customers and people."""
    with database(load_settings(), SystemClock()) as url, connect(url) as connection:
        found = persons.tenants(connection)
    if json:
        print_json(found)
        return
    columns = ["tenant", "name", "timezone", "customers", "people"]
    print_table("Tenants", columns, [[row[column] for column in columns] for row in found])
