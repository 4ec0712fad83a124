"""What the owner of a partition does between batches, beside reconciling."""

from collections.abc import Mapping

from ingest.kernels import Kind, still_open
from ingest.memory import Floats, Memory, kind_of_device
from ingest.registry import grids
from ingest.times import YEAR_2000_US
from runtime.clock import Clock
from store import carry, features, reconcile
from store.pool import Connection


def compute_anew(connection: Connection, memory: Memory, clock: Clock) -> None:
    """Ask for a reconcile from the beginning of what was computed with another grid or zone.

    Commits. The registry in `memory` is the new one already.
    """
    now_us = clock.now_us()
    for device_id in carry.outdated(connection, grids(memory.registry)):
        everything = reconcile.Range(YEAR_2000_US, now_us)
        carry.delete(connection, device_id, 0, None)
        reconcile.request(connection, {device_id: everything}, now_us)
        state = memory.devices.get(device_id)
        if state is not None:
            state.late, state.late_since = everything, clock.monotonic()
    connection.commit()


def silent_devices(memory: Memory, kind: Kind, heard_before: float) -> dict[int, Floats]:
    """Devices of a kind that said nothing since, with their carries; not those written already.

    heard_before : monotonic seconds.
    """
    if kind.finish is None:
        return {}
    return {
        device_id: state.carry
        for device_id, state in memory.devices.items()
        if not state.provisional
        and state.late is None
        and state.heard <= heard_before
        and kind_of_device(memory, device_id) is kind
    }


def write_open(connection: Connection, kind: Kind, silent: Mapping[int, Floats]) -> None:
    """Write what silent devices have open, in the caller's transaction."""
    rows = still_open(kind, silent)
    for table in kind.features:
        features.append(connection, table, rows[table.name])
