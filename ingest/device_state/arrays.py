"""The kernel state of every cached device, in arrays with one row per device.

With fifty thousand devices in turn, objects would cost more than the arithmetic.
"""

import math
from collections.abc import Collection, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ingest.device_state.replay import Replay
from store.pipeline.reconcile import Range

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

NEVER_US = -(2**62)
"""High-water mark of a device without samples."""

_INITIAL_ROWS = 1_024
_LONGEST_WAIT = 10


@dataclass(frozen=True, slots=True)
class Late:
    """Late samples of a device that are not reconciled yet.

    span : their range; since, latest : monotonic seconds when the first and the last of them
    arrived. replay : the replay in progress; turned : monotonic seconds of its last piece.
    """

    span: Range
    since: float
    latest: float
    replay: Replay | None = None
    turned: float = -math.inf

    @classmethod
    def of(cls, span: Range, monotonic: float) -> "Late":
        """Start with the first late samples."""
        return cls(span, monotonic, monotonic)

    def join(self, span: Range, monotonic: float) -> "Late":
        """Add more late samples; drops the pieces of the replay that they make invalid."""
        replay = None if self.replay is None else self.replay.before(span.from_us)
        return Late(self.span.join(span), self.since, monotonic, replay, self.turned)

    def due(self, wait_s: float) -> float:
        """Return when (monotonic seconds) the device is due: `wait_s` after its latest late sample,
        but at most ten times `wait_s` after its first."""
        return min(self.latest + wait_s, self.since + _LONGEST_WAIT * wait_s)


class Slots:
    """Index from device id to row of an array, for many devices at once."""

    def __init__(self) -> None:
        self._ids = np.empty(0, np.int64)
        self._rows = np.empty(0, np.int64)

    def __len__(self) -> int:
        return int(self._ids.shape[0])

    def rows(self, device_ids: Ints) -> Ints:
        """Find the row of each device; -1 = it has none."""
        if not len(self):
            return np.full(device_ids.shape[0], -1, np.int64)
        at = np.minimum(np.searchsorted(self._ids, device_ids), len(self) - 1)
        return np.where(self._ids[at] == device_ids, self._rows[at], -1)

    def add(self, device_ids: Ints) -> Ints:
        """Assign the next rows to devices that have none. Returns these rows."""
        rows = np.arange(len(self), len(self) + device_ids.shape[0])
        ids = np.concatenate((self._ids, device_ids))
        order = np.argsort(ids, kind="stable")
        self._ids, self._rows = ids[order], np.concatenate((self._rows, rows))[order]
        return rows

    @property
    def ids(self) -> Ints:
        """Devices by row."""
        ids = np.empty(len(self), np.int64)
        ids[self._rows] = self._ids
        return ids


class States:
    """States of the devices of one kind.

    mark_us : int64[], high-water mark, time of the newest stored sample; later samples are new.
    carry : float64[, width], after the sample at the mark; not valid while the device is in `late`.
    since_checkpoint : int64[], samples after the newest checkpoint.
    heard : float64[], monotonic seconds of the last message.
    provisional : bool[], its open features were written since it fell silent.
    late : devices with late samples; their features are not computed until they are reconciled.

    The arrays may be longer than the number of devices.
    """

    def __init__(self, width: int) -> None:
        self.late: dict[int, Late] = {}
        self.slots = Slots()
        self.mark_us = np.full(_INITIAL_ROWS, NEVER_US, np.int64)
        self.carry = np.empty((_INITIAL_ROWS, width), np.float64)
        self.since_checkpoint = np.zeros(_INITIAL_ROWS, np.int64)
        self.heard = np.zeros(_INITIAL_ROWS, np.float64)
        self.provisional = np.zeros(_INITIAL_ROWS, np.bool_)

    def __len__(self) -> int:
        return len(self.slots)

    def unknown(self, device_ids: Iterable[int]) -> Ints:
        """Select the devices that have no row, ascending."""
        wanted = np.unique(np.fromiter(device_ids, np.int64))
        return wanted[self.slots.rows(wanted) < 0]

    def known(self, device_ids: Collection[int]) -> list[int]:
        """Select the devices that have a row."""
        wanted = np.fromiter(device_ids, np.int64, len(device_ids))
        found: list[int] = wanted[self.slots.rows(wanted) >= 0].tolist()
        return found

    def add(self, device_ids: Ints) -> Ints:
        """Add rows for devices that have none. Returns these rows."""
        rows = self.slots.add(device_ids)
        if len(self) > self.mark_us.shape[0]:
            self._grow(len(self) * 2)
        return rows

    def _grow(self, to: int) -> None:
        # Memory that was never written costs nothing, so the arrays may double.
        for name in ("mark_us", "carry", "since_checkpoint", "heard", "provisional"):
            old = getattr(self, name)
            new = np.empty((to, *old.shape[1:]), old.dtype)
            new[: old.shape[0]] = old
            setattr(self, name, new)

    def row(self, device_id: int) -> int:
        """Find the row of one device. Raises KeyError if it has none."""
        row = int(self.slots.rows(np.array([device_id]))[0])
        if row < 0:
            raise KeyError(device_id)
        return row

    def is_late(self, device_ids: Ints) -> NDArray[np.bool_]:
        """Return bool[], which of the devices wait to be reconciled."""
        if not self.late:
            return np.zeros(device_ids.shape[0], np.bool_)
        return np.isin(device_ids, np.fromiter(self.late, np.int64))

    def silent(self, heard_before: float) -> tuple[Ints, Ints]:
        """List devices without a message since `heard_before` (monotonic seconds), ascending, and
        their rows; without those already provisional and those that wait to be reconciled."""
        n = len(self)
        rows = np.flatnonzero((self.heard[:n] <= heard_before) & ~self.provisional[:n])
        ids = self.slots.ids[rows]
        wanted = ~self.is_late(ids)
        ids, rows = ids[wanted], rows[wanted]
        order = np.argsort(ids)
        return ids[order], rows[order]
