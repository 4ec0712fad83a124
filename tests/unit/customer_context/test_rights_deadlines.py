"""The period of Art. 12(3): a month by the calendar, in the customer's time zone."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customer_context.rights.deadlines import due_at, may_extend

BERLIN = "Europe/Berlin"


@pytest.mark.parametrize(
    ("received", "due", "extended"),
    [
        ("2026-11-30T09:00:00+01:00", "2026-12-30", "2027-02-28"),
        ("2027-01-31T09:00:00+01:00", "2027-02-28", "2027-04-30"),
        ("2028-01-31T09:00:00+01:00", "2028-02-29", "2028-04-30"),
        ("2026-12-15T23:30:00+00:00", "2027-01-16", "2027-03-16"),  # already the 16th in Berlin
    ],
)
def test_examples(received: str, due: str, extended: str) -> None:
    at = datetime.fromisoformat(received)
    assert due_at(at, BERLIN).date().isoformat() == due
    assert due_at(at, BERLIN, extended=True).date().isoformat() == extended
    assert may_extend(at, BERLIN, due_at(at, BERLIN))
    assert not may_extend(at, BERLIN, due_at(at, BERLIN) + timedelta(seconds=1))


@given(st.integers(1_577_836_800, 2_840_140_800).map(lambda s: datetime.fromtimestamp(s, UTC)))
def test_a_month_is_28_to_31_days_and_never_more(at: datetime) -> None:
    days = (due_at(at, BERLIN) - at) / timedelta(days=1)
    assert 28 - 1 / 24 <= days <= 32 + 1 / 24
    longer = (due_at(at, BERLIN, extended=True) - at) / timedelta(days=1)
    assert 89 - 1 / 24 <= longer <= 93 + 1 / 24
