"""Write what a silent device has open as provisional features; its next sample replaces them."""

from ingest.device_state.arrays import Floats, Ints
from ingest.kernels import Kind, still_open
from store.pipeline import features
from store.postgres.pool import Connection


def write_open(connection: Connection, kind: Kind, ids: Ints, carries: Floats) -> None:
    """Write the open features of silent devices as provisional, in the caller's transaction.

    ids : int64[devices]; carries : float64[devices, carry_width].
    """
    rows = still_open(kind, ids, carries)
    for table in kind.features:
        features.append(connection, table, rows[table.name])
