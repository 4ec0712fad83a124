"""Shared code of the commands: settings, output for people and programs, progress.

What is printed may come from a device: nothing of it controls the terminal, and it is no markup.
"""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from runtime import logging as runtime_logging
from runtime import printable
from runtime.errors import Usage
from runtime.urls import without_secrets

if TYPE_CHECKING:
    from runtime.settings import Settings


class SafeConsole(Console):
    """A console that escapes control characters, and takes text for markup only where asked to."""

    def __init__(self, **options: Any) -> None:
        super().__init__(markup=False, emoji=False, **options)

    def print(self, *objects: Any, **options: Any) -> None:
        """Print like `Console.print`; markup=True : the text has no word from outside."""
        super().print(
            *(printable.text(each) if isinstance(each, str) else each for each in objects),
            **options,
        )


out = SafeConsole(soft_wrap=True)
err = SafeConsole(stderr=True, soft_wrap=True)


def load_settings(**overrides: Any) -> "Settings":
    """Load settings, overridden by a command's options, and configure the log.

    Raises `Usage` that names the setting.
    """
    from pydantic import ValidationError  # slow to import, and not every command has settings

    from runtime.settings import SECRET, Settings

    given = {name: value for name, value in overrides.items() if value is not None}
    try:
        settings = Settings(**given)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = ".".join(str(part) for part in first["loc"])
        what = first["msg"].removeprefix("Value error, ")
        found = "" if name in SECRET or not name else f" (found {first['input']!r})"
        raise Usage(f"setting {name}: {what}{found}") from None
    runtime_logging.configure(settings.log_level)
    return settings


def json_text(value: Any) -> str:
    """Return a JSON value on one line."""
    return printable.json(json.dumps(value, ensure_ascii=False, default=_plain))


def print_json(value: Any) -> None:
    """Print a JSON value on stdout."""
    shown = json.dumps(value, indent=2, ensure_ascii=False, default=_plain)
    sys.stdout.write(printable.json(shown) + "\n")
    sys.stdout.flush()


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    raise TypeError(f"{type(value).__name__} is no JSON")


def print_table(title: str, columns: list[str], rows: list[list[Any]]) -> None:
    """Print a table for people."""
    table = Table(title=_cell(title), title_justify="left")
    for column in columns:
        table.add_column(_cell(column))
    for row in rows:
        table.add_row(*(_cell("" if value is None else value) for value in row))
    if out.is_terminal:
        out.print(table)
    else:  # a file or a pipe has no width: do not truncate
        Console(width=240).print(table)


def _cell(value: Any) -> Text:
    return Text(printable.line(str(value)))


@contextmanager
def progress_bar(text: str) -> Iterator[Any]:
    """Yield `advance(done, of)`, which shows a bar if stderr is a terminal."""
    if not err.is_terminal:
        yield lambda done, of: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    with Progress(
        TextColumn(text), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=err
    ) as progress:
        task = progress.add_task(text, total=None)
        yield lambda done, of: progress.update(task, completed=done, total=of)


def shown_url(url: str) -> str:
    """Return the URL without user, password and options."""
    return without_secrets(url)
