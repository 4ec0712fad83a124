"""Send a recording to the broker like its device, and say what became of it.

The outcome is read from the ledger of the service on this machine, or of TACHOWATT_DATABASE_URL:
messages that other devices of the same tenant and dialect send meanwhile are counted too. The exit
code is 1 where nothing was stored.

Examples:

  tachowatt publish drive.csv --device demo/car-1 --speedup 10

  tachowatt publish home.csv.gz --device demo/meter-1 --map energy_kwh=value

  tachowatt publish owntracks.jsonl --dialect owntracks --device jane/phone

On the broker of this machine's service it signs in by itself; elsewhere --user and --password, or
a URL with both (%2F is a slash in a user's name), are those of `tachowatt device add`.
"""

import asyncio
import json as json_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.commands.shared.console import err, load_settings, out, progress_bar
from app.commands.shared.options import Password, User
from app.commands.shared.recording import (
    ClockOf,
    DateFormat,
    Decimal,
    Thousands,
    file_options,
)
from app.processes.stack import Stack
from contracts.dialects import NATIVE
from ingest.decoding.dialects import NAMES  # not the catalogue, because it loads all decoders
from runtime.clock import SystemClock
from runtime.errors import Usage
from runtime.mqtt_tls import mqtt_tls

if TYPE_CHECKING:
    from app.operations.publish_outcome import Outcome


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
    decimal: Decimal = None,
    thousands: Thousands = None,
    date_format: DateFormat = None,
    clock_: ClockOf = None,
    samples: Annotated[int, typer.Option(min=1, max=10_000, help="Most in one message")] = 60,
    user: User = None,
    password: Password = None,
) -> int:
    from dataclasses import asdict

    from app.commands.shared.broker import of_publisher, url_with_login
    from app.operations.devices import Device
    from app.operations.publish import messages_of
    from app.operations.publish_outcome import Watch
    from simulators.publisher import publish_messages

    settings, clock = load_settings(), SystemClock()
    running = Stack(settings, clock).running()
    url = to or settings.mqtt_url or (running.mqtt_url if running else "")
    if not url:
        raise Usage("no broker: start `tachowatt serve`, or give --to mqtt://host:port")
    found = messages_of(
        file,
        device,
        dialect,
        start,
        tz,
        map_ or [],
        samples,
        clock.now_us(),
        file_options(decimal, thousands, date_format, clock_),
        lambda text: err.print(f"note: {text}", markup=False),
    )
    database = settings.database_url or (running.database_url if running and not to else "")
    tenant, topics = found[0].tenant if found else "", [message.topic for message in found]
    watch = Watch(database, clock, tenant, dialect, device, topics) if database else None
    url = url_with_login(url, user, password)
    url = of_publisher(url, Device.of(device, dialect), settings, clock)
    owner, _, name = device.rpartition("/")
    with progress_bar("publishing") as advance:
        counters = asyncio.run(
            publish_messages(
                found,
                url,
                clock,
                speedup=speedup,
                acknowledged=dialect == NATIVE and (watch is None or watch.registered),
                progress=lambda c: advance(c.published, len(found)),
                tenant=owner or "+",
                device=name,
                tls=mqtt_tls(settings) if url.startswith("mqtts:") else None,
            )
        )
    outcome = asyncio.run(watch.outcome(counters.published)) if watch else None
    shown = asdict(counters) | ({} if outcome is None else {"outcome": asdict(outcome)})
    out.print(json_module.dumps(shown, ensure_ascii=False), highlight=False)
    if counters.in_flight or (counters.unacked and not (outcome and outcome.dead_lettered)):
        err.print(
            f"error: {counters.unacked} messages have no acknowledgement, {counters.in_flight} did "
            "not reach the broker: is the service running?"
        )
        return 1
    if outcome is None:
        err.print("what became of them: `tachowatt ledger` where the service runs", style="dim")
        return 0
    _explain(outcome, device)
    return 0 if outcome.stored or outcome.duplicate or not counters.published else 1


def _explain(outcome: "Outcome", device: str) -> None:
    """Print what became of the messages, and what to do about those that are not stored."""
    err.print(
        f"{outcome.stored} stored, {outcome.duplicate} duplicate, {outcome.refused} refused, "
        f"{outcome.dead_lettered} dead-lettered"
    )
    if outcome.refused:
        err.print(
            f"refused: no consent covers them. At the time of these samples nobody has {device}, "
            "or its customer has not agreed: `tachowatt import` takes contracts, assignments and "
            "consents, `tachowatt consent show TENANT CUSTOMER` lists them",
            style="yellow",
        )
    for each in outcome.reasons:
        err.print(f"dead-lettered: {each.count} {each.reason}: {each.detail}", style="yellow")
    if outcome.reasons:
        err.print(
            "`tachowatt dead-letter list` has them; `dead-letter retry` once it is mended, except "
            "those of an unregistered device, whose content is not kept: publish them again"
        )
    if outcome.missing:
        err.print(f"{outcome.missing} are not in the ledger yet: `tachowatt ledger`")
