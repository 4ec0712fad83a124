"""Signals of features as CloudEvents: trips, driving events, crashes, anomalies.

A correction has the same episode and a higher revision. The data have no positions.
Signals of a withdrawn purpose are left out; the log of reads has the rest.

Example: tachowatt signals --type vehicle.crash
"""

from typing import Annotated

import typer

from app.commands.shared.console import load_settings, print_json
from app.commands.shared.reads import log_command
from app.processes.stack import database
from contracts.kinds import EVENT_TYPE_PREFIX
from contracts.signals import DATA, cloud_event
from runtime.clock import SystemClock
from runtime.errors import Usage
from store.people.read_log import ObjectRead, of_rows
from store.postgres.pool import connect
from store.signals import outbox


def signals(
    type_: Annotated[
        str | None, typer.Option("--type", help="Only this type, such as vehicle.crash")
    ] = None,
    last: Annotated[int, typer.Option(min=1, help="So many, the newest")] = 50,
    all_: Annotated[
        bool, typer.Option("--all", help="Every revision, not only the newest of each")
    ] = False,
) -> None:
    from ingest.registry import load as load_registry
    from services import signal_flow

    if type_ is not None:
        type_ = type_.removeprefix(EVENT_TYPE_PREFIX)
    if type_ is not None and type_ not in DATA:
        raise Usage(f"--type {type_!r}: expected one of {', '.join(DATA)}")
    clock = SystemClock()
    with database(load_settings(), clock) as url, connect(url) as connection:
        rows = signal_flow.shown(
            connection, outbox.read(connection, current=not all_, type_=type_, limit=last)
        )
        names = {d.device_id: d.device for d in load_registry(connection).by_id.values()}
        read: dict[str, list[ObjectRead]] = {}
        for row in rows:
            read.setdefault(row["tenant"], []).extend(of_rows([row], "signal", "id"))
        log_command(connection, clock, "signals", read)
    print_json([cloud_event(row, names.get(row["device_id"])).model_dump() for row in rows])
