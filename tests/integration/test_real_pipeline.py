"""Real recordings through the whole pipeline: file → messages → ingest → PostgreSQL → features."""

import csv
import gzip
import itertools
import math
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from app.operations.publish import messages_of
from app.operations.registry_import import validate, write
from app.operations.verify import verify
from contracts.raw import RawMessage
from ingest.partition.worker import Worker
from runtime.clock import ManualClock
from runtime.settings import Settings
from store.pipeline import features, ledger, telemetry
from store.pipeline.feature_tables import DAY, INTERVAL, TRIP
from store.postgres.pool import connect
from tests.fix_registry import NOW_US, registry

DATA = Path(__file__).parents[3] / "shared" / "data"

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

needs_data = pytest.mark.skipif(not DATA.is_dir(), reason=f"no recordings at {DATA}")


def ingest(url: str, messages: list, batch: int = 50) -> None:
    worker = Worker(url, Settings(), ManualClock(NOW_US))
    for first in range(0, len(messages), batch):
        worker.process(
            [
                RawMessage(m.topic, m.payload(None), NOW_US, m.content_type)
                for m in messages[first : first + batch]
            ]
        )
    worker.reconcile(everything=True)
    worker.close_silent(everything=True)  # the recording ends: a trip under way is written
    worker.close()
    assert verify(url).clean


def rows(url: str, table: features.FeatureTable) -> np.ndarray:
    with connect(url) as connection:
        return features.select(connection, table)


def obd(name: str, tmp_path: Path) -> tuple[Path, float]:
    """The drive with its true times (0.491 s a row), and the integral of its speed in metres."""
    speed = []
    with (DATA / "vehicles/carobd" / f"{name}.csv").open() as file:
        for row in csv.DictReader(file):
            value = row["VEHICLE_SPEED ()"]
            if value and value.strip():
                speed.append(float(value))
    path = tmp_path / f"{name}.csv"
    path.write_text(
        "t_s,speed_kmh\n" + "".join(f"{i * 0.491:.3f},{v}\n" for i, v in enumerate(speed))
    )
    metres = sum((a + b) / 2 / 3.6 * 0.491 for a, b in itertools.pairwise(speed))
    return path, metres


@needs_data
@pytest.mark.parametrize("name", ["drive1", "live1", "idle1"])
def test_obd_drives(name: str, tmp_path: Path, registered: str) -> None:
    path, metres = obd(name, tmp_path)
    ingest(registered, messages_of(path, "t1/car0", "native", None, None, [], 60, NOW_US))
    trips = rows(registered, TRIP)
    if name == "idle1":
        assert len(trips) == 0
    else:
        assert trips["distance_m"].sum() == pytest.approx(metres, rel=0.01)


@needs_data
def test_owntracks_lines(registered: str) -> None:
    lines = DATA / "devices/owntracks.jsonl"
    messages = messages_of(lines, "jane/phone", "owntracks", None, None, [], 60, NOW_US)
    assert len(messages) == 6
    ingest(registered, messages)
    with connect(registered) as connection:
        entry = ledger.read(connection)[("t1", "owntracks")]
        samples = telemetry.read(connection, telemetry.VEHICLE, [3])
    assert (entry.received, entry.dead_lettered) == (6, 0)
    assert entry.closes
    # Two of the six are about one instant: one sample, joined.
    assert len(samples) == 5
    assert samples.observed_us.tolist() == sorted(
        1_000_000 * tst for tst in {1551874878, 1497349316, 1497476456, 1736161169, 1736519167}
    )


@needs_data
@pytest.mark.parametrize(
    ("name", "interval_s", "zone"),
    [
        ("il-electricity-cdd-hdd-hourly", 3600, "America/Chicago"),
        ("uk-electricity-hdd-only-hourly-sample-1", 1800, "Europe/London"),
    ],
)
def test_homes(name: str, interval_s: int, zone: str, new_database: Callable[[], str]) -> None:
    url = new_database()
    sections = registry()
    sections["meters"][0] |= {"interval_s": interval_s, "timezone": zone}
    write(url, validate(sections, "test"), NOW_US)
    path = DATA / "meters/eemeter" / f"{name}.csv.gz"
    ingest(
        url,
        messages_of(path, "t1/meter0", "native", None, zone, ["energy_kwh=value"], 600, NOW_US),
    )
    intervals, days = rows(url, INTERVAL), rows(url, DAY)
    measured = intervals[intervals["estimated"] == 0]
    expected = first_of_each_instant(path, zone)
    # Every interval of the file, with its energy untouched; doubled ones once.
    assert (
        dict(zip(measured["start_us"].tolist(), measured["energy_kwh"].tolist(), strict=True))
        == expected
    )
    by_day: dict[int, list[float]] = defaultdict(list)
    for start_us, energy in expected.items():
        local = datetime.fromtimestamp(start_us / 1e6, UTC).astimezone(ZoneInfo(zone))
        by_day[(local.date() - EPOCH.date()).days].append(energy)
    complete = {int(row["day"]): row for row in days}
    assert len(complete) > 300
    for day, row in complete.items():
        assert row["energy_kwh"] == pytest.approx(math.fsum(by_day[day]), rel=1e-12, abs=1e-12)
        assert row["present"] == len(by_day[day])
        start = EPOCH + timedelta(days=day)
        midnight = start.replace(tzinfo=ZoneInfo(zone))
        next_one = (start + timedelta(days=1)).replace(tzinfo=ZoneInfo(zone))
        hours = (next_one.astimezone(UTC) - midnight.astimezone(UTC)).total_seconds() / 3600
        if row is not days[0]:
            assert row["expected"] in (round(hours * 3600 / interval_s), row["present"])


def first_of_each_instant(path: Path, zone: str) -> dict[int, float]:
    """start → energy as the file tells it; of two values for one instant the greater."""
    from app.recordings.read import read_meter_table

    table = read_meter_table(path, zone, ["energy_kwh=value"])
    found = {
        int(t): float(v)
        for t, v in zip(table.t_us, table.columns["energy_kwh"], strict=True)
        if not math.isnan(v)
    }
    with gzip.open(path, "rt") as file:
        written = [row["value"] for row in csv.DictReader(file)]
    assert len(found) <= sum(1 for value in written if value not in ("", None)) <= len(written)
    return found
