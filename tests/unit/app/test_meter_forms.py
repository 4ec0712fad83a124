"""Meter files in the forms that people have: encodings, headers, numbers, dates, clocks."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from app.analysis.meter import analyse
from app.cli import cli
from app.recordings.read import Options, Table, TableError, read_meter_table
from app.recordings.wall_clock import Clock

RUN = CliRunner()
DAY_US = 86_400_000_000
CASES = Path(__file__).resolve().parents[3] / ".." / "shared" / "cases"

Read = Callable[..., Table]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Read a meter file made of a text or of bytes."""

    def read(content: str | bytes, tz: str | None = None, **options: object) -> Table:
        path = tmp_path / "meter.csv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return read_meter_table(path, tz, options=Options(**options))  # type: ignore[arg-type]

    return read


def abouts(table: Table) -> dict[str, str]:
    """What was guessed: about → found."""
    return {guess.about: guess.found for guess in table.guesses}


GERMAN = "Messzeitpunkt;Verbrauch (kWh);Qualität;\n" + "".join(
    f"{day:02d}.11.2026 {hour:02d}:00;0,{250 + 10 * hour};gemessen;\n"
    for day in range(1, 15)
    for hour in range(24)
)


ENCODED = {
    "utf-8": GERMAN.encode(),
    "utf-8 with mark": b"\xef\xbb\xbf" + GERMAN.encode(),
    "latin-1": GERMAN.encode("latin-1"),
    "windows": GERMAN.encode("cp1252"),
    "utf-16 little endian": b"\xff\xfe" + GERMAN.encode("utf-16-le"),
    "utf-16 big endian": b"\xfe\xff" + GERMAN.encode("utf-16-be"),
    "utf-16 without mark": GERMAN.encode("utf-16-le"),
    "utf-32": GERMAN.encode("utf-32"),
    "gzip of latin-1": gzip.compress(GERMAN.encode("latin-1")),
    "tabs": GERMAN.replace(";", "\t").encode(),
    "lines of Windows": GERMAN.replace("\n", "\r\n").encode(),
    "Excel's first line": b"sep=;\n" + GERMAN.encode(),
    "a block before the header": ("Zählpunkt;DE000123\nvon;bis\n\n" + GERMAN).encode(),
}


@pytest.mark.parametrize("name", ENCODED)
def test_one_export_in_many_encodings(read: Read, name: str) -> None:
    table = read(ENCODED[name], "Europe/Berlin")
    assert table.rows == 14 * 24
    assert table.columns["energy_kwh"].sum() == pytest.approx(14 * sum(
        0.25 + hour / 100 for hour in range(24)), abs=1e-6)  # fmt: skip
    assert set(table.columns["quality"]) == {6.0}
    assert table.t_us[0] == np.datetime64("2026-10-31T23:00", "us").astype(int)
    assert abouts(table)["numbers"] == "decimal comma"


@pytest.mark.parametrize(
    ("head", "what"),
    [
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "a PNG image"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", "a JPEG image"),
        (b"%PDF-1.7\n%", "a PDF document"),
        (b"PK\x03\x04\x14\0", "Excel"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "Excel"),
        (bytes(range(256)) * 9, "neither CSV"),
        (b"\x01\x02\x03\x04" * 900, "neither CSV"),
        (b"\xc3\x28\xa0\xf1" * 900, "neither CSV"),
    ],
)
def test_a_file_that_is_no_text_is_named(read: Read, head: bytes, what: str) -> None:
    with pytest.raises(TableError, match="is not a text file") as caught:
        read(head + b"\n1,2\n" * 20)
    assert what in str(caught.value)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("\ufeff<?xml version='1.0'?><feed/>", "XML"),
        ('{"_typ": "LASTGANG"}', "JSON"),
        ("UNA:+.? '\nUNB+UNOC:3+1'", "EDIFACT"),
    ],
)
def test_a_text_that_is_no_table_is_named(read: Read, text: str, what: str) -> None:
    with pytest.raises(TableError, match=f"is not a table but .*{what}"):
        read(text)


def test_a_plot_given_as_csv_by_the_command(tmp_path: Path) -> None:
    path = tmp_path / "home.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(500))
    result = RUN.invoke(cli, ["analyse-meter", str(path)])
    assert result.exit_code == 2
    assert "is not a text file but a PNG image" in result.output


@pytest.mark.parametrize(
    ("time", "options"),
    [
        ("13.11.2026 07:30", {}),
        ("13.11.2026 07:30:00", {}),
        ("13.11.26 7:30", {}),
        ("13.11.2026, 07:30 Uhr", {}),
        ("13.11.2026 07.30", {}),
        ("13. 11. 2026 07:30", {}),
        ("Fr, 13.11.2026 07:30", {}),
        ("13/11/2026 07:30", {}),
        ("11/13/2026 7:30 AM", {}),
        ("13-11-2026 07:30", {}),
        ("13-Nov-2026 07:30", {}),
        ("13 November 2026 07:30", {}),
        ("13. Nov. 2026 07:30", {}),
        ("2026/11/13 07:30", {}),
        ("2026.11.13 07:30", {}),
        ("2026-11-13 07:30", {}),
        ("13.11.2026 07:30 MEZ", {}),
        ("13.11.2026 06:30Z", {}),
        ("13.11.2026 07:30 +01:00", {}),
        ("2026-13-11 07:30", {"date_format": "%Y-%d-%m %H:%M"}),
        ("07:30 13.11.26", {"date_format": "%H:%M %d.%m.%y"}),
        ("20261113 0730 +0100", {"date_format": "%Y%m%d %H%M %z"}),
    ],
)
def test_spellings_of_one_time(read: Read, time: str, options: dict) -> None:
    table = read(f"start;energy_kwh\n{time};1\n", "Europe/Berlin", **options)
    assert table.t_us[0] == np.datetime64("2026-11-13T06:30", "us").astype(int)


def stamped(first: str, hours: int) -> list[str]:
    """Local hours of Berlin, from the first on, with a value each."""
    at = np.datetime64(first) + np.arange(hours) * np.timedelta64(1, "h")
    return [str(one).replace("T", " ") for one in at]


def rows_of(times: list[str]) -> str:
    return "".join(f"{time};0,{100 + at}\n" for at, time in enumerate(times))


START = np.datetime64("2026-11-09T23:00", "us").astype(int)  # midnight of the 10th in Berlin


@pytest.mark.parametrize(
    ("header", "first", "found"),
    [
        ("Ende;kWh", "2026-11-10T01:00", "the name says so"),
        ("end;energy_kwh", "2026-11-10T01:00", ""),
        ("Zeitpunkt;kWh", "2026-11-10T01:00", "begin one interval after midnight"),
        ("Zeitpunkt;kWh", "2026-11-10T00:00", "only name of a time"),
        ("Von;kWh", "2026-11-10T00:00", "only name of a time"),
    ],
)
def test_ends_of_intervals_become_starts(read: Read, header: str, first: str, found: str) -> None:
    table = read(f"{header}\n" + rows_of(stamped(first, 72)), "Europe/Berlin")
    assert table.t_us.tolist() == (START + np.arange(72) * 3_600_000_000).tolist()
    assert any(found in guess.because for guess in table.guesses)


def test_a_begin_that_is_named_stays_one(read: Read) -> None:
    """Whatever the first hour is: only a guessed name may have the ends."""
    for header in ("Von;kWh", "start;energy_kwh"):
        table = read(f"{header}\n" + rows_of(stamped("2026-11-10T01:00", 72)), "Europe/Berlin")
        assert int(table.t_us[0]) == START + 3_600_000_000, header


def test_24_o_clock_says_that_times_are_ends(read: Read) -> None:
    times = [f"10.11.2026 {hour:02d}:00" for hour in range(5, 25)]
    table = read("Zeit;kWh\n" + rows_of(times), "Europe/Berlin")
    assert int(table.t_us[0]) == START + 4 * 3_600_000_000
    assert any(guess.because == "24:00 stands there" for guess in table.guesses)


@pytest.mark.parametrize("spelled", ["{y}-{m:02d}", "{m:02d}.{y}", "{m:02d}/{y}"])
def test_months_have_their_own_lengths(read: Read, spelled: str) -> None:
    months = [(2025 + at // 12, 1 + at % 12) for at in range(18)]
    rows = "".join(f"{spelled.format(y=y, m=m)};{100 + m}\n" for y, m in months)
    answer = analyse(read("Monat;Verbrauch kWh\n" + rows, "Europe/Berlin")).answer
    assert (answer["start"][:10], answer["end"][:10]) == ("2025-01-01", "2026-07-01")
    assert answer["quality"]["present"] == 18


@pytest.mark.parametrize("names", ["register_t1_kwh;register_t2_kwh", "1.8.1;1.8.2"])
def test_registers_of_two_tariffs_without_a_total_are_added(read: Read, names: str) -> None:
    rows = "".join(
        f"{day:02d}.11.2026 08:00;{1000 + 4.1 * day:.1f};{500 + 2.2 * day:.1f}\n"
        for day in range(1, 29)
    )
    table = read(f"Ablesedatum;{names}\n{rows}", "Europe/Berlin", decimal=".", thousands="")
    assert "is the sum of register_t1_kwh and register_t2_kwh" in " ".join(table.notes)
    assert analyse(table).answer["energy_kwh"] == 170.1


def test_a_file_without_any_value_says_so(read: Read, tmp_path: Path) -> None:
    rows = "2026-11-10T00:00:00Z,\n2026-11-10T01:00:00Z,n/a\n"
    read(f"start,energy_kwh\n{rows}")
    done = RUN.invoke(cli, ["analyse-meter", str(tmp_path / "meter.csv"), "-q"])
    notes = json.loads(done.output)["notes"]
    assert "forecast is not computed: no interval was measured" in notes, notes


@pytest.mark.parametrize(("again", "times"), [("0.5", 0), ("0.7", 1), ("", 0)])
def test_rows_that_contradict_one_another_are_named(read: Read, again: str, times: int) -> None:
    rows = "2026-11-10T00:00:00Z,0.5\n2026-11-10T01:00:00Z,0.4\n"
    table = read(f"start,energy_kwh\n{rows}2026-11-10T00:00:00Z,{again}\n")
    said = [note for note in table.notes if "contradict" in note]
    assert (
        said == [f"at {times} times rows contradict one another: the greater value counts"] * times
    )


def test_the_end_of_a_day_may_be_24_o_clock(read: Read) -> None:
    rows = "31.12.2025 23:00;1\n31.12.2025 24:00;2\n01.01.2026 01:00;3\n"
    table = read("start;energy_kwh\n" + rows, "Europe/Berlin")
    assert np.diff(table.t_us).tolist() == [DAY_US // 24] * 2


def test_noon_and_midnight_of_the_twelve_hour_clock(read: Read) -> None:
    rows = "11/30/2026 12:00 AM,1\n11/30/2026 12:00 PM,2\n12/01/2026 12:00 AM,3\n"
    table = read("start,energy_kwh\n" + rows, "America/New_York")
    assert np.diff(table.t_us).tolist() == [DAY_US // 2] * 2


def test_day_and_month_by_the_rows_that_follow_each_other(read: Read) -> None:
    days = [f"{d:02d}/11/2026" for d in range(1, 13)]
    table = read("start,energy_kwh\n" + "".join(f"{d},9.5\n" for d in days), "Europe/London")
    assert np.diff(table.t_us).tolist() == [DAY_US] * 11
    assert abouts(table)["date"] == "day first"
    days = [f"11/{d:02d}/2026" for d in range(1, 13)]
    table = read("start,energy_kwh\n" + "".join(f"{d},9.5\n" for d in days), "Europe/London")
    assert np.diff(table.t_us).tolist() == [DAY_US] * 11
    assert abouts(table)["date"] == "month first"


def test_an_order_that_is_open_is_a_question(read: Read) -> None:
    text = "start,energy_kwh\n" + "".join(f"03/04/2026 {h:02d}:00,0.5\n" for h in range(24))
    with pytest.raises(TableError, match="--date-format '%d/%m/%Y %H:%M'"):
        read(text, "Europe/London")
    april = read(text, "Europe/London", date_format="%d/%m/%Y %H:%M")
    assert april.t_us[0] == np.datetime64("2026-04-02T23:00", "us").astype(int)
    with pytest.raises(TableError, match="a time as --date-format"):
        read("start,energy_kwh\n31.02.2026,1\n", "Europe/London", date_format="%d.%m.%Y")


def test_a_date_and_a_time_in_two_columns(read: Read) -> None:
    text = "Datum;von;bis;Wert [kWh];Status\n" + "".join(
        f"02.11.2026;{q // 4:02d}:{q % 4 * 15:02d};;0,125;W\n" for q in range(96)
    )
    table = read(text, "Europe/Berlin")
    assert table.columns["energy_kwh"].sum() == 12.0
    assert np.diff(table.t_us).tolist() == [DAY_US // 96] * 95


@pytest.mark.parametrize(
    ("header", "values", "kwh"),
    [
        ("Zeitstempel;Verbrauch (Wh)", ["250", "250"], 0.5),
        ("Zeitstempel;Verbrauch [MWh]", ["0,25", "0,25"], 500.0),
        ("timestamp;consumption (kWh)", ["0.25", "0.25"], 0.5),
        ("Zeitpunkt;Zählerstand kWh", ["1.234,5", "1.235,0"], 0.5),
        ("Zeitraum von;Wirkarbeit Bezug [kWh]", ["0,25", "0,25"], 0.5),
        ("Datum/Uhrzeit (MEZ);Verbrauch in kWh", ["0,25", "0,25"], 0.5),
        ("Beginn;Messwert kWh", ["0,25", "0,25"], 0.5),
        ("Date;Usage", ["0.25", "0.25"], 0.5),
        ("Ablesedatum;Zählerstand", ["1234,5", "1235,0"], 0.5),
        ("Zeit;1-0:1.8.0", ["1234,5", "1235,0"], 0.5),
        ("Interval Start;Electricity Consumption (kWh)", ["0.25", "0.25"], 0.5),
    ],
)
def test_names_and_units_of_exports(read: Read, header: str, values: list, kwh: float) -> None:
    rows = "".join(f"2026-11-0{i + 1}T00:00Z;{value}\n" for i, value in enumerate(values))
    table = read(f"{header}\n{rows}")
    assert analyse(table, fuse_a=100_000).answer["energy_kwh"] == pytest.approx(kwh)
    assert "columns" in abouts(table)


def test_what_map_does_not_name_is_still_found(tmp_path: Path) -> None:
    path = tmp_path / "meter.csv"
    path.write_text(
        "t;kWh;Status\n2026-11-01T00:00Z;0,5;gemessen\n2026-11-01T01:00Z;0,25;gemessen\n"
    )
    table = read_meter_table(path, mapping=["start=t"])
    assert table.columns["energy_kwh"].tolist() == [0.5, 0.25]
    assert "quality" in table.columns


def test_registers_are_known_by_their_codes(read: Read) -> None:
    table = read(
        "time,1-0:1.8.0,1-0:1.8.1,1-0:1.8.2,1-0:2.8.0\n"
        "2026-11-01T00:00Z,30,10,20,5\n2026-11-01T01:00Z,31,10,21,7\n"
    )
    assert table.columns["register_t1_kwh"].tolist() == [10.0, 10.0]
    assert table.columns["register_t2_kwh"].tolist() == [20.0, 21.0]
    assert table.columns["register_export_kwh"].tolist() == [5.0, 7.0]
    assert not table.ignored


def test_two_columns_that_may_be_meant_are_a_question(read: Read) -> None:
    with pytest.raises(TableError, match="--map energy_kwh="):
        read("Zeitstempel;Verbrauch (kWh);Energie (kWh)\n2026-11-01T00:00Z;1;2\n")


def numbers(read: Read, cells: list[str], name: str = "register_kwh", **options: str) -> list:
    """Read cells as daily values of a column."""
    time = "read_at" if name == "register_kwh" else "start"
    rows = "".join(f'2026-10-{i + 1:02d}T00:00:00Z;"{cell}"\n' for i, cell in enumerate(cells))
    return read(f"{time};{name}\n{rows}", **options).columns[name].tolist()


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (["12.345,5", "12.354"], [12345.5, 12354.0]),
        (["12,345.5", "12,354"], [12345.5, 12354.0]),
        (["1.212.345", "1.212.354"], [1212345.0, 1212354.0]),
        (["12345,5", "12354,75"], [12345.5, 12354.75]),
        (["12345.5", "12354.75"], [12345.5, 12354.75]),
        (["12.345", "12.354"], [12345.0, 12354.0]),  # 9 kWh a day; 9 Wh would be no home
        (["12,345", "19,354"], [12.345, 19.354]),  # 7 kWh a day; 7 MWh would be no home
        (["998", "1.003", "1.010"], [998.0, 1003.0, 1010.0]),
        (["12 345,5", "12 354"], [12345.5, 12354.0]),
        (["12'345.5", "12'354"], [12345.5, 12354.0]),
        (["12\u202f345,5", "12\u00a0354"], [12345.5, 12354.0]),
        (["1234.567", "1243.891"], [1234.567, 1243.891]),
        (["0.250", "9.750"], [0.25, 9.75]),
    ],
)
def test_numbers_are_decided_for_the_column(read: Read, cells: list, values: list) -> None:
    assert numbers(read, cells) == values


@pytest.mark.parametrize(
    ("cells", "options", "values"),
    [
        (["12.345", "12.354"], {"decimal": "."}, [12.345, 12.354]),
        (["12.345", "12.354"], {"thousands": "."}, [12345.0, 12354.0]),
        (["12,345", "19,354"], {"decimal": "."}, [12345.0, 19354.0]),
        (["12,345", "19,354"], {"thousands": ","}, [12345.0, 19354.0]),
    ],
)
def test_options_set_the_format_of_numbers(
    read: Read, cells: list, options: dict, values: list
) -> None:
    assert numbers(read, cells, **options) == values


def test_a_thousandfold_is_never_guessed_in_silence(read: Read) -> None:
    with pytest.raises(TableError, match="thousandfold apart; --decimal and --thousands"):
        numbers(read, ["12.345", "12.345", "12.345", "12.346"])  # a third of a kWh or Wh a day?
    with pytest.raises(TableError, match="--decimal"):
        numbers(read, ["1.234,5", "1,234.5"])
    table = read("read_at;register_kwh\n2026-10-01T00:00Z;12.345\n2026-10-02T00:00Z;12.354\n")
    assert abouts(table)["numbers"] == "decimal comma, thousands point"
    with pytest.raises(TableError, match="--decimal"):
        numbers(read, ["12,345", "12,354"])  # German by the delimiter, but then 9 Wh a day
    with pytest.raises(TableError, match="--decimal"):  # a comma file seldom has thousands points
        read("read_at,register_kwh\n2026-10-01T00:00Z,12.345\n2026-10-02T00:00Z,12.354\n")


def test_the_command_states_guesses_and_takes_options(tmp_path: Path) -> None:
    path = tmp_path / "netz.csv"
    path.write_bytes(GERMAN.encode("latin-1"))
    result = RUN.invoke(cli, ["analyse-meter", str(path), "--tz", "Europe/Berlin"])
    assert result.exit_code == 0
    answer = json.loads(result.stdout)
    assert {g["about"] for g in answer["guesses"]} == {"encoding", "columns", "numbers"}
    assert "--decimal and --thousands sets it" in result.stderr
    quiet = RUN.invoke(cli, ["analyse-meter", str(path), "--tz", "Europe/Berlin", "-q",
                             "--decimal", "comma", "--date-format", "%d.%m.%Y %H:%M",
                             "--clock", "local"])  # fmt: skip
    assert json.loads(quiet.stdout)["energy_kwh"] == answer["energy_kwh"]
    for option in (["--decimal", "dot"], ["--thousands", "x"], ["--clock", "sun"],
                   ["--decimal", "comma", "--thousands", "comma"]):  # fmt: skip
        wrong = RUN.invoke(cli, ["analyse-meter", str(path), *option])
        assert wrong.exit_code == 2 and option[0] in wrong.output


def grid_file(zone_day: str, step_min: int, skipped: str, value: str, days: int = 4) -> str:
    """Wall times of whole days on a full grid; the rows of the hours in `skipped` say `value`."""
    first = np.datetime64(zone_day, "m")
    rows = ["start,energy_kwh"]
    for i in range(days * 24 * 60 // step_min):
        at = str(first + np.timedelta64(i * step_min, "m"))
        hour = int(at[11:13])
        energy = "0.9" if hour == 18 else "0.125"
        rows.append(f"{at},{value if at.startswith(skipped) else energy}")
    return "\n".join(rows) + "\n"


@pytest.mark.parametrize("step_min", [15, 30, 60])
@pytest.mark.parametrize("value", ["", "0.0", "0", "null", "n/a"])
@pytest.mark.parametrize(
    ("zone", "first", "skipped"),
    [
        ("America/New_York", "2026-03-06", "2026-03-08T02"),
        ("Europe/Berlin", "2026-03-27", "2026-03-29T02"),
        ("Europe/London", "2026-03-27", "2026-03-29T01"),
        ("Australia/Sydney", "2026-10-02", "2026-10-04T02"),
    ],
)
def test_rows_of_a_skipped_hour_that_say_nothing_move_nothing(
    read: Read, zone: str, first: str, skipped: str, value: str, step_min: int
) -> None:
    full = read(grid_file(first, step_min, skipped, value), zone)
    rows = grid_file(first, step_min, skipped, value).splitlines()
    proper = read("\n".join(r for r in rows if not r.startswith(skipped)), zone)
    assert full.t_us.tolist() == proper.t_us.tolist()
    assert full.offset_us.tolist() == proper.offset_us.tolist()
    assert full.columns["energy_kwh"].tolist() == proper.columns["energy_kwh"].tolist()
    assert full.duplicate == 0
    assert abouts(full)["clock"] == "local time with summer time"
    peak = full.local_us[full.columns["energy_kwh"] == 0.9] % DAY_US // (DAY_US // 24)
    assert set(peak) == {18}


def test_rows_of_a_skipped_hour_with_values_say_standard_time(read: Read) -> None:
    text = grid_file("2026-03-27", 30, "2026-03-29T02", "0.125")
    table = read(text, "Europe/Berlin")
    assert np.diff(table.t_us).tolist() == [DAY_US // 48] * (table.t_us.size - 1)
    assert abouts(table)["clock"] == "standard time all year"
    local = read(text, "Europe/Berlin", clock=Clock.LOCAL)
    assert local.duplicate == 2 and "clock" not in abouts(local)
    blank = grid_file("2026-03-27", 30, "2026-03-29T02", "")
    stated = read(blank, "Europe/Berlin", clock=Clock.STANDARD)
    assert stated.t_us.tolist() == table.t_us.tolist()


def test_a_home_with_many_zeros_is_not_pushed_to_standard_time(read: Read) -> None:
    """Zeros are no evidence for standard time, even where they are usual."""
    rows = grid_file("2026-03-27", 30, "2026-03-29T02", "0").splitlines()
    rows = [r.split(",")[0] + ",0" if r[11:13] in ("01", "03", "04") else r for r in rows]
    table = read("\n".join(rows), "Europe/Berlin")
    peak = table.local_us[table.columns["energy_kwh"] == 0.9] % DAY_US // (DAY_US // 24)
    assert set(peak) == {18}


def test_the_repeated_hour_of_a_fixed_grid(read: Read) -> None:
    """The second pass of autumn's hour is blank or zero: missing, not a measured zero."""
    for value in ("", "0.0"):
        rows = ["start,energy_kwh"]
        for hour in range(6):
            rows += [f"2026-10-25T{hour:02d}:00,0.{hour + 1}25", f"2026-10-25T{hour:02d}:30,0.2"]
            if hour == 2:
                rows += [f"2026-10-25T02:00,{value}", f"2026-10-25T02:30,{value}"]
        table = read("\n".join(rows), "Europe/Berlin")
        assert np.diff(table.t_us).tolist() == [DAY_US // 48] * 13
        assert np.isnan(table.columns["energy_kwh"]).tolist() == [False] * 6 + [True] * 2 + (
            [False] * 6
        )


def test_standard_time_ends_with_the_summer(read: Read) -> None:
    """A clock of standard time has one row for each hour in autumn too, and they stay apart."""
    first = np.datetime64("2026-03-01T00", "h")
    rows = [f"{first + np.timedelta64(i, 'h')}:00,{0.1 + i % 7 / 100:.2f}" for i in range(300 * 24)]
    table = read("start,energy_kwh\n" + "\n".join(rows), "Europe/Berlin")
    assert np.diff(table.t_us).tolist() == [DAY_US // 24] * (len(rows) - 1)
    assert table.duplicate == 0


def test_a_larger_connection_is_guessed_and_can_be_stated(read: Read) -> None:
    rng = np.random.default_rng(1)
    energy = np.round(np.where(np.arange(960) % 96 > 40, 20 + 5 * rng.random(960), 2.0), 3)
    start = np.datetime64("2026-01-05T00:00", "m")
    rows = [f"{start + np.timedelta64(15 * i, 'm')}:00Z,{e}" for i, e in enumerate(energy)]
    table = read("start,energy_kwh\n" + "\n".join(rows))
    guessed = analyse(table)
    assert guessed.answer["energy_kwh"] == pytest.approx(energy.sum())
    assert [g["option"] for g in guessed.answer["guesses"]] == ["--fuse-a"]
    stated = analyse(table, fuse_a=250.0).answer
    assert stated["energy_kwh"] == pytest.approx(energy.sum()) and stated["guesses"] == []


def test_what_is_doubted_stands_in_the_answer(read: Read) -> None:
    start = np.datetime64("2026-01-05T00:00", "m")
    energy = np.round(0.1 + 0.05 * np.random.default_rng(1).random(960), 3)
    energy[500] = 4_294_967.295
    rows = [f"{start + np.timedelta64(15 * i, 'm')}:00Z,{e}" for i, e in enumerate(energy)]
    answer = analyse(read("start,energy_kwh\n" + "\n".join(rows))).answer
    kept = np.delete(energy, 500)
    assert answer["energy_kwh"] == pytest.approx(kept.sum())
    assert answer["estimated_kwh"] == pytest.approx(0.125, abs=0.025)
    (doubted,) = answer["doubted"]
    assert doubted["reason"] == "IMPLAUSIBLE" and doubted["status"] == "ERSATZWERT"
    assert doubted["given_kwh"] == 4_294_967.295 and doubted["used_kwh"] == pytest.approx(
        answer["estimated_kwh"]
    )
    assert answer["days"][5]["energy_kwh"] == pytest.approx(kept[480:575].sum())
    assert answer["anomalies"] == []
    assert any("not counted but estimated" in note for note in answer["notes"])


@pytest.mark.parametrize("code", ["0xFFFFFFFF", "ERR", "-1", "-999", "n.a.", "#####", "1e38"])
def test_a_code_or_a_word_in_a_few_cells_does_not_refuse_the_file(read: Read, code: str) -> None:
    start = np.datetime64("2026-01-05T00:00", "m")
    energy = np.round(0.1 + 0.05 * np.random.default_rng(1).random(960), 3)
    cells = [f"{e:.3f}".replace(".", ",") for e in energy]
    cells[400] = cells[700] = code
    rows = [f"{start + np.timedelta64(15 * i, 'm')}:00Z;{cell}" for i, cell in enumerate(cells)]
    answer = analyse(read("start;energy_kwh\n" + "\n".join(rows))).answer
    assert answer["energy_kwh"] == pytest.approx(np.delete(energy, [400, 700]).sum())
    assert answer["quality"]["missing"] == 2
    assert answer["notes"] or "cells" in {guess["about"] for guess in answer["guesses"]}


def test_a_jump_after_silence_and_an_unconfirmed_last_read_are_questions(read: Read) -> None:
    start = np.datetime64("2026-01-05T00:00", "m")

    def rows(registers: list[float], first: int) -> list[str]:
        return [
            f"{start + np.timedelta64(15 * (first + i), 'm')}:00Z,{register:.3f}"
            for i, register in enumerate(registers)
        ]

    before = [4_000 + 0.1 * i for i in range(960)]
    after = [9_000 + 0.1 * i for i in range(96)]
    text = "read_at,register_kwh\n" + "\n".join(rows(before, 0) + rows(after, 1_500))
    answer = analyse(read(text)).answer
    assert answer["energy_kwh"] == pytest.approx(95.9 + 9.5)
    assert any("was the meter exchanged" in note for note in answer["notes"])
    text = "read_at,register_kwh\n" + "\n".join(rows([*before, before[-1] + 9.0], 0))
    answer = analyse(read(text)).answer
    assert answer["energy_kwh"] == pytest.approx(95.9)
    assert any("no later reading confirms it" in note for note in answer["notes"])


needs_cases = pytest.mark.skipif(not CASES.is_dir(), reason=f"{CASES} is absent")


@needs_cases
@pytest.mark.parametrize(
    ("name", "tz", "kwh", "tolerance", "days"),
    [
        ("M1-spring-slots/proper", "America/New_York", 200.5, 0.2, 20),
        ("M1-spring-slots/blank", "America/New_York", 200.5, 0.2, 20),
        ("M1-spring-slots/zero", "America/New_York", 200.5, 0.2, 20),
        ("M2-smets-sentinel/v4295", "Europe/London", 308.3, 0.5, 30),
        ("M2-smets-sentinel/v8590", "Europe/London", 308.3, 0.5, 30),
        ("M2-smets-sentinel/ffffffff", "Europe/London", 308.3, 0.5, 30),
        ("M5-digit/plus9", None, 39.1, 1e-6, 4),
        ("M5-digit/plus30", None, 39.1, 1e-6, 4),
        ("M5-digit/plus90", None, 39.1, 1e-6, 4),
        ("M5-digit/minus8", None, 39.1, 1e-6, 4),
        ("M6-german-numbers/register_thousands", None, 289.0, 1e-6, 29),
        ("M7-german-date/netz", "Europe/Berlin", 137.2, 1e-6, 14),
        ("M7-german-date/netz_latin1", "Europe/Berlin", 137.2, 1e-6, 14),
    ],
)
def test_cases_from_the_field(
    name: str, tz: str | None, kwh: float, tolerance: float, days: int
) -> None:
    answer = analyse(read_meter_table(CASES / f"{name}.csv", tz)).answer
    assert answer["energy_kwh"] == pytest.approx(kwh, abs=tolerance)
    assert len(answer["days"]) == days
    if name.startswith(("M1", "M7")):
        assert int(np.argmax(answer["profile"]["workday"])) == 18
