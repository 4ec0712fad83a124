"""Samples of one instant are joined, in any order."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ingest.decoding.pack import LAYOUTS, join_values, same_values

maybe = st.none() | st.sampled_from([0.0, 1.0, 2.5, -3.0])


row = st.lists(maybe, min_size=10, max_size=10).map(
    lambda values: np.array([np.nan if v is None else v for v in values])
)


@given(row, row, row)
def test_joining_is_a_semilattice(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> None:
    layout = LAYOUTS["meter"]

    def join(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        return join_values(x, y, layout)

    assert same_values(join(a, b), join(b, a))
    assert same_values(join(join(a, b), c), join(a, join(b, c)))
    assert same_values(join(a, a), a)
