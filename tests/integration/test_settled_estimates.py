"""Estimates in the store add up to the registers that were read, in versions, and alarm nobody."""

import json
import secrets
from collections import defaultdict
from collections.abc import Callable
from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from app.operations.registry_import import validate, write
from contracts.purposes import Purpose
from contracts.quality import Quality, Reason
from contracts.raw import RawMessage
from customer_context.metering.ready import Sum
from ingest.partition.worker import Worker
from runtime.clock import ManualClock
from runtime.settings import Settings
from services import billing_periods, interval_estimates
from store.casework import weather
from store.people import readings
from store.people.readings import NewReading
from store.postgres.pool import Connection, connect, scalar
from store.postgres.roles import CONTACTS, READER, set_tenant_scope
from store.postgres.times import from_us, to_us
from store.reads import metering
from tests.fix_registry import NOW_US, registry

STEP_US, DAYS = 900_000_000, 24
COUNT = DAYS * 96
START_US = NOW_US // STEP_US * STEP_US - (COUNT + 96) * STEP_US
MWH = 1_000_000
ZONE = ZoneInfo("Europe/Berlin")


class Home:
    """A meter that sends its quarter hours with holes, and what its register shows."""

    def __init__(self, seed: int, device: str, meter: str, customer: str) -> None:
        rng = np.random.default_rng(seed)
        self.device, self.meter, self.customer = device, meter, customer
        self.kwh = np.round(rng.gamma(2.0, 0.05, COUNT), 3)
        self.sent = np.ones(COUNT, bool)
        for _ in range(4):
            first = int(rng.integers(500, COUNT - 300))
            self.sent[first : first + int(rng.integers(2, 250))] = False
        self.edges = np.unique(np.append(rng.integers(0, COUNT, 9), [40, COUNT]))
        self.late = np.flatnonzero(~self.sent)[:20]

    def register(self, at: np.ndarray) -> np.ndarray:
        return np.round(4_000.0 + np.concatenate(([0.0], np.cumsum(self.kwh)))[at], 3)

    def body(self, rows: np.ndarray, registers: np.ndarray | None = None) -> bytes:
        """One message; registers : indices at which the register is sent too."""
        shown = {"energy_kwh": self.kwh[rows].tolist()}
        if registers is not None:
            known = np.isin(rows, registers)
            total = self.register(rows)
            shown["register_kwh"] = [v if k else None for v, k in zip(total, known, strict=True)]
        dt = ((rows - rows[0]) * STEP_US // 1000).tolist()
        t0 = (START_US + int(rows[0]) * STEP_US) // 1000
        return json.dumps({"v": 1, "t0": t0, "dt_ms": dt, **shown}).encode()


def send(url: str, clock: ManualClock, home: Home, *bodies: bytes) -> None:
    worker = Worker(url, Settings(reconcile_wait_s=0.0), clock)
    topic = f"tw/v1/t1/{home.device}/reading"
    worker.process([RawMessage(topic, body, clock.now_us()) for body in bodies])
    worker.reconcile(everything=True)
    worker.close()


def read(connection: Connection, home: Home, at: int, kwh: float, kind: str = "read") -> None:
    """A person reads the register at the begin of an interval."""
    when = from_us(START_US + at * STEP_US)
    new = NewReading(
        secrets.token_hex(16), "t1", home.meter, home.customer, None, when, kwh, "utility", "A",
        when, int(Quality.ABGELESEN), "plausible", None, None, None, False, False, None, 1, "",
        None, secrets.token_hex(8), kind,
    )  # fmt: skip
    assert readings.put(connection, new)


def settle(url: str, clock: ManualClock) -> int:
    """Settle all that waits, as the contacts process does; return how many versions there are."""
    with connect(url, role=CONTACTS) as connection:
        while interval_estimates.run_due(connection, clock.now_us()):
            connection.commit()
        connection.commit()
        return int(scalar(connection, "select count(*) from features.interval_estimate") or 0)


def shown(url: str, home: Home, as_of_us: int | None = None) -> list[dict[str, Any]]:
    with connect(url) as connection:
        connection.execute(f"set role {READER}")
        set_tenant_scope(connection, ("t1",))
        return metering.intervals(
            connection, "t1", home.meter, Purpose.ENERGY_INSIGHT, limit=99_999,
            as_of=None if as_of_us is None else from_us(as_of_us),
        )  # fmt: skip


def adds_up(rows: list[dict[str, Any]], home: Home, pairs: list[tuple[int, int]]) -> None:
    """Each pair of reads differs by what its intervals add up to, to the last milliwatt-hour."""
    start = np.array([to_us(row["start_at"]) for row in rows])
    whole = np.array([round((row["energy_kwh"] or 0.0) * MWH) for row in rows])
    assert np.all(np.diff(start) > 0)
    for first, last in pairs:
        here = (start >= START_US + first * STEP_US) & (start < START_US + last * STEP_US)
        low, high = home.register(np.array([first, last]))
        assert whole[here].sum() == round((high - low) * MWH), (first, last)


def days_are_their_intervals(url: str, home: Home, rows: list[dict[str, Any]]) -> None:
    total: dict[Any, float] = defaultdict(float)
    for row in rows:
        total[row["start_at"].astimezone(ZONE).date()] += row["energy_kwh"] or 0.0
    with connect(url) as connection:
        connection.execute(f"set role {READER}")
        set_tenant_scope(connection, ("t1",))
        days = metering.days(connection, "t1", home.meter, Purpose.ENERGY_INSIGHT, limit=99)
    assert len(days) >= DAYS - 2
    for day in days:
        found = (day["energy_kwh"] or 0.0) + (day["estimated_kwh"] or 0.0)
        assert found == pytest.approx(total[day["date"]], abs=1e-9)


def anomalies(url: str) -> list[tuple[Any, ...]]:
    with connect(url) as connection:
        return connection.execute(
            "select * from features.meter_anomaly order by device_id, start_at, kind, phase"
        ).fetchall()


@pytest.fixture
def place(new_database: Callable[[], str]) -> str:
    url = new_database()
    sections = registry()
    for meter in sections["meters"]:
        meter["timezone"] = str(ZONE)
    write(url, validate(sections, "test"), NOW_US)
    return url


@pytest.mark.parametrize(("seed", "by_people"), [(1, True), (2, False)])
def test_stored_intervals_add_up_to_the_registers(place: str, seed: int, by_people: bool) -> None:
    clock = ManualClock(NOW_US)
    home = Home(seed, "meter0", "m0", "c3")
    rows = np.flatnonzero(home.sent)
    inside = home.edges[np.isin(home.edges, rows) | (home.edges == COUNT)]
    edges = home.edges if by_people else inside[:-1]
    send(place, clock, home, home.body(rows, None if by_people else edges))
    with connect(place) as connection:
        if by_people:
            for at, kwh in zip(edges.tolist(), home.register(edges).tolist(), strict=True):
                read(connection, home, at, kwh)
        connection.commit()
    pairs = list(zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True))
    before_us, before, alarms = clock.now_us(), shown(place, home), anomalies(place)
    with pytest.raises(AssertionError):
        adds_up(before, home, pairs)
    clock.advance(60.0)
    versions = settle(place, clock)
    assert versions > 0
    settled_us, settled = clock.now_us(), shown(place, home)
    adds_up(settled, home, pairs)
    days_are_their_intervals(place, home, settled)
    assert anomalies(place) == alarms
    measured = {row["start_at"]: row["energy_kwh"] for row in before if not row["estimated"]}
    for row in settled:
        assert row["estimated"] or row["energy_kwh"] == measured.get(row["start_at"])
        assert row["status"] == (Quality.ERSATZWERT if row["estimated"] else row["status"])
    clock.advance(60.0)
    with connect(place, role=CONTACTS) as connection:
        assert interval_estimates.settle(connection, "t1", "m0", clock.now_us()) == 0
    # What arrives late counts at once; the rest of its hole is settled anew.
    send(place, clock, home, home.body(home.late))
    late_us, late = clock.now_us(), shown(place, home)
    given = {row["start_at"]: row["energy_kwh"] for row in late if not row["estimated"]}
    for at in home.late.tolist():
        assert given[from_us(START_US + at * STEP_US)] == home.kwh[at]
    clock.advance(60.0)
    with connect(place, role=CONTACTS) as connection:
        assert interval_estimates.settle(connection, "t1", "m0", clock.now_us()) > 0
        connection.commit()
    adds_up(shown(place, home), home, pairs)
    for at_us, rows_then in ((before_us, before), (settled_us, settled), (late_us, late)):
        then = shown(place, home, at_us)
        for name in ("start_at", "end_at", "energy_kwh", "status", "estimated", "reason"):
            assert [row[name] for row in then] == [row[name] for row in rows_then], name


def test_a_sum_that_differs_and_an_exchange(place: str) -> None:
    clock = ManualClock(NOW_US)
    home = Home(4, "meter0", "m0", "c3")
    home.sent[:] = True
    home.sent[1_000:1_100] = False
    send(place, clock, home, home.body(np.flatnonzero(home.sent)))
    with connect(place) as connection:
        first, wrong, last = home.register(np.array([100, 600, 900]))
        read(connection, home, 100, first)
        read(connection, home, 600, wrong + 5.0)
        read(connection, home, 900, last + 5.0)
        read(connection, home, 1_050, home.register(np.array([1_050]))[0] + 5.0, "exchange_old")
        connection.commit()
    settle(place, clock)
    rows = shown(place, home)
    marked = [row for row in rows if row["reason"] == Reason.SUM_DIFFERS]
    assert {row["status"] for row in marked} == {Quality.VORLAEUFIGERWERT}
    assert [to_us(row["start_at"]) for row in marked] == [
        START_US + at * STEP_US for at in range(100, 600)
    ]
    adds_up(rows, home, [(600, 900), (900, 1_050)])
    assert all(row["energy_kwh"] is not None for row in rows)


def test_a_meter_without_registers_is_estimated_by_weather(place: str) -> None:
    """Warm and cold days in turn; the hole is on a warm one."""
    clock = ManualClock(NOW_US)
    home = Home(5, "meter0", "m0", "c3")
    day_us, hour_us = 96 * STEP_US, 3_600_000_000

    def cold(t_us: np.ndarray) -> np.ndarray:
        return (t_us + hour_us) // day_us % 2 == 1

    start = START_US + np.arange(COUNT) * STEP_US
    home.kwh = np.where(cold(start), 0.4, 0.1)
    noon = START_US // day_us * day_us + 20 * day_us + 11 * hour_us
    noon += day_us * int(cold(np.array([noon]))[0])
    hole = (start >= noon) & (start < noon + 8 * hour_us)
    home.sent[:] = ~hole
    hours = START_US // hour_us * hour_us + np.arange(-48, DAYS * 24 + 24) * hour_us
    with connect(place) as connection:
        degrees = np.where(cold(hours), -5.0, 15.0).tolist()
        rows = [(from_us(t), c, None) for t, c in zip(hours.tolist(), degrees, strict=True)]
        weather.put(connection, "t1", "", rows, NOW_US)
        connection.commit()
    send(place, clock, home, home.body(np.flatnonzero(home.sent)))

    def missed() -> float:
        found = {to_us(row["start_at"]): row["energy_kwh"] for row in shown(place, home)}
        return abs(sum(found[t] for t in start[hole].tolist()) - float(home.kwh[hole].sum()))

    before = missed()
    settle(place, clock)
    assert missed() < 0.25 * before


def test_days_without_a_message_are_estimated_in_versions(place: str) -> None:
    """A device is dead from one midnight to another, for longer than the stream fills; then the
    register is read."""
    clock = ManualClock(NOW_US)
    home = Home(6, "meter0", "m0", "c3")
    hole = next(at for at in range(600, 700) if local_of(at).time() == time())
    home.sent[:] = True
    home.sent[hole : hole + 8 * 96] = False
    send(place, clock, home, home.body(np.flatnonzero(home.sent)))
    before_us, before, alarms = clock.now_us(), shown(place, home), anomalies(place)
    assert [row["energy_kwh"] is None for row in before].count(True) == 1
    start, end = local_of(200).date(), local_of(hole + 9 * 96).date()

    def period() -> billing_periods.Period:
        with connect(place) as connection:
            set_tenant_scope(connection, ["t1"])
            found = billing_periods.periods(connection, "t1", start, end)
            return next(one for one in found if one.meter == "m0")

    assert set(period().missing) == {"no_reading_at_start", "no_reading_at_end"}
    clock.advance(60.0)
    settle(place, clock)
    guessed_us, guessed = clock.now_us(), shown(place, home)
    estimates = [row for row in guessed if row["estimated"]]
    assert len(estimates) == 8 * 96 and all(row["energy_kwh"] is not None for row in guessed)
    assert {row["status"] for row in estimates} == {Quality.ERSATZWERT}
    days_are_their_intervals(place, home, guessed)
    assert anomalies(place) == alarms and period().missing, "an estimate is no reading"
    edges = [200, hole + 9 * 96]
    with connect(place) as connection:
        for at, kwh in zip(edges, home.register(np.array(edges)).tolist(), strict=True):
            read(connection, home, at, kwh)
        connection.commit()
    clock.advance(60.0)
    settle(place, clock)
    adds_up(shown(place, home), home, [(edges[0], edges[1])])
    found = period()
    assert found.missing == () and found.sum is not None and found.sum.verdict == Sum.FITS
    for at_us, rows_then in ((before_us, before), (guessed_us, guessed)):
        then = shown(place, home, at_us)
        assert [row["energy_kwh"] for row in then] == [row["energy_kwh"] for row in rows_then]


def local_of(at: int) -> datetime:
    return from_us(START_US + at * STEP_US).astimezone(ZONE)
