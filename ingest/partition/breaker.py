"""Stops a partition when a source's messages nearly all go to the dead letter.

A broken decoder, or a firmware that went out to a whole fleet, would fill it with what is still
safe with the broker. So intake stops, the state says why, and somebody decides.
"""

from collections import defaultdict, deque
from collections.abc import Mapping

from store.pipeline.ledger import Entry, Key


class _Newest:
    """The newest messages of a source, by batch, and their sums."""

    def __init__(self) -> None:
        self._batches: deque[tuple[int, int]] = deque()
        self.received = self.dead = 0

    def add(self, received: int, dead: int, most: int) -> None:
        """A batch more; the oldest go that are not needed to make `most`."""
        self._batches.append((received, dead))
        self.received += received
        self.dead += dead
        while self.received - self._batches[0][0] >= most:
            received, dead = self._batches.popleft()
            self.received -= received
            self.dead -= dead


class Breaker:
    """Looks at the newest `most` messages of each source (tenant and dialect); 0 = never stops.

    share : of them, from which on it is too much.
    """

    def __init__(self, most: int, share: float) -> None:
        self._most = most
        self._share = share
        self._newest: dict[Key, _Newest] = defaultdict(_Newest)

    def count(self, entries: Mapping[Key, Entry], nobodys: Mapping[Key, int]) -> str | None:
        """Take in what a batch added to the books; why to stop, or None.

        nobodys : so many of the dead letters are of devices that nobody registered, which is no
        fault of ours or of the source.
        """
        if not self._most:
            return None
        for key, entry in entries.items():
            others = entry.received - nobodys.get(key, 0)
            if others <= 0:
                continue
            newest = self._newest[key]
            newest.add(others, entry.dead_lettered - nobodys.get(key, 0), self._most)
            if newest.received >= self._most and newest.dead >= self._share * newest.received:
                del self._newest[key]
                return (
                    f"{newest.dead} of the last {newest.received} messages of {key[0]}/{key[1]} "
                    "went to the dead letter: intake has stopped. `tachowatt dead-letter list` "
                    "says why; mend it, or let them go there: `tachowatt dead-letter resume`"
                )
        return None
