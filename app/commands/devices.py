"""Registered and unknown devices."""

import typer

from app.commands.shared.console import load_settings, print_json, print_table
from app.commands.shared.options import Json
from app.processes.stack import database
from runtime.clock import SystemClock
from store.pipeline import dead_letter
from store.postgres.pool import connect

cli = typer.Typer(no_args_is_help=True, help=__doc__)


@cli.command("unknown")
def unknown_devices(json: Json = False) -> None:
    """List unregistered devices and what they send. Their messages wait in the dead letter:
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
