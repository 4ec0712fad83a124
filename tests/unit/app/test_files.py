"""Recordings from files: what is read, what is joined, what is refused and how it says so."""

import gzip
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest

from app.recordings.read import TableError, read_meter_table, read_trip_table
from ingest.decoding.pack import LAYOUTS, join_values

TRIP = "t_s,speed_kmh,accel_long_mps2\n0,10,\n1,,0.5\n2,12,nan\n"
METER = "start,energy_kwh\n2026-01-01T00:00:00+01:00,0.5\n2026-01-01T01:00:00+01:00,0.25\n"


@pytest.fixture
def write(tmp_path: Path):
    """Write a file and return its path."""

    def write(text: str | bytes, name: str = "file.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def same(a: dict[str, np.ndarray], b: dict[str, np.ndarray]) -> bool:
    return a.keys() == b.keys() and all(np.array_equal(a[k], b[k], equal_nan=True) for k in a)


@pytest.mark.parametrize(
    "text",
    [
        TRIP,
        TRIP.replace(",", ";"),
        TRIP.replace(",", "\t"),
        "\ufeff" + TRIP,
        TRIP.replace("\n", "\r\n"),
        TRIP.replace("\n", "\n\n"),
        "\n" + TRIP,
        TRIP.replace("10,", " 10 , null").replace("nan", "NaN"),
        't_s,"speed_kmh","accel_long_mps2"\n"0","10",""\n"1","","0.5"\n"2","12",\n',
        't_s, "speed_kmh", accel_long_mps2\n0, "10", \n1, , 0.5\n2, "12",null\n',
        TRIP.replace("\n", ",\n"),  # a comma at the end of each line
        "t_s,speed_kmh,accel_long_mps2\n0,10,,\n1,,0.5,\n2,12,,\n",  # only below the header
        TRIP + ",,\n,,\n",  # rows that say nothing
        TRIP + "   \n",
        TRIP + "3,14",  # cut off as it was written
        "speed_kmh,note,accel_long_mps2,t_s\n12,x,,2\n10,y,,0\n,,0.5,1\n",  # any order
        TRIP.replace(",", ";").replace("0.5", "0,5"),  # decimal comma, where it parts no cells
    ],
)
def test_one_recording_in_many_dresses(write, text: str) -> None:
    table = read_trip_table(write(text))
    assert table.t_s is not None and table.t_s.tolist() == [0, 1, 2]
    assert np.diff(table.t_us).tolist() == [1_000_000, 1_000_000]
    expected = {
        "speed_kmh": np.array([10, np.nan, 12]),
        "accel_long_mps2": np.array([np.nan, 0.5, np.nan]),
    }
    assert same(table.columns, expected)


def test_gzip_and_parquet_equal_csv(write, tmp_path: Path) -> None:
    plain = read_trip_table(write(TRIP))
    zipped = read_trip_table(write(gzip.compress(TRIP.encode()), "file.csv.gz"))
    path = tmp_path / "file.parquet"
    columns = {
        "t_s": pa.array([0, 1, 2], pa.int32()),
        "speed_kmh": pa.array([10, None, 12], pa.float32()),
        "accel_long_mps2": pa.array([None, 0.5, float("nan")]),
        "driver": pa.array(["a", "b", "c"]).dictionary_encode(),
    }
    pa.parquet.write_table(pa.table(columns), path)
    parquet = read_trip_table(path)
    for table in (zipped, parquet):
        assert np.array_equal(table.t_us, plain.t_us)
        assert same(table.columns, plain.columns)
    assert parquet.ignored == ("driver",)


@pytest.mark.parametrize(
    ("kind", "zone"), [(pa.timestamp("ns", "Europe/Berlin"), None), (pa.timestamp("ms"), "UTC")]
)
def test_parquet_timestamps(tmp_path: Path, kind: pa.DataType, zone: str | None) -> None:
    path = tmp_path / "file.parquet"
    times = pa.array([1_767_225_600_000, 1_767_229_200_000]).cast(pa.timestamp("ms")).cast(kind)
    pa.parquet.write_table(pa.table({"start": times, "energy_kwh": [1.0, 2.0]}), path)
    assert read_meter_table(path, zone).t_us.tolist() == [1767225600000000, 1767229200000000]


def test_ignition_as_truth_value(write, tmp_path: Path) -> None:
    text = "t_s,speed_kmh,ignition\n0,0,false\n1,0,TRUE\n2,1,1\n"
    assert read_trip_table(write(text)).columns["ignition"].tolist() == [0, 1, 1]
    path = tmp_path / "file.parquet"
    table = pa.table({"t_s": [0, 1], "speed_kmh": [0.0, 1.0], "ignition": [False, True]})
    pa.parquet.write_table(table, path)
    assert read_trip_table(path).columns["ignition"].tolist() == [0, 1]


def test_rows_of_one_instant_are_joined(write) -> None:
    text = "t_s,speed_kmh,altitude_m\n5,,7\n1,10,\n5,20,\n1,11,\n1,,3\n9,1,1\n"
    table = read_trip_table(write(text))
    assert table.t_s is not None and table.t_s.tolist() == [1, 5, 9]
    assert table.columns["speed_kmh"].tolist() == [11, 20, 1]  # the greater of 10 and 11
    assert table.columns["altitude_m"].tolist() == [3, 7, 1]
    assert (table.rows, table.duplicate, table.joined) == (6, 2, 1)


def test_a_position_is_never_made_of_two(write) -> None:
    text = "t_s,lat_deg,lon_deg,speed_kmh\n1,50,9,3\n1,51,8,4\n1,,,5\n"
    columns = read_trip_table(write(text)).columns
    assert [columns[n].tolist() for n in ("lat_deg", "lon_deg", "speed_kmh")] == [[51], [8], [5]]


def test_rows_are_joined_as_the_pipeline_joins_messages(write) -> None:
    rng = np.random.default_rng(3)
    layout = LAYOUTS["vehicle"]
    names = ["speed_kmh", "lat_deg", "lon_deg", "heading_deg", "accel_x_mps2", "accel_y_mps2",
             "accel_z_mps2", "ignition"]  # fmt: skip
    at = [layout.position[name] for name in names]
    lines, joined = [], np.full((9, len(layout.columns)), np.nan)
    for _ in range(60):
        second = int(rng.integers(9))
        row = np.full(len(layout.columns), np.nan)
        row[at] = np.where(rng.random(len(at)) < 0.3, np.nan, rng.integers(0, 2, len(at)))
        joined[second] = join_values(joined[second], row, layout)
        lines.append(",".join([str(second), *("" if v != v else str(v) for v in row[at])]))
    columns = read_trip_table(write(",".join(["t_s", *names]) + "\n" + "\n".join(lines))).columns
    for name, place in zip(names, at, strict=True):
        assert np.array_equal(columns[name], joined[:, place], equal_nan=True), name


def test_the_order_of_the_rows_does_not_matter(write) -> None:
    lines = [f"{i % 40},{(i * 7) % 90},{'' if i % 3 else i % 5}" for i in range(60)]
    head = "t_s,speed_kmh,altitude_m\n"
    straight = read_trip_table(write(head + "\n".join(lines)))
    shuffled = read_trip_table(write(head + "\n".join(reversed(lines))))
    assert np.array_equal(straight.t_us, shuffled.t_us)
    assert same(straight.columns, shuffled.columns)


def test_map_renames(write) -> None:
    path = write("Zeit (s),Tempo, km/h\n0,1,2\n".replace("Tempo, km/h", '"Tempo, km/h",speed_kmh'))
    table = read_trip_table(path, mapping=["t_s=Zeit (s),speed_kmh=Tempo, km/h"])
    assert table.columns["speed_kmh"].tolist() == [1]
    assert table.ignored == ("(speed_kmh)",)  # the file's own column of that name


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("t_s,sped_kmh\n0,1\n", ["motion", "missing", "speed_kmh", "'sped_kmh'", "did you mean"]),
        ("time,speed_kmh\n0,1\n", ["time column", "missing", "t_s or observed_at", "--map"]),
        ("t_s,speed_kmh\n0,1\n1,abc\n", ["speed_kmh", "line 3", "'abc'", "number in km/h"]),
        ("t_s,speed_kmh\n\n0,1\n\n\n1,abc\n", ["speed_kmh", "line 6", "'abc'"]),
        ('note,t_s,speed_kmh\n"two\nlines",0,1\nx,1,abc\n', ["speed_kmh", "line 4", "'abc'"]),
        ("t_s,speed_kmh\n0,inf\n", ["speed_kmh", "line 2", "'inf'", "0 to 500"]),
        ("t_s,speed_kmh\n0,-Infinity\n", ["speed_kmh", "line 2", "'-Infinity'"]),
        ("t_s,speed_kmh\n0,501\n", ["speed_kmh", "line 2", "'501'", "from 0 to 500"]),
        ("t_s,speed_kmh\n0,-1\n", ["speed_kmh", "line 2", "'-1'", "from 0 to 500"]),
        ("t_s,speed_kmh\n0,1_0\n", ["speed_kmh", "line 2", "'1_0'"]),
        ('t_s,speed_kmh\n0,"1;5"\n', ["speed_kmh", "line 2", "'1;5'"]),
        ("t_s,lat_deg\n0,1\n", ["lon_deg", "missing", "lat_deg"]),
        ("t_s,accel_x_mps2,accel_y_mps2\n0,1,2\n", ["accel_z_mps2", "missing"]),
        ("t_s,lat_deg,lon_deg\n0,91,2\n", ["lat_deg", "line 2", "'91'", "-90 to 90"]),
        ("t_s,speed_kmh\nx,1\n", ["t_s", "line 2", "'x'", "number in s"]),
        ("t_s,speed_kmh\n0,1\n,2\n", ["t_s", "line 3", "an empty cell", "time"]),
        ("t_s,speed_kmh\n0,1\n1\n2,2\n", ["line 3", "1 cells", "expected 2"]),
        ("t_s,speed_kmh\n0,1\n1,2,3\n", ["line 3", "3 cells", "expected 2"]),
        ("t_s,speed_kmh,speed_kmh\n0,1,2\n", ["speed_kmh", "twice"]),
        ("t_s,speed_kmh\n", ["no rows"]),
        ("", ["empty", "header"]),
        ("observed_at,speed_kmh\n2026-01-01T10:00:00,1\n",
         ["observed_at", "line 2", "'2026-01-01T10:00:00'", "offset", "--tz"]),
        ("observed_at,speed_kmh\n2026-01-01T10:00:00Z,1\n2026-01-01T10:00:01,1\n",
         ["observed_at", "line 3", "offset"]),
        ("observed_at,speed_kmh\nyesterday,1\n", ["observed_at", "line 2", "'yesterday'", "ISO"]),
        ("observed_at,speed_kmh\n2026-13-01T10:00:00Z,1\n", ["observed_at", "line 2", "ISO"]),
        ("observed_at,speed_kmh\n1767225600,1\n",
         ["observed_at", "line 2", "milliseconds", "look like epoch s"]),
        ("observed_at,speed_kmh\n0001-01-01T00:00:00Z,1\n", ["observed_at", "line 2", "2000"]),
    ],
)  # fmt: skip
def test_a_bad_trip_file_is_refused_with_what_is_wrong_and_where(
    write, text: str, parts: list
) -> None:
    path = write(text)
    with pytest.raises(TableError) as caught:
        read_trip_table(path)
    message = str(caught.value)
    assert str(path) in message
    for part in parts:
        assert part in message, message


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("start,value\n2026-01-01T00:00:00Z,1\n", ["energy_kwh", "missing", "start, value"]),
        ("start,energy_kvh\n2026-01-01T00:00:00Z,1\n", ["energy_kwh", "missing", "did you mean"]),
        ("read_at,energy_kwh\n2026-01-01T00:00:00Z,1\n", ["register_kwh", "energy_kwh goes with"]),
        ("moment,energy_kwh\n2026-01-01T00:00:00Z,1\n", ["time column", "start or read_at"]),
        ("start,energy_kwh\n2026-01-01T00:00:00Z,1 kWh\n", ["energy_kwh", "line 2", "'1 kWh'"]),
        ("read_at,register_kwh\n2026-01-01T00:00:00Z,-inf\n", ["register_kwh", "0 to 1e+1"]),
        ("start,energy_kwh,quality\n2026-01-01T00:00:00Z,1,fine\n",
         ["quality", "line 2", "'fine'", "ABGELESEN"]),
        ("start,energy_kwh,quality\n2026-01-01T00:00:00Z,1,9\n", ["quality", "line 2", "'9'"]),
        ("start,energy_kwh\n,1\n", ["start", "line 2", "an empty cell"]),
    ],
)  # fmt: skip
def test_a_bad_meter_file_is_refused_with_what_is_wrong_and_where(
    write, text: str, parts: list
) -> None:
    with pytest.raises(TableError) as caught:
        read_meter_table(write(text))
    for part in parts:
        assert part in str(caught.value)


def test_what_is_no_table_at_all(write, tmp_path: Path) -> None:
    with pytest.raises(TableError, match="No such file"):
        read_trip_table(tmp_path / "absent.csv")
    with pytest.raises(TableError, match="cannot be read as Parquet"):
        read_trip_table(write(b"PAR1 and no more", "file.parquet"))
    with pytest.raises(TableError, match="is not a text file"):
        read_trip_table(write(bytes(range(256)) * 8, "noise.csv"))
    with pytest.raises(TableError, match="cannot be read"):
        read_trip_table(write(gzip.compress(TRIP.encode() * 50)[:40], "cut.csv.gz"))
    with pytest.raises(TableError):
        read_trip_table(tmp_path)


@pytest.mark.parametrize("rows", [0, 3])
def test_parquet_errors_name_the_row(tmp_path: Path, rows: int) -> None:
    path = tmp_path / "file.parquet"
    speeds = [1.0] * rows + [999.0]
    times = [float(i) for i in range(rows + 1)]
    pa.parquet.write_table(pa.table({"t_s": times, "speed_kmh": speeds}), path)
    with pytest.raises(TableError, match=rf"speed_kmh, row {rows + 1}: found 999"):
        read_trip_table(path)


def test_meter_numbers_and_status(write) -> None:
    text = (
        "read_at,register_kwh,meter_number,quality\n"
        "2026-01-01T00:00:00Z,10,1EMH001,ABGELESEN\n"
        "2026-01-02T00:00:00Z,12,1EMH001,E\n"
        "2026-01-03T00:00:00Z,1,1EMH002,S14\n"
        "2026-01-04T00:00:00Z,3,,5\n"
    )
    columns = read_meter_table(write(text)).columns
    keys = columns["meter_key"]
    assert keys[0] == keys[1] != keys[2] and np.isnan(keys[3])
    assert keys[0] == int(keys[0]) and 0 <= keys[0] < 2**52
    assert columns["quality"].tolist() == [6, 2, 5, 5]


@pytest.mark.parametrize("pair", ["speed_kmh", "sped_kmh=a", "t_s=a,t_s=b", "t_s="])
def test_a_bad_map_is_reported(write, pair: str) -> None:
    with pytest.raises(TableError, match="--map"):
        read_trip_table(write("a,b\n0,1\n"), mapping=[pair])


def test_a_name_that_map_looks_for_in_vain(write) -> None:
    with pytest.raises(TableError, match=r"'VEHICLE SPEED'.*did you mean 'VEHICLE_SPEED \(\)'"):
        read_trip_table(write("t_s,VEHICLE_SPEED ()\n0,1\n"), mapping=["speed_kmh=VEHICLE SPEED"])
