"""Meters that are silent are one matter of the network while they are, each by its own habit."""

import re
from dataclasses import asdict
from datetime import timedelta
from typing import Any

import httpx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.operations.registry_import import validate, write
from contracts.units import METER_NAMES
from customer_context.relevance.silence import FEWEST, LEAST, Heard, is_silent
from services import overviews, reading_rounds
from store.people import attributes
from store.people.attributes import Attribute
from store.pipeline import features, telemetry
from store.pipeline.feature_tables import DAY
from store.postgres import roles
from store.postgres.pool import Connection, connect, scalar
from store.postgres.times import from_us
from tests.fix_api import Api
from tests.fix_registry import NOW_US, SINCE, points
from tests.pages import HTML, sign_in
from tests.patience import patient

NOW = from_us(NOW_US)
MINUTE_US, HOUR_US, DAY_US = 60_000_000, 3_600_000_000, 86_400_000_000
QUARTER = 15 * MINUTE_US
STREET = ("s0", "s1", "s2", "s3")


def add(url: str) -> None:
    """Meters of a street that send each quarter of an hour, one a day's values, one of a person."""
    names = [*STREET, "daily", "person", "quiet", "well"]
    sections: dict[str, list[dict[str, Any]]] = {
        "customers": [{"tenant": "t1", "id": f"x-{name}", "name": name} for name in names],
        "meters": [{"tenant": "t1", "id": name, "number": f"N-{name}"} for name in names],
        "devices": [{"tenant": "t1", "id": f"d-{name}", "kind": "meter"} for name in names],
        "contracts": [
            {"tenant": "t1", "id": f"k-{name}", "customer": f"x-{name}", "kind": "electricity",
             "meter": name, "valid_from": SINCE} for name in names
        ],
        "assignments": [
            {"tenant": "t1", "device": f"d-{name}", "meter": name, "valid_from": SINCE}
            for name in names
        ],
        "consents": [
            {"tenant": "t1", "customer": f"x-{name}", "purpose": "energy_insight",
             "legal_basis": "consent", "notice_version": "1", "source": "test",
             "at": "2026-01-02T00:00:00Z"} for name in names if name != "quiet"
        ],
    }  # fmt: skip
    write(url, validate(sections, "street"), NOW_US, points())


def send(
    connection: Connection, name: str, last_us: int, count: int, step_us: int, received_us: int = 0
) -> None:
    """Samples up to `last_us`. received_us : when all came; 0 = each at once."""
    query = "select device_id from customers.device where device = %s"
    device = scalar(connection, query, (f"d-{name}",))
    at = last_us - step_us * np.arange(count, dtype=np.int64)[::-1]
    received = np.full(count, received_us) if received_us else at + 1_000_000
    values = np.full((count, len(METER_NAMES)), np.nan)
    values[:, METER_NAMES.index("energy_kwh")] = 0.1
    samples = telemetry.Samples(np.full(count, int(device)), at, received, values)
    telemetry.append(connection, telemetry.METER, samples)


@pytest.fixture(scope="module")
def street(api: Api) -> Api:
    add(api.seeded.url)
    fell = NOW_US - 3 * HOUR_US
    with connect(api.seeded.url) as connection:
        for n, name in enumerate((*STREET, "quiet")):
            send(connection, name, fell + n * 4 * MINUTE_US, 120, QUARTER)
        send(connection, "well", NOW_US - QUARTER, 120, QUARTER)
        # Yesterday's values came this morning: nothing new is due before tomorrow.
        send(connection, "daily", NOW_US - 22 * HOUR_US, 96, QUARTER, NOW_US - 12 * HOUR_US)
        send(connection, "person", NOW_US - 30 * HOUR_US, 2, HOUR_US)
        connection.commit()
    return api


def found(api: Api) -> overviews.Outages:
    with connect(api.seeded.url) as connection:
        connection.execute("set role tachowatt_reader")
        roles.set_tenant_scope(connection, ("t1",))
        return overviews.outages(connection, "t1", NOW)


def test_meters_that_fell_silent_together_are_one_matter_while_they_are(street: Api) -> None:
    many = found(street)
    (one,) = many.clusters
    assert one.kind == overviews.SILENT and one.subjects == tuple(f"meter:{s}" for s in STREET)
    assert one.last - one.first == timedelta(minutes=12) and one.first == NOW - timedelta(hours=3)
    assert [row["meter"] for row in many.silent] == list(STREET)[::-1] and not many.alerts
    with httpx.Client(base_url=street.url, headers=HTML, timeout=patient(20.0)) as client:
        sign_in(client, street.seeded.keys[("own", "utility")])
        page = client.get("/").text
    assert "4 meters: No data since then" in page and 'href="/meters/s0"' in page


def test_silent_meters_of_a_place_are_named_with_it(street: Api) -> None:
    with connect(street.seeded.url) as connection:
        place = Attribute("meter", "concentrator", "text", (), None, {})
        attributes.declare(connection, "t1", place)
        attributes.put(connection, "t1", "meter", {s: {"concentrator": "DC 7"} for s in STREET[:3]})
        connection.commit()
    (one,) = found(street).clusters
    assert (one.place, len(one.subjects)) == ("DC 7", 3)


def test_pages_say_what_is_silent_and_what_is_not_shown(street: Api) -> None:
    with connect(street.seeded.url) as connection:
        query = "select device_id from customers.device where device = 'd-person'"
        day = np.zeros(1, DAY.dtype)
        day["device_id"], day["day"] = int(scalar(connection, query)), NOW_US // DAY_US - 9
        day["start_us"], day["energy_kwh"] = day["day"] * DAY_US, 8.0
        day["expected"] = day["present"] = 24
        day["decided_us"] = day["start_us"] + DAY_US
        features.append(connection, DAY, day)
        times = (NOW + timedelta(days=days) for days in (0, 1, 2))
        made = reading_rounds.create(
            connection, "t1", "Street", *times, "test", NOW_US, meters=["s0", "quiet"]
        )
        connection.commit()
    with httpx.Client(base_url=street.url, headers=HTML, timeout=patient(20.0)) as client:
        sign_in(client, street.seeded.keys[("own", "utility")])
        rows = re.findall(r"<tr.*?</tr>", client.get("/meters").text, re.S)
        assert ["N-person" in row for row in rows if "No data since then" in row] == [True]
        page = client.get(f"/reading-rounds/{made['round_id']}").text
        assert "N-s0" in page and "1 more meters are not shown" in page and "N-quiet" not in page
        page = client.get("/meter-data?start=1990-01-01&end=1991-01-01").text
        assert "No contract of a meter" in page and "All is ready to bill" not in page


@given(
    st.integers(FEWEST, 100), st.integers(1, 3_000), st.integers(-5, 3_000), st.integers(0, 9_000)
)
def test_a_meter_is_not_silent_within_what_it_has_shown_before(
    samples: int, pause: int, lag: int, away: int
) -> None:
    """Minutes. One message may be lost: twice the longest pause and delay."""
    heard = Heard(
        NOW - timedelta(minutes=away), samples, timedelta(minutes=pause), timedelta(minutes=lag)
    )
    limit = max(2 * (pause + max(lag, 0)), LEAST // timedelta(minutes=1))
    assert is_silent(heard, NOW) == (away > limit)
    few = Heard(**{**asdict(heard), "samples": FEWEST - 1})
    assert not is_silent(few, NOW)
