"""The laws of docs/kernel-interface.md, for any stream (Hypothesis)."""

import itertools

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from feature_kernels import consumption
from feature_kernels.consumption import carry as layout

SECOND = 1_000_000
HOUR = 3_600 * SECOND
T0 = 1_711_843_200 * SECOND  # 2024-03-31T00:00Z, clocks change an hour later
LAWS = settings(max_examples=40, deadline=None, derandomize=True)


@st.composite
def streams(draw):
    """One meter's samples, drawn from a seed and a few switches, with every kind of trouble."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    registers = draw(st.booleans())
    days = draw(st.sampled_from([0, 1, 3, 14]))
    step_s = draw(st.sampled_from([300, 900, 3600]))
    n = days * 86_400 // step_s + draw(st.integers(0, 5))
    gaps = np.full(n, step_s)
    if draw(st.booleans()):
        gaps = rng.integers(1, 2 * step_s, n)
    gaps[rng.random(n) < 0.01] *= draw(st.integers(1, 1000))
    t = T0 + np.cumsum(gaps) * SECOND
    local = t + np.where(t >= T0 + HOUR, 2, 1) * HOUR
    use = rng.random(n) ** 3 * gaps / 3600.0
    for _ in range(draw(st.integers(0, 4))):
        a = int(rng.integers(0, max(n, 1)))
        b = a + int(rng.integers(1, max(2, 2 * 86_400 // step_s)))
        use[a:b] = rng.choice([0.0, 0.05, 5.0, 90.0])
    nan_share = draw(st.sampled_from([0.0, 0.1]))
    columns = {"quality": np.where(rng.random(n) < 0.02, rng.integers(0, 7, n), np.nan)}
    if registers:
        register = np.cumsum(use) + draw(st.sampled_from([0.0, 999_990.0]))
        register = np.where(register >= 1e6, register - 1e6, register)
        odd = rng.random(n) < draw(st.sampled_from([0.0, 0.01]))
        register[odd] = rng.choice([0.0, 5.0, 90_000.0, 4_294_967.295], n)[odd]
        digit = rng.random(n) < draw(st.sampled_from([0.0, 0.01]))
        register[digit] += rng.choice([-8.0, 0.3, 9.0, 30.0, 90.0], n)[digit]
        columns["register_kwh"] = register
        columns["meter_key"] = 1.0 + np.cumsum(rng.random(n) < 0.002)
        columns["power_w"] = np.where(rng.random(n) < 0.5, np.nan, use * 100)
    else:
        columns["energy_kwh"] = use
        columns["interval_s"] = np.where(rng.random(n) < 0.5, np.nan, float(step_s))
    for name in columns:
        columns[name] = np.where(rng.random(n) < nan_share, np.nan, columns[name])
    return columns, t.astype(np.int64), local.astype(np.int64)


def run(columns, t, local, starts, carry=None):
    starts = np.asarray(starts, np.int64)
    if carry is None:
        carry = consumption.initial_carry(starts.size - 1)
    return consumption.consume(columns, t, local, starts, carry)


def part(columns, t, local, a, b):
    return {name: column[a:b] for name, column in columns.items()}, t[a:b], local[a:b]


def same_bits(one, other):
    assert one.dtype == other.dtype
    assert one.shape == other.shape
    assert one.tobytes() == other.tobytes()


@LAWS
@given(streams(), st.lists(st.floats(0, 1), max_size=6))
def test_every_cut_gives_the_same_bits(stream, cuts):
    _, t, _ = stream
    whole = run(*stream, [0, t.size])
    edges = [0, *sorted(int(cut * t.size) for cut in cuts), t.size]
    carry = consumption.initial_carry(1)
    before = carry.copy()
    parts = []
    for a, b in itertools.pairwise(edges):
        parts.append(run(*part(*stream, a, b), [0, b - a], carry))
        same_bits(carry, before)  # the carry handed in is not changed
        carry = parts[-1].carry
        before = carry.copy()
    for at in range(3):
        same_bits(whole[at], np.concatenate([p[at] for p in parts]))
    same_bits(whole.carry, carry)


@LAWS
@given(streams(), st.floats(0, 1))
def test_no_row_depends_on_a_later_sample(stream, cut):
    _, t, _ = stream
    edge = int(cut * t.size)
    whole = run(*stream, [0, t.size])
    early = run(*part(*stream, 0, edge), [0, edge])
    last = t[edge - 1] if edge else -1
    for at in range(3):
        same_bits(early[at], whole[at][whole[at]["decided_us"] <= last])
        assert np.all(np.diff(whole[at]["decided_us"]) >= 0)


@LAWS
@given(streams(), streams(), streams())
def test_devices_do_not_influence_each_other(one, two, three):
    def together(*streams_):
        names = {name for columns, _, _ in streams_ for name in columns}
        columns = {
            name: np.concatenate([c.get(name, np.full(t.size, np.nan)) for c, t, _ in streams_])
            for name in names
        }
        starts = np.concatenate([[0], np.cumsum([t.size for _, t, _ in streams_])])
        t, local = (np.concatenate([s[i] for s in streams_]) for i in (1, 2))
        return run(columns, t, local, starts)

    forward, backward = together(one, two, three), together(three, two, one)
    same_bits(forward.carry, backward.carry[::-1].copy())
    for device, stream in enumerate((one, two, three)):
        alone = run(*stream, [0, stream[1].size])
        for at in range(3):
            for result, index in ((forward, device), (backward, 2 - device)):
                rows = result[at][result[at]["device"] == index].copy()
                rows["device"] = 0
                same_bits(alone[at], rows)


@LAWS
@given(streams())
def test_absent_measurements_never_poison(stream):
    _, t, _ = stream
    result = run(*stream, [0, t.size])
    end = consumption.finish(result.carry)
    for part_ in (result, end):
        assert np.isfinite(part_.days["energy_kwh"]).all()
        assert np.isfinite(part_.days["estimated_kwh"]).all()
        assert (np.isfinite(part_.intervals["energy_kwh"]) | (part_.intervals["status"] <= 1)).all()
        assert (part_.intervals["reason"][part_.intervals["estimated"] == 1] > 0).all()
        for name in ("observed", "expected", "threshold", "since_us"):
            assert np.isfinite(part_.anomalies[name]).all()
    allowed = np.zeros(consumption.CARRY_WIDTH, bool)
    allowed[[layout.BASE_LOAD_W, layout.DAY_MIN_W, layout.DAY_MAX_W]] = True
    assert np.isfinite(end.carry[:, ~allowed]).all()


@LAWS
@given(streams())
def test_samples_without_a_measurement_change_no_rows(stream):
    columns, t, local = stream
    result = run(columns, t, local, [0, t.size])
    n = t.size
    t_more = np.sort(np.concatenate([t, t + 1]))
    at = np.searchsorted(t_more, t)
    if np.any(np.diff(t_more) <= 0):
        return
    more = {name: np.full(2 * n, np.nan) for name in columns}
    for name in columns:
        more[name][at] = columns[name]
    offset = np.repeat(local - t, 2) if n else np.empty(0, np.int64)
    again = run(more, t_more, t_more + offset, [0, 2 * n])
    for i in range(3):
        same_bits(result[i], again[i])


@LAWS
@given(st.integers(0, 2**32), st.sampled_from([300, 700, 3600, 86_400]), st.integers(1, 400))
def test_register_energy_is_conserved(seed, reads_s, n):
    rng = np.random.default_rng(seed)
    gaps = rng.integers(max(1, reads_s // 2), reads_s + 1, n)
    gaps[rng.random(n) < 0.02] *= 50
    t = T0 + np.cumsum(gaps) * SECOND
    register = 12_345.0 + np.cumsum(rng.random(n) * gaps / 3600.0)
    result = run({"register_kwh": register}, t, t + HOUR, [0, n])
    end = consumption.finish(result.carry)
    intervals = np.concatenate([result.intervals, end.intervals])
    assert abs(intervals["energy_kwh"].sum() - (register[-1] - register[0])) < 1e-7
    assert (intervals["energy_kwh"] >= 0.0).all()
    assert np.array_equal(intervals["start_us"][1:], intervals["end_us"][:-1])
    assert np.all(intervals["start_us"][1:] % (900 * SECOND) == 0)
    if n > 1:
        assert intervals["start_us"][0] == t[0]
        assert intervals["end_us"][-1] == t[-1]
    days = np.concatenate([result.days, end.days])
    total = days["energy_kwh"].sum() + days["estimated_kwh"].sum()
    assert abs(total - (register[-1] - register[0])) < 1e-7


@LAWS
@given(streams())
def test_every_cleared_episode_was_raised(stream):
    _, t, _ = stream
    anomalies = run(*stream, [0, t.size]).anomalies
    is_open = set()
    for row in anomalies:
        key = (int(row["kind"]), int(row["start_us"]))
        if row["phase"] == 0:
            assert key[0] not in {kind for kind, _ in is_open}
            assert row["end_us"] == 0
            is_open.add(key)
        else:
            assert key in is_open
            is_open.remove(key)
            assert row["end_us"] >= row["start_us"]
        assert 1 <= row["severity"] <= 3
        assert row["decided_us"] >= row["start_us"]


@LAWS
@given(streams(), st.integers(0, 2**32), st.sampled_from([0.05, 0.4]))
def test_what_an_estimate_says_raises_and_clears_nothing(stream, seed, share):
    columns, t, local = stream
    if "energy_kwh" not in columns:
        return
    rng = np.random.default_rng(seed)
    estimated = rng.random(t.size) < share
    quality = np.where(estimated, rng.choice([2.0, 3.0, 4.0, 5.0], t.size), np.nan)
    energy = np.where(estimated, 0.1, columns["energy_kwh"])
    others = np.where(estimated, rng.choice([0.0, -1.0, 0.05, 30.0, 900.0], t.size), energy)
    plain = run({**columns, "quality": quality, "energy_kwh": energy}, t, local, [0, t.size])
    wild = run({**columns, "quality": quality, "energy_kwh": others}, t, local, [0, t.size])
    same_bits(plain.anomalies, wild.anomalies)
