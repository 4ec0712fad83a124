"""Events of devices in the store."""

import psycopg
import pytest

from store.pipeline import device_events
from store.pipeline.device_events import DeviceEventRow
from store.postgres.pool import connect, scalar


def row(digest: str, detail: str = "{}", device: int = 1) -> DeviceEventRow:
    return DeviceEventRow(device, 1_772_000_000_000_000, "status", digest, 0, detail)


def test_each_event_is_new_once(database: str) -> None:
    """Within one call, across calls, and whatever its later copies say; for each in its place."""
    with connect(database) as connection:
        assert device_events.put(connection, []) == []
        first = [row("a"), row("b"), row("a", '{"x": 1}'), row("a", device=2)]
        assert device_events.put(connection, first) == [True, True, False, True]
        assert device_events.put(connection, [row("c"), row("b")]) == [True, False]
        assert scalar(connection, "select count(*) from telemetry.device_event") == 4
        kept = (
            "select detail::text from telemetry.device_event where (digest, device_id) = ('a', 1)"
        )
        assert scalar(connection, kept) == "{}"


def test_one_bad_event_stores_none(database: str) -> None:
    with connect(database) as connection:
        with pytest.raises(psycopg.DataError), connection.transaction():
            device_events.put(connection, [row("a"), row("b", "no JSON"), row("c")])
        assert scalar(connection, "select count(*) from telemetry.device_event") == 0
        assert device_events.put(connection, [row("a")]) == [True]
