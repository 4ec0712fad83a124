"""A driver's decided trips, as the score takes them.

A trip belongs to the customer whose contract covered the vehicle when it began; where contracts
overlap, to the one that began last (as customer_context.identity has it).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from feature_kernels import driving
from store.feature_tables import TRIP
from store.features import PROVISIONAL_US, Rows, read_from
from store.pool import Connection
from store.times import from_us

# Trips t of customer %s under contract c; further conditions follow.
_TRIPS_OF_CUSTOMER = (
    "customers.contract c "
    "join customers.assignment a on a.tenant = c.tenant and a.vehicle = c.vehicle "
    "join features.trip t on t.device_id = a.device_id "
    "and t.start_at >= greatest(a.valid_from, c.valid_from) "
    "and t.start_at < least(coalesce(a.valid_to, 'infinity'), coalesce(c.valid_to, 'infinity')) "
    "where c.tenant = %s and c.customer = %s and c.vehicle is not null and not exists ("
    "select 1 from customers.contract later where later.tenant = c.tenant "
    "and later.vehicle = c.vehicle and later.valid_from > c.valid_from "
    "and later.valid_from <= t.start_at "
    "and t.start_at < coalesce(later.valid_to, 'infinity'))"
)


@dataclass(frozen=True, slots=True)
class Which:
    """Trips of one customer: in one vehicle or under one contract only, begun in [from, to)."""

    tenant: str
    customer: str
    vehicle: str | None = None
    contract: str | None = None
    from_us: int | None = None
    to_us: int | None = None


def source(which: Which) -> tuple[str, list[Any]]:
    """What stands behind FROM, WHERE included, for trips `t` under contracts `c`; parameters."""
    sql = _TRIPS_OF_CUSTOMER
    parameters: list[Any] = [which.tenant, which.customer]
    for condition, value in (
        ("c.vehicle = %s", which.vehicle),
        ("c.contract = %s", which.contract),
        ("t.start_at >= %s", None if which.from_us is None else from_us(which.from_us)),
        ("t.start_at < %s", None if which.to_us is None else from_us(which.to_us)),
    ):
        if value is not None:
            sql += f" and {condition}"
            parameters.append(value)
    return sql, parameters


def trips(connection: Connection, which: Which) -> Rows:
    """Decided trips as `feature_kernels.driving.score` takes them (TRIP_DTYPE)."""
    sql, parameters = source(which)
    rows, _ = read_from(
        connection,
        TRIP,
        f"(select t.* from {sql} and t.decided_at < %s) as t",
        [*parameters, from_us(PROVISIONAL_US)],
    )
    found: Rows = kernel_rows(rows)
    return found


def kernel_rows(rows: Rows) -> Any:
    """Stored trips as the kernel's own rows; `device` stays 0, for a score is one subject's."""
    found = np.zeros(rows.shape[0], driving.TRIP_DTYPE)
    for name in TRIP.fields:
        found[name] = rows[name]
    return found
