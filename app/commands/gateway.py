"""Run a gateway as a separate process: from a broker to `tachowatt ingest`, or to Kafka.

It needs a broker (--mqtt-url or TACHOWATT_MQTT_URL), because it starts no server.

Examples:

  tachowatt gateway --mqtt-url mqtt://broker:1883 --log tcp://127.0.0.1:7331

  tachowatt gateway --mqtt-url mqtt://broker:1883 --log kafka://kafka:9092
"""

import asyncio
from typing import Annotated

import typer

from app.commands.shared.console import err, load_settings, shown_url
from app.commands.shared.options import MqttUrl
from app.processes.lifecycle import install_signals
from runtime.clock import SystemClock
from runtime.errors import Usage
from runtime.kafka import with_settings


def gateway(
    log: Annotated[
        str, typer.Option(help="Where ingest listens, or Kafka: kafka://host:9092")
    ] = "tcp://127.0.0.1:7331",
    mqtt_url: MqttUrl = None,
) -> None:
    from app.processes.gateway import run_gateway

    settings = load_settings(mqtt_url=mqtt_url)
    if settings.mqtt_url is None:
        raise Usage("a gateway alone needs a broker: --mqtt-url mqtt://host:1883")
    url = settings.mqtt_url
    log = with_settings(log, settings)

    async def main() -> None:
        stop = asyncio.Event()
        install_signals(stop)

        def ready(metrics_url: str) -> None:
            err.print(f"gateway is ready from {shown_url(url)} to {shown_url(log)}", style="bold")
            err.print(f"  metrics   {metrics_url}")

        await run_gateway(settings, SystemClock(), url, log, stop, ready)

    asyncio.run(main())
