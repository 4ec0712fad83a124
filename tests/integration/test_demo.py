"""A small `tachowatt demo` from its first server to its verdict, as a process of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.patience import patient

_OF_THE_WORLD = ("event ", "anomaly ", "p95 ")
"""What so few things, or a machine that does all tests at once, may miss."""


@pytest.mark.slow
def test_a_demo_tells_of_every_crash_and_leaves_nothing(state_dir: Path) -> None:
    arguments = ["--for", "3", "--cars", "10", "--meters", "6", "--json", "--api-port", "0"]
    ran = subprocess.run(
        [sys.executable, "-m", "app.cli", "demo", *arguments],
        env={**os.environ, "TACHOWATT_STATE_DIR": str(state_dir)},
        capture_output=True,
        text=True,
        timeout=patient(150),
        check=False,
    )
    assert ran.stdout, ran.stderr
    answer = json.loads(ran.stdout)
    crashes, contacts = answer["crashes"], answer["contacts"]
    assert crashes["found"] == crashes["contacted"] == crashes["injected"] >= 3
    assert 0.0 < crashes["p95_s"] <= crashes["max_s"]
    assert (contacts["pending"], contacts["failed"]) == (0, 0)
    assert sum(contacts["by_channel"].values()) == contacts["delivered"]
    assert contacts["by_channel"]["webhook"] >= crashes["contacted"]
    assert answer["ledger"]["closes"] and answer["verify"]["clean"]

    assert not [p for p in answer["problems"] if not p.startswith(_OF_THE_WORLD)]
    assert ran.returncode == (1 if answer["problems"] else 0)
    assert answer["calibration"]["slowness"] >= 1.0
    assert all(f"warning: {warning}" in ran.stderr for warning in answer["warnings"])

    before, _, after = ran.stderr.partition("the pages: one click signs you in as somebody")
    assert "the devices deliver their past" in before and "demo: live" in after
    for role in ("insurer", "utility", "agent", "operator", "customer"):
        assert f" {role} " in ran.stderr
    assert ran.stderr.count(" tw_") == 6 and " tw_" not in ran.stdout
    assert (state_dir / "demo" / "access.json").stat().st_mode & 0o077 == 0
    assert not _alive_with(str(state_dir)), "no process is left behind"


def _alive_with(text: str) -> list[str]:
    """Processes that have `text` in their command or environment."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        if int(process.name) != os.getpid():
            found += [
                process.name
                for name in ("cmdline", "environ")
                if text.encode() in _read(process / name)
            ]
    return found


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:  # it has ended, or is somebody else's
        return b""
