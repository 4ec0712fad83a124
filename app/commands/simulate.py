"""Simulate cars and meters, to any broker or into files.

The same seed gives the same world, with its truth (trips, events, crashes, anomalies) written
by the simulator from its own state.

Examples:

  tachowatt simulate --to ./world --cars 10 --meters 20

  tachowatt simulate --to mqtt://127.0.0.1:1883 --registry registry.yaml

  tachowatt import registry.yaml

  tachowatt simulate --to mqtt://127.0.0.1:1883 --speedup 120
"""

import asyncio
from pathlib import Path
from typing import Annotated, Any

import typer

from app.commands.shared.console import (
    err,
    load_settings,
    out,
    print_json,
    progress_bar,
    shown_url,
)
from app.commands.shared.options import Password, User
from runtime.clock import SystemClock
from runtime.errors import Usage


def simulate(
    to: Annotated[str, typer.Option(help="mqtt://host:port, or a folder for Parquet and truth")],
    cars: Annotated[int, typer.Option(min=0)] = 50,
    meters: Annotated[int, typer.Option(min=0)] = 200,
    seed: Annotated[int, typer.Option(help="Another seed is another world")] = 1,
    hours: Annotated[float, typer.Option(help="Simulated live time")] = 1.0,
    speedup: Annotated[float, typer.Option(help="Simulated seconds in a real one")] = 60.0,
    history_days: Annotated[float, typer.Option(help="Past that the meters deliver first")] = 14.0,
    tenant: Annotated[str, typer.Option()] = "demo",
    faults: Annotated[bool, typer.Option(help="Late, doubled, corrupt, offline …")] = True,
    registry: Annotated[
        Path | None, typer.Option(help="Write the registry for `tachowatt import` and stop")
    ] = None,
    user: User = None,
    password: Password = None,
) -> None:
    import yaml

    from app.recordings.arrow_without_pandas import without_pandas
    from simulators.faults import DEMO, Faults
    from simulators.fleet import Fleet
    from simulators.parquet import write

    clock = SystemClock()
    live_s = round(hours * 3600)
    with err.status("making the world …"):
        fleet = Fleet(
            cars,
            meters,
            seed,
            start=clock.now_us() - live_s * 1_000_000,
            history_days=history_days,
            live_s=live_s,
            tenant=tenant,
            faults=DEMO if faults else Faults(),
        )
    if registry is not None:
        registry.write_text(yaml.safe_dump(fleet.registry, sort_keys=False), encoding="utf-8")
        out.print(f"wrote {registry}")
        return
    if not to.startswith(("mqtt://", "mqtts://")):
        without_pandas()
        written = write(fleet, Path(to))
        out.print("wrote " + ", ".join(str(path) for path in written))
        return
    from app.commands.shared.broker import of_simulators, url_with_login

    settings = load_settings()
    url = of_simulators(url_with_login(to, user, password), settings, clock)
    counters = asyncio.run(_publish_fleet(url, fleet, speedup, clock, settings))
    print_json(counters)
    if counters["unacked"] or counters["in_flight"]:
        err.print(
            "error: devices still hold messages without acknowledgement: is the service running?"
        )
        raise typer.Exit(1)


async def _publish_fleet(
    url: str, fleet: Any, speedup: float, clock: Any, settings: Any
) -> dict[str, Any]:
    from dataclasses import asdict

    from runtime.mqtt_tls import mqtt_tls
    from simulators.publisher import Publisher

    total = len(fleet.history) + len(fleet.live)
    with progress_bar("publishing") as advance:
        tls = mqtt_tls(settings) if url.startswith("mqtts:") else None
        async with Publisher(url, clock, tenant=fleet.tenant, tls=tls) as publisher:
            if not await publisher.connected(10.0):
                raise Usage(f"no broker lets us in at {shown_url(url)}")

            def progress(counters: Any) -> None:
                advance(counters.published, total)

            await publisher.run(fleet.history, progress=progress)
            await publisher.run(
                fleet.live, speedup=speedup, start_us=fleet.start_us, progress=progress
            )
            await publisher.drain(60.0)
            return asdict(publisher.counters)
