"""The kernels that align a phone, against their twins: cells, lags, agreement, rows."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feature_kernels import inertial
from feature_kernels.inertial import evidence, frames, grid, smoothing
from feature_kernels.inertial.speed import Motion
from tests.oracles import inertial_grid as oracle

P = inertial.DEFAULTS
STEP = round(P.grid_s * 1e6)
seeds = st.integers(0, 2**32 - 1)


def recording(rng, n):
    """Times 5 to 300 ms apart with a few gaps, and vectors of which some are not measured."""
    t_us = np.cumsum(rng.integers(5_000, 300_000, n) + 5_000_000 * (rng.random(n) < 0.02))
    rows = rng.normal(0.0, 3.0, (n, 3))
    rows[rng.random(n) < 0.2, rng.integers(0, 3)] = np.nan
    return t_us, rows


def signals(rng, n):
    """Heard, change of speed, speed and yaw rate, with holes."""
    columns = rng.normal(0.0, 1.0, (3, n))
    for column in columns:
        at = rng.integers(0, n)
        column[at : at + rng.integers(0, max(n // 3, 1))] = np.nan
    return rng.normal(size=n) + 1j * rng.normal(size=n), *columns


@given(seeds, st.integers(2, 80))
@settings(max_examples=20, deadline=None)
def test_stretches_equal_their_oracle(seed, n):
    rng = np.random.default_rng(seed)
    t_us, accel = recording(rng, n)
    gyro = rng.normal(size=(n, 3))
    found = inertial.stretches(t_us, accel, gyro, P)
    times, rows = t_us.tolist(), accel.tolist()
    pieces = [
        (a, b) for a, b in oracle.pieces(times, rows, P.gap_s * 1e6)
        if times[b] - times[a] >= 2_000_000
    ]  # fmt: skip
    assert len(found) == len(pieces)
    for piece, (a, b) in zip(found, pieces, strict=True):
        assert piece.t_us.tolist() == list(range(times[a] + STEP // 2, times[b], STEP))
        part = times[a : b + 1], rows[a : b + 1]
        points = piece.t_us.tolist()
        assert np.allclose(piece.accel, oracle.cells(*part, points, STEP), atol=1e-9)
        assert np.allclose(piece.vibration, oracle.vibration(*part, points), atol=1e-9)
        near = [i for i in range(n) if times[a] - 1e6 <= times[i] <= times[b] + 1e6]
        turned = oracle.cells(
            [times[i] for i in near], [gyro[i].tolist() for i in near], points, STEP
        )
        assert np.isnan(piece.gyro).all() or np.allclose(piece.gyro, turned, atol=1e-9)


@given(seeds, st.integers(2, 60), st.integers(-10, 40), st.booleans())
@settings(max_examples=20, deadline=None)
def test_the_fit_of_a_lag_equals_its_oracle(seed, n, lag, of_course):
    heard, accel, speed, yaw = signals(np.random.default_rng(seed), n)
    said = evidence._padded(accel, speed, yaw, 44)
    c, room = np.empty(n, np.complex128), np.empty((n, 3))
    found = evidence._fit(heard, said, lag, 44, of_course, 0.9, 7, room, c)
    fit, expected = oracle.fit(heard, accel, speed, yaw, lag, of_course, 0.9, 7)
    assert np.allclose(c, expected, rtol=1e-9, atol=1e-9)
    assert found == pytest.approx(fit, rel=1e-6, abs=1e-6)  # may be 0/0: differences of rounding
    agreed = evidence._agreement(c, 7, 0.9)
    assert agreed == pytest.approx(oracle.agreement(c.tolist(), 7, 0.9), abs=1e-6)


@pytest.mark.parametrize("lag_s", [-0.9, 0.0, 0.6, 1.7, 3.9])
@pytest.mark.parametrize("of_course", [True, False])
def test_the_lag_is_found_among_all(lag_s, of_course):
    """The thinned look leads to the lag that is best among all of them."""
    rng = np.random.default_rng(1)
    smooth = smoothing.both_ways(rng.normal(size=(6_000, 3)), np.ones(6_000), P.grid_s, 0.7)
    accel, yaw, speed = 3.0 * smooth[:, 0], smooth[:, 1], 15.0 + smooth[:, 2]
    rows = round(lag_s / P.grid_s)
    said = Motion(np.roll(speed, rows), np.roll(accel, rows), np.roll(yaw, rows))
    rate = said.yaw if of_course else yaw
    heard = (accel + 1j * speed * yaw) * np.exp(0.4j)
    fit, found, c = evidence.best_lag(heard, said, rate, P)
    assert found == pytest.approx(lag_s)
    tried = evidence._Lags(heard, said, rate, P)
    assert fit == max(tried.fit(lag) for lag in range(-10, 41))
    assert np.angle(np.sum(c)) == pytest.approx(0.4, abs=0.01)


@given(seeds, st.integers(2, 12), st.booleans())
@settings(max_examples=30, deadline=None)
def test_rows_get_the_accelerations_of_the_grid(seed, points, confident):
    rng = np.random.default_rng(seed)
    t_us, accel = recording(rng, 40)
    t_us = t_us // 25_000 * 25_000 + np.arange(40)  # some are just half a step from the grid
    t_us[::3] -= np.arange(40)[::3]
    t_us = np.unique(t_us)
    accel = accel[: t_us.size]
    origin = int(t_us[0]) + 50_000
    at = origin + STEP * np.arange(points)
    car, slow, added = rng.normal(size=(3, points)), rng.normal(size=(points, 3)), rng.normal(
        size=(points, 2)
    )  # fmt: skip
    rotation = rng.normal(size=(points, 3, 3))
    smooth, raw = np.full((3, t_us.size), np.nan), np.full((2, t_us.size), np.nan)
    frames.onto_rows(
        t_us, *np.ascontiguousarray(accel.T), -1.0, origin, STEP, car, rotation, slow, added,
        confident, 0, t_us.size, 0, smooth, raw,
    )  # fmt: skip
    known = ~np.isnan(accel).any(axis=1)
    assert np.isnan(smooth[:, ~known]).all() and np.isnan(raw[:, ~known]).all()
    for k in range(3):
        assert np.allclose(smooth[k, known], np.interp(t_us, at, car[k])[known], atol=1e-9)
    near = np.clip(np.rint((t_us - origin) / STEP).astype(int), 0, points - 1)
    for i in np.flatnonzero(known) if confident else ():
        turned = rotation[near[i]] @ (-accel[i] - slow[near[i]])
        assert raw[:, i] == pytest.approx(turned[:2] + added[near[i]])
    assert confident or np.isnan(raw).all()


@pytest.mark.parametrize("confident", [True, False])
def test_rows_around_and_between_stretches_are_not_known(confident):
    """Whatever lay in the memory; where two stretches meet, the later one counts."""
    rng = np.random.default_rng(3)
    t_us, accel = np.arange(60) * 50_000, rng.normal(size=(60, 3))
    accel[[0, 17, 21, 40]] = np.nan
    columns, points = np.ascontiguousarray(accel.T), 8
    stretches = [
        (first, last, rng.normal(size=(3, points)), rng.normal(size=(points, 3, 3)),
         rng.normal(size=(points, 3)), rng.normal(size=(points, 2)), sure)
        for first, last, sure in ((5, 20, True), (18, 30, confident), (35, 50, True))
    ]  # fmt: skip

    def written(done, smooth, raw):
        for first, last, car, rotation, slow, added, sure in stretches:
            frames.onto_rows(
                t_us, *columns, 1.0, int(t_us[first]), STEP, car, rotation, slow, added, sure,
                first, last, done, smooth, raw,
            )  # fmt: skip
            done = max(done, last)
        return smooth[:, :done], raw[:, :done]

    nothing = np.full((3, 60), np.nan), np.full((2, 60), np.nan)
    expected = written(60, *nothing)  # nothing is left to be filled
    found = written(0, np.full((3, 60), 7.0), np.full((2, 60), 7.0))
    assert found[0].shape == (3, 50)
    for ours, theirs in zip(found, expected, strict=True):
        assert np.array_equal(ours, theirs[:, :50], equal_nan=True)
    assert np.isnan(found[0][:, [0, 4, 17, 31, 40]]).all() and not np.isnan(found[1][:, 36]).any()


def test_columns_need_not_be_one_array():
    rng = np.random.default_rng(4)
    t_us, accel = recording(rng, 300)
    gyro = rng.normal(size=(300, 3))
    apart = tuple(column.copy() for column in accel.T), tuple(gyro[:, k] for k in range(3))
    for one, other in zip(
        inertial.stretches(t_us, accel, gyro, P),
        inertial.stretches(t_us, *apart, P, vibration=False),
        strict=True,
    ):
        for ours, theirs in zip(one[:3], other[:3], strict=True):
            assert np.array_equal(ours, theirs, equal_nan=True)
        assert one.vibration.size == one.t_us.size and other.vibration.size == 0


@given(seeds, st.integers(1, 30))
@settings(max_examples=20, deadline=None)
def test_slow_parts_are_completed_where_something_is_said(seed, n):
    rng = np.random.default_rng(seed)
    rotation, felt = rng.normal(size=(n, 3, 3)), rng.normal(size=(n, 3))
    plain = frames.along_axes(rotation, felt)
    assert np.allclose(plain, np.einsum("nij,nj->in", rotation, felt))
    means, known = rng.normal(size=(n, 2)), rng.integers(0, 2, n) * 1.0
    means[known == 0.0] = np.nan
    along, added = plain.copy(), np.zeros((n, 2))
    frames.complete(means, known, along[1], plain[1], added, 1)
    given_back = np.where(known > 0.0, means[:, 0] - means[:, 1], 0.0)
    assert np.allclose(along[1], plain[1] + given_back) and np.allclose(added[:, 1], given_back)
    assert not added[:, 0].any() and np.array_equal(along[[0, 2]], plain[[0, 2]])


@given(seeds, st.integers(5, 60))
@settings(max_examples=20, deadline=None)
def test_cosines_before_and_after(seed, n):
    accel = np.random.default_rng(seed).normal(size=(n, 3))
    for i, cosine in enumerate(frames.turned_furthest(accel, 2)):
        if not 2 <= i < n - 2:
            assert cosine == 1.0
            continue
        a, b = accel[i - 2 : i].sum(axis=0), accel[i : i + 2].sum(axis=0)
        expected = a @ b / math.sqrt(a @ a * (b @ b))
        assert cosine == pytest.approx(expected, abs=1e-6)


def test_interpreted_kernels_give_the_same_bits():
    """What the compiler makes of them is what they say."""
    rng = np.random.default_rng(2)
    t_us, rows = recording(rng, 200)
    columns = [np.ascontiguousarray(column) for column in rows.T]
    heard, accel, speed, yaw = signals(rng, 200)
    said = evidence._padded(accel, speed, yaw, 8)
    for kernel, given_, shapes in (
        (grid._pieces, (t_us, *columns, 2e6), [(8, 2)]),
        (grid._cell_means, (t_us, *columns, 0, 200, int(t_us[0]), STEP), [(900, 4)]),
        (evidence._fit, (heard, said, 3, 8, False, 0.9, 7), [(200, 3), (200,)]),
        (smoothing._both_ways, (rows[:, :2].copy(), np.isfinite(yaw) * 1.0, 0.9), [200, (200, 2)]),
    ):  # fmt: skip
        results = []
        for run in (kernel, kernel.py_func):
            out = [np.zeros(shape) for shape in shapes]
            if kernel is grid._pieces:
                out = [np.zeros(shapes[0], np.int64)]
            if kernel is evidence._fit:
                out[1] = np.zeros(200, np.complex128)
            results.append((run(*given_, *out), [each.tobytes() for each in out]))
        assert results[0] == results[1]
