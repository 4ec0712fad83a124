"""Compile kernels missing from the cache beside their packages.

It takes one to two minutes of two cores, and a second if none is missing. `serve`, `ingest` and
`demo` do this themselves; use it in a container's image or before a test run.

Example: tachowatt warm-up
"""

import asyncio

from app.commands.shared.console import err


def warm_up() -> None:
    from app.processes.warm_up import load_kernels

    asyncio.run(load_kernels())
    err.print("all kernels are compiled", style="dim")
