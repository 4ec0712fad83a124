"""`tachowatt bench query`: response times of the API over histories of different size."""

import os
import random
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import numpy as np

from api.http.scopes import OF_ROLE
from app.processes.stack import Stack
from app.servers.postgres import Postgres
from app.servers.supervise import Child
from proving.bench import history
from runtime.clock import US_PER_S, Clock
from runtime.errors import Stop
from runtime.settings import Settings
from store.people import keys
from store.postgres.pool import connect
from store.postgres.times import from_us
from store.schema.migrate import migrate
from store.testing import bench_data, measurements

_READY_WITHIN_S = 60.0
_WARM = 30
_FLAT = 1.5
_SCORE_P99_MS = 20.0
Question = tuple[str, str, Callable[[int], str]]
Progress = Callable[[str, int, int], None]


def run(
    settings: Settings, clock: Clock, sizes: list[int], requests: int, progress: Progress
) -> dict[str, Any]:
    """Fill a database for each size and send each query `requests` times; return milliseconds.

    Each size gets its own PostgreSQL under `settings.state_dir`. If `database_url` is set, only one
    size is possible, in that database, which must be empty.
    """
    if settings.database_url is not None and len(sizes) > 1:
        raise Stop("a database that is given can be filled once: give one --samples")
    found: dict[str, Any] = {"vehicles": history.VEHICLES, "sizes": []}
    for number, samples in enumerate(sizes):
        directory = settings.state_dir / str(number)
        directory.mkdir()
        postgres = Postgres(directory, clock) if settings.database_url is None else None
        try:
            url = settings.database_url or postgres.start()  # type: ignore[union-attr]
            found["sizes"].append(_one(directory, url, clock, samples, requests, progress))
        finally:
            if postgres is not None:
                postgres.stop()
    found["flat"] = _flatness(found["sizes"])
    found["problems"] = _problems(found)
    return found


def _one(
    directory: Path, url: str, clock: Clock, samples: int, requests: int, progress: Progress
) -> dict[str, Any]:
    migrate(url)
    progress(f"{samples:,} samples: filling", 0, 1)
    now_us, began = clock.now_us(), clock.monotonic()
    with connect(url) as connection:
        if measurements.has_tenants(connection):
            raise Stop("the database is not empty")
        history.fill(connection, samples, now_us)
        filled_s = clock.monotonic() - began
        keys = {role: _key(connection, role, now_us) for role in OF_ROLE if role != "customer"}
        keys |= {"customer": _key(connection, "customer", now_us, f"c{history.vehicle(1)}")}
        tables = bench_data.table_sizes(connection)
        versions = measurements.versions(connection)
        connection.commit()
    child = Child(
        [sys.executable, "-m", "app.cli", "api"],
        directory / "api.log",
        environment=_environment(directory, url),
        directory=Path.cwd(),
    )
    try:
        address = _address(child, directory, clock)
        rows = {}
        asked = _questions(now_us)
        for number, (name, role, path) in enumerate(asked):
            progress(f"{samples:,} samples: asking", number, len(asked))
            headers = {"Authorization": f"Bearer {keys[role]}"}
            with httpx.Client(base_url=address, timeout=30.0, headers=headers) as client:
                rows[name] = _measure(client, clock, path, requests)
    finally:
        child.stop()
    return {
        "samples": samples,
        "filled_s": round(filled_s, 1),
        "tables": tables,
        "versions": versions,
        "requests": requests,
        "latency_ms": rows,
    }


def _environment(directory: Path, url: str) -> dict[str, str]:
    return {
        **os.environ,
        "TACHOWATT_STATE_DIR": str(directory),
        "TACHOWATT_DATABASE_URL": url,
        "TACHOWATT_API_PORT": "0",
        "TACHOWATT_API_REQUESTS_PER_MINUTE": str(10**9),
    }


def _key(connection: Any, role: str, now_us: int, customer: str | None = None) -> str:
    return keys.create_key(
        connection, tenant=bench_data.TENANT, role=role, name=role, scopes=OF_ROLE[role],
        now_us=now_us, customer=customer,
    )[1]  # fmt: skip


def _address(child: Child, directory: Path, clock: Clock) -> str:
    stack = Stack(Settings(state_dir=directory), clock)
    deadline = clock.monotonic() + _READY_WITHIN_S
    while clock.monotonic() < deadline and child.alive():
        running = stack.running()
        if running is not None and running.api_url:
            return running.api_url
        child.wait(0.05)
    log = (directory / "api.log").read_text(errors="replace")[-2000:]
    raise Stop(f"the API did not start; the end of its log:\n{log}")


def _questions(now_us: int) -> list[Question]:
    """Return (name, role, path of the i-th subject); `90 days` and `30 days` bound the answer."""
    day_us = 86_400 * US_PER_S
    since = quote(from_us(now_us - (history.RECENT_DAYS + 1) * day_us).isoformat())
    month = quote(from_us(now_us - 30 * day_us).isoformat())
    meters = history.ASKED_METERS
    v = history.vehicle

    def m(i: int) -> int:
        return i % meters

    return [
        ("score by vehicle, 90 days", "insurer",
         lambda i: f"/v1/driving-scores?vehicle=v{v(i)}&from={since}"),
        ("score by driver, 90 days", "insurer",
         lambda i: f"/v1/driving-scores?driver=c{v(i)}&from={since}"),
        ("score by vehicle, all time", "insurer", lambda i: f"/v1/driving-scores?vehicle=v{v(i)}"),
        ("score history", "insurer", lambda i: f"/v1/driving-scores/history?driver=c{v(i)}"),
        ("scores of the fleet, a page", "insurer", lambda i: "/v1/driving-scores"),
        ("trips of a vehicle, 90 days", "insurer",
         lambda i: f"/v1/trips?vehicle=v{v(i)}&from={since}"),
        ("mileage of a contract, 90 days", "insurer",
         lambda i: f"/v1/mileage?contract=k{v(i)}&from={since}"),
        ("crashes of a vehicle", "insurer", lambda i: f"/v1/crashes?limit=20&vehicle=v{v(i)}"),
        ("open alerts, a page", "utility", lambda i: "/v1/alerts?state=open"),
        ("alerts of a meter", "utility", lambda i: f"/v1/alerts?meter=m{m(i)}"),
        ("days of a meter", "utility", lambda i: f"/v1/meters/m{m(i)}/features?limit=30"),
        ("intervals of a meter, 30 days", "utility",
         lambda i: f"/v1/meters/m{m(i)}/intervals?from={month}"),
        ("context of a customer", "agent", lambda i: f"/v1/customers/c{v(i)}/context"),
        ("search among customers", "agent", lambda i: f"/v1/customers?q=person%20{v(i)}&limit=10"),
        ("open cases, a page", "agent", lambda i: "/v1/cases?state=open"),
        ("own trips", "customer", lambda i: f"/v1/customers/c{v(1)}/trips?limit=10"),
    ]  # fmt: skip


def _measure(
    client: httpx.Client, clock: Clock, path: Callable[[int], str], requests: int
) -> dict[str, float]:
    chosen, took = random.Random(7), []
    for number in range(_WARM + requests):
        asked = path(chosen.randrange(history.ASKED_VEHICLES))
        began = clock.monotonic()
        answer = client.get(asked)
        if number >= _WARM:
            took.append(1_000 * (clock.monotonic() - began))
        if answer.status_code != 200:
            raise Stop(f"GET {asked} answered {answer.status_code}: {answer.text[:300]}")
    p50, p95, p99 = np.percentile(took, [50, 95, 99])
    return {"p50": round(float(p50), 2), "p95": round(float(p95), 2), "p99": round(float(p99), 2)}


def _flatness(sizes: list[dict[str, Any]]) -> dict[str, dict[str, float]]:
    """Return the ratio of the largest size to the smallest: p50 and p99 of each query."""
    if len(sizes) < 2:
        return {}
    small, large = sizes[0]["latency_ms"], sizes[-1]["latency_ms"]
    return {
        name: {p: round(large[name][p] / small[name][p], 2) for p in ("p50", "p99")}
        for name in small
    }


def _problems(found: dict[str, Any]) -> list[str]:
    """Return queries of the score that miss the promised times."""
    score = "score by vehicle, 90 days"
    wrong = [
        f"{score}: p99 {size['latency_ms'][score]['p99']} ms at {size['samples']:,} samples"
        for size in found["sizes"]
        if size["latency_ms"][score]["p99"] >= _SCORE_P99_MS
    ]
    if found["flat"] and found["flat"][score]["p50"] > _FLAT:
        wrong.append(f"{score}: {found['flat'][score]['p50']} × from the smallest to the largest")
    return wrong
