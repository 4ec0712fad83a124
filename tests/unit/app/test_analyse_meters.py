"""`analyse-meters`: a row for each file of a folder, the same by one process or by several."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from app.analysis import insight, portfolio
from app.cli import cli
from proving.bench import meters as bench
from runtime.errors import Usage

RUN = CliRunner()
DAYS = 70


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three homes of a place, one file that does not fit, and the place's temperatures beside."""
    path = tmp_path_factory.mktemp("place")
    (path / "meters").mkdir()
    weather = bench.place(1, DAYS)
    celsius = np.repeat(weather.celsius[: DAYS * 24], 2)
    for number in range(3):
        table = bench.table_of(bench.draw_kwh(np.random.default_rng((3, number)), celsius))
        at = np.datetime_as_string(table.t_us.astype("datetime64[us]"), unit="s")
        rows = [f"{t}Z,{e:.3f}" for t, e in zip(at, table.columns["energy_kwh"], strict=True)]
        text = "\n".join(["start,energy_kwh", *(row for row in rows if "nan" not in row)])
        (path / "meters" / f"{number}.csv").write_text(text + "\n")
    (path / "meters" / "other.csv").write_text("a,b\n1,2\n")
    at = np.datetime_as_string(weather.t_us.astype("datetime64[us]"), unit="s")
    rows = [f"{t}Z,{c:.2f}" for t, c in zip(at, weather.celsius, strict=True)]
    (path / "weather.csv").write_text("\n".join(["time,temperature", *rows]) + "\n")
    return path


def test_a_row_says_what_analyse_meter_says(folder: Path) -> None:
    options = ["--tz", "UTC", "--temperature", str(folder / "weather.csv")]
    result = RUN.invoke(
        cli, ["analyse-meters", str(folder / "meters"), *options, "--workers", "1", "-q"]
    )
    assert result.exit_code == 0, result.output
    answer = json.loads(result.stdout)
    assert [one["file"] for one in answer["refused"]] == ["other.csv"]
    assert [one["file"] for one in answer["meters"]] == ["0.csv", "1.csv", "2.csv"]
    alone = RUN.invoke(cli, ["analyse-meter", str(folder / "meters/0.csv"), *options, "-q"])
    expected, row = json.loads(alone.stdout), answer["meters"][0]
    assert row["base_load_w"] == expected["base_load_w"]
    assert row["energy_kwh"] == pytest.approx(expected["energy_kwh"])
    for name in ("model", "base_kwh", "heating_kwh", "cooling_kwh"):
        assert row[name] == expected["baseline"][name]
    assert row["next_day_kwh"] == expected["forecast"]["energy_kwh"]
    assert len(row["anomalies"]) == len(expected["anomalies"])


@pytest.mark.slow
def test_two_processes_say_the_same_and_write_a_table(folder: Path, tmp_path: Path) -> None:
    wishes = insight.Wishes(temperature=folder / "weather.csv", tz="UTC")
    plan, files = portfolio.Plan(wishes), sorted((folder / "meters").iterdir())
    rows = list(portfolio.analyse_files(files, plan, 2))
    assert rows == list(portfolio.analyse_files(files, plan, 1))
    portfolio.write_table(tmp_path / "out.csv", [row for row in rows if "refused" not in row])
    with (tmp_path / "out.csv").open() as file:
        assert [row["file"] for row in csv.DictReader(file)] == ["0.csv", "1.csv", "2.csv"]


@pytest.mark.slow
def test_the_bench_of_meters_compares_with_the_plain_twin() -> None:
    arguments = ["--meters", "3", "--days", "90", "--workers", "1", "--compared", "2", "--json"]
    result = RUN.invoke(cli, ["bench", "meters", *arguments])
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert found["intervals"] >= 3 * 89 * 48 and found["problems"] == []
    assert found["fit"]["meters"] == 2 and found["fit"]["greatest_difference"] < 1e-6


def test_a_folder_must_have_files(tmp_path: Path) -> None:
    for path in (tmp_path / "none", tmp_path):
        assert isinstance(RUN.invoke(cli, ["analyse-meters", str(path)]).exception, Usage)
