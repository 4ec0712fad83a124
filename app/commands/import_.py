"""Register tenants, customers with their contact points, contracts, vehicles, meters, devices,
assignments, consents.

Safe to repeat: existing rows are updated. docs/registry.md shows the format.

Examples:

  tachowatt import registry.yaml

  tachowatt import devices.csv
"""

from pathlib import Path
from typing import Annotated

import typer

from app.commands.shared.console import load_settings, out
from app.operations import registry_import as registry_files
from app.processes.stack import database
from runtime.clock import SystemClock
from services.contact_points import contact_points_of


def import_(
    file: Annotated[Path, typer.Argument(help="YAML with sections, or devices.csv, meters.csv, …")],
) -> None:
    valid = registry_files.validate(registry_files.read_file(file), str(file))
    clock = SystemClock()
    settings = load_settings()
    with database(settings, clock) as url:
        points = contact_points_of(settings)
        written = registry_files.write(url, valid, clock.now_us(), points)
    out.print("imported " + ", ".join(f"{n} {section}" for section, n in written.items()))
