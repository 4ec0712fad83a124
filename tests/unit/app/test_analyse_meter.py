"""`analyse-meter`: counts, energies, days and anomalies of files made by hand."""

import json
import struct
from math import fsum
from pathlib import Path
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest
from typer.testing import CliRunner

from app.analysis.meter import analyse_meter
from app.cli import cli
from app.recordings.read import TableError, read_meter_table
from services.interval_formats import ESPI

RUN = CliRunner()
HOUR_US = 3_600_000_000


def stamps(start: str, count: int, step_s: int) -> list[str]:
    """UTC times as ISO 8601."""
    first = np.datetime64(start, "s")
    return [f"{first + np.timedelta64(i * step_s, 's')}Z" for i in range(count)]


def home(count: int, step_s: int = 900, seed: int = 1) -> np.ndarray:
    """Energies of a home, kWh, in whole Wh: 200 W at all times, more in the evening."""
    rng = np.random.default_rng(seed)
    hour = np.arange(count) * step_s / 3600 % 24
    power = 200 + rng.uniform(0, 30, count) + np.where((hour >= 17) & (hour < 22), 600, 0)
    return np.round(power * step_s / 3.6e6, 3)


def answer_of(path: Path, tz: str | None = None) -> dict:
    return analyse_meter(read_meter_table(path, tz))


def write(path: Path, header: str, rows: list[str]) -> Path:
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


def test_the_answer_has_the_promised_form(tmp_path: Path) -> None:
    times, energy = stamps("2026-01-05T00:00", 96 * 14, 900), home(96 * 14)
    energy[96 * 12 + 10] = 2.5
    rows = [f"{t},{e}" for t, e in zip(times, energy, strict=True)]
    answer = answer_of(write(tmp_path / "a.csv", "start,energy_kwh", rows), "Europe/Berlin")
    assert answer["quality"] == {
        "expected": 1344, "present": 1344, "duplicate": 0, "missing": 0, "estimated": 0,
        "ignored_columns": [],
    }  # fmt: skip
    assert answer["energy_kwh"] == fsum(energy)
    assert answer["interval_s"] == 900
    assert answer["base_load_w"] == pytest.approx(210, rel=0.1)
    for part in ("workday", "weekend"):
        profile = answer["profile"][part]
        assert len(profile) == 24
        assert profile[18] == pytest.approx(815, rel=0.02)  # 17 h UTC is 18 h in Berlin
        assert profile[17] == pytest.approx(215, rel=0.05)
    assert set(answer["days"][0]) == {"date", "energy_kwh", "expected", "present"}
    (spike,) = answer["anomalies"]
    assert set(spike) == {
        "kind", "start", "end", "raised_at", "cleared_at", "severity", "confidence",
        "evidence",
    }  # fmt: skip
    assert spike["kind"] == "spike" and spike["start"] == "2026-01-17T03:30:00+01:00"
    assert spike["end"] == "2026-01-17T03:45:00+01:00"
    assert spike["raised_at"] == spike["start"] and spike["cleared_at"] == spike["end"]
    assert {"expected", "observed", "since", "threshold"} <= set(spike["evidence"])
    assert spike["evidence"]["observed"] == pytest.approx(10_000)
    assert spike["evidence"]["reason"] is None
    json.dumps(answer, allow_nan=False)


def test_what_is_still_open_has_no_end(tmp_path: Path) -> None:
    times, energy = stamps("2026-01-05T00:00", 96 * 14, 900), home(96 * 14)
    energy[96 * 13 :] = 0.0
    rows = [f"{t},{e}" for t, e in zip(times, energy, strict=True)]
    (zero,) = answer_of(write(tmp_path / "a.csv", "start,energy_kwh", rows))["anomalies"]
    assert zero["kind"] == "zero" and zero["start"] == "2026-01-18T00:00:00+00:00"
    assert zero["end"] is None and zero["cleared_at"] is None and zero["raised_at"] is not None


def test_missing_duplicate_and_not_measured_intervals_are_counted(tmp_path: Path) -> None:
    times, energy = stamps("2026-01-05T00:00", 96 * 3, 900), home(96 * 3)
    rows = [f"{t},{e}" for t, e in zip(times, energy, strict=True)]
    rows[50] = f"{times[50]},"
    kept = [*rows[:100], *rows[104:], rows[7], rows[8]]
    answer = answer_of(write(tmp_path / "a.csv", "start,energy_kwh", kept))
    assert answer["quality"] | {"ignored_columns": 0} == {
        "expected": 288, "present": 283, "duplicate": 2, "missing": 5, "estimated": 5,
        "ignored_columns": 0,
    }  # fmt: skip
    given = [e for i, e in enumerate(energy) if i != 50 and not 100 <= i < 104]
    assert answer["energy_kwh"] == fsum(given)
    assert [day["present"] for day in answer["days"]] == [95, 92, 96]
    assert fsum(day["energy_kwh"] for day in answer["days"]) == pytest.approx(fsum(given), abs=1e-9)


@pytest.mark.parametrize("step_s", [900, 1800, 3600])
def test_days_of_23_and_25_hours_are_counted_once(tmp_path: Path, step_s: int) -> None:
    """Wall-clock times without an offset over both changes, each hour written as it came."""
    zone = ZoneInfo("Europe/Berlin")
    for start, days, lengths in (
        ("2025-10-24T22:00", 3, [24, 25, 24]),
        ("2026-03-27T23:00", 3, [24, 23, 24]),
    ):
        count = sum(lengths) * 3600 // step_s
        first = np.datetime64(start, "us").astype(np.int64)
        utc = first + np.arange(count) * step_s * 1_000_000
        wall = [
            str(np.datetime64(int(t), "us").astype("datetime64[s]").item().replace(
                tzinfo=ZoneInfo("UTC")).astimezone(zone).replace(tzinfo=None))
            for t in utc
        ]  # fmt: skip
        energy = home(count, step_s)
        rows = [f"{t},{e}" for t, e in zip(wall, energy, strict=True)]
        answer = answer_of(write(tmp_path / "a.csv", "start,energy_kwh", rows), "Europe/Berlin")
        assert answer["quality"]["expected"] == answer["quality"]["present"] == count
        assert answer["quality"]["duplicate"] == 0
        assert answer["energy_kwh"] == fsum(energy)
        per_hour = 3600 // step_s
        assert [day["expected"] for day in answer["days"]] == [n * per_hour for n in lengths]
        edges = np.cumsum([0, *lengths]) * per_hour
        for day, left, right in zip(answer["days"], edges[:days], edges[1:], strict=True):
            assert day["energy_kwh"] == fsum(energy[left:right])


def test_registers_become_intervals(tmp_path: Path) -> None:
    energy = home(96 * 10)
    register = 1234.5 + np.concatenate(([0.0], np.cumsum(energy)))
    times = stamps("2026-01-05T00:00", register.size, 900)
    rows = [f"{t},{r:.3f},1EMH0012" for t, r in zip(times, register, strict=True)]
    path = write(tmp_path / "a.csv", "read_at,register_kwh,meter_number", rows)
    answer = answer_of(path)
    assert answer["quality"]["expected"] == answer["quality"]["present"] == energy.size
    assert answer["quality"]["missing"] == answer["quality"]["estimated"] == 0
    assert answer["energy_kwh"] == pytest.approx(fsum(energy), abs=1e-6)
    assert answer["interval_s"] == 900 and answer["anomalies"] == []
    for number, day in enumerate(answer["days"]):
        expected = fsum(energy[number * 96 : (number + 1) * 96])
        assert day["energy_kwh"] == pytest.approx(expected, abs=1e-6)
        assert day["present"] == day["expected"] == 96


def test_registers_with_a_hole_keep_their_energy(tmp_path: Path) -> None:
    energy = home(96 * 4)
    register = 10 + np.concatenate(([0.0], np.cumsum(energy)))
    times = stamps("2026-01-05T00:00", register.size, 900)
    rows = [f"{t},{r:.3f}" for t, r in zip(times, register, strict=True)]
    del rows[200:208]  # nine intervals between the reads around it
    answer = answer_of(write(tmp_path / "a.csv", "read_at,register_kwh", rows))
    assert answer["quality"]["expected"] == energy.size
    assert answer["quality"]["missing"] == answer["quality"]["estimated"] == 9
    assert answer["energy_kwh"] == pytest.approx(fsum(energy), abs=1e-6)


def test_an_exchange_with_both_readings_at_one_time(tmp_path: Path) -> None:
    energy = home(96 * 4)
    used = np.concatenate(([0.0], np.cumsum(energy)))
    times = stamps("2026-01-05T00:00", used.size, 900)
    old = [f"{t},{500 + u:.3f},OLD" for t, u in zip(times[:201], used[:201], strict=True)]
    new = [f"{t},{u - used[200]:.3f},NEW" for t, u in zip(times[200:], used[200:], strict=True)]
    head = "read_at,register_kwh,meter_number"
    for rows in (old + new, new + old, [*old[:-1], new[0], old[-1], *new[1:]]):
        answer = answer_of(write(tmp_path / "a.csv", head, rows))
        assert answer["energy_kwh"] == pytest.approx(fsum(energy), abs=1e-5)
        assert answer["quality"]["duplicate"] == 0 and answer["quality"]["missing"] == 0
        assert answer["anomalies"] == []


def test_two_meters_in_turns_are_refused(tmp_path: Path) -> None:
    rows = [f"{t},{i},M{i % 2}" for i, t in enumerate(stamps("2026-01-05T00:00", 8, 900))]
    path = write(tmp_path / "a.csv", "read_at,register_kwh,meter_number", rows)
    with pytest.raises(TableError, match=r"meter_number, line 3: found 'M1'.*one meter"):
        read_meter_table(path)


def test_daily_registers_at_local_midnight(tmp_path: Path) -> None:
    """Over the change of clocks: each day has its own register difference, exactly."""
    dates = [f"2026-03-{day:02d}" for day in range(20, 32)]
    register = 100 + np.concatenate(([0.0], np.cumsum(np.arange(5.0, 16.0))))
    rows = [f"{date},{r}" for date, r in zip(dates, register, strict=True)]
    path = write(tmp_path / "a.csv", "read_at,register_kwh", rows)
    answer = answer_of(path, "Europe/Berlin")
    assert [day["energy_kwh"] for day in answer["days"]] == list(np.arange(5.0, 16.0))
    assert answer["interval_s"] == 86_400 and answer["profile"] is None
    assert answer["quality"]["expected"] == answer["quality"]["present"] == 11
    assert answer["anomalies"] == []


def test_seldom_registers_are_periods(tmp_path: Path) -> None:
    rows = [
        "2025-01-03,100", "2025-02-01,350", "2025-03-04,600", "2025-04-02,800", "2025-05-03,900",
    ]  # fmt: skip
    answer = answer_of(write(tmp_path / "a.csv", "read_at,register_kwh", rows), "Europe/Berlin")
    assert answer["energy_kwh"] == pytest.approx(800)
    assert answer["quality"]["expected"] == answer["quality"]["present"] == 4
    assert answer["anomalies"] == [] and answer["base_load_w"] is None and answer["days"] == []


def test_jittered_register_reads_find_their_interval(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    energy = home(96 * 3)
    register = 10 + np.concatenate(([0.0], np.cumsum(energy)))
    first = np.datetime64("2026-01-05T00:00:20", "s")
    times = [
        f"{first + np.timedelta64(int(i * 900 + rng.integers(-15, 16)), 's')}Z"
        for i in range(register.size)
    ]
    rows = [f"{t},{r:.3f}" for t, r in zip(times, register, strict=True)]
    answer = answer_of(write(tmp_path / "a.csv", "read_at,register_kwh", rows))
    assert answer["interval_s"] == 900
    assert answer["quality"]["missing"] == 0
    assert answer["energy_kwh"] == pytest.approx(fsum(energy), abs=1e-5)


def test_status_of_the_sender(tmp_path: Path) -> None:
    times, energy = stamps("2026-01-05T00:00", 96 * 2, 1800), home(96 * 2, 1800)
    letters = ["A"] * 192
    letters[10:14] = ["S14"] * 4  # substituted: given, and not measured
    letters[20] = "N"  # null data: whatever stands beside it is none
    rows = [f"{t},{e},{q}" for t, e, q in zip(times, energy, letters, strict=True)]
    answer = answer_of(write(tmp_path / "a.csv", "start,energy_kwh,quality", rows))
    assert answer["quality"]["present"] == 191 and answer["quality"]["missing"] == 1
    assert answer["quality"]["estimated"] >= 4
    assert answer["energy_kwh"] == fsum(np.delete(energy, 20))


def test_a_single_row(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "start,energy_kwh", ["2026-01-05T00:00:00Z,1.5"])
    answer = answer_of(path)
    assert answer["energy_kwh"] == 1.5 and answer["quality"]["expected"] == 1
    assert any("a single row" in note for note in answer["notes"])
    path = write(tmp_path / "b.csv", "read_at,register_kwh", ["2026-01-05T00:00:00Z,1.5"])
    assert answer_of(path)["energy_kwh"] == 0
    path = write(tmp_path / "c.csv", "start,energy_kwh", ["2026-01-05T00:00:00Z,"])
    assert answer_of(path)["quality"]["present"] == 0


def test_parquet_equals_csv(tmp_path: Path) -> None:
    times, energy = stamps("2026-01-05T00:00", 96 * 3, 900), home(96 * 3)
    rows = [f"{t},{e}" for t, e in zip(times, energy, strict=True)]
    csv = write(tmp_path / "a.csv", "start,energy_kwh", rows)
    parquet = tmp_path / "a.parquet"
    naive = pa.array([np.datetime64(t[:-1], "us") for t in times])
    kind = pa.timestamp("us", "UTC")
    pa.parquet.write_table(pa.table({"start": naive.cast(kind), "energy_kwh": energy}), parquet)
    assert answer_of(csv, "Europe/Berlin") == answer_of(parquet, "Europe/Berlin")


@pytest.mark.parametrize("column", ["energy_kwh", "register_kwh"])
def test_the_command(tmp_path: Path, column: str) -> None:
    energy = home(96 * 12)
    times = stamps("2026-03-20T00:00", energy.size, 900)
    written = energy if column == "energy_kwh" else 50 + np.cumsum(energy)
    rows = [f"{t},{e:.3f}" for t, e in zip(times, written, strict=True)]
    del rows[300:310]
    time = "start" if column == "energy_kwh" else "read_at"
    path = write(tmp_path / "a.csv", f"{time},{column}", rows)
    picture, used = tmp_path / "a.png", tmp_path / "used.csv"
    options = ["--tz", "Europe/Berlin", "--plot", str(picture), "--export", str(used)]
    result = RUN.invoke(cli, ["analyse-meter", str(path), *options])
    assert result.exit_code == 0, result.output
    head = picture.read_bytes()[:24]
    assert head.startswith(b"\x89PNG") and struct.unpack(">II", head[16:24]) == (1600, 900)
    assert picture.stat().st_size > 20_000
    first = json.loads(result.stdout)
    table = pa.csv.read_csv(used)
    assert fsum(v for v in table["energy_kwh"].to_pylist() if v is not None) == pytest.approx(
        first["energy_kwh"], abs=1e-9
    )
    statuses = set(table["status"].to_pylist())
    feed = tmp_path / "used.xml"
    options = ["--tz", "Europe/Berlin", "--export", str(feed), "-q"]
    assert RUN.invoke(cli, ["analyse-meter", str(path), *options]).exit_code == 0
    readings = ElementTree.parse(feed).iter(f"{{{ESPI}}}IntervalReading")
    sent = sum(int(one.findtext(f"{{{ESPI}}}value", "")) for one in readings)
    used_kwh = [table[name].to_pylist() for name in ("energy_kwh", "estimated_kwh")]
    assert sent / 1e6 == pytest.approx(fsum(v for c in used_kwh for v in c if v), abs=1e-5)
    again = RUN.invoke(cli, ["analyse-meter", str(used), "-q"])
    second = json.loads(again.stdout)
    assert second["energy_kwh"] == pytest.approx(first["energy_kwh"], abs=1e-9)
    if column == "energy_kwh":
        assert statuses == {"measured", "estimated"}
        for key in ("energy_kwh", "base_load_w", "profile", "days", "anomalies", "interval_s"):
            assert second[key] == first[key], key
    else:
        assert statuses == {"measured", "spread"}
    assert again.stderr == ""


def test_an_impossible_value_is_a_spike_with_its_reason_and_stands_so_in_the_export(
    tmp_path: Path,
) -> None:
    energy = home(96 * 12)
    energy[1_000] = 24.8
    times = stamps("2026-03-20T00:00", energy.size, 900)
    rows = [f"{t},{e:.3f}" for t, e in zip(times, energy, strict=True)]
    path, used = write(tmp_path / "a.csv", "start,energy_kwh", rows), tmp_path / "used.csv"
    result = RUN.invoke(cli, ["analyse-meter", str(path), "--export", str(used)])
    answer = json.loads(result.stdout)
    (spike,) = answer["anomalies"]
    assert (spike["kind"], spike["evidence"]["reason"]) == ("spike", "IMPLAUSIBLE")
    assert spike["evidence"]["observed"] == pytest.approx(99_200)
    assert answer["energy_kwh"] == pytest.approx(energy.sum() - 24.8, abs=0.5)
    reasons = pa.csv.read_csv(used)["reason"].to_pylist()
    assert reasons[1_000] == "IMPLAUSIBLE" and set(reasons[:1_000]) == {""}


def test_plots_of_seldom_rows(tmp_path: Path) -> None:
    daily = [f"{t},{5 + i % 7}" for i, t in enumerate(stamps("2026-01-05T00:00", 60, 86_400))]
    seldom = [f"2025-{month:02d}-01T00:00:00Z,{300 + month}" for month in range(1, 13)]
    for rows in (daily, seldom, daily[:1], [daily[0].split(",")[0] + ","]):
        path = write(tmp_path / "a.csv", "start,energy_kwh", rows)
        result = RUN.invoke(cli, ["analyse-meter", str(path), "--plot", str(tmp_path / "a.png")])
        assert result.exit_code == 0, result.output
        assert json.loads(result.stdout)["anomalies"] == []
