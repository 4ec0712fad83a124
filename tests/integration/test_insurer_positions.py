"""No answer to an insurer depends on the place: the same drives elsewhere give the same figures."""

import json
import math
from collections.abc import Callable

import httpx

from api.http.scopes import OF_ROLE
from app.operations.registry_import import validate, write
from contracts.raw import RawMessage
from ingest.partition.worker import Worker
from runtime.clock import ManualClock
from runtime.settings import Settings
from store.people import keys
from store.postgres.pool import connect
from store.postgres.times import from_us
from tests.fix_api import running_api
from tests.fix_registry import NOW_US, registry
from tests.patience import patient

HOUR_US = 3_600_000_000
STEP_DEG = 2.0**-20
"""Places are multiples of it, so that a shift of longitude is exact and changes no difference."""
WEST, EAST = 7.25, 7.25 + 3.5
"""Degrees of longitude, both in the zone of Europe/Berlin."""


def drives(west_deg: float) -> list[RawMessage]:
    """Eight drives to the north-east, with harsh braking, from a longitude."""
    found = []
    for drive in range(8):
        start_us = NOW_US - (200 - 20 * drive) * HOUR_US
        speed, lat, lon = [], [], []
        north = east = 0.0
        for second in range(900):
            phase = second % 120
            kmh = min(50.0, 6.0 * phase) if phase < 100 else max(0.0, 50.0 - 18.0 * (phase - 99))
            if second < 10 or second > 880:
                kmh = 0.0
            north += kmh / 3.6 * math.sqrt(0.5)
            east += kmh / 3.6 * math.sqrt(0.5)
            speed.append(round(kmh, 2))
            lat.append(51.5 + round(north / 111_195 / STEP_DEG) * STEP_DEG)
            lon.append(west_deg + round(east / 69_200 / STEP_DEG) * STEP_DEG)
        body = {
            "v": 1, "t0": from_us(start_us).isoformat(), "dt_ms": [1000 * i for i in range(900)],
            "speed_kmh": speed, "lat_deg": lat, "lon_deg": lon,
        }  # fmt: skip
        found.append(
            RawMessage(
                "tw/v1/t1/car0/telemetry", json.dumps(body).encode(), start_us + HOUR_US,
                "application/json",
            )
        )  # fmt: skip
    return found


def answers(url: str, west_deg: float, *, fewer: bool = False) -> dict[str, object]:
    """Everything that an insurer is answered about the drives: path → answer."""
    sections = registry()
    sections["consents"].append({**sections["consents"][0], "purpose": "claims_assistance"})
    write(url, validate(sections, "test"), NOW_US)
    messages = drives(west_deg)[1 if fewer else 0 :]
    worker = Worker(url, Settings(), ManualClock(NOW_US))
    for message in messages:
        worker.process([message])
    worker.reconcile(everything=True)
    worker.close_silent(everything=True)
    worker.close()
    with connect(url) as connection:
        text = keys.create_key(
            connection, tenant="t1", role="insurer", name="i", scopes=OF_ROLE["insurer"],
            now_us=NOW_US,
        )[1]  # fmt: skip
        connection.commit()
    found: dict[str, object] = {}
    headers = {"Authorization": f"Bearer {text}"}
    with (
        running_api(url) as address,
        httpx.Client(base_url=address, headers=headers, timeout=patient(20.0)) as client,
    ):
        document = client.get("/openapi.json").json()
        for path, methods in document["paths"].items():
            scopes = methods.get("get", {}).get("x-scopes", [])
            if "{" in path or not scopes or scopes[0] not in OF_ROLE["insurer"]:
                continue
            names = {one["name"] for one in methods["get"].get("parameters", ())}
            query = {"vehicle": "v0"} if "vehicle" in names else {}
            answer = client.get(path, params=query)
            assert answer.status_code == 200, (path, answer.text)
            found[path] = answer.json()
    return found


def test_drives_elsewhere_give_an_insurer_the_same_figures(
    new_database: Callable[[], str],
) -> None:
    here, there = answers(new_database(), WEST), answers(new_database(), EAST)
    assert here == there
    assert len(here) >= 5
    trips = here["/v1/trips"]
    assert isinstance(trips, dict) and len(trips["data"]) >= 7
    scores = json.dumps(here["/v1/driving-scores"])
    assert '"score"' in scores and "harsh_braking" in scores
    assert here != answers(new_database(), WEST, fewer=True), "other drives are distinguished"
