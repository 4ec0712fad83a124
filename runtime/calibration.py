"""Slowness of this machine, with its load, relative to the machine that time limits are made for.

A limit here prevents waiting for ever and is no promise: it grows with the factor (`Limit`).
"""

import os
from collections.abc import Callable

from runtime.clock import Clock

ENVIRONMENT = "TACHOWATT_SLOWNESS"
"""The measured factor: a process passes it to its children."""

_REFERENCE_S = 0.017
"""Wall time of one round on the reference machine: two virtual cores with little else to do."""
_ROUNDS = 20
_STEPS = 150_000


def slowness(clock: Clock, work: Callable[[], object] | None = None) -> float:
    """Measure the factor: 1.0 = as fast as the reference machine, or faster.

    It measures wall time over at least a third of a second, so that other processes count: a single
    short round may fit into one slice of the scheduler. work : one round.
    """
    run = work or _round
    began = clock.monotonic()
    for _ in range(_ROUNDS):
        run()
    return max(1.0, (clock.monotonic() - began) / (_ROUNDS * _REFERENCE_S))


def known_slowness(clock: Clock) -> float:
    """Return the factor of ENVIRONMENT; if missing, measure it and store it there."""
    try:
        return max(1.0, float(os.environ[ENVIRONMENT]))
    except (KeyError, ValueError):
        factor = slowness(clock)
        os.environ[ENVIRONMENT] = f"{factor:.2f}"
        return factor


class Limit:
    """A time limit that is longer on a slow machine.

    seconds : on the reference machine. The factor is measured only when they have passed, because
    that costs a third of a second, and the machine may then be busier than at the start.
    """

    def __init__(self, clock: Clock, seconds: float) -> None:
        self._clock = clock
        self._seconds = seconds
        self._factor = 0.0
        self._began = clock.monotonic()

    def over(self) -> bool:
        """Return whether the time has passed."""
        elapsed_s = self._clock.monotonic() - self._began
        if elapsed_s < self._seconds:
            return False
        if not self._factor:
            self._factor = max(known_slowness(self._clock), slowness(self._clock))
        return elapsed_s >= self._seconds * self._factor

    def renew(self) -> None:
        """Restart the time after progress."""
        self._began = self._clock.monotonic()

    @property
    def seconds(self) -> float:
        """The limit on this machine, as far as known."""
        return self._seconds * max(self._factor, 1.0)


def _round() -> int:
    """Do interpreter work, typical of imports, tests and the service's control."""
    state = 0
    for step in range(_STEPS):
        state = (state * 31 + step) % 1_000_003
    return state
