"""Time, injected.

Code that needs the time takes a `Clock`; only this file may read the machine's clock
(ruff's banned-api enforces that).
"""

import threading
import time
from typing import Protocol

US_PER_S = 1_000_000


class Clock(Protocol):
    """The interface of a clock."""

    def now_us(self) -> int:
        """Microseconds since 1970 UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds from an arbitrary origin; never goes back."""
        ...


class SystemClock:
    """The machine's clock."""

    def now_us(self) -> int:
        return time.time_ns() // 1_000

    def monotonic(self) -> float:
        return time.monotonic()


def thread_cpu_s() -> float:
    """Return the seconds of CPU that this thread has used."""
    return time.thread_time()


class ManualClock:
    """A clock that moves only by `advance`."""

    def __init__(self, now_us: int = 1_795_000_000 * US_PER_S) -> None:
        self._now_us = now_us
        self._origin_us = now_us
        self._lock = threading.Lock()

    def now_us(self) -> int:
        with self._lock:
            return self._now_us

    def monotonic(self) -> float:
        with self._lock:
            return (self._now_us - self._origin_us) / US_PER_S

    def advance(self, seconds: float) -> None:
        """Move the clock forward by `seconds`."""
        with self._lock:
            self._now_us += round(seconds * US_PER_S)
