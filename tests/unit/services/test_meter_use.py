"""What a meter was expected to use: from its past alone, without the days of anomalies."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from services import meter_use
from services.meter_use import Hours

BERLIN = ZoneInfo("Europe/Berlin")
FIRST = date(2026, 9, 1)
NUMBER = (FIRST - date(1970, 1, 1)).days


def rows(kwh: np.ndarray) -> list[dict[str, Any]]:
    return [
        {"date": FIRST + timedelta(days=n), "energy_kwh": value, "expected": 24, "present": 24}
        for n, value in enumerate(kwh.tolist())
    ]


def hours(kwh: np.ndarray) -> Hours:
    days = NUMBER + np.arange(kwh.size)
    off = ((days + 3) % 7 >= 5).astype(float)
    return Hours(BERLIN, days, off, np.repeat(kwh[:, None] / 24, 24, axis=1))


@given(st.integers(10, 60), st.integers(1, 5), st.integers(0, 2**32 - 1))
@settings(max_examples=20, deadline=None)
def test_an_anomaly_does_not_change_what_is_usual(count: int, odd: int, seed: int) -> None:
    """Whatever a day of an anomaly used, the same is expected of the days after it."""
    random = np.random.default_rng(seed)
    kwh = random.uniform(5.0, 15.0, count)
    at = {FIRST + timedelta(days=count - 1 - n) for n in range(odd)}
    target = FIRST + timedelta(days=count)
    other = kwh.copy()
    other[count - odd :] = random.uniform(0.0, 200.0, odd)
    found = [
        (meter_use.expected_days(rows(each), BERLIN, target, target, at),
         meter_use.expected_hours(hours(each), target, target, at))
        for each in (kwh, other)
    ]  # fmt: skip
    assert found[0] == found[1]
    for day in found[0][0]:
        assert day.low_kwh <= day.kwh <= day.high_kwh


def test_days_of_anomalies_are_local_and_what_lasts_becomes_usual() -> None:
    start = datetime(2026, 9, 10, 23, 30, tzinfo=UTC)  # 01:30 of the 11th
    odd = meter_use.odd_days([(start, start + timedelta(hours=30))], BERLIN, start)
    assert odd == {date(2026, 9, 11), date(2026, 9, 12)}
    now = start + timedelta(days=40)
    assert meter_use.odd_days([(start, None)], BERLIN, now) == set()
    assert len(meter_use.odd_days([(start, None)], BERLIN, start + timedelta(days=5))) == 6


def test_a_day_of_23_and_of_25_hours_has_its_hours() -> None:
    for day, length in ((date(2026, 3, 29), 23), (date(2026, 10, 25), 25)):
        span = meter_use.begin_of(day + timedelta(days=1), BERLIN) - meter_use.begin_of(day, BERLIN)
        assert span == timedelta(hours=length)


@given(st.dates(date(2001, 1, 1), date(2099, 12, 31)))
def test_the_year_before_is_the_same_date(day: date) -> None:
    before = meter_use.year_before(day)
    assert before.year == day.year - 1 and before.month == day.month
    assert before.day == day.day or (day.month, day.day, before.day) == (2, 29, 28)
