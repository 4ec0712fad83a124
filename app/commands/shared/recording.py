"""Shared code of the commands that read a recording and need no server."""

import json
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from runtime import printable
from runtime.errors import Usage

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from app.recordings.read import Options

SLOW_S = 1.5  # show a bar for work longer than this

File = Annotated[
    Path, typer.Argument(help="CSV (also .csv.gz; , ; or tab) or Parquet", show_default=False)
]
Zone = Annotated[
    str | None,
    typer.Option(
        "--tz",
        metavar="ZONE",
        help="Zone of local time (night), and of times without an offset: Europe/Berlin",
    ),
]
Map = Annotated[
    list[str] | None,
    typer.Option("--map", metavar="OURS=THEIRS,…", help="Columns that have another name here"),
]
Decimal = Annotated[
    str | None,
    typer.Option(metavar="SIGN", help="Decimal sign of numbers: point or comma"),
]
Thousands = Annotated[
    str | None,
    typer.Option(metavar="SIGN", help="Thousands separator: point, comma, space or none"),
]
DateFormat = Annotated[
    str | None,
    typer.Option(metavar="FORMAT", help='How times are written: "%d.%m.%Y %H:%M" (strptime)'),
]
ClockOf = Annotated[
    str | None,
    typer.Option(
        "--clock",
        metavar="CLOCK",
        help="Clock of times without an offset: local (with summer time) or standard (all year)",
    ),
]
Plot = Annotated[Path | None, typer.Option(metavar="FILE.png", help="Draw it, 1600 by 900")]
Export = Annotated[
    Path | None, typer.Option(metavar="FILE.csv", help="Write what was used, with its status")
]
Out = Annotated[
    Path | None, typer.Option(metavar="FILE.json", help="Write the answer here, not to stdout")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No notes and no progress on stderr")]

Step = Callable[[float, str], None]


@contextmanager
def progress(quiet: bool) -> Iterator[Step]:
    """Show progress of slow work on a terminal; turn usage errors into exit code 2."""
    bar = None if quiet or not sys.stderr.isatty() else _Bar()
    try:
        yield _no_step if bar is None else bar.step
    except Usage as error:
        if bar is not None:
            bar.stop()
        typer.echo(f"error: {printable.text(str(error))}\nsee: tachowatt columns", err=True)
        raise typer.Exit(2) from error
    finally:
        if bar is not None:
            bar.stop()


def _no_step(done: float, what: str) -> None:
    """Show nothing."""


class _Bar:
    """A bar on stderr that appears after `SLOW_S`; rich is imported only then."""

    def __init__(self) -> None:
        self._at = (0.0, "reading")
        self._bar: Progress | None = None
        self._task: TaskID | None = None
        self._timer = threading.Timer(SLOW_S, self._start)
        self._timer.daemon = True
        self._timer.start()

    def step(self, done: float, what: str) -> None:
        """Move the bar to `done` (0 to 1) and name the step."""
        self._at = (done, what)
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, completed=done, description=what)

    def _start(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        bar = Progress(
            SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(),
            console=Console(stderr=True), transient=True,
        )  # fmt: skip
        done, what = self._at
        self._task = bar.add_task(what, total=1.0)
        bar.update(self._task, completed=done)
        bar.start()
        self._bar = bar

    def stop(self) -> None:
        """Remove the bar. Safe to repeat."""
        self._timer.cancel()
        if self._timer.is_alive():
            self._timer.join()  # it may be starting the bar
        if self._bar is not None:
            self._bar.stop()
            self._bar = None


def file_options(
    decimal: str | None, thousands: str | None, date_format: str | None, clock: str | None
) -> "Options":
    """Check what options state about the form of a file."""
    from app.recordings.number_format import SIGNS
    from app.recordings.read import Options
    from app.recordings.wall_clock import Clock

    signs: list[str | None] = []
    for option, given, known in (
        ("--decimal", decimal, ("point", "comma")),
        ("--thousands", thousands, ("point", "comma", "space", "apostrophe", "none")),
    ):
        sign = None if given is None else SIGNS.get(given.strip().lower() or " ")
        if given is not None and (sign is None or sign not in {SIGNS[name] for name in known}):
            raise Usage(f"{option}: found {given!r}, expected {', '.join(known)}")
        signs.append(sign)
    if signs[0] is not None and signs[0] == signs[1]:
        raise Usage("--decimal and --thousands: found the same sign, expected two")
    if clock is not None and clock not in set(Clock):
        raise Usage(f"--clock: found {clock!r}, expected {' or '.join(Clock)}")
    return Options(signs[0], signs[1], date_format, None if clock is None else Clock(clock))


def check_outputs(*paths: Path | None) -> None:
    """Reject output paths that cannot be written, before the work."""
    for path in paths:
        if path is not None and not path.parent.is_dir():
            raise Usage(f"{path}: there is no folder {path.parent}")
        if path is not None and path.is_dir():
            raise Usage(f"{path}: is a folder, expected the name of a file")


def write_answer(
    answer: dict[str, Any],
    notes: list[str],
    ignored: tuple[str, ...],
    out: Path | None,
    quiet: bool,
) -> None:
    """Write the answer to `out` or stdout, and the notes to stderr."""
    text = printable.json(json.dumps(answer, indent=2, ensure_ascii=False, allow_nan=False))
    if not quiet:
        for note in notes:
            typer.echo(f"note: {printable.text(note)}", err=True)
        if ignored:
            shown = ", ".join(ignored[:8]) + (", …" if len(ignored) > 8 else "")
            typer.echo(f"note: columns not used: {printable.line(shown)}", err=True)
    if out is None:
        sys.stdout.write(text + "\n")
        return
    try:
        out.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise Usage(f"--out: {out}: {error.strerror or error}") from error
