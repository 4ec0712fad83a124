"""Checks of the store for readiness (GET /ready)."""

from store.casework import delivery
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
    """Return which other processes are not running, as sentences. Requests do not need them."""
    if delivery.any_worker_alive(connection):
        return []
    return ["no worker of contacts is running: nothing is decided or delivered"]
