"""Measure the duration of each step of a batch, and the CPU that it takes."""

import threading

from runtime.clock import Clock, thread_cpu_s
from runtime.metrics import Metrics


class StepTimer:
    """Stopwatch of one batch; `mark` adds the time since the last mark to a step's metrics."""

    def __init__(self, clock: Clock, metrics: Metrics) -> None:
        self._clock = clock
        self._metrics = metrics
        self.started = self._last = clock.monotonic()
        self._cpu_s, self._thread = thread_cpu_s(), threading.get_ident()

    def mark(self, step: str, *, cpu: bool = True) -> None:
        """End a step now. step : its label in the metrics. cpu : count its CPU too."""
        now, before_s = self._clock.monotonic(), self._cpu_s
        self._metrics.step_seconds.labels(step).inc(max(now - self._last, 0.0))
        self._last = now
        same = self._thread == threading.get_ident()  # each thread has a clock of its own
        self._cpu_s, self._thread = thread_cpu_s(), threading.get_ident()
        if cpu and same:
            self.add_cpu(step, self._cpu_s - before_s)

    def add_cpu(self, step: str, seconds: float) -> None:
        """Add the CPU of another thread to a step."""
        self._metrics.step_cpu_seconds.labels(step).inc(max(seconds, 0.0))

    def continue_after_wait(self) -> None:
        """Leave out the time since the last mark: the prepared batch was waiting for its commit."""
        self._last = self._clock.monotonic()
        self._cpu_s, self._thread = thread_cpu_s(), threading.get_ident()
