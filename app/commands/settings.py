"""All settings with their values and descriptions."""

from typing import Annotated

import typer

from app.commands.shared.console import load_settings, out, print_table
from runtime.settings import as_markdown


def settings(
    markdown: Annotated[
        bool, typer.Option("--markdown", help="As docs/settings.md has it")
    ] = False,
) -> None:
    if markdown:
        out.print(as_markdown(), markup=False, highlight=False, end="")
        return
    current = load_settings()
    print_table(
        "Settings",
        ["variable", "value", "what it is"],
        [
            [f"TACHOWATT_{name.upper()}", getattr(current, name), field.description]
            for name, field in type(current).model_fields.items()
        ],
    )
