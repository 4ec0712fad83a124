"""Measure the duration of each step of a batch."""

from runtime.clock import Clock
from runtime.metrics import Metrics


class StepTimer:
    """Stopwatch of one batch; `mark` adds the time since the last mark to a step's metric."""

    def __init__(self, clock: Clock, metrics: Metrics) -> None:
        self._clock = clock
        self._metrics = metrics
        self.started = self._last = clock.monotonic()

    def mark(self, step: str) -> None:
        """End a step now. step : its label in the metric `step_seconds`."""
        now = self._clock.monotonic()
        self._metrics.step_seconds.labels(step).inc(max(now - self._last, 0.0))
        self._last = now

    def continue_after_wait(self) -> None:
        """Leave out the time since the last mark: the prepared batch was waiting for its commit."""
        self._last = self._clock.monotonic()
