"""Rate limit: a fixed window per key, in the memory of this process."""

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
