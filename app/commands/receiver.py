"""Receivers of webhooks: add, list, rotate, remove, enable, test."""

import asyncio
import json as json_module
from enum import StrEnum
from typing import Annotated

import typer

from app.commands.shared.console import err, load_settings, out, print_json, print_table
from app.commands.shared.options import Json, Tenant
from app.commands.shared.tenant import the_tenant
from app.processes.stack import database, prepare_secrets
from contacts.channels import targets
from contracts.contacts import ReceiverTest, ReceiverTestData
from runtime.clock import SystemClock
from runtime.errors import Usage
from runtime.secret_box import box_of
from runtime.settings import Settings
from store.casework import receivers
from store.postgres.pool import connect, translated
from store.postgres.times import from_us

cli = typer.Typer(no_args_is_help=True, help=__doc__)

Name = Annotated[str, typer.Argument(help="Name of the receiver")]


class Audience(StrEnum):
    """The side that runs a receiver."""

    INSURER = "insurer"
    UTILITY = "utility"


@cli.command()
def add(
    name: Name,
    url: Annotated[str, typer.Argument(help="https://… that takes POST")],
    audience: Annotated[Audience, typer.Option("--for", help="Whose it is")],
    tenant: Tenant = None,
    json: Json = False,
) -> None:
    """Add a receiver and print its secret, once. Where its name has no address yet, it is disabled.

    Example: tachowatt receiver add claims https://claims.example.com/hooks --for insurer
    """
    settings, clock = load_settings(), SystemClock()
    unresolved = _check(settings, url)
    with database(settings, clock) as address, translated(), connect(address) as connection:
        which = the_tenant(connection, tenant)
        prepare_secrets(settings, address, clock)
        secret = receivers.add(
            connection, box_of(settings), which, name, audience, url, clock.now_us()
        )
        if unresolved:
            receiver = receivers.get(connection, which, name)
            receivers.disable(connection, receiver["receiver_id"], "not_resolved", clock.now_us())
        connection.commit()
    if unresolved:
        err.print(
            f"note: {unresolved}; the receiver is disabled, so that nothing is lost in three days "
            f"of attempts. Once it has an address: tachowatt receiver enable {name}",
            style="yellow",
        )
    _tell_secret(which, name, secret, json)


def _check(settings: Settings, url: str) -> str:
    """Reject URLs that would never be sent to; return why a name has no address, '' if it has."""
    try:
        asyncio.run(targets.check(url, targets.networks(settings.webhook_private_networks)))
    except targets.Refused as error:
        raise Usage(str(error)) from None
    except targets.Unresolved as error:
        return str(error)
    return ""


def _tell_secret(tenant: str, name: str, secret: str, json: bool) -> None:
    if json:
        print_json({"tenant": tenant, "receiver": name, "secret": secret})
        return
    out.print(f"receiver {name} of {tenant}; its secret, shown only now:")
    out.print(secret, markup=False, highlight=False)


@cli.command("list")
def list_receivers(
    tenant: Annotated[str | None, typer.Option("--tenant", help="Only this tenant's")] = None,
    json: Json = False,
) -> None:
    """List all receivers, with their state."""
    with database(load_settings(), SystemClock()) as url, translated(), connect(url) as connection:
        rows = receivers.list_(connection, tenant)
    if json:
        print_json(rows)
        return
    columns = ["tenant", "name", "audience", "url", "state", "reason", "secrets"]
    print_table("Receivers", columns, [[row[column] for column in columns] for row in rows])


@cli.command()
def rotate(
    name: Name,
    tenant: Tenant = None,
    overlap_h: Annotated[
        float, typer.Option(min=0.0, help="Hours for which the old secret signs too")
    ] = 24.0,
    json: Json = False,
) -> None:
    """Print a new secret, once. Until the overlap ends, each webhook has both signatures."""
    settings, clock = load_settings(), SystemClock()
    with database(settings, clock) as url, translated(), connect(url) as connection:
        which = the_tenant(connection, tenant)
        prepare_secrets(settings, url, clock)
        secret = receivers.rotate(
            connection, box_of(settings), which, name, clock.now_us(), overlap_s=overlap_h * 3600
        )
        connection.commit()
    _tell_secret(which, name, secret, json)


@cli.command()
def remove(name: Name, tenant: Tenant = None) -> None:
    """Remove a receiver and cancel its pending contacts."""
    clock = SystemClock()
    with database(load_settings(), clock) as url, translated(), connect(url) as connection:
        which = the_tenant(connection, tenant)
        cancelled = receivers.remove(connection, which, name, clock.now_us())
        connection.commit()
    out.print(f"receiver {name} of {which} is removed; {cancelled} waiting contacts are cancelled")


@cli.command()
def enable(name: Name, tenant: Tenant = None) -> None:
    """Enable a disabled receiver. Resend failed contacts by `tachowatt contacts resend`."""
    with database(load_settings(), SystemClock()) as url, translated(), connect(url) as connection:
        which = the_tenant(connection, tenant)
        receivers.enable(connection, which, name)
        connection.commit()
    out.print(f"receiver {name} of {which} is active")


@cli.command()
def test(name: Name, tenant: Tenant = None, json: Json = False) -> int:  # noqa: PT028  a command
    """Send a signed webhook of type `test` now and print the result (exit code 1: it failed)."""
    settings, clock = load_settings(), SystemClock()
    now_us = clock.now_us()
    with database(settings, clock) as url, translated(), connect(url) as connection:
        receiver = receivers.get(connection, the_tenant(connection, tenant), name)
        secrets = receivers.secrets(connection, box_of(settings), receiver["receiver_id"], now_us)
    contact = {
        "contact_id": f"test-{now_us}",
        "receiver_id": receiver["receiver_id"],
        "url": receiver["url"],
        "secrets": secrets,
        "payload": ReceiverTest(
            type="test", timestamp=from_us(now_us).isoformat(), data=ReceiverTestData(receiver=name)
        ).model_dump(),
    }

    from contacts.channels.sending import Next
    from contacts.channels.webhook import Sender

    async def send() -> dict[str, object]:
        channel = Sender(settings, clock)
        try:
            result = await channel.send(contact)
        finally:
            await channel.close()
        return {
            "delivered": result.next is Next.DONE,
            "outcome": result.outcome,
            "status": result.status,
            "detail": result.detail,
        }

    answer = asyncio.run(send())
    if json:
        print_json(answer)
    else:
        out.print(json_module.dumps(answer), markup=False, highlight=False)
    return 0 if answer["delivered"] else 1
