"""Retained messages are taken once, and lost never."""

from contracts.raw import RawMessage
from gateway.retained import RetainedMessages


def arrive(retained: RetainedMessages, body: bytes, mid: int) -> bytes:
    messages = [RawMessage("t", body, 7)]
    retained.strip(messages, [mid], [0])
    return messages[0].body


def test_a_copy_of_what_was_acknowledged_has_no_body() -> None:
    retained = RetainedMessages()
    assert arrive(retained, b"a", 1) == b"a"
    assert arrive(retained, b"a", 2) == b"a", "the log may not have the first"
    retained.acknowledged([2])
    assert arrive(retained, b"a", 3) == b""
    assert arrive(retained, b"b", 4) == b"b", "another message is retained there now"


def test_what_was_lost_with_the_connection_is_taken_again() -> None:
    retained = RetainedMessages()
    arrive(retained, b"a", 1)
    retained.lost_connection()
    retained.acknowledged([1])  # the id of another message, on the next connection
    assert arrive(retained, b"a", 1) == b"a"


def test_without_acknowledgement_it_counts_at_once_and_memory_is_bounded() -> None:
    retained = RetainedMessages()
    assert arrive(retained, b"a", 0) == b"a"
    assert arrive(retained, b"a", 0) == b""
    for i in range(300):
        retained.strip([RawMessage(f"{i}".ljust(60_000), b"a", 7)], [0], [0])
    assert sum(map(len, retained._taken)) < 9 * 1024 * 1024
