"""`tachowatt bench decisions --http`: each is read, made and stored over HTTP."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import httpx
import numpy as np
import yaml

from app.processes.stack import prepare_secrets
from contracts.channels import PURPOSES
from proving.bench.decisions import action_files
from proving.bench.served_api import key_of, served
from proving.decisions import random_sets
from proving.testbed.database import database_of
from runtime.clock import Clock
from runtime.settings import Settings
from store.casework import next_actions
from store.people import consent
from store.postgres.pool import Connection, connect
from store.postgres.times import from_us
from store.schema.migrate import migrate
from store.testing import bench_registry, measurements

_CUSTOMERS = 200
_WARM = 20
_LEAST_PER_S, _P99_MS = 100.0, 100.0
Progress = Callable[[str, int, int], None]


def run(
    settings: Settings,
    clock: Clock,
    actions: int,
    requests: int,
    clients: int,
    seed: int,
    progress: Progress,
) -> dict[str, Any]:
    """Fill a database, start `tachowatt api` and ask about one customer after the other."""
    directory = settings.state_dir
    folder = _write(directory / "actions", actions, seed)
    with database_of(settings, clock) as url:
        progress("filling", 0, 1)
        migrate(url)
        prepare_secrets(settings, url, clock)
        with connect(url) as connection:
            measurements.require_empty(connection)
            _fill(connection, clock.now_us(), seed)
            key = key_of(connection, "agent", clock.now_us())
            versions = measurements.versions(connection)
            connection.commit()
        with served(directory, url, clock, {"TACHOWATT_ACTIONS_DIR": str(folder)}) as address:
            progress("asking", 0, 1)
            took, seconds = _asked(address, key, clock, requests, clients)
    p50, p95, p99 = (round(float(ms), 1) for ms in np.percentile(took, [50, 95, 99]))
    per_s = round(requests / seconds, 1)
    problems = []
    if per_s < _LEAST_PER_S:
        problems.append(f"{per_s} decisions/s over HTTP, {_LEAST_PER_S:.0f} are the least")
    if p99 >= _P99_MS:
        problems.append(f"p99 is {p99} ms, {_P99_MS:.0f} ms is the most")
    return {
        "actions": actions, "treatments": 3 * actions, "customers": _CUSTOMERS, "clients": clients,
        "requests": requests, "per_s": per_s, "latency_ms": {"p50": p50, "p95": p95, "p99": p99},
        "versions": versions, "problems": problems,
    }  # fmt: skip


def _write(folder: Path, actions: int, seed: int) -> Path:
    folder.mkdir()
    every, issues = action_files(actions, seed)
    for part in (every, *issues):
        (folder / f"{part['id']}.yaml").write_text(yaml.safe_dump(part))
    return folder


def _fill(connection: Connection, now_us: int, seed: int) -> None:
    """Register customers who agree to everything and of whom every fact is known."""
    random, tenant = Random(f"bench {seed}"), bench_registry.TENANT
    bench_registry.add_tenant(connection)
    bench_registry.copy(connection, bench_registry.copy_texts(connection, _CUSTOMERS))
    at = from_us(now_us) - timedelta(days=1)
    for number in range(_CUSTOMERS):
        customer = f"c{number}"
        consent.decide(
            connection,
            [
                {
                    "tenant": tenant, "customer": customer, "purpose": purpose,
                    "state": "granted", "legal_basis": "consent", "notice_version": "1",
                    "source": "bench", "at": at, "recorded_at": at,
                }
                for purpose in PURPOSES
            ],
        )  # fmt: skip
        known = [
            (name, random_sets.value(random, name), from_us(now_us)) for name in random_sets.NAMES
        ]
        next_actions.report(connection, tenant, customer, known, "bench", now_us)


def _asked(
    address: str, key: str, clock: Clock, requests: int, clients: int
) -> tuple[list[float], float]:
    """Return the milliseconds of each request, and the seconds of all."""

    def ask(client: httpx.Client, number: int) -> float:
        began = clock.monotonic()
        answer = client.post("/v1/decisions", json={"customer": f"c{number % _CUSTOMERS}"})
        answer.raise_for_status()
        assert answer.json()["id"], "it is stored"
        return 1_000 * (clock.monotonic() - began)

    def work(first: int) -> list[float]:
        headers = {"Authorization": f"Bearer {key}"}
        with httpx.Client(base_url=address, timeout=30.0, headers=headers) as client:
            return [ask(client, number) for number in range(first, requests, clients)]

    with httpx.Client(
        base_url=address, timeout=30.0, headers={"Authorization": f"Bearer {key}"}
    ) as client:
        for number in range(_WARM):
            ask(client, number)
    began = clock.monotonic()
    with ThreadPoolExecutor(clients) as pool:
        parts = list(pool.map(work, range(clients)))
    return [ms for part in parts for ms in part], clock.monotonic() - began
