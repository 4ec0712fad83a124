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
        self._taken: deque[tuple[list[int], int]] = deque()
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
        return self.size - sum(size for _, size in self._taken) >= most_bytes

    def arrive(self, messages: Sequence[RawMessage], mids: Sequence[int]) -> None:
        """Messages came. mids : packet ids to acknowledge; 0 for QoS 0, which knows none."""
        self._waiting.extend(messages)
        self._mids.extend(mids)
        self.size += sum([len(message.body) for message in messages])

    def take(self, most: int, most_bytes: int) -> list[RawMessage]:
        """The next batch: at least one message, beyond that within both limits."""
        waiting, size = self._waiting, 0
        batch: list[RawMessage] = []
        while waiting and len(batch) < most:
            size += len(waiting[0].body)
            if batch and size > most_bytes:
                size -= len(waiting[0].body)
                break
            batch.append(waiting.popleft())
        self._taken.append(([self._mids.popleft() for _ in batch], size))
        return batch

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
        kept = [m for m, mid in zip(self._waiting, self._mids, strict=True) if not mid]
        forgotten = len(self._waiting) - len(kept)
        self._waiting, self._mids = deque(kept), deque([0] * len(kept))
        self._taken = deque(([0] * len(mids), size) for mids, size in self._taken)
        self.size = sum(size for _, size in self._taken) + sum(len(m.body) for m in kept)
        return forgotten
