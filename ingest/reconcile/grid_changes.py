"""Request a recomputation of devices whose grid or time zone has changed."""

from collections.abc import Collection

import numpy as np

from ingest.decoding.times import YEAR_2000_US
from ingest.device_state.arrays import Late
from ingest.device_state.cache import StateCache, carry_to_bytes
from ingest.feature_inputs import as_text
from ingest.kernels import KINDS
from runtime.clock import Clock
from store.pipeline import carry, reconcile
from store.postgres.pool import Connection


def load_recompute_requests(
    connection: Connection,
    cache: StateCache,
    clock: Clock,
    only: Collection[int] | None = None,
) -> None:
    """Request a reconcile of devices whose features were computed with another grid or zone, from
    their first sample, or from the boundary of retention if older samples may be gone.

    only : the devices that may have changed; None = all. Commits. `cache` already has the new
    registry.
    """
    now_us = clock.now_us()
    by_id = cache.registry.by_id
    current = {
        device_id: as_text(by_id[device_id])
        for device_id in (by_id if only is None else only)
        if cache.owns(device_id)
    }
    for device_id in carry.outdated(connection, current):
        everything = reconcile.Range(cache.retention_ready_us, now_us)
        carry.delete(connection, device_id, 0, None)
        kind = KINDS[cache.registry.by_id[device_id].kind]
        if cache.retention_ready_us > YEAR_2000_US:  # earlier samples may be gone: start there
            begin = carry_to_bytes(kind.initial(1)[0])
            carry.save(
                connection,
                [
                    carry.Checkpoint(
                        device_id, cache.retention_ready_us - 1, kind.carry_version, begin
                    )
                ],
            )
        reconcile.request(connection, {device_id: everything}, now_us)
        states = cache.states[kind.name]
        if states.slots.rows(np.array([device_id]))[0] >= 0:
            states.late[device_id] = Late.of(everything, clock.monotonic())
    connection.commit()
