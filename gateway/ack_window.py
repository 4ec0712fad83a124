"""Which messages the broker has sent and we have not acknowledged, in the order of arrival."""

from collections import deque
from dataclasses import dataclass

from contracts.raw import RawMessage


@dataclass(frozen=True, slots=True)
class Arrived:
    """A message under way.

    mid : packet id to acknowledge; 0 for QoS 0, which knows no acknowledgement.
    session : number of the connection that brought it; an id is void on another.
    """

    raw: RawMessage
    mid: int
    session: int


class AckWindow:
    """First in, first out: acknowledgements leave in the order of arrival (MQTT 5, 4.6)."""

    def __init__(self) -> None:
        self._waiting: deque[Arrived] = deque()
        self._taken: deque[Arrived] = deque()

    def __len__(self) -> int:
        """Messages received and not yet acknowledged."""
        return len(self._waiting) + len(self._taken)

    @property
    def waiting(self) -> int:
        """Messages that no batch has taken yet."""
        return len(self._waiting)

    def arrive(self, arrived: Arrived) -> None:
        """A message came."""
        self._waiting.append(arrived)

    def take(self, most: int, most_bytes: int) -> list[Arrived]:
        """The next batch: at least one message, beyond that within both limits."""
        batch: list[Arrived] = []
        size = 0
        while self._waiting and len(batch) < most:
            size += len(self._waiting[0].raw.body)
            if batch and size > most_bytes:
                break
            batch.append(self._waiting.popleft())
        self._taken.extend(batch)
        return batch

    def done(self, n: int) -> list[Arrived]:
        """The log has the first `n` taken messages; they are to be acknowledged."""
        return [self._taken.popleft() for _ in range(n)]

    def lost_connection(self, session: int) -> int:
        """Forget what no batch has taken: the broker sends it again. Returns how many.

        QoS 0 stays, for nobody sends that again.
        """
        kept = [a for a in self._waiting if a.session != session or not a.mid]
        dropped = len(self._waiting) - len(kept)
        self._waiting = deque(kept)
        return dropped
