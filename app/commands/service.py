"""serve, gateway, ingest."""

import asyncio
import os
from collections.abc import Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from app.commands.console import err, load_settings
from app.processes.stack import Addresses, Stack
from runtime.clock import Clock, SystemClock
from runtime.errors import Usage
from runtime.kafka import client_options
from runtime.settings import Settings

StateDir = Annotated[
    Path | None, typer.Option("--state-dir", help="Where the embedded servers keep their data")
]
MqttUrl = Annotated[str | None, typer.Option("--mqtt-url", help="A broker instead of our own")]
DatabaseUrl = Annotated[
    str | None, typer.Option("--database-url", help="A PostgreSQL instead of our own")
]


def serve(
    state_dir: StateDir = None, mqtt_url: MqttUrl = None, database_url: DatabaseUrl = None
) -> None:
    """All in one: broker, gateway, ingest, contacts, API and pages, until Ctrl-C or SIGTERM.

    Without further settings it starts its own PostgreSQL and MQTT broker on the loopback, with
    their data under ./.tachowatt.

    Examples:

      tachowatt serve

      tachowatt serve --mqtt-url mqtt://broker:1883 --database-url postgresql://tachowatt@db/tw
    """
    from app.processes import service

    settings = load_settings(state_dir=state_dir, mqtt_url=mqtt_url, database_url=database_url)
    clock = SystemClock()
    stack = Stack(settings, clock)
    err.print("starting the servers and loading the kernels …", style="dim")
    addresses = stack.start(broker=True)

    def ready(where: Addresses) -> None:
        own = "embedded, " if settings.mqtt_url is None else ""
        own_database = "embedded, " if settings.database_url is None else ""
        err.print("[bold]tachowatt is ready[/bold]")
        err.print(f"  MQTT      {where.mqtt_url} ({own}MQTT 5)")
        err.print(f"  database  {where.database_url} ({own_database}PostgreSQL)")
        err.print(f"  pages     {where.api_url}/ (API: {where.api_url}/v1, /openapi.json)")
        err.print(f"  metrics   {where.metrics_url}")
        err.print(f"  state     {stack.state_dir}")
        err.print("  Ctrl-C ends it; in another terminal: tachowatt ledger")

    async def main() -> None:
        stop = asyncio.Event()
        service.install_signals(stop)
        await service.serve(settings, clock, stack, addresses, stop, ready)

    try:
        asyncio.run(main())
    finally:
        stack.stop()
    err.print("stopped; everything in flight is committed or left with the broker")


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
    """Ingest as a process of its own; gateways connect to it, or it takes part in reading Kafka.

    Examples:

      tachowatt ingest --listen 127.0.0.1:7331

      tachowatt ingest --log kafka://kafka:9092 (once before: tachowatt log init --log …)
    """
    from app.processes import service

    if log is not None:
        _kafka_ingest(log, load_settings(state_dir=state_dir, database_url=database_url))
        return
    host, _, port = listen.rpartition(":")
    if not host or not port.isdigit():
        raise Usage(f"--listen {listen!r}: expected host:port, such as 127.0.0.1:7331")
    settings = load_settings(state_dir=state_dir, database_url=database_url)

    async def work(stack: Stack, addresses: Addresses, clock: Clock, stop: asyncio.Event) -> None:
        def ready(bound: int, metrics_url: str) -> None:
            stack.announce(replace(addresses, pid=os.getpid(), metrics_url=metrics_url))
            err.print(f"[bold]ingest is ready[/bold] at tcp://{host}:{bound}")
            err.print(f"  database  {addresses.database_url}\n  metrics   {metrics_url}")

        await service.run_ingest(settings, clock, addresses, host, int(port), stop, ready)

    run_process(settings, work)


def _kafka_ingest(log: str, settings: Settings) -> None:
    from app.processes import service

    client_options(log)  # a wrong address is told before any server is started

    async def work(stack: Stack, addresses: Addresses, clock: Clock, stop: asyncio.Event) -> None:
        def ready(metrics_url: str) -> None:
            err.print(f"[bold]ingest is ready[/bold], one of those that read {_shown(log)}")
            err.print(f"  database  {addresses.database_url}\n  metrics   {metrics_url}")

        await service.run_kafka_ingest(settings, clock, addresses, log, stop, ready)

    run_process(settings, work)


def _shown(url: str) -> str:
    """Without a password."""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}"


Work = Callable[[Stack, Addresses, Clock, asyncio.Event], Coroutine[Any, Any, None]]


def run_process(settings: Settings, work: Work) -> None:
    """A part of the service as a process of its own, on its database, until SIGTERM or Ctrl-C."""
    from app.processes import service

    clock = SystemClock()
    stack = Stack(settings, clock)
    addresses = stack.start(broker=False)

    async def main() -> None:
        stop = asyncio.Event()
        service.install_signals(stop)
        try:
            await work(stack, addresses, clock, stop)
        finally:
            stack.leave()

    try:
        asyncio.run(main())
    finally:
        stack.stop()


def gateway(
    log: Annotated[
        str, typer.Option(help="Where ingest listens, or Kafka: kafka://host:9092")
    ] = "tcp://127.0.0.1:7331",
    mqtt_url: MqttUrl = None,
) -> None:
    """A gateway as a process of its own: from a broker to `tachowatt ingest`, or to Kafka.

    It needs a broker (--mqtt-url or TACHOWATT_MQTT_URL), for it starts no server.

    Examples:

      tachowatt gateway --mqtt-url mqtt://broker:1883 --log tcp://127.0.0.1:7331

      tachowatt gateway --mqtt-url mqtt://broker:1883 --log kafka://kafka:9092
    """
    from app.processes import service

    settings = load_settings(mqtt_url=mqtt_url)
    if settings.mqtt_url is None:
        raise Usage("a gateway alone needs a broker: --mqtt-url mqtt://host:1883")
    url = settings.mqtt_url

    async def main() -> None:
        stop = asyncio.Event()
        service.install_signals(stop)

        def ready(metrics_url: str) -> None:
            err.print(f"[bold]gateway is ready[/bold] from {_shown(url)} to {_shown(log)}")
            err.print(f"  metrics   {metrics_url}")

        await service.run_gateway(settings, SystemClock(), url, log, stop, ready)

    asyncio.run(main())


def register(cli: typer.Typer) -> None:
    """Add the commands of this file."""
    for command in (serve, gateway, ingest):
        cli.command()(command)
