"""Disputes: a trip or an event leaves the score by a decision and comes back; replays are found."""

import json

import httpx
import numpy as np
import pytest

from app.cli import cli
from contracts.trip_counting import CountingReason
from runtime.errors import NotFound, Usage
from services import driving_scores, scored_trips, trip_counting, trip_replays
from services.score_explanation import explain
from services.trip_counting import Asked
from store.pipeline import features
from store.pipeline.feature_tables import DRIVING_EVENT
from store.postgres import roles
from store.postgres.pool import Connection, connect
from store.postgres.times import from_us
from store.reads import scoring
from tests.fix_api import Api
from tests.fix_registry import NOW_US
from tests.fix_roles import Town
from tests.pages import HTML, send, sign_in
from tests.patience import patient
from tests.seed_api import MINUTE_US, TRIPS, Seeded

WHICH = scoring.Which("t1", "c0")


def scope(connection: Connection) -> Connection:
    roles.set_tenant_scope(connection, ("t1",))
    return connection


def score(connection: Connection) -> float:
    return driving_scores.of_subject(connection, WHICH)[1].score


def braking(seeded: Seeded, connection: Connection) -> tuple[str, int]:
    """A harsh braking of severity 1 in the newest trip, as the kernels write it."""
    device, start = map(int, seeded.own["own"].trip.split("-"))
    rows = np.zeros(1, DRIVING_EVENT.dtype)
    rows["device_id"], rows["kind"], rows["severity"] = device, 1, 1
    rows["start_us"], rows["trip_start_us"] = start + MINUTE_US, start
    rows["end_us"] = rows["decided_us"] = start + MINUTE_US + 2_000_000
    rows["duration_s"], rows["peak_mps2"] = 2.0, -4.0
    features.append(connection, DRIVING_EVENT, rows)
    return "harsh_braking", start + MINUTE_US


def test_a_disputed_trip_leaves_the_score_and_comes_back(town: Town) -> None:
    trip = town.seeded.own["own"].trip
    with connect(town.url) as connection:
        scope(connection)
        before, all_trips = score(connection), scored_trips.of(connection, WHICH)
        asked = Asked("t1", trip, None, False, "passenger")
        made = trip_counting.decide(connection, asked, "Ada", NOW_US)
        assert made["score_before"] == before and made["score_after"] == score(connection)
        assert (made["decided_by"], made["reason"], made["counts"]) == ("Ada", "passenger", False)
        assert scored_trips.of(connection, WHICH).size == TRIPS - 1
        both = scored_trips.of_vehicles(connection, "t1", [("c0", "v0"), ("c1", "v1")])
        assert [trips.size for trips in both] == [TRIPS - 1, 0] or both[0].size == TRIPS - 1
        trips, starts = scored_trips.of_drivers(connection, "t1", [("c0",)])
        assert starts.tolist() == [0, TRIPS - 1] and trips.size == TRIPS - 1

        earlier = explain(connection, WHICH, from_us(NOW_US - 1))
        later = explain(connection, WHICH, from_us(NOW_US))
        assert earlier["score"] == before and earlier["decisions"] == []
        assert later["score"] == made["score_after"] and later["inputs"]["trips"] == TRIPS - 1
        assert later["decisions"][0]["reason"] == "passenger"

        again = Asked("t1", trip, None, True)
        undone = trip_counting.decide(connection, again, "Bob", NOW_US + 1)
        assert undone["score_after"] == before and undone["reason"] == "counts_again"
        assert scored_trips.of(connection, WHICH).tobytes() == all_trips.tobytes()
        assert explain(connection, WHICH, from_us(NOW_US))["score"] == made["score_after"]


def test_a_disputed_event_leaves_the_count_of_its_trip(town: Town) -> None:
    with connect(town.url) as connection:
        kind, at_us = braking(town.seeded, connection)
        scope(connection)
        trip, before = town.seeded.own["own"].trip, score(connection)
        asked = Asked("t1", trip, (kind, from_us(at_us)), False, "pothole")
        made = trip_counting.decide(connection, asked, "Ada", NOW_US)
        assert made["score_after"] > before
        assert scored_trips.of(connection, WHICH)["harsh_braking"].sum() == TRIPS - 1
        with pytest.raises(NotFound):
            trip_counting.decide(
                connection, Asked("t1", trip, (kind, from_us(at_us + 1)), False, "pothole"), "A", 1
            )
        with pytest.raises(Usage, match="expected one of"):
            trip_counting.decide(connection, Asked("t1", trip, None, False, "mood"), "Ada", NOW_US)
        with pytest.raises(NotFound):
            trip_counting.decide(
                connection, Asked("t2", trip, None, False, "passenger"), "Ada", NOW_US
            )


def test_a_drive_that_is_sent_again_is_found_once_and_a_person_may_let_it_count(
    town: Town,
) -> None:
    with connect(town.url) as connection:
        scope(connection)
        trips = scoring.trips(connection, WHICH)
        rng = np.random.default_rng(1)
        trips["accel_hist_s"] = rng.uniform(1, 9, (trips.size, 25))
        trips["jerk_hist_s"] = rng.uniform(1, 9, (trips.size, 30))
        trips["accel_hist_s"][3], trips["jerk_hist_s"][3] = (
            trips["accel_hist_s"][1], trips["jerk_hist_s"][1],
        )  # fmt: skip
        assert trip_replays.note(connection, "t1", "c0", trips, (), NOW_US) == 1
        assert trip_replays.note(connection, "t1", "c0", trips, (), NOW_US) == 0
        all_of_them = trips["start_us"].tolist()
        assert trip_replays.note(connection, "t1", "c0", trips, all_of_them, NOW_US) == 0
        left = scored_trips.of(connection, WHICH)
        assert left.size == TRIPS - 1 and trips["start_us"][3] not in left["start_us"]
        key = f"{trips['device'][3]}-{trips['start_us'][3]}"
        span = (int(trips["device"][3]), from_us(int(trips["start_us"][3])),
                from_us(int(trips["end_us"][3])))  # fmt: skip
        rows = trip_counting.decided(connection, "t1", [span])[key]
        assert trip_counting.taken_out(rows) == CountingReason.REPLAYED
        trip_counting.decide(connection, Asked("t1", key, None, True), "Ada", NOW_US)
        assert scored_trips.of(connection, WHICH).size == TRIPS


def test_over_the_api_with_who_and_the_diary_of_the_case(api: Api) -> None:
    own = api.seeded.own["own"]
    path = f"/v1/trips/{own.trip}/counting"
    body = {"counts": False, "reason": "not_driving", "case_id": own.crash_case}
    made = api.post(path, "insurer", body, **{"Idempotency-Key": "dispute"})
    assert made.status_code == 201 and made.json()["decided_by"]
    same = api.post(path, "insurer", body, **{"Idempotency-Key": "dispute"})
    assert same.json() == made.json()
    listed = api.get(path, "agent").json()["data"]
    assert [row["reason"] for row in listed] == ["not_driving"]
    diary = api.get(f"/v1/cases/{own.crash_case}", "insurer").text
    assert "does not count (not_driving)" in diary
    wrong = api.post(path, "insurer", {"counts": False}, **{"Idempotency-Key": "two"})
    assert wrong.status_code == 422
    assert api.get(path, "utility").status_code == 403
    score_ = api.get(f"/v1/driving-scores?driver={own.driver}", "insurer").json()["data"][0]
    assert score_["score"] == made.json()["score_after"]


def test_on_the_page_of_the_vehicle(api: Api) -> None:
    own = api.seeded.own["own"]
    path = f"/vehicles/{own.vehicle}?trip={own.trip}"
    with httpx.Client(base_url=api.url, timeout=patient(20.0)) as client:
        sign_in(client, api.seeded.keys["own", "insurer"])
        cookies = client.cookies
    with httpx.Client(
        base_url=api.url, timeout=patient(20.0), headers=HTML, cookies=cookies,
        follow_redirects=True,
    ) as client:  # fmt: skip
        wrong = send(client, path, trip=own.trip, what="", reason="mood", action="out")
        assert "Taken out of the score" not in wrong.text
        done = send(client, path, trip=own.trip, what="", reason="passenger", action="out")
        assert done.status_code == 200 and "does not count: Was a passenger" in done.text
        again = send(client, path, trip=own.trip, what="", action="again")
        assert "Counts again" in again.text
        other = send(client, "/vehicles/omar-car", path, trip="1-1", what="", reason="passenger")
        assert other.status_code == 404
    with httpx.Client(base_url=api.url, timeout=patient(20.0)) as client:
        sign_in(client, api.seeded.keys["own", "customer"])
        assert 'value="again"' not in client.get(path).text, "who drove does not decide"


def test_the_trips_of_a_driver_are_read_once_for_replays_and_score(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, trips_of = [], scoring.trips

    def counted(connection: Connection, which: scoring.Which) -> object:
        read.append(which)
        return trips_of(connection, which)

    monkeypatch.setattr(scoring, "trips", counted)
    with connect(town.url) as connection:
        at = from_us(NOW_US)
        signal = {
            "id": "s1", "tenant": "t1", "type": "trip.completed", "revision": 0, "time": at,
            "data": {"started_at": at.isoformat()},
        }  # fmt: skip
        driving_scores.signal_changes(connection, [signal], {"s1": "c0"}, NOW_US)
        once, alone = list(read), score(scope(connection))
        recorded = connection.execute(
            "select score from contacts.driver_score where customer = 'c0' "
            "order by computed_at desc limit 1"
        ).fetchone()
    assert once == [WHICH] and recorded == (alone,)


def test_by_command_with_a_persons_key(
    api: Api, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    own = api.seeded.own["own"]
    monkeypatch.setenv("TACHOWATT_DATABASE_URL", api.seeded.url)
    monkeypatch.setenv("TACHOWATT_KEY", api.seeded.keys["own", "insurer"])
    assert not cli(["score", "include", own.trip], standalone_mode=False)
    first = json.loads(capsys.readouterr().out)
    assert not cli(["score", "exclude", own.trip, "--reason", "passenger"], standalone_mode=False)
    made = json.loads(capsys.readouterr().out)
    assert made["reason"] == "passenger" and made["score_after"] is not None
    assert not cli(["score", "include", own.trip], standalone_mode=False)
    back = json.loads(capsys.readouterr().out)
    assert back["score_after"] == made["score_before"] == first["score_after"]
    with pytest.raises(Usage, match="there is no trip"):
        cli(["score", "include", "1-1"], standalone_mode=False)
    with pytest.raises(Usage, match="--event and --at"):
        cli(["score", "include", own.trip, "--event", "speeding"], standalone_mode=False)
