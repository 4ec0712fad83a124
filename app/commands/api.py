"""Run API and pages as a separate process, on a database that others write.

`tachowatt serve` includes them. Use this for more processes, or on another machine; set the
address by TACHOWATT_API_HOST and TACHOWATT_API_PORT.

Example:

  tachowatt api --database-url postgresql://tachowatt@db/tw
"""

import asyncio
import os
from dataclasses import replace

from app.commands.shared.console import err, load_settings
from app.commands.shared.options import DatabaseUrl, StateDir
from app.commands.shared.process import run_process
from app.processes.stack import Addresses, Stack
from runtime.clock import Clock


def api(state_dir: StateDir = None, database_url: DatabaseUrl = None) -> None:
    from app.processes.api import run_api

    settings = load_settings(state_dir=state_dir, database_url=database_url)

    async def work(stack: Stack, addresses: Addresses, clock: Clock, stop: asyncio.Event) -> None:
        def ready(url: str, metrics_url: str) -> None:
            stack.announce(
                replace(addresses, pid=os.getpid(), api_url=url, metrics_url=metrics_url)
            )
            err.print(f"the API is ready at {url}", style="bold")
            err.print(
                f"  pages     {url}/\n  document  {url}/openapi.json\n  metrics   {metrics_url}"
            )

        await run_api(settings, clock, addresses, stack, stop, ready)

    run_process(settings, work)
