"""Situations of a file, ranked by the command."""

import io
import json
from pathlib import Path
from typing import Any

import pytest

from api.openapi.examples import _ANSWERS
from app import cli

ROOT = Path(__file__).resolve().parents[3]
EXAMPLE = ROOT / "docs/examples/situation.json"
AT = "2026-11-21T10:00:00Z"


def run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str
) -> tuple[int, str, str]:
    monkeypatch.setattr("sys.argv", ["tachowatt", "rank", *arguments])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    shown = capsys.readouterr()
    return int(ended.value.code or 0), shown.out, shown.err


def test_the_example_is_ranked_with_reasons(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = run(monkeypatch, capsys, str(EXAMPLE), "--json")
    (answer,) = json.loads(out)["situations"]
    assert code == 0 and answer["id"] == "c-7"
    first = answer["relevant"][0]
    assert (first["kind"], first["id"]) == ("case", "k1")
    assert {part["id"] for part in first["parts"]} == {"s1", "m1"}
    assert {"urgent", "due_soon", "undelivered"} <= {reason["code"] for reason in first["reasons"]}
    assert all(
        set(r["texts"]) == {"de", "en"} for one in answer["relevant"] for r in one["reasons"]
    )
    assert answer["left_out"] == 1
    assert run(monkeypatch, capsys, str(EXAMPLE), "--json")[1] == out
    code, out, _ = run(monkeypatch, capsys, str(EXAMPLE), "--most", "1")
    assert "1. case k1 (+2)" in out and "2." not in out


def test_the_answer_of_the_api_can_be_ranked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = _ANSWERS["get_customer_context"]["200"]
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(answer)))
    code, out, _ = run(monkeypatch, capsys, "-", "--json")
    (ranked,) = json.loads(out)["situations"]
    assert code == 0
    assert len(ranked["relevant"]) == len(answer["relevant"])


ITEM: dict[str, Any] = {"kind": "case", "id": "a", "at": AT}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("{", "not JSON: Expecting property name"),
        ('{"as_of": NaN}', "not JSON: NaN is no number"),
        ("[]", "expected a situation with as_of and items"),
        ({"as_of": AT}, "items: Field required"),
        ({"as_of": "yesterday", "items": []}, "as_of: Input should be a valid datetime"),
        ({"as_of": "2026-11-21T10:00:00", "items": []}, "as_of: Input should have timezone"),
        ({"as_of": AT, "items": [ITEM | {"kind": "order"}]}, "items.0.kind: expected case, crash"),
        ({"as_of": AT, "items": [ITEM | {"severity": 4}]}, "items.0.severity: Input should"),
        ({"as_of": AT, "items": [ITEM | {"bogus": 4}]}, "items.0.bogus: Extra inputs"),
        ({"as_of": AT, "items": [ITEM, ITEM]}, "items.1.id: case 'a' stands there twice"),
        ([{"as_of": AT, "items": []}, {"as_of": AT, "items": [1]}], "1.items.0: Input should be"),
        ({"situations": [{"as_of": AT, "items": [{}]}]}, "situations.0.items.0.kind: Field"),
    ],
)  # fmt: skip
def test_an_error_says_where_and_what_is_expected(
    content: Any,
    says: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = tmp_path / "situation.json"
    text = content if isinstance(content, str) else json.dumps(content)
    file.write_text(text, encoding="utf-8")
    code, out, err = run(monkeypatch, capsys, str(file), "--json")
    assert (code, out) == (2, "")
    assert err.startswith(f"error: {file}: ") and says in err and err.count("\n") == 1


def test_a_file_that_is_not_there(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    code, _, err = run(monkeypatch, capsys, str(tmp_path / "none.json"))
    assert code == 2 and "No such file" in err
