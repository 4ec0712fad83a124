"""A reading that a person enters takes the way of any other; a confirmed odd one opens a case."""

import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import numpy as np
import pytest
from PIL import Image

from api.http.scopes import OF_ROLE
from app.operations.registry_import import validate, write
from app.operations.verify import verify
from contracts.raw import RawMessage
from ingest.partition.worker import Worker
from runtime.clock import ManualClock
from runtime.settings import Settings
from store.people import keys
from store.pipeline import ledger
from store.postgres.pool import connect, scalar
from store.postgres.times import from_us
from tests.fix_api import problem, running_api
from tests.fix_postgres import _execute, copy_database, database_of
from tests.fix_registry import NOW_US, SINCE, registry
from tests.pages import HTML, sign_in, token_of
from tests.patience import patient

DAY_US = 86_400_000_000
LAST_US = NOW_US // DAY_US * DAY_US
DAYS = 40
KWH_A_DAY = 9.6
START_KWH = 12_000.0


@dataclass
class Town:
    """c3 has m0 with a device, c4 has m1 read by hand; nobody agreed to anything for m2."""

    url: str
    clock: ManualClock
    client: httpx.Client
    keys: dict[str, str]

    def post(self, path: str, who: str, body: object, key: str = "") -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.keys[who]}"}
        if key:
            headers["Idempotency-Key"] = key
        return self.client.post(f"/v1/meters/{path}", headers=headers, json=body)

    def get(self, path: str, who: str) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.keys[who]}"}
        return self.client.get(f"/v1/meters/{path}", headers=headers)

    def ingest(self) -> int:
        """Let ingest take what waits; the ledger closes before and after."""
        assert verify(self.url).clean
        worker = Worker(self.url, Settings(), self.clock)
        done = worker.retry_dead_letters()
        worker.reconcile(everything=True)
        worker.close()
        assert verify(self.url).clean
        return done


def sent() -> list[RawMessage]:
    """Registers of m0, each hour of the last days."""
    t_us = LAST_US - DAYS * DAY_US + np.arange(DAYS * 24 + 1) * DAY_US // 24
    kwh = np.round(START_KWH + np.arange(t_us.size) * KWH_A_DAY / 24, 3)
    body = {
        "v": 1, "seq": 1, "t0": int(t_us[0] // 1000),
        "dt_ms": ((t_us - t_us[0]) // 1000).tolist(), "register_kwh": kwh.tolist(),
    }  # fmt: skip
    return [RawMessage("tw/v1/t1/meter0/reading", json.dumps(body).encode(), NOW_US)]


@pytest.fixture(scope="module")
def town(postgres_url: str, _template: str) -> Iterator[Town]:
    name = f"{_template}_readings"
    copy_database(postgres_url, name, _template)
    try:
        yield from _town(database_of(postgres_url, name), ManualClock(NOW_US))
    finally:
        _execute(postgres_url, f"drop database if exists {name} with (force)")


def _town(url: str, clock: ManualClock) -> Iterator[Town]:
    sections = registry()
    sections["devices"] = [d for d in sections["devices"] if d["id"] != "meter1"]
    sections["assignments"] = [a for a in sections["assignments"] if a["device"] != "meter1"]
    sections["consents"] = [c for c in sections["consents"] if c["customer"] != "c5"]
    write(url, validate(sections, "test"), NOW_US)
    worker = Worker(url, Settings(), clock)
    worker.process(sent())
    worker.reconcile(everything=True)
    worker.close()
    made = {}
    with connect(url) as connection:
        for who, role, customer in (
            ("utility", "utility", None), ("agent", "agent", None), ("insurer", "insurer", None),
            ("c3", "customer", "c3"), ("c4", "customer", "c4"), ("c5", "customer", "c5"),
        ):  # fmt: skip
            _, made[who] = keys.create_key(
                connection, tenant="t1", role=role, name=who, scopes=OF_ROLE[role],
                now_us=NOW_US, customer=customer,
            )  # fmt: skip
        connection.commit()
    with (
        running_api(url, clock, api_requests_per_minute=10**6) as address,
        httpx.Client(base_url=address, timeout=patient(20.0)) as client,
    ):
        yield Town(url, clock, client, made)


def right(town: Town) -> float:
    """What m0 shows now, in whole kWh."""
    return float(round(START_KWH + KWH_A_DAY * (DAYS + (NOW_US - LAST_US) / DAY_US)))


def test_a_reading_is_judged_by_the_past_of_its_meter(town: Town) -> None:
    kwh = right(town)
    for who in ("c3", "agent", "utility"):
        found = town.post("m0/readings/check", who, {"reading": kwh}).json()
        assert found["verdict"] == "plausible" and found["question"] is None, found
        assert found["low"] <= kwh <= found["high"] and found["digits"] == 6
    for wrong, verdict in ((kwh - 60, "too_low"), (kwh + 877, "too_high"), (55_555, "wrong_meter")):
        found = town.post("m0/readings/check", "c3", {"reading": wrong}).json()
        assert found["verdict"] == verdict and set(found["question"]) == {"de", "en"}
        assert set(found["reason"]) == {"de", "en"}
    other = town.post("m0/readings/check", "c3", {"reading": kwh, "number": "N 1"}).json()
    assert (other["verdict"], other["low"]) == ("wrong_meter", None)
    assert town.post("m0/readings/check", "c3", {"reading": kwh, "number": "n0"}).json()["low"]


def test_who_may_not_see_the_meter_learns_nothing(town: Town) -> None:
    body = {"reading": 1.0}
    problem(town.post("m0/readings/check", "c4", body), 404, "not_found")
    problem(town.post("m0/readings/check", "insurer", body), 403, "missing_scope")
    problem(town.post("m2/readings/check", "utility", body), 404, "not_found")
    problem(town.post("m2/readings", "c5", body, "none"), 409, "not_allowed_now")
    problem(town.post("m0/readings", "c4", body, "none"), 404, "not_found")


def test_a_reading_is_entered_once_and_stands_in_the_ledger(town: Town) -> None:
    kwh = right(town)
    first = town.post("m0/readings", "c3", {"reading": kwh}, "one")
    again = town.post("m0/readings", "c3", {"reading": kwh}, "one")
    assert first.status_code == again.status_code == 201 and first.json() == again.json()
    found = first.json()
    assert (found["status"], found["source"], found["version"]) == ("ABGELESEN", "customer", 1)
    assert not found["counts"], "the device sends its register itself"
    assert town.ingest() == 1 and town.ingest() == 0
    with connect(town.url) as connection:
        entry = ledger.read(connection)[("t1", "native")]
        assert entry.dead_lettered == 0 and entry.closes
        stored = scalar(
            connection,
            "select quality from telemetry.meter_sample where observed_at = %s",
            (from_us(NOW_US),),
        )
        backwards = scalar(connection, "select count(*) from features.meter_anomaly")
    assert stored == 1 and backwards == 0, "it stands beside the device's, and disturbs nothing"
    listed = town.get("m0/readings", "utility").json()["data"]
    assert found["id"] in [row["id"] for row in listed]


def test_a_questioned_reading_is_confirmed_and_opens_one_case(town: Town) -> None:
    kwh = right(town) + 877.0
    asked = town.post("m0/readings", "c3", {"reading": kwh}, "two")
    assert "never used" in problem(asked, 409, "reading_questioned")["detail"]
    body = {"reading": kwh, "confirmed": True}
    found = town.post("m0/readings", "c3", body, "two").json()
    assert (found["status"], found["verdict"]) == ("VORSCHLAGSWERT", "too_high")
    more = town.post("m0/readings", "agent", body | {"reading": kwh + 1}, "three").json()
    assert more["case_id"] == found["case_id"] is not None
    headers = {"Authorization": f"Bearer {town.keys['utility']}"}
    case = town.client.get(f"/v1/cases/{found['case_id']}", headers=headers).json()
    assert (case["kind"], case["customer"]) == ("reading-dispute", "c3")
    assert town.ingest() == 2
    assert town.post("m0/readings/check", "c3", {"reading": right(town)}).json()["verdict"] == (
        "plausible"
    ), "what waits for a decision does not count"


def test_a_photo_is_kept_encrypted_and_shown_to_who_may_see_the_meter(town: Town) -> None:
    out = io.BytesIO()
    Image.new("RGB", (40, 30), "navy").save(out, "JPEG")
    headers = HTML | {"Origin": str(town.client.base_url).rstrip("/")}
    with httpx.Client(base_url=town.client.base_url, headers=headers) as client:
        sign_in(client, town.keys["c3"])
        page = client.get("/reading/m0")
        form = {"csrf": token_of(page.text), "once": "0" * 32, "reading": f"{right(town):.0f}"}
        answer = client.post("/reading/m0", data=form, files={"photo": ("m.jpg", out.getvalue())})
        assert answer.status_code == 303, answer.text
        client.post("/reading/m0", data=form)
        found = re.findall(r"/reading/m0/photos/[0-9a-f]{32}", client.get("/reading/m0").text)
        assert len(found) == 1, "the same form sent again is the same reading"
        shown = client.get(found[0])
        assert shown.headers["content-type"] == "image/jpeg" and shown.content[:2] == b"\xff\xd8"
    with httpx.Client(base_url=town.client.base_url, headers=headers) as other:
        sign_in(other, town.keys["c4"])
        assert other.get(found[0]).status_code == 404
    with connect(town.url) as connection:
        assert scalar(connection, "select starts_with(key, 'own1:') from customers.reading_photo")


def test_a_meter_without_device_is_read_by_hand(town: Town) -> None:
    """The first is known of nothing, the next are judged by it, and the use is computed."""

    def enter(days_ago: int, kwh: float, key: str, **more: object) -> httpx.Response:
        at = from_us(LAST_US - days_ago * DAY_US).isoformat()
        return town.post("m1/readings", "c4", {"reading": kwh, "at": at, **more}, key)

    town.ingest()
    first = enter(30, 500.0, "h1").json()
    assert (first["verdict"], first["counts"]) == ("unknown", True)
    assert enter(20, 590.0, "h2").json()["verdict"] == "plausible"
    problem(enter(10, 580.0, "h3"), 409, "reading_questioned")
    assert enter(10, 690.0, "h4").json()["status"] == "ABGELESEN"
    assert town.ingest() == 3
    with connect(town.url) as connection:
        total = scalar(
            connection,
            "select sum(energy_kwh) from features.meter_interval i join customers.device d "
            "using (device_id) where starts_with(d.device, 'by-hand-')",
        )
        assert total == pytest.approx(190.0, abs=1e-6)
    problem(enter(-1, 700.0, "h5"), 422, "invalid")
    assert SINCE < "2001"
