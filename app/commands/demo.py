"""Simulate cars and meters over MQTT, faster than real time; pages show the results.

First the devices deliver two weeks of meter readings and a day of drives, like devices that were
offline; then they are live for two minutes. At the end the store is verified against its own
samples, and features and contacts are compared with the truth and consents of the simulators. On
a terminal servers and pages stay up until Ctrl-C; with --for or --json it ends by itself. Exit
code 1 if a check fails. Every demo starts with an empty store, under .tachowatt/demo.

A crash's webhook is promised within 2 s (95 of 100) on an ordinary machine. At the start and
at the end a short benchmark measures how many times slower this machine is, other load included
(`calibration` of the answer): on a slow machine a missed latency is a warning, with --strict an
error.

Examples:

  tachowatt demo

  tachowatt demo --for 60 --json

  eval "$(tachowatt demo --export)"
"""

import asyncio
import json as json_module
import shlex
import signal
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.live import Live
from rich.table import Table

from app.commands.shared.console import err, load_settings, out, print_json
from app.commands.shared.options import JsonAtEnd
from app.demo import ACCESS_FILE
from runtime.clock import SystemClock
from runtime.errors import Usage

_LIVE_S = 120.0
_LINE_EVERY_S = 10.0
"""Seconds between two lines of the same step if stderr is not a terminal."""


def demo(
    for_: Annotated[
        float | None, typer.Option("--for", help="Seconds of the live part, then end")
    ] = None,
    speedup: Annotated[float, typer.Option(help="Simulated seconds in a real one")] = 60.0,
    cars: Annotated[int, typer.Option(min=1)] = 50,
    meters: Annotated[int, typer.Option(min=1)] = 200,
    seed: Annotated[int, typer.Option(help="Another seed is another world")] = 1,
    api_port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help="Of the pages; 0 = a free one; default 8080 if free"),
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="A missed latency is an error on a slow machine too")
    ] = False,
    export: Annotated[
        bool,
        typer.Option("--export", help="Print address and keys of the demo that runs, for a shell"),
    ] = False,
    json: JsonAtEnd = False,
) -> None:
    settings = load_settings()
    if export:
        _export(settings.state_dir / "demo" / ACCESS_FILE)
        return
    from app.demo import run as demonstration

    stays = for_ is None and not json and err.is_terminal
    plan = demonstration.Plan(
        _LIVE_S if for_ is None else for_,
        speedup,
        cars,
        meters,
        seed,
        api_port=api_port,
        strict=strict,
    )
    live = Live(console=err, refresh_per_second=4) if err.is_terminal else None
    clock = SystemClock()
    last_line, last_s = "", 0.0
    answers: list[dict[str, Any]] = []

    def show(figures: Any) -> None:
        nonlocal last_line, last_s
        if live is not None:
            live.update(_display(figures))
            return
        step = figures.phase.partition(":")[0]
        if step != last_line or clock.monotonic() - last_s >= _LINE_EVERY_S:
            last_line, last_s = step, clock.monotonic()
            err.print(f"demo: {figures.phase} ({figures.elapsed_s:.0f} s)", highlight=False)

    async def done(answer: dict[str, Any]) -> None:
        answers.append(answer)
        if live is not None:
            live.stop()
        _report(answer, json)
        if stays:
            err.print("The devices are silent now; servers and pages stay up until Ctrl-C.")
            await asyncio.Event().wait()

    view = demonstration.View(show, _welcome, done)
    if live is not None:
        live.start()
    # A shell has its background jobs ignore Ctrl-C, and `kill -INT` would do nothing.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        asyncio.run(demonstration.run(settings, clock, plan, view))
    except KeyboardInterrupt:
        if not answers:  # it had not finished
            raise
    finally:
        if live is not None:
            live.stop()
    if answers[0]["problems"]:
        raise typer.Exit(1)


def _export(file: Path) -> None:
    """Print the access of a running demo as shell variables. Raises `Usage` if none runs."""
    try:
        access = json_module.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise Usage(f"no demo has been ready in {file.parent}: start `tachowatt demo`") from None
    variables = {"API": access["address"], "RECEIVER": access["receiver"]}
    for user in access["users"]:
        variables.setdefault(f"{user['role'].upper()}_KEY", user["key"])
        if user["customer"]:
            variables.setdefault("CUSTOMER", user["customer"])
    for name, value in variables.items():
        out.print(f"export {name}={shlex.quote(value)}", highlight=False)


def _welcome(access: Any) -> None:
    """Print addresses and users."""
    err.print(f"\n{access.address}  the pages: one click signs you in as somebody", style="bold")
    err.print("  for the API, and for machines, these keys:", highlight=False)
    for user in access.users:
        who = f"{user.customer} ({user.language})" if user.customer else user.name
        err.print(f"  {who:<20} {user.role:<10} {user.key}", markup=False, highlight=False)
    err.print(f"{access.receiver}  what insurer and utility received by webhook\n")


def _report(answer: dict[str, Any], json: bool) -> None:
    if json:
        print_json(answer)
    else:
        _summary(answer)
    for warning in answer["warnings"]:
        err.print(f"warning: {warning}", markup=False, highlight=False)
    for problem in answer["problems"]:
        err.print(f"error: {problem}", markup=False, highlight=False)


def _display(figures: Any) -> Table:
    table = Table(title=f"Tachowatt demo: {figures.phase}", title_justify="left", show_header=False)
    ledger, counts = figures.ledger, figures.counts
    rows = {
        "elapsed": f"{figures.elapsed_s:.0f} s",
        "published": f"{figures.published:,}  ({figures.resent:,} sent again)",
        "devices still hold": f"{figures.unacked:,} messages",
        "received": f"{ledger.get('received', 0):,}",
        "  stored": f"{ledger.get('stored', 0):,}",
        "  duplicate": f"{ledger.get('duplicate', 0):,}",
        "  dead-lettered": f"{ledger.get('dead_lettered', 0):,}",
        "  refused (consent)": f"{ledger.get('refused', 0):,}",
        "  in flight": f"{ledger.get('in_flight', 0):,}",
        "samples": f"{ledger.get('samples_stored', 0):,}",
        "trips": f"{counts.get('trip', 0):,}",
        "driving events": f"{counts.get('driving_event', 0):,}",
        "meter intervals": f"{counts.get('meter_interval', 0):,}",
        "anomalies": f"{counts.get('meter_anomaly', 0):,} (raised and cleared)",
        "to reconcile": f"{counts.get('reconcile_pending', 0):,} devices",
        "crashes sent to the insurer": f"{figures.crashes_contacted:,}",
        "contacts": ", ".join(
            f"{figures.contacts.get(state, 0):,} {state}"
            for state in ("delivered", "pending", "failed")
        ),
    }
    if figures.address:
        rows["pages"] = figures.address
    for name, value in rows.items():
        table.add_row(name, value)
    return table


def _summary(answer: dict[str, Any]) -> None:
    ledger = answer["ledger"]
    out.print(
        f"ledger: {ledger['received']:,} received = {ledger['stored']:,} stored + "
        f"{ledger['duplicate']:,} duplicate + {ledger['dead_lettered']:,} dead-lettered + "
        f"{ledger['refused']:,} refused + {ledger['in_flight']:,} in flight: "
        + ("closes" if ledger["closes"] else "does not close")
    )
    trips, events, crashes = answer["trips"], answer["events"], answer["crashes"]
    anomalies = answer["anomalies"]
    out.print(f"samples: {answer['samples']:,}")
    out.print(f"trips: {trips['found']} found, {trips['true']} true")
    out.print(f"driving events: recall {events['recall']}, precision {events['precision']}")
    soon = "" if crashes["p95_s"] is None else f", 95 of 100 within {crashes['p95_s']} s"
    out.print(
        f"crashes: {crashes['found']} of {crashes['injected']} found, {crashes['contacted']} sent "
        f"to the insurer{soon}"
    )
    out.print(
        f"anomalies: {anomalies['found']} of {anomalies['injected']} found, "
        f"precision {anomalies['precision']}"
    )
    out.print(f"drivers with a score: {answer['scores']['drivers']}")
    contacts = answer["contacts"]
    channels = ", ".join(f"{n} by {name}" for name, n in contacts["by_channel"].items())
    out.print(
        f"contacts: {contacts['delivered']} delivered ({channels}), {contacts['pending']} pending, "
        f"{contacts['failed']} failed; {answer['refused_contacts']} not sent for want of consent"
    )
    verified = answer["verify"]
    out.print(
        f"verify: {verified['rows']:,} feature rows recomputed from {verified['samples']:,} "
        "samples: " + ("clean" if verified["clean"] else "not clean")
    )
