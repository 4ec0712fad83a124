"""Receivers of webhooks: add, list, subscribe, rotate, disable, enable, test, remove."""

import asyncio
import json as json_module
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any

import typer

from app.commands.shared.console import err, load_settings, out, print_json, print_table
from app.commands.shared.options import Json, Tenant
from app.commands.shared.tenant import the_tenant
from app.processes.stack import database, prepare_secrets
from contacts.channels import targets
from contracts.contacts import ReceiverTest, ReceiverTestData
from runtime.clock import US_PER_S, SystemClock
from runtime.errors import Usage
from runtime.secret_box import box_of
from runtime.settings import Settings
from services import change_webhooks
from store.casework import change_subscriptions, receivers
from store.postgres.pool import connect, translated
from store.postgres.times import from_us, to_us

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
    """List all receivers with their state, and how far behind those are that follow changes."""
    clock = SystemClock()
    with database(load_settings(), clock) as url, translated(), connect(url) as connection:
        rows = receivers.list_(connection, tenant)
        following = change_subscriptions.states(connection)
    if json:
        print_json([{**row, "changes": following.get(row["receiver_id"])} for row in rows])
        return
    columns = ["tenant", "name", "audience", "url", "state", "reason", "secrets"]
    print_table(
        "Receivers",
        [*columns, "changes"],
        [
            [*(row[column] for column in columns),
             _progress(following.get(row["receiver_id"]), clock.now_us())]
            for row in rows
        ],
    )  # fmt: skip


def _progress(following: Mapping[str, Any] | None, now_us: int) -> str:
    """Return what a receiver follows and how far behind it is."""
    if following is None:
        return ""
    kinds = [kind for kind in ("registry", "consents") if following[kind]]
    if following["snapshot"]:
        behind = f"snapshot, at {following['kind'] or 'its beginning'}"
    elif following["forgotten"]:
        behind = "too far behind: a snapshot follows"
    elif not following["waiting"]:
        behind = "has everything"
    else:
        more = "or more " if following["waiting"] >= change_subscriptions.COUNTED else ""
        behind_s = (now_us - to_us(following["waiting_since"])) // US_PER_S
        behind = f"{following['waiting']} {more}wait, the oldest for {max(behind_s, 0)} s"
    failed = " ".join(str(following[name]) for name in ("outcome", "status") if following[name])
    return f"{' and '.join(kinds)}: {behind}" + (f" ({failed})" if failed else "")


@cli.command()
def subscribe(
    name: Name,
    registry: Annotated[
        bool, typer.Option(help="Customers, contracts, vehicles, meters, assignments, merges")
    ] = True,
    consents: Annotated[bool, typer.Option(help="What customers consent to")] = False,
    snapshot: Annotated[
        bool, typer.Option("--snapshot", help="Send all objects first, then what changes")
    ] = False,
    tenant: Tenant = None,
) -> None:
    """Send changes of the registry to a receiver, as CloudEvents, from now on.

    They have names and other data of customers. Order is kept for each object; nothing is left out.
    A receiver that is subscribed already goes on where it was.

    Example: tachowatt receiver subscribe crm --consents --snapshot
    """
    if not (registry or consents):
        raise Usage("subscribe to --registry, --consents or both; `unsubscribe` ends it")
    clock = SystemClock()
    with database(load_settings(), clock) as url, translated(), connect(url) as connection:
        which = the_tenant(connection, tenant)
        change_webhooks.subscribe(
            connection,
            which,
            name,
            registry=registry,
            consents=consents,
            snapshot=snapshot,
            now_us=clock.now_us(),
        )
        connection.commit()
    out.print(f"receiver {name} of {which} follows what changes")


@cli.command()
def unsubscribe(name: Name, tenant: Tenant = None) -> None:
    """Send no more changes to a receiver; its contacts go on."""
    with database(load_settings(), SystemClock()) as url, translated(), connect(url) as connection:
        which = the_tenant(connection, tenant)
        receiver = receivers.get(connection, which, name)
        if not change_subscriptions.remove(connection, receiver["receiver_id"]):
            raise Usage(f"receiver {name} of {which} does not follow changes")
        connection.commit()
    out.print(f"receiver {name} of {which} gets no more changes")


@cli.command()
def disable(name: Name, tenant: Tenant = None) -> None:
    """Send nothing to a receiver until `enable`. Contacts that wait for it fail; changes wait."""
    clock = SystemClock()
    with database(load_settings(), clock) as url, translated(), connect(url) as connection:
        which = the_tenant(connection, tenant)
        receiver = receivers.get(connection, which, name)
        failed = receivers.disable(connection, receiver["receiver_id"], "by_hand", clock.now_us())
        connection.commit()
    out.print(f"receiver {name} of {which} is disabled; {failed} waiting contacts have failed")


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
    """Enable a disabled receiver. Changes go on where they were, and what waits for its next
    attempt is tried at once. Resend failed contacts by `tachowatt contacts resend`."""
    clock = SystemClock()
    with database(load_settings(), clock) as url, translated(), connect(url) as connection:
        which = the_tenant(connection, tenant)
        receivers.enable(connection, which, name)
        id_ = receivers.get(connection, which, name)["receiver_id"]
        change_subscriptions.retry_now(connection, id_, clock.now_us())
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
