"""Reconcile requests: recompute a device's features because late samples arrived."""

from collections.abc import Mapping
from dataclasses import dataclass

from store.postgres.pool import Connection
from store.postgres.times import from_us, to_us


@dataclass(frozen=True, slots=True)
class Range:
    """Times of late samples, microseconds, both inclusive."""

    from_us: int
    until_us: int

    def join(self, other: "Range") -> "Range":
        """Return the smallest range that contains both."""
        return Range(min(self.from_us, other.from_us), max(self.until_us, other.until_us))


def request(connection: Connection, ranges: Mapping[int, Range], at_us: int) -> None:
    """Open or widen requests, in the caller's transaction."""
    if not ranges:
        return
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into pipeline.reconcile as r values (%s, %s, %s, %s) "
            "on conflict (device_id) do update set "
            "from_at = least(r.from_at, excluded.from_at), "
            "until_at = greatest(r.until_at, excluded.until_at)",
            [
                (device_id, from_us(r.from_us), from_us(r.until_us), from_us(at_us))
                for device_id, r in sorted(ranges.items())
            ],
        )


def pending(connection: Connection) -> dict[int, Range]:
    """Return all open requests."""
    rows = connection.execute("select device_id, from_at, until_at from pipeline.reconcile")
    return {row[0]: Range(to_us(row[1]), to_us(row[2])) for row in rows.fetchall()}


def done(connection: Connection, device_id: int) -> None:
    """Close a device's request, in the caller's transaction."""
    connection.execute("delete from pipeline.reconcile where device_id = %s", (device_id,))
