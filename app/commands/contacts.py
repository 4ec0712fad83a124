"""Contacts and their delivery: run, list, show, resend."""

import asyncio
import os
from dataclasses import replace
from typing import Annotated, Any

import typer

from app.commands.shared.console import (
    err,
    load_settings,
    out,
    print_json,
    print_table,
)
from app.commands.shared.options import DatabaseUrl, Json, StateDir, Tenant
from app.commands.shared.process import run_process
from app.commands.shared.reads import log_command
from app.commands.shared.tenant import the_tenant
from app.processes.stack import Addresses, Stack, database
from contracts.channels import CHANNELS
from runtime.clock import Clock, SystemClock
from runtime.errors import Usage
from runtime.urls import without_password
from store.people.read_log import of_rows
from store.postgres.pool import connect, translated
from store.signals import decisions

cli = typer.Typer(no_args_is_help=True, help=__doc__)

_STATES = ("pending", "delivered", "failed", "refused", "cancelled")


@cli.command("run")
def run_contacts(state_dir: StateDir = None, database_url: DatabaseUrl = None) -> None:
    """Decide on signals and deliver contacts as a separate process; run any number.

    `tachowatt serve` includes it. Example: tachowatt contacts run --database-url postgresql://…
    """
    from app.processes.contacts import run_contacts as run

    settings = load_settings(state_dir=state_dir, database_url=database_url)

    async def work(stack: Stack, addresses: Addresses, clock: Clock, stop: asyncio.Event) -> None:
        def ready(metrics_url: str) -> None:
            err.print("contacts is ready", style="bold")
            err.print(f"  database  {without_password(addresses.database_url)}")
            err.print(f"  metrics   {metrics_url}")
            stack.announce(replace(addresses, pid=os.getpid(), metrics_url=metrics_url))

        await run(settings, clock, addresses, stop, ready)

    run_process(settings, work)


@cli.command("list")
def list_contacts(
    tenant: Tenant = None,
    state: Annotated[
        str | None, typer.Option(help="pending, delivered, failed, refused or cancelled")
    ] = None,
    channel: Annotated[str | None, typer.Option(help=", ".join(CHANNELS))] = None,
    customer: Annotated[str | None, typer.Option(help="Only this customer's")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 50,
    json: Json = False,
) -> None:
    """List contacts, newest first. Example: tachowatt contacts list --state failed"""
    from services import contact_flow

    for option, value, known in (
        ("--state", state, _STATES),
        ("--channel", channel, tuple(CHANNELS)),
    ):
        if value is not None and value not in known:
            raise Usage(f"{option} {value!r}: expected one of {', '.join(known)}")
    clock = SystemClock()
    with database(load_settings(), clock) as url, translated(), connect(url) as connection:
        which = the_tenant(connection, tenant)
        rows = contact_flow.list_(
            connection, which, state=state, channel=channel, customer=customer, limit=limit
        )
        counts = contact_flow.counts(connection, which)
        read = of_rows(rows, "contact", "contact_id")
        log_command(connection, clock, "contacts list", {which: read})
    if json:
        print_json({"tenant": which, "counts": counts, "contacts": rows})
        return
    print_table(
        f"Contacts of {which}",
        ["id", "created", "state", "reason", "channel", "to", "about", "attempts"],
        [
            [
                row["contact_id"],
                row["created_at"].isoformat(timespec="seconds"),
                row["state"],
                row["reason"],
                row["channel"],
                row["receiver"] or row["customer"],
                row["subject"] or row["type"],
                row["attempts"],
            ]
            for row in rows
        ],
    )
    out.print(", ".join(f"{name} {count}" for name, count in counts.items()))


@cli.command("show")
def show_contact(
    id: Annotated[str, typer.Argument(help="From `contacts list`")], tenant: Tenant = None
) -> None:
    """Show one contact with its attempts, and the decisions on its signal."""
    from services import contact_flow

    clock = SystemClock()
    with database(load_settings(), clock) as url, translated(), connect(url) as connection:
        which = the_tenant(connection, tenant)
        found = contact_flow.visible(connection, which, None, id)
        if found is None:
            raise Usage(f"there is no contact {id!r}; see `tachowatt contacts list`")
        answer: dict[str, Any] = {
            **found,
            "attempts": contact_flow.attempts(connection, found),
            "decisions": []
            if found["signal_id"] is None
            else decisions.of_signal(connection, which, found["signal_id"]),
        }
        read = of_rows([found], "contact", "contact_id")
        log_command(connection, clock, "contacts show", {which: read})
    print_json(answer)


@cli.command("resend")
def resend(
    ids: Annotated[list[str] | None, typer.Argument(help="Which, from `contacts list`")] = None,
    tenant: Tenant = None,
    all_failed: Annotated[bool, typer.Option("--all-failed", help="All failed ones")] = False,
    delivered: Annotated[
        bool, typer.Option("--delivered", help="Also such as were delivered")
    ] = False,
) -> None:
    """Send contacts again under their old ids; consent is checked again first.

    Examples:

      tachowatt contacts resend 4f0c…

      tachowatt contacts resend --all-failed
    """
    from services import contact_flow

    if bool(ids) == all_failed:
        raise Usage("say which: ids, or --all-failed")
    clock = SystemClock()
    with database(load_settings(), clock) as url, translated(), connect(url) as connection:
        which = the_tenant(connection, tenant)
        count = contact_flow.resend_many(
            connection, which, ids or None, clock.now_us(), delivered=delivered
        )
        connection.commit()
    out.print(f"{count} contacts are sent again by the running service")
    if ids and count < len(ids):
        out.print(
            "the others are not known or not failed, are no messages to be sent, or their receiver "
            "is removed or disabled (`tachowatt receiver list`)"
        )
