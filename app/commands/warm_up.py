"""Compile kernels missing from the cache beside their packages.

It takes one to two minutes of two cores, and a second if none is missing. `serve`, `ingest` and
`demo` do this themselves; use it in a container's image or before a test run.

Example: tachowatt warm-up
"""

import asyncio

from app.commands.shared.console import err


def warm_up() -> None:
    import numpy as np

    from app.processes.warm_up import load_kernels
    from app.recordings import plain_cells
    from feature_kernels.sums import exact_sums

    asyncio.run(load_kernels())
    plain_cells.warm_up()
    exact_sums(np.ones(1), np.array([0, 1]))
    err.print("all kernels are compiled", style="dim")
