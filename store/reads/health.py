"""Checks of the store for readiness (GET /ready)."""

from store.casework import delivery
from store.pipeline import stopped_sources
from store.postgres.pool import Connection
from store.schema.migrate import available


def missing(connection: Connection) -> list[str]:
    """Return what is missing, as sentences; empty when the process is ready."""
    applied = {
        row[0] for row in connection.execute("select version from public.tachowatt_migration")
    }
    found = []
    behind = [migration.name for migration in available() if migration.version not in applied]
    if behind:
        found.append(f"migrations are not applied: {', '.join(behind)}; tachowatt db migrate")
    return found


def resting(connection: Connection) -> list[str]:
    """Return what else does not work, as sentences that name no tenant. Requests do not need it, so
    the API stays ready."""
    found = []
    if not delivery.any_worker_alive(connection):
        found.append("no worker of contacts is running: nothing is decided or delivered")
    stopped = stopped_sources.count(connection)
    if stopped:
        found.append(
            f"intake of {stopped} sources has stopped, because messages of many of their devices "
            "cannot be used: they wait. `tachowatt dead-letter list` says why; it goes on by "
            "itself when they can be used again, or at once by `tachowatt dead-letter resume`"
        )
    return found
