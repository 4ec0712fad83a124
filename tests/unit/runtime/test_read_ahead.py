from collections.abc import Generator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.read_ahead import read_ahead


class Source:
    """Gives numbers, then raises if it shall; says what it has done."""

    def __init__(self, count: int, fails: bool = False) -> None:
        self.count, self.fails, self.made, self.closed = count, fails, 0, 0

    def items(self) -> Generator[int, None, None]:
        try:
            for number in range(self.count):
                self.made += 1
                yield number
            if self.fails:
                raise LookupError("gone")
        finally:
            self.closed += 1


@given(st.integers(0, 20), st.integers(1, 5))
def test_all_items_come_in_their_order(count: int, depth: int) -> None:
    source = Source(count)
    assert list(read_ahead(source.items(), depth)) == list(range(count))
    assert source.closed == 1


@given(st.integers(0, 20), st.integers(1, 5))
def test_an_error_comes_after_the_items_before_it(count: int, depth: int) -> None:
    source = Source(count, fails=True)
    read: list[int] = []
    with pytest.raises(LookupError, match="gone"):
        read.extend(read_ahead(source.items(), depth))
    assert read == list(range(count))
    assert source.closed == 1


@given(st.integers(1, 10), st.integers(1, 5))
def test_who_stops_early_closes_the_source(most: int, depth: int) -> None:
    source = Source(1_000)
    items = read_ahead(source.items(), depth)
    assert [next(items) for _ in range(most)] == list(range(most))
    items.close()  # type: ignore[attr-defined]
    assert source.closed == 1
    assert source.made <= most + depth
