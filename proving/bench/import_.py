"""`tachowatt bench import`: a back office's file into the registry, against a bare COPY."""

import csv
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from app.operations import mapped_import
from app.operations.field_mapping import FileMapping
from app.servers.postgres import Postgres
from runtime.clock import Clock
from runtime.settings import Settings
from store.postgres.pool import connect
from store.schema.migrate import migrate
from store.testing import bench_registry

TENANT = bench_registry.TENANT
ASKED = 0.3
_COLUMNS = (
    "Kunde",
    "Vorname",
    "Nachname",
    "Sprache",
    "FIN",
    "Kennzeichen",
    "Vertrag",
    "Beginn",
    "Box",
)
MAPPING = FileMapping.model_validate(
    {
        "tenant": TENANT,
        "source": {"format": "csv", "delimiter": ";"},
        "sections": {
            "customers": {
                "fields": {
                    "id": "Kunde",
                    "name": {"join": ["Vorname", "Nachname"]},
                    "language": {"column": "Sprache", "values": {"D": "de", "E": "en"}},
                }
            },
            "vehicles": {"fields": {"id": "FIN", "name": "FIN", "plate": "Kennzeichen"}},
            "contracts": {
                "fields": {
                    "id": "Vertrag",
                    "customer": "Kunde",
                    "kind": {"value": "motor"},
                    "vehicle": "FIN",
                    "valid_from": {
                        "column": "Beginn",
                        "format": "%d.%m.%Y",
                        "zone": "Europe/Berlin",
                    },
                }
            },
            "devices": {"fields": {"id": "Box", "kind": {"value": "vehicle"}}},
            "assignments": {
                "fields": {
                    "device": "Box",
                    "vehicle": "FIN",
                    "valid_from": {
                        "column": "Beginn",
                        "format": "%d.%m.%Y",
                        "zone": "Europe/Berlin",
                    },
                }
            },
        },
    }
)
Progress = Callable[[str, int, int], None]


def run(settings: Settings, clock: Clock, customers: int, progress: Progress) -> dict[str, Any]:
    """Import so many customers, each with contract, vehicle, device and assignment.

    `ratio` is the time of a bare COPY of the same rows into another database, into the same tables
    with their constraints, indexes and triggers, over the time of the import, which reads, maps and
    validates a CSV file and compares it with what is there.
    """
    state = settings.state_dir
    path = state / "customers.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow(_COLUMNS)
        writer.writerows(_records(customers))
    server = Postgres(state, clock)
    url = server.start()
    try:
        progress("bare COPY", 0, 1)
        copied_s = _copied_s(url, clock, customers)
        progress("import", 0, 1)
        imported_s, rows = _imported_s(url, clock, path)
        progress("the same file again", 0, 1)
        again_s, _ = _imported_s(url, clock, path, again=True)
    finally:
        server.stop()
    ratio = copied_s / imported_s
    problems = []
    if rows != 5 * customers:
        problems.append(f"{rows} rows were created, not {5 * customers}")
    if ratio < ASKED:
        problems.append(f"the ratio to a bare COPY is {ratio:.2f}, below {ASKED}")
    return {
        "customers": customers,
        "rows": rows,
        "copy_s": round(copied_s, 2),
        "import_s": round(imported_s, 2),
        "again_s": round(again_s, 2),
        "copy_rows_per_s": round(rows / copied_s),
        "import_rows_per_s": round(rows / imported_s),
        "ratio": round(ratio, 3),
        "problems": problems,
    }


def _records(customers: int) -> Iterator[tuple[str, ...]]:
    for i in range(customers):
        first, last = bench_registry.name(i)
        yield (
            f"c{i}", first, last, "DE"[i % 2], f"v{i}", f"TW {i}", f"k{i}", "01.03.2026", f"b{i}",
        )  # fmt: skip


def _copied_s(url: str, clock: Clock, customers: int) -> float:
    with connect(url) as connection:
        bench_registry.prepare(connection, "copied")
    copied = bench_registry.url_of(url, "copied")
    migrate(copied)
    with connect(copied) as connection:
        bench_registry.add_tenant(connection)
        connection.commit()
        texts = bench_registry.copy_texts(connection, customers)
        began = clock.monotonic()
        bench_registry.copy(connection, texts)
        connection.commit()
        return clock.monotonic() - began


def _imported_s(url: str, clock: Clock, path: Path, *, again: bool = False) -> tuple[float, int]:
    if not again:
        with connect(url) as connection:
            bench_registry.prepare(connection, "imported")
    imported = bench_registry.url_of(url, "imported")
    if not again:
        migrate(imported)
        with connect(imported) as connection:
            bench_registry.add_tenant(connection)
            connection.commit()
    began = clock.monotonic()
    result = mapped_import.run(imported, path, MAPPING, clock.now_us())
    took_s = clock.monotonic() - began
    return took_s, sum(one.created for one in result.sections.values())
