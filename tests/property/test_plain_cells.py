"""Columns that are read in one pass are what the readers of all forms make of them, errors too."""

from pathlib import Path

import numpy as np
import pyarrow as pa
from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.recordings.cells import RawTable
from app.recordings.plain_cells import plain_numbers, plain_times
from app.recordings.times import absolute_times
from app.recordings.values import Numbers, numbers
from contracts.units import METER_COLUMNS
from runtime.errors import Usage

EXAMPLES = settings(max_examples=150, deadline=None, derandomize=True)
ENERGY = next(column for column in METER_COLUMNS if column.name == "energy_kwh")

plain = st.from_regex(r"\A-?[0-9]{1,5}(\.[0-9]{1,4})?\Z")
odd = st.sampled_from(
    ["", "-", ".5", "5.", "+1.5", "1,5", "1e3", " 2", "abc", "1.234.567", "12 345", "inf", "-0.0",
     "0.1234567890123456789", "12345678901234567890", "1_0", "٣"]
)  # fmt: skip
date = st.from_regex(r"\A(19|20|21)[0-9]{2}-(0[0-9]|1[0-3])-[0-3][0-9]\Z")
clock = st.from_regex(r"\A[T ][0-2][0-9]:[0-6][0-9](:[0-6][0-9](\.[0-9]{1,7})?)?\Z")
offset = st.sampled_from(["", "Z", "+01:00", "-05:30", "+0100", "+01", "z", "+25:00", " Z"])


def raw_of(name, cells):
    """A file with one column; a dictionary of texts is what only the readers of all forms read."""
    return RawTable(Path("x.csv"), {name: cells}, (), True, lambda row: f"row {row + 1}")


def outcome(read, name, cells):
    guesses = []
    try:
        return read(raw_of(name, cells), guesses), guesses
    except Usage as error:
        return str(error), guesses


def assert_same(read, name, cells):
    ours, guessed = outcome(read, name, pa.array(cells, pa.string()))
    theirs, also = outcome(read, name, pa.array(cells, pa.string()).dictionary_encode())
    assert guessed == also
    assert ours == theirs if isinstance(theirs, str) else True
    return ours, theirs


@EXAMPLES
@given(st.lists(plain, min_size=1, max_size=12), st.lists(odd, max_size=1), st.booleans())
@example(["123.456", "1.234"], [], True)
@example(["123.456", "0.234"], [], False)
@example(["123.456", "1234"], [""], False)
def test_numbers(cells, others, unlimited):
    def read(raw, guesses):
        how = Numbers(unlimited=unlimited, choose=lambda *_: (True, "x"))
        return numbers(raw, ENERGY, how, guesses)

    ours, theirs = assert_same(read, "energy_kwh", cells + others)
    if not isinstance(theirs, str):
        np.testing.assert_array_equal(ours, theirs)
        assert np.array_equal(np.signbit(ours), np.signbit(theirs))


@EXAMPLES
@given(
    st.lists(st.tuples(date, clock), min_size=1, max_size=6),
    offset,
    offset,
    st.sampled_from([None, "Europe/Berlin"]),
)
@example([("2024-02-29", "T23:59:59.999999")], "+01:00", "+01:00", None)
@example([("2100-02-29", " 00:00")], "Z", "Z", None)
@example([("2024-03-31", "T02:30")], "", "", "Europe/Berlin")
def test_times(parts, one, other, tz):
    def read(raw, guesses):
        return absolute_times(raw, "start", tz)

    cells = [day + clock + one for day, clock in parts]
    cells[-1] = "".join(parts[-1]) + other
    ours, theirs = assert_same(read, "start", cells)
    if not isinstance(theirs, str):
        for name in ("t_us", "offset_us", "missing"):
            np.testing.assert_array_equal(getattr(ours, name), getattr(theirs, name), name)
        assert (ours.local, ours.guesses) == (theirs.local, theirs.guesses)
        assert (ours.wall is None) == (theirs.wall is None)


def test_plain_columns_take_the_short_way():
    """The two ways are compared above only where there are two."""
    kwh = plain_numbers(pa.array(["0.125", "", "-3.5"])[1:])
    assert kwh is not None
    np.testing.assert_array_equal(kwh, [np.nan, -3.5])
    assert plain_numbers(pa.array(["1.234"])) is None  # a thousand, or one and a quarter?
    assert plain_numbers(pa.array(["0,5"])) is None
    found = plain_times(pa.array(["2024-07-01T00:00:00+02:00", "2024-07-01T00:30:00+02:00"]))
    assert found is not None
    assert found.offset_us is not None
    assert found.offset_us.tolist() == [7_200_000_000] * 2
    assert np.diff(found.wall_us).tolist() == [1_800_000_000]
    assert plain_times(pa.array(["2024-07-01T00:00Z", "2024-07-01T00:30"])) is None
