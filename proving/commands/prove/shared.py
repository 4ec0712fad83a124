"""Options, checks and verdict that the proofs share."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, Any

import typer

from app.commands.shared.console import err
from runtime.errors import Stop, Usage

Break = Annotated[str | None, typer.Option("--break", help="A rule to break; ? lists them")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout")]


@contextmanager
def oracles() -> Iterator[None]:
    """Import oracles, which stand in the repository's tests. Raises `Stop` where they are not."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise Stop(f"the proof needs the repository's tests: {error}") from None


def check_rule(name: str | None, known: Collection[str], option: str = "--break") -> None:
    """Raise `Usage` that lists the rules unless `name` is one of them or None."""
    if name is not None and name not in known:
        raise Usage(f"{option}: expected one of {', '.join(known)}")


def figures(found: Any, *names: str) -> dict[str, Any]:
    """Return attributes of what was found."""
    return {name: getattr(found, name) for name in names}


def end(problems: Sequence[str]) -> None:
    """Print the problems; end with exit code 1 if there are any."""
    for problem in problems:
        err.print(problem, style="red", markup=False, highlight=False)
    if problems:
        raise typer.Exit(1)
