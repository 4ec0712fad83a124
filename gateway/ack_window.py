"""The window of messages received from the broker and not yet acknowledged, in order of arrival."""

from collections import deque
from collections.abc import Sequence
from itertools import accumulate, islice, takewhile
from typing import TypeVar

from contracts.raw import RawMessage

T = TypeVar("T")


class AckWindow:
    """A queue: acknowledgements are sent in the order of arrival (MQTT 5, 4.6).

    size : bytes of the bodies, topics and user properties in the window.
    """

    def __init__(self) -> None:
        self._waiting: deque[RawMessage] = deque()
        self._sizes: deque[int] = deque()
        self._mids: deque[int] = deque()
        self._taken: deque[tuple[list[int], int]] = deque()
        self._waiting_size = 0
        self.size = 0

    def __len__(self) -> int:
        """Messages received and not yet acknowledged."""
        return len(self._waiting) + sum(len(mids) for mids, _ in self._taken)

    @property
    def waiting(self) -> int:
        """Messages that no batch has taken yet."""
        return len(self._waiting)

    def full(self, most: int, most_bytes: int) -> bool:
        """Return whether the waiting messages fill a batch."""
        if len(self._waiting) >= most:
            return True
        return self._waiting_size >= most_bytes

    def arrive(self, messages: Sequence[RawMessage], mids: Sequence[int]) -> None:
        """Add received messages. mids : packet ids to acknowledge; 0 for QoS 0, which has none."""
        self._waiting.extend(messages)
        self._mids.extend(mids)
        sizes = [
            len(m.body) + len(m.topic) + (0 if m.properties is None else m.properties.size)
            for m in messages
        ]
        self._sizes.extend(sizes)
        size = sum(sizes)
        self.size += size
        self._waiting_size += size

    def take(self, most: int, most_bytes: int) -> list[RawMessage]:
        """Take the next batch: at least one message, further ones within both limits. Empty where
        nothing waits; do not call `done` then."""
        count = min(most, len(self._waiting))
        if not count:
            return []
        if self._waiting_size > most_bytes:
            sums = accumulate(islice(self._sizes, count))
            count = max(1, sum(1 for _ in takewhile(most_bytes.__ge__, sums)))
        size = sum(_first(self._sizes, count))
        self._waiting_size -= size
        self._taken.append((_first(self._mids, count), size))
        return _first(self._waiting, count)

    def done(self) -> list[int]:
        """Remove the oldest batch, which the log has now. Returns its packet ids to acknowledge on
        this connection."""
        mids, size = self._taken.popleft()
        self.size -= size
        return [mid for mid in mids if mid]

    def lost_connection(self) -> int:
        """Void all packet ids; return how many messages may come again.

        No message is dropped. A broker that was killed does not send them again, although their
        senders have its acknowledgement; those that come again are duplicates, which the log says.
        """
        again = sum(1 for mid in self._mids if mid)
        again += sum(1 for mids, _ in self._taken for mid in mids if mid)
        self._mids = deque([0] * len(self._mids))
        self._taken = deque(([0] * len(mids), size) for mids, size in self._taken)
        return again


def _first(queue: deque[T], count: int) -> list[T]:
    """Take `count` items from the front of the queue."""
    if count == len(queue):
        items = list(queue)
        queue.clear()
        return items
    return [queue.popleft() for _ in range(count)]
