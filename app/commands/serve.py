"""All in one: broker, gateway, ingest, contacts, API and pages, until Ctrl-C or SIGTERM.

Without further settings it starts its own PostgreSQL and MQTT broker on the loopback, with
their data under ./.tachowatt. The broker is Mosquitto where that is installed, with credentials
for each device (`tachowatt device add`), else one from a wheel, without credentials.

Examples:

  tachowatt serve

  tachowatt serve --mqtt-url mqtt://broker:1883 --database-url postgresql://tachowatt@db/tw
"""

import asyncio

from app.commands.shared.console import err, load_settings, shown_url
from app.commands.shared.options import DatabaseUrl, MqttUrl, StateDir
from app.processes.lifecycle import install_signals
from app.processes.stack import Addresses, Stack
from runtime.clock import SystemClock
from runtime.urls import without_password

SIGN_IN = (
    "to sign in, in another terminal (it prints a link; `tachowatt tenant list` names tenants):",
    "  tachowatt person add TENANT --role agent --name NAME --email ADDRESS",
    "a key, for programs: tachowatt key create TENANT --role agent --name WHAT-FOR",
)
"""How to get in, after the addresses."""


def serve(
    state_dir: StateDir = None, mqtt_url: MqttUrl = None, database_url: DatabaseUrl = None
) -> None:
    from app.processes.serve import serve as run

    settings = load_settings(state_dir=state_dir, mqtt_url=mqtt_url, database_url=database_url)
    clock = SystemClock()
    stack = Stack(settings, clock)
    err.print("starting the servers and loading the kernels …", style="dim")
    addresses = stack.start(broker=True)

    def ready(where: Addresses) -> None:
        own = stack.local_broker(where.mqtt_url)
        broker = [f"MQTT      {shown_url(where.mqtt_url)} (yours)"] if own is None else own.lines()
        own_database = "embedded, " if settings.database_url is None else ""
        err.print("tachowatt is ready", style="bold")
        for line in broker:
            err.print(f"  {line}")
        err.print(f"  database  {without_password(where.database_url)} ({own_database}PostgreSQL)")
        err.print(f"  pages     {where.api_url}/ (API: {where.api_url}/v1, /openapi.json)")
        err.print(f"  metrics   {where.metrics_url}")
        err.print(f"  state     {stack.state_dir}")
        err.print("  Ctrl-C ends it; in another terminal: tachowatt ledger")
        for line in SIGN_IN:
            err.print(f"  {line}", highlight=False)

    async def main() -> None:
        stop = asyncio.Event()
        install_signals(stop)
        await run(settings, clock, stack, addresses, stop, ready)

    try:
        asyncio.run(main())
    finally:
        stack.stop()
    err.print("stopped; everything in flight is committed or left with the broker")
