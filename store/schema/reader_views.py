"""Views of the rollups for the role reader (schema `shown`), limited to the transaction's tenants.

Migration 0006 has the other views of that schema; these are recreated with the rollups.
"""

from store.postgres.pool import Connection, scalar
from store.postgres.roles import READER
from store.schema.rollup_objects import ROLLUPS


def show_rollups(connection: Connection) -> None:
    """Create the missing views, in the caller's transaction."""
    if not scalar(connection, "select to_regnamespace('shown') is not null"):
        return  # before migration 0006
    for rollup in ROLLUPS:
        view = rollup.shown
        if scalar(connection, "select to_regclass(%s) is not null", (view,)):
            continue
        names = ("device_id", rollup.unit, *rollup.source.columns)
        columns = ", ".join(f"r.{name}" for name in names)
        connection.execute(
            f"create view {view} with (security_barrier) as select {columns} "
            f"from {rollup.view} r join customers.device d using (device_id) "
            "where d.tenant = any (access.tenants());"
            f"grant select on {view} to {READER}".encode()
        )
