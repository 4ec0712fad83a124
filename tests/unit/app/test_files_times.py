"""Times in files: every accepted spelling, and local times that are ambiguous or do not exist."""

from pathlib import Path

import numpy as np
import pytest

from app.recordings.read import Table, TableError, read_meter_table, read_trip_table
from runtime.errors import Usage

HOUR = 3_600_000_000
NEW_YEAR_US = 1_767_225_600_000_000  # 2026-01-01T00:00:00Z


@pytest.fixture
def read(tmp_path: Path):
    """Read a meter file made of start times."""

    def read(starts: list[str], tz: str | None = None) -> Table:
        path = tmp_path / "meter.csv"
        lines = (f"{start},{i + 1}" for i, start in enumerate(starts))
        path.write_text("start,energy_kwh\n" + "\n".join(lines))
        return read_meter_table(path, tz)

    return read


@pytest.mark.parametrize(
    ("text", "tz", "offset_h"),
    [
        ("2026-01-01T00:00:00Z", None, 0),
        ("2026-01-01T00:00:00z", None, 0),
        ("2026-01-01 00:00:00+00:00", None, 0),
        ("2026-01-01T01:00:00+01:00", None, 1),
        ("2026-01-01T01:00:00+0100", None, 1),
        ("2026-01-01T01:00+01", None, 1),
        ("2025-12-31T18:00:00.000-06:00", None, -6),
        ("2026-01-01T00:00:00.000000000Z", None, 0),
        ("20260101T000000Z", None, 0),
        ("1767225600000", None, 0),
        ("1767225600000.0", None, 0),
        ("2026-01-01T00:00:00", "UTC", 0),
        ("2026-01-01", "UTC", 0),
        ("2026-01-01 01:00", "Europe/Berlin", 1),
        ("2026-01-01T00:00:00Z", "Europe/Berlin", 1),  # local time by the zone, if there is one
        ("1767225600000", "America/Chicago", -6),
    ],
)
def test_spellings_of_one_instant(read, text: str, tz: str | None, offset_h: int) -> None:
    table = read([text], tz)
    assert table.t_us.tolist() == [NEW_YEAR_US]
    assert table.offset_us.tolist() == [offset_h * HOUR]
    assert table.local_us.tolist() == [NEW_YEAR_US + offset_h * HOUR]


def test_offsets_may_change_within_a_file(read) -> None:
    table = read(["2026-03-29T01:30:00+01:00", "2026-03-29T03:00:00+02:00", "2026-03-29T01:15:00Z"])
    assert np.diff(table.t_us).tolist() == [HOUR // 2, HOUR // 4]
    assert (table.offset_us // HOUR).tolist() == [1, 2, 0]


def test_fractions_of_a_second(read) -> None:
    table = read(["2026-01-01T00:00:00.123456Z", "2026-01-01T00:00:00.5+00:00"])
    assert (table.t_us - NEW_YEAR_US).tolist() == [123_456, 500_000]


AUTUMN = ["2025-10-26 01:30", "2025-10-26 02:00", "2025-10-26 02:30"]


def hours(table: Table) -> list[float]:
    return ((table.t_us - table.t_us[0]) / HOUR).tolist()


def test_the_repeated_hour_in_the_order_of_the_file(read) -> None:
    table = read([*AUTUMN, "2025-10-26 02:00", "2025-10-26 02:30", "2025-10-26 03:00"],
                 "Europe/Berlin")  # fmt: skip
    assert hours(table) == [0, 0.5, 1, 1.5, 2, 2.5]
    assert (table.offset_us // HOUR).tolist() == [2, 2, 2, 1, 1, 1]
    assert table.columns["energy_kwh"].tolist() == [1, 2, 3, 4, 5, 6]
    assert table.duplicate == 0
    assert any("4 rows stand in an hour that autumn repeats" in note for note in table.notes)


def test_the_repeated_hour_newest_first(read) -> None:
    times = [*AUTUMN, "2025-10-26 02:00", "2025-10-26 02:30", "2025-10-26 03:00"]
    table = read(times[::-1], "Europe/Berlin")
    assert hours(table) == [0, 0.5, 1, 1.5, 2, 2.5]
    assert table.columns["energy_kwh"].tolist() == [6, 5, 4, 3, 2, 1]


def test_the_repeated_hour_sorted_by_wall_time(read) -> None:
    times = ["2025-10-26 01:30", "2025-10-26 02:00", "2025-10-26 02:00", "2025-10-26 02:30",
             "2025-10-26 02:30", "2025-10-26 03:00"]  # fmt: skip
    table = read(times, "Europe/Berlin")
    assert hours(table) == [0, 0.5, 1, 1.5, 2, 2.5]
    assert table.columns["energy_kwh"].tolist() == [1, 2, 4, 3, 5, 6]


def test_the_repeated_hour_of_an_hourly_file(read) -> None:
    times = ["2025-10-26 01:00", "2025-10-26 02:00", "2025-10-26 02:00", "2025-10-26 03:00"]
    assert hours(read(times, "Europe/Berlin")) == [0, 1, 2, 3]


def test_a_single_pass_is_the_one_with_the_nearer_neighbour(read) -> None:
    assert hours(read([*AUTUMN, "2025-10-26 03:00"], "Europe/Berlin")) == [0, 0.5, 1, 2.5]
    late = ["2025-10-26 00:10", "2025-10-26 02:50", "2025-10-26 03:00"]
    assert hours(read(late, "Europe/Berlin"))[1:] == pytest.approx([3 + 2 / 3, 3 + 5 / 6])


def test_a_doubled_file_has_duplicates_and_no_second_pass(read) -> None:
    times = [time for time in [*AUTUMN, "2025-10-26 03:00"] for _ in range(2)]
    table = read(times, "Europe/Berlin")
    assert hours(table) == [0, 0.5, 1, 2.5]
    assert table.duplicate == 4


def test_one_duplicate_in_the_repeated_hour_is_a_duplicate(read) -> None:
    times = ["2025-10-26 01:30", "2025-10-26 02:00", "2025-10-26 02:00", "2025-10-26 02:30",
             "2025-10-26 03:00"]  # fmt: skip
    table = read(times, "Europe/Berlin")
    assert hours(table) == [0, 0.5, 1, 2.5]
    assert table.duplicate == 1


def test_a_time_that_does_not_exist_is_moved_on_and_counted(read) -> None:
    table = read(["2026-03-29 01:30", "2026-03-29 02:30", "2026-03-29 04:00"], "Europe/Berlin")
    assert hours(table) == [0, 1, 1.5]
    assert any("1 rows stand in an hour that spring skips: moved on" in n for n in table.notes)


def test_a_clock_that_keeps_standard_time(read) -> None:
    times = [f"2026-03-29 0{h}:00" for h in range(6)]
    table = read(times, "Europe/Berlin")
    assert hours(table) == [0, 1, 2, 3, 4, 5]
    assert (table.offset_us // HOUR).tolist() == [1, 1, 2, 2, 2, 2]
    assert table.duplicate == 0
    assert "standard time all year" in table.local


def test_epoch_and_no_zone_says_that_local_time_is_utc(read) -> None:
    assert read(["1767225600000"]).local.startswith("UTC: no offset")


def test_an_unknown_zone_is_reported(read) -> None:
    with pytest.raises(Usage, match="did you mean Europe/Berlin"):
        read(["2026-01-01 00:00"], "Europe/Berln")


def test_mixed_offsets_with_a_zone_are_refused(read) -> None:
    with pytest.raises(TableError, match=r"start, line 3: .*offset as in the other rows"):
        read(["2026-01-01T00:00:00Z", "2026-01-01T01:00:00"], "UTC")


def test_seconds_and_wall_clock_in_one_file(tmp_path: Path) -> None:
    path = tmp_path / "trip.csv"
    rows = "100.0,2026-01-01T00:00:00+01:00,1\n100.491,2026-01-01T00:00:00+01:00,2\n"
    path.write_text("t_s,observed_at,speed_kmh\n" + rows)
    table = read_trip_table(path)
    assert table.absolute
    assert (table.t_us - NEW_YEAR_US + HOUR).tolist() == [0, 491_000]
    assert table.seconds(int(table.t_us[1])) == 100.491


def test_seconds_from_any_origin(tmp_path: Path) -> None:
    path = tmp_path / "trip.csv"
    for origin in (-5.0, 0.0, 1_767_225_600.25, 9e9):
        path.write_text(f"t_s,speed_kmh\n{origin},1\n{origin + 0.5},2\n")
        table = read_trip_table(path)
        assert not table.absolute and table.t_us[0] > 0
        assert np.diff(table.t_us).tolist() == [500_000]
        assert table.seconds(int(table.t_us[1])) == origin + 0.5
