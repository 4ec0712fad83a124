"""Consents of customers: grant, withdraw, show."""

from typing import Annotated

import typer

from app.commands.shared.console import load_settings, out, print_json, print_table
from app.commands.shared.options import Json
from app.commands.shared.reads import log_command
from app.processes.stack import database
from contracts.channels import PURPOSES
from contracts.purposes import LegalBasis
from runtime.clock import SystemClock
from runtime.errors import NotFound, Usage
from services import consent as consents
from store.people import customers
from store.people.read_log import of_customers
from store.postgres.pool import connect, translated

cli = typer.Typer(no_args_is_help=True, help=__doc__)


def _decide(
    tenant: str, customer: str, purpose: str, state: str, basis: str, notice: str, source: str
) -> None:
    clock = SystemClock()
    with database(load_settings(), clock) as url, translated(), connect(url) as connection:
        try:
            consents.decide(
                connection,
                tenant,
                customer,
                purpose,
                state,
                clock.now_us(),
                notice_version=notice,
                source=source,
                legal_basis=basis,
            )
        except NotFound as error:
            raise Usage(str(error)) from None
        connection.commit()
    out.print(f"{purpose} is {state} for {tenant}/{customer}, from the next message on")


Tenant = Annotated[str, typer.Argument(help="Tenant")]
CustomerName = Annotated[str, typer.Argument(help="Customer")]


def _known(purpose: str) -> str:
    if purpose not in PURPOSES:
        raise typer.BadParameter(f"expected one of {', '.join(PURPOSES)}")
    return purpose


PurposeName = Annotated[
    str, typer.Argument(help=f"One of {', '.join(PURPOSES)}", callback=_known, metavar="PURPOSE")
]
Notice = Annotated[str, typer.Option("--notice", help="Version of the privacy notice shown")]
Source = Annotated[str, typer.Option(help="Where the decision was taken")]


@cli.command()
def grant(
    tenant: Tenant,
    customer: CustomerName,
    purpose: PurposeName,
    basis: Annotated[LegalBasis, typer.Option(help="Legal basis")] = LegalBasis.CONSENT,
    notice: Notice = "1",
    source: Source = "cli",
) -> None:
    """Record that a customer agrees. Example: tachowatt consent grant demo c-1 driving_score"""
    _decide(tenant, customer, purpose, "granted", basis, notice, source)


@cli.command()
def withdraw(
    tenant: Tenant,
    customer: CustomerName,
    purpose: PurposeName,
    basis: Annotated[LegalBasis, typer.Option(help="Legal basis")] = LegalBasis.CONSENT,
    notice: Notice = "1",
    source: Source = "cli",
) -> None:
    """Record that a customer withdraws; it applies from the next message on."""
    _decide(tenant, customer, purpose, "withdrawn", basis, notice, source)


@cli.command("show")
def show_consent(tenant: Tenant, customer: CustomerName, json: Json = False) -> None:
    """List all decisions of a customer, oldest first. None is ever changed or removed."""
    clock = SystemClock()
    with database(load_settings(), clock) as url, connect(url) as connection:
        if not customers.customer_exists(connection, tenant, customer):
            raise Usage(f"there is no customer {customer!r} of tenant {tenant!r}")
        found = consents.of_customer(connection, tenant, customer)
        log_command(connection, clock, "consent show", {tenant: of_customers([customer])})
    decisions, granted = found.ledger, sorted(found.granted)
    if json:
        print_json(
            {"tenant": tenant, "customer": customer, "granted": granted, "ledger": decisions}
        )
        return
    rows = [list(decision.values()) for decision in decisions]
    print_table(f"Consent of {tenant}/{customer}", list(decisions[0]) if decisions else [], rows)
    out.print("in force: " + (", ".join(granted) or "nothing, so nothing is stored"))
