"""The registers of two tariffs come in by the stream, add up to the total, and are billed."""

import json
from collections.abc import Callable
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from app.operations.registry_import import validate, write
from contracts.billing import Tariff
from contracts.purposes import Purpose
from contracts.quality import Quality, Reason
from contracts.raw import RawMessage
from ingest.partition.worker import Worker
from runtime.clock import ManualClock
from runtime.errors import NotAllowed
from runtime.settings import Settings
from services import billing_periods, interval_estimates, use_by_tariff
from store.postgres.pool import Connection, connect
from store.postgres.roles import CONTACTS, READER, set_tenant_scope
from store.postgres.times import from_us, to_us
from store.reads import metering
from tests.fix_registry import NOW_US, registry

HOUR_US = 3_600_000_000
START, END = date(2026, 10, 1), date(2026, 11, 1)
HOURS = 34 * 24
BEGIN_US = NOW_US // HOUR_US * HOUR_US - 50 * 24 * HOUR_US


class TwoTariffs:
    """A meter that reads its registers each hour, rounded to a watt-hour each."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        use = rng.gamma(2.0, 0.2, (HOURS, 2)) * (rng.random((HOURS, 1)) < [[0.6, 0.4]])
        exact = np.cumsum(use, axis=0) + np.array([4_000.0, 2_000.0])
        self.total = np.round(exact.sum(axis=1), 3)
        self.tariffs = np.round(exact, 3)

    def body(self, rows: np.ndarray, *, total: bool = True, off: float = 0.0) -> bytes:
        t0 = (BEGIN_US + int(rows[0]) * HOUR_US) // 1000
        registers = {
            f"register_t{n + 1}_kwh": (self.tariffs[rows, n] + off * n).tolist() for n in range(2)
        }
        if total:
            registers["register_kwh"] = self.total[rows].tolist()
        dt = ((rows - rows[0]) * HOUR_US // 1000).tolist()
        return json.dumps({"v": 1, "t0": t0, "dt_ms": dt, **registers}).encode()


def send(url: str, device: str, *batches: list[bytes]) -> None:
    clock = ManualClock(NOW_US)
    worker = Worker(url, Settings(reconcile_wait_s=0.0), clock)
    for bodies in batches:
        topic = f"tw/v1/t1/{device}/reading"
        worker.process([RawMessage(topic, body, NOW_US) for body in bodies])
    worker.reconcile(everything=True)
    worker.close()


def samples(connection: Connection, device: str) -> list[tuple[Any, ...]]:
    return connection.execute(
        "select s.observed_at, s.register_kwh, s.register_t1_kwh, s.register_t2_kwh "
        "from telemetry.meter_sample s join customers.device d using (device_id) "
        "where d.device = %s order by 1",
        (device,),
    ).fetchall()


def period(connection: Connection, meter: str) -> billing_periods.Period:
    set_tenant_scope(connection, ["t1"])
    found = billing_periods.periods(connection, "t1", START, END)
    return next(one for one in found if one.meter == meter)


@pytest.fixture
def url(new_database: Callable[[], str]) -> str:
    url = new_database()
    sections = registry()
    for meter in sections["meters"]:
        meter["interval_s"] = 3_600
    write(url, validate(sections, "test"), NOW_US)
    return url


def test_any_order_gives_the_same_registers_and_the_same_bill(url: str) -> None:
    home, rng = TwoTariffs(1), np.random.default_rng(2)
    parts = np.array_split(np.arange(HOURS), 12)
    send(url, "meter0", [home.body(rows) for rows in parts])
    again = [*parts, *parts[3:7], *(rows[5:9] for rows in parts)]
    mixed = [home.body(again[i]) for i in rng.permutation(len(again))]
    # Some registers come alone before the rest of their sample.
    alone = [home.body(rows, total=False) for rows in parts[::4]]
    send(url, "meter1", alone[:2], mixed[:9], alone[2:], mixed[9:])
    with connect(url) as connection:
        one, other = samples(connection, "meter0"), samples(connection, "meter1")
        assert len(one) == HOURS and [row[2:] for row in other] == [row[2:] for row in one]
        assert [row[1] for row in one] == home.total.tolist()
        assert [row[1] for row in other] == pytest.approx(home.total.tolist(), abs=0.0011)
        first = period(connection, "m0")
        assert (first.missing, first.tariffs is not None) == ((), True)
        assert sum(first.tariffs or ()) == pytest.approx(first.kwh, abs=0.003)
        assert period(connection, "m1").tariffs == first.tariffs
        value = billing_periods.release(connection, "t1", "k3", START, END, "A", NOW_US)
        assert value["tariffs"] == dict(zip(("t1", "t2"), first.tariffs or (), strict=True))
        for name in ("t1", "t2"):
            ends = [value[end]["tariffs"][name] for end in ("start", "end")]
            assert value["tariffs"][name] == pytest.approx(ends[1] - ends[0], abs=1e-6)
        again_ = billing_periods.release(connection, "t1", "k3", START, END, "A", NOW_US)
        assert again_["version"] == value["version"] == 1


def test_without_a_total_both_tariffs_are_the_register(url: str) -> None:
    home = TwoTariffs(3)
    send(url, "meter0", [home.body(np.arange(HOURS), total=False)])
    with connect(url) as connection:
        rows = samples(connection, "meter0")
        assert [row[1] for row in rows] == np.round(home.tariffs.sum(axis=1), 6).tolist()
        assert period(connection, "m0").missing == ()


def test_tariffs_that_do_not_add_up_are_named_and_provisional(url: str) -> None:
    home = TwoTariffs(4)
    wrong = np.arange(HOURS - 200, HOURS)
    send(url, "meter0", [home.body(np.arange(HOURS - 200)), home.body(wrong, off=2.0)])
    with connect(url, role=CONTACTS) as connection:
        while interval_estimates.run_due(connection, NOW_US):
            connection.commit()
        connection.commit()
    with connect(url) as connection:
        connection.execute(f"set role {READER}")
        set_tenant_scope(connection, ("t1",))
        shown = metering.intervals(connection, "t1", "m0", Purpose.ENERGY_INSIGHT, limit=99_999)
        marked = [row for row in shown if row["reason"] == Reason.SUM_DIFFERS]
        assert {row["status"] for row in marked} == {Quality.VORLAEUFIGERWERT}
        assert to_us(min(row["end_at"] for row in marked)) == BEGIN_US + int(wrong[0]) * HOUR_US
        assert max(row["end_at"] for row in marked) == max(row["end_at"] for row in shown)
        found = period(connection, "m0")
        assert found.missing == ("tariff_sum",) and found.tariffs is None
        assert found.end is not None and found.end.at > from_us(BEGIN_US + int(wrong[0]) * HOUR_US)
        with pytest.raises(NotAllowed, match="tariff_sum"):
            billing_periods.release(connection, "t1", "k3", START, END, "A", NOW_US)


def test_a_tasmota_names_its_registers(url: str) -> None:
    body = {"Time": "2026-10-01T00:00:00", "Haus": {"1_8_1": 10.5, "1_8_2": 4.25, "16_7_0": 300}}
    worker = Worker(url, Settings(), ManualClock(NOW_US))
    worker.process([RawMessage("tele/cellar/SENSOR", json.dumps(body).encode(), NOW_US)])
    worker.close()
    with connect(url) as connection:
        ((_, total, first, second),) = samples(connection, "tasmota")
    assert (total, first, second) == (14.75, 10.5, 4.25)


def tariff(**version: Any) -> Tariff:
    one = {
        "valid_from": "2026-01-01", "standing_charge_per_year": "120",
        "unit_prices": {"day": "0.30", "night": "0.20"}, "default_register": "day", **version,
    }  # fmt: skip
    return Tariff.model_validate({"name": "T", "versions": [one]})


def test_a_month_costs_by_tariff_of_registers_else_of_hours(url: str) -> None:
    """In the Netherlands 1.8.1 is the low tariff, so the tariff says which is which."""
    home, kwh = TwoTariffs(5), 100.0
    send(url, "meter0", [home.body(np.arange(HOURS))])
    windows = [{"register_name": "night", "begin": "22:00", "end": "06:00"}]
    with connect(url) as connection:
        set_tenant_scope(connection, ["t1"])

        def split(of: Tariff) -> dict[str, Decimal] | None:
            return use_by_tariff.split(
                connection, "t1", "m0", "c3", ZoneInfo("Europe/Berlin"), of, START, END, kwh
            )

        assert split(tariff()) is None, "neither the registers' names nor their hours are known"
        found = split(tariff(meter_registers={"t1": "night", "t2": "day"}, windows=windows))
        first, last = (
            (to_us(datetime.combine(day, time(), ZoneInfo("Europe/Berlin"))) - BEGIN_US) // HOUR_US
            for day in (START, END)
        )
        use = home.tariffs[last] - home.tariffs[first]
        assert found is not None and sum(found.values()) == Decimal(100)
        assert float(found["night"]) == pytest.approx(100.0 * use[0] / use.sum(), abs=1e-3)
        by_hours = split(tariff(windows=windows))
        local = [from_us(BEGIN_US + h * HOUR_US).astimezone(ZoneInfo("Europe/Berlin")).hour
                 for h in range(first, last)]  # fmt: skip
        each = np.diff(home.total[first : last + 1])
        share = each[[hour >= 22 or hour < 6 for hour in local]].sum() / each.sum()
        assert by_hours is not None and sum(by_hours.values()) == Decimal(100)
        assert float(by_hours["night"]) == pytest.approx(100.0 * share, abs=1e-2)
