"""The page of a meter: its period, what was expected, the year before, the next day, the bill."""

import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import numpy as np
import pytest

from contracts.quality import Quality
from store.casework import weather
from store.pipeline import features
from store.pipeline.feature_tables import DAY, INTERVAL
from store.postgres.pool import connect, scalar
from store.postgres.times import from_us
from tests.fix_api import Api
from tests.fix_registry import NOW_US
from tests.integration.test_bills import FIRST as FIRST_BILL
from tests.integration.test_bills import TARIFF, bill
from tests.pages import HTML, sign_in
from tests.patience import patient
from tests.seed_api import DAY_US, DAYS, HOUR_US

PAST, HOURLY = 420, 70
NEWEST = NOW_US // DAY_US - 1
FIRST = NEWEST - DAYS + 1
"""Days since 1970: the last with data, and the first of those that every test has (8.4 kWh)."""


def temperatures() -> list[tuple[datetime, float, None]]:
    """Two years of seasons; the last eleven days at 4 °C, and at 9 °C a year before."""
    found = []
    for n in range(-760 * 24, 48):
        celsius = 12.0 + 8.0 * np.sin(2 * np.pi * n / (365 * 24))
        celsius = 4.0 if n > -264 else 9.0 if -264 < n + 365 * 24 < 48 else celsius
        found.append((from_us(NEWEST * DAY_US + n * HOUR_US), float(celsius), None))
    return found


def hours_of_today(device: int) -> np.ndarray:
    """Ten hours of the local day that is not over."""
    rows = np.zeros(10, INTERVAL.dtype)
    rows["device_id"] = device
    rows["start_us"] = (NEWEST + 1) * DAY_US - HOUR_US + np.arange(10) * HOUR_US
    rows["end_us"] = rows["start_us"] + HOUR_US
    rows["energy_kwh"], rows["status"] = 0.35, int(Quality.ABGELESEN)
    rows["decided_us"] = rows["end_us"]
    return rows


@pytest.fixture(scope="module")
def metered(api: Api) -> Api:
    """A home with a year and more behind it: 6 kWh a day a year ago, 8.4 now, and a colder year."""
    with connect(api.seeded.url) as connection:
        device = int(
            scalar(connection, "select device_id from customers.assignment where meter = 'm0'")
        )
        days = np.zeros(PAST, DAY.dtype)
        days["device_id"], days["day"] = device, FIRST - PAST + np.arange(PAST)
        days["start_us"] = days["day"] * DAY_US
        days["energy_kwh"] = np.where(days["day"] < NEWEST - 300, 6.0, 8.4)
        days["expected"] = days["present"] = 24
        days["base_load_w"], days["night_share"] = 95.0, 0.2
        days["decided_us"] = days["start_us"] + DAY_US
        features.append(connection, DAY, days)
        hours = np.zeros(HOURLY * 24, INTERVAL.dtype)
        hours["device_id"] = device
        hours["start_us"] = (NEWEST - 4 - HOURLY) * DAY_US + np.arange(hours.size) * HOUR_US
        hours["end_us"] = hours["start_us"] + HOUR_US
        hours["energy_kwh"], hours["status"] = 0.35, int(Quality.ABGELESEN)
        hours["decided_us"] = hours["end_us"]
        features.append(connection, INTERVAL, hours)
        features.append(connection, INTERVAL, hours_of_today(device))
        weather.put(connection, "t1", "", temperatures(), NOW_US)
        connection.commit()
    return api


@pytest.fixture(scope="module")
def home(metered: Api) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=metered.url, headers=HTML, timeout=patient(20.0)) as client:
        sign_in(client, metered.seeded.keys[("own", "home")])
        yield client


def plots(client: httpx.Client, query: str = "") -> tuple[str, dict[str, Any]]:
    """The page, and what its plots draw: name → {name of a trace: its y}."""
    answer = client.get(f"/meters/m0{query}")
    assert answer.status_code == 200, query
    found = re.findall(
        r'data-plot="(\w+)".*?<script type="application/json">(.*?)</script>', answer.text, re.S
    )
    return answer.text, {
        name: {trace["name"]: trace["y"] for trace in json.loads(text)["traces"]}
        for name, text in found
    }


def test_a_week_has_intervals_with_the_range_that_was_expected(home: httpx.Client) -> None:
    page, drawn = plots(home)
    assert {"power", "days", "profile", "tomorrow"} == drawn.keys()
    assert drawn["power"]["Expected range"], "of each hour"
    assert drawn["tomorrow"]["Forecast"] == pytest.approx([0.35] * 24, abs=0.01)
    assert 'href="/meters/m0?span=day&amp;to=' in page and 'aria-current="true"' in page


def test_longer_periods_have_days_and_lead_to_each(home: httpx.Client) -> None:
    newest = from_us(NEWEST * DAY_US).date()
    for query, most in (
        ("?span=month", 31), ("?span=year", 366),
        (f"?from={newest - timedelta(days=40)}&to={newest}", 41),
    ):  # fmt: skip
        _, drawn = plots(home, query)
        assert "power" not in drawn and 10 <= len(drawn["days"]["Measured"]) <= most
        assert drawn["days"]["Expected range"][-1] == pytest.approx(8.4, abs=0.01)
    page, drawn = plots(home, f"?span=day&to={newest - timedelta(days=3)}")
    assert "power" in drawn and "days" not in drawn
    assert drawn["tomorrow"]["Forecast"] == pytest.approx([0.35] * 24, abs=0.01), "of all periods"
    assert len(drawn["power"]["Expected range"]) == 24
    assert f"to={newest - timedelta(days=4)}" in page and f"to={newest - timedelta(days=2)}" in page


def test_a_period_that_has_just_begun_shows_its_intervals(home: httpx.Client) -> None:
    """As a month does on its first day, of which no day is whole yet."""
    today = from_us(NEWEST * DAY_US).date() + timedelta(days=1)
    page, drawn = plots(home, f"?from={today}&to={today + timedelta(days=29)}")
    assert "power" in drawn and "3.5\N{NO-BREAK SPACE}kWh" in page
    assert "No values yet" not in page


@pytest.mark.parametrize(
    "query",
    ["?span=decade", "?to=x", "?from=2026-02-01&to=2026-01-01", "?from=1900-01-01&to=2026-01-01",
     "?span=year&to=9999-01-01", "?span=day&to=2000-01-01", "?from=&to="],
)  # fmt: skip
def test_a_period_that_cannot_be_shown_is_no_error(home: httpx.Client, query: str) -> None:
    plots(home, query)


def test_the_same_days_of_the_year_before_are_compared(home: httpx.Client) -> None:
    """The week and a day of the table: 6 kWh then, 8.4 now, with the temperature of both."""
    newest = from_us(NEWEST * DAY_US).date()
    page, _ = plots(home, f"?from={newest - timedelta(days=4)}&to={newest}")
    assert "42.0\N{NO-BREAK SPACE}kWh now, 30.0\N{NO-BREAK SPACE}kWh then" in page
    assert "(+40\N{NO-BREAK SPACE}%)" in page
    assert "4.0\N{NO-BREAK SPACE}°C on average, a year before 9.0\N{NO-BREAK SPACE}°C" in page
    found = re.search(
        r"it would have been ([\d.]+)\xa0kWh then \(± [\d.]+\xa0kWh\): (\S+)\xa0%", page
    )
    assert found, "test_weather_effect says what it is"
    assert 100 * (42.0 / float(found[1]) - 1) == pytest.approx(float(found[2]), abs=1.0)
    _, drawn = plots(home, f"?from={newest - timedelta(days=4)}&to={newest}")
    assert drawn["days"]["A year before"] == pytest.approx([6.0] * 5)
    page, _ = plots(home, "?span=day&to=2025-11-05")
    assert "not known" in page and "then." not in page


def test_a_utility_sees_the_forecast_without_amounts(metered: Api) -> None:
    with httpx.Client(base_url=metered.url, headers=HTML, timeout=patient(20.0)) as client:
        sign_in(client, metered.seeded.keys[("own", "utility")])
        page, drawn = plots(client)
    assert "tomorrow" in drawn and "/bills" not in page


def test_a_customer_sees_today_the_month_and_what_it_costs(
    metered: Api, home: httpx.Client
) -> None:
    """17 days of 8.4 kWh and 3.5 kWh of today, at 110 € a year, 27.1 and 2.05 ct, 19 % VAT."""
    nbsp = "\N{NO-BREAK SPACE}"
    page = home.get("/").text
    assert "as soon as there is a bill" in page
    write_bill(metered)
    page = home.get("/").text
    for shown in (f"3.5{nbsp}kWh", f"146.3{nbsp}kWh", f"(+40{nbsp}%)"):
        assert shown in page, shown
    then = re.search(
        r"this year&#39;s weather.*?>([\d.]+)\xa0kWh \(± [\d.]+\xa0kWh\): (\S+)\xa0%", page, re.S
    )
    assert then, "as on the page of the meter"
    assert 100 * (142.8 / float(then[1]) - 1) == pytest.approx(float(then[2]), abs=1.0)
    table = page[page.index("at your tariff") :]
    amounts = [Decimal(text) for text in re.findall(r"([\d.]+)" + nbsp + "€</td>", table)]
    standing, energy, levy, vat, gross = amounts
    assert (standing, energy, levy) == (Decimal("5.42"), Decimal("39.65"), Decimal("3.00"))
    assert vat == Decimal("9.13") and standing + energy + levy + vat == gross
    assert 'class="total"' in table


def write_bill(api: Api) -> None:
    tariff = {"id": "basis", "tariff": TARIFF}
    assert api.post("/v1/tariffs", "back_office", tariff, Idempotency_Key="t1").status_code == 201
    body = {"id": "B1", "customer": "c3", "contract": "k3", "bill": bill(*FIRST_BILL)}
    assert api.post("/v1/bills", "back_office", body, Idempotency_Key="b1").status_code == 201
