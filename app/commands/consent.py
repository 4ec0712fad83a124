"""Consents of customers: grant, withdraw, show, and check the ledger of all decisions."""

from dataclasses import asdict
from json import loads
from pathlib import Path
from typing import Annotated

import typer

from app.commands.shared.console import load_settings, out, print_json, print_table
from app.commands.shared.customers import named_customer
from app.commands.shared.options import Json
from app.commands.shared.options import Tenant as TenantOption
from app.commands.shared.reads import log_command
from app.processes.consent_heads import HeadFile, read_heads, read_keys
from app.processes.stack import database
from contracts.channels import PURPOSES
from contracts.enforcement_points import POINTS, as_markdown
from contracts.purposes import LegalBasis
from runtime.clock import SystemClock
from runtime.errors import NotFound, Usage
from runtime.secret_box import box_of
from services import consent_heads, consent_receipt, signing
from services.consent_terms import terms_of
from store.people import consent_chain, consent_requests, customers
from store.people.consent import LIMITS
from store.people.read_log import of_customers
from store.postgres.pool import connect, translated
from store.postgres.times import from_us

cli = typer.Typer(no_args_is_help=True, help=__doc__)


def _decide(
    tenant: str, customer: str, purpose: str, state: str, basis: str, notice: str, source: str
) -> None:
    from services import consent as consents  # imports what only these two commands need

    settings, clock = load_settings(), SystemClock()
    with database(settings, clock) as url, translated(), connect(url) as connection:
        try:
            after = consents.decide(
                connection,
                tenant,
                customer,
                purpose,
                state,
                clock.now_us(),
                notice_version=notice,
                source=source,
                legal_basis=basis,
                terms=terms_of(settings),
            )
        except NotFound as error:
            raise Usage(str(error)) from None
        connection.commit()
    if state == consents.GRANTED and purpose not in after.granted:
        out.print(f"{purpose} of {tenant}/{customer} waits for its confirmation by e-mail")
        return
    out.print(f"{purpose} is {state} for {tenant}/{customer}, from the next message on")


_COLUMNS = (
    "purpose", "state", "legal_basis", "notice_version", "source", "decided_at", "recorded_at",
)  # fmt: skip

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
    from services import consent as consents  # imports what only these two commands need

    clock = SystemClock()
    with database(load_settings(), clock) as url, connect(url) as connection:
        if not customers.customer_exists(connection, tenant, customer):
            raise Usage(f"there is no customer {customer!r} of tenant {tenant!r}")
        found = consents.of_customer(connection, tenant, customer, clock.now_us())
        asked = consent_requests.of_customer(connection, tenant, customer)
        log_command(connection, clock, "consent show", {tenant: of_customers([customer])})
    decisions, granted = found.ledger, sorted(found.granted)
    if json:
        print_json(
            {
                "tenant": tenant, "customer": customer, "granted": granted, "ledger": decisions,
                "requests": asked,
            }
        )  # fmt: skip
        return
    columns = [*_COLUMNS, *(name for name in LIMITS if any(d.get(name) for d in decisions))]
    rows = [[decision[name] for name in columns] for decision in decisions]
    print_table(f"Consent of {tenant}/{customer}", columns, rows)
    out.print("in force: " + (", ".join(granted) or "nothing, so nothing is stored"))
    ends = {decision["id"]: decision["valid_to"] for decision in decisions}
    for purpose, consent_id in sorted(found.granted.items()):
        if ends[consent_id] is not None:
            out.print(f"{purpose} ends at {ends[consent_id].isoformat()}", highlight=False)
    now = from_us(clock.now_us())
    for one in asked:
        how = one["outcome"] or "waits to be sent"
        if one["kind"] == consent_requests.RENEWAL:
            out.print(f"{one['purpose']}: reminded of its end ({how})", highlight=False)
        elif not one["confirmed"] and one["expires_at"] > now:
            until = one["expires_at"].isoformat()
            out.print(f"{one['purpose']} waits for its confirmation until {until} ({how})",
                      highlight=False)  # fmt: skip


@cli.command()
def receipt(
    tenant: Tenant,
    customer: CustomerName,
    decision: Annotated[int, typer.Argument(help="Id of a decision (`consent show --json`)")],
) -> None:
    """Print the signed receipt of a decision, in the form of ISO/IEC TS 27560, as JSON.

    Example: tachowatt consent receipt demo c-1 4711 > receipt.json
    """
    settings, clock = load_settings(), SystemClock()
    with database(settings, clock) as url, translated(), connect(url) as connection:
        signing.ensure_keys(connection, box_of(settings), clock.now_us())
        try:
            found = consent_receipt.issue(
                connection, box_of(settings), tenant, customer, decision, clock.now_us(),
                settings.api_base_url,
            )  # fmt: skip
        except NotFound as error:
            raise Usage(str(error)) from None
        log_command(connection, clock, "consent receipt", {tenant: of_customers([customer])})
    print_json(asdict(found))


@cli.command()
def record(
    customer: Annotated[str, typer.Argument(help="Customer, or tenant/customer")],
    tenant: TenantOption = None,
    json: Json = False,
) -> None:
    """Print the signed record of all decisions of a customer, in the form of ISO/IEC TS 27560.

    JSON-LD with terms of the DPV: header, processing, parties and events of each use of their data.

    Example: tachowatt consent record demo/c-1 --json > record.json
    """
    settings, clock = load_settings(), SystemClock()
    with database(settings, clock) as url, translated(), connect(url) as connection:
        of, name = named_customer(connection, customer, tenant)
        signing.ensure_keys(connection, box_of(settings), clock.now_us())
        try:
            found = consent_receipt.record(
                connection, box_of(settings), of, name, clock.now_us(),
                base_url=settings.api_base_url, retention_days=settings.retention_days or None,
            )  # fmt: skip
        except NotFound as error:
            raise Usage(str(error)) from None
        log_command(connection, clock, "consent record", {of: of_customers([name])})
    if json:
        print_json({"record": found.receipt, "jws": found.jws, "key": found.key})
        return
    rows = [
        [
            one["dpv:hasProcess"]["dpv:hasPurpose"]["dct:identifier"],
            one["dpv:hasProcess"].get("tw:channel", ""),
            one["tw:state"].partition(":")[2],
            len(one["dpv:hasConsentStatus"]),
            one["@id"],
        ]
        for one in found.receipt["@graph"]
    ]
    print_table(f"Records of {of}/{name}", ["purpose", "channel", "state", "events", "id"], rows)


@cli.command("check-receipt")
def check_receipt(
    file: Annotated[
        Path, typer.Argument(help="A receipt or record as page, API or command gave it")
    ],
    json: Json = False,
) -> None:
    """Check a receipt: we have signed it, and it says what was signed (exit code 1: not so)."""
    try:
        given = loads(file.read_bytes())
        is_record = "record" in given
        text, shown = given["jws"], given["record" if is_record else "receipt"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Usage(f"{file} is no receipt: {error}") from None
    with database(load_settings(), SystemClock()) as url, translated(), connect(url) as connection:
        keys = consent_chain.receipt_public_keys(connection)
    problem = ""
    try:
        kind = consent_receipt.RECORD_KIND if is_record else consent_receipt.KIND
        if consent_receipt.check(str(text), keys, kind) != shown:
            problem = "it says something else than what was signed"
    except signing.BadSignature as error:
        problem = str(error)
    if json:
        print_json({"clean": not problem, "problem": problem})
    else:
        out.print(f"{file}: {problem or 'ours, and unchanged'}", highlight=False)
    if problem:
        raise typer.Exit(1)


@cli.command()
def points(
    markdown: Annotated[
        bool, typer.Option("--markdown", help="As docs/consent-points.md has it")
    ] = False,
    json: Json = False,
) -> None:
    """List where consent is asked, and the tests that prove it."""
    if markdown:
        out.print(as_markdown(), markup=False, highlight=False, end="", soft_wrap=True)
    elif json:
        print_json([asdict(point) for point in POINTS])
    else:
        rows = [[point.name, point.says, len(point.tests)] for point in POINTS]
        print_table("Points of enforcement", ["point", "without consent", "tests"], rows)


@cli.command("head")
def write_head() -> None:
    """Sign the last decision of each tenant now, outside of the database; services do so each hour.

    The head is appended to consent-heads/heads.jws of the state directory, and posted to
    TACHOWATT_CONSENT_HEAD_WEBHOOK_URL.
    """
    settings, clock = load_settings(), SystemClock()
    file = HeadFile(settings.state_dir, settings.consent_head_webhook_url)
    with database(settings, clock) as url, translated(), connect(url) as connection:
        file.write(connection, box_of(settings), clock.now_us())
    out.print(f"written to {file.folder}")


@cli.command()
def verify(
    tenant: Annotated[str | None, typer.Option(help="Only this tenant; default: all")] = None,
    heads: Annotated[
        Path | None, typer.Option(help="File of signed heads; default: that of the state directory")
    ] = None,
    keys: Annotated[
        Path | None, typer.Option(help="File of public keys (JWK set) that were kept with them")
    ] = None,
    json: Json = False,
) -> None:
    """Check the ledger: no decision was changed, removed, or cut off (exit code 1: it was).

    It recomputes the chain of hashes of each tenant, and compares it with the heads that were
    signed and kept outside of the database. Give a copy from another machine to trust neither the
    database nor this one.

    Example: tachowatt consent verify --heads /mnt/audit/heads.jws --keys /mnt/audit/keys.json
    """
    settings, clock = load_settings(), SystemClock()
    file = HeadFile(settings.state_dir)
    if heads is not None and not heads.is_file():
        raise Usage(f"{heads}: no such file")
    signed = file.read() if heads is None else read_heads(heads)
    public = file.keys() if keys is None else read_keys(keys)
    with database(settings, clock) as url, translated(), connect(url) as connection:
        report = consent_heads.verify(connection, signed, public, tenant)
    if json:
        print_json({"clean": report.clean, **asdict(report)})
    else:
        for problem in report.problems:
            where = f"{problem.tenant} no. {problem.seq}: " if problem.tenant else ""
            out.print(f"{where}{problem.kind}: {problem.detail}", style="red", highlight=False)
        if not signed:
            out.print("no signed head was compared: a cut tail or a rewritten chain is not seen")
        out.print(
            f"{report.decisions} decisions of {report.tenants} tenants ({report.erased} erased), "
            f"{report.heads} signed heads: " + ("clean" if report.clean else "[red]not clean[/]"),
            markup=True,
        )
    if not report.clean:
        raise typer.Exit(1)
