"""People who sign in as themselves: staff, partners and customers of a tenant.

`add` prints a link, once, with which staff and partners choose a password and connect an app for
codes; with --mail it is sent to them. Customers need none: they get links to sign in by e-mail.
Where an OpenID provider is set (TACHOWATT_OIDC_ISSUER), people sign in there with the e-mail given
here.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date
from typing import Annotated, Any

import typer

from app.commands.shared.console import err, load_settings, out, print_json, print_table
from app.commands.shared.options import Json
from app.processes.stack import Stack, database
from contracts.roles import MEANING, Role
from runtime.clock import Clock, SystemClock
from runtime.errors import Usage
from runtime.settings import Settings
from services.sign_in import INVITATION_S
from store.people import customers, persons, registry
from store.people.persons import NewPerson, PersonRow
from store.postgres import notify
from store.postgres.pool import Connection, connect, translated

cli = typer.Typer(no_args_is_help=True, help=__doc__)

Who = Annotated[str, typer.Argument(help="Id or e-mail address, from `person list`")]
_ROLES = "; ".join(f"{role}: {meaning}" for role, meaning in MEANING.items())


@cli.command("add")
def add(
    tenant: Annotated[str, typer.Argument(help="Tenant")],
    role: Annotated[Role, typer.Option(help=f"What the person may do. {_ROLES}")],
    name: Annotated[
        str | None, typer.Option(help="Name; colleagues and customers see it in diaries and logs")
    ] = None,
    email: Annotated[str | None, typer.Option(help="E-mail address, to sign in with")] = None,
    customer: Annotated[str | None, typer.Option(help="Who it is, for the role customer")] = None,
    team: Annotated[str, typer.Option(help="Team")] = "",
    skills: Annotated[str, typer.Option(help="Skills, with commas")] = "",
    languages: Annotated[str, typer.Option(help="Languages, with commas: de,en")] = "",
    mail: Annotated[bool, typer.Option("--mail", help="Send the invitation by e-mail")] = False,
    json: Json = False,
) -> None:
    """Add a person, and print the invitation.

    Examples:

      tachowatt person add acme --role agent --name "Sofia Keller" --email sofia@acme.example

      tachowatt person add acme --role customer --customer c-1
    """
    settings, clock = load_settings(), SystemClock()
    if (role is Role.CUSTOMER) != (customer is not None):
        raise Usage("--customer goes with --role customer, and only with it")
    with _changing(settings, clock) as connection:
        if tenant not in registry.tenants(connection):
            raise Usage(f"there is no tenant {tenant!r}; `tachowatt tenant add` makes one")
        if customer is not None:
            known = customers.person(connection, tenant, customer)
            if known is None:
                raise Usage(f"there is no customer {customer!r} of tenant {tenant!r}")
            name, email = name or known.name, email or known.addresses.get("email")
        _check(name, email, role)
        assert name is not None
        person_id = persons.add(
            connection,
            NewPerson(
                tenant, role, name.strip(), email, customer, team, _words(skills), _words(languages)
            ),
            clock.now_us(),
        )
        if person_id is None:
            raise Usage(
                f"customer {customer!r} has an account already"
                if customer is not None
                else f"somebody with the address {email!r} has an account already; see "
                f"`tachowatt person show {email}`"
            )
        link = None
        if role is not Role.CUSTOMER:
            link = _invite(connection, settings, clock, person_id, mail)
    if json:
        print_json({"person_id": person_id, "role": role, "invitation": link})
        return
    out.print(f"person {person_id} is added: {name}, {MEANING[role]}")
    _print_link(link, email, mail)


@cli.command("invite")
def invite(
    who: Who,
    mail: Annotated[bool, typer.Option("--mail", help="Send it by e-mail")] = False,
    json: Json = False,
) -> None:
    """Make a new invitation: for a lost password or telephone, or where the old one is too old.

    The password of before is valid until the invitation is used.
    """
    settings, clock = load_settings(), SystemClock()
    with _changing(settings, clock) as connection:
        person = _the_one(connection, who, clock)
        if person.customer is not None:
            raise Usage("customers need no invitation: they get links to sign in by e-mail")
        if person.disabled_at is not None:
            raise Usage(f"{person.name} is disabled; `tachowatt person enable {who}` first")
        link = _invite(connection, settings, clock, person.person_id, mail)
    if json:
        print_json({"person_id": person.person_id, "invitation": link})
        return
    _print_link(link, person.email, mail)


@cli.command("list")
def list_people(
    tenant: Annotated[str | None, typer.Option(help="Only this tenant's")] = None,
    role: Annotated[Role | None, typer.Option(help="Only this role")] = None,
    json: Json = False,
) -> None:
    """List people, the disabled ones too."""
    clock = SystemClock()
    with database(load_settings(), clock) as url, connect(url) as connection:
        found = [_plain(row) for row in persons.list_(connection, clock.now_us(), tenant, role)]
    if json:
        print_json(found)
        return
    columns = ["person_id", "tenant", "role", "name", "email", "team", "state", "sessions"]
    print_table("People", columns, [[row[column] for column in columns] for row in found])


@cli.command("show")
def show(who: Who, json: Json = False) -> None:
    """Show one person: role, team, skills, absence, ways to sign in, open sessions."""
    clock = SystemClock()
    with database(load_settings(), clock) as url, connect(url) as connection:
        found = _plain(_the_one(connection, who, clock))
    if json:
        print_json(found)
        return
    print_table(found["name"], ["", ""], [[name, _text(value)] for name, value in found.items()])


@cli.command("disable")
def disable(who: Who) -> None:
    """Lock a leaver out at once: every session, stream and personal key ends."""
    clock = SystemClock()
    with _changing(load_settings(), clock) as connection:
        person = _the_one(connection, who, clock)
        if not persons.disable(connection, person.person_id, clock.now_us()):
            raise Usage(f"{person.name} is disabled already")
    out.print(f"{person.name} is disabled and signed out everywhere")


@cli.command("enable")
def enable(who: Who) -> None:
    """Let a disabled person in again."""
    clock = SystemClock()
    with _changing(load_settings(), clock) as connection:
        person = _the_one(connection, who, clock)
        if not persons.enable(connection, person.person_id):
            raise Usage(f"{person.name} is not disabled")
    out.print(f"{person.name} may sign in again")


@cli.command("sign-out")
def sign_out(who: Who) -> None:
    """End all sessions of a person."""
    clock = SystemClock()
    with _changing(load_settings(), clock) as connection:
        person = _the_one(connection, who, clock)
        ended = persons.end_sessions(connection, person.person_id)
    out.print(f"{ended} sessions of {person.name} are ended")


@cli.command("change")
def change(
    who: Who,
    role: Annotated[Role | None, typer.Option(help="Another role; it holds at once")] = None,
    team: Annotated[str | None, typer.Option(help="Team")] = None,
    skills: Annotated[str | None, typer.Option(help="Skills, with commas")] = None,
    languages: Annotated[str | None, typer.Option(help="Languages, with commas")] = None,
) -> None:
    """Change role, team, skills or languages of a person."""
    clock = SystemClock()
    with _changing(load_settings(), clock) as connection:
        person = _the_one(connection, who, clock)
        if role is not None:
            if (role is Role.CUSTOMER) != (person.customer is not None):
                raise Usage("staff does not become a customer, nor a customer staff: add a person")
            persons.set_role(connection, person.person_id, role)
        persons.set_details(
            connection,
            person.person_id,
            team=team,
            skills=None if skills is None else _words(skills),
            languages=None if languages is None else _words(languages),
        )
    out.print(f"{person.name} is changed")


@cli.command("absence")
def absence(
    who: Who,
    first: Annotated[str | None, typer.Option("--from", help="First day: 2026-12-24")] = None,
    last: Annotated[str | None, typer.Option("--to", help="Last day: 2027-01-02")] = None,
) -> None:
    """Set the days on which a person is absent; without days, the person is present."""
    clock = SystemClock()
    days = [None if text is None else _day(text) for text in (first, last)]
    if days[0] is not None and days[1] is not None and days[1] < days[0]:
        raise Usage("--to is before --from")
    with _changing(load_settings(), clock) as connection:
        person = _the_one(connection, who, clock)
        persons.set_absence(connection, person.person_id, days[0], days[1])
    out.print(f"{person.name}: " + (_text([first, last]) if first or last else "present"))


@contextmanager
def _changing(settings: Settings, clock: Clock) -> Iterator[Connection]:
    """Yield a connection as the owner of the tables; commit at the end."""
    with database(settings, clock) as url, translated(), connect(url) as connection:
        yield connection
        connection.commit()


def _the_one(connection: Connection, who: str, clock: Clock) -> PersonRow:
    found = persons.find(connection, who, clock.now_us())
    if not found:
        raise Usage(f"there is no person {who!r}; see `tachowatt person list`")
    if len(found) > 1:
        ids = ", ".join(f"{row.person_id} ({row.tenant}, {row.name})" for row in found)
        raise Usage(f"several people have the address {who!r}; give an id: {ids}")
    return found[0]


def _check(name: str | None, email: str | None, role: Role) -> None:
    if not (name or "").strip():
        raise Usage("--name is missing; diaries and logs show it")
    if email is None:
        raise Usage(
            "--email is missing, and the registry has none of this customer"
            if role is Role.CUSTOMER
            else "--email is missing; people sign in with it"
        )
    local, _, host = email.partition("@")
    if not local or not host or any(c.isspace() for c in email) or len(email) > 254 or "@" in host:
        raise Usage(f"--email {email!r} is no e-mail address")


def _invite(
    connection: Connection, settings: Settings, clock: Clock, person_id: str, mail: bool
) -> str:
    """Make an invitation; return its link."""
    token = persons.invite(connection, person_id, clock.now_us(), INVITATION_S)
    base = settings.api_base_url
    if not base:
        running = Stack(settings, clock).running()
        base = "" if running is None else running.api_url
    if mail:
        if not settings.api_base_url:
            raise Usage("--mail needs TACHOWATT_API_BASE_URL: the link has to lead to the pages")
        persons.mail_invitation(
            connection, person_id, token, settings.api_base_url, clock.now_us(), INVITATION_S
        )
        notify.wake(connection, notify.LINK)
    return f"{base}/invitation?t={token}"


def _print_link(link: str | None, email: str | None, mail: bool) -> None:
    if link is None:
        out.print(f"links to sign in are sent to {email}, when asked for on the sign-in page")
        return
    if mail:
        out.print(f"the invitation is being sent to {email}; it is valid for a week, once")
        return
    out.print("the invitation, valid for a week and once; give it to the person and nobody else:")
    out.print(link, highlight=False)
    if link.startswith("/"):
        err.print("(put the address of the pages before it; `tachowatt serve` prints it)")


def _plain(row: PersonRow) -> dict[str, Any]:
    found = asdict(row)
    for name in ("absent_from", "absent_to"):
        found[name] = None if found[name] is None else found[name].isoformat()
    return {**found, "state": "active" if row.disabled_at is None else "disabled"}


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(str(each) for each in value if each)
    return "" if value is None else str(value)


def _words(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Usage(f"{text!r} is no day; expected 2026-12-24") from None
