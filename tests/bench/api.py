"""How fast the API answers with 10,000 vehicles: real uvicorn, real PostgreSQL, over HTTP.

The database is filled by COPY: a customer, a vehicle, a motor contract and a device each, every one
with consent and a fortnight's trips; a case, a crash and messages for every tenth. One client asks
one question after the other, each time about another vehicle or customer.
"""

import random
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import numpy as np

from api.scopes import OF_ROLE
from app.embedded import Postgres
from contracts.signals import signal_id
from runtime.clock import SystemClock
from store import access, cases, contacts, features, outbox
from store.feature_tables import TRIP
from store.migrate import migrate
from store.outbox import SignalRow
from store.pool import Connection, connect
from tests.fix_api import running_api
from tests.fix_registry import NOW_US

VEHICLES, TRIPS_EACH, REQUESTS = 10_000, 30, 1_000
DAY_US, MINUTE_US = 86_400_000_000, 60_000_000


def run(vehicles: int = VEHICLES, requests: int = REQUESTS) -> list[dict[str, Any]]:
    """Latencies of the questions that are asked most, in milliseconds."""
    clock = SystemClock()
    with _database() as url:
        began = clock.monotonic()
        keys = _fill(url, vehicles)
        filled_s = clock.monotonic() - began
        with running_api(url, api_requests_per_minute=10**9) as address:
            found: list[dict[str, Any]] = [
                {"bench": "api", "vehicles": vehicles, "trips": vehicles * TRIPS_EACH,
                 "filled_s": round(filled_s, 1)}
            ]  # fmt: skip
            for name, role, path in _QUESTIONS:
                with httpx.Client(base_url=address, timeout=30.0) as client:
                    client.headers["Authorization"] = f"Bearer {keys[role]}"
                    found.append(_measure(client, clock, name, path, vehicles, requests))
    return found


_QUESTIONS: list[tuple[str, str, Callable[[int], str]]] = [
    ("score by vehicle", "insurer", lambda i: f"/v1/driving-scores?vehicle=v{i}"),
    ("score by driver", "insurer", lambda i: f"/v1/driving-scores?driver=c{i}"),
    ("score history", "insurer", lambda i: f"/v1/driving-scores/history?driver=c{i}"),
    ("trips", "insurer", lambda i: f"/v1/trips?vehicle=v{i}"),
    ("mileage", "insurer", lambda i: f"/v1/mileage?contract=k{i}"),
    ("crashes", "insurer", lambda i: f"/v1/crashes?limit=20&vehicle=v{i // 10 * 10}"),
    ("context", "agent", lambda i: f"/v1/customers/c{i}/context"),
    ("customer search", "agent", lambda i: f"/v1/customers?q=person%20{i}&limit=10"),
    ("cases", "agent", lambda i: "/v1/cases?state=open"),
]


def _measure(
    client: httpx.Client,
    clock: SystemClock,
    name: str,
    path: Callable[[int], str],
    vehicles: int,
    requests: int,
) -> dict[str, Any]:
    chosen = random.Random(7)
    for _ in range(20):
        client.get(path(chosen.randrange(vehicles))).raise_for_status()
    took = []
    for _ in range(requests):
        asked = path(chosen.randrange(vehicles))
        began = clock.monotonic()
        client.get(asked).raise_for_status()
        took.append(1_000 * (clock.monotonic() - began))
    p50, p95, p99 = np.percentile(took, [50, 95, 99])
    return {
        "bench": name,
        "requests": requests,
        "p50_ms": round(float(p50), 1),
        "p95_ms": round(float(p95), 1),
        "p99_ms": round(float(p99), 1),
        "max_ms": round(max(took), 1),
    }


@contextmanager
def _database() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="tachowatt-bench-") as directory:
        Path(directory).chmod(0o755)
        server = Postgres(Path(directory), SystemClock())
        try:
            url = server.start()
            migrate(url)
            yield url
        finally:
            server.stop()


def _fill(url: str, vehicles: int) -> dict[str, str]:
    with connect(url) as connection:
        _registry(connection, vehicles)
        device = dict(
            connection.execute("select vehicle, device_id from customers.assignment").fetchall()
        )
        features.append(connection, TRIP, _trips(np.array(list(device.values()))))
        for i in range(0, vehicles, 10):
            _story(connection, i, device[f"v{i}"])
        keys = {
            role: access.create_key(
                connection, tenant="t", role=role, name=role, scopes=scopes, now_us=NOW_US
            )[1]
            for role, scopes in OF_ROLE.items()
            if role != "customer"
        }
        connection.commit()
        connection.autocommit = True
        connection.execute("analyze")
    return keys


def _registry(connection: Connection, vehicles: int) -> None:
    """The same rows that `tachowatt import` would write, made by the database."""
    connection.execute("insert into customers.tenant values ('t', 'Tenant', 'Europe/Berlin')")
    for statement in (
        "customers.customer (tenant, customer, name) select 't', 'c' || i, 'Person ' || i",
        "customers.vehicle select 't', 'v' || i, 'Car ' || i",
        "customers.contract select 't', 'k' || i, 'c' || i, 'motor', 'v' || i, null, '2000-01-01'",
        "customers.device (tenant, device, kind, dialect, address) "
        "select 't', 'd' || i, 'vehicle', 'native', 't/d' || i",
    ):
        connection.execute(
            f"insert into {statement} from generate_series(0, {vehicles - 1}) i".encode()
        )
    connection.execute(
        "insert into customers.assignment (device_id, tenant, vehicle, valid_from) "
        "select device_id, 't', 'v' || substr(device, 2), '2000-01-01' from customers.device"
    )
    connection.execute(
        "insert into customers.consent (tenant, customer, purpose, state, legal_basis, "
        "notice_version, source, decided_at, recorded_at) "
        "select 't', customer, purpose, 'granted', "
        "'consent', '1', 'bench', '2026-01-01', '2026-01-01' from customers.customer, "
        "unnest(array['driving_score', 'claims_assistance']) as purpose"
    )


def _trips(devices: Any) -> Any:
    n = devices.shape[0]
    rows = np.zeros(n * TRIPS_EACH, TRIP.dtype)
    random_ = np.random.default_rng(7)
    rows["device_id"] = np.repeat(devices, TRIPS_EACH)
    number = np.tile(np.arange(TRIPS_EACH), n)
    rows["start_us"] = NOW_US - 15 * DAY_US + number * (DAY_US // 2)
    rows["end_us"] = rows["start_us"] + 25 * MINUTE_US
    rows["decided_us"] = rows["end_us"] + 5 * MINUTE_US
    rows["distance_m"] = random_.uniform(4_000, 30_000, rows.shape[0])
    rows["driving_s"], rows["measured_s"], rows["speed_limited_s"] = 1_400.0, 1_490.0, 1_300.0
    rows["speeding_s"] = random_.uniform(0, 120, rows.shape[0])
    rows["harsh_braking"] = random_.integers(0, 3, rows["harsh_braking"].shape)
    rows["accel_hist_s"] = random_.uniform(0, 90, rows["accel_hist_s"].shape)
    rows["speed_hist_s"] = random_.uniform(0, 90, rows["speed_hist_s"].shape)
    rows["ratio_hist_s"] = random_.uniform(0, 90, rows["ratio_hist_s"].shape)
    rows["sample_count"], rows["end_reason"] = 1_500, 1
    return rows


def _story(connection: Connection, i: int, device_id: int) -> None:
    """A crash, its case, and ten messages."""
    at_us = NOW_US - (i % 30) * DAY_US
    crash = SignalRow(
        signal_id("t", f"d{i}", "vehicle.crash", str(at_us)), "t", device_id, "vehicle.crash",
        f"vehicle:v{i}", at_us,
        {"retracted": False, "at": "", "severity": 1 + i % 3, "peak_mps2": 60.0,
         "delta_v_kmh": 20.0, "speed_kmh": 40.0},
    )  # fmt: skip
    outbox.put(connection, [crash], at_us)
    case = cases.NewCase(
        signal_id("t", "case", "of", crash.id), "t", "insurer", "call-back",
        {"de": "Anrufen", "en": "Call"}, True, f"c{i}", crash.subject, crash.id, "bench", at_us,
    )  # fmt: skip
    cases.open_(connection, case, at_us)
    contacts.put(
        connection,
        [
            contacts.NewContact(
                signal_id("t", "contact", str(n), crash.id), "t", f"c{i}", "inbox", None, None,
                "claims_assistance", "en", "message", "Subject", "Body", None, False, crash.id, 0,
                "bench", str(n), case.case_id, None,
            )
            for n in range(10)
        ],
        at_us,
    )  # fmt: skip
