"""`tachowatt rescore --samples`: compute trips again from all samples, beside the stored ones."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from feature_kernels.driving import COLUMNS
from feature_kernels.ragged import starts_of
from ingest.feature_inputs import Grids
from ingest.kernels import KINDS, compute
from ingest.registry import load as load_registry
from runtime.clock import Clock
from store.pipeline import rescored, telemetry
from store.pipeline.feature_tables import TRIP
from store.pipeline.features import Rows
from store.postgres.pool import connect, translated

_DEVICES = 20
"""Devices that are read and committed together: an interrupted run loses twice these."""

_READERS = 2
"""Threads that read and compute. The server's work is the larger part, and each has its own."""


@dataclass(slots=True)
class Rescored:
    """What a run computed. devices : with those that an interrupted run had done."""

    run_id: int
    devices: int = 0
    samples: int = 0
    trips: int = 0


def rescore(
    url: str,
    clock: Clock,
    tenant: str,
    version: str,
    devices: Sequence[int],
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> Rescored:
    """Compute the trips of devices and write them to a run of the version.

    Each device from its first stored sample on; a trip that is still open is not there. An
    interrupted run goes on where it was.
    """
    with translated(), connect(url, application="tachowatt-rescore") as connection:
        grids = load_registry(connection).grids
        run_id = rescored.open_run(connection, tenant, version, clock.now_us())
        done = rescored.done_devices(connection, run_id)
        connection.commit()
        found = Rescored(run_id, devices=len(set(devices) & done))
        left = [device for device in sorted(set(devices)) if device not in done]
        parts = [left[first : first + _DEVICES] for first in range(0, len(left), _DEVICES)]
        with ThreadPoolExecutor(_READERS, thread_name_prefix="rescore") as readers:
            computed = [readers.submit(_computed, url, part, grids) for part in parts]
            try:
                for part, one in zip(parts, computed, strict=True):
                    rows, samples = one.result()
                    rescored.put(connection, run_id, rows)
                    connection.commit()
                    found.devices += len(part)
                    found.samples += samples
                    found.trips += rows.shape[0]
                    progress(found.devices, len(left) + len(done))
            except BaseException:
                readers.shutdown(cancel_futures=True)
                raise
        rescored.finish(connection, run_id, clock.now_us())
        connection.commit()
    return found


def _computed(url: str, devices: Sequence[int], grids: Grids) -> tuple[Rows, int]:
    """Read the samples of some devices and compute their trips; return them, and how many."""
    kind, samples = KINDS["vehicle"], 0
    open_device, open_carry = -1, kind.initial(1)
    trips = [np.empty(0, TRIP.dtype)]
    with translated(), connect(url, application="tachowatt-rescore") as connection:
        for portion in telemetry.of_devices(connection, kind.samples, devices, COLUMNS):
            ids, _ = starts_of(portion.device)
            carry = kind.initial(ids.shape[0])
            if ids[0] == open_device:
                carry[0] = open_carry[0]
            computed = compute(kind, portion, carry, grids)
            open_device, open_carry = int(ids[-1]), computed.carry[-1:]
            trips.append(computed.rows[TRIP.name])
            samples += len(portion)
    return np.concatenate(trips), samples
