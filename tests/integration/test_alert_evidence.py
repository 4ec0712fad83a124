"""An alert of the stream has the evidence that `analyse-meter` gives for the same meter's file."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import numpy as np
import pytest
from typer.testing import CliRunner

from api.http.scopes import OF_ROLE
from app.cli import cli
from app.operations.publish import messages_of
from app.operations.registry_import import validate, write
from contracts.billing import Tariff, TariffVersion
from contracts.quality import Quality
from contracts.raw import RawMessage
from ingest.partition.worker import Worker
from proving.meters.homes import simulated
from services import alert_evidence, bills
from store.casework import weather
from store.people import keys
from store.postgres.times import from_us
from store.reads import metering
from tests.fix_api import running_api
from tests.fix_contacts import Stage
from tests.fix_postgres import _execute, copy_database, database_of
from tests.fix_registry import NOW_US, registry
from tests.pages import sign_in
from tests.patience import patient

DAY_US, HOUR_US = 86_400_000_000, 3_600_000_000
DAYS = 120
FIRST_US = NOW_US // DAY_US * DAY_US - DAYS * DAY_US
ZONE = ZoneInfo("Europe/Berlin")
KEYS = ("energy", "why_not", "usual_w", "similar_days", "likelier_cause")


@dataclass(frozen=True)
class Answers:
    """What the file's answer and the stream's alerts say of one home. alerts : by kind."""

    stage: Stage
    anomalies: list[dict[str, Any]]


def home() -> np.ndarray:
    """Half hours, kWh: a rise of two weeks in hot weather, two days of nothing, and half use."""
    kwh = simulated(3, 5, DAYS).kwh[: DAYS * 48].copy()
    kwh = np.maximum(kwh, 0.02)
    kwh[60 * 48 : 74 * 48] += 0.15
    kwh[90 * 48 : 92 * 48] = 0.0
    kwh[112 * 48 :] *= 0.4
    return np.round(kwh, 3)


def celsius() -> np.ndarray:
    hours = np.full(DAYS * 24, 15.0)
    hours[60 * 24 : 80 * 24] = 27.0
    return hours


def local(t_us: int) -> str:
    return datetime.fromtimestamp(t_us / 1e6, UTC).astimezone(ZONE).isoformat()


def from_file(folder: Path) -> tuple[Path, list[dict[str, Any]]]:
    file, temperature = folder / "home.csv", folder / "weather.csv"
    starts = FIRST_US + np.arange(DAYS * 48) * HOUR_US // 2
    rows = zip(starts.tolist(), home().tolist(), strict=True)
    file.write_text("start,energy_kwh\n" + "".join(f"{local(t)},{kwh:.3f}\n" for t, kwh in rows))
    hours = enumerate(celsius().tolist())
    lines = (f"{local(FIRST_US + i * HOUR_US)},{c}\n" for i, c in hours)
    temperature.write_text("time,temperature\n" + "".join(lines))
    options = ["--tz", str(ZONE), "--holidays", "DE", "--price-per-kwh", "0.3"]
    done = CliRunner().invoke(
        cli, ["analyse-meter", str(file), "--temperature", str(temperature), *options, "-q"]
    )
    assert done.exit_code == 0, done.output
    return file, json.loads(done.stdout)["anomalies"]


def registered(stage: Stage) -> None:
    sections = registry()
    sections["meters"][0] |= {"interval_s": 1800, "timezone": str(ZONE)}
    write(stage.url, validate(sections, "test"), NOW_US)
    version = TariffVersion(
        valid_from=date(2020, 1, 1), standing_charge_per_year=Decimal(120),
        unit_prices={"total": Decimal("0.25")}, vat_percent=Decimal(20),
    )  # fmt: skip
    ends = ((date(2025, 1, 1), "0"), (date(2026, 1, 1), "3000"))
    body = {
        "start": "2025-01-01",
        "end": "2026-01-01",
        "tariff": Tariff(name="Home 25", versions=(version,)).model_dump(mode="json"),
        "readings": [
            {"day": day.isoformat(), "kwh": kwh, "status": Quality.ABGELESEN.name}
            for day, kwh in ends
        ],
    }
    bills.write(stage.connection, "t1", "b1", "c3", "k3", body, "test", NOW_US)
    hours = [(from_us(FIRST_US + i * HOUR_US), c, None) for i, c in enumerate(celsius().tolist())]
    weather.put(stage.connection, "t1", "", hours, NOW_US)
    stage.connection.commit()


@pytest.fixture(scope="module")
def answers(
    postgres_url: str, _template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Answers]:
    file, anomalies = from_file(tmp_path_factory.mktemp("evidence"))
    name = f"{_template}_evidence"
    copy_database(postgres_url, name, _template)
    try:
        stage = Stage(database_of(postgres_url, name))
        registered(stage)
        messages = messages_of(file, "t1/meter0", "native", None, str(ZONE), [], 600, NOW_US)
        worker = Worker(stage.url, stage.settings, stage.clock)
        worker.process(
            [RawMessage(m.topic, m.payload(None), NOW_US, m.content_type) for m in messages]
        )
        worker.close()
        stage.decide()
        yield Answers(stage, anomalies)
        stage.connection.close()
    finally:
        _execute(postgres_url, f"drop database if exists {name} with (force)")


def explained(stage: Stage) -> None:
    """Explain what is due, with the rights of contacts."""
    stage.connection.execute("set role tachowatt_contacts")
    stage.connection.commit()
    while alert_evidence.run_due(stage.connection, stage.clock.now_us()):
        stage.connection.commit()
    stage.connection.execute("reset role")
    stage.connection.commit()


def test_the_stream_says_what_the_file_says(answers: Answers) -> None:
    stage = answers.stage
    at_once = {alert["kind"] for alert in stage.alerts() if alert["evidence"] is not None}
    assert at_once == {"sustained_drop"}  # the others are old news, and explained after it
    explained(stage)
    by_kind = {one["kind"] for one in answers.anomalies}
    assert {"zero", "base_load_rise", "sustained_drop"} <= by_kind
    stage.clock.advance(DAY_US // 1_000_000 + 60)  # what lasts is explained again
    explained(stage)
    found = {(alert["kind"], alert["happened_at"]): alert for alert in stage.alerts()}
    assert len(found) == len(answers.anomalies)
    for one in answers.anomalies:
        alert = found[one["kind"], datetime.fromisoformat(one["start"])]
        given = {key: one["evidence"][key] for key in KEYS}
        if given["energy"] is not None:
            assert given["energy"].pop("price_source") == "--price-per-kwh"
            given["energy"]["price_source"] = "Home 25"
        assert {key: alert["evidence"][key] for key in KEYS} == given, one["kind"]
    rise = next(a for a in found.values() if a["kind"] == "base_load_rise")
    energy = rise["evidence"]["energy"]
    assert rise["evidence"]["likelier_cause"] == "heat"
    assert energy["low_kwh"] <= energy["expected_kwh"] * 1.1 and energy["excess_kwh"] > 50.0
    assert energy["excess_cost"] == pytest.approx(0.3 * energy["excess_kwh"], abs=0.01)
    assert len(rise["evidence"]["similar_days"]) == 5
    the_api_and_the_page_show_it(stage, rise)


def the_api_and_the_page_show_it(stage: Stage, rise: dict[str, Any]) -> None:
    _, key = keys.create_key(
        stage.connection, tenant="t1", role="utility", name="u", scopes=OF_ROLE["utility"],
        now_us=NOW_US, customer=None,
    )  # fmt: skip
    stage.connection.commit()
    with (
        running_api(stage.url, stage.clock) as address,
        httpx.Client(base_url=address, timeout=patient(20.0)) as client,
    ):
        auth = {"authorization": f"Bearer {key}"}
        answer = client.get(f"/v1/alerts/{rise['alert_id']}", headers=auth).json()
        assert answer["evidence"]["energy"] == rise["evidence"]["energy"]
        assert answer["evidence"]["likelier_cause"] == "heat"
        assert len(answer["evidence"]["usual_w"]["workday"]) == 24
        assert 0.5 <= answer["confidence"] <= 1.0
        sign_in(client, key)
        page = client.get(f"/alerts/{rise['alert_id']}", headers={"accept-language": "en"}).text
        assert "Likely: Hot weather (cooling)" in page and "Ask for cooling" in page
        assert "at the tariff Home 25" in page and "Usual range" in page
        assert page.count("data-plot=") == 2
        for path in ("/alerts", "/meters/m0"):
            page = client.get(path, headers={"accept-language": "en"}).text
            assert "less than expected" in page, path


def test_nothing_is_computed_of_others_nor_of_who_withdrew(answers: Answers) -> None:
    stage = answers.stage
    since, until = from_us(FIRST_US), from_us(NOW_US)
    for customers, size in ((["c3"], DAYS * 48), (["c4"], 0), ([], 0)):
        found = metering.measured(stage.connection, "t1", "m0", customers, since, until)
        assert found.energy_kwh.size == size
    stage.connection.commit()
    stage.clock.advance(60)
    stage.consent("c3", "energy_insight", "withdrawn")
    stage.connection.execute("update contacts.alert set evidence_due_at = known_at")
    stage.connection.commit()
    explained(stage)
    assert {alert["evidence"] is None for alert in stage.alerts()} == {True}
