"""The period of a meter's page: links lead on and back without a hole, and never too far."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from api.pages.meter_period import MOST_DAYS, SPANS, day_of, period_of

DAYS = st.dates(date(2000, 1, 1), date(2100, 12, 31))
NEWEST = date(2026, 11, 30)


def text(found: dict[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in found.items() if value is not None}


@given(st.sampled_from(SPANS), st.dates(date(2001, 1, 1), date(2026, 11, 30)))
def test_earlier_and_later_periods_touch(span: str, day: date) -> None:
    period = period_of({"span": span, "to": day.isoformat()}, NEWEST)
    assert period.since <= day <= period.until
    before = period_of(text(period.earlier), NEWEST)
    assert before.until == period.since - timedelta(days=1) and before.span == span
    later = before.later(NEWEST)
    assert later is not None and period_of(text(later), NEWEST) == period


@given(DAYS, st.integers(0, MOST_DAYS - 1))
def test_chosen_days_move_by_their_length(since: date, more: int) -> None:
    until = since + timedelta(days=more)
    given_ = {"from": since.isoformat(), "to": until.isoformat()}
    period = period_of(given_, NEWEST)
    if day_of(given_["to"]) is None:
        return
    assert (period.since, period.until, period.span) == (since, until, None)
    before = text(period.earlier)
    if day_of(before["from"]) and day_of(before["to"]):
        assert period_of(before, NEWEST).days == period.days


@given(st.dictionaries(st.sampled_from(["span", "from", "to"]), st.text(max_size=12)))
def test_whatever_is_given_a_period_is_shown(found: dict[str, str]) -> None:
    period = period_of(found, NEWEST)
    assert 1 <= period.days <= MOST_DAYS
