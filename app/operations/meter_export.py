"""`tachowatt export-meter`: read a meter's intervals and write them to a file."""

import csv
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from contracts.purposes import Purpose
from contracts.quality import Quality, Reason
from runtime.errors import Usage
from services.interval_formats import Value, bo4e, green_button
from store.people.read_log import ObjectRead
from store.postgres.pool import Connection
from store.postgres.roles import set_tenant_scope
from store.postgres.times import from_us, to_us
from store.reads import metering

PORTION = 20_000
HEADER = ("start", "end", "energy_kwh", "estimated_kwh", "quality", "reason")


@dataclass(frozen=True, slots=True)
class Exported:
    """Intervals of a meter by start, and whose they are (tenant → objects)."""

    meter: str
    values: list[Value]
    reads: dict[str, list[ObjectRead]]


def intervals_of(
    connection: Connection,
    name: str,
    from_at: datetime | None,
    to_at: datetime | None,
    as_of: datetime | None,
    now_us: int,
) -> Exported:
    """Read all intervals of tenant/meter that its customers grant. Raises Usage."""
    tenant, _, meter = name.partition("/")
    set_tenant_scope(connection, (tenant,))
    purpose = Purpose.ENERGY_INSIGHT
    if metering.meter(connection, tenant, meter, purpose, from_us(now_us)) is None:
        raise Usage(f"there is no meter {name!r} whose customer grants it; expected tenant/meter")
    values: list[Value] = []
    holders: set[str] = set()
    after: datetime | None = None
    while True:
        rows = metering.intervals(
            connection, tenant, meter, purpose, from_at=from_at, to_at=to_at, after=after,
            as_of=as_of, limit=PORTION,
        )  # fmt: skip
        holders |= {row["customer"] for row in rows}
        values += [
            Value(
                to_us(row["start_at"]), to_us(row["end_at"]), row["energy_kwh"],
                Quality(row["status"]), Reason(row["reason"]),
            )
            for row in rows
        ]  # fmt: skip
        if len(rows) < PORTION:
            break
        after = rows[-1]["start_at"]
    reads = [ObjectRead(holder, "meter", meter) for holder in sorted(holders)]
    return Exported(meter, values, {tenant: reads})


def write(path: Path, found: Exported, now_us: int) -> None:
    """Write a file in the form of its ending. Raises Usage."""
    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            if path.suffix.lower() == ".xml":
                file.write(green_button(found.meter, found.values, now_us))
            elif path.suffix.lower() == ".json":
                file.write(bo4e(found.meter, found.values))
            else:
                rows = csv.writer(file, lineterminator="\n")
                rows.writerow(HEADER)
                rows.writerows(_row(value) for value in found.values)
    except OSError as error:
        raise Usage(f"--out: {path}: {error.strerror or error}") from error


def _row(value: Value) -> tuple[str | float | None, ...]:
    """Return the cells of HEADER; what is estimated has a column of its own."""
    read = value.status == Quality.ABGELESEN
    start, end = (from_us(at).isoformat() for at in (value.start_us, value.end_us))
    return (
        start,
        end,
        value.energy_kwh if value.known and read else None,
        value.energy_kwh if value.known and not read else None,
        value.status.name,
        value.reason.name if value.reason else "",
    )
