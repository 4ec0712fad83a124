"""Which messages the broker has sent and we have not acknowledged, in the order of arrival."""

from collections import deque
from collections.abc import Sequence

from contracts.raw import RawMessage


class AckWindow:
    """First in, first out: acknowledgements leave in the order of arrival (MQTT 5, 4.6).

    size : bytes of the bodies in it.
    """

    def __init__(self) -> None:
        self._waiting: deque[RawMessage] = deque()
        self._mids: deque[int] = deque()
        self._taken: list[int] = []
        self._taken_size = 0
        self.size = 0

    def __len__(self) -> int:
        """Messages received and not yet acknowledged."""
        return len(self._waiting) + len(self._taken)

    @property
    def waiting(self) -> int:
        """Messages that no batch has taken yet."""
        return len(self._waiting)

    def arrive(self, messages: Sequence[RawMessage], mids: Sequence[int]) -> None:
        """Messages came. mids : packet ids to acknowledge; 0 for QoS 0, which knows none."""
        self._waiting.extend(messages)
        self._mids.extend(mids)
        self.size += sum([len(message.body) for message in messages])

    def take(self, most: int, most_bytes: int) -> list[RawMessage]:
        """The next batch: at least one message, beyond that within both limits.

        One batch is under way at a time: `done` comes before the next.
        """
        waiting, size = self._waiting, 0
        batch: list[RawMessage] = []
        while waiting and len(batch) < most:
            size += len(waiting[0].body)
            if batch and size > most_bytes:
                size -= len(waiting[0].body)
                break
            batch.append(waiting.popleft())
        self._taken = [self._mids.popleft() for _ in batch]
        self._taken_size = size
        return batch

    def done(self) -> list[int]:
        """The log has the batch; what is to be acknowledged of it, on this connection."""
        mids, self._taken = [mid for mid in self._taken if mid], []
        self.size -= self._taken_size
        return mids

    def lost_connection(self) -> int:
        """Forget what no batch has taken: the broker sends it again. Returns how many.

        QoS 0 stays, for nobody sends that again. Packet ids of the batch under way are void.
        """
        kept = [m for m, mid in zip(self._waiting, self._mids, strict=True) if not mid]
        forgotten = len(self._waiting) - len(kept)
        self._waiting, self._mids = deque(kept), deque([0] * len(kept))
        self._taken = [0] * len(self._taken)
        self.size = self._taken_size + sum(len(message.body) for message in kept)
        return forgotten
