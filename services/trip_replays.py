"""Drives that are sent a second time: known by their fingerprint, or, of the same customer, by
their course; and taken out of the score."""

from collections.abc import Collection
from typing import Any

import numpy as np

from contracts.trip_counting import CountingReason
from customer_context.scoring.fingerprint import fingerprints, same_course
from store.casework import trip_counting
from store.postgres.pool import Connection
from store.postgres.times import from_us

SYSTEM = "system"


def note(
    connection: Connection,
    tenant: str,
    customer: str,
    trips: Any,
    new: Collection[int],
    now_us: int,
) -> int:
    """Record the fingerprints of new trips; decide that those known from another trip do not count.

    A trip is known by its fingerprint, or by the course of an earlier trip of the customer.

    trips : TRIP_DTYPE[k], all decided trips of the customer, with the device. new : begins of the
    new ones, µs; of a device without any fingerprint all trips are new.

    In the caller's transaction; returns how many are replays. A trip that somebody has decided
    about stays as it is.
    """
    known = trip_counting.with_prints(connection, [int(d) for d in np.unique(trips["device"])])
    fresh = np.isin(trips["start_us"], list(new)) | ~np.isin(trips["device"], list(known))
    chosen = trips[fresh]
    chosen = chosen[np.argsort(chosen["start_us"], kind="stable")]
    now, found = from_us(now_us), 0
    for trip, one in zip(chosen, fingerprints(chosen), strict=True):
        device, start = int(trip["device"]), from_us(int(trip["start_us"]))
        first = one is None or trip_counting.first_print(
            connection, tenant, one, device, start, now
        )
        earlier = trips[trips["end_us"] <= trip["start_us"]]  # not a second device in the car
        if first and not same_course(trip, earlier).any():
            continue
        end = from_us(int(trip["end_us"]))
        rows = trip_counting.of_devices(connection, tenant, [device])
        if any(row["event"] is None and start <= row["at"] <= end for row in rows):
            continue
        trip_counting.put(
            connection, tenant, customer, device, start + (end - start) / 2, None, False,
            CountingReason.REPLAYED, None, SYSTEM, now,
        )  # fmt: skip
        found += 1
    return found
