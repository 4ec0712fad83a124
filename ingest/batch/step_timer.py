"""How long each step of a batch took."""

from runtime.clock import Clock
from runtime.metrics import Metrics


class StepTimer:
    """One batch's stopwatch; `mark` books the time since the last lap under a step's name."""

    def __init__(self, clock: Clock, metrics: Metrics) -> None:
        self._clock = clock
        self._metrics = metrics
        self.started = self._last = clock.monotonic()

    def mark(self, step: str) -> None:
        """The step that ends now."""
        now = self._clock.monotonic()
        self._metrics.step_seconds.labels(step).inc(max(now - self._last, 0.0))
        self._last = now

    def go_on(self) -> None:
        """Leave out the time since the last lap: it was spent waiting for a turn."""
        self._last = self._clock.monotonic()
