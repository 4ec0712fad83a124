"""Settings: documented, read from the environment, checked."""

from contextlib import nullcontext

import pytest

from runtime.settings import Settings, as_markdown


def test_settings_are_documented() -> None:
    from pathlib import Path

    document = Path(__file__).parents[3] / "docs" / "settings.md"
    assert document.read_text() == as_markdown(), "run `tachowatt settings --markdown`"


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TACHOWATT_BATCH_MESSAGES", "7")
    assert Settings().batch_messages == 7


@pytest.mark.parametrize(("zone", "fine"), [("Africa/Cairo", True), ("Atlantic/Azores", False)])
def test_a_rollup_zone_has_one_midnight_a_day(zone: str, fine: bool) -> None:
    with nullcontext() if fine else pytest.raises(ValueError, match="midnight occurs twice"):
        Settings(rollup_zone=zone)
