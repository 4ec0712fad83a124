"""List crashes that were noticed, with what driver or agent said: a crash, or a false alarm.

Only of customers who agree that their recordings train detection (purpose detection_training).
recorded_from, recorded_until : the recording of the device, around the impact. What was undone is
no label. `tachowatt prove crash --labelled` judges the present kernel by these recordings.

Example:

  tachowatt labels --json > labels.json
"""

from typing import Any

from app.commands.shared.console import load_settings, out, print_json, print_table
from app.commands.shared.options import Json, Tenant
from app.commands.shared.reads import log_command
from app.commands.shared.tenant import the_tenant
from app.processes.stack import database
from runtime.clock import SystemClock
from store.people.read_log import of_rows
from store.postgres.pool import connect, translated
from store.postgres.roles import set_tenant_scope

_SHOWN = ("case_id", "label", "cause", "said_at", "signal", "revision", "device", "at",
          "recorded_from", "recorded_until")  # fmt: skip
_OF_SIGNAL = ("severity", "peak_mps2", "delta_v_kmh", "speed_kmh")


def labels(tenant: Tenant = None, json: Json = False) -> None:
    from services import crash_labels

    clock = SystemClock()
    with database(load_settings(), clock) as url, translated(), connect(url) as connection:
        owner = the_tenant(connection, tenant)
        set_tenant_scope(connection, (owner,))
        rows = crash_labels.consented(connection, owner)
        log_command(connection, clock, "labels", {owner: of_rows(rows, "case", "case_id")})
    found = [_plain(row) for row in rows]
    if json:
        print_json(found)
        return
    columns = ["label", "cause", "device", "at", "severity", "said_at"]
    print_table("Labelled crashes", columns, [[row[column] for column in columns] for row in found])
    false = sum(row["label"] == "false_alarm" for row in found)
    out.print(f"{len(found) - false} crashes, {false} false alarms")


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    """Leave out customer and position."""
    return {name: row[name] for name in _SHOWN} | {
        name: row["data"].get(name) for name in _OF_SIGNAL
    }
