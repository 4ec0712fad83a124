"""Real recordings through the file commands. They lie beside the repository, never in it."""

import csv
import gzip
import json
from collections import defaultdict
from collections.abc import Callable
from math import fsum
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from app.cli import cli

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
METERS = DATA / "meters" / "eemeter"
CAROBD = DATA / "vehicles" / "carobd"
STEP_S = 0.491  # what the rows of the OBD logger really are apart
MAP = "t_s=ENGINE_RUN_TINE (),speed_kmh=VEHICLE_SPEED ()"

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason=f"{DATA} is absent")

Run = Callable[..., dict]


@pytest.fixture(scope="module")
def run() -> Run:
    """Run a command and return its answer."""

    def run(*arguments: str | Path) -> dict:
        result = CliRunner().invoke(cli, [str(argument) for argument in arguments])
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    return run


def obd(name: str) -> np.ndarray:
    """Speeds of an OBD log, km/h."""
    with (CAROBD / f"{name}.csv").open() as file:
        rows = list(csv.reader(file))
    at = rows[0].index("VEHICLE_SPEED ()")
    return np.array([float(row[at]) for row in rows[1:]])


def home(name: str) -> list[tuple[str, float]]:
    """Rows (start, kWh) of a home, those without a value left out."""
    with gzip.open(METERS / f"{name}.csv.gz", "rt") as file:
        rows = list(csv.reader(file))[1:]
    return [(start, float(value)) for start, value in rows if value not in ("", "nan")]


@pytest.mark.parametrize("name", ["drive1", "live1"])
def test_obd_distance_is_the_integral_of_speed_over_true_time(
    run: Run, tmp_path: Path, name: str
) -> None:
    speed = obd(name)
    t = np.arange(speed.size) * STEP_S
    path = tmp_path / "true.csv"
    lines = (f"{a:.3f},{b}\n" for a, b in zip(t, speed, strict=True))
    path.write_text("t_s,speed_kmh\n" + "".join(lines))
    trips = run("score-trip", path)["trips"]
    assert trips
    integral = float(np.trapezoid(speed / 3.6, t))
    assert fsum(trip["distance_m"] for trip in trips) == pytest.approx(integral, rel=0.01)
    for trip in trips:
        inside = (t >= trip["start_s"] - 1e-6) & (t <= trip["end_s"] + 1e-6)
        part = float(np.trapezoid(speed[inside] / 3.6, t[inside]))
        assert trip["distance_m"] == pytest.approx(part, rel=0.01)


@pytest.mark.parametrize("name", ["drive1", "live1"])
def test_obd_files_as_they_are(run: Run, name: str) -> None:
    """Three or four rows stand under one second of engine run time, and 25 columns are foreign."""
    speed = obd(name)
    answer = run("score-trip", CAROBD / f"{name}.csv", "--map", MAP)
    integral = float(np.trapezoid(speed / 3.6, dx=STEP_S))
    found = fsum(trip["distance_m"] for trip in answer["trips"])
    assert found == pytest.approx(integral, rel=0.01)
    assert answer["quality"]["samples"] == speed.size
    idling = [event for event in answer["events"] if event["kind"] == "idling"]
    assert answer["events"] == idling  # calm drives: as with the true times
    t = np.arange(speed.size) * STEP_S
    for event in idling:  # the log's own rows stand there; its seconds are read, not its rows
        stands = (t > event["start_s"] + 5.0) & (t < event["end_s"] - 5.0)
        assert event["end_s"] - event["start_s"] >= 60.0 and np.median(speed[stands]) == 0.0
    assert len(answer["quality"]["ignored_columns"]) == 25


def test_an_idling_car_makes_no_trip(run: Run) -> None:
    answer = run("score-trip", CAROBD / "idle1.csv", "--map", MAP)
    assert answer["trips"] == [] and answer["events"] == []
    assert any("line 1214 is cut off" in note for note in answer["quality"]["notes"])


def test_hourly_home_with_offsets(run: Run) -> None:
    name = "il-electricity-cdd-hdd-hourly"
    rows = home(name)
    answer = run("analyse-meter", METERS / f"{name}.csv.gz", "--map", "energy_kwh=value")
    assert answer["interval_s"] == 3600
    assert answer["quality"] | {"ignored_columns": []} == {
        "expected": 19_417, "present": 19_417, "duplicate": 0, "missing": 0, "estimated": 0,
        "ignored_columns": [],
    }  # fmt: skip
    assert answer["energy_kwh"] == fsum(value for _, value in rows)
    assert {d["energy_kwh"] for d in answer["days"]} == {
        fsum(values) for values in by_day(rows).values()
    }
    lengths = {day["date"]: day["expected"] for day in answer["days"] if day["expected"] != 24}
    assert lengths == {
        "2016-03-13": 23, "2016-11-06": 25, "2017-03-12": 23, "2017-11-05": 25,
    }  # fmt: skip
    # 2,000 and 1,800 kWh a year by the set's own truth: 228 and 205 W.
    assert answer["base_load_w"] == pytest.approx(217, rel=0.2)


def by_day(rows: list[tuple[str, float]]) -> dict[str, list[float]]:
    """Energies by the date that the file itself writes."""
    days: dict[str, list[float]] = defaultdict(list)
    for start, value in rows:
        days[start[:10]].append(value)
    return days


def test_daily_and_monthly_homes(run: Run) -> None:
    for name, interval_s in (("daily", 86_400), ("billing_monthly", None)):
        name = f"il-electricity-cdd-hdd-{name}"
        rows = home(name)
        answer = run("analyse-meter", METERS / f"{name}.csv.gz", "--map", "energy_kwh=value")
        assert answer["energy_kwh"] == fsum(value for _, value in rows)
        assert answer["quality"]["present"] == len(rows)
        assert answer["quality"]["missing"] == 1  # the last row bears no value
        assert answer["profile"] is None and answer["base_load_w"] is None
        if interval_s is not None:
            assert answer["interval_s"] == interval_s
            assert [d["energy_kwh"] for d in answer["days"]] == [value for _, value in rows]
        else:
            assert answer["anomalies"] == []


@pytest.mark.parametrize("zone", ["Europe/London", "UTC"])
def test_half_hourly_home_without_offsets(run: Run, tmp_path: Path, zone: str) -> None:
    """Fifteen stamps stand twice, five holes; its clock ignores daylight saving."""
    name = "uk-electricity-hdd-only-hourly-sample-1"
    once = dict(home(name))
    path = METERS / f"{name}.csv.gz"
    answer = run("analyse-meter", path, "--tz", zone, "--map", "energy_kwh=value")
    assert answer["energy_kwh"] == fsum(once.values())
    assert answer["quality"] | {"ignored_columns": []} == {
        "expected": 22_573, "present": 22_521, "duplicate": 15, "missing": 52, "estimated": 52,
        "ignored_columns": [],
    }  # fmt: skip
    assert [a["kind"] for a in answer["anomalies"]].count("gap") == 1  # a whole day is absent
    total = fsum(day["energy_kwh"] for day in answer["days"] if day["energy_kwh"] is not None)
    assert total == pytest.approx(answer["energy_kwh"], abs=1e-9)
    lengths = {day["date"]: day["expected"] for day in answer["days"] if day["expected"] != 48}
    if zone == "UTC":
        assert lengths == {}
        days = {day["date"]: day["energy_kwh"] for day in answer["days"]}
        assert {date: energy for date, energy in days.items() if energy is not None} == {
            date: fsum(values) for date, values in by_day(list(once.items())).items()
        }
    else:
        assert lengths == {"2012-10-28": 50, "2013-03-31": 46, "2013-10-27": 50}


def test_a_time_without_offset_is_refused_with_the_remedy() -> None:
    path = METERS / "uk-electricity-hdd-only-hourly-sample-1.csv.gz"
    result = CliRunner().invoke(cli, ["analyse-meter", str(path), "--map", "energy_kwh=value"])
    assert result.exit_code == 2
    assert "column start, line 2" in result.stderr and "--tz" in result.stderr


def test_plots_and_exports(run: Run, tmp_path: Path) -> None:
    meter = METERS / "uk-electricity-hdd-only-hourly-sample-1.csv.gz"
    zone = ("--tz", "Europe/London", "--map", "energy_kwh=value")
    used = tmp_path / "meter.csv"
    first = run("analyse-meter", meter, *zone, "--export", used, "--plot", tmp_path / "meter.png")
    second = run("analyse-meter", used)
    for key in ("energy_kwh", "base_load_w", "profile", "days", "anomalies"):
        assert second[key] == first[key]
    used = tmp_path / "trip.csv"
    drive = CAROBD / "live1.csv"
    first = run(
        "score-trip", drive, "--map", MAP, "--export", used, "--plot", tmp_path / "trip.png"
    )
    assert run("score-trip", used)["trips"] == first["trips"]
    for name in ("meter", "trip"):
        assert (tmp_path / f"{name}.png").stat().st_size > 30_000
