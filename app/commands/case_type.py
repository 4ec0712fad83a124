"""Case types: draw one."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from app.commands.shared.console import out
from runtime.errors import Usage

cli = typer.Typer(no_args_is_help=True, help=__doc__)


class Language(StrEnum):
    """Language of the titles."""

    DE = "de"
    EN = "en"


@cli.callback()
def group() -> None:
    """Case types: draw one."""


@cli.command()
def draw(
    type_: Annotated[str, typer.Argument(metavar="TYPE", help="A shipped type, or a file")],
    output: Annotated[Path | None, typer.Option("--output", "-o", help="None: stdout")] = None,
    language: Annotated[Language, typer.Option(help="Of the titles")] = Language.EN,
) -> None:
    """Draw the stages and steps of a case type as SVG.

    Example: tachowatt case-type draw crash-claim -o crash-claim.svg
    """
    from customer_context.cases.case_types import load
    from customer_context.cases.drawing import draw as drawn
    from services.case_types import shipped

    path = Path(type_)
    if type_ in shipped():
        found = shipped()[type_]
    elif path.is_file():
        found = load(path.read_text(encoding="utf-8"), type_)
    else:
        raise Usage(f"{type_}: no file; shipped are {', '.join(sorted(shipped()))}")
    svg = drawn(found, language.value)
    if output is None:
        typer.echo(svg, nl=False)
        return
    output.write_text(svg, encoding="utf-8")
    out.print(f"{output} has {found.id} version {found.spec.version}", highlight=False)
