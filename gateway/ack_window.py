"""Which messages the broker has sent and we have not acknowledged, in the order of arrival."""

from collections import deque
from collections.abc import Sequence
from itertools import accumulate, islice, takewhile
from typing import TypeVar

from contracts.raw import RawMessage

T = TypeVar("T")


class AckWindow:
    """First in, first out: acknowledgements leave in the order of arrival (MQTT 5, 4.6).

    size : bytes of the bodies and user properties in it.
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
        """True where the next batch would be as large as it may be."""
        if len(self._waiting) >= most:
            return True
        return self._waiting_size >= most_bytes

    def arrive(self, messages: Sequence[RawMessage], mids: Sequence[int]) -> None:
        """Messages came. mids : packet ids to acknowledge; 0 for QoS 0, which knows none."""
        self._waiting.extend(messages)
        self._mids.extend(mids)
        sizes = [
            len(m.body) if m.properties is None else len(m.body) + m.properties.size
            for m in messages
        ]
        self._sizes.extend(sizes)
        size = sum(sizes)
        self.size += size
        self._waiting_size += size

    def take(self, most: int, most_bytes: int) -> list[RawMessage]:
        """The next batch: at least one message, beyond that within both limits. Empty where the
        connection was lost meanwhile; there is nothing to be `done` then."""
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
        """The log has the batch taken first; what is to be acknowledged of it, on this
        connection."""
        mids, size = self._taken.popleft()
        self.size -= size
        return [mid for mid in mids if mid]

    def lost_connection(self) -> int:
        """Forget what no batch has taken: the broker sends it again. Returns how many.

        QoS 0 stays, for nobody sends that again. Packet ids of batches under way are void.
        """
        waiting = zip(self._waiting, self._sizes, self._mids, strict=True)
        kept = [(message, size) for message, size, mid in waiting if not mid]
        forgotten = len(self._waiting) - len(kept)
        self._waiting = deque(message for message, _ in kept)
        self._sizes = deque(size for _, size in kept)
        self._mids = deque([0] * len(kept))
        self._taken = deque(([0] * len(mids), size) for mids, size in self._taken)
        self._waiting_size = sum(self._sizes)
        self.size = sum(size for _, size in self._taken) + self._waiting_size
        return forgotten


def _first(queue: deque[T], count: int) -> list[T]:
    """Take so many off its front."""
    if count == len(queue):
        items = list(queue)
        queue.clear()
        return items
    return [queue.popleft() for _ in range(count)]
