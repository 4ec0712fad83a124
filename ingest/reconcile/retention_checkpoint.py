"""Write a checkpoint of every device at the boundary of retention, before samples are dropped.

Later replays start there, with the same bits as a replay from the first sample. Samples from
before the boundary are no longer accepted (`too_old`).
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from ingest.device_state.cache import StateCache, carry_from_bytes, carry_to_bytes
from ingest.kernels import KINDS, Kind, compute
from store.pipeline import carry as checkpoints
from store.pipeline import telemetry
from store.postgres.pool import Connection
from store.schema import partitions


@dataclass(slots=True)
class RetentionCheckpoints:
    """A boundary of retention (µs), and the devices that have no checkpoint there yet."""

    boundary_us: int
    devices: deque[tuple[Kind, int]] = field(default_factory=deque)

    @classmethod
    def of(
        cls, connection: Connection, cache: StateCache, boundary_us: int
    ) -> "RetentionCheckpoints":
        """List the partition's devices that have samples before the boundary."""
        waiting = cls(boundary_us)
        for kind in KINDS.values():
            for device_id in telemetry.devices(connection, kind.samples, before_us=boundary_us):
                if cache.owns(device_id):
                    waiting.devices.append((kind, device_id))
        return waiting

    def continue_until(
        self, connection: Connection, cache: StateCache, enough: Callable[[], bool]
    ) -> bool:
        """Write checkpoints until `enough`, in the caller's transaction. Returns True when all
        devices have one; retention may then drop the samples before the boundary.

        A device with late samples waits until they are reconciled.
        """
        for _ in range(len(self.devices)):
            if enough():
                return False
            kind, device_id = self.devices.popleft()
            if device_id in cache.states[kind.name].late:
                self.devices.append((kind, device_id))
            elif cache.owns(device_id):
                write_retention_checkpoint(connection, cache, kind, device_id, self.boundary_us)
        if self.devices:
            return False
        partitions.set_secured(connection, self.boundary_us, cache.partition.number)
        return True


def write_retention_checkpoint(
    connection: Connection, cache: StateCache, kind: Kind, device_id: int, boundary_us: int
) -> None:
    """Save the carry after the last sample before the boundary, if it is not saved yet."""
    found = checkpoints.last_before(connection, device_id, kind.carry_version, boundary_us)
    carry = kind.initial(1) if found is None else carry_from_bytes(found.carry, kind)[np.newaxis]
    as_of_us = None if found is None else found.as_of_us
    for samples in telemetry.pieces(connection, kind.samples, device_id, as_of_us, boundary_us - 1):
        carry = compute(kind, samples, carry, cache.registry.grids).carry
        as_of_us = int(samples.observed_us[-1])
    if as_of_us is not None and (found is None or as_of_us > found.as_of_us):
        saved = checkpoints.Checkpoint(
            device_id, as_of_us, kind.carry_version, carry_to_bytes(carry[0])
        )
        checkpoints.save(connection, [saved])
