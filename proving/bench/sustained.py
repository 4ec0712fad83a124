"""Measure whether the whole pipeline sustains a rate.

Broker, gateway, ingest and store run with the load generator on the same machine; the backlog is
read every five seconds.
"""

import asyncio
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from app.demo.service import Service
from app.operations.registry_import import validate, write
from app.processes.stack import Addresses, Stack
from runtime.clock import SystemClock
from runtime.settings import Settings
from simulators.load import Load
from simulators.publisher import Publisher
from store.pipeline import offsets
from store.postgres.pool import connect


async def run(rate: float, devices: int, seconds: float) -> dict[str, Any]:
    """Publish `rate` single-sample messages/s for `seconds`; return the figures."""
    clock = SystemClock()
    with tempfile.TemporaryDirectory(prefix="tachowatt-bench-") as directory:
        os.chmod(directory, 0o755)
        settings = Settings(state_dir=Path(directory), broker="embedded")
        stack = Stack(settings, clock)
        addresses = stack.start(broker=True)
        service: Service | None = None
        try:
            load = Load(rate, devices, seconds)
            registry = validate(load.registry(clock.now_us()), "load")
            write(addresses.database_url, registry, clock.now_us())
            service = Service(settings, addresses, clock)
            await service.ready()
            return await _measure(addresses, load, clock)
        finally:
            if service is not None:
                service.stop()
            stack.stop()


async def _measure(addresses: Addresses, load: Load, clock: SystemClock) -> dict[str, Any]:
    backlog: list[int] = []
    async with Publisher(addresses.mqtt_url, clock, tenant=load.tenant) as publisher:
        await publisher.connected()

        async def watch() -> None:
            with connect(addresses.database_url) as connection:
                while True:
                    await asyncio.sleep(5.0)
                    committed = offsets.total(connection)
                    connection.rollback()
                    counters = publisher.counters
                    backlog.append(counters.published + counters.resent - committed)
                    print(f"  backlog {backlog[-1]:,}", file=sys.stderr)

        watching = asyncio.create_task(watch())
        took_s = await load.run(publisher, clock)
        watching.cancel()
        began = clock.monotonic()
        drained = await publisher.drain(60.0)
        counters = publisher.counters
        return {
            "messages": counters.published,
            "seconds": round(took_s, 1),
            "messages_per_s": round(counters.published / took_s),
            "backlog_every_5_s": backlog,
            "drained_after_s": round(clock.monotonic() - began, 2),
            "all_acknowledged": drained,
            "resent": counters.resent,
        }
