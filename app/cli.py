"""The `tachowatt` command."""

import sys

import click
import typer

from app import (
    commands_api,
    commands_bench,
    commands_consent,
    commands_contacts,
    commands_dead_letter,
    commands_demo,
    commands_files,
    commands_key,
    commands_playbook,
    commands_receiver,
    commands_service,
    commands_show,
    commands_simulate,
    commands_store,
)
from app.console import err
from runtime.errors import Retry, TachowattError, Usage

cli = typer.Typer(
    name="tachowatt",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    help="Telemetry of connected cars and smart meters: stored once, computed, explained.\n\n"
    "Begin with `tachowatt demo`; every command has --help with examples.",
)
commands_service.register(cli)
commands_demo.register(cli)
commands_simulate.register(cli)
commands_bench.register(cli)
commands_files.register(cli)
commands_show.register(cli)
commands_store.register(cli)
commands_consent.register(cli)
commands_dead_letter.register(cli)
commands_playbook.register(cli)
commands_contacts.register(cli)
commands_receiver.register(cli)
commands_key.register(cli)
commands_api.register(cli)


def main() -> None:
    """Run the command; our own errors become one line on stderr and an exit code.

    Exit codes: 0 well, 1 the answer is no, 2 wrong input, 3 a server is away, 130 Ctrl-C.
    """
    try:
        result = cli(standalone_mode=False)
        sys.exit(result if isinstance(result, int) else 0)
    except Usage as error:
        err.print(f"error: {error}", markup=False, highlight=False)
        sys.exit(2)
    except Retry as error:
        err.print(f"error: {error}", markup=False, highlight=False)
        sys.exit(3)
    except TachowattError as error:
        err.print(f"error: {error}", markup=False, highlight=False)
        sys.exit(1)
    except click.exceptions.Exit as error:
        sys.exit(error.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        sys.exit(130)


if __name__ == "__main__":
    main()
