"""`score-trip`: what a recording is answered with, and that it is written as promised."""

import json
import struct
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest
from typer.testing import CliRunner

from app.analysis.trip import analyse, score_trip
from app.analysis.trip_plot import speed_of
from app.cli import cli
from app.recordings.read import read_trip_table
from simulators import phone

RUN = CliRunner()
START_US = 1_772_434_800_000_000  # 2026-03-02T07:00:00Z


def drive(seconds: int = 600, hard_stop: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """Speed, km/h, at 10 Hz: stand, pull away, cruise at 54, perhaps stop hard, go on, stop."""
    t = np.arange(seconds * 10) / 10
    speed = np.clip((t - 20) * 1.2, 0, 15) * 3.6
    if hard_stop:
        speed = np.where(t >= 300, np.clip(15 - (t - 300) * 5.0, 3, 15) * 3.6, speed)
        speed = np.where(t >= 310, np.clip(3 + (t - 310) * 1.2, 3, 15) * 3.6, speed)
    speed = np.where(t >= 520, np.clip(15 - (t - 520) * 1.0, 0, 15) * 3.6, speed)
    return t, speed


def write(path: Path, t: np.ndarray, columns: dict[str, np.ndarray], time: str = "t_s") -> Path:
    cells: dict[str, object] = {time: t}
    cells |= {name: pa.array(values, mask=np.isnan(values)) for name, values in columns.items()}
    table = pa.table(cells)
    if path.suffix == ".parquet":
        pa.parquet.write_table(table, path)
    else:
        pa.csv.write_csv(table, path)
    return path


def test_the_answer_has_the_promised_form(tmp_path: Path) -> None:
    t, speed = drive()
    answer = score_trip(read_trip_table(write(tmp_path / "a.csv", t + 100, {"speed_kmh": speed})))
    assert set(answer) == {"trips", "events", "quality", "alignment", "algorithm_version"}
    (trip,) = answer["trips"]
    assert set(trip) == {
        "start_s", "end_s", "duration_s", "driving_s", "idle_s", "distance_m", "score", "trusted",
        "components", "events", "quality", "max_speed_kmh", "category",
    }  # fmt: skip
    assert trip["distance_m"] == pytest.approx(np.trapezoid(speed / 3.6, t), rel=0.01)
    assert 115 < trip["start_s"] < 125 and 630 < trip["end_s"] < 640
    assert trip["duration_s"] == pytest.approx(trip["end_s"] - trip["start_s"])
    assert trip["driving_s"] + trip["idle_s"] == pytest.approx(trip["duration_s"], abs=1)
    shares = [component["share"] for component in trip["components"]]
    assert trip["score"] == pytest.approx(100 - sum(shares), abs=1e-9) and trip["trusted"] is True
    keys = {"factor", "value", "unit", "share", "share_of_average"}
    assert keys == set(trip["components"][0])
    average = {part["factor"]: part["share_of_average"] for part in trip["components"]}
    assert average["night"] == next(
        part["share"] for part in trip["components"] if part["factor"] == "night"
    ), "what was not measured comes from the average alone"
    (event,) = (e for e in trip["events"] if e["kind"] == "harsh_braking")
    assert set(event) == {
        "kind", "start_s", "end_s", "peak_mps2", "mean_mps2", "delta_v_kmh", "severity",
        "confidence",
    }  # fmt: skip
    assert event["delta_v_kmh"] == pytest.approx(-43, abs=8) and 0.5 < event["confidence"] <= 1
    assert -5.2 < event["mean_mps2"] < -2.7  # with its flanks
    assert trip["category"] == "urban" and trip["max_speed_kmh"] == pytest.approx(54, abs=1)
    assert event["peak_mps2"] == pytest.approx(-5.0, abs=0.6)
    assert 395 < event["start_s"] < event["end_s"] < 405
    assert event["severity"] in (1, 2, 3)
    assert answer["quality"]["samples"] == t.size
    assert answer["quality"]["columns"] == {"speed_kmh": t.size}
    json.dumps(answer, allow_nan=False)


def test_csv_parquet_and_wall_clock_agree(tmp_path: Path) -> None:
    t, speed = drive()
    columns = {"speed_kmh": speed}
    csv = score_trip(read_trip_table(write(tmp_path / "a.csv", t, columns)))
    parquet = score_trip(read_trip_table(write(tmp_path / "a.parquet", t, columns)))
    assert csv == parquet
    ms = (START_US // 1000 + np.rint(t * 1000)).astype(np.int64)
    wall = write(tmp_path / "b.csv", ms, columns, "observed_at")
    absolute = score_trip(read_trip_table(wall, "Europe/Berlin"))
    for key in ("start_s", "end_s", "distance_m", "driving_s"):
        assert absolute["trips"][0][key] == csv["trips"][0][key]
    assert absolute["trips"][0]["start"].startswith("2026-03-02T08:00:2")
    assert absolute["trips"][0]["start"].endswith("+01:00")


def test_night_is_measured_only_where_the_time_of_day_is_known(tmp_path: Path) -> None:
    t, speed = drive()
    relative = score_trip(read_trip_table(write(tmp_path / "a.csv", t, {"speed_kmh": speed})))
    ms = (START_US // 1000 + 16 * 3_600_000 + np.rint(t * 1000)).astype(np.int64)
    late = write(tmp_path / "b.csv", ms, {"speed_kmh": speed}, "observed_at")
    dark = score_trip(read_trip_table(late, "UTC"))
    light = score_trip(read_trip_table(late, "America/Los_Angeles"))

    def night(answer: dict) -> float | None:
        parts = answer["trips"][0]["components"]
        return next(part["value"] for part in parts if part["factor"] == "night")

    assert night(relative) is None and night(dark) == 1.0 and night(light) == 0.0
    assert any("night driving is not measured" in n for n in relative["quality"]["notes"])


def test_columns_of_different_rates_equal_one_rate(tmp_path: Path) -> None:
    """Speed each second and acceleration at 10 Hz, in rows of their own: joined by time."""
    t, speed = drive()
    accel = np.gradient(speed / 3.6, t)
    slow = np.where(np.arange(t.size) % 10 == 0, speed, np.nan)
    one = write(tmp_path / "a.csv", t, {"speed_kmh": slow, "accel_long_mps2": accel})
    both = np.concatenate((t, t))
    none = np.full(t.size, np.nan)
    columns = {
        "speed_kmh": np.concatenate((slow, none)),
        "accel_long_mps2": np.concatenate((none, accel)),
    }
    two = write(tmp_path / "b.csv", both, columns)
    answer, joined = score_trip(read_trip_table(one)), score_trip(read_trip_table(two))
    assert joined["trips"] == answer["trips"] and answer["trips"]
    assert joined["quality"]["duplicate"] == 0 and joined["quality"]["joined"] == t.size


def test_duplicates_and_order_change_nothing(tmp_path: Path) -> None:
    t, speed = drive()
    plain = score_trip(read_trip_table(write(tmp_path / "a.csv", t, {"speed_kmh": speed})))
    rows = np.random.default_rng(1).permutation(np.concatenate((np.arange(t.size), np.arange(99))))
    mixed = write(tmp_path / "b.csv", t[rows], {"speed_kmh": speed[rows]})
    answer = score_trip(read_trip_table(mixed))
    assert answer["trips"] == plain["trips"]
    assert answer["quality"]["duplicate"] == 99


def test_a_crash_is_told_also_beside_a_trip(tmp_path: Path) -> None:
    t, speed = drive(hard_stop=False)
    stop = t >= 200
    speed = np.where(stop, 0.0, speed)
    accel = np.gradient(np.where(stop, 0.0, 1.0), t) * 0.0
    accel[2000:2002] = (-160.0, -90.0)
    path = write(tmp_path / "a.csv", t, {"speed_kmh": speed, "accel_long_mps2": accel})
    answer = score_trip(read_trip_table(path))
    (crash,) = (event for event in answer["events"] if event["kind"] == "crash")
    assert crash["start_s"] == pytest.approx(200, abs=1) and crash["trip"] == 0
    assert crash["basis"] == "speed" and crash["delta_v_kmh"] == -54.0
    assert any(event["kind"] == "crash" for event in answer["trips"][0]["events"])


def test_a_crash_says_what_its_change_of_velocity_rests_on(tmp_path: Path) -> None:
    t, speed = drive(hard_stop=False)
    near = np.round(np.arange(199.0, 201.0, 0.01), 2)
    felt = -100.0 * np.sin(np.pi * np.clip((near - 200.0) / 0.1, 0.0, 1.0))
    times = np.union1d(t, near)
    speed = np.where(t >= 200, np.clip(54 - 22 * (t - 200), 0, None), speed)
    columns = {name: np.full(times.size, np.nan) for name in ("speed_kmh", "accel_long_mps2")}
    columns["speed_kmh"][np.searchsorted(times, t)] = speed
    columns["accel_long_mps2"][np.searchsorted(times, near)] = felt
    answer = score_trip(read_trip_table(write(tmp_path / "a.csv", times, columns)))
    (crash,) = (event for event in answer["events"] if event["kind"] == "crash")
    assert crash["basis"] == "acceleration"
    assert crash["delta_v_kmh"] == pytest.approx(-3.6 * 100.0 * 0.2 / np.pi, rel=0.05)


def test_a_parked_car_has_no_trip_and_the_answer_says_what_it_saw(tmp_path: Path) -> None:
    t = np.arange(0, 400.0)
    t = np.delete(t, np.arange(100, 200))
    path = write(tmp_path / "a.csv", t, {"speed_kmh": np.zeros(t.size)})
    answer = score_trip(read_trip_table(path))
    assert answer["trips"] == [] and answer["events"] == []
    assert answer["quality"]["gaps"] == [{"start_s": 99.0, "end_s": 200.0}]
    assert answer["quality"]["measured_s"] == 298.0 and answer["quality"]["span_s"] == 399.0


def test_a_clock_coarser_than_its_rows(tmp_path: Path) -> None:
    """Rows at 0.491 s under whole seconds, as OBD loggers write them, are no duplicates."""
    true = np.arange(1200) * 0.491
    speed = np.clip((true - 20) * 1.2, 0, 15) * 3.6 + np.sin(true / 5) * (true > 40)
    coarse = write(tmp_path / "a.csv", np.floor(true), {"speed_kmh": speed})
    answer = score_trip(read_trip_table(coarse))
    assert answer["quality"]["duplicate"] == 0
    expected = np.trapezoid(speed / 3.6, true)
    assert answer["trips"][0]["distance_m"] == pytest.approx(expected, rel=0.01)
    assert any("coarser than its rows" in note for note in answer["quality"]["notes"])


def test_a_coarse_clock_with_a_pause(tmp_path: Path) -> None:
    true = np.arange(1200) * 0.25
    true[600:] += 90  # the recorder paused
    speed = 50 + 5 * np.sin(true / 7)
    table = read_trip_table(write(tmp_path / "a.csv", np.floor(true), {"speed_kmh": speed}))
    assert table.duplicate == 0 and table.t_s is not None
    assert np.max(np.abs(table.t_s - true)) < 1.0
    assert np.diff(table.t_s)[599] == pytest.approx(90.25, abs=1.0)


def test_two_sources_under_one_clock_are_joined_not_spread(tmp_path: Path) -> None:
    """Two rows a second, always, of different values: a phone and a dongle, put together."""
    t = np.repeat(np.arange(300.0), 2)
    speed = np.tile([50.0, 52.0], 300)
    table = read_trip_table(write(tmp_path / "a.csv", t, {"speed_kmh": speed}))
    assert table.duplicate == 300 and set(table.columns["speed_kmh"]) == {52.0}


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_the_command(tmp_path: Path, suffix: str) -> None:
    t, speed = drive()
    limit = np.where(np.arange(t.size) % 50 == 0, 50.0, np.nan)
    columns = {"speed_kmh": speed, "speed_limit_kmh": limit}
    path = write(tmp_path / f"a.{suffix}", t, columns)
    picture, used, out = tmp_path / "a.png", tmp_path / "used.csv", tmp_path / "a.json"
    options = ["--plot", str(picture), "--export", str(used), "--out", str(out)]
    result = RUN.invoke(cli, ["score-trip", str(path), *options])
    assert result.exit_code == 0, result.output
    assert result.stdout == "" and "note: night" in result.stderr
    head = picture.read_bytes()[:24]
    assert head.startswith(b"\x89PNG") and struct.unpack(">II", head[16:24]) == (1600, 900)
    assert picture.stat().st_size > 20_000
    again = RUN.invoke(cli, ["score-trip", str(used), "--quiet"])
    assert again.exit_code == 0 and again.stderr == ""
    first, second = json.loads(out.read_text()), json.loads(again.stdout)
    assert second["trips"] == first["trips"] and second["events"] == first["events"]
    assert second["quality"]["ignored_columns"] == ["trip", "status", "event"]
    status = pa.csv.read_csv(used).column("status").to_pylist()
    assert set(status) == {"in_trip", "outside"}


def test_the_export_keeps_wall_clock_times(tmp_path: Path) -> None:
    t, speed = drive()
    ms = (START_US // 1000 + np.rint(t * 1000)).astype(np.int64)
    path = write(tmp_path / "a.csv", ms, {"speed_kmh": speed}, "observed_at")
    used = tmp_path / "used.csv"
    arguments = ["score-trip", str(path), "--tz", "Europe/Berlin", "--export", str(used), "-q"]
    first = json.loads(RUN.invoke(cli, arguments).stdout)
    second = json.loads(RUN.invoke(cli, ["score-trip", str(used), "-q"]).stdout)
    assert second["trips"] == first["trips"]


def test_errors_go_to_stderr_with_exit_code_2(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("t_s,speed_kmh\n0,fast\n")
    result = RUN.invoke(cli, ["score-trip", str(path)])
    assert result.exit_code == 2 and result.stdout == ""
    assert result.stderr.startswith(f"error: {path}: column speed_kmh, line 2: found 'fast'")
    assert result.stderr.endswith("see: tachowatt columns\n")
    for option in ("--plot", "--export", "--out"):
        result = RUN.invoke(cli, ["score-trip", str(path), option, str(tmp_path / "no" / "x")])
        assert result.exit_code == 2 and "there is no folder" in result.stderr


def test_a_folder_gives_one_table_and_names_what_does_not_fit(tmp_path: Path) -> None:
    t, speed = drive()
    folder = tmp_path / "drives"
    folder.mkdir()
    first = write(folder / "a.csv", t, {"speed_kmh": speed})
    second = write(folder / "b.parquet", t[:3000], {"speed_kmh": speed[:3000]})
    (folder / "c.csv").write_text("t_s,speed_kmh\n0,fast\n")
    (folder / "notes.txt").write_text("no recording")
    alone = [
        json.loads(RUN.invoke(cli, ["score-trip", str(each), "-q"]).stdout)
        for each in (first, second)
    ]
    together = RUN.invoke(cli, ["score-trip", str(folder), "--json"])
    assert together.exit_code == 0, together.output
    assert together.stderr.startswith(f"refused: {folder / 'c.csv'}: column speed_kmh, line 2")
    answer = json.loads(together.stdout)
    assert [each.pop("file") for each in answer["recordings"]] == [str(first), str(second)]
    assert answer["recordings"] == alone
    assert [each["file"] for each in answer["refused"]] == [str(folder / "c.csv")]
    shown = RUN.invoke(cli, ["score-trip", str(second), str(first), "-q"])
    assert shown.exit_code == 0
    lines = [line for line in shown.stdout.splitlines() if str(folder) in line]
    assert [str(second) in lines[0], str(first) in lines[1]] == [True, True]
    assert f"{alone[0]['trips'][0]['score']:.1f}" in lines[1]


def test_a_folder_without_a_recording_is_an_error(tmp_path: Path) -> None:
    empty = RUN.invoke(cli, ["score-trip", str(tmp_path)])
    assert empty.exit_code == 2 and "has no files .csv, .csv.gz, .parquet" in empty.stderr
    (tmp_path / "a.csv").write_text("t_s,speed_kmh\n0,fast\n")
    unread = RUN.invoke(cli, ["score-trip", str(tmp_path)])
    assert unread.exit_code == 2 and "none of 1 recordings could be read" in unread.stderr
    drawn = RUN.invoke(cli, ["score-trip", str(tmp_path), "--plot", str(tmp_path / "a.png")])
    assert drawn.exit_code == 2 and "expected one" in drawn.stderr


def test_columns() -> None:
    rows = json.loads(RUN.invoke(cli, ["columns", "--json"]).stdout)
    names = [row["name"] for row in rows]
    for name in ("t_s", "observed_at", "speed_kmh", "ignition", "start", "read_at", "meter_number"):
        assert name in names
    assert "meter_key" not in names
    shown = RUN.invoke(cli, ["columns"]).stdout
    assert all(name in shown for name in names) and "m/s²" in shown


def test_help_has_examples() -> None:
    for command in ("score-trip", "analyse-meter", "columns"):
        assert "Examples:" in RUN.invoke(cli, [command, "--help"]).stdout


def test_a_car_that_stands_makes_no_trip_and_the_answer_says_why(tmp_path: Path) -> None:
    t = np.arange(0, 100, 0.1)
    still = np.random.default_rng(4).normal(0, 0.03, t.size)
    path = write(tmp_path / "a.csv", t, {"accel_long_mps2": still})
    answer = score_trip(read_trip_table(path))
    assert answer["trips"] == []
    assert any("neither speed nor position" in note for note in answer["quality"]["notes"])


def test_a_sparse_recording_says_what_was_not_computed(tmp_path: Path) -> None:
    t = np.arange(16) * 360.0
    speed = np.where((t >= 720) & (t < 4320), 90.0, 0.0)
    way = np.concatenate(([0.0], np.cumsum(speed[:-1] / 3.6 * 360)))
    columns = {"speed_kmh": speed, "lat_deg": 50 + way / 111_195, "lon_deg": 0 * t + 8}
    answer = score_trip(read_trip_table(write(tmp_path / "a.csv", t, columns)))
    (trip,) = answer["trips"]
    assert trip["distance_m"] == pytest.approx(90_000, rel=0.01) and trip["trusted"] is False
    assert trip["quality"] == ["sparse", "rate_too_low"]
    said = {each["reason"]: each for each in answer["quality"]["not_computed"]}
    assert set(said) == {"sparse", "rate_too_low"}
    assert "harsh_braking" in said["rate_too_low"]["what"]
    assert all(each["why"] in answer["quality"]["notes"] for each in said.values())
    values = {part["factor"]: part["value"] for part in trip["components"]}
    assert values["harsh_braking"] is None


@pytest.mark.parametrize("placed", [True, False])
def test_a_rate_that_is_too_low_for_any_trip_is_named(tmp_path: Path, placed: bool) -> None:
    t = np.arange(8) * 2400.0
    columns = {"speed_kmh": 0 * t + 60.0}
    if placed:
        columns |= {"lat_deg": 50 + t * 60 / 3.6 / 111_195, "lon_deg": 0 * t + 8}
    answer = score_trip(read_trip_table(write(tmp_path / "a.csv", t, columns)))
    assert answer["trips"] == []
    said = answer["quality"]["not_computed"]
    assert said and all(each["reason"] == "rate_too_low" for each in said)
    assert all("2400 s" in each["why"] and "30 min" in each["why"] for each in said)


def test_what_is_rejected_counts_outside_trips_too(tmp_path: Path) -> None:
    t, speed = drive()
    false = np.where(t < 3, 127.0, speed)
    answer = score_trip(read_trip_table(write(tmp_path / "a.csv", t, {"speed_kmh": false})))
    assert answer["quality"]["rejected"] == 30
    assert answer["trips"][0]["events"][0]["kind"] == "harsh_braking"
    assert [event["kind"] for event in answer["events"]] == ["harsh_braking"]


def test_one_row_and_motion_by_position_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("t_s,speed_kmh\n7,0\n")
    answer = score_trip(read_trip_table(path))
    assert answer["trips"] == [] and answer["quality"]["span_s"] == 0
    t = np.arange(0, 400.0)
    columns = {"lat_deg": 50 + t * 15 / 111_195, "lon_deg": np.full(t.size, 8.0)}
    (trip,) = score_trip(read_trip_table(write(path, t, columns)))["trips"]
    assert trip["distance_m"] == pytest.approx(399 * 15, rel=0.03)


@pytest.mark.parametrize("axes", [("long", "lat", "vert"), ("long", "lat")])
def test_accelerations_along_the_car_without_speed_have_trips_and_manoeuvres(
    tmp_path: Path, axes: tuple[str, ...]
) -> None:
    t, speed = drive()
    r = np.random.default_rng(3)
    moves = np.where(speed > 0, 0.25, 0.02)
    columns = {f"accel_{axis}_mps2": moves * r.normal(0, 1, t.size) for axis in axes}
    columns["accel_long_mps2"] += np.gradient(speed / 3.6, t)
    analysis = analyse(read_trip_table(write(tmp_path / "a.csv", t, columns)))
    answer = analysis.answer
    (trip,) = answer["trips"]
    assert speed_of(analysis)[1] == ": not measured"
    assert trip["distance_m"] is None and trip["score"] is None and trip["trusted"] is False
    assert 18 <= trip["start_s"] <= 22 and 533 <= trip["end_s"] <= 537
    (stop,) = [e for e in trip["events"] if e["kind"] == "harsh_braking"]
    assert stop["start_s"] < 301 and stop["end_s"] > 301 and stop["peak_mps2"] < -3
    assert answer["alignment"]["frame"] == "vehicle"


def test_a_phone_without_gnss_has_trips_and_manoeuvres(tmp_path: Path) -> None:
    made = phone.drive(2, 8, 4, phone.windshield_phones()["earth, fused"])
    columns = {f"accel_{a}_mps2": made.accel[:, i] for i, a in enumerate("xyz")}
    columns |= {f"gyro_{a}_radps": made.gyro[:, i] for i, a in enumerate("xyz")}
    path = write(tmp_path / "a.csv", made.t_s, columns)
    aligned, picture = tmp_path / "aligned.csv", tmp_path / "a.png"
    options = ["--export", str(aligned), "--plot", str(picture), "--quiet"]
    result = RUN.invoke(cli, ["score-trip", str(path), *options])
    assert result.exit_code == 0, result.output
    answer = json.loads(result.stdout)
    (trip,) = answer["trips"]
    assert trip["distance_m"] is None and trip["score"] is None and trip["trusted"] is False
    assert trip["events"] and answer["alignment"]["found"]
    assert answer["alignment"]["frame"] == "earth" and answer["alignment"]["rotation"] is None
    for event in trip["events"]:
        assert {"kind", "start_s", "end_s", "peak_mps2", "mean_mps2", "delta_v_kmh", "severity",
                "confidence"} <= set(event)  # fmt: skip
    rows = pa.csv.read_csv(aligned)
    assert rows.num_rows == made.t_s.size
    assert rows.column_names[:4] == ["t_s", "accel_long_mps2", "accel_lat_mps2", "accel_vert_mps2"]
    assert np.corrcoef(rows.column("accel_lat_mps2").to_numpy(), made.lat)[0, 1] > 0.85
    wrong = RUN.invoke(cli, ["score-trip", str(path), "--frame", "moon"])
    assert wrong.exit_code == 2 and "expected device, earth, vehicle" in wrong.stderr
    for stated in (["--frame", "earth", "--gravity", "removed"], ["--frame", "vehicle"]):
        again = RUN.invoke(cli, ["score-trip", str(path), *stated, "--quiet"])
        assert again.exit_code == 0, again.output


@pytest.mark.parametrize(
    ("name", "rate_hz"),
    [
        ("device, gravity", 1.0),
        ("other sign", 1.0),
        ("earth, fused", 1.0),
        ("device, gravity", 0.2),
    ],
)
def test_a_phone_with_gnss_is_aligned_to_the_car(tmp_path: Path, name: str, rate_hz: float) -> None:
    made = phone.drive(4, 6, 10, phone.windshield_phones()[name])
    gnss = phone.with_gnss(made, 4, rate_hz=rate_hz)
    columns = {f"accel_{a}_mps2": made.accel[:, i] for i, a in enumerate("xyz")}
    columns |= {f"gyro_{a}_radps": made.gyro[:, i] for i, a in enumerate("xyz")}
    columns |= {n: getattr(gnss, n) for n in ("speed_kmh", "lat_deg", "lon_deg")}
    path = write(tmp_path / "a.csv", made.t_s, columns)
    used = tmp_path / "aligned.csv"
    result = RUN.invoke(cli, ["score-trip", str(path), "--export", str(used), "--quiet"])
    assert result.exit_code == 0, result.output
    answer = json.loads(result.stdout)
    (trip,) = answer["trips"]
    assert trip["distance_m"] == pytest.approx(gnss.distance_m, rel=0.01)
    assert answer["alignment"]["found"] and answer["alignment"]["version"] == "alignment/3"
    assert answer["quality"]["lag_s"] == pytest.approx(1.2, abs=0.4)
    rotation = answer["alignment"]["rotation"]
    assert (rotation is None) == name.startswith("earth")
    rows = pa.csv.read_csv(used)
    assert rows.num_rows == made.t_s.size
    for column, truth, least in (("long", made.long, 0.92), ("lat", made.lat, 0.87)):
        values = rows.column(f"accel_{column}_mps2").to_numpy()
        assert np.corrcoef(values, truth)[0, 1] > least
    speed = rows.column("speed_kmh").to_numpy(zero_copy_only=False).astype(float)
    known = ~np.isnan(speed)
    assert np.sqrt(np.mean((speed[known] / 3.6 - made.speed[known]) ** 2)) < 0.5
    assert known.mean() > 0.95
    wanted = {
        "braking": "harsh_braking", "acceleration": "harsh_acceleration",
        "lane_left": "harsh_lane_change", "lane_right": "harsh_lane_change",
        "turn_left": "harsh_cornering", "turn_right": "harsh_cornering",
    }  # fmt: skip
    for label in made.labels:
        if label.aggressive:
            assert any(
                e["kind"] == wanted[label.kind]
                and e["start_s"] < label.end_s + 0.5
                and e["end_s"] > label.start_s - 0.5
                for e in answer["events"]
            )


def test_a_long_stand_within_a_trip_is_idling(tmp_path: Path) -> None:
    t = np.arange(0, 700.0)
    away = np.minimum.reduce([np.abs(t - 350) - 50, t - 20, 660 - t])
    speed = np.clip(3.0 * away, 0.0, 50.0)
    answer = score_trip(read_trip_table(write(tmp_path / "a.csv", t, {"speed_kmh": speed})))
    (event,) = (e for e in answer["events"] if e["kind"] == "idling")
    assert event["start_s"] == 300 and event["end_s"] == 400 and event["severity"] == 1
    off = np.where((t >= 310) & (t < 390), 0.0, 1.0)
    path = write(tmp_path / "b.csv", t, {"speed_kmh": speed, "ignition": off})
    assert "idling" not in {e["kind"] for e in score_trip(read_trip_table(path))["events"]}


@pytest.mark.parametrize(("kmh", "name"), [(40.0, "urban"), (75.0, "rural"), (120.0, "motorway")])
def test_the_category_is_by_speed(tmp_path: Path, kmh: float, name: str) -> None:
    t = np.arange(0, 900.0)
    ramp = np.clip(np.minimum(t, 899 - t) / 60, 0, 1)
    path = write(tmp_path / "a.csv", t, {"speed_kmh": kmh * ramp})
    (trip,) = score_trip(read_trip_table(path))["trips"]
    assert trip["category"] == name


def test_pulling_away_after_a_hard_braking_is_no_rebound(tmp_path: Path) -> None:
    """Only a fusion that lost low frequencies has rebounds; gravity in the data says it did not."""
    step, along = 0.02, np.zeros(15_000)
    along[10 * 50 : 20 * 50] = 1.5
    for at in (60, 110, 160, 210):
        along[at * 50 : at * 50 + 150] = 1.7
        along[at * 50 + 1_000 : at * 50 + 1_100] = -5.0
        along[at * 50 + 1_150 : at * 50 + 1_250] = 2.8
    across = 1.5 * np.sin(np.arange(along.size) * step / 3.0) * (np.arange(along.size) > 1_000)
    speed = np.maximum(np.cumsum(along) * step, 0.0)
    yaw = across / np.maximum(speed, 3.0)
    rng = np.random.default_rng(1)
    made = phone.record(along, across, speed, yaw, step, phone.Phone(), rng)
    gnss = phone.with_gnss(made, 1)
    columns = {f"accel_{a}_mps2": made.accel[:, i] for i, a in enumerate("xyz")}
    columns |= {n: getattr(gnss, n) for n in ("speed_kmh", "lat_deg", "lon_deg")}
    answer = score_trip(read_trip_table(write(tmp_path / "a.parquet", made.t_s, columns)))
    kinds = [e["kind"] for e in answer["events"]]
    assert kinds.count("harsh_braking") == 4 and kinds.count("harsh_acceleration") == 4


def test_a_noisy_receiver_and_fixes_said_again_make_no_events(tmp_path: Path) -> None:
    """10 Hz of GNSS alone, and for 8 s no new fix while the car slows down."""
    t = np.arange(0.0, 900.0, 0.1)
    speed = np.clip(np.minimum(t - 20.0, 880.0 - t), 0.0, 15.0) + 2.0 * np.sin(t / 9.0) * (t > 40)
    speed = np.maximum(speed, 0.0) - np.clip(np.minimum(t - 300.0, 340.0 - t), 0.0, 8.0)
    north = np.cumsum(speed) * 0.1
    noise = np.random.default_rng(5).normal(0.0, 0.3, t.size)
    columns = {
        "speed_kmh": 3.6 * np.abs(speed + noise),
        "lat_deg": 50.0 + north / 111_195.0,
        "lon_deg": np.full(t.size, 8.0),
    }
    frozen = slice(3_000, 3_080)
    for values in columns.values():
        values[frozen] = values[3_000]
    answer = score_trip(read_trip_table(write(tmp_path / "a.parquet", t, columns)))
    (trip,) = answer["trips"]
    assert [e["kind"] for e in trip["events"] if e["kind"].startswith("harsh")] == []
    assert trip["distance_m"] == pytest.approx(north[-1], rel=0.01)
    assert answer["quality"]["repeated"] == 79
    assert answer["quality"]["speed_noise_mps"] == pytest.approx(0.3, rel=0.1)


@pytest.mark.parametrize("hz", [1, 10])
def test_cornering_by_places_without_a_course(tmp_path: Path, hz: int) -> None:
    """Five bends of 4.5 m/s² and five of 2 m/s², to the left and right; 0.3 m of noise."""
    t = np.arange(0.0, 700.0, 1.0 / hz)
    speed = np.clip(np.minimum(t - 20.0, 690.0 - t), 0.0, 15.0)
    across = np.zeros(t.size)
    for k in range(10):
        at = np.clip((t - 60.0 - 60.0 * k) / 6.0, 0.0, 1.0)
        across += (-1.0) ** k * (4.5 if k < 5 else 2.0) * np.sin(np.pi * at) ** 2
    course = np.cumsum(across / np.maximum(speed, 1.0)) / hz
    noise = np.random.default_rng(8).normal(0.0, 0.3, (2, t.size))
    north = np.cumsum(speed * np.cos(course)) / hz + noise[0]
    east = np.cumsum(speed * np.sin(course)) / hz + noise[1]
    columns = {
        "speed_kmh": 3.6 * speed,
        "lat_deg": 50.0 + north / 111_195.0,
        "lon_deg": 8.0 + east / 71_475.0,
    }
    answer = score_trip(read_trip_table(write(tmp_path / "a.parquet", t, columns)))
    corners = [e for e in answer["events"] if e["kind"] == "harsh_cornering"]
    starts = [e["start_s"] for e in corners]
    assert len(starts) == 5, starts
    assert all(abs(at - 63.0 - 60.0 * k) <= 3.0 for k, at in enumerate(starts)), starts
    columns["heading_deg"] = np.degrees(course) % 360.0
    given = score_trip(read_trip_table(write(tmp_path / "b.parquet", t, columns)))
    assert [e["kind"] for e in given["events"]] == [e["kind"] for e in answer["events"]]


@pytest.mark.parametrize(("stuck_s", "with_speed"), [(10, False), (20, False), (40, True)])
def test_places_said_again_while_the_car_drives_on(
    tmp_path: Path, stuck_s: int, with_speed: bool
) -> None:
    """1 Hz; a car that stood could not be where the next fix is."""
    t = np.arange(0.0, 1_200.0)
    speed = np.clip(np.minimum(t - 20.0, 1_180.0 - t), 0.0, 22.0)
    north = np.cumsum(speed) + np.random.default_rng(6).normal(0.0, 0.5, t.size)
    columns = {"lat_deg": 50.0 + north / 111_195.0, "lon_deg": np.full(t.size, 8.0)}
    if with_speed:
        columns["speed_kmh"] = 3.6 * speed
    last = np.where((t % 150 < stuck_s) & (speed == 22.0), 150 * (t // 150), t)
    last = np.maximum(last, 50.0 * (t > 50)).astype(int)
    said = {name: values[last] for name, values in columns.items()}
    answer = score_trip(read_trip_table(write(tmp_path / "a.parquet", t, said)))
    (trip,) = answer["trips"]
    assert trip["distance_m"] == pytest.approx(north[-1], rel=0.01)
    assert trip["max_speed_kmh"] == pytest.approx(79.2, abs=6.0)
    assert answer["quality"]["repeated"] >= 7 * (stuck_s - 1)


def test_strong_vibration_makes_no_harsh_acceleration_of_an_ordinary_one(tmp_path: Path) -> None:
    """The highest of some values with noise is above the true one."""
    rate, rng = 50, np.random.default_rng(4)
    pulls = [1.4] * 12 + [3.2] * 3
    steps = [4 * rate, 6 * rate, 8 * rate, 6 * rate]
    along = np.concatenate(
        [np.zeros(30 * rate)]
        + [np.repeat([a, 0.0, -a / 2.0, 0.0], steps) for a in pulls]
        + [np.zeros(30 * rate)]
    )
    speed = 36.0 + 3.6 * np.cumsum(along) / rate
    t = np.arange(along.size) / rate
    felt = along + rng.normal(0.0, 2.0, along.size)
    held = np.where(np.arange(along.size) % rate == 0, speed, np.nan)
    columns = {"speed_kmh": held, "accel_long_mps2": felt}
    answer = score_trip(
        read_trip_table(write(tmp_path / "shaken.csv", t, columns), None, (), lambda _, __: None)
    )
    found = [e for e in answer["events"] if e["kind"] == "harsh_acceleration"]
    begins = [30.0 + 24.0 * k for k in range(12, 15)]
    assert len(found) == 3
    assert all(abs(e["start_s"] - at) < 2.0 for e, at in zip(found, begins, strict=True))
    assert answer["quality"]["accel_noise_mps2"]["long"] == pytest.approx(0.31, rel=0.2)


def test_times_in_utc_say_that_night_is_by_utc_unless_a_zone_is_stated(tmp_path: Path) -> None:
    rows = [f"2026-11-23T23:{i // 60:02d}:{i % 60:02d}Z,{60 if i > 9 else 0}" for i in range(1800)]
    path = tmp_path / "a.csv"
    path.write_text("\n".join(["observed_at,speed_kmh", *rows]))
    for tz, local, night in ((None, "UTC: no offset", 1.0), ("America/New_York", "Am", 0.0)):
        answer = score_trip(read_trip_table(path, tz))
        factors = {part["factor"]: part["value"] for part in answer["trips"][0]["components"]}
        assert answer["quality"]["local_time"].startswith(local)
        assert factors["night"] == pytest.approx(night)
