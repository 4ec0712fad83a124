"""`analyse-meter --registers` and `--temperature`: estimates that fit, and sums that do not."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from app.cli import cli

RUN = CliRunner()
HALF_HOURS = 48
DAYS = 70
COLD = range(60, 63)  # days that are colder than any day of the two weeks before
FIRST = np.datetime64("2026-01-05T00:00", "s")


def stamp(half_hour: int) -> str:
    return f"{FIRST + np.timedelta64(1800 * half_hour, 's')}Z"


def cold_home() -> tuple[np.ndarray, np.ndarray]:
    """Half-hours of a home that is heated, whole Wh, and the hours' temperatures."""
    rng = np.random.default_rng(5)
    celsius = 6.0 + 6.0 * np.sin(np.arange(DAYS) / 6.0)
    celsius[list(COLD)] = -5.0
    hours = np.repeat(celsius, 24) + 2.0 * np.sin(np.arange(DAYS * 24) / 24 * 2 * np.pi)
    heat = 0.12 * np.maximum(15.0 - np.repeat(celsius, HALF_HOURS), 0.0)
    slot = np.arange(DAYS * HALF_HOURS) % HALF_HOURS
    kwh = 0.1 + heat / 2 * (1 + 0.5 * np.cos(slot / 24 * np.pi)) * rng.uniform(0.9, 1.1, slot.size)
    return np.round(kwh, 3), hours


def files(folder: Path, drop: set[int], wrong_kwh: float = 0.0) -> tuple[Path, Path, Path]:
    """Intervals without those of `drop`, registers each day at 00:00, temperatures."""
    kwh, hours = cold_home()
    paths = folder / "i.csv", folder / "r.csv", folder / "t.csv"
    rows = [f"{stamp(i)},{e:.3f}" for i, e in enumerate(kwh.tolist()) if i not in drop]
    paths[0].write_text("\n".join(["start,energy_kwh", *rows]) + "\n")
    total = np.concatenate(([0.0], np.cumsum(kwh)))[::HALF_HOURS] + 4_321.0
    total[41:] += wrong_kwh
    one, two = np.round(total * 0.25, 3), np.round(total - np.round(total * 0.25, 3), 3)
    two[50] += 1.5
    reads = [
        f"{stamp(i * HALF_HOURS)},{total[i]:.3f},{one[i]:.3f},{two[i]:.3f}"
        for i in range(DAYS + 1)
        if i not in COLD
    ]
    header = "read_at,register_kwh,register_t1_kwh,register_t2_kwh"
    paths[1].write_text("\n".join([header, *reads]) + "\n")
    at = [f"{stamp(2 * i)},{c:.1f}" for i, c in enumerate(hours.tolist())]
    paths[2].write_text("\n".join(["time,temperature", *at]) + "\n")
    return paths


def run(*arguments: str) -> tuple[dict, list[dict]]:
    folder = Path(arguments[0]).parent
    result = RUN.invoke(
        cli, ["analyse-meter", *arguments, "--export", str(folder / "out.csv"), "-q"]
    )
    assert result.exit_code == 0, result.output
    with (folder / "out.csv").open() as file:
        return json.loads(result.stdout), list(csv.DictReader(file))


def test_estimates_add_up_to_the_registers_and_sums_are_checked(tmp_path: Path) -> None:
    hole = set(range(60 * HALF_HOURS, 63 * HALF_HOURS)) | set(range(900, 930)) | {1000}
    intervals, registers, _ = files(tmp_path, hole, wrong_kwh=3.0)
    answer, rows = run(str(intervals), "--registers", str(registers), "--tz", "UTC")
    kwh, _ = cold_home()
    found = np.array([float(row["energy_kwh"] or row["estimated_kwh"]) for row in rows])
    for day in (18, 20):
        mine = slice(day * HALF_HOURS, (day + 1) * HALF_HOURS)
        assert np.rint(found[mine] * 1e6).sum() == np.rint(kwh[mine] * 1e6).sum()
    mine = slice(59 * HALF_HOURS, 63 * HALF_HOURS)  # no read on the cold days
    assert np.rint(found[mine] * 1e6).sum() == np.rint(kwh[mine] * 1e6).sum()
    said = answer["validation"]
    assert (said["compared"], said["not_covered"], said["scaled"]) == (DAYS - 3, 0, len(hole))
    differs, tariff = said["findings"]
    assert differs["rule"] == "sum_of_intervals" and differs["start"] == "2026-02-14T00:00:00+00:00"
    assert differs["register_kwh"] - differs["intervals_kwh"] == pytest.approx(3.0)
    assert tariff["rule"] == "tariff_sum" and tariff["start"] == tariff["end"]
    assert tariff["tariffs_kwh"] - tariff["register_kwh"] == pytest.approx(1.5)
    wrong = [row for row in rows if row["reason"] == "SUM_DIFFERS"]
    assert len(wrong) == HALF_HOURS
    assert {row["quality"] for row in wrong} == {"VORLAEUFIGERWERT"}
    counts = {(one["status"], one["reason"]): one["count"] for one in answer["intervals"]}
    assert counts["ERSATZWERT", "HOLE"] == len(hole)
    plain, _ = run(str(intervals), "--tz", "UTC")
    assert plain["anomalies"] == answer["anomalies"] and plain["validation"] is None


def test_days_as_cold_are_the_better_likeness(tmp_path: Path) -> None:
    hole = set(range(60 * HALF_HOURS, 63 * HALF_HOURS))
    intervals, _, weather = files(tmp_path, hole)
    kwh, _ = cold_home()
    truth = kwh[sorted(hole)]
    errors = []
    for options in ((), ("--temperature", str(weather))):
        _, rows = run(str(intervals), "--tz", "UTC", *options)
        found = np.array([float(row["energy_kwh"] or row["estimated_kwh"]) for row in rows])
        errors.append(float(np.abs(found[sorted(hole)] - truth).mean()))
    assert errors[1] < 0.8 * errors[0]


def test_a_registers_hole_has_the_shape_of_like_days_and_its_sum(tmp_path: Path) -> None:
    kwh, _ = cold_home()
    _, _, weather = files(tmp_path, set())
    total = np.concatenate(([0.0], np.cumsum(kwh))) + 50.0
    keep = [i for i in range(total.size) if not 60 * HALF_HOURS < i < 62 * HALF_HOURS]
    path = tmp_path / "reads.csv"
    rows = [f"{stamp(i)},{total[i]:.3f}" for i in keep]
    path.write_text("\n".join(["read_at,register_kwh", *rows]) + "\n")
    errors = []
    hole = slice(60 * HALF_HOURS, 62 * HALF_HOURS)
    for options in ((), ("--temperature", str(weather))):
        _, out = run(str(path), "--tz", "UTC", *options)
        found = np.array([float(row["energy_kwh"] or row["estimated_kwh"]) for row in out])
        assert round(found[hole].sum() * 1e6) == round((total[62 * 48] - total[60 * 48]) * 1e6)
        assert found.sum() == pytest.approx(total[-1] - total[0], abs=1e-9)
        errors.append(float(np.abs(found[hole] - kwh[hole]).mean()))
    assert errors[1] <= errors[0]


def test_registers_need_their_columns(tmp_path: Path) -> None:
    intervals, _, _ = files(tmp_path, set())
    result = RUN.invoke(cli, ["analyse-meter", str(intervals), "--registers", str(intervals)])
    assert result.exit_code == 2 and "register_kwh" in result.stderr
