"""The `tachowatt` command: find a command, run it, turn errors into exit codes.

Each file of `app.commands` is a command or a group; its docstring is the help. Other packages add
commands by an entry point of the group `tachowatt.commands` that names such a file, or a package of
them. A file is imported only when its command is called, because many import a compiler, a web
framework or a database driver.
"""

import importlib
import inspect
import pkgutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import cached_property
from importlib import util
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.exceptions import TyperException

from runtime import printable
from runtime.errors import Retry, TachowattError, Usage

PACKAGE = "app.commands"
ENTRY_POINTS = "tachowatt.commands"

_NO_COMMAND = "shared"
"""Name of the folder or file with shared code in a package of commands."""

_FIRST = (
    *("serve", "gateway", "ingest", "demo", "simulate", "publish"),
    *("score-trip", "analyse-meter", "columns", "show", "signals"),
    *("import", "ledger", "verify", "recompute", "schemas", "settings"),
)
"""Order in the help: from the data to the answers; all others follow by name."""


class CommandFiles(Mapping[str, Any]):
    """The commands of a package by name, each imported when it is looked up."""

    def __init__(self, package: str, *, entry_points: str = "") -> None:
        self._package = package
        self._entry_points = entry_points
        self._loaded: dict[str, Any] = {}

    @cached_property
    def _files(self) -> dict[str, str]:
        """Map each command to its module, by file name."""
        folder = importlib.import_module(self._package).__path__
        return {
            name.removesuffix("_").replace("_", "-"): f"{self._package}.{name}"
            for _, name, _ in pkgutil.iter_modules(folder)
            if name != _NO_COMMAND
        }

    @cached_property
    def _modules(self) -> dict[str, str]:
        """Map each command to its module, including the entry points, which are slow to read."""
        from importlib import metadata

        found = dict(self._files)
        if self._entry_points:
            for entry in metadata.entry_points(group=self._entry_points):
                with suppress(ModuleNotFoundError):  # its package may be left out
                    if util.find_spec(entry.value) is not None:
                        found.setdefault(entry.name, entry.value)
        order = {name: at for at, name in enumerate(_FIRST)}
        return dict(sorted(found.items(), key=lambda one: (order.get(one[0], len(order)), one[0])))

    def __contains__(self, name: object) -> bool:
        return name in self._files or name in self._modules

    def __getitem__(self, name: str) -> Any:
        if name not in self._loaded:
            module = self._files.get(name) or self._modules[name]
            self._loaded[name] = _load(name, module)
        return self._loaded[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def __len__(self) -> int:
        return len(self._modules)

    def summaries(self) -> dict[str, TyperCommand]:
        """Return commands that have a name and a help text but cannot run. Imports no file."""
        return {
            name: TyperCommand(name, help=_docstring(module))
            for name, module in self._modules.items()
        }


def _load(name: str, module_name: str) -> Any:
    module = importlib.import_module(module_name)
    text = inspect.cleandoc(module.__doc__ or "")
    if hasattr(module, "__path__"):
        return CommandGroup(
            name=name, commands=CommandFiles(module_name), help=text, no_args_is_help=True
        )
    group = getattr(module, "cli", None)
    if isinstance(group, typer.Typer):
        command: Any = typer.main.get_group(group)
    else:
        app = typer.Typer(add_completion=False)
        app.command(name, help=text)(getattr(module, module_name.rpartition(".")[2]))
        command = typer.main.get_command(app)
    command.name = name
    return command


def _docstring(module_name: str) -> str:
    """Read the docstring from the head of a module's file."""
    spec = util.find_spec(module_name)
    if spec is None or spec.origin is None:
        return ""
    source = Path(spec.origin).read_text(encoding="utf-8")
    return inspect.cleandoc(source.split('"""', 2)[1]) if source.startswith('"""') else ""


class CommandGroup(TyperGroup):
    """A group whose help imports none of its commands."""

    commands: Any  # `CommandFiles`, where the base class has a dictionary

    def __init__(self, *, commands: Any = None, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands = commands

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Import the command; None if it does not exist."""
        if cmd_name not in self.commands:
            return None
        return self.commands[cmd_name]  # not `get`: an import may raise KeyError

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help from the summaries instead of the commands."""
        commands = self.commands
        self.commands = commands.summaries()
        try:
            super().format_help(ctx, formatter)
        finally:
            self.commands = commands


class _Tachowatt(CommandGroup):
    """All commands."""

    def __init__(self, *, commands: Any = None, **attributes: Any) -> None:
        found = CommandFiles(PACKAGE, entry_points=ENTRY_POINTS)
        super().__init__(commands=found, **attributes)


cli = typer.Typer(
    name="tachowatt",
    cls=_Tachowatt,
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version  # slow to import

        typer.echo(f"tachowatt {version('tachowatt')}")
        raise typer.Exit()


@cli.callback()
def _tachowatt(
    _: Annotated[
        bool,
        typer.Option("--version", help="Print the version", is_eager=True, callback=_print_version),
    ] = False,
) -> None:
    """Telemetry of connected cars and smart meters: stored once, computed, explained.

    Begin with `tachowatt demo`; every command has --help with examples.
    """


def main() -> None:
    """Run the command; our own errors become one line on stderr and an exit code.

    Exit codes: 0 success, 1 negative result, 2 wrong input, 3 a server is unavailable, 130 Ctrl-C.
    """
    try:
        result = cli(standalone_mode=False)
        sys.exit(result if isinstance(result, int) else 0)
    except Usage as error:
        _exit(error, 2)
    except Retry as error:
        _exit(error, 3)
    except TachowattError as error:
        _exit(error, 1)
    except typer.Exit as error:
        sys.exit(error.exit_code)
    except TyperException as error:  # base class of all usage errors
        _print_wrong_use(error)
        sys.exit(2)
    except (KeyboardInterrupt, typer.Abort):
        sys.exit(130)


def _exit(error: Exception, code: int) -> None:
    typer.echo(f"error: {printable.text(str(error))}", err=True)
    sys.exit(code)


def _print_wrong_use(error: TyperException) -> None:
    text = error.format_message().replace("Value error, ", "")
    if text:  # empty for a group without a command: it has printed its help
        typer.echo(f"error: {printable.text(text)}", err=True)
        context = getattr(error, "ctx", None)
        if context is not None:
            typer.echo(f"see `{context.command_path} --help`", err=True)


if __name__ == "__main__":
    main()
