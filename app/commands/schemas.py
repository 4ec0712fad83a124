"""Write generated files: schemas and AsyncAPI, the broker's ACL, the table of dialects."""

from typing import Annotated

import typer

from app.commands.shared.console import err, out
from contracts import generate


def schemas(
    check: Annotated[
        bool, typer.Option("--check", help="Only compare; exit code 1 where they differ")
    ] = False,
) -> None:
    from app.operations import dialect_files

    if check:
        stale = generate.differing() + dialect_files.differing()
        if stale:
            err.print(f"error: out of date: {', '.join(stale)}; run `tachowatt schemas`")
            raise typer.Exit(1)
        out.print("all generated files are up to date")
        return
    out.print("changed: " + (", ".join(generate.write() + dialect_files.write()) or "nothing"))
