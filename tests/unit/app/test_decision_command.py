"""Trying a decision on a file."""

import json
from pathlib import Path
from typing import Any

import pytest

from app import cli

EXAMPLE = Path(__file__).resolve().parents[3] / "docs/examples/decision.json"


def run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str
) -> tuple[int, str, str]:
    monkeypatch.setattr("sys.argv", ["tachowatt", *arguments])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    shown = capsys.readouterr()
    return int(ended.value.code or 0), shown.out, shown.err


def test_the_example_is_decided_and_every_action_explained(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = run(monkeypatch, capsys, "decision", "try", str(EXAMPLE), "--json")
    answer = json.loads(out)
    assert code == 0
    assert [one["action"] for one in answer["winners"]] == ["ev-tariff", "time-of-use-tariff"]
    assert "9 of the last 30 nights" in answer["winners"][0]["text"]
    _, listed, _ = run(monkeypatch, capsys, "action", "list", "--json")
    assert {one["action"] for one in answer["candidates"]} == {
        one["action"] for one in json.loads(listed)
    }
    hail = ("decision", "try", str(EXAMPLE), "--with", "weather.hail_24h=true")
    _, out, _ = run(monkeypatch, capsys, *hail)
    assert out.startswith("1. Hail (hail-notice, agent)")
    assert "heat-explains-use: applicable" in out


@pytest.mark.parametrize(
    ("changed", "options", "says"),
    [
        ({"facts": {"weather.rain": True}}, [], "facts: there is no fact 'weather.rain'"),
        ({"facts": {"case.open": 1.5}}, [], "case.open: expected a whole number"),
        ({"consents": ["everything"]}, [], "consents: expected driving_score"),
        ({"places": ["fax"]}, [], "places: expected agent"),
        ({"zone": "Mars"}, [], "zone: no IANA time zone"),
        ({"as_of": "now"}, [], "as_of: Input should be a valid datetime"),
        ({}, ["--with", "case.open"], "expected FACT=VALUE"),
        ({}, ["--with", "case.open=many"], "expected a whole number"),
        ({}, ["--with", "nope="], "there is no fact"),
        ({}, ["--actions", "/nowhere"], "/nowhere"),
    ],
)
def test_wrong_input_says_what_is_expected(
    changed: dict[str, Any],
    options: list[str],
    says: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = tmp_path / "request.json"
    file.write_text(json.dumps({**json.loads(EXAMPLE.read_text()), **changed}), encoding="utf-8")
    code, out, err = run(monkeypatch, capsys, "decision", "try", str(file), "--json", *options)
    assert (code, out) == (2, "")
    assert err.startswith("error: ") and says in err


def test_a_folder_of_actions_is_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = run(monkeypatch, capsys, "action", "check")
    assert code == 0 and "good: 9 actions" in out
    (tmp_path / "i.yaml").write_text("id: i\n", encoding="utf-8")
    code, out, _ = run(monkeypatch, capsys, "action", "check", str(tmp_path), "--json")
    assert code == 1 and "i.yaml: version: Field required" in json.loads(out)["error"]
