"""The laws of docs/kernel-interface.md for the driving kernels, on random and faulty streams."""

import importlib
import importlib.util
import json
import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feature_kernels import driving
from tests.patience import patient

ROOT = Path(__file__).parents[2]
T0_US = 1_699_990_000_000_000
SEEDS = st.integers(0, 2**32 - 1)
MODEST = settings(max_examples=40, deadline=None, derandomize=True)


def load_oracle():
    path = ROOT / "tests" / "oracles" / "driving.py"
    spec = importlib.util.spec_from_file_location("driving_oracle", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


oracle = load_oracle()


def random_motion(rng, n, dt):
    """n steps of a car: speed km/h, acceleration m/s², heading degrees."""
    v, target, heading, turn, stop, pull = 0.0, 0.0, 0.0, 0.0, 0.0, 1.5
    out = np.empty((n, 4))
    for i in range(n):
        stop -= dt
        if abs(v - target) < 0.3 and stop < 0:
            target = float(rng.choice([0, 3, 8, 14, 25, 36], p=[0.3, 0.05, 0.15, 0.2, 0.2, 0.1]))
            pull = float(rng.choice([0.7, 1.5, 3.2, 4.5, 6.0]))
            stop = float(rng.choice([2, 10, 60, 200], p=[0.4, 0.4, 0.15, 0.05]))
            turn = float(rng.choice([0, 0, 4, -4])) / max(v, 3.0)
        if rng.random() < 0.002 * dt:
            v = target = 0.0  # into a wall
            stop = 60.0
        w = v + np.clip(target - v, -pull * dt, pull * dt)
        a = (w - v) / dt
        heading += turn * dt * (w > 1)
        out[i] = w * 3.6, a, math.degrees(heading) % 360, turn * w
        turn *= 0.8**dt
        v = w
    return out.T


def random_stream(seed, n=None):
    """One device: (columns, t_us, local_us) with its own columns, rates, gaps and faults."""
    rng = np.random.default_rng(seed)
    n = int(rng.choice([0, 1, 2, 3, 30, 400, 900])) if n is None else n
    dt = float(rng.choice([0.1, 0.49, 1.0, 1.0, 5.0, 10.0, 30.0]))
    steps = np.full(n, dt) * rng.choice([1.0, 1.0, 1.0, 2.0], n)
    steps[rng.random(n) < 0.004] += float(rng.choice([8, 40, 120, 310, 900]))
    t_us = T0_US + np.round(np.cumsum(steps) * 1e6).astype(np.int64)
    speed, a, heading, lateral = random_motion(rng, n, dt)
    along = np.cumsum(speed / 3.6 * dt)
    lat = 52.0 + along / 111_195.0 + rng.normal(0, 2e-5, n)
    columns = {
        "speed_kmh": np.round(np.abs(speed + rng.normal(0, 0.3, n)), int(rng.integers(0, 3))),
        "lat_deg": lat,
        "lon_deg": 13.0 + rng.normal(0, 2e-5, n),
        "accuracy_m": rng.choice([4.0, 8.0, 30.0, 300.0], n, p=[0.5, 0.4, 0.09, 0.01]),
        "heading_deg": (heading + rng.normal(0, 1.5, n)) % 360,
        "accel_long_mps2": a + rng.normal(0, 0.3, n),
        "accel_lat_mps2": lateral + rng.normal(0, 0.3, n),
        "speed_limit_kmh": rng.choice([30.0, 50.0, 70.0, 120.0, 1e-300], n),
        "ignition": (np.arange(n) // 300 % 4 != 3).astype(float),
    }
    q, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    gravity = 9.81 if rng.random() < 0.7 else 0.0
    body = q @ np.stack([a, lateral, np.full(n, gravity)]) + rng.normal(0, 0.2, (3, n))
    for axis, values in zip("xyz", body, strict=True):
        columns[f"accel_{axis}_mps2"] = values
    if n:
        hits = rng.integers(0, n, 1 + n // 100)
        columns["speed_kmh"][hits] = rng.choice([0, 180, 480], len(hits))  # spikes
        hits = rng.integers(0, n, 1 + n // 200)
        columns["accel_long_mps2"][hits] = rng.choice([-30, 45, 90], len(hits))  # bumps
        columns["accel_x_mps2"][hits] += 60
        hits = rng.integers(0, n, 1 + n // 100)
        columns["lat_deg"][hits] = rng.choice([0, 52.5, 53], len(hits))  # jumps
        columns["lon_deg"][hits] *= rng.choice([0, 1], len(hits))
        at = int(rng.integers(0, n))
        columns["lat_deg"][at : at + 60] = columns["lat_deg"][at]  # frozen
        columns["lon_deg"][at : at + 60] = columns["lon_deg"][at]
        columns["lat_deg"][n // 2 :] += 0.02 * (rng.random() < 0.3)  # a jump that lasts
    for name in list(columns):
        rate = rng.choice([0.0, 0.1, 0.9, 1.0, 1.0])
        if name == "speed_limit_kmh":
            columns[name] = np.repeat(columns[name][:: 100 if n else 1], 100)[:n]
            rate = rng.choice([0.0, 0.05, 1.0])
        columns[name] = np.where(rng.random(n) < rate, columns[name], np.nan)
        if rate == 0.0 and rng.random() < 0.5:
            del columns[name]
    if "speed_kmh" not in columns and rng.random() < 0.5:
        columns["speed_kmh"] = speed
    local_us = t_us + int(rng.choice([0, 3_600_000_000, -18_000_000_000]))
    return columns, t_us, local_us


def together(streams):
    """Streams of several devices as one ragged input."""
    sizes = [len(t) for _, t, _ in streams]
    starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    names = sorted({name for columns, _, _ in streams for name in columns})
    columns = {
        name: np.concatenate(
            [c.get(name, np.full(k, np.nan)) for (c, _, _), k in zip(streams, sizes, strict=True)]
        )
        for name in names
    }
    t_us = np.concatenate([t for _, t, _ in streams]).astype(np.int64)
    local_us = np.concatenate([local for _, _, local in streams]).astype(np.int64)
    return columns, t_us, local_us, starts


def whole(stream, parameters=driving.DEFAULTS):
    columns, t_us, local_us, starts = together([stream])
    carry = driving.initial_carry(1)
    result = driving.drive(columns, t_us, local_us, starts, carry, parameters)
    rest = driving.finish(result.carry, parameters)
    return (
        np.concatenate([result.trips, rest.trips]),
        np.concatenate([result.events, rest.events]),
        result.carry,
    )


def bits(*arrays):
    return [array.tobytes() for array in arrays]


def assert_same_as_oracle(stream, parameters=driving.DEFAULTS):
    trips, events, _ = whole(stream, parameters)
    their_trips, their_events = oracle.drive_and_finish(*stream, parameters)
    assert len(events) == len(their_events)
    assert len(trips) == len(their_trips)
    for ours, theirs in [(trips, their_trips), (events, their_events)]:
        for row, twin in zip(ours, theirs, strict=True):
            for name in ours.dtype.names:
                if name == "device":
                    continue
                # sums of at most 1e3 terms, each with a few roundings: 1e-9 is ample
                np.testing.assert_allclose(
                    row[name], twin[name], rtol=1e-9, atol=1e-7, err_msg=name
                )
    return trips, events


def test_the_oracle_agrees_on_seeded_streams_that_hold_everything():
    seen, trips_seen = set(), 0
    for seed in range(120):
        trips, events = assert_same_as_oracle(random_stream(seed))
        seen |= set(events["kind"].tolist())
        trips_seen += len(trips)
    assert seen == set(driving.EVENT_KINDS.values())
    assert trips_seen > 40


@pytest.mark.parametrize("rows_hz", [5, 20])
def test_the_oracle_agrees_on_columns_filled_forward(rows_hz):
    kinds = set()
    for seed in range(6):
        rng = np.random.default_rng(seed)
        fixes = np.arange(180) + rng.uniform(-0.05, 0.05, 180)
        speed = np.abs(np.cumsum(rng.normal(0, 6, 180)) + 20 * np.sin(np.arange(180) / 9)) % 120
        heading = np.cumsum(rng.normal(0, 12, 180)) % 360
        t_s = np.arange(1, 178, 1 / rows_hz)
        row = np.searchsorted(fixes, t_s, side="right") - 1
        columns = {"speed_kmh": speed[row], "heading_deg": heading[row]}
        if seed % 2:
            axes = rng.normal(0, 1.5, (3, t_s.size)) + np.array([[1.0], [-9.0], [3.0]])
            columns |= {f"accel_{x}_mps2": axis for x, axis in zip("xyz", axes, strict=True)}
        t_us = 1_700_000_000_000_000 + np.rint(t_s * 1e6).astype(np.int64)
        _, events = assert_same_as_oracle((columns, t_us, t_us))
        kinds |= set(events["kind"].tolist())
    assert {1, 2, 3} <= kinds


@MODEST
@given(SEEDS, st.lists(st.floats(0.3, 2.0), min_size=107, max_size=107))
def test_the_oracle_agrees_for_any_thresholds(seed, factors):
    values = [a * b for a, b in zip(driving.DEFAULTS, factors, strict=False)]
    assert len(values) == len(driving.DEFAULTS)
    parameters = driving.Parameters(*values)
    share = min(parameters.speed_ratio, 1.0)  # of a threshold, so never more than it
    assert_same_as_oracle(random_stream(seed), parameters._replace(speed_ratio=share))


@MODEST
@given(SEEDS, st.data())
def test_any_cut_gives_the_same_bits(seed, data):
    stream = random_stream(seed)
    columns, t_us, local_us = stream
    n = len(t_us)
    cuts = sorted(data.draw(st.lists(st.integers(0, n), max_size=6)))
    result = driving.drive(columns, t_us, local_us, np.array([0, n]), driving.initial_carry(1))
    carry, trips, events = driving.initial_carry(1), [], []
    for a, b in zip([0, *cuts], [*cuts, n], strict=True):
        part = {name: column[a:b] for name, column in columns.items()}
        before = carry.copy()
        piece = driving.drive(part, t_us[a:b], local_us[a:b], np.array([0, b - a]), carry)
        assert bits(carry) == bits(before)  # never changed in place
        for rows in (piece.trips, piece.events):  # nothing is decided by what is yet to come
            assert np.isin(rows["decided_us"], t_us[a:b]).all()
        carry = piece.carry
        trips.append(piece.trips)
        events.append(piece.events)
    assert bits(np.concatenate(trips), np.concatenate(events), carry) == bits(*result)
    assert bits(*driving.finish(carry)) == bits(*driving.finish(result.carry))


@pytest.mark.parametrize("rows", [1, 7, 400])
def test_portions_of_any_size_give_the_same_bits(rows, monkeypatch):
    streams = [random_stream(seed, n) for seed, n in enumerate((0, 30, 1, 400, 0, 0, 401, 7, 0))]
    ragged = together(streams)
    whole_ = driving.drive(*ragged, driving.initial_carry(len(streams)))
    monkeypatch.setattr(
        importlib.import_module("feature_kernels.driving.drive"), "PORTION_ROWS", rows
    )
    portions = driving.drive(*ragged, driving.initial_carry(len(streams)))
    assert bits(*portions) == bits(*whole_)
    assert len(whole_.events) > 0


@MODEST
@given(SEEDS, st.floats(0, 1))
def test_an_aligned_carry_goes_on_with_the_same_bits(seed, share):
    columns, t_us, local_us = random_stream(seed)
    n = len(t_us)
    cut = int(share * n)
    at = np.array([0, cut]), np.array([0, n - cut])
    first = {name: column[:cut] for name, column in columns.items()}
    rest = {name: column[cut:] for name, column in columns.items()}
    carry = driving.drive(first, t_us[:cut], local_us[:cut], at[0], driving.initial_carry(1)).carry
    aligned = driving.aligned(carry)
    assert bits(driving.aligned(aligned)) == bits(aligned)
    one, other = (
        driving.drive(rest, t_us[cut:], local_us[cut:], at[1], c) for c in (carry, aligned)
    )
    assert bits(one.trips, one.events) == bits(other.trips, other.events)
    assert bits(driving.aligned(one.carry)) == bits(driving.aligned(other.carry))


@MODEST
@given(SEEDS, st.floats(0, 1))
def test_what_was_decided_until_a_time_does_not_depend_on_what_came_after(seed, share):
    columns, t_us, local_us = random_stream(seed)
    n = len(t_us)
    cut = int(share * n)
    other, _, _ = random_stream(seed + 1, n=n)
    changed = {
        name: np.concatenate([column[:cut], other.get(name, np.full(n, np.nan))[cut:]])
        for name, column in columns.items()
    }
    first, second = (
        driving.drive(c, t_us, local_us, np.array([0, n]), driving.initial_carry(1))
        for c in (columns, changed)
    )
    until = t_us[cut - 1] if cut else T0_US - 1
    for ours, theirs in [(first.trips, second.trips), (first.events, second.events)]:
        ours, theirs = (rows[rows["decided_us"] <= until] for rows in (ours, theirs))
        assert bits(ours) == bits(theirs)


def test_one_row_at_a_time_gives_the_same_bits():
    columns, t_us, local_us = random_stream(8, n=400)
    result = driving.drive(columns, t_us, local_us, np.array([0, 400]), driving.initial_carry(1))
    carry = driving.initial_carry(1)
    for i in range(400):
        part = {name: column[i : i + 1] for name, column in columns.items()}
        one = slice(i, i + 1)
        carry = driving.drive(part, t_us[one], local_us[one], np.array([0, 1]), carry).carry
    assert bits(carry) == bits(result.carry)


@MODEST
@given(st.lists(SEEDS, min_size=1, max_size=4), st.randoms(use_true_random=False))
def test_devices_do_not_influence_each_other(seeds, random):
    streams = [random_stream(seed) for seed in seeds]
    order = list(range(len(streams)))
    random.shuffle(order)
    columns, t_us, local_us, starts = together([streams[k] for k in order])
    result = driving.drive(columns, t_us, local_us, starts, driving.initial_carry(len(order)))
    rest = driving.finish(result.carry)
    for place, k in enumerate(order):
        trips, events, carry = whole(streams[k])
        assert bits(result.carry[place]) == bits(carry[0])
        for alone, first, last in [
            (trips, result.trips, rest.trips),
            (events, result.events, rest.events),
        ]:
            rows = np.concatenate([first[first["device"] == place], last[last["device"] == place]])
            rows["device"] = 0
            assert bits(rows) == bits(alone)


@MODEST
@given(SEEDS)
def test_nan_never_poisons(seed):
    columns, t_us, local_us = random_stream(seed)
    rng = np.random.default_rng(seed)
    holes = {name: np.where(rng.random(len(c)) < 0.3, np.nan, c) for name, c in columns.items()}
    trips, _, _ = whole((holes, t_us, local_us))
    for name in ("distance_m", "driving_s", "idle_s", "night_s", "measured_s", "max_speed_kmh"):
        assert np.isfinite(trips[name]).all(), name
    for name in ("accel_hist_s", "speed_hist_s", "ratio_hist_s"):
        assert (trips[name] >= 0).all(), name
    # a row in which nothing was measured changes nothing but the count of rows
    nothing = {name: np.full(len(t_us), np.nan) for name in columns}
    trips, events, _ = whole((nothing, t_us, local_us))
    assert len(trips) == len(events) == 0


@MODEST
@given(SEEDS)
def test_sums_fit_together(seed):
    trips, events, _ = whole(random_stream(seed))
    for trip in trips:
        duration = (trip["end_us"] - trip["start_us"]) / 1e6
        assert trip["driving_s"] + trip["idle_s"] == pytest.approx(duration, abs=0.01)
        assert trip["night_s"] <= trip["driving_s"] and trip["rush_s"] <= trip["driving_s"]
        assert trip["speeding_s"] <= trip["speed_limited_s"] <= trip["driving_s"]
        assert trip["start_us"] < trip["end_us"] <= trip["decided_us"]
        inside = events[events["trip_start_us"] == trip["start_us"]]
        inside = inside[inside["decided_us"] <= trip["decided_us"]]
        for kind in ("harsh_braking", "harsh_acceleration", "harsh_cornering"):
            of_kind = inside[inside["kind"] == driving.EVENT_KINDS[kind]]
            by_severity = np.bincount(of_kind["severity"], minlength=4)[1:]
            assert trip[kind].tolist() == by_severity.tolist()
    assert (events["start_us"] <= events["end_us"]).all()
    assert (events["end_us"] <= events["decided_us"]).all()


@MODEST
@given(st.lists(SEEDS, max_size=3), st.randoms(use_true_random=False))
def test_the_score_is_the_sum_of_its_shares_exactly(seeds, random):
    streams = [random_stream(seed, n=900) for seed in seeds]
    trips = [whole(stream)[0] for stream in streams]
    trips = np.concatenate(trips) if trips else np.empty(0, driving.TRIP_DTYPE)
    result = driving.score(trips)
    lost = 0.0
    for component in result.components:
        lost += component.share
    value, shares = oracle.score([{n: row[n] for n in trips.dtype.names} for row in trips])
    # sums are kept in millionths: a share moves by a few millionths of itself at most
    np.testing.assert_allclose([c.share for c in result.components], shares, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(result.score, value, rtol=1e-6)
    if result.reason:
        assert math.isnan(result.score) and not result.trusted
        return
    assert result.score == 100.0 - lost
    assert 0.0 < result.score <= 100.0
    order = list(range(len(trips)))
    random.shuffle(order)
    assert driving.score(trips[order]).score == result.score


WORSE = {
    "harsh_braking": lambda trip, k: trip["harsh_braking"].__setitem__(k % 3, 9),
    "harsh_acceleration": lambda trip, k: trip["harsh_acceleration"].__setitem__(k % 3, 9),
    "harsh_cornering": lambda trip, k: trip["harsh_cornering"].__setitem__(k % 3, 9),
    "speeding": lambda trip, k: trip.__setitem__("speeding_s", trip["speed_limited_s"]),
    "night": lambda trip, k: trip.__setitem__("night_s", trip["driving_s"]),
    "phone": lambda trip, k: trip.__setitem__("phone_s", trip["driving_s"]),
    "speed_p95": lambda trip, k: _upwards(trip, "ratio_hist_s", k),
    "speed": lambda trip, k: _upwards(trip, "speed_hist_s", k),
    "acceleration": lambda trip, k: _upwards(trip, "accel_hist_s", k),
    "acceleration_for_speed_p95": lambda trip, k: _upwards(trip, "use_hist_s", k),
    "longitudinal_for_speed_p95": lambda trip, k: _upwards(trip, "along_hist_s", k),
    "sparse": lambda trip, k: _upwards(trip, "sparse_hist_s", k),
    "jerk": lambda trip, k: _upwards(trip, "jerk_hist_s", k),
}


def _upwards(trip, name, k):
    """Move the seconds of one class to the highest one."""
    seconds = trip[name]
    k %= len(seconds)
    seconds[-1] += seconds[k] * (k < len(seconds) - 1)
    seconds[k] *= k == len(seconds) - 1


@MODEST
@given(SEEDS, st.sampled_from(sorted(WORSE)), st.integers(0, 60), st.booleans())
def test_more_of_a_bad_thing_never_raises_the_score(seed, factor, k, known):
    trips, _, _ = whole(random_stream(seed, n=900))
    if not len(trips):
        return
    if known:
        trips["phone_s"] = 0.0
    trips["quality"] &= ~driving.NOT_SCORED
    before = [driving.score(trips, True, model).score for model in driving.MODELS.values()]
    worse = trips.copy()
    if factor == "phone" and not known:
        return
    WORSE[factor](worse[k % len(worse)], k)
    after = [driving.score(worse, True, model).score for model in driving.MODELS.values()]
    assert all(a <= b for a, b in zip(after, before, strict=True))


def digest():
    """What the kernels make of a few small streams, in full precision."""
    numbers = []
    for seed in (0, 3, 5, 7, 11, 12):
        trips, events, carry = whole(random_stream(seed, n=250))
        for rows in (trips, events):
            numbers += [float(x) for row in rows for n in row.dtype.names for x in np.ravel(row[n])]
        numbers += carry[0].tolist()
    return numbers


def test_uncompiled_gives_the_same():
    program = "import json, test_driving_laws as laws\nprint(json.dumps(laws.digest()))"
    path = os.pathsep.join([str(ROOT), str(Path(__file__).parent)])
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "NUMBA_DISABLE_JIT": "1", "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=True,
        timeout=patient(120),
    )
    # libm may differ from the compiler's in the last place
    np.testing.assert_allclose(digest(), json.loads(done.stdout), rtol=1e-12)
