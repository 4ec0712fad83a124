"""The window of unacknowledged messages."""

from contracts.raw import RawMessage
from gateway.ack_window import AckWindow


def numbered(*numbers: int) -> list[RawMessage]:
    return [RawMessage("t", b"1234", i, None) for i in numbers]


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
