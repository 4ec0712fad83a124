"""import, consent, devices, ledger, dead-letter, verify, db, schemas, settings."""

from pathlib import Path
from typing import Annotated, Any

import typer

from app import registry as registry_files
from app.console import err, load_settings, out, print_json, print_table, progress_bar
from app.stack import Stack, database
from contracts import generate
from customer_context.consent import LegalBasis, Purpose
from runtime.clock import SystemClock
from runtime.errors import Usage
from runtime.settings import as_markdown
from store import customers, dead_letter, ledger, offsets
from store.migrate import migrate
from store.pool import connect, translated
from store.times import from_us

Json = Annotated[bool, typer.Option("--json", help="One JSON value on stdout")]

consent_cli = typer.Typer(no_args_is_help=True, help="Who agreed to what: grant, withdraw, show.")
dead_letter_cli = typer.Typer(
    no_args_is_help=True, help="Messages that could not be used: list, show, retry."
)
devices_cli = typer.Typer(no_args_is_help=True, help="Registered and unknown devices.")
db_cli = typer.Typer(no_args_is_help=True, help="The database: migrate.")


def import_(
    file: Annotated[Path, typer.Argument(help="YAML with sections, or devices.csv, meters.csv, …")],
) -> None:
    """Register tenants, customers, contracts, vehicles, meters, devices, assignments, consents.

    Safe to repeat: what is there already is updated. docs/registry.md shows the format.

    Examples:

      tachowatt import registry.yaml

      tachowatt import devices.csv
    """
    valid = registry_files.validate(registry_files.read_file(file), str(file))
    clock = SystemClock()
    with database(load_settings(), clock) as url:
        written = registry_files.write(url, valid, clock.now_us())
    out.print("imported " + ", ".join(f"{n} {section}" for section, n in written.items()))


def _decide(
    tenant: str, customer: str, purpose: str, state: str, basis: str, notice: str, source: str
) -> None:
    clock = SystemClock()
    row = {
        "tenant": tenant,
        "customer": customer,
        "purpose": purpose,
        "state": state,
        "legal_basis": basis,
        "notice_version": notice,
        "source": source,
        "at": from_us(clock.now_us()),
        "recorded_at": from_us(clock.now_us()),
    }
    with database(load_settings(), clock) as url, translated(), connect(url) as connection:
        if not customers.customer_exists(connection, tenant, customer):
            raise Usage(f"there is no customer {customer!r} of tenant {tenant!r}")
        customers.decide(connection, [row])
        customers.bump(connection)
        connection.commit()
    out.print(f"{purpose} is {state} for {tenant}/{customer}, from the next message on")


Tenant = Annotated[str, typer.Argument(help="Tenant")]
CustomerName = Annotated[str, typer.Argument(help="Customer")]
PurposeName = Annotated[Purpose, typer.Argument(help="What the data are used for")]
Notice = Annotated[str, typer.Option("--notice", help="Version of the privacy notice shown")]
Source = Annotated[str, typer.Option(help="Where the decision was taken")]


@consent_cli.command()
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


@consent_cli.command()
def withdraw(
    tenant: Tenant,
    customer: CustomerName,
    purpose: PurposeName,
    basis: Annotated[LegalBasis, typer.Option(help="Legal basis")] = LegalBasis.CONSENT,
    notice: Notice = "1",
    source: Source = "cli",
) -> None:
    """Record that a customer withdraws; it holds from the next message on."""
    _decide(tenant, customer, purpose, "withdrawn", basis, notice, source)


@consent_cli.command("show")
def show_consent(tenant: Tenant, customer: CustomerName, json: Json = False) -> None:
    """All decisions of a customer, oldest first. Nothing is ever changed or removed."""
    with database(load_settings(), SystemClock()) as url, connect(url) as connection:
        if not customers.customer_exists(connection, tenant, customer):
            raise Usage(f"there is no customer {customer!r} of tenant {tenant!r}")
        decisions = customers.consents_of(connection, tenant, customer)
        granted = sorted(customers.granted(connection).get((tenant, customer), ()))
    if json:
        print_json(
            {"tenant": tenant, "customer": customer, "granted": granted, "ledger": decisions}
        )
        return
    rows = [list(decision.values()) for decision in decisions]
    print_table(f"Consent of {tenant}/{customer}", list(decisions[0]) if decisions else [], rows)
    out.print("in force: " + (", ".join(granted) or "nothing, so nothing is stored"))


@devices_cli.command("unknown")
def unknown_devices(json: Json = False) -> None:
    """Devices that nobody registered, with what they send. Their messages wait in the dead letter:
    register them with `tachowatt import`, then `tachowatt dead-letter retry`."""
    with database(load_settings(), SystemClock()) as url, connect(url) as connection:
        found = dead_letter.unknown_devices(connection)
    if json:
        print_json(found)
        return
    print_table(
        "Unknown devices",
        ["topic", "dialect", "messages", "first", "last", "example"],
        [list(device.values()) for device in found],
    )


def show_ledger(json: Json = False) -> None:
    """What became of every message: received = stored + duplicate + dead-lettered + refused +
    in flight, for each tenant and dialect. Exit code 1 where it does not close.

    Example: tachowatt ledger --json
    """
    settings = load_settings()
    with database(settings, SystemClock()) as url, connect(url) as connection:
        entries = ledger.read(connection)
        committed = offsets.total(connection)
    in_flight = _in_flight(Stack(settings, SystemClock()))
    answer = ledger_json(entries, committed, in_flight)
    if json:
        print_json(answer)
    else:
        names = ["received", "stored", "duplicate", "dead_lettered", "refused"]
        rows = [
            [tenant, dialect, *(getattr(entry, name) for name in names), entry.closes]
            for (tenant, dialect), entry in entries.items()
        ]
        print_table("Ledger", ["tenant", "dialect", *names, "closes"], rows)
        out.print(f"in flight: {in_flight}")
        out.print("the ledger closes" if answer["closes"] else "[red]the ledger does not close[/]")
    if not answer["closes"]:
        raise typer.Exit(1)


def ledger_json(
    entries: dict[ledger.Key, ledger.Entry], committed: int, in_flight: int
) -> dict[str, Any]:
    """The ledger as the commands print it: sums, then each tenant and dialect."""
    total = ledger.Entry()
    for entry in entries.values():
        total += entry
    closes = all(entry.closes for entry in entries.values()) and total.received == committed
    sums = {name: getattr(total, name) for name in ledger.COUNTS}
    sums["received"] += in_flight
    return {
        **sums,
        "in_flight": in_flight,
        "closes": closes,
        "by": [
            {
                "tenant": tenant,
                "dialect": dialect,
                **{name: getattr(entry, name) for name in ledger.COUNTS},
            }
            for (tenant, dialect), entry in entries.items()
        ],
    }


def _in_flight(stack: Stack) -> int:
    """From a running service's metrics; 0 where none runs: what it had not committed is with the
    broker or the device."""
    import urllib.request

    running = stack.running()
    if running is None or not running.metrics_url:
        return 0
    try:
        with urllib.request.urlopen(running.metrics_url, timeout=2) as answer:
            text = answer.read().decode()
    except OSError:
        return 0
    for line in text.splitlines():
        if line.startswith("tachowatt_messages_in_flight "):
            return int(float(line.split()[1]))
    return 0


@dead_letter_cli.command("list")
def list_dead_letters(
    reason: Annotated[str | None, typer.Option(help="Only this reason code")] = None,
    state: Annotated[str, typer.Option(help="open, retry, retried or all")] = "open",
    after: Annotated[int, typer.Option(help="Only ids above this")] = 0,
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 50,
    json: Json = False,
) -> None:
    """Messages that could not be used, with their reasons.

    Example: tachowatt dead-letter list --reason unknown_device
    """
    with database(load_settings(), SystemClock()) as url, connect(url) as connection:
        rows = dead_letter.find(
            connection,
            reason=reason,
            state=None if state == "all" else state,
            after=after,
            limit=limit,
        )
        counts = dead_letter.counts(connection)
    if json:
        print_json({"counts": counts, "messages": [_dead_json(row) for row in rows]})
        return
    print_table(
        "Dead letter",
        ["id", "received", "reason", "topic", "bytes", "detail"],
        [
            [
                r.id,
                r.received_at.isoformat(timespec="seconds"),
                r.reason,
                r.topic,
                len(r.body),
                r.detail[:100],
            ]
            for r in rows
        ],
    )
    out.print("open by reason: " + (", ".join(f"{k} {v}" for k, v in counts.items()) or "none"))


def _dead_json(row: dead_letter.DeadLetterRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "tenant": row.tenant,
        "dialect": row.dialect,
        "topic": row.topic,
        "content_type": row.content_type,
        "bytes": len(row.body),
        "received_at": row.received_at,
        "partition": row.partition,
        "offset": row.offset,
        "reason": row.reason,
        "detail": row.detail,
        "state": row.state,
        "retried_at": row.retried_at,
        "outcome": row.outcome,
    }


@dead_letter_cli.command("show")
def show_dead_letter(
    id: Annotated[int, typer.Argument(help="From `dead-letter list`")],
    body: Annotated[
        Path | None, typer.Option("--body", help="Write the untouched bytes to this file")
    ] = None,
) -> None:
    """One message with its body: as text where it is text, else as hexadecimal."""
    with database(load_settings(), SystemClock()) as url, connect(url) as connection:
        row = dead_letter.get(connection, id)
    if row is None:
        raise Usage(f"there is no dead letter {id}; see `tachowatt dead-letter list --state all`")
    answer = _dead_json(row)
    if body is not None:
        body.write_bytes(row.body)
    try:
        answer["body_text"] = row.body.decode("utf-8")
    except UnicodeDecodeError:
        answer["body_hex"] = row.body.hex()
    print_json(answer)


@dead_letter_cli.command("retry")
def retry_dead_letters(
    ids: Annotated[list[int] | None, typer.Argument(help="Which; none = all that match")] = None,
    reason: Annotated[str | None, typer.Option(help="Only this reason code")] = None,
    all_: Annotated[bool, typer.Option("--all", help="All open ones")] = False,
) -> None:
    """Take messages again after what was wrong has been mended.

    A running service does it within a second or so; without one this command does it.

    Examples:

      tachowatt dead-letter retry 17 18

      tachowatt dead-letter retry --reason unknown_device
    """
    if not ids and reason is None and not all_:
        raise Usage("say which: ids, --reason CODE, or --all")
    from ingest.worker import Worker

    settings, clock = load_settings(), SystemClock()
    with database(settings, clock) as url:
        with translated(), connect(url) as connection:
            marked = dead_letter.request_retry(connection, ids or None, reason)
            connection.commit()
        stack = Stack(settings, clock)
        if stack.running() is not None:
            out.print(f"{marked} messages are marked; the running service takes them again")
            return
        worker = Worker(url, settings, clock)
        try:
            done = 0
            with progress_bar("retrying") as advance:
                while n := worker.retry_dead_letters():
                    done += n
                    advance(done, marked)
            worker.reconcile(everything=True)
        finally:
            worker.close()
        with connect(url) as connection:
            counts = dead_letter.counts(connection)
    out.print(
        f"{done} messages were taken again; still open: "
        + (", ".join(f"{k} {v}" for k, v in counts.items()) or "none")
    )


def verify(json: Json = False) -> None:
    """Recompute every feature from the stored samples and compare bit for bit; look for samples
    that stand twice and books that do not close. Exit code 1 and a list where anything differs.

    Example: tachowatt verify
    """
    from app.verify import verify as prove

    with database(load_settings(), SystemClock()) as url, progress_bar("devices") as advance:
        verdict = prove(url, advance)
    if json:
        print_json(
            {
                "clean": verdict.clean,
                "devices": verdict.devices,
                "samples": verdict.samples,
                "rows": verdict.rows,
                "waiting": verdict.waiting,
                "differences": verdict.differences,
            }
        )
    else:
        for line in verdict.differences:
            out.print(f"[red]{line}[/]", highlight=False)
        if verdict.waiting:
            out.print(f"{verdict.waiting} devices wait to be reconciled: run it again in a moment")
        out.print(
            f"{verdict.devices} devices, {verdict.samples} samples, {verdict.rows} feature rows: "
            + ("clean" if verdict.clean else "[red]not clean[/]")
        )
    if not verdict.clean:
        raise typer.Exit(1)


@db_cli.command("migrate")
def migrate_database() -> None:
    """Bring the database up to date. Safe to repeat, and to run twice at once."""
    settings = load_settings()
    if settings.database_url is not None:
        done = migrate(settings.database_url)
        out.print("applied " + ", ".join(done) if done else "up to date")
        return
    with database(settings, SystemClock()):  # starts the embedded one, which migrates it
        out.print("up to date")


def schemas(
    check: Annotated[
        bool, typer.Option("--check", help="Only compare; exit code 1 where they differ")
    ] = False,
) -> None:
    """Write JSON Schema and AsyncAPI of the messages to contracts/schemas."""
    if check:
        stale = generate.differing()
        if stale:
            err.print(f"error: out of date: {', '.join(stale)}; run `tachowatt schemas`")
            raise typer.Exit(1)
        out.print("schemas are up to date")
        return
    out.print("changed: " + (", ".join(generate.write()) or "nothing"))


def settings(
    markdown: Annotated[
        bool, typer.Option("--markdown", help="As docs/settings.md has it")
    ] = False,
) -> None:
    """All settings with their values and what they are for."""
    if markdown:
        out.print(as_markdown(), markup=False, highlight=False, end="")
        return
    current = load_settings()
    print_table(
        "Settings",
        ["variable", "value", "what it is"],
        [
            [f"TACHOWATT_{name.upper()}", getattr(current, name), field.description]
            for name, field in type(current).model_fields.items()
        ],
    )


def register(cli: typer.Typer) -> None:
    """Add the commands of this file."""
    cli.command("import")(import_)
    cli.command("ledger")(show_ledger)
    for command in (verify, schemas, settings):
        cli.command()(command)
    cli.add_typer(consent_cli, name="consent")
    cli.add_typer(devices_cli, name="devices")
    cli.add_typer(dead_letter_cli, name="dead-letter")
    cli.add_typer(db_cli, name="db")
