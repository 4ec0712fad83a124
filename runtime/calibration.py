"""How many times slower this machine is, with its load, than the one that limits are made for."""

import os
from collections.abc import Callable

from runtime.clock import Clock

ENVIRONMENT = "TACHOWATT_SLOWNESS"
"""A factor that is measured already: processes take it from the one that starts them."""

_REFERENCE_S = 0.017
"""Wall time of one round on the reference machine, two virtual cores of a server, with little
else to do."""
_ROUNDS = 20
_STEPS = 150_000


def slowness(clock: Clock, work: Callable[[], object] | None = None) -> float:
    """Measure the factor, 1.0 = as fast as the reference machine or faster.

    It is wall time over a third of a second and more, so that other processes count: a single
    short round may fit into one slice of the scheduler and not see them. work : one round.
    """
    run = work or _round
    began = clock.monotonic()
    for _ in range(_ROUNDS):
        run()
    return max(1.0, (clock.monotonic() - began) / (_ROUNDS * _REFERENCE_S))


def slowness_once(clock: Clock) -> float:
    """The factor of ENVIRONMENT; else it is measured and put there for child processes."""
    try:
        given = max(1.0, float(os.environ[ENVIRONMENT]))
    except (KeyError, ValueError):
        given = slowness(clock)
        os.environ[ENVIRONMENT] = f"{given:.2f}"
    return given


def _round() -> int:
    """Interpreter's work, of which imports, planning and tests are made."""
    state = 0
    for step in range(_STEPS):
        state = (state * 31 + step) % 1_000_003
    return state
