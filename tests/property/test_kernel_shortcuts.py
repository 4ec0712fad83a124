"""Shortcuts of the kernels decide just as the long way does."""

import math

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from feature_kernels.consumption import DEFAULTS, initial_carry
from feature_kernels.consumption import carry as C
from feature_kernels.consumption.base_load_rise import BLOCKS_A_DAY, baseline, may_have_risen
from feature_kernels.driving import carry as D
from feature_kernels.driving.motion import find_ring, push_ring, ring_index
from feature_kernels.geo import farther_than, haversine_m
from feature_kernels.kernel import record

lat = st.floats(-90, 90)
lon = st.floats(-180, 180)
step = st.floats(-1e-3, 1e-3)


@given(lat, lon, lat, lon, st.floats(0, 2.1e7))
@example(0.0, -180.0, 0.0, 180.0, 1.0)
def test_far_places(lat1: float, lon1: float, lat2: float, lon2: float, metres: float) -> None:
    assert farther_than(lat1, lon1, lat2, lon2, metres) == (
        haversine_m(lat1, lon1, lat2, lon2) > metres
    )


@given(st.floats(-89.9, 89.9), st.floats(-179.9, 179.9), step, step, st.integers(-3, 3))
def test_near_places_at_their_very_distance(
    lat1: float, lon1: float, dlat: float, dlon: float, ulps: int
) -> None:
    metres = haversine_m(lat1, lon1, lat1 + dlat, lon1 + dlon)
    for _ in range(abs(ulps)):
        metres = math.nextafter(metres, math.copysign(math.inf, ulps))
    if metres < 0:
        return
    assert farther_than(lat1, lon1, lat1 + dlat, lon1 + dlon, metres) == (
        haversine_m(lat1, lon1, lat1 + dlat, lon1 + dlon) > metres
    )


@given(
    st.lists(st.integers(150_000, 3_000_000), max_size=60),
    st.integers(0, 4_000_000),
    st.one_of(st.floats(0.05, 6.0), st.integers(1, 40).map(lambda k: k / 10.0)),
    st.integers(0, D.SPEED_RING),
)
def test_the_place_of_an_age_in_a_ring(
    steps: list[int], since: int, age_s: float, known: int
) -> None:
    """As by looking at all that was pushed, also at an age to the microsecond, and going on."""
    c = np.zeros(D.CARRY_WIDTH)
    kept: list[float] = []
    t = 1.7e15
    for step in steps:
        t += step
        if not kept or t - kept[-1] >= D.RING_STEP_US:
            kept.append(t)
        push_ring(c, D.RING_AT, D.RING_T, D.RING_V, D.SPEED_RING, t, t)
    now = t + since
    ages = [(now - then) / 1e6 for then in kept[: -D.SPEED_RING - 1 : -1]]
    expected = next((i for i, age in enumerate(ages) if age >= age_s), -1)
    place = find_ring(c, D.RING_AT, D.RING_T, D.SPEED_RING, now, age_s, 0)
    assert place == expected
    for younger, age in enumerate(ages):
        j = ring_index(c, D.RING_AT, D.SPEED_RING, younger)
        assert (now - c[D.RING_V + j]) / 1e6 == age
    if known <= expected:
        assert find_ring(c, D.RING_AT, D.RING_T, D.SPEED_RING, now, age_s, known) == expected


@given(
    st.lists(st.floats(0, 500).map(lambda w: round(w, 1)), min_size=4, max_size=C.BLOCKS),
    st.integers(0, C.BLOCKS - 1),
    st.one_of(st.floats(0, 700), st.integers(0, C.BLOCKS - 1)),
)
def test_no_rise_is_told_without_sorting(lowest: list[float], at: int, held: float | int) -> None:
    """For every level, also one that lies just at a block's, wherever the ring begins."""
    c = initial_carry(1)[0]
    begins = (at - len(lowest)) % C.BLOCKS
    for i, watts in enumerate(lowest):
        c[C.RING_BLOCKS + (begins + i) % C.BLOCKS] = watts
    c[C.BLOCK_RING_AT], c[C.BLOCK_RING_N] = at, len(lowest)
    if isinstance(held, int):
        held = lowest[held % len(lowest)] + DEFAULTS.rise_w
    days = [min(lowest[i : i + BLOCKS_A_DAY]) for i in range(len(lowest) - BLOCKS_A_DAY + 1)]
    median = float(np.sort(days)[len(days) // 2])
    assert baseline(c) == median
    assert may_have_risen(c, record(DEFAULTS), held) == (held > median + DEFAULTS.rise_w)
