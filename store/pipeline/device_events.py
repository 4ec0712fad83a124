"""Events and states that devices reported themselves."""

from collections.abc import Sequence
from dataclasses import dataclass

from store.postgres.pool import Connection
from store.postgres.times import from_us


@dataclass(frozen=True, slots=True)
class DeviceEventRow:
    """An event or a state that a device reported itself; `digest` identifies its content."""

    device_id: int
    observed_us: int
    kind: str
    digest: str
    received_us: int
    detail: str


def put(connection: Connection, events: Sequence[DeviceEventRow]) -> list[bool]:
    """Insert events, all in one round trip; return for each whether it was new."""
    if not events:
        return []
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into telemetry.device_event values (%s, %s, %s, %s, %s, %s::jsonb) "
            "on conflict do nothing returning true",
            [
                (
                    event.device_id,
                    from_us(event.observed_us),
                    event.kind,
                    event.digest,
                    from_us(event.received_us),
                    event.detail,
                )
                for event in events
            ],
            returning=True,
        )
        return [result.rowcount == 1 for result in cursor.results()]
