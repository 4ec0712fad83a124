"""Faults disturb the way, never the goods."""

import json
from collections import Counter
from itertools import pairwise

import cbor2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulators.encode import CBOR, native_messages
from simulators.faults import Faults, disturb, drifted, held_back, offline_window
from simulators.sensors import Series

START_US = 1_763_719_200_000_000
chances = st.sampled_from([0.0, 0.1, 0.5, 1.0])


def messages(n: int, encoding: str = "json") -> list:
    t = START_US + 1_000_000 * np.arange(n * 3, dtype=np.int64)
    series = Series(t, {"speed_kmh": np.arange(n * 3) / 4.0})
    cuts = [(3 * i, 3 * i + 3) for i in range(n)]
    return native_messages(series, t, cuts, "demo", "car-1", "telemetry", 1, encoding)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 40),
    st.integers(0, 2**20),
    st.builds(Faults, late=chances, duplicate=chances, corrupt=chances, unknown=chances),
    st.sampled_from(["json", "cbor", "cbor-typed"]),
)
def test_every_good_message_survives_whole(
    n: int, seed: int, faults: Faults, encoding: str
) -> None:
    good = messages(n, encoding)
    end = START_US + 3_600_000_000
    out, counts = disturb(good, faults, np.random.default_rng(seed), end)
    kept = [m for m in out if not m.fault]
    assert sorted(m.tail for m in kept) == sorted(m.tail for m in good)
    assert {m.seq for m in kept} == {m.seq for m in good}
    by_fault = Counter(m.fault for m in out if m.fault)
    assert by_fault["corrupt"] == counts["corrupt"] and by_fault["unknown"] == counts["unknown"]
    assert by_fault["duplicate"] == counts["duplicate"]
    assert [m.due_us for m in out] == sorted(m.due_us for m in out)
    original = {m.seq: m.due_us for m in good}
    for m in out:
        assert m.due_us <= end
        if m.fault in ("", "duplicate"):
            assert m.due_us >= original[m.seq]
        else:
            assert m.seq is None, "rubbish carries no seq"


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**20), st.sampled_from(["json", "cbor", "cbor-typed"]))
def test_rubbish_is_rubbish(seed: int, encoding: str) -> None:
    out, _ = disturb(
        messages(12, encoding), Faults(corrupt=1.0), np.random.default_rng(seed), 2**60
    )
    for message in (m for m in out if m.fault == "corrupt"):
        body = message.payload()
        try:
            fields = (cbor2 if message.content_type == CBOR else json).loads(body)
        except (ValueError, EOFError, cbor2.CBORDecodeError):
            continue
        assert "seq" not in fields
        lengths = isinstance(fields["dt_ms"], list) and len(fields["dt_ms"])
        assert (
            fields["dt_ms"] == "soon"
            or lengths != len(fields["speed_kmh"])
            or fields["t0"].startswith("2026-12")
        )


@settings(max_examples=50, deadline=None)
@given(st.integers(2, 200), st.integers(1_000, 10_000_000), st.integers(0, 2**20))
def test_a_drifting_clock_keeps_order_and_bounds(n: int, step_ms: int, seed: int) -> None:
    t = START_US + np.arange(n, dtype=np.int64) * step_ms * 1_000
    own = drifted(t, Faults(drift=1.0, drift_s=1.5), np.random.default_rng(seed))
    assert (np.diff(own) > 0).all() and (own % 1_000 == 0).all()
    assert np.abs(own - t).max() < 2_000_000
    assert np.array_equal(drifted(t, Faults(), np.random.default_rng(seed)), t)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**20))
def test_an_offline_device_sends_all_of_it_afterwards(seed: int) -> None:
    rng = np.random.default_rng(seed)
    wall = np.sort(rng.integers(START_US, START_US + 3_600_000_000, 50))
    window = offline_window(Faults(offline=1.0), rng, START_US, START_US + 3_600_000_000)
    assert window is not None
    held = held_back(wall, window)
    assert (held >= wall).all() and (np.diff(held) >= 0).all()
    assert not ((held >= window[0]) & (held < window[1])).any()
    assert ((held == wall) | (held == window[1])).all()


def test_late_messages_come_after_their_successors() -> None:
    good = messages(200)
    for message in good:
        message.due_us = START_US + (message.seq or 0) * 86_400_000_000  # a day a message
    out, counts = disturb(good, Faults(late=0.1), np.random.default_rng(0), 2**60)
    seqs = [m.seq or 0 for m in out]
    overtaken = sum(seq < before for before, seq in pairwise(seqs))
    assert counts["late"] >= 10 and overtaken >= 10


def test_no_faults_change_nothing() -> None:
    good = messages(20)
    out, counts = disturb(good, Faults(), np.random.default_rng(0), 2**60)
    assert out == good and not counts


@pytest.mark.parametrize("encoding", ["cbor", "cbor-typed"])
def test_truncated_cbor_cannot_be_read(encoding: str) -> None:
    out, _ = disturb(messages(10, encoding), Faults(corrupt=1.0), np.random.default_rng(0), 2**60)
    for message in (m for m in out if m.fault):
        with pytest.raises((ValueError, EOFError, cbor2.CBORDecodeError)):
            cbor2.loads(message.payload())
