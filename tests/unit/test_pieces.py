"""Small pieces: the ack window, device numbering, identity, consent, joining, binary rows."""

from contextlib import nullcontext

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.meter_number import meter_key
from contracts.raw import RawMessage
from customer_context.consent.state import ConsentState
from customer_context.identity.holders import FOREVER_US, Device, Span, holders
from gateway.ack_window import AckWindow
from ingest.decoding.pack import LAYOUTS, join_values, same_values
from ingest.kernels import local_us
from runtime.settings import Settings, as_markdown
from store.pipeline.device_seq import DeviceSeq
from store.postgres.binary import decode, encode, encode_rows, encode_with_arrays


def numbered(*numbers: int) -> list[RawMessage]:
    return [RawMessage("t", b"12345", i, None) for i in numbers]


def test_window_keeps_order_and_forgets_what_comes_again() -> None:
    window = AckWindow()
    window.arrive(numbered(1, 2, 3), [1, 2, 3])
    window.arrive(numbered(0, 4, 5), [0, 4, 5])
    assert window.take(2, 100) == numbered(1, 2)
    assert window.full(4, 100) and window.full(9, 20) and not window.full(5, 21)
    assert window.lost_connection() == 3, "3, 4 and 5 will be sent again, QoS 0 will not"
    window.arrive(numbered(9), [1])
    assert (len(window), window.size) == (4, 20)
    assert window.done() == [], "packet ids of the connection that broke are void"
    assert window.take(9, 0) == numbered(0), "at least one, whatever its size"
    assert window.done() == [], "QoS 0 is not acknowledged"
    assert window.take(9, 100) == numbered(9)
    assert window.done() == [1]
    assert (len(window), window.size) == (0, 0)


def test_an_empty_batch_is_not_waited_for() -> None:
    """The connection breaks between the arrival and the taking: the next batch is told first."""
    window = AckWindow()
    window.arrive(numbered(1), [1])
    window.lost_connection()
    assert window.take(9, 100) == []
    window.arrive(numbered(1), [1])
    window.take(9, 100)
    assert window.done() == [1]


@given(st.permutations(range(1, 30)), st.data())
def test_acknowledged_is_what_has_no_hole(order: list[int], data: st.DataObject) -> None:
    """Whatever the order: `through` is the highest n so that 1..n have all come."""
    state = DeviceSeq.first(0, order[0], oldest=1)
    seen: set[int] = set()
    for seq in order:
        for _ in range(data.draw(st.integers(1, 2))):
            state.take(0, seq, oldest=1)
        seen.add(seq)
        expected = 0
        while expected + 1 in seen:
            expected += 1
        assert state.through == expected


def test_numbering_begins_where_the_device_says_and_anew_with_a_run() -> None:
    state = DeviceSeq.first(0, 17, None)
    state.take(0, 17, None)
    assert state.through == 17
    state.take(0, 20, None)
    assert state.through == 17
    state.take(0, 21, 20)  # the device gave 18 and 19 up
    assert state.through == 21
    state.take(1, 1, 1)
    assert (state.run, state.through) == (1, 1)
    state.take(0, 22, None)  # a straggler of the run before
    assert (state.run, state.through) == (1, 1)


def test_history_stays_with_whom_it_belonged_to() -> None:
    found = holders(
        [Span(0, 100, "vehicle:a"), Span(100, FOREVER_US, "vehicle:b")],
        {
            "vehicle:a": [Span(10, 60, "ann"), Span(60, FOREVER_US, "bob")],
            "vehicle:b": [Span(0, FOREVER_US, "cy")],
        },
    )
    device = Device(1, "t", "d", "vehicle", "native", "UTC", holders=found)
    who = {us: (h.customer if (h := device.holder_at(us)) else "-") for us in (0, 10, 59, 60, 99)}
    assert who == {0: None, 10: "ann", 59: "ann", 60: "bob", 99: "bob"}
    holder = device.holder_at(100)
    assert holder is not None and (holder.subject, holder.customer) == ("vehicle:b", "cy")
    assert device.holder_at(-1) is None


def test_consent_fails_closed() -> None:
    state = ConsentState({("t", "c"): frozenset({"energy_insight"})})
    assert state.covers("t", "c", "meter")
    assert not state.covers("t", "c", "vehicle"), "another purpose"
    assert not state.covers("t", "nobody", "meter")
    assert not state.covers("t", None, "meter")
    assert not state.covers("other", "c", "meter")


maybe = st.none() | st.sampled_from([0.0, 1.0, 2.5, -3.0])
row = st.lists(maybe, min_size=8, max_size=8).map(
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


def test_meter_keys_fit_a_float_exactly() -> None:
    key = meter_key("1EMH0012345678")
    assert key == meter_key(" 1EMH0012345678 ") and float(int(key)) == key < 2**53
    assert key != meter_key("1EMH0012345679")


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


def test_local_time_over_a_clock_change() -> None:
    hour = 3_600_000_000
    noon_us = 1_792_843_200_000_000  # 2026-10-24T12:00Z
    t_us = noon_us + np.arange(0, 24 * hour, hour)
    offsets = (local_us(t_us, "Europe/Berlin") - t_us) // hour
    assert offsets.tolist() == [2] * 13 + [1] * 11


def test_settings_are_documented() -> None:
    from pathlib import Path

    document = Path(__file__).parents[2] / "docs" / "settings.md"
    assert document.read_text() == as_markdown(), "run `tachowatt settings --markdown`"


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TACHOWATT_BATCH_MESSAGES", "7")
    assert Settings().batch_messages == 7


@pytest.mark.parametrize(("zone", "fine"), [("Africa/Cairo", True), ("Atlantic/Azores", False)])
def test_a_rollup_zone_has_one_midnight_a_day(zone: str, fine: bool) -> None:
    with nullcontext() if fine else pytest.raises(ValueError, match="midnight occurs twice"):
        Settings(rollup_zone=zone)
