"""When a transaction records: identity has two times, and the program has one clock."""

from store.postgres.pool import Connection
from store.postgres.times import from_us


def record_at(connection: Connection, now_us: int) -> None:
    """Let the caller's transaction record at this time; without it, at its start by the server."""
    connection.execute(
        "select set_config('tachowatt.recorded_at', %s, true)", (from_us(now_us).isoformat(),)
    )
