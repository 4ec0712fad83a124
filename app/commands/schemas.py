"""Write JSON Schema and AsyncAPI of the messages to contracts/schemas."""

from typing import Annotated

import typer

from app.commands.shared.console import err, out
from contracts import generate


def schemas(
    check: Annotated[
        bool, typer.Option("--check", help="Only compare; exit code 1 where they differ")
    ] = False,
) -> None:
    if check:
        stale = generate.differing()
        if stale:
            err.print(f"error: out of date: {', '.join(stale)}; run `tachowatt schemas`")
            raise typer.Exit(1)
        out.print("schemas are up to date")
        return
    out.print("changed: " + (", ".join(generate.write()) or "nothing"))
