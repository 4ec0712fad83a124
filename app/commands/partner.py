"""Partners: brokers, garages and dealers, who see only customers who have granted it.

`add` a partner, then let people (`tachowatt person add --role partner`) and keys (`tachowatt key
create --role partner`) act for it with `join`. What they see is decided by customers, on *My data*.
"""

from enum import StrEnum
from typing import Annotated

import typer

from app.commands.shared.console import load_settings, out, print_json, print_table
from app.commands.shared.options import Json, Tenant
from app.commands.shared.tenant import the_tenant
from app.processes.stack import database
from contracts.topics import NAME
from runtime.clock import SystemClock
from runtime.errors import Usage
from store.people import partners
from store.people.registry import Refused
from store.postgres.pool import connect, translated
from store.postgres.times import from_us

cli = typer.Typer(no_args_is_help=True, help=__doc__)


class PartnerKind(StrEnum):
    """Kinds of partners."""

    BROKER = "broker"
    GARAGE = "garage"
    DEALER = "dealer"
    OTHER = "other"


Id = Annotated[str, typer.Argument(help="Id of the partner")]


@cli.command("add")
def add_partner(
    partner: Id,
    name: Annotated[str, typer.Option(help="Its name, which customers see")],
    kind: Annotated[PartnerKind, typer.Option(help="What it is")] = PartnerKind.OTHER,
    tenant: Tenant = None,
) -> None:
    """Add a partner, or change its name and kind."""
    if not NAME.match(partner):
        raise Usage("PARTNER: letters, digits, '.', '_', '~' and '-', at most 64")
    clock = SystemClock()
    with database(load_settings(), clock) as url, translated(), connect(url) as connection:
        owner = the_tenant(connection, tenant)
        partners.put(connection, owner, partner, name, kind, from_us(clock.now_us()))
        connection.commit()
    out.print(f"{partner} is a partner")


@cli.command("join")
def join_partner(
    partner: Id,
    member: Annotated[str, typer.Argument(help="Id of a person or key of the role partner")],
    tenant: Tenant = None,
) -> None:
    """Let a person or key act for a partner."""
    with (
        database(load_settings(), SystemClock()) as url,
        translated(),
        connect(url) as connection,
    ):
        try:
            done = partners.join(connection, the_tenant(connection, tenant), member, partner)
        except Refused:
            raise Usage(f"there is no partner {partner!r}") from None
        if not done:
            raise Usage(f"{member!r} is no person and no key of the role partner")
        connection.commit()
    out.print(f"{member} acts for {partner}")


@cli.command("end")
def end_partner(partner: Id, tenant: Tenant = None) -> None:
    """End a partner: from now on it sees nobody."""
    clock = SystemClock()
    with database(load_settings(), clock) as url, translated(), connect(url) as connection:
        owner = the_tenant(connection, tenant)
        if not partners.end(connection, owner, partner, from_us(clock.now_us())):
            raise Usage(f"there is no partner {partner!r} that has not ended")
        connection.commit()
    out.print(f"{partner} has ended")


@cli.command("list")
def list_partners(tenant: Tenant = None, json: Json = False) -> None:
    """List the partners of a tenant."""
    with (
        database(load_settings(), SystemClock()) as url,
        translated(),
        connect(url) as connection,
    ):
        found = partners.all_(connection, the_tenant(connection, tenant))
    rows = [
        {
            "id": one.partner,
            "name": one.name,
            "kind": one.kind,
            "ended": None if one.ended_at is None else one.ended_at.isoformat(),
        }
        for one in found
    ]
    if json:
        print_json(rows)
        return
    columns = ["id", "name", "kind", "ended"]
    print_table("Partners", columns, [[str(row[name] or "") for name in columns] for row in rows])
