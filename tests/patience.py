"""How long tests wait before they fail: the one place where a slow or busy machine counts.

The limits that tests name are for an ordinary machine. Waiting for less time than that is no
assertion of any test; what a test says about speed it says otherwise.
"""

from runtime.calibration import known_slowness
from runtime.clock import SystemClock


def patience() -> float:
    """The machine's factor (runtime.calibration): measured once, before the workers start."""
    return known_slowness(SystemClock())


def patient(seconds: float) -> float:
    """A limit in seconds, for this machine."""
    return seconds * patience()
