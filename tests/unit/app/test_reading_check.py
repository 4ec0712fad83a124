"""Readings of a meter: the verdict and its range, from registers and from interval values."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from app.analysis.known_register import known_register
from app.cli import cli
from app.recordings.read import read_meter_table
from customer_context.metering import words
from customer_context.metering.reading_check import Verdict, judge
from customer_context.metering.reading_range import DAY_US, Register, expected_range
from proving.readings.prove import prove

T0 = 1_704_067_200_000_000


def register(days: int = 400, start: float = 12_300.0) -> Register:
    """A home of 10 kWh a day, more in winter."""
    use = 10.0 + 4.0 * np.cos(2 * np.pi * np.arange(days) / 365.25)
    return Register(
        T0 + DAY_US * np.arange(days + 1), start + np.concatenate(([0], np.cumsum(use)))
    )


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        (lambda kwh: kwh, "plausible"),
        (lambda kwh: kwh - 60, "too_low"),
        (lambda kwh: kwh + 900, "too_high"),
        (lambda kwh: int("61" + str(kwh)[2:]), "digits_swapped"),
        (lambda kwh: 48_211, "wrong_meter"),
    ],
)
def test_verdicts(change, verdict: str) -> None:
    known = register()
    right = int(known.kwh[-1]) + 28
    assert str(right)[:2] == "16"
    answer = judge(known, int(known.t_us[-1]) + 2 * DAY_US, float(change(right)))
    assert answer.verdict == verdict
    assert answer.low is not None and answer.high is not None
    assert answer.low < right < answer.high
    assert set(words.reason(answer)) == {"de", "en"}
    assert (words.question(answer, "N1") is None) == (verdict == "plausible")


@given(
    st.integers(60, 420),
    st.integers(30, 400),
    st.sampled_from([0.4, 0.8, 1.0, 1.5, 2.2]),
    st.integers(1, 366),
)
def test_the_expected_register_lies_in_its_range(
    days: int, changed: int, factor: float, ahead: int
) -> None:
    """Also where a lasting change of use makes all forecasts of the past err to one side."""
    use = np.where(np.arange(days) < changed, 10.0, 10.0 * factor)
    known = Register(
        T0 + DAY_US * np.arange(days + 1), 500.0 + np.concatenate(([0], np.cumsum(use)))
    )
    expected, low, high = expected_range(known, int(known.t_us[-1]) + ahead * DAY_US)
    assert low <= expected <= high
    assert judge(known, int(known.t_us[-1]) + ahead * DAY_US, expected).verdict == "plausible"


@given(st.integers(0, 399), st.floats(-0.4, 0.4))
def test_a_reading_within_the_recording_is_known(day: int, off: float) -> None:
    known = register()
    at = int(known.t_us[day])
    assert judge(known, at, float(known.kwh[day]) + off).verdict == "plausible"
    assert judge(known, at, float(known.kwh[day]) + 30.0).verdict != "plausible"


@given(st.integers(1, 120))
def test_the_range_grows_with_the_time_ahead(days: int) -> None:
    known = register()
    near, far = (
        judge(known, int(known.t_us[-1]) + ahead * DAY_US, 0.0) for ahead in (days, 2 * days)
    )
    assert near.high is not None and near.low is not None and near.expected is not None
    assert far.high is not None and far.low is not None
    assert near.high - near.low <= far.high - far.low
    assert near.low <= near.expected <= near.high


@given(st.integers(1, 27), st.floats(0.5, 1.7))
def test_a_reading_between_two_known_ones_is_bounded_by_both(day: int, level: float) -> None:
    """A home's use is not even within a month: only what both ends exclude is questioned."""
    known = Register(T0 + DAY_US * np.array([0, 28, 56]), np.array([1_000.0, 1_280.0, 1_560.0]))
    share = day / 28
    least, most = max(0.5 * share, 1.7 * share - 0.7), min(1.7 * share, 0.5 + 0.5 * share)
    used = 280.0 * float(np.clip(level * share, least, most))
    at = T0 + day * DAY_US
    assert judge(known, at, 1_000.0 + used).verdict == "plausible"
    assert judge(known, at, 950.0).verdict != "plausible"
    assert judge(known, at, 1_333.0).verdict != "plausible"


@given(st.integers(0, 6 * 24))
def test_the_hours_ahead_are_forecast_from_the_same_hours(hour: int) -> None:
    """A home that uses all its energy in three hours of the evening, known by the hour."""
    use = np.where(np.arange(60 * 24) % 24 >= 21, 3.0, 0.1)
    hours = np.arange(60 * 24 + 1) * (DAY_US // 24)
    whole = Register(T0 + hours, 5_000.0 + np.concatenate(([0.0], np.cumsum(use))))
    last = 53 * 24
    known = Register(whole.t_us[: last + 1], whole.kwh[: last + 1])
    ahead = judge(known, int(whole.t_us[last + hour]), float(np.floor(whole.kwh[last + hour])))
    assert ahead.verdict == "plausible"
    assert ahead.low is not None and ahead.high is not None
    assert ahead.high - ahead.low < 2.0 + 0.1 * hour + 3.1


def test_a_display_cuts_the_fraction_off_and_a_person_rounds_it() -> None:
    known = register()
    at, exact = int(known.t_us[200]), float(known.kwh[200])
    for given_kwh in (np.floor(exact), np.round(exact)):
        assert judge(known, at, float(given_kwh)).verdict == "plausible"
    for wrong in (exact - 3.0, exact + 3.0):
        assert judge(known, at, wrong).verdict != "plausible"


def test_two_readings_a_year_say_little_about_the_next() -> None:
    """A straight line between two readings is no proof that every week is alike."""
    known = Register(T0 + DAY_US * np.array([0, 365]), np.array([1_000.0, 4_650.0]))
    after = int(known.t_us[-1]) + 30 * DAY_US
    for kwh in (4_650.0 + 170.0, 4_650.0 + 450.0):
        assert judge(known, after, kwh).verdict == "plausible", kwh
    assert judge(known, after, 4_600.0).verdict == "too_low"
    assert judge(known, after, 5_777.0).verdict == "too_high"


def test_one_reading_knows_only_that_a_register_does_not_run_backwards() -> None:
    known = Register(np.array([T0]), np.array([1_000.0]))
    assert judge(known, T0 + 10 * DAY_US, 1_300.0).verdict == "plausible"
    assert judge(known, T0 + 10 * DAY_US, 900.0).verdict == "too_low"
    assert judge(known, T0 + 10 * DAY_US, 1_888.0).verdict == "wrong_meter"
    assert judge(None, T0, 900.0).verdict is Verdict.UNKNOWN


@given(st.integers(8, 40))
def test_a_register_rolls_over_where_it_has_run_through_its_digits(use: int) -> None:
    """From five kWh before the end of five digits, in four days."""
    before = register(400, 0.0)
    known = Register(before.t_us, before.kwh + 10**5 - 5 - before.kwh[-1])
    at = int(known.t_us[-1]) + 4 * DAY_US
    whole = judge(known, at, 10.0**5 - 5 + use)
    wrapped = judge(known, at, float(use - 5), digits=5)
    assert (wrapped.verdict == "plausible") == (whole.verdict == "plausible")
    assert judge(known, at, 100_020.0, digits=5).verdict == "wrong_meter"


def test_seeded_errors_of_simulated_homes_are_questioned() -> None:
    found = prove(3, 1_500)
    assert sum(found.questioned.values()) >= 0.96 * sum(found.wrong.values())
    assert found.right_questioned <= 0.03 * found.right


@pytest.mark.parametrize("column", ["register_kwh", "energy_kwh"])
def test_the_command(tmp_path: Path, column: str) -> None:
    known = register(60, 0.0)
    file = tmp_path / "m.csv"
    stamps = [str(np.datetime64(int(t), "us")) + "Z" for t in known.t_us]
    if column == "register_kwh":
        rows = [f"{t},{kwh:.3f}" for t, kwh in zip(stamps, known.kwh, strict=True)]
        file.write_text("\n".join(["read_at,register_kwh", *rows]) + "\n")
    else:
        use = np.diff(known.kwh)
        rows = [f"{t},{kwh:.3f}" for t, kwh in zip(stamps[:-1], use, strict=True)]
        file.write_text("\n".join(["start,energy_kwh", *rows]) + "\n")
    last = round(float(known.kwh[-1]))
    command = ["check-reading", str(file), "--at", stamps[-1], "--json", "--reading"]
    done = CliRunner().invoke(cli, [*command, str(last)])
    assert done.exit_code == 0, done.output
    answer = json.loads(done.stdout)
    assert answer["verdict"] == "plausible" and answer["question"] is None
    done = CliRunner().invoke(cli, [*command, str(last * 3)])
    answer = json.loads(done.stdout)
    assert answer["verdict"] == "wrong_meter"
    assert answer["question"] == "Is it the right meter that you are reading?"
    assert (
        CliRunner()
        .invoke(cli, ["check-reading", str(file), "--at", "x", "--reading", "1"])
        .exit_code
    )


def _exchanged(kwh: np.ndarray) -> None:
    kwh[200:] += 12.0 - kwh[200]


def _boot_zero(kwh: np.ndarray) -> None:
    kwh[150] = 0.0


def _misread(kwh: np.ndarray) -> None:
    kwh[150] += 9_000.0


def _rolled_over(kwh: np.ndarray) -> None:
    kwh[:] = (kwh - kwh[180] + 1e5) % 1e5


@pytest.mark.parametrize("happened", [_exchanged, _boot_zero, _misread, _rolled_over])
def test_a_file_with_a_fault_of_the_register_is_judged_by_its_use(tmp_path: Path, happened) -> None:
    known = register(300, 45_000.0)
    kwh = known.kwh.copy()
    happened(kwh)
    rows = [f"{np.datetime64(int(t), 'us')}Z,{k:.1f}" for t, k in zip(known.t_us, kwh, strict=True)]
    file = tmp_path / "m.csv"
    file.write_text("\n".join(["read_at,register_kwh", *rows]) + "\n")
    table = read_meter_table(file)
    for day in (100, 151, 250, 300):
        at = int(known.t_us[day])
        then = known_register(table, at)
        assert judge(then, at, float(kwh[day])).verdict == "plausible", day
        assert judge(then, at, float(kwh[day]) + 60.0).verdict != "plausible", day
    if happened in (_boot_zero, _misread):
        at = int(known.t_us[150])
        assert judge(known_register(table, at), at, float(kwh[150])).verdict != "plausible"


def test_meters_of_a_folder_are_ranked(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    hours = np.arange(70 * 24)
    stamps = [
        str(np.datetime64("2024-01-01T00:00") + np.timedelta64(int(h), "h")) + "Z" for h in hours
    ]
    shape = 0.2 + 0.6 * ((hours % 24 >= 17) & (hours % 24 < 22))
    for name, factor in (("clean", 1.0), ("scaled", 0.3)):
        kwh = shape * rng.uniform(0.8, 1.2, hours.size)
        kwh[56 * 24 :] *= factor
        rows = [f"{t},{e:.3f}" for t, e in zip(stamps, kwh, strict=True)]
        (tmp_path / f"{name}.csv").write_text("\n".join(["start,energy_kwh", *rows]) + "\n")
    (tmp_path / "broken.csv").write_text("nothing\n1\n")
    done = CliRunner().invoke(cli, ["rank-meters", str(tmp_path), "--tz", "UTC"])
    assert done.exit_code == 0, done.output
    answer = json.loads(done.stdout)
    assert [meter["file"] for meter in answer["meters"]] == ["scaled.csv", "clean.csv"]
    assert answer["meters"][0]["score"] > 0.9 > answer["meters"][1]["score"]
    assert answer["meters"][0]["window"]["start"] == "2024-02-26"
    assert [one["file"] for one in answer["refused"]] == ["broken.csv"]
    path = tmp_path / "rank.json"
    options = ["--tz", "UTC", "--window-start", "2024-02-11", "--out", str(path)]
    done = CliRunner().invoke(cli, ["rank-meters", str(tmp_path), *options])
    assert done.exit_code == 0 and not done.stdout, done.output
    first = json.loads(path.read_text())["meters"][0]
    assert (first["file"], first["window"]["start"]) == ("scaled.csv", "2024-02-25")
