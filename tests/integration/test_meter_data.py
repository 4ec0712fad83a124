"""Corrections need a second person, an exchange has both readings, a released value leaves."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from contracts.quality import Quality
from contracts.roles import Role
from customer_context.four_eyes.rule import Actor, Refusal
from customer_context.metering.ready import Sum
from ingest.partition.worker import Worker
from runtime.clock import US_PER_S
from runtime.errors import NotAllowed, NotFound
from runtime.settings import Settings
from services import billing_periods, meter_corrections, meter_events, meter_reading
from services.four_eyes import Refused
from services.meter_reading import Given
from store.people import persons, readings
from store.people.persons import NewPerson
from store.postgres.pool import scalar
from store.postgres.roles import set_tenant_scope
from store.postgres.times import from_us
from store.signals import publications
from tests.fix_contacts import Stage
from tests.fix_receiver import Receiver
from tests.fix_registry import NOW_US
from tests.secret_keys import BOX

DAY_US = 86_400 * US_PER_S
START, END = date(2026, 10, 1), date(2026, 11, 1)


@pytest.fixture
def stage(new_stage: Callable[..., Stage]) -> Stage:
    """m0 is read by hand: no device is assigned to it."""
    stage = new_stage()
    stage.connection.execute("delete from customers.assignment where meter = 'm0'")
    stage.connection.commit()
    set_tenant_scope(stage.connection, ["t1"])
    return stage


def person(stage: Stage, name: str) -> Actor:
    new = NewPerson("t1", Role.UTILITY, name, f"{name}@example.org", None)
    person_id = persons.add(stage.connection, new, NOW_US)
    assert person_id is not None
    return Actor(person_id, "t1", Role.UTILITY)


def correct(stage: Stage, reading: str, kwh: float) -> None:
    """A asks, B approves."""
    a, b = person(stage, f"a{kwh}"), person(stage, f"b{kwh}")
    asked = meter_corrections.ask_correction(stage.connection, a, "A", reading, kwh, "seen", NOW_US)
    meter_corrections.decide_correction(
        stage.connection, b, "B", asked.request_id, approved=True, note="", now_us=NOW_US
    )


def enter(stage: Stage, day: datetime, kwh: float, *, confirmed: bool = False) -> dict[str, Any]:
    set_tenant_scope(stage.connection, ["t1"])
    meter = meter_reading.meter_at(stage.connection, "t1", "m0", day, "c3")
    given = Given(day, kwh, "customer", "customer:c3", f"{day} {kwh}", confirmed=confirmed)
    row = meter_reading.enter(stage.connection, BOX, meter, given, NOW_US)
    stage.connection.commit()
    set_tenant_scope(stage.connection, ["t1"])
    return row


def at(year: int, month: int, day: int) -> datetime:
    return datetime.fromisoformat(f"{year}-{month:02d}-{day:02d}T12:00:00+01:00")


def period(stage: Stage) -> billing_periods.Period:
    set_tenant_scope(stage.connection, ["t1"])
    found = billing_periods.periods(stage.connection, "t1", START, END)
    return next(one for one in found if one.meter == "m0")


def ingest(stage: Stage) -> None:
    stage.connection.commit()
    worker = Worker(stage.url, Settings(), stage.clock)
    worker.retry_dead_letters()
    worker.reconcile(everything=True)
    worker.close()
    set_tenant_scope(stage.connection, ["t1"])


def used(stage: Stage) -> float:
    return float(
        scalar(stage.connection, "select coalesce(sum(energy_kwh), 0) from features.meter_interval")
    )


def test_a_correction_needs_a_second_person_and_keeps_the_old_reading(stage: Stage) -> None:
    enter(stage, at(2026, 9, 1), 1000.0)
    wrong = enter(stage, at(2026, 10, 1), 1300.0)
    ingest(stage)
    assert used(stage) == pytest.approx(300.0)
    a, b = person(stage, "a"), person(stage, "b")
    stage.connection.commit()
    set_tenant_scope(stage.connection, ["t1"])
    asked = meter_corrections.ask_correction(
        stage.connection, a, "A", wrong["reading_id"], 1280.0, "a photo", NOW_US
    )
    (one,) = meter_corrections.waiting(stage.connection, "t1", NOW_US)
    assert (one["old_kwh"], one["kwh"], one["requester"]) == (1300.0, 1280.0, "A")

    def approve(actor: Actor) -> dict[str, Any] | None:
        return meter_corrections.decide_correction(
            stage.connection, actor, "B", asked.request_id, approved=True, note="", now_us=NOW_US
        )

    with pytest.raises(Refused) as refused:
        approve(a)
    assert refused.value.refusal is Refusal.OWN_REQUEST
    new = approve(b)
    assert new is not None and (new["version"], new["kwh"]) == (2, 1280.0)
    assert new["replaces"] == wrong["reading_id"] and "a photo" in new["reason"]
    old = readings.get(stage.connection, "t1", wrong["reading_id"])
    assert old is not None and old["replaced"] and old["kwh"] == 1300.0
    with pytest.raises(NotAllowed):
        approve(b)
    with pytest.raises(NotAllowed):
        meter_corrections.ask_correction(
            stage.connection, a, "A", wrong["reading_id"], 1.0, "again", NOW_US
        )


def test_a_corrected_reading_changes_the_use(stage: Stage) -> None:
    """A clock gives microseconds, and a message has milliseconds."""
    now = timedelta(microseconds=134_857)
    enter(stage, at(2026, 9, 1) + now, 1000.0)
    wrong = enter(stage, at(2026, 10, 1) + now, 1300.0)
    ingest(stage)
    found = period(stage)
    assert found.start is not None and found.start.reading_id == wrong["reading_id"]
    correct(stage, wrong["reading_id"], 1280.0)
    ingest(stage)
    assert used(stage) == pytest.approx(280.0)
    found = period(stage)
    assert found.start is not None and (found.start.kwh, found.start.source) == (1280.0, "utility")


def test_a_read_within_an_interval_can_be_compared(stage: Stage) -> None:
    enter(stage, at(2026, 9, 30) + timedelta(minutes=7), 1000.0)
    enter(stage, at(2026, 11, 1) + timedelta(minutes=5, seconds=23), 1310.0)
    ingest(stage)
    found = period(stage).sum
    assert found is not None and found.verdict == Sum.FITS
    assert found.intervals_kwh == pytest.approx(310.0, abs=0.1)


def test_what_is_not_ready_says_why_and_is_not_released(
    stage: Stage, new_receiver: Callable[[], Receiver]
) -> None:
    assert period(stage).missing == ("no_reading_at_start", "no_reading_at_end")
    enter(stage, at(2026, 9, 30), 1000.0)
    enter(stage, at(2026, 10, 15), 1150.0)
    assert period(stage).missing == ("no_reading_at_end",)
    odd = enter(stage, at(2026, 11, 1), 1777.0, confirmed=True)
    assert period(stage).missing == ("proposed_at_end", "dispute")
    with pytest.raises(NotAllowed, match="proposed_at_end"):
        billing_periods.release(stage.connection, "t1", "k3", START, END, "A", NOW_US)
    with pytest.raises(NotFound):
        billing_periods.release(stage.connection, "t1", "k0", START, END, "A", NOW_US)
    correct(stage, odd["reading_id"], 1310.0)
    stage.connection.execute("update contacts.service_case set state = 'resolved'")
    found = period(stage)
    assert (found.missing, found.kwh) == ((), 310.0)
    value = billing_periods.release(stage.connection, "t1", "k3", START, END, "A", NOW_US)
    assert (value["version"], value["kwh"]) == (1, 310.0)
    again = billing_periods.release(stage.connection, "t1", "k3", START, END, "A", NOW_US)
    assert again["version"] == 1
    stage.connection.commit()
    stage.receiver(new_receiver(), "billing", "utility")
    made = meter_events.decide_due(stage.connection, NOW_US)
    assert made == 4, "three accepted readings and the value"
    assert meter_events.decide_due(stage.connection, NOW_US) == 0
    stage.connection.commit()
    kinds = sorted(contact["type"] for contact in stage.contacts())
    assert kinds == ["billing.value.released", *["reading.accepted"] * 3]


def test_what_the_billing_system_has_not_acknowledged_is_listed_and_sent_again(
    stage: Stage, new_receiver: Callable[[], Receiver]
) -> None:
    enter(stage, at(2026, 9, 30), 1000.0)

    def states(**more: bool) -> list[str]:
        rows = meter_events.listed(stage.connection, "t1", **more)
        return [row["state"] for row in rows]

    assert states() == ["waiting"]
    assert meter_events.decide_due(stage.connection, NOW_US) == 1
    assert states() == ["nobody"], "no system takes events yet"
    stage.connection.commit()
    billing = new_receiver()
    stage.receiver(billing, "billing", "utility")
    assert meter_events.send_again(stage.connection, "t1", NOW_US) == 1
    assert states() == ["waiting"]
    assert meter_events.decide_due(stage.connection, NOW_US) == 1
    assert states() == ["sent"] and states(open_only=True) == ["sent"]
    for state, expected in (("failed", "failed"), ("delivered", "acknowledged")):
        stage.connection.execute("update contacts.contact set state = %s", (state,))
        assert states() == [expected]
        if expected == "failed":
            assert meter_events.send_again(stage.connection, "t1", NOW_US) == 1
            assert states() == ["sent"]
    assert states(open_only=True) == []
    assert meter_events.send_again(stage.connection, "t1", NOW_US) == 0


def test_events_leave_by_kafka_where_it_feeds_the_store(stage: Stage) -> None:
    stage.connection.execute("update pipeline.log set kind = 'kafka'")
    enter(stage, at(2026, 9, 30), 1000.0)
    assert meter_events.decide_due(stage.connection, NOW_US) == 1

    def state() -> str:
        (row,) = meter_events.shown(stage.connection, "t1")
        return str(row["state"])

    assert state() == "sent", "Kafka does not have it yet"
    ((id_, kind, _),) = publications.oldest(stage.connection, 9)
    event = publications.events(stage.connection, [id_])[id_]
    assert kind == "meter_event" and event["type"] == "reading.accepted"
    assert (event["data"]["meter"], event["data"]["kwh"]) == ("m0", 1000.0)
    assert event["id"] == f"reading.accepted {event['data']['reading_id']} 1"
    publications.done(stage.connection, [id_])
    assert state() == "acknowledged"
    enter(stage, at(2026, 10, 15), 1150.0)
    stage.consent("c3", "energy_insight", "withdrawn")
    meter_events.decide_due(stage.connection, NOW_US)
    assert publications.oldest(stage.connection, 9) == [], "nothing leaves without consent"
    assert meter_events.shown(stage.connection, "t1") == []


def test_ready_says_whether_the_intervals_add_up(stage: Stage) -> None:
    enter(stage, at(2026, 9, 30), 1000.0)
    enter(stage, at(2026, 11, 1), 1310.0)
    found = period(stage).sum
    assert found is not None and found.verdict == Sum.NOT_COVERED, "nothing is computed yet"
    ingest(stage)
    found = period(stage).sum
    assert found is not None and found.verdict == Sum.FITS
    assert found.intervals_kwh == pytest.approx(310.0, abs=1e-3)
    stage.connection.execute("update features.meter_day set estimated_kwh = estimated_kwh + 1")
    assert period(stage).sum.verdict == Sum.DIFFERS  # type: ignore[union-attr]
    release = partial(
        billing_periods.release, stage.connection, "t1", "k3", START, END, "A", NOW_US
    )
    with pytest.raises(NotAllowed, match="add up to"):
        release()
    assert release(confirmed=True)["kwh"] == 310.0


def test_an_exchange_has_both_readings_and_the_use_adds_up(stage: Stage) -> None:
    enter(stage, at(2026, 9, 30), 1000.0)
    enter(stage, at(2026, 10, 10), 1100.0)
    ingest(stage)
    when = at(2026, 10, 15)
    old, new = meter_corrections.exchange(
        stage.connection, "t1", "m0", when, 1150.0, "NEW-1", 2.0, "A", NOW_US
    )
    assert (old["kind"], new["kind"]) == ("exchange_old", "exchange_new")
    with pytest.raises(NotAllowed):
        meter_corrections.exchange(
            stage.connection, "t1", "m0", when, 1150.0, "NEW-1", 2.0, "A", NOW_US
        )


def test_the_new_meter_is_judged_as_the_old_one_went_on(stage: Stage) -> None:
    enter(stage, at(2026, 9, 30), 1000.0)
    enter(stage, at(2026, 10, 10), 1100.0)
    meter_corrections.exchange(
        stage.connection, "t1", "m0", at(2026, 10, 15), 1150.0, "NEW-1", 2.0, "A", NOW_US
    )
    stage.connection.commit()
    right = enter(stage, at(2026, 11, 1), 172.0)
    assert (right["verdict"], right["status"]) == ("plausible", Quality.ABGELESEN)
    found = period(stage)
    assert (found.missing, found.kwh) == ((), pytest.approx(150.0 + 170.0))
    assert from_us(NOW_US) > at(2026, 11, 1)
