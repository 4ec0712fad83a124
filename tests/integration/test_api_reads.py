"""What the API answers, to whom, and what it says when it does not."""

import csv
import io
from typing import Any
from xml.etree import ElementTree

import pyarrow.parquet as pq
import pytest

from feature_kernels import driving
from services import score_versions
from services.interval_formats import BO4E, ESPI, GREEN_BUTTON
from services.portfolio_file import PARQUET
from store.postgres import roles
from store.postgres.pool import connect
from store.postgres.times import from_us
from store.reads import scoring
from store.reads.scoring import Which
from tests.fix_api import Api, pages
from tests.fix_registry import NOW_US
from tests.seed_api import INTERVALS, LAT, POINTS, TRIPS


def test_a_score_is_that_of_the_stored_trips_and_adds_up(api: Api) -> None:
    (found,) = api.get("/v1/driving-scores?vehicle=v0", "insurer").json()["data"]
    with connect(api.seeded.url) as connection:
        roles.set_tenant_scope(connection, ("t1",))
        trips = scoring.trips(connection, Which("t1", "c0"))
    assert found["score"] == driving.score(trips).score
    lost = 0.0
    for part in found["components"]:
        lost += part["points"]
    assert found["score"] == 100.0 - lost
    assert found["subject"] == "vehicle:v0" and found["reason"] is None
    assert found["exposure"]["trips"] == TRIPS == found["impacts"][0]["count"]
    assert found["impacts"][0]["score_impact"] == -found["components"][0]["points"]
    assert found["trust"] == "full" and found["algorithm_version"] == driving.ALGORITHM_VERSION
    assert found["consent_ref"].startswith("consent:")
    assert found["as_of"] > found["period"]["to"] > found["period"]["from"]
    for query in ("driver=c0", "contract=k0"):
        (same,) = api.get(f"/v1/driving-scores?{query}", "insurer").json()["data"]
        assert same["score"] == found["score"]


def test_too_little_driving_has_a_reason_and_no_score(api: Api) -> None:
    first = from_us(NOW_US - TRIPS * 86_400_000_000).isoformat().replace("+00:00", "Z")
    second = from_us(NOW_US - (TRIPS - 1) * 86_400_000_000).isoformat().replace("+00:00", "Z")
    path = f"/v1/driving-scores?vehicle=v0&from={first}&to={second}"
    (found,) = api.get(path, "insurer").json()["data"]
    assert found["score"] is None and found["band"] is None and found["trust"] == "none"
    assert found["reason"] == "less than 30 km driven" and found["exposure"]["trips"] == 1
    assert all(part["points"] is None for part in found["components"])
    assert found["period"] == {"from": first, "to": second}


def test_scores_of_all_drivers_who_agreed(api: Api) -> None:
    subjects = [row["subject"] for row in pages(api, "/v1/driving-scores", "insurer", 2)]
    assert subjects == ["customer:c0", "customer:c1", "customer:c2", "customer:omar-driver"]


def test_the_history_has_every_trip_once(api: Api) -> None:
    for granularity in ("week", "month"):
        path = f"/v1/driving-scores/history?driver=c0&granularity={granularity}"
        found = api.get(path, "insurer").json()
        assert found["timezone"] == "Europe/Berlin"
        assert sum(point["exposure"]["trips"] for point in found["data"]) == TRIPS
        ends = [point["period"]["to"] for point in found["data"]]
        starts = [point["period"]["from"] for point in found["data"]]
        assert ends[:-1] == starts[1:]
    assert len(found["data"]) == 1


def test_mileage_trips_and_crashes(api: Api) -> None:
    (mileage,) = api.get("/v1/mileage?contract=k0", "insurer").json()["data"]
    assert mileage["distance_m"] == TRIPS * 15_000.0 and mileage["trips"] == TRIPS
    trips = list(pages(api, "/v1/trips?driver=c0", "insurer", 5))
    assert len({trip["id"] for trip in trips}) == TRIPS
    assert [trip["started_at"] for trip in trips] == sorted(
        (trip["started_at"] for trip in trips), reverse=True
    )
    crashes = list(pages(api, "/v1/crashes", "insurer", 1))
    own, other = api.seeded.own["own"], api.seeded.own["omar"]
    assert {crash["id"] for crash in crashes} == {own.crash, other.crash}
    (crash,) = api.get("/v1/crashes?vehicle=v0", "insurer").json()["data"]
    assert crash["case_id"] == own.crash_case and crash["customer"] == "c0"


def test_alerts_are_explained_and_need_consent(api: Api) -> None:
    own, other = api.seeded.own["own"], api.seeded.own["omar"]
    found = {alert["id"]: alert for alert in pages(api, "/v1/alerts", "utility", 1)}
    assert set(found) == {own.alert, other.alert}
    alert = api.get(f"/v1/alerts/{own.alert}", "utility").json()
    assert alert == found[own.alert]
    assert alert["evidence"]["observed"] == 240.0 and "240.0 W" in alert["explanation"]
    assert [a["id"] for a in pages(api, "/v1/alerts?meter=m0&state=open", "utility", 9)] == [
        own.alert
    ]
    assert not list(pages(api, "/v1/alerts?kind=spike", "utility", 9))


def test_meters_days_and_intervals(api: Api) -> None:
    assert [m["id"] for m in pages(api, "/v1/meters", "utility", 2)] == [
        "m0", "m1", "m2", "omar-meter"
    ]  # fmt: skip
    days = list(pages(api, "/v1/meters/m0/features", "utility", 3))
    assert len(days) == 10 and days[0]["peak_w"] == 2_400.0 and days[0]["date"] > days[1]["date"]
    intervals = list(pages(api, "/v1/meters/m0/intervals", "utility", 77))
    assert len(intervals) == INTERVALS
    assert intervals[3]["status"] == "ERSATZWERT" and intervals[3]["estimated"]
    assert intervals[4] == {**intervals[4], "status": "FEHLT", "energy_kwh": None}
    text = api.get("/v1/meters/m0/intervals?limit=5", "utility", Accept="text/csv")
    assert text.headers["content-type"].startswith("text/csv")
    rows = text.text.split("\r\n")
    assert rows[0] == "start,end,energy_kwh,status,estimated,reason,revision" and len(rows) == 7
    assert rows[4].split(",")[3] == "ERSATZWERT" and rows[5].split(",")[2] == ""
    following = text.headers["link"].partition("<")[2].partition(">")[0]
    assert api.get(following, "utility", Accept="text/csv").text.split("\r\n")[1] > rows[5]


def test_intervals_leave_as_green_button_and_bo4e_and_as_of_a_time(api: Api) -> None:
    path = "/v1/meters/m0/intervals?limit=6"
    feed = api.get(path, "utility", Accept=GREEN_BUTTON)
    assert feed.headers["content-type"].startswith(GREEN_BUTTON) and "link" in feed.headers
    readings = list(ElementTree.fromstring(feed.text).iter(f"{{{ESPI}}}IntervalReading"))
    assert len(readings) == 5  # one of six is missing
    load = api.get(path, "utility", Accept=BO4E)
    assert [one["status"] for one in load.json()["werte"]][3:5] == ["ERSATZWERT", "FEHLT"]
    assert api.get(f"{path}&as_of=2001-01-01T00:00:00Z", "utility").json()["data"] == []
    now = api.get(f"{path}&as_of=2199-01-01T00:00:00Z", "utility").json()["data"]
    assert now == api.get(path, "utility").json()["data"]


def test_customers_and_their_context(api: Api) -> None:
    found = list(pages(api, "/v1/customers?q=OMAR", "agent", 1))
    assert [row["id"] for row in found] == ["omar-driver", "omar-home"]
    assert not list(pages(api, "/v1/customers?q=%25", "agent", 5))
    first = api.post("/v1/customers/search", "agent", {"q": "OMAR", "limit": 1}).json()
    after = first["pagination"]["end_cursor"]
    second = api.post("/v1/customers/search", "agent", {"q": "OMAR", "after": after}).json()
    assert first["data"] + second["data"] == found and not second["pagination"]["has_next_page"]
    context = api.get("/v1/customers/c0/context", "agent").json()
    kinds = [item["kind"] for item in context["relevant"]]
    parts = [part["kind"] for item in context["relevant"] for part in item["parts"]]
    assert kinds[0] == "case" and set(kinds + parts) == {"case", "crash", "contact", "contract"}
    assert "crash" in [part["kind"] for part in context["relevant"][0]["parts"]]
    assert all(item["reasons"] for item in context["relevant"])
    few = api.get("/v1/customers/c0/context?limit=1", "agent").json()
    assert len(few["relevant"]) == 1
    shown = 1 + len(few["relevant"][0]["parts"])
    assert few["left_out"] == context["left_out"] + len(kinds + parts) - shown
    home = api.get("/v1/customers/c3/context", "agent").json()
    rows = [row for item in home["relevant"] for row in (item, *item["parts"])]
    assert "alert" in [row["kind"] for row in rows]
    quiet = api.get("/v1/customers/quiet-driver/context", "agent").json()
    rows = [row for item in quiet["relevant"] for row in (item, *item["parts"])]
    assert "crash" not in [row["kind"] for row in rows] and quiet["purposes"] == []


def test_of_two_contracts_the_later_one_has_the_signals(api: Api) -> None:
    own = api.seeded.own["own"]
    path = f"/v1/customers/{own.driver}/context?limit=50"

    def crashes() -> list[str]:
        found = api.get(path, "agent").json()["relevant"]
        rows = [row for item in found for row in (item, *item["parts"])]
        return [row["id"] for row in rows if row["kind"] == "crash"]

    assert crashes() == [own.crash]
    with connect(api.seeded.url) as connection:
        connection.execute(
            "insert into customers.contract (tenant, contract, customer, kind, vehicle, valid_from)"
            " values ('t1', 'later', 'quiet-driver', 'motor', %s, %s)",
            (own.vehicle, from_us(NOW_US - 86_400_000_000)),
        )
        connection.commit()
        try:
            assert crashes() == [], "it is that of who took the car over, and did not agree"
        finally:
            connection.execute("delete from customers.contract where contract = 'later'")
            connection.commit()


def test_a_customer_sees_their_own(api: Api) -> None:
    data = api.get("/v1/customers/c0/data", "customer").json()
    (device,) = data["devices"]
    assert device["samples"] == POINTS and device["subject"] == "vehicle:v0"
    own = api.seeded.own["own"]
    path = api.get(f"/v1/customers/c0/trips/{own.trip}/path", "customer").json()
    assert len(path["points"]) == POINTS and path["points"][0]["lat_deg"] == LAT
    assert not path["cut_off"]
    scores = api.get("/v1/customers/c0/scores", "customer").json()["data"]
    assert [score["subject"] for score in scores] == ["customer:c0", "vehicle:v0"]
    assert scores[0]["score"] is not None
    (nothing,) = api.get("/v1/customers/c3/scores", "home").json()["data"]
    assert nothing["score"] is None and "do not agree" in nothing["reason"]
    assert len(list(pages(api, "/v1/customers/c0/trips", "customer", 7))) == TRIPS


def test_every_read_is_in_the_log_of_its_customer(api: Api) -> None:
    api.get("/v1/trips?vehicle=v0", "insurer", X_Reason="claim 4711", X_Request_Id="read-1")
    api.get("/v1/driving-scores", "insurer", X_Request_Id="read-2")
    log = list(pages(api, "/v1/customers/c0/reads", "customer", 50))
    (one,) = [row for row in log if row["request_id"] == "read-1"]
    assert one == {
        **one, "role": "insurer", "reader": "own insurer", "what": "trips",
        "why": "claim 4711 (driving_score)",
    }  # fmt: skip
    assert [row["what"] for row in log if row["request_id"] == "read-2"] == ["driving score"]
    with connect(api.seeded.url) as connection:
        concerned = connection.execute(
            "select customer from access.read_log where request_id = 'read-2' order by 1"
        ).fetchall()
    assert [row[0] for row in concerned] == ["c0", "c1", "c2", "omar-driver"]


def test_a_refused_read_is_not_in_the_log(api: Api) -> None:
    missing = api.get("/v1/trips?vehicle=quiet-car", "insurer", X_Request_Id="refused-1")
    assert missing.status_code == 404
    with connect(api.seeded.url) as connection:
        found = connection.execute("select 1 from access.read_log where request_id = 'refused-1'")
        assert found.fetchall() == []


@pytest.mark.parametrize(("role", "tenants"), [("operator", ["t1"]), ("platform", ["t1", "-"])])
def test_operations_see_their_tenant_and_nobodys_with_the_scope_for_it(
    api: Api, role: str, tenants: list[str]
) -> None:
    ledger = api.get("/v1/ledger", role).json()
    assert {row["tenant"] for row in ledger["data"]} == {*tenants} and ledger["closes"]
    dead = list(pages(api, "/v1/dead-letters", role, 1))
    assert [row["tenant"] for row in dead] == tenants
    for row in dead:
        one = api.get(f"/v1/dead-letters/{row['id']}", role).json()
        assert one == {**row, "shape": "{}"} and row["bytes"] == 2
    unassigned = api.get("/v1/dead-letters/3", role)
    assert unassigned.status_code == (200 if "-" in tenants else 404)


def test_contacts_by_side_and_an_operator_sees_no_text(api: Api) -> None:
    own = api.seeded.own["own"]
    insurer = {row["id"] for row in pages(api, "/v1/contacts", "insurer", 2)}
    utility = {row["id"] for row in pages(api, "/v1/contacts", "utility", 2)}
    everybody = {row["id"] for row in pages(api, "/v1/contacts", "agent", 2)}
    assert own.message in insurer and own.notice in utility
    assert insurer | utility == everybody and not insurer & utility
    seen = api.get(f"/v1/contacts/{own.message}", "agent").json()
    assert seen["body"] == "own-secret text"
    hidden = api.get(f"/v1/contacts/{own.message}", "operator").json()
    assert hidden["body"] is None and hidden["subject"] is None
    (mail,) = api.get("/v1/contacts?state=failed&customer=c0", "agent").json()["data"]
    assert mail["id"] == own.webhook


def test_a_portfolio_is_sent_in_parts(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some drivers at a time; the same rows as at once."""
    path = "/v1/driving-scores/portfolio?as_of=2100-01-01T00:00:00Z"

    def get(form: str) -> Any:
        return api.client.get(path, headers={**api.seeded.bearer("insurer"), "Accept": form})

    whole = {form: get(form) for form in ("application/json", "text/csv", PARQUET)}
    monkeypatch.setattr(score_versions, "PORTION", 1)
    for form, at_once in whole.items():
        sent = get(form)
        assert sent.status_code == 200 and sent.headers["content-type"].startswith(form)
        assert "content-length" not in sent.headers
        if form != PARQUET:
            assert sent.content == at_once.content
            continue
        file = pq.ParquetFile(io.BytesIO(sent.content))
        assert file.num_row_groups > 1
        assert file.read().equals(pq.read_table(io.BytesIO(at_once.content)))


def test_a_portfolio_comes_as_json_csv_or_parquet(api: Api) -> None:
    path = "/v1/driving-scores/portfolio"
    rows = api.get(path, "insurer").json()["data"]
    assert {row["driver"] for row in rows} >= {"c0", "omar-driver"}
    assert "quiet-driver" not in {row["driver"] for row in rows}, "who did not agree"
    headers = api.seeded.bearer("insurer")
    csv_ = api.client.get(path, headers={**headers, "Accept": "text/csv"})
    lines = list(csv.DictReader(csv_.text.splitlines()))
    assert [line["contract"] for line in lines] == [row["contract"] for row in rows]
    assert "share_night" in lines[0] and float(lines[0]["score"]) == rows[0]["score"]
    parquet = api.client.get(path, headers={**headers, "Accept": PARQUET})
    table = pq.read_table(io.BytesIO(parquet.content))
    assert table.column("period_trips").to_pylist() == [row["period_trips"] for row in rows]
    assert "link" not in csv_.headers and table.schema.field("frozen_for").type == "string"
    assert api.get(f"{path}?version=nobody", "insurer").status_code == 422
    earlier = api.get(f"{path}?as_of=2020-01-01T00:00:00Z", "insurer").json()["data"]
    assert {(row["trips"], row["score"]) for row in earlier} == {(0, None)}
