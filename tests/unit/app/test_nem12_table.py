"""A channel of a NEM12 file is analysed like any other recording."""

import json
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from app.cli import cli
from app.recordings.encoding import TableError
from app.recordings.read import Options, Table, read_meter_table
from contracts.quality import Quality

HOUR_US = 3_600_000_000
MARKET = 10 * HOUR_US


def channel(suffix: str = "E1", unit: str = "kWh", minutes: int = 30, nmi: str = "N1") -> str:
    return f"200,{nmi},E1B1,1,{suffix},N1,01009,{unit},{minutes},20260610\n"


def day(at: date, values: list[str], quality: str = "A") -> str:
    return f"300,{at:%Y%m%d},{','.join(values)},{quality},,,20260401000000,\n"


def read(folder: Path, body: str, tz: str | None = None, name: str | None = None) -> Table:
    file = folder / "export.csv"
    file.write_text(f"100,NEM12,202601010000,MDP1,RETAIL\n{body}900\n")
    return read_meter_table(file, tz, options=Options(channel=name))


@given(st.integers(0, 700), st.sampled_from(["Wh", "kWh", "MWh"]), st.sampled_from([5, 15, 30]))
def test_starts_are_in_the_time_of_the_market(begin: int, unit: str, minutes: int) -> None:
    """UTC+10 all year, whatever the home's zone says of its own days."""
    import tempfile

    first = date(2025, 1, 1) + timedelta(days=begin)
    values = [f"{0.001 * at:.3f}" for at in range(1440 // minutes)]
    body = channel(unit=unit, minutes=minutes) + "".join(
        day(first + timedelta(days=n), values) for n in range(2)
    )
    with tempfile.TemporaryDirectory() as folder:
        table = read(Path(folder), body, "Australia/Sydney")
    midnight = (first - date(1970, 1, 1)).days * 24 * HOUR_US - MARKET
    assert int(table.t_us[0]) == midnight
    assert np.diff(table.t_us).tolist() == [minutes * 60_000_000] * (2 * len(values) - 1)
    assert set(table.offset_us.tolist()) <= {MARKET, 11 * HOUR_US}
    factor = {"Wh": Decimal("0.001"), "kWh": Decimal(1), "MWh": Decimal(1000)}[unit]
    assert table.columns["energy_kwh"].tolist() == [float(Decimal(v) * factor) for v in values] * 2
    assert set(table.columns["quality"].tolist()) == {float(Quality.ABGELESEN)}


def test_the_status_of_each_interval_is_that_of_its_record(tmp_path: Path) -> None:
    body = channel() + day(date(2026, 1, 1), ["1"] * 48, "V")
    body += "400,1,8,A,,\n400,9,20,S14,32,\n400,21,24,N,,\n400,25,48,E52,,\n"
    table = read(tmp_path, body)
    wanted = [Quality.ABGELESEN] * 8 + [Quality.ERSATZWERT] * 12
    wanted += [Quality.FEHLT] * 4 + [Quality.PROGNOSEWERT] * 24
    assert table.columns["quality"].tolist() == [float(one) for one in wanted]
    assert np.flatnonzero(np.isnan(table.columns["energy_kwh"])).tolist() == [20, 21, 22, 23]


def test_a_channel_that_went_from_30_to_5_minutes_is_one(tmp_path: Path) -> None:
    body = channel() + day(date(2026, 1, 1), ["0.6"] * 48)
    body += channel(minutes=5) + day(date(2026, 1, 2), ["0.1"] * 288)
    table = read(tmp_path, body)
    assert table.columns["energy_kwh"].tolist() == [0.6] * 96
    assert set(table.columns["interval_s"].tolist()) == {1800.0}


def test_the_channel_is_named_where_there_are_several(tmp_path: Path) -> None:
    one = day(date(2026, 1, 1), ["1"] * 48)
    feed_in = channel() + one + channel("B1") + one + channel("Q1", "kVArh") + one
    table = read(tmp_path, feed_in)
    assert table.ignored == ("N1/B1", "N1/Q1") and "--channel" in table.guesses[0].option
    assert read(tmp_path, feed_in, name="b1").columns["energy_kwh"].sum() == 48.0
    two = channel() + one + channel(nmi="N2") + day(date(2026, 1, 1), ["2"] * 48)
    with pytest.raises(TableError, match=r"--channel: N1/E1 \(kWh\), N2/E1 \(kWh\)"):
        read(tmp_path, two)
    with pytest.raises(TableError, match="is of several meters"):
        read(tmp_path, two, name="E1")
    assert read(tmp_path, two, name="N2/E1").columns["energy_kwh"].sum() == 96.0
    with pytest.raises(TableError, match="is no channel of energy"):
        read(tmp_path, feed_in, name="Q1")


def test_the_command_analyses_a_channel(tmp_path: Path) -> None:
    file = tmp_path / "nem.csv"
    days = [day(date(2025, 9, 1) + timedelta(days=n), ["0.25"] * 48) for n in range(20)]
    file.write_text("100,NEM12,202601010000,M,R\n" + channel() + "".join(days) + "900\n")
    done = CliRunner().invoke(cli, ["analyse-meter", str(file), "-q", "--channel", "E1"])
    assert done.exit_code == 0, done.output
    answer = json.loads(done.output)
    assert answer["energy_kwh"] == 240.0 and answer["start"] == "2025-09-01T00:00:00+10:00"
    assert answer["quality"]["expected"] == answer["quality"]["present"] == 960
    other = tmp_path / "home.csv"
    other.write_text("start,energy_kwh\n2026-01-01T00:00:00Z,1\n")
    done = CliRunner().invoke(cli, ["analyse-meter", str(other), "-q", "--channel", "E1"])
    assert done.exit_code == 2 and "NEM12" in done.output
