"""What the weather did between two periods, of homes whose heating is known."""

import numpy as np
import pytest

from customer_context.metering.weather_effect import effect
from customer_context.metering.weather_model import Spans, hourly

HOUR_US, DAY_US = 3_600_000_000, 86_400_000_000
T0 = 1_704_067_200_000_000
DAYS = 730


def home(slope: float, seed: int = 3) -> tuple[Spans, np.ndarray]:
    """Days of a home with 8 kWh a day and `slope` for each degree below 15 °C; hourly °C."""
    random = np.random.default_rng(seed)
    hour = np.arange(DAYS * 24)
    celsius = 10.0 - 9.0 * np.cos(2 * np.pi * hour / 8766) + 3.0 * np.sin(2 * np.pi * hour / 24)
    celsius += np.repeat(random.normal(0.0, 3.0, DAYS), 24)
    degrees = np.maximum(15.0 - celsius, 0.0).reshape(DAYS, 24).mean(axis=1)
    kwh = 8.0 + slope * degrees + random.normal(0.0, 0.8, DAYS)
    start = T0 + np.arange(DAYS) * DAY_US
    return Spans(start, start + DAY_US, kwh, np.zeros(DAYS)), celsius


@pytest.mark.parametrize("slope", [0.0, 0.6, 1.5])
def test_the_effect_is_that_of_the_degrees(slope: float) -> None:
    """30 days of the second January against those of the first, which was 4 K warmer."""
    spans, celsius = home(slope)
    celsius[: 31 * 24] += 4.0
    degrees = np.maximum(15.0 - celsius, 0.0).reshape(DAYS, 24).mean(axis=1)
    now, before = slice(366, 396), slice(1, 31)
    past = np.zeros(DAYS, bool)
    past[31:366] = True
    weather = hourly(T0 + np.arange(celsius.size) * HOUR_US, celsius)
    parts = [spans.part(np.isin(np.arange(DAYS), np.arange(DAYS)[at])) for at in (now, before)]
    found = effect(spans.part(past), weather, parts[0], parts[1])
    assert found is not None
    truth = slope * float(degrees[now].sum() - degrees[before].sum())
    assert found.kwh == pytest.approx(truth, rel=0.08, abs=1.0)
    assert abs(found.kwh - truth) <= 2.0 * found.either_kwh + 1.0
    back = effect(spans.part(past), weather, parts[1], parts[0])
    assert back is not None and back.kwh == pytest.approx(-found.kwh)


def test_too_little_is_known() -> None:
    spans, celsius = home(1.0)
    days = np.arange(DAYS)
    now, before, past = (spans.part((days >= a) & (days < b)) for a, b in
                         ((700, 730), (335, 365), (400, 700)))  # fmt: skip
    t_us = T0 + np.arange(celsius.size) * HOUR_US
    assert effect(past, hourly(t_us, celsius), now, before) is not None
    assert effect(past.part(np.arange(300) < 50), hourly(t_us, celsius), now, before) is None
    assert effect(past, hourly(t_us, np.full(celsius.size, 9.0)), now, before) is None
    cut = t_us < T0 + 710 * DAY_US
    assert effect(past, hourly(t_us[cut], celsius[cut]), now, before) is None
