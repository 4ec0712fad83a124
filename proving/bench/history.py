"""The history that `tachowatt bench query` reads: 100,000 vehicles, 1,000 meters.

Nine tenths of the samples are from vehicles (90 per trip of fifteen minutes), one tenth from meters
(a quarter of an hour each). At every size the queried vehicles have ten trips in the last 90 days,
and the queried meters 30 days of intervals, so the answers stay the same. Only older data grow,
spread evenly over all vehicles and meters.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contracts.signals import signal_id
from feature_kernels.driving.score_sums import HISTOGRAMS
from runtime.clock import US_PER_S
from services.contact_points import ContactPoints, NewPoint
from store.casework import alerts, cases, contacts
from store.people import contact_points
from store.pipeline import features
from store.pipeline.feature_tables import DAY, INTERVAL, TRIP
from store.postgres.pool import Connection
from store.postgres.times import from_us
from store.signals import outbox
from store.signals.outbox import SignalRow
from store.testing import bench_data

VEHICLES, METERS = 100_000, 1_000
ASKED_VEHICLES, ASKED_METERS = 1_000, 30
RECENT_TRIPS, RECENT_DAYS = 10, 90
_METER_DAYS, _PER_DAY = 30, 96
_DAY_US = 86_400 * US_PER_S
_INTERVAL_US = bench_data.INTERVAL_S * US_PER_S
_PORTION = 200_000
_STORY_EVERY = 100
_CRASH = {
    "retracted": False, "at": "", "severity": 1, "peak_mps2": 60.0, "delta_v_kmh": 20.0,
    "speed_kmh": 40.0,
}  # fmt: skip
_MESSAGES = 10
OPEN_CASES = 100_000

Ints = NDArray[np.int64]


def vehicle(i: int) -> int:
    """Return the number of the i-th queried vehicle."""
    return i * (VEHICLES // ASKED_VEHICLES)


def fill(connection: Connection, samples: int, now_us: int, points: ContactPoints) -> None:
    """Write a history of `samples` that ends at `now_us`, and commit.

    Each customer has a number; those of the queried vehicles have real ones (`phone`, `email`).
    """
    bench_data.register(connection, VEHICLES, METERS)
    cars = np.array(bench_data.device_ids(connection, "vehicle"))
    homes = np.array(bench_data.device_ids(connection, "meter"))
    readings = samples // 10
    for rows in _trips(cars, (samples - readings) // bench_data.SAMPLES_OF_A_TRIP, now_us):
        features.append(connection, TRIP, rows)
    for intervals, days in _intervals(homes, readings, now_us):
        features.append(connection, INTERVAL, intervals)
        features.append(connection, DAY, days)
    connection.commit()
    bench_data.samples_of_trips(connection)
    bench_data.samples_of_intervals(connection)
    for i in range(0, VEHICLES, _STORY_EVERY):
        _crash(connection, i, int(cars[i]), now_us)
    _alerts(connection, homes, now_us)
    _contact_points(connection, points, now_us)
    bench_data.open_cases(connection, OPEN_CASES, now_us)
    bench_data.vacuum_analyze(connection)


def phone(i: int) -> str:
    """Return the number of the customer of the i-th queried vehicle."""
    return f"+49171{1_000_000 + i}"


def email(i: int) -> str:
    """Return the e-mail address of the customer of the i-th queried vehicle."""
    return f"c{vehicle(i)}@example.org"


def _contact_points(connection: Connection, points: ContactPoints, now_us: int) -> None:
    tenant = bench_data.TENANT
    for i in range(ASKED_VEHICLES):
        customer = f"c{vehicle(i)}"
        for kind, text in (("mobile", phone(i)), ("email", email(i))):
            points.record(connection, NewPoint(tenant, customer, kind, text), "bench", now_us)
    one = contact_points.of_customer(connection, tenant, f"c{vehicle(0)}")[0]
    bench_data.contact_points(connection, one["value"], now_us)


def _trips(cars: Ints, count: int, now_us: int) -> Iterator[Any]:
    """Write ten trips in the last 90 days per queried vehicle; the others in the year before."""
    asked = np.array([cars[vehicle(i)] for i in range(ASKED_VEHICLES)])
    step_us = RECENT_DAYS * _DAY_US // RECENT_TRIPS
    recent = np.arange(ASKED_VEHICLES * RECENT_TRIPS)[:count]
    yield _trip_rows(
        asked[recent % ASKED_VEHICLES],
        now_us - (recent // ASKED_VEHICLES + 1) * step_us + recent * US_PER_S + _DAY_US,
    )
    left = count - recent.shape[0]
    rounds = -(-left // VEHICLES)
    for start in range(0, left, _PORTION):
        number = np.arange(start, min(start + _PORTION, left))
        back = number // VEHICLES + 1
        at_us = now_us - RECENT_DAYS * _DAY_US - back * (365 * _DAY_US // rounds)
        # A stride coprime to the number of vehicles: each portion has few, evenly spread ones.
        yield _trip_rows(cars[number * 7_919 % VEHICLES], at_us + number % VEHICLES * 10_000)


def _trip_rows(devices: Ints, start_us: Ints) -> Any:
    n = devices.shape[0]
    rows = np.zeros(n, TRIP.dtype)
    random = np.random.default_rng(int(start_us[0]) % 2**32 if n else 0)
    rows["device_id"], rows["start_us"] = devices, start_us
    rows["end_us"] = start_us + 900 * US_PER_S
    rows["decided_us"] = rows["end_us"] + 300 * US_PER_S
    rows["distance_m"] = random.uniform(4_000, 30_000, n)
    rows["driving_s"], rows["measured_s"], rows["speed_limited_s"] = 850.0, 890.0, 800.0
    rows["speeding_s"] = random.uniform(0, 120, n)
    rows["harsh_braking"] = random.integers(0, 3, rows["harsh_braking"].shape)
    for histogram in HISTOGRAMS:
        rows[histogram] = random.uniform(0, 90, rows[histogram].shape)
    rows["sample_count"], rows["end_reason"] = bench_data.SAMPLES_OF_A_TRIP, 1
    return rows


def _intervals(homes: Ints, count: int, now_us: int) -> Iterator[tuple[Any, Any]]:
    """Write whole days: the last 30 of each queried meter, then earlier days of all meters."""
    today = now_us // _DAY_US
    days = count // _PER_DAY
    recent = np.arange(ASKED_METERS * _METER_DAYS)[:days]
    yield _meter_rows(homes[recent % ASKED_METERS], today - 1 - recent // ASKED_METERS)
    left = days - recent.shape[0]
    portion = _PORTION // _PER_DAY
    for start in range(0, left, portion):
        number = np.arange(start, min(start + portion, left))
        yield _meter_rows(homes[number % METERS], today - 1 - _METER_DAYS - number // METERS)


def _meter_rows(devices: Ints, day: Ints) -> tuple[Any, Any]:
    """Write intervals and features of one day of each device."""
    n = devices.shape[0]
    days = np.zeros(n, DAY.dtype)
    days["device_id"], days["day"], days["start_us"] = devices, day, day * _DAY_US
    days["energy_kwh"], days["expected"], days["present"] = 9.6, _PER_DAY, _PER_DAY
    days["min_w"], days["max_w"], days["base_load_w"], days["night_share"] = 80, 2_500, 110.0, 0.3
    days["decided_us"] = days["start_us"] + _DAY_US
    rows = np.zeros(n * _PER_DAY, INTERVAL.dtype)
    rows["device_id"] = np.repeat(devices, _PER_DAY)
    rows["start_us"] = np.repeat(day * _DAY_US, _PER_DAY) + np.tile(
        np.arange(_PER_DAY) * _INTERVAL_US, n
    )
    rows["end_us"] = rows["decided_us"] = rows["start_us"] + _INTERVAL_US
    rows["energy_kwh"] = 0.1
    return rows, days


def _crash(connection: Connection, i: int, device_id: int, now_us: int) -> None:
    """Write a crash, its case, and ten messages to the customer."""
    tenant, at_us = bench_data.TENANT, now_us - (i % 30 + 1) * _DAY_US
    crash = SignalRow(
        signal_id(tenant, f"d{i}", "vehicle.crash", str(at_us)), tenant, device_id,
        "vehicle.crash", f"vehicle:v{i}", at_us, _CRASH,
    )  # fmt: skip
    outbox.put(connection, [crash], at_us)
    case = cases.NewCase(
        signal_id(tenant, "case", "of", crash.id), tenant, "insurer", "call-back",
        {"de": "Anrufen", "en": "Call"}, True, f"c{i}", crash.subject, crash.id, "bench", at_us,
        "claims_assistance",
    )  # fmt: skip
    cases.open_(connection, case, at_us)
    contacts.put(
        connection,
        [
            contacts.NewContact(
                signal_id(tenant, "contact", str(n), crash.id), tenant, f"c{i}", "inbox", None,
                None, "claims_assistance", "en", "message", "Subject", "Body", None, False,
                crash.id, 0, "bench", str(n), case.case_id, None,
            )
            for n in range(_MESSAGES)
        ],
        at_us,
    )  # fmt: skip


def _alerts(connection: Connection, homes: Ints, now_us: int) -> None:
    """Write an open alert for every meter."""
    tenant, signals, customers = bench_data.TENANT, [], {}
    for i, device_id in enumerate(homes.tolist()):
        at_us = now_us - (i % 60 + 1) * _DAY_US
        data = {
            "kind": "base_load_rise", "severity": 2, "retracted": False, "unit": "W",
            "started_at": from_us(at_us).isoformat(), "ended_at": None, "observed": 300.0,
            "expected": 100.0, "threshold": 150.0,
        }  # fmt: skip
        id_ = signal_id(tenant, f"g{i}", alerts.RAISED, f"base_load_rise {at_us}")
        signal = SignalRow(id_, tenant, device_id, alerts.RAISED, f"meter:m{i}", at_us, data)
        outbox.put(connection, [signal], at_us)
        signals.append(
            {"id": id_, "tenant": tenant, "device": f"g{i}", "type": alerts.RAISED,
             "subject": signal.subject, "data": data}
        )  # fmt: skip
        customers[id_] = f"c{i}"
    alerts.apply_signals(connection, signals, customers, now_us)
