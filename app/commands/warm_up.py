"""warm-up."""

import asyncio

import typer

from app.commands.console import err


def warm_up() -> None:
    """Compile the kernels into the cache beside their packages, where they are not there yet.

    It takes one to two minutes of two cores, and a second where nothing is missing. `serve`,
    `ingest` and `demo` do it themselves; a container's image or a test run does it before.

    Example: tachowatt warm-up
    """
    from app.processes.warm_up import compiling, prepare

    async def main() -> None:
        with compiling() as show:
            await prepare(show)

    asyncio.run(main())
    err.print("all kernels are compiled", style="dim")


def register(cli: typer.Typer) -> None:
    """Add the command of this file."""
    cli.command("warm-up")(warm_up)
