"""Outcome of all messages, for each tenant and dialect (exit code 1: it does not close).

received = stored + duplicate + dead-lettered + refused + ignored + in flight.

Example: tachowatt ledger --json
"""

from contextlib import suppress

import typer

from app.commands.shared.console import load_settings, out, print_json, print_table
from app.commands.shared.options import Json
from app.operations.ledger import ledger_json, messages_in_flight
from app.processes.stack import Stack, database
from runtime.clock import SystemClock
from store.pipeline import ledger as entries_of
from store.pipeline import offsets
from store.postgres.pool import connect


def ledger(json: Json = False) -> None:
    settings = load_settings()
    with database(settings, SystemClock()) as url, connect(url) as connection:
        entries = entries_of.read(connection)
        committed = offsets.total(connection)
        warnings = entries_of.warnings(connection)
    running = Stack(settings, SystemClock()).running()
    in_flight = 0
    if running is not None and running.metrics_url:
        # If it does not answer, uncommitted messages are with the broker or the device.
        with suppress(OSError):
            in_flight = messages_in_flight(running.metrics_url)
    answer = ledger_json(entries, committed, in_flight)
    answer["warnings"] = [
        {"tenant": tenant, "dialect": dialect, "warning": warning, "messages": messages}
        for (tenant, dialect, warning), messages in warnings.items()
    ]
    if json:
        print_json(answer)
    else:
        names = ["received", "stored", "duplicate", "dead_lettered", "refused", "ignored"]
        rows = [
            [tenant, dialect, *(getattr(entry, name) for name in names), entry.closes]
            for (tenant, dialect), entry in entries.items()
        ]
        print_table("Ledger", ["tenant", "dialect", *names, "closes"], rows)
        out.print(f"in flight: {in_flight}")
        for (tenant, dialect, warning), messages in warnings.items():
            out.print(f"{messages} messages of {tenant}/{dialect} were read with {warning}")
        closes = "the ledger closes" if answer["closes"] else "[red]the ledger does not close[/]"
        out.print(closes, markup=True)
    if not answer["closes"]:
        raise typer.Exit(1)
