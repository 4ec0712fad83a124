"""Show trips, driving events, scores, meter intervals, days and anomalies.

An unfinished trip appears once its car has been silent for half a minute, with `open` true.
What a customer no longer agrees to is left out; the log of reads has the rest.

Examples:

  tachowatt show trips

  tachowatt show days --device demo/meter-1 --json
"""

from enum import StrEnum
from typing import Annotated, Any

import typer

from app.commands.shared.console import err, load_settings, print_json, print_table
from app.commands.shared.reads import log_command
from app.processes.stack import database
from runtime.clock import SystemClock
from store.postgres.pool import connect


class What(StrEnum):
    """Kinds of features."""

    TRIPS = "trips"
    EVENTS = "events"
    SCORES = "scores"
    INTERVALS = "intervals"
    DAYS = "days"
    ANOMALIES = "anomalies"


_COLUMNS = {
    What.TRIPS: ("device", "start", "end", "distance_m", "driving_s", "idle_s", "max_speed_kmh"),
    What.EVENTS: ("device", "kind", "start", "duration_s", "peak_mps2", "severity"),
    What.INTERVALS: ("device", "start", "energy_kwh", "status", "estimated"),
    What.DAYS: ("device", "date", "energy_kwh", "expected", "present", "base_load_w"),
    What.ANOMALIES: ("device", "kind", "phase", "start", "end", "observed", "expected", "severity"),
    What.SCORES: ("tenant", "customer", "score", "trusted"),
}

_OPEN = ": one that has not ended appears once its car has been silent for half a minute"


def show(
    what: Annotated[What, typer.Argument(help="Which features")],
    device: Annotated[str | None, typer.Option(help="Only of this tenant/device")] = None,
    last: Annotated[int, typer.Option(min=1, help="So many, the newest")] = 50,
    json: Annotated[bool, typer.Option("--json", help="All fields, as a JSON array")] = False,
) -> None:
    from app.operations.show import rows_of

    clock = SystemClock()
    with database(load_settings(), clock) as url, connect(url) as connection:
        shown = rows_of(connection, what, device, last)
        log_command(connection, clock, f"show {what}", shown.reads)
    found = shown.rows
    if json:
        print_json(found)
        return
    if not found:
        err.print(f"no {what}{_OPEN if what is What.TRIPS else ''}", highlight=False)
        return
    columns = _COLUMNS[what]
    print_table(
        what.value.capitalize(), list(columns), [[_short(row[c]) for c in columns] for row in found]
    )


def _short(value: Any) -> Any:
    if isinstance(value, float):
        return f"{value:.3f}"
    if isinstance(value, str) and value[4:5] == "-" and "T" in value:
        return value[:19] + "Z"
    return value
