"""The sequence number up to which each device's messages have been processed.

A device without a hole is two numbers in arrays; a device with a hole, or an unregistered one, is
an object. Each device is in one of the two.
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from ingest.device_state.arrays import Slots
from ingest.registry import Registry
from store.pipeline import device_seq
from store.pipeline.device_seq import DeviceSeq
from store.postgres.pool import Connection

Ints = NDArray[np.int64]

_NOT_HERE = -2
"""Value of `through` for a device that is an object, or has sent no number yet."""


class SequenceNumbers:
    """The sequence numbers of the cached devices.

    run, through : int64[], by row of `slots`.
    """

    def __init__(self) -> None:
        self.slots = Slots()
        self.run = np.empty(0, np.int64)
        self.through = np.empty(0, np.int64)
        self._objects: dict[str, DeviceSeq] = {}
        self._loaded: set[str] = set()
        self._rows: dict[str, int] = {}

    def load(self, connection: Connection, registry: Registry, addresses: Iterable[str]) -> None:
        """Load the addresses (tenant/device) that are not cached yet."""
        wanted = [address for address in addresses if address not in self._loaded]
        if not wanted:
            return
        self._loaded.update(wanted)
        found = device_seq.load(connection, wanted)
        devices = {a: registry.by_address.get(("native", a)) for a in wanted}
        ids = {a: device.device_id for a, device in devices.items() if device is not None}
        rows = self.slots.add(np.fromiter(ids.values(), np.int64))
        self._rows.update(zip(ids, rows.tolist(), strict=True))
        more = np.full(len(self.slots) - self.run.shape[0], _NOT_HERE, np.int64)
        self.run = np.concatenate((self.run, more))
        self.through = np.concatenate((self.through, more))
        for address, seq in found.items():
            self.put(address, seq)

    def get(self, address: str) -> DeviceSeq | None:
        """Return a copy of one device's state; None before its first message."""
        row = self._rows.get(address, -1)
        if row >= 0 and self.through[row] != _NOT_HERE:
            return DeviceSeq(int(self.run[row]), int(self.through[row]))
        known = self._objects.get(address)
        return None if known is None else known.copy()

    def put(self, address: str, seq: DeviceSeq) -> None:
        """Store the state of one device."""
        row = self._rows.get(address, -1)
        simple = row >= 0 and not seq.ahead
        if row >= 0:
            self.run[row] = seq.run
            self.through[row] = seq.through if simple else _NOT_HERE
        if simple:
            self._objects.pop(address, None)
        else:
            self._objects[address] = seq

    def follows(self, device_ids: Ints, run: Ints, first_seq: Ints) -> NDArray[np.bool_]:
        """Return bool[], which devices are cached without a hole and have `first_seq` as their next
        number."""
        if not len(self.slots):
            return np.zeros(device_ids.shape[0], np.bool_)
        rows = self.slots.rows(device_ids)
        through = self.through[rows]
        known = (rows >= 0) & (through != _NOT_HERE)
        return np.asarray(known & (self.run[rows] == run) & (through == first_seq - 1))

    def put_all(self, device_ids: Ints, run: Ints, through: Ints) -> None:
        """Store the states of devices for which `follows` was true."""
        rows = self.slots.rows(device_ids)
        self.run[rows], self.through[rows] = run, through
