"""Stops a partition when a source's messages nearly all go to the dead letter.

A broken decoder, or a firmware that went out to a whole fleet, would fill it with what is still
safe with the broker. So intake stops, the state says why, and somebody decides.
"""

from collections import defaultdict, deque
from collections.abc import Mapping

from store.ledger import Entry, Key


class Cap:
    """Looks at the newest `most` messages of each source (tenant and dialect); 0 = never stops.

    share : of them, from which on it is too much.
    """

    def __init__(self, most: int, share: float) -> None:
        self._most = most
        self._share = share
        self._newest: dict[Key, deque[tuple[int, int]]] = defaultdict(deque)

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
            newest.append((others, entry.dead_lettered - nobodys.get(key, 0)))
            received = sum(n for n, _ in newest)
            while received - newest[0][0] >= self._most:
                received -= newest.popleft()[0]
            dead = sum(n for _, n in newest)
            if received >= self._most and dead >= self._share * received:
                newest.clear()
                return (
                    f"{dead} of the last {received} messages of {key[0]}/{key[1]} went to the dead "
                    "letter: intake has stopped. `tachowatt dead-letter list` says why; mend it, "
                    "or let them go there: `tachowatt dead-letter resume`"
                )
        return None
