"""A slow machine is measured as slow, limits grow with that, and progress renews them."""

import os

import pytest

from runtime import calibration
from runtime.calibration import ENVIRONMENT, Limit, known_slowness, slowness
from runtime.clock import ManualClock


def test_the_factor_is_wall_time_over_that_of_the_reference_machine() -> None:
    clock = ManualClock()
    round_s = calibration._REFERENCE_S
    assert slowness(clock, lambda: clock.advance(3 * round_s)) == pytest.approx(3.0, rel=1e-3)
    assert slowness(clock, lambda: clock.advance(round_s / 4)) == 1.0


def test_it_is_measured_once_and_handed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ENVIRONMENT, "2.5")
    assert known_slowness(ManualClock()) == 2.5
    monkeypatch.setenv(ENVIRONMENT, "0.1")
    assert known_slowness(ManualClock()) == 1.0
    monkeypatch.setenv(ENVIRONMENT, "no number")
    assert known_slowness(ManualClock()) == 1.0  # a clock that stands still measures a fast machine
    assert os.environ[ENVIRONMENT] == "1.00"


def test_a_limit_grows_with_the_factor_and_begins_anew_with_progress(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(ENVIRONMENT, "2.5")
    clock = ManualClock()
    limit = Limit(clock, 10.0)
    clock.advance(20.0)
    assert not limit.over() and limit.seconds == 25.0
    limit.renew()
    clock.advance(24.0)
    assert not limit.over()
    clock.advance(1.0)
    assert limit.over()
