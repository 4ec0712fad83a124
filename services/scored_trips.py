"""The trips of a score: as stored, less what does not count."""

from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contracts.trip_quality import NOT_SCORED
from customer_context.scoring.counting import Counting, counted
from store.casework import trip_counting
from store.pipeline.features import Rows
from store.postgres.pool import Connection
from store.postgres.times import to_us
from store.reads import scoring


def of(connection: Connection, which: scoring.Which) -> Rows:
    """Return the trips of a selection that count (TRIP_DTYPE)."""
    return that_count(connection, which.tenant, scoring.trips(connection, which))


def that_count(connection: Connection, tenant: str, trips: Rows) -> Rows:
    """Return those of a tenant's trips (TRIP_DTYPE, with the device) that count now."""
    return counted(trips, decisions(connection, tenant, trips))


def until(
    connection: Connection, which: scoring.Which, at: datetime
) -> tuple[Rows, NDArray[np.int64]]:
    """Return the trips that were decided and counted at a time, and the revisions of all then."""
    trips, revisions = scoring.trips_until(connection, which, at)
    return counted(trips, decisions(connection, which.tenant, trips, at)), revisions


def of_vehicles(
    connection: Connection, tenant: str, vehicles: Sequence[tuple[str, str]]
) -> list[Rows]:
    """Return the trips that count of each (customer, vehicle)."""
    found = scoring.trips_of_vehicles(connection, tenant, vehicles)
    if not found:
        return []
    made = decisions(connection, tenant, np.concatenate(found))
    return [counted(trips, made) for trips in found]


def of_drivers(
    connection: Connection,
    tenant: str,
    drivers: Sequence[Sequence[str]],
    at: datetime | None = None,
) -> tuple[Rows, NDArray[np.int64]]:
    """Return the trips that count of many drivers, side by side, and where each one's begin.

    drivers : the ids of each.
    """
    trips, starts = scoring.trips_of_drivers(connection, tenant, drivers, at)
    made = decisions(connection, tenant, trips, at)
    if not made and not (trips["quality"] & NOT_SCORED).any():
        return trips, starts
    parts = [counted(trips[first:last], made) for first, last in pairwise(starts)]
    sizes = [part.shape[0] for part in parts]
    return np.concatenate(parts), np.concatenate(([0], np.cumsum(sizes))).astype(np.int64)


def decisions(
    connection: Connection, tenant: str, trips: Any, until: datetime | None = None
) -> list[Counting]:
    """Return the decisions about trips of these devices, in the order in which they were made."""
    devices = [int(device) for device in np.unique(trips["device"])]
    rows = trip_counting.of_devices(connection, tenant, devices, until)
    return [
        Counting(
            row["device_id"], to_us(row["at"]), row["event"] or "", row["severity"] or 0,
            row["duration_s"] or 0.0, row["counts"],
        )
        for row in rows
    ]  # fmt: skip
