"""How long it takes from a device's message to what it brought about."""

import math
from collections import defaultdict
from collections.abc import Iterable

from simulators.encode import Message


class Publications:
    """When each sample was first published: give `note` to a Publisher as `first_sent`.

    Native devices only: messages of others do not say which samples they hold.
    """

    def __init__(self) -> None:
        self._sent: dict[str, list[tuple[int, int, float]]] = defaultdict(list)

    def note(self, message: Message, now_s: float) -> None:
        """A message goes out for the first time; now_s : the clock's monotonic seconds."""
        if message.last_us and not message.fault:
            self._sent[message.device].append((message.first_us, message.last_us, now_s))

    def known_s(self, device: str, from_us: int, to_us: int) -> float | None:
        """When the last of the samples from `from_us` to `to_us` (device time) was published.

        Devices send some messages late, after their successors; what they hold could not be
        known before. None where no such message was published.
        """
        times = [
            at_s
            for first_us, last_us, at_s in self._sent[device]
            if first_us <= to_us and last_us >= from_us
        ]
        return max(times, default=None)


def percentile(values: Iterable[float], share: float) -> float | None:
    """The value that `share` of all do not exceed (nearest rank: no value is made up)."""
    ordered = sorted(values)
    return ordered[max(math.ceil(share * len(ordered)) - 1, 0)] if ordered else None
