"""Compile the kernels into the cache beside their packages, where they are not there yet.

It takes one to two minutes of two cores, and a second where nothing is missing. `serve`,
`ingest` and `demo` do it themselves; a container's image or a test run does it before.

Example: tachowatt warm-up
"""

import asyncio

from app.commands.shared.console import err


def warm_up() -> None:
    from app.processes.warm_up import load_kernels

    asyncio.run(load_kernels())
    err.print("all kernels are compiled", style="dim")
