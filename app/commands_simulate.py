"""demo, simulate, publish."""

import asyncio
import json as json_module
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.live import Live
from rich.table import Table

from app.console import err, load_settings, out, print_json, progress_bar
from app.stack import Stack
from runtime.clock import SystemClock
from runtime.errors import Usage

Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout at the end")]


def demo(
    for_: Annotated[float, typer.Option("--for", help="Seconds of the live part")] = 120.0,
    speedup: Annotated[float, typer.Option(help="Simulated seconds in a real one")] = 60.0,
    cars: Annotated[int, typer.Option(min=1)] = 50,
    meters: Annotated[int, typer.Option(min=1)] = 200,
    seed: Annotated[int, typer.Option(help="Another seed is another world")] = 1,
    json: Json = False,
) -> None:
    """Simulated cars and meters arrive over MQTT, faster than real time; live figures.

    At first the devices deliver two weeks of meter readings and a day of drives, as devices that
    were offline do; then they are live. At the end the store is proven against its own samples,
    and what was found is compared with what the simulators know to be true. Exit code 1 where it
    falls short. Every demo begins with an empty store, under .tachowatt/demo.

    Examples:

      tachowatt demo

      tachowatt demo --for 60 --json
    """
    from app import demo as demonstration

    settings = load_settings()
    plan = demonstration.Plan(for_, speedup, cars, meters, seed)
    live = Live(console=err, refresh_per_second=4) if err.is_terminal else None
    last_phase = ""

    def show(figures: Any) -> None:
        nonlocal last_phase
        if live is not None:
            live.update(_display(figures))
        elif figures.phase != last_phase:
            last_phase = figures.phase
            err.print(f"demo: {figures.phase}", highlight=False)

    async def main() -> dict[str, Any]:
        return await demonstration.run(settings, SystemClock(), plan, show)

    if live is not None:
        live.start()
    try:
        answer = asyncio.run(main())
    finally:
        if live is not None:
            live.stop()
    if json:
        print_json(answer)
    else:
        _summary(answer)
    if answer["problems"]:
        for problem in answer["problems"]:
            err.print(f"error: {problem}", markup=False, highlight=False)
        raise typer.Exit(1)


def _display(figures: Any) -> Table:
    table = Table(title=f"Tachowatt demo: {figures.phase}", title_justify="left", show_header=False)
    books, counts = figures.ledger, figures.counts
    rows = {
        "elapsed": f"{figures.elapsed_s:.0f} s",
        "published": f"{figures.published:,}  ({figures.resent:,} sent again)",
        "devices still hold": f"{figures.unacked:,} messages",
        "received": f"{books.get('received', 0):,}",
        "  stored": f"{books.get('stored', 0):,}",
        "  duplicate": f"{books.get('duplicate', 0):,}",
        "  dead-lettered": f"{books.get('dead_lettered', 0):,}",
        "  refused (consent)": f"{books.get('refused', 0):,}",
        "  in flight": f"{books.get('in_flight', 0):,}",
        "samples": f"{books.get('samples_stored', 0):,}",
        "trips": f"{counts.get('trip', 0):,}",
        "driving events": f"{counts.get('driving_event', 0):,}",
        "meter intervals": f"{counts.get('meter_interval', 0):,}",
        "anomalies": f"{counts.get('meter_anomaly', 0):,} (raised and cleared)",
        "to reconcile": f"{counts.get('reconcile_pending', 0):,} devices",
    }
    for name, value in rows.items():
        table.add_row(name, value)
    return table


def _summary(answer: dict[str, Any]) -> None:
    books = answer["ledger"]
    out.print(
        f"ledger: {books['received']:,} received = {books['stored']:,} stored + "
        f"{books['duplicate']:,} duplicate + {books['dead_lettered']:,} dead-lettered + "
        f"{books['refused']:,} refused + {books['in_flight']:,} in flight: "
        + ("closes" if books["closes"] else "does not close")
    )
    trips, events, crashes = answer["trips"], answer["events"], answer["crashes"]
    anomalies = answer["anomalies"]
    out.print(f"samples: {answer['samples']:,}")
    out.print(f"trips: {trips['found']} found, {trips['true']} true")
    out.print(f"driving events: recall {events['recall']}, precision {events['precision']}")
    out.print(f"crashes: {crashes['found']} of {crashes['injected']} found")
    out.print(
        f"anomalies: {anomalies['found']} of {anomalies['injected']} found, "
        f"precision {anomalies['precision']}"
    )
    out.print(f"drivers with a score: {answer['scores']['drivers']}")
    verified = answer["verify"]
    out.print(
        f"verify: {verified['rows']:,} feature rows recomputed from {verified['samples']:,} "
        "samples: " + ("clean" if verified["clean"] else "not clean")
    )


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
) -> None:
    """Simulated cars and meters, to any broker or into files.

    The same seed gives the same world, with its truth (trips, events, crashes, anomalies) written
    by the simulator from its own state.

    Examples:

      tachowatt simulate --to ./world --cars 10 --meters 20

      tachowatt simulate --to mqtt://127.0.0.1:1883 --registry registry.yaml

      tachowatt import registry.yaml

      tachowatt simulate --to mqtt://127.0.0.1:1883 --speedup 120
    """
    import yaml

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
        written = write(fleet, Path(to))
        out.print("wrote " + ", ".join(str(path) for path in written))
        return
    counters = asyncio.run(_publish_fleet(to, fleet, speedup, clock))
    print_json(counters)
    if counters["unacked"] or counters["in_flight"]:
        err.print(
            "error: devices still hold messages without acknowledgement: is the service running?"
        )
        raise typer.Exit(1)


async def _publish_fleet(url: str, fleet: Any, speedup: float, clock: Any) -> dict[str, Any]:
    from dataclasses import asdict

    from simulators.publisher import Publisher

    total = len(fleet.history) + len(fleet.live)
    with progress_bar("publishing") as advance:
        async with Publisher(url, clock, tenant=fleet.tenant) as publisher:
            if not await publisher.connected(10.0):
                raise Usage(f"no broker answers at {url}")

            def progress(counters: Any) -> None:
                advance(counters.published, total)

            await publisher.run(fleet.history, progress=progress)
            await publisher.run(
                fleet.live, speedup=speedup, start_us=fleet.start_us, progress=progress
            )
            await publisher.drain(60.0)
            return asdict(publisher.counters)


def publish(
    file: Annotated[
        Path, typer.Argument(help="CSV or Parquet as for score-trip, or .jsonl bodies")
    ],
    device: Annotated[
        str, typer.Option(help="tenant/device; OwnTracks user/device; Tasmota topic")
    ],
    dialect: Annotated[str, typer.Option(help="native, owntracks or tasmota")] = "native",
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
    """Send a recording to the broker, as its device would have sent it.

    Examples:

      tachowatt publish drive.csv --device demo/car-1 --speedup 10

      tachowatt publish home.csv.gz --device demo/meter-1 --map energy_kwh=value

      tachowatt publish owntracks.jsonl --dialect owntracks --device jane/phone
    """
    from dataclasses import asdict

    from app.recording import messages_of
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
                acknowledged=dialect == "native",
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


def register(cli: typer.Typer) -> None:
    """Add the commands of this file."""
    cli.command("demo")(demo)
    cli.command("simulate")(simulate)
    cli.command("publish")(publish)
