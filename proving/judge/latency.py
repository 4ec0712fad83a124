"""Latency from a device's message to its effect."""

import math
from collections import defaultdict
from collections.abc import Iterable

from simulators.encode import Message


class Publications:
    """Times of first publication of samples: pass `note` to a Publisher as `first_sent`.

    Native devices only: other messages do not list their samples.
    """

    def __init__(self) -> None:
        self._sent: dict[str, list[tuple[int, int, float]]] = defaultdict(list)

    def note(self, message: Message, now_s: float) -> None:
        """Record the first publication of a message; now_s : the clock's monotonic seconds."""
        if message.last_us and not message.fault:
            self._sent[message.device].append((message.first_us, message.last_us, now_s))

    def known_s(self, device: str, from_us: int, to_us: int) -> float | None:
        """Return when the last sample from `from_us` to `to_us` (device time) was published.

        Devices send some messages late, after their successors. None if no such message was
        published.
        """
        times = [
            at_s
            for first_us, last_us, at_s in self._sent[device]
            if first_us <= to_us and last_us >= from_us
        ]
        return max(times, default=None)


def percentile(values: Iterable[float], share: float) -> float | None:
    """Return the value that `share` of all do not exceed (nearest rank, no interpolation)."""
    ordered = sorted(values)
    return ordered[max(math.ceil(share * len(ordered)) - 1, 0)] if ordered else None
