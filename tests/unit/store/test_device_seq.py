"""Numbering of a device: the last sequence number without a hole."""

from hypothesis import given
from hypothesis import strategies as st

from store.pipeline.device_seq import DeviceSeq


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
