"""Register tenants, customers with their contact points, contracts, vehicles, meters, devices,
assignments, consents.

Safe to repeat: existing rows are updated. docs/registry.md shows the format, and that of a mapping
for files of other systems. An import with a mapping goes on where it was if it was killed.

Examples:

  tachowatt import registry.yaml

  tachowatt import devices.csv

  tachowatt import customers.csv --mapping crm.yaml --dry-run
"""

from pathlib import Path
from typing import Annotated

import typer

from app.commands.shared.console import load_settings, out, print_json, print_table, progress_bar
from app.commands.shared.options import Json
from app.operations import field_mapping, mapped_import
from app.operations import registry_import as registry_files
from app.processes.stack import database
from runtime.clock import SystemClock
from runtime.errors import Usage
from services.consent_terms import terms_of
from services.contact_points import contact_points_of


def import_(
    file: Annotated[Path, typer.Argument(help="YAML with sections, or devices.csv, meters.csv, …")],
    mapping: Annotated[
        Path | None, typer.Option(help="YAML that says which columns are meant")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would change, write nothing")
    ] = False,
    json: Json = False,
) -> None:
    if mapping is not None:
        _mapped(file, mapping, dry_run, json)
        return
    if dry_run or json:
        raise Usage("--dry-run and --json need --mapping")
    valid = registry_files.validate(registry_files.read_file(file), str(file))
    clock = SystemClock()
    settings = load_settings()
    with database(settings, clock) as url:
        points = contact_points_of(settings)
        written = registry_files.write(url, valid, clock.now_us(), points, terms_of(settings))
    out.print("imported " + ", ".join(f"{n} {section}" for section, n in written.items()))


def _mapped(file: Path, mapping: Path, dry_run: bool, json: bool) -> None:
    checked = field_mapping.read_mapping(mapping)
    if not file.is_file():
        raise Usage(f"{file}: no such file")
    clock = SystemClock()
    with database(load_settings(), clock) as url, progress_bar("bytes") as progress:
        result = mapped_import.run(
            url, file, checked, clock.now_us(), dry_run=dry_run, progress=progress
        )
    counts = {
        section: {
            "created": written.created,
            "updated": written.updated,
            "unchanged": written.unchanged,
        }
        for section, written in result.sections.items()
    }
    if json:
        print_json(
            {
                "dry_run": dry_run,
                "records": result.records,
                "skipped": result.skipped,
                "sections": counts,
            }
        )
        return
    print_table(
        "What would change" if dry_run else "Imported",
        ["section", "created", "updated", "unchanged"],
        [[section, *map(str, row.values())] for section, row in counts.items()],
    )
    if result.skipped:
        out.print(f"{result.skipped} records were written by an earlier run")
