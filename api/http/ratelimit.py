"""Rate limits: a fixed window per key, and one per client for keys that fail.

All in the memory of this process.
"""

import hashlib
import threading
from collections import OrderedDict
from dataclasses import dataclass

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from api.http.problems import Problem
from runtime.clock import US_PER_S, SystemClock


@dataclass(frozen=True, slots=True)
class Rate:
    """State of a key's window."""

    allowed: bool
    limit: int
    remaining: int
    reset_s: int

    def headers(self) -> dict[str, str]:
        """Return the RateLimit-* headers."""
        return {
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(self.remaining),
            "RateLimit-Reset": str(self.reset_s),
        }

    def check(self) -> None:
        """Raise the 429 problem if the window is exhausted."""
        if not self.allowed:
            raise Problem(
                429,
                "rate_limited",
                f"This key has made its {self.limit} requests of this minute.",
                f"Wait {self.reset_s} s; the headers RateLimit-Remaining and RateLimit-Reset say "
                "beforehand how many are left. To follow changes use the stream.",
                user_message="Too many requests. Please wait a moment.",
                headers={"Retry-After": str(self.reset_s)},
            )


class RateLimit:
    """The windows of all keys of this process. Uses the system clock, as `limits` itself does."""

    def __init__(self, per_minute: int) -> None:
        self._item = RateLimitItemPerMinute(per_minute)
        self._limiter = FixedWindowRateLimiter(MemoryStorage())
        self._clock = SystemClock()

    def take(self, key_id: str) -> Rate:
        """Count one request of a key and return its window."""
        allowed = self._limiter.hit(self._item, key_id)
        window = self._limiter.get_window_stats(self._item, key_id)
        reset_s = max(1, round(window.reset_time - self._clock.now_us() / US_PER_S))
        return Rate(allowed, self._item.amount, max(0, window.remaining), reset_s)


_MOST_KNOWN = 10_000


class FailureLimit:
    """How often a client may come with keys that are not valid.

    A client over its limit is refused before the store is asked. Keys that have been accepted in
    this process are not: others at the same address cannot lock them out.
    """

    def __init__(self, per_minute: int) -> None:
        self._item = RateLimitItemPerMinute(per_minute)
        self._limiter = FixedWindowRateLimiter(MemoryStorage())
        self._clock = SystemClock()
        self._lock = threading.Lock()
        self._known: OrderedDict[bytes, None] = OrderedDict()

    def check(self, client: str, key: str) -> None:
        """Raise the 429 problem if this client has failed too often."""
        if self._limiter.test(self._item, client):
            return
        with self._lock:
            if _digest(key) in self._known:
                return
        window = self._limiter.get_window_stats(self._item, client)
        wait_s = max(1, round(window.reset_time - self._clock.now_us() / US_PER_S))
        raise Problem(
            429,
            "rate_limited",
            "Too many keys from this address were not valid.",
            f"Wait {wait_s} s, and send a key that is valid.",
            user_message="Too many attempts. Please wait a moment.",
            headers={"Retry-After": str(wait_s)},
        )

    def failed(self, client: str) -> None:
        """Count a key that is not valid."""
        self._limiter.hit(self._item, client)

    def accepted(self, key: str) -> None:
        """Remember a key that is valid."""
        digest = _digest(key)
        with self._lock:
            self._known[digest] = None
            self._known.move_to_end(digest)
            if len(self._known) > _MOST_KNOWN:
                self._known.popitem(last=False)


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()
