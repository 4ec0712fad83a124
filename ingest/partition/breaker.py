"""Stop a partition when nearly all messages of one source are dead-lettered.

A broken decoder, or a faulty firmware of a whole fleet, would fill the dead letters with messages
that the broker still keeps. So intake stops, the state gives the reason, and an operator decides.
"""

from collections import defaultdict, deque
from collections.abc import Mapping

from store.pipeline.ledger import Entry, Key


class _Newest:
    """Counts of the newest messages of a source, by batch, and their sums."""

    def __init__(self) -> None:
        self._batches: deque[tuple[int, int]] = deque()
        self.received = self.dead = 0

    def add(self, received: int, dead: int, most: int) -> None:
        """Add a batch; drop the oldest batches that are not needed to reach `most` messages."""
        self._batches.append((received, dead))
        self.received += received
        self.dead += dead
        while self.received - self._batches[0][0] >= most:
            received, dead = self._batches.popleft()
            self.received -= received
            self.dead -= dead


class Breaker:
    """Circuit breaker over the newest `most` messages of each source (tenant and dialect).

    most : 0 = never stops. share : dead-lettered share of those messages from which it stops.
    """

    def __init__(self, most: int, share: float) -> None:
        self._most = most
        self._share = share
        self._newest: dict[Key, _Newest] = defaultdict(_Newest)

    def count(self, entries: Mapping[Key, Entry], unassigned: Mapping[Key, int]) -> str | None:
        """Count a batch's ledger entries. Returns the reason to stop, or None.

        unassigned : how many of the dead letters are of unregistered devices or unknown topics;
        they are left out, because neither we nor the source are at fault.
        """
        if not self._most:
            return None
        for key, entry in entries.items():
            others = entry.received - unassigned.get(key, 0)
            if others <= 0:
                continue
            newest = self._newest[key]
            newest.add(others, entry.dead_lettered - unassigned.get(key, 0), self._most)
            if newest.received >= self._most and newest.dead >= self._share * newest.received:
                del self._newest[key]
                return (
                    f"{newest.dead} of the last {newest.received} messages of {key[0]}/{key[1]} "
                    "went to the dead letter: intake has stopped. `tachowatt dead-letter list` "
                    "says why; mend it, or let them go there: `tachowatt dead-letter resume`"
                )
        return None
