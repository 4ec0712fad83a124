"""Whose a device's data are, at any time and as known at any time; and which customers are one."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated

import typer

from app.commands.shared.console import load_settings, out, print_json
from app.commands.shared.options import Json, Tenant
from app.commands.shared.reads import log_command, user
from app.commands.shared.tenant import the_tenant
from app.operations.timestamps import as_datetime
from app.processes.stack import database
from contracts.drivers import DriverSource, Relation
from runtime.clock import SystemClock
from runtime.errors import NotAllowed, NotFound, Usage
from services import identity, merging
from store.people.read_log import of_customers
from store.people.registry import Refused
from store.postgres.pool import Connection, connect, translated
from store.postgres.times import from_us

cli = typer.Typer(no_args_is_help=True, help=__doc__)

From = Annotated[str, typer.Option("--from", help="From when it was so (ISO 8601 with offset)")]
To = Annotated[str | None, typer.Option("--to", help="Until when, exclusive; absent = still so")]


@cli.command("show")
def show_identity(
    device: Annotated[str, typer.Argument(help="Device")],
    at: Annotated[str | None, typer.Option(help="When it was so; absent = now")] = None,
    known: Annotated[str | None, typer.Option(help="When we knew it; absent = now")] = None,
    tenant: Tenant = None,
    json: Json = False,
) -> None:
    """Show vehicle or meter, contract, customer and driver of a device.

    Example: tachowatt identity show car-1 --at 2026-03-01T12:00+01:00 --known 2026-03-02T00:00Z
    """
    clock = SystemClock()
    now = from_us(clock.now_us())
    with database(load_settings(), clock) as url, translated(), connect(url) as connection:
        owner = the_tenant(connection, tenant)
        try:
            found = identity.whose(
                connection,
                owner,
                device,
                as_datetime(at) if at else now,
                as_datetime(known) if known else now,
            )
        except NotFound as error:
            raise Usage(str(error)) from None
        customers = [one for one in {found.customer, found.driver} if one is not None]
        log_command(connection, clock, "identity show", {owner: of_customers(customers)})
    answer = {
        "subject": found.subject,
        "contract": found.contract,
        "customer": found.customer,
        "driver": {"relation": found.relation, "customer": found.driver},
    }
    if json:
        print_json(answer)
        return
    out.print(f"subject:  {found.subject or 'none: the device was assigned to nothing'}")
    out.print(f"contract: {found.contract or 'none'}")
    out.print(f"customer: {found.customer or 'none'}")
    out.print(f"driver:   {found.relation}" + (f" ({found.driver})" if found.driver else ""))


@cli.command("assign")
def assign_device(
    device: Annotated[str, typer.Argument(help="Device")],
    subject: Annotated[str, typer.Argument(help="vehicle:ID, meter:ID or none")],
    valid_from: From,
    valid_to: To = None,
    tenant: Tenant = None,
) -> None:
    """Say where a device was in a period, also in the past. It overrules what was known about it.

    Example: tachowatt identity assign box-1 vehicle:car-2 --from 2026-03-01T00:00+01:00
    """
    where = None if subject == "none" else subject
    if where is not None and where.partition(":")[0] not in ("vehicle", "meter"):
        raise Usage("SUBJECT: expected vehicle:ID, meter:ID or none")
    with _recording() as (connection, now_us):
        start, end = _period(valid_from, valid_to)
        owner = the_tenant(connection, tenant)
        changed = identity.correct_assignment(connection, owner, device, where, start, end, now_us)
    out.print(f"{device} is recorded" if changed else f"{device}: this was known already")


@cli.command("driver")
def record_driver(
    vehicle: Annotated[str, typer.Argument(help="Vehicle")],
    relation: Annotated[Relation, typer.Argument(help="Who drives")],
    source: Annotated[DriverSource, typer.Option(help="Who said it")],
    valid_from: From,
    valid_to: To = None,
    customer: Annotated[str | None, typer.Option(help="The customer who drives")] = None,
    tenant: Tenant = None,
) -> None:
    """Record who drove a vehicle in a period, as somebody said it.

    Example: tachowatt identity driver car-1 family --source customer --from 2026-03-01T08:00+01:00
    """
    with _recording() as (connection, now_us):
        start, end = _period(valid_from, valid_to)
        if customer is not None and relation is Relation.UNKNOWN:
            raise Usage("--customer: an unknown driver is no customer")
        changed = identity.say_driver(
            connection,
            the_tenant(connection, tenant),
            vehicle,
            relation,
            customer,
            source,
            start,
            end,
            now_us,
        )
    out.print(f"{vehicle} is recorded" if changed else f"{vehicle}: this was known already")


Merged = Annotated[str, typer.Argument(help="The customer who is merged")]
Reason = Annotated[str, typer.Option(help="Kept with it")]


@cli.command("merge")
def merge_customers(
    merged: Merged,
    into: Annotated[str, typer.Argument(help="The customer who stands for both from now on")],
    reason: Reason,
    overrule: Annotated[
        bool,
        typer.Option("--overrule", help="Also where a person kept them apart, or both only share"),
    ] = False,
    tenant: Tenant = None,
) -> None:
    """Merge a customer into another one. Nothing is moved; `identity split` gives back what was.

    Of consents the narrower one counts until the customer decides anew.

    Example: tachowatt identity merge c-18 c-7 --reason "moved, and was entered again"
    """
    with _recording() as (connection, now_us):
        owner = the_tenant(connection, tenant)
        merging.merge(connection, owner, merged, into, reason, user(), now_us, overrule=overrule)
        log_command(
            connection, SystemClock(), "identity merge", {owner: of_customers([merged, into])}
        )
    out.print(f"{merged} is merged into {into}")


@cli.command("split")
def split_customers(merged: Merged, reason: Reason, tenant: Tenant = None) -> None:
    """Split a merged customer from the one who stands for it.

    Example: tachowatt identity split c-18 --reason "father and son"
    """
    with _recording() as (connection, now_us):
        owner = the_tenant(connection, tenant)
        done = merging.split(connection, owner, merged, reason, user(), now_us)
        log_command(
            connection, SystemClock(), "identity split",
            {owner: of_customers([merged, done.survivor])},
        )  # fmt: skip
    out.print(f"{merged} is split from {done.survivor}")


@contextmanager
def _recording() -> Iterator[tuple[Connection, int]]:
    """Yield a connection and the time now; commit at the end. Raises Usage for what is refused."""
    clock = SystemClock()
    with database(load_settings(), clock) as url, translated(), connect(url) as connection:
        try:
            yield connection, clock.now_us()
        except (NotAllowed, NotFound, Refused) as error:
            raise Usage(str(error)) from None
        connection.commit()


def _period(valid_from: str, valid_to: str | None) -> tuple[datetime, datetime | None]:
    start, end = as_datetime(valid_from), None if valid_to is None else as_datetime(valid_to)
    if end is not None and end <= start:
        raise Usage("--to must be after --from")
    return start, end
