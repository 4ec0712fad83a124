"""Trips computed again from samples, beside the stored ones (migration 0087)."""

from collections.abc import Sequence

import numpy as np

from store.pipeline import features
from store.pipeline.feature_tables import SHOWN_TRIP
from store.pipeline.features import FeatureTable, Rows
from store.postgres.pool import Connection
from store.postgres.times import from_us

TABLE = FeatureTable(
    "features.rescored_trip",
    {**SHOWN_TRIP.fields, "run_id": np.dtype(np.int64)},
    ("run_id", "start_us"),
)


def open_run(connection: Connection, tenant: str, version: str, now_us: int) -> int:
    """Return the run of a version that was interrupted, else a new one."""
    row = connection.execute(
        "insert into contacts.rescore_run (tenant, version, began_at) values (%s, %s, %s) "
        "on conflict (tenant, version) where done_at is null "
        "do update set tenant = excluded.tenant returning run_id",
        (tenant, version, from_us(now_us)),
    ).fetchone()
    assert row is not None
    return int(row[0])


def done_devices(connection: Connection, run_id: int) -> set[int]:
    """Return the devices of which the run has trips."""
    rows = connection.execute(
        "select distinct device_id from features.rescored_trip where run_id = %s", (run_id,)
    )
    return {row[0] for row in rows.fetchall()}


def put(connection: Connection, run_id: int, trips: Rows) -> None:
    """Write trips (dtype of features.trip), all of a device in one transaction of the caller."""
    rows = np.empty(trips.shape[0], TABLE.dtype)
    for name in ("device_id", *SHOWN_TRIP.fields):
        rows[name] = trips[name]
    rows["run_id"] = run_id
    features.append(connection, TABLE, rows)


def finish(connection: Connection, run_id: int, now_us: int) -> None:
    """End a run; earlier runs of the same version are dropped."""
    connection.execute(
        "delete from contacts.rescore_run o using contacts.rescore_run n where n.run_id = %s "
        "and o.tenant = n.tenant and o.version = n.version and o.run_id < n.run_id",
        (run_id,),
    )
    connection.execute(
        "update contacts.rescore_run set done_at = %s where run_id = %s", (from_us(now_us), run_id)
    )


def trips(connection: Connection, run_id: int, devices: Sequence[int]) -> Rows:
    """Return the trips of devices that a run computed (`TABLE.dtype`)."""
    source = "features.rescored_trip where run_id = %s and device_id = any(%s)"
    return features.read_from(connection, TABLE, source, [run_id, list(devices)])[0]
