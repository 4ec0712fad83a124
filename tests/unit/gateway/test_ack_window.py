"""The window of unacknowledged messages."""

from contracts.raw import RawMessage
from gateway.ack_window import AckWindow


def numbered(*numbers: int) -> list[RawMessage]:
    return [RawMessage("t", b"1234", i, None) for i in numbers]


def test_window_keeps_order_and_all_that_came() -> None:
    window = AckWindow()
    window.arrive(numbered(1, 2, 3), [1, 2, 3])
    window.arrive(numbered(0, 4, 5), [0, 4, 5])
    assert window.take(2, 100) == numbered(1, 2)
    assert window.full(4, 100) and window.full(9, 20) and not window.full(5, 21)
    assert window.lost_connection() == 5, "a broker that lives sends 1 to 5 again"
    window.arrive(numbered(9), [1])
    assert (len(window), window.size) == (7, 35)
    assert window.done() == [], "packet ids of the connection that broke are void"
    assert window.take(9, 0) == numbered(3), "at least one, whatever its size"
    assert window.done() == []
    assert window.take(9, 15) == numbered(0, 4, 5), "a broker that was killed never sends them"
    assert window.done() == []
    assert window.take(9, 100) == numbered(9)
    assert window.done() == [1]
    assert (len(window), window.size) == (0, 0)
    assert window.take(9, 100) == [], "an empty batch is not waited for"
