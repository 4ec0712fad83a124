"""Readiness to bill equals its plain twin, for any reads."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from contracts.quality import Quality
from customer_context.metering.ready import End, SumCheck, missing, nearest
from tests.oracles import ready as oracle

T0 = datetime(2026, 1, 1, tzinfo=UTC)
Read = tuple[int, int, int, tuple[int, int] | None]
TARIFFS = st.none() | st.tuples(st.integers(0, 25), st.integers(0, 25))
READ = st.tuples(st.integers(-300, 300), st.integers(0, 50), st.integers(0, 6), TARIFFS)


def end(read: Read | None) -> End | None:
    if read is None:
        return None
    tariffs = None if read[3] is None else (float(read[3][0]), float(read[3][1]))
    at = T0 + timedelta(hours=read[0])
    return End(at, float(read[1]), Quality(read[2]), "meter", tariffs=tariffs)


@given(st.lists(READ, unique_by=lambda read: read[0], max_size=6))
def test_the_read_that_stands_for_a_day(reads: list[Read]) -> None:
    ends = [one for one in map(end, reads) if one is not None]
    assert nearest(ends, T0) == end(oracle.nearest(reads, 0))


@given(st.none() | READ, st.none() | READ, st.booleans())
def test_what_is_missing(start: Read | None, finish: Read | None, dispute: bool) -> None:
    found = missing(end(start), end(finish), dispute=dispute)
    assert set(found) == oracle.missing(start, finish, dispute) and len(set(found)) == len(found)


@given(st.integers(0, 40), st.integers(0, 40), st.integers(0, 9), st.integers(0, 2))
def test_what_the_sum_of_intervals_says(
    intervals: int, register: int, fine: int, gone: int
) -> None:
    found = SumCheck(float(intervals), float(register), float(fine), gone).verdict
    assert found == oracle.verdict(intervals, register, fine, gone)
