"""The `tachowatt` command."""

import sys
from importlib import metadata

import typer
from typer.exceptions import TyperException

from app.commands import (
    api,
    consent,
    db,
    dead_letter,
    demo,
    files,
    key,
    log,
    playbook,
    receiver,
    simulate,
    store,
    warm_up,
)
from app.commands import contacts as commands_contacts
from app.commands import service as commands_service
from app.commands import show as commands_show
from app.commands.console import err
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
demo.register(cli)
simulate.register(cli)
files.register(cli)
commands_show.register(cli)
store.register(cli)
db.register(cli)
log.register(cli)
consent.register(cli)
dead_letter.register(cli)
playbook.register(cli)
commands_contacts.register(cli)
receiver.register(cli)
key.register(cli)
api.register(cli)
warm_up.register(cli)
for _entry in metadata.entry_points(group="tachowatt.commands"):
    _entry.load()(cli)


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
    except typer.Exit as error:
        sys.exit(error.exit_code)
    except TyperException as error:  # the base of all wrong use
        _say_wrong_use(error)
        sys.exit(2)
    except (KeyboardInterrupt, typer.Abort):
        sys.exit(130)


def _say_wrong_use(error: TyperException) -> None:
    text = error.format_message().replace("Value error, ", "")
    if text:  # a group without a command has none: it has printed its help
        err.print(f"error: {text}", markup=False, highlight=False)
        context = getattr(error, "ctx", None)
        if context is not None:
            err.print(f"see `{context.command_path} --help`", markup=False, highlight=False)


if __name__ == "__main__":
    main()
