"""What is found by counting and by two-sums is what sorting and `math.fsum` find."""

import math

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from feature_kernels.consumption.ranks import half_at_most, ranked, three_ranked
from feature_kernels.sums import exact_sums

EXAMPLES = settings(max_examples=150, deadline=None, derandomize=True)
finite = st.floats(allow_nan=False, allow_infinity=False, width=32)
few = st.sampled_from([0.0, 0.1, 0.25, 3.0, 1e9])


@EXAMPLES
@given(
    st.lists(finite | few, min_size=1, max_size=30),
    st.integers(0, 29),
    finite | few | st.just(math.nan),
    st.integers(1, 4),
)
def test_a_rank_is_the_place_among_the_sorted_values(values, rank, near, step):
    carry = np.full(5 + step * len(values), 7.0)
    carry[5::step] = values
    rank %= len(values)
    ascending = sorted(values)
    assert ranked(carry[5::step], rank, near) == ascending[rank]
    ranks = (0, rank, len(values) // 2)
    assert three_ranked(np.array(values), *ranks) == tuple(ascending[at] for at in ranks)


@EXAMPLES
@given(st.lists(finite | few, min_size=1, max_size=30), finite | few, st.sampled_from([0.5, 0.7]))
def test_the_median_is_compared_without_being_found(values, most, share):
    median = sorted(values)[len(values) // 2]
    assert half_at_most(np.array(values), share, most) == (share * median <= most)


@EXAMPLES
@given(
    st.lists(
        st.lists(
            st.floats(-1e300, 1e300) | st.sampled_from([1.0, 2.0**-53, 2.0**-106, -1e30, 0.1]),
            max_size=12,
        ),
        max_size=6,
    )
)
@example([[1.0, 2.0**-53], [1.0, 2.0**-53, 2.0**-106], [2.0**53, 1.0, 1.0], []])
@example([[1.0, 2.0**-53, -(2.0**-120)], [1e16, 1.0, -1e16, 2.0**-60]])
def test_sums_are_those_of_fsum(parts):
    edges = np.concatenate(([0], np.cumsum([len(part) for part in parts]))).astype(np.int64)
    values = np.array([value for part in parts for value in part], np.float64)
    assert exact_sums(values, edges).tolist() == [math.fsum(part) for part in parts]


def test_a_sum_that_loses_something_is_noticed():
    """Thousandths of a kWh of a day add up exactly; values far apart do not, and go to fsum."""
    from feature_kernels.sums import add_up

    day = np.round(np.random.default_rng(1).gamma(2.0, 0.2, 48), 3)
    apart = np.array([1.0, 2.0**-60, 2.0**-120])
    sums, sure = np.zeros(2), np.zeros(2, np.bool_)
    add_up(np.concatenate((day, apart)), np.array([0, 48, 51]), sums, sure)
    assert sure.tolist() == [True, False]
    assert sums[0] == math.fsum(day)
