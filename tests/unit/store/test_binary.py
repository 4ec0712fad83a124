"""Rows of the binary COPY format."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from store.postgres.binary import decode, encode, encode_rows, encode_with_arrays


@given(
    st.lists(
        st.tuples(
            st.integers(-(2**62), 2**62),
            st.floats(allow_nan=False),
            st.integers(1, 2**52),
            st.lists(st.floats(), min_size=3, max_size=3),
        ),
        min_size=1,
        max_size=20,
    )
)
def test_binary_rows_round_trip(rows: list) -> None:
    columns = {
        "n": np.array([r[0] for r in rows], np.int64),
        "x": np.array([r[1] for r in rows]),
        "at_us": np.array([r[2] for r in rows], np.int64),
        "hist": np.array([r[3] for r in rows]).reshape(-1, 3),
    }
    found = decode(encode(columns), ["int", "float", "time", "floats:3"])
    for name, column in zip(columns, found, strict=True):
        assert np.array_equal(column, columns[name], equal_nan=columns[name].dtype.kind == "f")


@given(
    st.lists(
        st.tuples(
            st.integers(-(2**63), 2**63 - 1),
            st.floats(allow_nan=True, allow_infinity=True),
            st.just(0) | st.integers(1, 2**60),
        ),
        min_size=1,
        max_size=20,
    )
)
def test_the_kernel_encodes_rows_as_numpy_does(rows: list) -> None:
    columns = {
        "n": np.array([r[0] for r in rows], np.int64),
        "x": np.array([r[1] for r in rows])[:],
        "at_us": np.array([r[2] for r in rows], np.int64),
    }
    assert encode_rows(columns) == encode_with_arrays(columns)
