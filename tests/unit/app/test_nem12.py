"""NEM12 files: totals are exact, qualities are kept, what does not fit is named with its line."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from app.cli import cli
from app.recordings.nem12 import as_answer, read_nem12
from runtime.errors import Usage

HEAD = "100,NEM12,200506081149,UNITEDDP,NEMMCO\n"
CHANNEL = "200,NEM1201009,E1E2,1,E1,N1,01009,kWh,30,20050610\n"
END = "900\n"


def day(date: str, values: list[str], quality: str = "A", updated: str = "20050310121004") -> str:
    return f"300,{date},{','.join(values)},{quality},,,{updated},20050310182204\n"


def write(path: Path, text: str) -> Path:
    file = path / "export.csv"
    file.write_text(text)
    return file


def read(path: Path, text: str) -> dict[str, Any]:
    return as_answer(read_nem12(write(path, text)))


def test_a_day_with_two_qualities(tmp_path: Path) -> None:
    text = HEAD + CHANNEL + day("20050301", ["0.461"] * 48)
    text += day("20050302", ["0.1"] * 48, "V") + "400,1,28,S14,32,\n400,29,48,A,,\n"
    text += "500,O,S01009,20050310,1.5\n" + END
    (channel,) = read(tmp_path, text)["channels"]
    assert (channel["nmi"], channel["suffix"], channel["unit"]) == ("NEM1201009", "E1", "kWh")
    first, second = channel["days"]
    assert first == {"date": "2005-03-01", "energy": 22.128, "quality": "A"}
    assert (second["energy"], second["quality"]) == (4.8, "V")
    assert [part["quality"] for part in second["parts"]] == ["S14", "A"]


@given(st.lists(st.decimals(0, 99_999, places=4), min_size=48, max_size=48))
def test_totals_are_those_of_decimal_numbers(values: list[Decimal]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        text = HEAD + CHANNEL + day("20050301", [str(value) for value in values]) + END
        (channel,) = read(Path(folder), text)["channels"]
    assert channel["days"][0]["energy"] == float(sum(values))


def test_values_without_data_may_be_left_empty(tmp_path: Path) -> None:
    values = ["0.5"] * 10 + [""] * 10 + ["0.25"] * 28
    text = HEAD + CHANNEL + day("20050301", values, "V")
    text += "400,1,10,A,,\n400,11,20,N,,\n400,21,48,A,,\n"
    text += day("20050302", [""] * 48, "N") + END
    (channel,) = read(tmp_path, text)["channels"]
    assert [one["energy"] for one in channel["days"]] == [12.0, 0.0]
    with pytest.raises(Usage, match="no value for interval 20, whose quality is not N"):
        read(tmp_path, text.replace("400,11,20,N,,\n400,21", "400,11,19,N,,\n400,20"))


def test_a_file_of_a_portal_may_lack_its_frame_but_is_not_cut_off(tmp_path: Path) -> None:
    whole = CHANNEL + day("20050301", ["1"] * 48)
    assert read(tmp_path, whole) == read(tmp_path, HEAD + whole + END)
    with pytest.raises(Usage, match="cut off"):
        read(tmp_path, HEAD + whole)


def test_the_version_that_was_updated_last_counts(tmp_path: Path) -> None:
    new = day("20050301", ["2"] * 48, "S52", "20050401000000")
    old = day("20050301", ["1"] * 48, "E52", "20050310")
    for text in (old + new, new + old):
        (channel,) = read(tmp_path, HEAD + CHANNEL + text + END)["channels"]
        assert channel["days"] == [{"date": "2005-03-01", "energy": 96.0, "quality": "S52"}]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("start,value\n", "expected the record 100,NEM12"),
        (HEAD + day("20050301", ["1"] * 48) + END, "before any record 200"),
        (HEAD + CHANNEL + day("20050301", ["1"] * 47) + END, "48 values of 30 minutes"),
        (HEAD + CHANNEL + day("20050231", ["1"] * 48) + END, "expected YYYYMMDD"),
        (HEAD + CHANNEL + day("20050301", ["1"] * 47 + ["x"]) + END, "expected a number"),
        (HEAD + CHANNEL + day("20050301", ["1"] * 48, "X") + END, "and then their quality"),
        (HEAD + CHANNEL + day("20050301", ["1"] * 48, "V") + END, "do not cover it"),
        (HEAD + CHANNEL + day("20050301", ["1"] * 48), "cut off"),
        (HEAD + END, "no record 200"),
    ],
)
def test_what_does_not_fit_is_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(Usage, match=message):
        read(tmp_path, text)


def test_the_command_prints_json_and_refuses_with_2(tmp_path: Path) -> None:
    good = write(tmp_path, HEAD + CHANNEL + day("20050301", ["1"] * 48) + END)
    done = CliRunner().invoke(cli, ["import-meter", str(good), "--json"])
    assert done.exit_code == 0
    assert json.loads(done.output)["channels"][0]["energy"] == 48.0
