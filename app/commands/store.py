"""import, devices, ledger, verify, schemas, settings."""

from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from app.commands.console import err, load_settings, out, print_json, print_table, progress_bar
from app.operations import registry_import as registry_files
from app.operations.ledger import in_flight_of, ledger_json
from app.processes.stack import Stack, database
from contracts import generate
from runtime.clock import SystemClock
from runtime.settings import as_markdown
from store.pipeline import dead_letter, ledger, offsets
from store.postgres.pool import connect

Json = Annotated[bool, typer.Option("--json", help="One JSON value on stdout")]

devices_cli = typer.Typer(no_args_is_help=True, help="Registered and unknown devices.")


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
    """What became of every message, for each tenant and dialect (exit code 1: it does not close).

    received = stored + duplicate + dead-lettered + refused + in flight.

    Example: tachowatt ledger --json
    """
    settings = load_settings()
    with database(settings, SystemClock()) as url, connect(url) as connection:
        entries = ledger.read(connection)
        committed = offsets.total(connection)
    running = Stack(settings, SystemClock()).running()
    in_flight = 0
    if running is not None and running.metrics_url:
        # Where it does not answer: what it had not committed is with the broker or the device.
        with suppress(OSError):
            in_flight = in_flight_of(running.metrics_url)
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


def verify(json: Json = False) -> None:
    """Recompute every feature from the stored samples and compare bit for bit.

    It looks for samples that stand twice and books that do not close too. Exit code 1 and a list
    where anything differs.

    Example: tachowatt verify
    """
    from app.operations.verify import verify as prove

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


def schemas(
    check: Annotated[
        bool, typer.Option("--check", help="Only compare; exit code 1 where they differ")
    ] = False,
) -> None:
    """Write what is generated: schemas and AsyncAPI, the broker's ACL, the table of dialects."""
    from app.operations import dialect_files

    if check:
        stale = generate.differing() + dialect_files.differing()
        if stale:
            err.print(f"error: out of date: {', '.join(stale)}; run `tachowatt schemas`")
            raise typer.Exit(1)
        out.print("all generated files are up to date")
        return
    out.print("changed: " + (", ".join(generate.write() + dialect_files.write()) or "nothing"))


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
    cli.add_typer(devices_cli, name="devices")
