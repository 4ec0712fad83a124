"""Tariffs and bills come in, are explained to the cent, and corrected in versions."""

from copy import deepcopy
from decimal import Decimal
from typing import Any

import httpx
import pytest

from api.openapi.examples import REQUESTS
from services import facts
from store.postgres.pool import connect, scalar
from store.postgres.roles import CONTACTS, set_tenant_scope
from store.postgres.times import from_us
from tests.fix_api import Api, problem
from tests.fix_registry import NOW_US
from tests.pages import HTML, sign_in
from tests.patience import patient

TARIFF: dict[str, Any] = {
    "name": "Basis",
    "versions": [
        {
            "valid_from": f"{year}-01-01", "standing_charge_per_year": "110.00",
            "unit_prices": {"total": price}, "vat_percent": "19",
            "levies": [{"name": "electricity tax", "price_per_kwh": "0.0205"}],
        }
        for year, price in ((2023, "0.2480"), (2026, "0.2710"))
    ],
}  # fmt: skip
FIRST = ("2024-11-01", "2025-11-01", "14210", "17340")
SECOND = ("2025-11-01", "2026-11-01", "17340", "20780")


def bill(start: str, end: str, low: str, high: str, **more: Any) -> dict[str, Any]:
    readings = [
        {"day": start, "kwh": low, "source": "utility"},
        {"day": end, "kwh": high, "source": "customer", "status": "ABGELESEN"},
    ]
    return {"start": start, "end": end, "tariff": "basis", "readings": readings, **more}


def write(api: Api, id_: str, body: dict[str, Any], key: str, **more: Any) -> httpx.Response:
    given = {"id": id_, "customer": "c3", "contract": "k3", "bill": body, **more}
    return api.post("/v1/bills", "back_office", given, Idempotency_Key=key)


@pytest.fixture(scope="module")
def billed(api: Api) -> Api:
    """Two years of c3; the second is billed two euros otherwise than we compute."""
    answer = api.post(
        "/v1/tariffs", "back_office", {"id": "basis", "tariff": TARIFF}, Idempotency_Key="t1"
    )
    assert answer.json() == {"id": "basis", "version": 1}
    assert write(api, "B1", bill(*FIRST), "b1").json() == {"id": "B1", "version": 1}
    own = api.get("/v1/customers/c3/bills/B1", "home").json()["computed_gross"]
    assert write(api, "B1", bill(*FIRST, gross=own), "b2").json()["version"] == 2
    assert write(api, "B2", bill(*SECOND), "b3").json()["version"] == 1
    second = Decimal(api.get("/v1/customers/c3/bills/B2", "home").json()["computed_gross"])
    body = bill(*SECOND, gross=str(second + 2), paid="1000.00")
    assert write(api, "B2", body, "b4", instalment="70.00").json()["version"] == 2
    assert write(api, "B2", body, "b5", instalment="70.00").json()["version"] == 2, "nothing new"
    return api


def test_a_bill_is_explained_by_shares_that_add_up(billed: Api) -> None:
    listed = billed.get("/v1/customers/c3/bills", "home").json()["data"]
    assert [row["id"] for row in listed] == ["B2", "B1"]
    found = billed.get("/v1/customers/c3/bills/B2", "agent").json()
    assert found["billed_otherwise"] == "2.00" and found["difference"]["before"] == "B1"
    shares = {cause: Decimal(share) for cause, share in found["difference"]["shares"].items()}
    gross = [Decimal(row["billed_gross"]) for row in listed]
    assert sum(shares.values()) == Decimal(found["difference"]["amount"]) == gross[0] - gross[1]
    assert shares["billed_otherwise"] == 2 and shares["price"] > 0 and shares["use"] > 0
    lines = sum(Decimal(line["amount"]) for line in found["lines"])
    assert lines == Decimal(found["net"])
    assert [r["source"] for r in found["readings"]] == ["utility", "customer"]
    assert found["to_pay"] == str(Decimal(found["billed_gross"]) - 1000)


def test_a_bill_keeps_the_tariff_that_it_was_computed_with(billed: Api) -> None:
    before = billed.get("/v1/customers/c3/bills/B2", "home").json()["computed_gross"]
    dearer = deepcopy(TARIFF)
    dearer["versions"][1]["unit_prices"]["total"] = "0.9"
    changed = billed.post(
        "/v1/tariffs", "back_office", {"id": "basis", "tariff": dearer}, Idempotency_Key="t2"
    )
    assert changed.json()["version"] == 2
    assert billed.get("/v1/customers/c3/bills/B2", "home").json()["computed_gross"] == before
    with connect(billed.seeded.url) as connection:
        kept = scalar(connection, "select count(*) from customers.bill where bill = 'B2'")
    assert kept == 2, "what was billed before can be shown again"


def test_what_does_not_fit_is_refused(billed: Api) -> None:
    backwards = bill("2026-11-01", "2027-11-01", "20780", "20000")
    for body, key in (
        (backwards, "w1"), ({**bill(*SECOND), "tariff": "unknown"}, "w2"),
        ({**bill(*SECOND), "colour": "red"}, "w3"), ({"start": "x"}, "w4"),
    ):  # fmt: skip
        problem(write(billed, "B9", body, key), 422, "invalid")
    other = {**REQUESTS["write_bill"], "id": "B1", "customer": "c4", "contract": "k4"}
    problem(billed.post("/v1/bills", "back_office", other, Idempotency_Key="w5"), 422, "invalid")
    other = {**other, "contract": "k3"}
    unknown = billed.post("/v1/bills", "back_office", other, Idempotency_Key="w6")
    problem(unknown, 409, "not_allowed_now")


def test_customers_read_their_own_only(billed: Api) -> None:
    problem(billed.get("/v1/customers/c3/bills", "customer"), 404, "not_found")
    problem(billed.get("/v1/customers/c0/bills/B2", "customer"), 404, "not_found")
    problem(billed.get("/v1/customers/c3/bills", "insurer"), 403, "missing_scope")


def test_a_customer_who_is_not_there_has_no_bills(billed: Api) -> None:
    """One without bills has none; one that the tenant does not know is not there."""
    assert billed.get("/v1/customers/c4/bills", "agent").json()["data"] == []
    for customer in ("nobody", "zz-driver"):
        problem(billed.get(f"/v1/customers/{customer}/bills", "agent"), 404, "not_found")


def test_the_running_period_is_forecast_with_its_range(billed: Api) -> None:
    """The register is anchored by a reading that the customer enters."""
    body = {"reading": 20_900.0, "at": from_us(NOW_US - 86_400_000_000).isoformat()}
    entered = billed.post("/v1/meters/m0/readings", "home", body, Idempotency_Key="r1")
    assert entered.status_code == 201
    found = billed.get("/v1/customers/c3/bills", "home").json()["outlook"]
    assert (found["start"], found["end"]) == ("2026-11-01", "2027-11-01")
    assert found["used_kwh"] <= found["low_kwh"] <= found["expected_kwh"] <= found["high_kwh"]
    low, gross, high = (Decimal(found[name]) for name in ("low", "gross", "high"))
    assert low <= gross <= high
    advice = found["instalment"]
    assert advice["now"] == "70.00" and Decimal(advice["low"]) <= Decimal(advice["high"])


@pytest.mark.parametrize("language", ["de", "en"])
def test_the_page_shows_the_steps(billed: Api, language: str) -> None:
    headers = HTML | {"Accept-Language": language}
    with httpx.Client(base_url=billed.url, headers=headers, timeout=patient(20.0)) as client:
        sign_in(client, billed.seeded.keys[("own", "home")])
        listed = client.get("/bills")
        assert listed.status_code == 200 and "/bills/B2" in listed.text
        page = client.get("/bills/B2")
        assert page.status_code == 200
        assert page.text.count('class="step"') >= 4
        assert ("Anders berechnet" if language == "de" else "Billed otherwise") in page.text
        assert client.get("/bills/unknown").status_code == 404


def test_tariff_and_instalment_are_facts_and_another_tariff_is_compared(billed: Api) -> None:
    """On the use of the own last year: a range, from what the household pays and would pay."""
    by_night = {
        "name": "Night",
        "versions": [
            {
                "valid_from": "2025-01-01",
                "standing_charge_per_year": "110.00",
                "unit_prices": {"day": "0.2900", "night": "0.1400"},
                "vat_percent": "19",
                "default_register": "day",
                "windows": [{"register_name": "night", "begin": "22:00", "end": "06:00"}],
            }
        ],
    }
    body = {"id": "night", "tariff": by_night}
    assert billed.post("/v1/tariffs", "back_office", body, Idempotency_Key="n1").status_code < 300
    year = {"consumption.year_kwh": 3_000.0, "consumption.night_share": 0.4}
    given = {"facts": {name: {"value": value} for name, value in year.items()}}
    path = "/v1/customers/c3/facts"
    assert billed.post(path, "back_office", given, Idempotency_Key="n2").status_code == 201
    with connect(billed.seeded.url, role=CONTACTS) as connection:  # as outbound decisions do
        set_tenant_scope(connection, ("t1",))
        found = {
            one.name: one.value
            for one in facts.of_customer(connection, "t1", "c3", {"energy_insight"}, NOW_US)
        }
    assert found["tariff.electricity"] == "flat" and found["instalment.eur_month"] == 70.0
    flat = float((Decimal("0.2710") + Decimal("0.0205")) * Decimal("119"))
    low, high = 0.14 * 119, 0.29 * 119
    assert found["tariff.price_ct_kwh"] == pytest.approx(flat)
    assert found["tariff.base_eur_month"] == pytest.approx(110 * 1.19 / 12)
    assert found["tariff.tou_low_ct_kwh"] == pytest.approx(low)
    assert found["tariff.tou_high_ct_kwh"] == pytest.approx(high)
    saved = 30 * (flat - 0.4 * low - 0.6 * high)
    assert found["saving.time_of_use_low_eur"] == pytest.approx(saved)
    shifted = found["saving.time_of_use_high_eur"]
    assert isinstance(shifted, float) and shifted > saved
