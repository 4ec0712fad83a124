"""A driver's decided trips, as input of the score."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from feature_kernels import driving
from store.people.contract_scope import under_contract
from store.pipeline.feature_tables import SHOWN_TRIP, TRIP
from store.pipeline.features import FeatureTable, Rows, read_from
from store.postgres import rows
from store.postgres.binary import sql_name
from store.postgres.pool import Connection, scalar
from store.postgres.times import from_us

_WITH_SOURCE = FeatureTable(
    SHOWN_TRIP.name, {**SHOWN_TRIP.fields, "source_device": np.dtype(np.int64)}, SHOWN_TRIP.key
)
_COLUMNS = ", ".join(f"f.{sql_name(field)}" for field in SHOWN_TRIP.fields)
_COLUMNS += ", f.device_id as source_device"


@dataclass(frozen=True, slots=True)
class Which:
    """Selection of a customer's trips: by vehicle, contract, start in [from, to); None = any.

    also : further ids of the same customer (store/postgres/merged.py).
    """

    tenant: str
    customer: str
    vehicle: str | None = None
    contract: str | None = None
    from_us: int | None = None
    to_us: int | None = None
    also: tuple[str, ...] = ()


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
    whose = rows.Conditions("c.tenant = %s", which.tenant)
    if which.also:
        whose.add("c.customer = any(%s)", [which.customer, *which.also])
    else:
        whose.add("c.customer = %s", which.customer)
    whose.add("c.vehicle = %s", which.vehicle).add("c.contract = %s", which.contract)
    return f"{sql} where {whose.sql}", [*parameters, *whose.values]


def trips(connection: Connection, which: Which) -> Rows:
    """Return decided trips for `feature_kernels.driving.score` (TRIP_DTYPE), without positions."""
    sql, parameters = source(which)
    found, _ = read_from(connection, SHOWN_TRIP, f"(select f.* from {sql}) as t", parameters)
    trips: Rows = kernel_rows(found)
    trips["device"] = found["device_id"]
    return trips


def has_trips(connection: Connection, which: Which) -> bool:
    """Return whether there are decided trips: COPY, which no statement prepares, takes longer."""
    sql, parameters = source(which)
    return bool(scalar(connection, f"select exists (select from {sql})", parameters))


def trips_until(
    connection: Connection, which: Which, until: datetime
) -> tuple[Rows, NDArray[np.int64]]:
    """Return the trips that were decided by a time, and how often each was corrected."""
    sql, parameters = source(which, rows.Conditions("f.decided_at <= %s", until))
    found, revisions = read_from(
        connection, SHOWN_TRIP, f"(select f.* from {sql}) as t", parameters
    )
    trips: Rows = kernel_rows(found)
    trips["device"] = found["device_id"]
    return trips, revisions


def trips_of_vehicles(
    connection: Connection, tenant: str, vehicles: Sequence[tuple[str, str]]
) -> list[Rows]:
    """Return the decided trips of each (customer, vehicle), as `trips` does one by one.

    One query: a page of a fleet has 25 of them.
    """
    if not vehicles:
        return []
    sql, parameters = under_contract(SHOWN_TRIP.name, "vehicle", rows.Conditions("true"))
    # The position stands in for the device, by which `read_from` sorts.
    source_ = (
        f"(select w.position as device_id, {_COLUMNS}, f.revision "
        "from unnest(%s::text[], %s::text[]) with ordinality as w (customer, vehicle, position) "
        f"join ({sql}) on c.tenant = %s and c.customer = w.customer and c.vehicle = w.vehicle) as t"
    )
    given = [[one for one, _ in vehicles], [vehicle for _, vehicle in vehicles]]
    found, _ = read_from(connection, _WITH_SOURCE, source_, [*given, *parameters, tenant])
    borders = np.searchsorted(found["device_id"], np.arange(1, len(vehicles) + 2))
    return [kernel_rows(found[start:end]) for start, end in pairwise(borders)]


def trips_of_drivers(
    connection: Connection,
    tenant: str,
    drivers: Sequence[Sequence[str]],
    until: datetime | None = None,
) -> tuple[Any, NDArray[np.int64]]:
    """Return the decided trips of many drivers, for `feature_kernels.driving.score_many`.

    drivers : the ids of each. until : only trips that were decided by then.

    Returns TRIP_DTYPE[k], each driver's side by side by their begin, and int64[drivers + 1], where
    each driver's begin, in the order of `drivers`.
    """
    where = rows.Conditions("true")
    where.add("f.decided_at <= %s", until)
    sql, parameters = under_contract(SHOWN_TRIP.name, "vehicle", where)
    # The position stands in for the device, by which `read_from` sorts.
    source_ = (
        f"(select w.position as device_id, {_COLUMNS}, f.revision "
        "from unnest(%s::text[], %s::bigint[]) as w (customer, position) "
        f"join ({sql}) on c.tenant = %s and c.customer = w.customer) as t"
    )
    ids = [one for driver in drivers for one in driver]
    positions = [number for number, driver in enumerate(drivers, start=1) for _ in driver]
    found, _ = read_from(connection, _WITH_SOURCE, source_, [ids, positions, *parameters, tenant])
    keys = (found["driving_s"], found["end_us"], found["start_us"], found["device_id"])
    found = found[np.lexsort(keys)]
    starts = np.searchsorted(found["device_id"], np.arange(1, len(drivers) + 2))
    return kernel_rows(found), starts.astype(np.int64)


def trip_of(
    connection: Connection, tenant: str, device_id: int, start_at: datetime
) -> dict[str, Any] | None:
    """Return customer, vehicle, device_id, start_at and end_at of a decided trip; None = none."""
    where = rows.Conditions("f.start_at = %s", start_at)
    sql, parameters = under_contract(SHOWN_TRIP.name, "vehicle", where)
    return rows.one(
        connection,
        "select c.customer, c.vehicle, f.device_id, f.start_at, f.end_at "
        f"from {sql} where c.tenant = %s and a.device_id = %s limit 1",
        [*parameters, tenant, device_id],
    )


def mileage_by_contract(
    connection: Connection, tenant: str, customers: Sequence[str], until: datetime
) -> dict[str, list[dict[str, Any]]]:
    """Return each driver's contracts over a vehicle with what was driven under them.

    Only trips that were decided by `until`, and contracts that began before it. Keys: contract,
    vehicle, valid_from, valid_to (None = open), trips, distance_m, driving_s.
    """
    where = rows.Conditions("true")
    where.add("f.decided_at <= %s", until)
    sql, parameters = under_contract(SHOWN_TRIP.name, "vehicle", where)
    query = (
        "select k.customer, k.contract, k.vehicle, k.valid_from, k.valid_to, "
        "count(t.start_at), coalesce(sum(t.distance_m), 0), coalesce(sum(t.driving_s), 0) "
        "from customers.contract k left join (select c.contract, c.tenant, "
        f"f.start_at, f.distance_m, f.driving_s from {sql} where c.tenant = %s "
        "and c.customer = any(%s)) as t on t.tenant = k.tenant and t.contract = k.contract "
        "where k.tenant = %s and k.customer = any(%s) and k.vehicle is not null "
        "and k.valid_from <= %s group by 1, 2, 3, 4, 5 order by 1, 4, 2"
    )
    given = [*parameters, tenant, list(customers), tenant, list(customers), until]
    found: dict[str, list[dict[str, Any]]] = {}
    names = ("contract", "vehicle", "valid_from", "valid_to", "trips", "distance_m", "driving_s")
    for customer, *values in connection.execute(query.encode(), given):
        found.setdefault(customer, []).append(dict(zip(names, values, strict=True)))
    return found


def mileage_in(
    connection: Connection,
    tenant: str,
    periods: Sequence[tuple[str, datetime, datetime]],
    until: datetime,
) -> dict[str, tuple[int, float, float]]:
    """Return contract → trips, distance_m and driving_s of its period.

    periods : contract, begin and end. Only trips that were decided by `until`.
    """
    where = rows.Conditions("f.decided_at <= %s", until)
    sql, parameters = under_contract(SHOWN_TRIP.name, "vehicle", where)
    query = (
        "select p.contract, count(*), sum(t.distance_m), sum(t.driving_s) "
        "from unnest(%s::text[], %s::timestamptz[], %s::timestamptz[]) "
        "as p (contract, from_at, to_at) join (select c.contract, f.start_at, f.distance_m, "
        f"f.driving_s from {sql} where c.tenant = %s and c.contract = any(%s)) as t "
        "on t.contract = p.contract and t.start_at >= p.from_at and t.start_at < p.to_at "
        "group by p.contract"
    )
    columns = [list(column) for column in zip(*periods, strict=True)] or [[], [], []]
    given = [*columns, *parameters, tenant, columns[0]]
    found = connection.execute(query.encode(), given).fetchall()
    return {contract: (count, metres, seconds) for contract, count, metres, seconds in found}


def kernel_rows(rows: Rows) -> Any:
    """Convert stored trips to the kernel's rows.

    `device` is where they come from, if the rows say so; fields that they lack are NaN.
    """
    assert rows.dtype.names is not None
    found = np.zeros(rows.shape[0], driving.TRIP_DTYPE)
    if "source_device" in rows.dtype.names:
        found["device"] = rows["source_device"]
    for name in TRIP.fields:
        found[name] = rows[name] if name in rows.dtype.names else np.nan
    return found
