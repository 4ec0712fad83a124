"""A driver's decided trips, as input of the score."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from feature_kernels import driving
from store.people.contract_scope import under_contract
from store.pipeline.feature_tables import SHOWN_TRIP, TRIP
from store.pipeline.features import Rows, read_from
from store.postgres import rows
from store.postgres.pool import Connection
from store.postgres.times import from_us


@dataclass(frozen=True, slots=True)
class Which:
    """Selection of a customer's trips: by vehicle, contract, start in [from, to); None = any."""

    tenant: str
    customer: str
    vehicle: str | None = None
    contract: str | None = None
    from_us: int | None = None
    to_us: int | None = None


def source(
    which: Which, where: rows.Conditions | None = None, newest: str | None = None, most: int = 0
) -> tuple[str, list[Any]]:
    """Return FROM and WHERE clauses for trips `f` under contracts `c`, and their parameters.

    where : more conditions on f; newest, most : as for `under_contract`.
    """
    where = where or rows.Conditions("true")
    where.add("f.start_at >= %s", None if which.from_us is None else from_us(which.from_us))
    where.add("f.start_at < %s", None if which.to_us is None else from_us(which.to_us))
    sql, parameters = under_contract(SHOWN_TRIP.name, "vehicle", where, newest, most)
    whose = rows.Conditions("c.tenant = %s and c.customer = %s", which.tenant, which.customer)
    whose.add("c.vehicle = %s", which.vehicle).add("c.contract = %s", which.contract)
    return f"{sql} where {whose.sql}", [*parameters, *whose.values]


def trips(connection: Connection, which: Which) -> Rows:
    """Return decided trips for `feature_kernels.driving.score` (TRIP_DTYPE), without positions."""
    sql, parameters = source(which)
    found, _ = read_from(connection, SHOWN_TRIP, f"(select f.* from {sql}) as t", parameters)
    trips: Rows = kernel_rows(found)
    return trips


def kernel_rows(rows: Rows) -> Any:
    """Convert stored trips to the kernel's rows.

    `device` is 0, because a score is about one subject; fields that the rows lack are NaN.
    """
    assert rows.dtype.names is not None
    found = np.zeros(rows.shape[0], driving.TRIP_DTYPE)
    for name in TRIP.fields:
        found[name] = rows[name] if name in rows.dtype.names else np.nan
    return found
