"""Send a recording to the broker like its device.

Examples:

  tachowatt publish drive.csv --device demo/car-1 --speedup 10

  tachowatt publish home.csv.gz --device demo/meter-1 --map energy_kwh=value

  tachowatt publish owntracks.jsonl --dialect owntracks --device jane/phone
"""

import asyncio
import json as json_module
from pathlib import Path
from typing import Annotated

import typer

from app.commands.shared.console import err, load_settings, out, progress_bar
from app.processes.stack import Stack
from contracts.dialects import NATIVE
from ingest.decoding.dialects import NAMES  # not the catalogue, because it loads all decoders
from runtime.clock import SystemClock
from runtime.errors import Usage


def publish(
    file: Annotated[
        Path, typer.Argument(help="CSV or Parquet as for score-trip, or .jsonl bodies")
    ],
    device: Annotated[
        str, typer.Option(help="Its address in the dialect: tenant/device for native")
    ],
    dialect: Annotated[str, typer.Option(help=f"One of {', '.join(NAMES)}")] = NATIVE,
    to: Annotated[
        str | None, typer.Option(help="mqtt://host:port; default: the running service's broker")
    ] = None,
    speedup: Annotated[
        float | None, typer.Option(help="Simulated seconds in a real one; default: at once")
    ] = None,
    start: Annotated[
        str | None, typer.Option(help="When t_s = 0 was, ISO 8601; default: so that it ends now")
    ] = None,
    tz: Annotated[str | None, typer.Option("--tz", help="Zone of times without an offset")] = None,
    map_: Annotated[
        list[str] | None, typer.Option("--map", help="OURS=THEIRS,… as for score-trip")
    ] = None,
    samples: Annotated[int, typer.Option(min=1, max=10_000, help="Most in one message")] = 60,
) -> None:
    from dataclasses import asdict

    from app.operations.publish import messages_of
    from simulators.publisher import publish_messages

    settings, clock = load_settings(), SystemClock()
    running = Stack(settings, clock).running()
    url = to or settings.mqtt_url or (running.mqtt_url if running else "")
    if not url:
        raise Usage("no broker: start `tachowatt serve`, or give --to mqtt://host:port")
    found = messages_of(file, device, dialect, start, tz, map_ or [], samples, clock.now_us())
    with progress_bar("publishing") as advance:
        counters = asyncio.run(
            publish_messages(
                found,
                url,
                clock,
                speedup=speedup,
                acknowledged=dialect == NATIVE,
                progress=lambda c: advance(c.published, len(found)),
            )
        )
    out.print(json_module.dumps(asdict(counters)), highlight=False)
    if counters.unacked or counters.in_flight:
        err.print(
            f"error: {counters.unacked} messages have no acknowledgement, {counters.in_flight} did "
            "not reach the broker: is the service running?"
        )
        raise typer.Exit(1)
