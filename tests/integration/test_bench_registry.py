"""The benches of the registry write all rows, and follow every change."""

from pathlib import Path

import pytest

from proving.bench import import_, registry
from runtime.clock import SystemClock
from runtime.settings import Settings


def _quiet(what: str, done: int, of: int) -> None:
    """Show no progress."""


@pytest.mark.slow
def test_an_import_writes_all_rows_of_the_file(state_dir: Path) -> None:
    found = import_.run(Settings(state_dir=state_dir), SystemClock(), 200, _quiet)
    assert found["rows"] == 1_000 and found["ratio"] > 0


@pytest.mark.slow
def test_each_change_is_followed(state_dir: Path) -> None:
    found = registry.run(Settings(state_dir=state_dir), SystemClock(), 200, _quiet)
    assert "the registry does not have what was written" not in found["problems"]
