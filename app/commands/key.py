"""Keys of API and pages: create, list, revoke."""

from datetime import datetime, timedelta
from typing import Annotated, Any

import typer

from api.http.scopes import OF_ROLE, Scope
from app.commands.shared.console import load_settings, out, print_json, print_table
from app.commands.shared.options import Json
from app.operations.timestamps import as_datetime
from app.processes.stack import database
from contracts.roles import OF_A_PERSON, Role
from runtime.clock import Clock, SystemClock
from runtime.errors import Usage
from store.people import customers, keys, persons, registry
from store.postgres.pool import connect, translated
from store.postgres.times import from_us

cli = typer.Typer(no_args_is_help=True, help=__doc__)


def _scopes(role: str | None, text: str | None) -> frozenset[Scope]:
    """Return the scopes of a key. role : None = of a person, whose role limits them at each use."""
    allowed = frozenset(Scope) if role is None else OF_ROLE[role]
    if text is None:
        return allowed
    named = [part.strip() for part in text.split(",") if part.strip()]
    unknown = sorted(set(named) - {scope.value for scope in allowed})
    if unknown or not named:
        raise Usage(
            f"--scopes {text!r}: a key of the role {role or OF_A_PERSON} can have "
            + ", ".join(sorted(allowed))
        )
    return frozenset(Scope(name) for name in named)


def _expiry(text: str | None, clock: Clock) -> datetime | None:
    """Parse a time, or a number of days from now such as 90d."""
    if text is None:
        return None
    now = from_us(clock.now_us())
    if text.endswith("d") and text[:-1].isdigit() and len(text) < 7:
        at = now + timedelta(days=int(text[:-1]))
    else:
        try:
            at = as_datetime(text)
        except Usage as error:
            raise Usage(f"--expires: {error}; or a number of days: 90d") from None
    if at <= now:
        raise Usage(f"--expires {text!r} is not in the future")
    return at


@cli.command("create")
def create_key(
    tenant: Annotated[str, typer.Argument(help="Tenant")],
    role: Annotated[
        Role | None, typer.Option(help="What it may do; not with --person, whose role counts")
    ] = None,
    name: Annotated[str, typer.Option(help="Who uses it; customers see this in their log")] = "",
    customer: Annotated[str | None, typer.Option(help="Whose own, for the role customer")] = None,
    person: Annotated[
        str | None,
        typer.Option(help="Acts as this person (id): as their role, and what is done is theirs"),
    ] = None,
    scopes: Annotated[
        str | None, typer.Option(help="Fewer than the role has: scores:read,trips:read")
    ] = None,
    expires: Annotated[
        str | None, typer.Option(help="2027-01-01T00:00:00Z, or in days: 90d")
    ] = None,
    json: Json = False,
) -> None:
    """Create a key. It is printed once and can never be read again.

    Examples:

      tachowatt key create demo --role insurer --name "claims desk"

      tachowatt key create demo --role customer --customer c-1 --name "Jane's portal" --expires 90d

      tachowatt key create demo --person p-0123456789abcdef --name "Sofia's scripts"
    """
    clock = SystemClock()
    if (role is None) == (person is None):
        raise Usage("a key has either --role or --person")
    chosen, expires_at = _scopes(role, scopes), _expiry(expires, clock)
    if (role is Role.CUSTOMER) != (customer is not None):
        raise Usage("--customer goes with --role customer, and only with it")
    if not name.strip():
        raise Usage("--name is empty; customers see it in their log, so say who uses the key")
    with database(load_settings(), clock) as url, translated(), connect(url) as connection:
        if tenant not in registry.tenants(connection):
            raise Usage(f"there is no tenant {tenant!r}; `tachowatt import` makes one")
        if customer is not None and not customers.customer_exists(connection, tenant, customer):
            raise Usage(f"there is no customer {customer!r} of tenant {tenant!r}")
        account = None if person is None else persons.account(connection, person)
        if person is not None and (account is None or account.tenant != tenant):
            raise Usage(f"tenant {tenant!r} has no person {person!r}; see `tachowatt person list`")
        key_id, text = keys.create_key(
            connection,
            tenant=tenant,
            role=role or OF_A_PERSON,
            name=name,
            scopes=chosen,
            now_us=clock.now_us(),
            customer=customer,
            expires_at=expires_at,
        )
        if account is not None:
            persons.bind_key(connection, key_id, account.person_id)
        connection.commit()
    if json:
        print_json({"key_id": key_id, "key": text, "scopes": sorted(chosen)})
        return
    out.print(text, highlight=False)
    whose = f"role {role}" if account is None else f"acts as {account.name}"
    out.print(f"{whose}, scopes {', '.join(sorted(chosen))}", style="dim")


@cli.command("list")
def list_keys(
    tenant: Annotated[str | None, typer.Option(help="Only this tenant's")] = None,
    json: Json = False,
) -> None:
    """List all keys, without their secrets."""
    with database(load_settings(), SystemClock()) as url, connect(url) as connection:
        found = [_plain(key) for key in keys.list_keys(connection, tenant)]
    if json:
        print_json(found)
        return
    columns = ["key_id", "tenant", "role", "customer", "name", "expires_at", "revoked_at",
               "last_used_at"]  # fmt: skip
    print_table("Keys", columns, [[key[column] for column in columns] for key in found])


def _plain(key: keys.KeyRow) -> dict[str, Any]:
    return {
        "key_id": key.key_id,
        "tenant": key.tenant,
        "role": key.role,
        "customer": key.customer,
        "name": key.name,
        "scopes": list(key.scopes),
        "created_at": key.created_at,
        "expires_at": key.expires_at,
        "revoked_at": key.revoked_at,
        "last_used_at": key.last_used_at,
    }


@cli.command("revoke")
def revoke_key(key_id: Annotated[str, typer.Argument(help="From `key list`")]) -> None:
    """Revoke a key at once, with its sessions of the pages."""
    clock = SystemClock()
    with database(load_settings(), clock) as url, translated(), connect(url) as connection:
        done = keys.revoke_key(connection, key_id, clock.now_us())
        connection.commit()
    if not done:
        raise Usage(f"there is no key {key_id!r} that still holds; see `tachowatt key list`")
    out.print(f"key {key_id} is revoked")
