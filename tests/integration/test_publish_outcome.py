"""`tachowatt publish` beside a running service: what became of the messages, and what to do."""

import json
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import process
from tests.fix_postgres import open_folder
from tests.process import Tachowatt

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def run() -> Iterator[Run]:
    """`run("publish", …)` beside an embedded service with a registry: code, stdout, stderr."""
    folder = open_folder()
    service = Tachowatt("serve", state=folder)
    try:
        service.wait_ready()
        service.wait_for("tachowatt is ready")

        def run_(*arguments: str) -> tuple[int, str, str]:
            done = process.run(*arguments, folder=folder, TACHOWATT_STATE_DIR=str(folder))
            return done.returncode, done.stdout, done.stderr

        assert run_("import", str(EXAMPLES / "registry.yaml"))[0] == 0
        yield run_
        service.send_signal(signal.SIGINT)
        assert service.wait(10.0) == 0, service.log
    finally:
        service.kill()
        shutil.rmtree(folder, ignore_errors=True)


def publish(run: Run, device: str, file: str = "drive.csv") -> tuple[int, dict[str, Any], str]:
    code, text, said = run("publish", str(EXAMPLES / file), "--device", device)
    return code, json.loads(text)["outcome"], said


def test_stored_then_duplicate(run: Run) -> None:
    start = ("--start", "2026-11-20T10:00:00Z")
    command = ("publish", str(EXAMPLES / "drive.csv"), "--device", "demo/car-1", *start)
    code, text, said = run(*command)
    outcome = json.loads(text)["outcome"]
    assert code == 0 and outcome["stored"] == json.loads(text)["published"] > 0, said
    assert outcome["refused"] == outcome["dead_lettered"] == outcome["missing"] == 0
    code, text, said = run(*command)
    again = json.loads(text)["outcome"]
    assert code == 0 and again["duplicate"] == outcome["stored"] and again["stored"] == 0, said


def test_an_unregistered_device_is_named_with_the_remedy(run: Run) -> None:
    code, outcome, said = publish(run, "demo/nobody")
    assert code == 1 and outcome["stored"] == 0
    (reason,) = outcome["reasons"]
    assert reason["reason"] == "unknown_device" and reason["count"] == outcome["dead_lettered"] > 0
    assert "tachowatt import" in said and "unknown_device" in said


def test_without_consent_it_says_who_has_to_agree(run: Run, tmp_path: Path) -> None:
    registry = tmp_path / "registry.yaml"
    registry.write_text(
        "customers: [{tenant: demo, id: silent, name: Silent, language: en}]\n"
        "vehicles: [{tenant: demo, id: silent-car, name: Car}]\n"
        "contracts: [{tenant: demo, id: s1, customer: silent, kind: motor, vehicle: silent-car, "
        "valid_from: 2020-01-01T00:00:00Z}]\n"
        "devices: [{tenant: demo, id: car-silent, kind: vehicle}]\n"
        "assignments: [{tenant: demo, device: car-silent, vehicle: silent-car, "
        "valid_from: 2020-01-01T00:00:00Z}]\n"
    )
    code, _, said = run("import", str(registry))
    assert code == 0, said
    code, outcome, said = publish(run, "demo/car-silent")
    assert code == 1 and outcome["refused"] > 0 and outcome["stored"] == 0
    assert "consent" in said and "demo/car-silent" in said
