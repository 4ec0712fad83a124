"""Run ingest as a separate process; gateways connect to it, or it reads Kafka in a group.

Examples:

  tachowatt ingest --listen 127.0.0.1:7331

  tachowatt ingest --log kafka://kafka:9092 (once before: tachowatt log init --log …)
"""

import asyncio
import os
from dataclasses import replace
from ipaddress import ip_address
from typing import Annotated

import typer

from app.commands.shared.console import err, load_settings, shown_url
from app.commands.shared.options import DatabaseUrl, StateDir
from app.commands.shared.process import run_process
from app.processes.stack import Addresses, Stack
from runtime.clock import Clock
from runtime.errors import Usage
from runtime.kafka import client_options, with_settings
from runtime.settings import Settings
from runtime.urls import without_password


def ingest(
    listen: Annotated[str, typer.Option(help="Where gateways connect: host:port")] = (
        "127.0.0.1:7331"
    ),
    log: Annotated[
        str | None, typer.Option(help="Kafka to take messages from, instead: kafka://host:9092")
    ] = None,
    state_dir: StateDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    from app.processes.ingest import run_ingest

    if log is not None:
        _kafka_ingest(log, load_settings(state_dir=state_dir, database_url=database_url))
        return
    host, _, port = listen.rpartition(":")
    if not host or not port.isdigit():
        raise Usage(f"--listen {listen!r}: expected host:port, such as 127.0.0.1:7331")
    settings = load_settings(state_dir=state_dir, database_url=database_url)
    if not settings.log_token and not _is_loopback(host):
        raise Usage(
            f"--listen {listen}: beyond this machine gateways have to prove a token; set "
            "TACHOWATT_LOG_TOKEN_FILE, or TACHOWATT_LOG_TOKEN, for both ends"
        )

    async def work(stack: Stack, addresses: Addresses, clock: Clock, stop: asyncio.Event) -> None:
        def ready(bound: int, metrics_url: str) -> None:
            stack.announce(replace(addresses, pid=os.getpid(), metrics_url=metrics_url))
            err.print(f"ingest is ready at tcp://{host}:{bound}", style="bold")
            err.print(f"  database  {without_password(addresses.database_url)}")
            err.print(f"  metrics   {metrics_url}")

        await run_ingest(settings, clock, addresses, host, int(port), stop, ready)

    run_process(settings, work, secrets=False)


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _kafka_ingest(log: str, settings: Settings) -> None:
    from app.processes.ingest import run_kafka_ingest

    log = with_settings(log, settings)
    client_options(log)  # reject a wrong address before starting any server

    async def work(stack: Stack, addresses: Addresses, clock: Clock, stop: asyncio.Event) -> None:
        def ready(metrics_url: str) -> None:
            err.print(f"ingest is ready, one of those that read {shown_url(log)}", style="bold")
            err.print(f"  database  {without_password(addresses.database_url)}")
            err.print(f"  metrics   {metrics_url}")

        await run_kafka_ingest(settings, clock, addresses, log, stop, ready)

    run_process(settings, work, secrets=False)
