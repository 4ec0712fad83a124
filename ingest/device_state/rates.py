"""How much of its allowance each sender has used: a token bucket of messages and one of bytes.

Time is that of arrival at the gateway, so that a backlog that waited in the log for ingest counts
as it was sent, and one that waited at the broker counts as a burst.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ingest.device_state.arrays import Floats, Ints, Slots
from runtime.clock import US_PER_S

_NEVER_US = -(2**62)


@dataclass(frozen=True, slots=True)
class Limit:
    """An allowance, as float64[2]: messages and bytes.

    per_s : for long; burst : at once; most : the highest level that is counted, so that a sender
    whose messages are no longer kept does not wait for them. inf = no limit.
    """

    per_s: Floats
    burst: Floats
    most: Floats

    @classmethod
    def of(
        cls, per_s: tuple[float, float], burst: tuple[float, float], kept: tuple[float, float]
    ) -> "Limit":
        """Make a limit; 0 a second = none. kept : what is deferred at most."""
        rate, at_once = np.array(per_s, np.float64), np.array(burst, np.float64)
        at_once[rate == 0.0] = np.inf
        return cls(rate, at_once, at_once + np.array(kept, np.float64))

    @property
    def limited(self) -> bool:
        return bool(np.isfinite(self.burst).any())


@dataclass(frozen=True, slots=True)
class Levels:
    """Levels of some senders at an instant.

    rows : int64[n], in `Rates`; level : float64[n, 2], messages and bytes above zero.
    """

    rows: Ints
    level: Floats
    at_us: int


class Rates:
    """The levels of all senders of a kind (devices, or tenants), by row of `slots`."""

    def __init__(self, limit: Limit) -> None:
        self.limit = limit
        self.slots = Slots()
        self._level = np.empty((0, 2), np.float64)
        self._at_us = np.empty(0, np.int64)

    def levels(self, ids: Ints, now_us: int) -> Levels:
        """Return the levels of senders (ids ascending, each once) at `now_us`; adds new ones."""
        rows = self.slots.rows(ids)
        new = rows < 0
        if new.any():
            rows[new] = self.slots.add(ids[new])
            more = len(self.slots) - self._at_us.shape[0]
            self._level = np.concatenate((self._level, np.zeros((more, 2))))
            self._at_us = np.concatenate((self._at_us, np.full(more, _NEVER_US)))
        passed_s = np.maximum(now_us - self._at_us[rows], 0) / US_PER_S
        level = np.maximum(self._level[rows] - passed_s[:, None] * self.limit.per_s, 0.0)
        return Levels(rows, level, now_us)

    def put(self, levels: Levels) -> None:
        """Store levels after a batch."""
        self._level[levels.rows] = np.minimum(levels.level, self.limit.most)
        self._at_us[levels.rows] = np.maximum(self._at_us[levels.rows], levels.at_us)

    def calm(self, sender: int, now_us: int) -> bool:
        """Return whether a sender has half of its burst again."""
        level = self.levels(np.array([sender]), now_us).level[0]
        return bool((level <= self.limit.burst / 2).all())


def wait_s(limit: Limit, level: Floats, sizes: Ints) -> NDArray[np.float64]:
    """Return float64[n], for how long each message of one sender is deferred; 0 = not at all.

    level : float64[2], before them; sizes : int64[n], their bytes, in order of arrival. After the
    first deferred message all later ones are deferred, so that their order stays.
    """
    n = sizes.shape[0]
    after = level + np.stack((np.arange(1.0, n + 1.0), np.cumsum(sizes)), axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        over = np.where(np.isfinite(limit.burst), (after - limit.burst) / limit.per_s, 0.0)
    return np.asarray(np.maximum(np.maximum.accumulate(over.max(axis=1)), 0.0))
