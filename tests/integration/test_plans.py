"""What is asked often reads what it answers, not the history: counted in PostgreSQL's own plans.

As the reader, with row-level security and the views of schema `shown`, whose conditions have to
reach the indexes.
"""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from store.casework import alerts, cases
from store.pipeline.features import PROVISIONAL_US
from store.postgres.pool import Connection, connect, scalar
from store.postgres.roles import set_tenant_scope
from store.postgres.times import from_us
from store.reads import driving, metering, pages
from store.reads.scoring import Which
from tests.fix_registry import NOW_US
from tests.fix_roles import Town
from tests.seed_api import DAY_US, POINTS, Own

_TRIPS, _DAYS, _CLOSED = 2_000, 800, 3_000


@pytest.fixture
def history(town: Town) -> Town:
    """Years of one car and one meter, and thousands of alerts and cases that are resolved."""
    own = town.seeded.own["own"]
    with connect(town.url) as connection:
        for table, subject, count, step in (
            ("features.trip", own.vehicle, _TRIPS, "6 hours"),
            ("features.meter_day", own.meter, _DAYS, "1 day"),
            ("features.meter_interval", own.meter, _TRIPS, "15 minutes"),
        ):
            _repeat(connection, table, subject, count, step)
        connection.execute(
            "insert into telemetry.vehicle_sample (device_id, observed_at, received_at, lat_deg, "
            "lon_deg) select a.device_id, %s::timestamptz - i * interval '1 minute', now(), 1, 1 "
            "from customers.assignment a, generate_series(1, 5000) i where vehicle = %s",
            (from_us(_start_us(own)), own.vehicle),
        )
        for table, key in (("contacts.alert", "alert_id"), ("contacts.service_case", "case_id")):
            columns = _columns(connection, table, {key, "state", "signal_id"})
            signal = ", 'x' || i" if "signal_id" in _columns(connection, table, set()) else ""
            connection.execute(
                f"insert into {table} ({key}, state{', signal_id' if signal else ''}, "
                f"{', '.join(columns)}) select 'x' || i, 'resolved'{signal}, {', '.join(columns)} "
                f"from (select * from {table} where tenant = 't1' limit 1) one, "
                f"generate_series(1, {_CLOSED}) i".encode()
            )
        connection.commit()
        connection.autocommit = True
        connection.execute("analyze")
    return town


def _start_us(own: Own) -> int:
    return int(own.trip.split("-")[1])


def _columns(connection: Connection, table: str, without: set[str]) -> list[str]:
    found = connection.execute(
        "select attname from pg_attribute where attrelid = %s::regclass and attnum > 0 "
        "and attgenerated = ''", (table,),
    )  # fmt: skip
    return [name for (name,) in found.fetchall() if name not in without]


def _repeat(connection: Connection, table: str, subject: str, count: int, step: str) -> None:
    """Copy a row of a device back into its past."""
    moved = {"start_at", "end_at", "decided_at", "day"}
    columns = _columns(connection, table, moved)
    mine = [name for name in _columns(connection, table, set()) if name in moved]
    shifts = ["day - i" if name == "day" else f"{name} - i * interval '{step}'" for name in mine]
    connection.execute(
        f"insert into {table} ({', '.join([*columns, *mine])}) "
        f"select {', '.join([*columns, *shifts])} from (select f.* from {table} f "
        "join customers.assignment a using (device_id) where a.tenant = 't1' "
        "and coalesce(a.vehicle, a.meter) = %s and f.decided_at < %s "
        f"order by f.start_at limit 1) one, generate_series(1, {count}) i".encode(),
        (subject, from_us(PROVISIONAL_US)),
    )


def _looked_at(
    connection: Connection, monkeypatch: pytest.MonkeyPatch, ask: Callable[[], Any]
) -> dict[str, int]:
    """Table → rows that scans looked at while `ask` asked, by EXPLAIN of each of its queries."""
    asked: list[tuple[Any, Any]] = []
    execute = psycopg.Cursor.execute

    def spy(self: Any, query: Any, parameters: Any = None, **options: Any) -> Any:
        asked.append((query, parameters))
        return execute(self, query, parameters, **options)

    with monkeypatch.context() as patch:
        patch.setattr(psycopg.Cursor, "execute", spy)
        ask()
    assert asked
    found: dict[str, int] = {}
    for query, parameters in asked:
        text = query if isinstance(query, str) else query.decode()
        plan = scalar(connection, f"explain (analyze, format json) {text}".encode(), parameters)
        for node in _nodes(plan[0]["Plan"]):
            if "Relation Name" in node:
                read = node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
                name = node["Relation Name"]
                found[name] = found.get(name, 0) + round(read * node["Actual Loops"])
    return found


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("Plans", ()):
        yield from _nodes(child)


def test_what_is_asked_reads_the_answer_and_not_the_history(
    history: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = history.seeded.own["own"]
    now, limit = from_us(NOW_US), 20
    which = Which("t1", own.driver, vehicle=own.vehicle)
    connection = history.reader()
    set_tenant_scope(connection, ("t1",), own.driver)
    device, start = int(own.trip.split("-")[0]), from_us(_start_us(own))
    last = scalar(connection, "select max(start_at) from shown.meter_interval")
    questions: dict[str, tuple[Callable[[], Any], str, int]] = {
        "trips": (lambda: driving.trips(connection, which, limit=limit), "trip", 3 * limit),
        "one trip": (
            lambda: driving.trip(connection, which, device, start), "trip", 3,
        ),
        "path of a trip": (
            lambda: driving.path(connection, device, start, start + timedelta(days=1), 20_000),
            "vehicle_sample", 2 * POINTS,
        ),
        "fleet": (
            lambda: pages.vehicles(connection, "t1", "driving_score", now, vehicle=own.vehicle),
            "trip", 5,
        ),
        "days of a month": (
            lambda: metering.days(
                connection, "t1", own.meter, "energy_insight",
                from_date=from_us(NOW_US - 30 * DAY_US).date(), limit=40,
            ), "meter_day", 60,
        ),
        "intervals of a day": (
            lambda: metering.intervals(
                connection, "t1", own.meter, "energy_insight",
                from_at=last - timedelta(days=1), limit=100,
            ), "meter_interval", 260,
        ),
        "open alerts": (
            lambda: alerts.list_(connection, "t1", state="open", limit=limit), "alert", limit,
        ),
        "open cases": (
            lambda: cases.list_(connection, "t1", state="open", limit=limit), "service_case", limit,
        ),
        "waiting cases": (lambda: pages.waiting(connection, "t1", None), "service_case", 20),
        "waiting alerts": (lambda: pages.waiting(connection, "t1", None), "alert", 20),
    }  # fmt: skip
    for name, (ask, table, most) in questions.items():
        read = _looked_at(connection, monkeypatch, ask)
        parts = (f"{table}_2", f"{table}_past", "_hyper_")  # partitions, chunks
        of_table = sum(n for found, n in read.items() if found == table or found.startswith(parts))
        assert 0 < of_table <= most, f"{name}: {read}"
    connection.close()
