"""Usual power and use beside it are those of the plain twin; what was read is picked in order."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feature_kernels.baseline import measured, ratios_before, usual_power
from feature_kernels.consumption import INTERVAL_DTYPE
from tests.oracles import usual as oracle

HOUR_US = 3_600_000_000


@given(st.integers(0, 2**32 - 1), st.integers(1, 60), st.integers(1, 30), st.floats(0.0, 1.0))
@settings(max_examples=60, deadline=None)
def test_usual_use_is_that_of_the_plain_twin(seed: int, size: int, step: int, known: float) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 150))
    length = rng.choice([0.5, 1.0, 2.0], n)
    start = np.cumsum(np.round(length * rng.choice([1.0, 3.0], n) * HOUR_US)).astype(np.int64)
    slot = rng.choice(48, n) if known < 0.5 else np.arange(n) % 48
    energy = rng.gamma(1.0, 0.4, n)
    before = slice(int(rng.integers(n)), n)
    past_us, least = int(rng.integers(1, 60)) * HOUR_US, float(rng.integers(0, 40))
    found = ratios_before(start, energy, length, slot, before, size, step, past_us, least)
    lists = start.tolist(), energy.tolist(), length.tolist(), slot.tolist()
    expected = oracle.ratios(*lists, (before.start, before.stop), size, step, past_us, least)
    assert found.tolist() == pytest.approx(expected, rel=1e-9)
    usual = usual_power(energy, length, slot, before, least)
    plain = oracle.usual(*lists[1:], before.start, before.stop, least)
    assert (usual is None) == (plain is None)
    if usual is not None:
        assert [None if np.isnan(kw) else kw for kw in usual] == pytest.approx(plain, rel=1e-9)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=20, deadline=None)
def test_what_was_read_is_in_order_of_its_start(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows = np.zeros(int(rng.integers(0, 40)), INTERVAL_DTYPE)
    rows["start_us"] = rng.integers(0, 20, rows.size)
    rows["end_us"] = rows["start_us"] + rng.integers(-1, 3, rows.size)
    rows["energy_kwh"] = np.where(rng.random(rows.size) < 0.2, np.nan, 1.0)
    rows["status"] = rng.choice([6, 7], rows.size)
    rows["estimated"] = rng.random(rows.size) < 0.2
    rows["decided_us"] = np.arange(rows.size)
    fine = rows[
        (rows["status"] == 6) & (rows["estimated"] == 0) & np.isfinite(rows["energy_kwh"])
        & (rows["end_us"] > rows["start_us"])
    ]  # fmt: skip
    fine = fine[np.argsort(fine["start_us"], kind="stable")]
    names = ("start_us", "end_us", "local_us", "energy_kwh", "decided_us")
    for name, column in zip(names, measured(rows, 6), strict=True):
        assert column.tolist() == fine[name].tolist()
