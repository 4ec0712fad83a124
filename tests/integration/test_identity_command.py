"""`tachowatt identity`: as it was, as we knew it, corrections and drivers."""

import json
from collections.abc import Callable

import pytest

from app.cli import cli
from runtime.errors import Usage

Run = Callable[..., str]


@pytest.fixture
def run(
    registered: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    """`run("identity", "show", "car0")`: what the command wrote."""
    monkeypatch.setenv("TACHOWATT_DATABASE_URL", registered)

    def run_(*arguments: str) -> str:
        capsys.readouterr()
        cli(list(arguments), standalone_mode=False)
        return capsys.readouterr().out

    return run_


def test_a_correction_changes_what_was_and_not_what_we_knew(run: Run) -> None:
    at = ("--at", "2026-03-01T12:00+01:00")
    before = json.loads(run("identity", "show", "car0", *at, "--json"))
    assert before == {
        "subject": "vehicle:v0", "contract": "k0", "customer": "c0",
        "driver": {"relation": "unknown", "customer": None},
    }  # fmt: skip
    period = ("--from", "2026-03-01T00:00Z", "--to", "2026-03-02T00:00Z")
    assert "is recorded" in run("identity", "assign", "car0", "vehicle:v2", *period)
    assert "known already" in run("identity", "assign", "car0", "vehicle:v2", *period)
    after = json.loads(run("identity", "show", "car0", *at, "--json"))
    assert (after["subject"], after["customer"]) == ("vehicle:v2", "c2")
    known = ("--known", "2026-11-20T00:00Z")
    assert json.loads(run("identity", "show", "car0", *at, *known, "--json")) == before
    assert "vehicle:v0" in run("identity", "show", "car0", "--at", "2026-03-02T00:00Z")


def test_a_driver_is_what_somebody_said(run: Run) -> None:
    trip = ("--from", "2026-03-01T08:00Z", "--to", "2026-03-01T09:00Z", "--source", "customer")
    assert "is recorded" in run("identity", "driver", "v0", "family", *trip)
    said = run("identity", "show", "car0", "--at", "2026-03-01T08:30Z", "--json")
    assert json.loads(said)["driver"] == {"relation": "family", "customer": None}
    later = run("identity", "show", "car0", "--at", "2026-03-01T09:00Z", "--json")
    assert json.loads(later)["driver"]["relation"] == "unknown"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("show", "nobody"), "there is no device 'nobody'"),
        (("assign", "car0", "v0", "--from", "2026-03-01T00:00Z"), "expected vehicle:ID"),
        (("assign", "car0", "vehicle:x", "--from", "2026-03-01T00:00Z"), "foreign key"),
        (
            ("assign", "car0", "none", "--from", "2026-03-01T00:00Z", "--to", "2026-03-01T00:00Z"),
            "after",
        ),
    ],
)
def test_what_cannot_be_is_refused(run: Run, arguments: tuple[str, ...], message: str) -> None:
    with pytest.raises(Usage, match=message):
        run("identity", *arguments)
