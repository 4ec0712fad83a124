"""What a device holds, lets go, and sends again."""

from simulators.buffers import Buffers, repetitions
from simulators.encode import JSON, Message

ACK = "tw/v1/demo/car-1/ack"


def message(seq: int | None, run: int = 0) -> Message:
    return Message(0, "t", b'"v":1}', "demo", "car-1", JSON, seq, run)


def held(count: int = 3, now_s: float = 0.0) -> Buffers:
    buffers = Buffers(10.0, now_s)
    for seq in range(1, count + 1):
        assert buffers.hold(message(seq), now_s) == 1
    return buffers


def ack(seq: int, run: int = 0) -> bytes:
    return b'{"v":1,"run":%d,"seq":%d}' % (run, seq)


def test_an_ack_lets_go_what_it_covers() -> None:
    buffers = held()
    assert buffers.acknowledge(ACK, ack(2), 1.0)
    assert (buffers.unacked, buffers.acked) == (1, 2)
    assert buffers.hold(message(4), 1.0) == 3, "oldest is what comes after the ack"


def test_meaningless_acks_change_nothing() -> None:
    buffers = held()
    for topic, body in (
        (ACK, ack(4)),  # beyond what was sent
        (ACK, ack(0)),
        (ACK, ack(2, run=1)),
        (ACK, b"\xff"),
        (ACK, b"[]"),
        (ACK, b'{"run":0}'),
        ("tw/v1/demo/car-2/ack", ack(1)),
        ("ack", ack(1)),
    ):
        assert not buffers.acknowledge(topic, body, 1.0)
    assert buffers.unacked == 3


def test_a_duplicate_is_not_held_twice_nor_again() -> None:
    buffers = held()
    buffers.hold(message(2), 1.0)
    assert buffers.unacked == 3
    buffers.acknowledge(ACK, ack(3), 1.0)
    assert buffers.hold(message(2), 2.0) == 2 and buffers.unacked == 0


def test_foreign_messages_are_not_held() -> None:
    buffers = Buffers(10.0, 0.0)
    assert buffers.hold(message(None), 0.0) is None and buffers.unacked == 0


def test_silence_is_answered_with_growing_patience() -> None:
    buffers = held()
    assert not buffers.silent(9.9)
    (buffer,) = buffers.silent(10.0)
    again = list(repetitions(buffer, 10.0))
    assert [m.seq for m, _ in again] == [1, 2, 3] and {oldest for _, oldest in again} == {1}
    assert not buffers.silent(29.0) and buffers.silent(30.0)
    buffers.acknowledge(ACK, ack(1), 31.0)
    assert not buffers.silent(40.9), "an ack begins the count anew"


def test_who_waits_in_a_queue_is_patient() -> None:
    buffers = held()
    other = Message(0, "t", b"}", "demo", "car-2", JSON, 1)
    buffers.hold(other, 0.0)
    buffers.acknowledge("tw/v1/demo/car-2/ack", ack(1), 12.0)
    assert not buffers.silent(15.0), "the service is alive and busy with others"
    assert buffers.silent(22.0)


def test_nothing_is_repeated_that_no_ack_could_cover_yet() -> None:
    buffers = Buffers(10.0, 0.0)
    late, *others = [message(seq) for seq in (1, 2, 3)]
    buffers.expect([*others, late], 0.0)
    for one in others:
        assert buffers.hold(one, 0.0) == 1
    assert not buffers.silent(1_000.0)
    buffers.hold(late, 1_000.0)
    assert buffers.silent(1_000.0)


def test_repetitions_leave_out_what_is_acknowledged_meanwhile() -> None:
    buffers = held()
    (buffer,) = buffers.waiting()
    steps = repetitions(buffer, 1.0)
    assert next(steps)[0].seq == 1
    buffers.acknowledge(ACK, ack(2), 1.0)
    assert [(m.seq, oldest) for m, oldest in steps] == [(3, 3)]


def test_a_new_run_begins_anew() -> None:
    buffers = held()
    assert buffers.hold(message(1, run=1), 5.0) == 1
    assert buffers.unacked == 1
    assert buffers.acknowledge(ACK, ack(1, run=1), 6.0)
