"""Estimates of intervals, and sums of intervals and tariffs: laws, and the plain twin agrees."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from customer_context.metering.estimation import DAY_US, Days, Series, from_like_days, share_out
from customer_context.metering.sum_check import MOST_KW, Reads, settle, tariff_sum, that_matter
from tests.oracles import validation as oracle

STEP = 1_800_000_000
T0 = 1_767_225_600_000_000  # 2026-01-01
MWH = 1_000_000
LAWS = settings(max_examples=30, deadline=None, derandomize=True)


def a_meter(seed: int, step_wh: float) -> tuple[Series, Reads, np.ndarray]:
    """Half-hours with holes and estimates, and reads of the register at some of their edges.

    The register is the exact sum of the use; it is exchanged and reset now and then. Some reads are
    wrong, some values are. Returns also the use, mWh.
    """
    rng = np.random.default_rng(seed)
    n = int(rng.integers(50, 400))
    start = T0 + STEP * np.arange(n)
    use = np.rint(rng.gamma(0.7, 400.0, n) / step_wh) * step_wh * 1000
    energy = use / MWH
    missing = np.zeros(n, bool)
    for _ in range(int(rng.integers(0, 5))):
        first = int(rng.integers(0, n))
        missing[first : first + int(rng.integers(1, 120))] = True
    energy[missing] = rng.gamma(1.0, 0.3, int(missing.sum()))
    energy[missing & (rng.random(n) < 0.02)] = np.nan
    odd = ~missing & (rng.random(n) < 0.003)
    energy[odd] += 3.0
    at = np.unique(np.append(rng.integers(0, n + 1, 12), [0, n]))
    key = np.cumsum(rng.random(at.size) < 0.15).astype(float)
    total = np.concatenate(([0.0], np.cumsum(use)))[at] / MWH
    kwh = 100.0 + total + rng.integers(0, 1000, key.size)[key.astype(int)]
    kwh[rng.random(at.size) < 0.05] = 5.0
    key[rng.random(at.size) < 0.3] = np.nan
    series = Series(start, start + STEP, start, energy, ~missing)
    return series, Reads(T0 + STEP * at, np.round(kwh, 6), key), use


def plain(series: Series) -> list[tuple]:
    return list(
        zip(
            series.start_us.tolist(), series.end_us.tolist(), series.local_us.tolist(),
            series.energy_kwh.tolist(), series.given.tolist(), strict=True,
        )
    )  # fmt: skip


@LAWS
@given(st.integers(0, 2**32), st.sampled_from([0.001, 1.0, 10.0]))
def test_intervals_add_up_to_the_registers_to_the_last_digit(seed: int, step_wh: float) -> None:
    series, reads, _ = a_meter(seed, step_wh)
    found = settle(series, reads)
    keys = [None if key != key else key for key in reads.key.tolist()]
    given_reads = list(zip(reads.t_us.tolist(), reads.kwh.tolist(), keys, strict=True))
    expected = oracle.sums(plain(series), given_reads, MOST_KW)
    verdicts = [verdict for verdict, _, _ in expected]
    assert found.checked == verdicts.count("fits") + verdicts.count("differs")
    assert found.uncovered == verdicts.count("uncovered")
    assert [one.start_us for one in found.findings] == [
        given_reads[at][0] for at, one in enumerate(verdicts) if one == "differs"
    ]
    whole = np.rint(found.energy_kwh * MWH)
    for at, (verdict, rest, ours) in enumerate(expected):
        mine = (series.start_us >= reads.t_us[at]) & (series.end_us <= reads.t_us[at + 1])
        if verdict != "fits":
            same = found.energy_kwh[mine] == series.energy_kwh[mine]
            assert np.all(same | np.isnan(series.energy_kwh[mine]))
            continue
        assert found.scaled[mine].sum() == len(ours)
        if ours and rest >= 0:
            counted = round((reads.kwh[at + 1] - reads.kwh[at]) * MWH)
            assert int(whole[mine].sum()) == counted
            assert np.all(found.energy_kwh[ours] >= 0.0)
            if np.isfinite(series.energy_kwh[ours]).all():
                parts = oracle.share_out(rest, series.energy_kwh[ours].tolist())
                assert np.abs(whole[ours] - parts).max() <= 1
    assert np.array_equal(found.energy_kwh[series.given], series.energy_kwh[series.given])


@LAWS
@given(st.integers(0, 2**32))
def test_reads_within_intervals_keep_the_sum(seed: int) -> None:
    series, _, use = a_meter(seed, 0.001)
    rng = np.random.default_rng(seed)
    n = series.start_us.size
    at = np.unique(rng.integers(1, STEP * n, 8))
    at = np.concatenate(([0], at, [STEP * n]))
    sent = np.where(series.given, use / MWH, series.energy_kwh)
    sent[np.isnan(sent)] = 0.2
    total = np.interp(at, STEP * np.arange(n + 1), np.concatenate(([0.0], np.cumsum(sent))))
    exact = Series(
        series.start_us, series.end_us, series.local_us,
        np.where(series.given, sent, rng.random(n)), series.given,
    )  # fmt: skip
    found = settle(exact, Reads(T0 + at, 7.0 + total, np.full(at.size, np.nan)))
    assert found.findings == () and found.uncovered == 0
    assert found.energy_kwh.sum() == pytest.approx(total[-1], abs=1e-6 * at.size)
    assert np.array_equal(found.scaled, ~series.given)


@LAWS
@given(st.integers(0, 2**32))
def test_like_days_equal_their_plain_twin(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(48, 48 * 20))
    start = T0 + STEP * np.arange(n)
    local = start + 3_600_000_000
    series = Series(start, start + STEP, local, rng.random(n), rng.random(n) < 0.8)
    first, last = int(local[0] // DAY_US), int(local[-1] // DAY_US)
    off = rng.integers(0, 2, last - first + 1).astype(float)
    celsius = np.where(rng.random(off.size) < 0.8, rng.normal(5, 6, off.size), np.nan)
    rows = np.flatnonzero(~series.given)
    found = from_like_days(series, rows, Days(first, off, celsius), STEP)
    days = {
        first + i: (off[i], None if np.isnan(celsius[i]) else celsius[i]) for i in range(off.size)
    }
    expected = oracle.like_days(plain(series), rows.tolist(), days, STEP)
    twin = [np.nan if kwh is None else kwh for kwh in expected.values()]
    assert found == pytest.approx(twin, rel=1e-9, nan_ok=True)


@given(
    st.integers(0, 10**12),
    st.lists(st.just(0.0) | st.floats(1e-6, 1e6), min_size=1, max_size=40),
)
def test_parts_of_a_sum_are_whole_and_add_up(total: int, weights: list[float]) -> None:
    parts = share_out(total, np.array(weights))
    assert int(parts.sum()) == total and (parts >= 0).all()
    twin = oracle.share_out(total, weights)
    assert all(abs(a - b) <= 1 + total * 1e-14 for a, b in zip(parts.tolist(), twin, strict=True))


def test_tariffs_add_up_to_the_total() -> None:
    t = T0 + DAY_US * np.arange(6)
    one = np.array([10.0, 11.0, 12.0, 13.0, 14.0, 15.0])
    two = np.array([20.0, 20.4, 20.8, np.nan, 21.6, 22.0])
    total = one + two
    assert tariff_sum(t, total, np.vstack((one, two))) == ()
    total[1:3] += 4.0
    total[4] += 0.1  # within a step of each register: 1, 0.1 and 0.1 kWh
    (found,) = tariff_sum(t, total, np.vstack((one, two)))
    assert (found.start_us, found.end_us) == (t[1], t[2])
    assert found.register_kwh == 35.4 and found.found_kwh == pytest.approx(31.4)


@LAWS
@given(st.integers(0, 2**32))
def test_reads_beside_what_was_sent_change_no_estimate(seed: int) -> None:
    """A register sent with every interval says the same as those in and beside holes."""
    series, _, use = a_meter(seed, 0.001)
    sent = np.where(series.given, use / MWH, series.energy_kwh)
    exact = Series(series.start_us, series.end_us, series.local_us, sent, series.given)
    n = series.start_us.size
    read = np.concatenate(([True], series.given))  # at the end of each interval that was sent
    total = np.concatenate(([0.0], np.cumsum(use))) / MWH
    at = T0 + STEP * np.arange(n + 1)
    all_ = Reads(at[read], np.round(7.0 + total, 6)[read], np.zeros(int(read.sum())))
    fewer = that_matter(all_, exact)
    found, same = settle(exact, all_), settle(exact, fewer)
    assert fewer.t_us.size <= all_.t_us.size
    if not (found.findings or same.findings):
        assert np.array_equal(found.energy_kwh, same.energy_kwh, equal_nan=True)
        assert np.array_equal(found.scaled, same.scaled)
