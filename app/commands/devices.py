"""The same as `tachowatt device`."""

import typer

from app.commands import device

cli = typer.Typer(no_args_is_help=True, help=__doc__)
cli.registered_commands = device.cli.registered_commands
