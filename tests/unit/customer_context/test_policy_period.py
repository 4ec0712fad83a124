"""The year of insurance that a date is in."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customer_context.scoring.policy_period import policy_period

BERLIN = ZoneInfo("Europe/Berlin")
INSTANTS = st.integers(946_684_800, 2_208_988_800).map(lambda s: datetime.fromtimestamp(s, UTC))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("begin", "end", "as_of", "year"),
    [
        ("2024-03-01", None, "2026-11-30", ("2026-03-01", "2027-03-01")),
        ("2024-03-01", None, "2027-03-01", ("2026-03-01", "2027-03-01")),
        ("2024-03-01", None, "2024-03-02", ("2024-03-01", "2025-03-01")),
        ("2024-02-29", None, "2025-06-01", ("2025-02-28", "2026-02-28")),
        ("2024-03-01", "2026-08-01", "2026-11-30", ("2026-03-01", "2026-08-01")),
    ],
)
def test_a_year_begins_at_the_anniversary_and_ends_at_the_renewal(
    begin: str, end: str | None, as_of: str, year: tuple[str, str]
) -> None:
    found = policy_period(at(begin), None if end is None else at(end), at(as_of), BERLIN)
    assert found == (at(year[0]), at(year[1]))


@given(INSTANTS, INSTANTS)
def test_the_date_is_in_its_year(begin: datetime, as_of: datetime) -> None:
    if as_of <= begin:
        return
    start, end = policy_period(begin, None, as_of, BERLIN)
    assert begin <= start < as_of <= end and 364 <= (end - start).days <= 366
