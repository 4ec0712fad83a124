"""A reading round: invited once, reminded once, thanked; the rest is estimated and marked."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

import pytest

from contracts.quality import Quality
from runtime.clock import US_PER_S
from runtime.errors import Invalid, NotAllowed
from services import meter_reading, reading_links, reading_rounds
from services.meter_reading import Given
from store.people import meter_data, readings
from store.people import reading_rounds as stored
from store.postgres.pool import connect
from store.postgres.roles import CONTACTS, must_assume, set_tenant_scope
from store.postgres.times import from_us
from tests.fix_contacts import Stage
from tests.fix_receiver import Mailbox
from tests.fix_registry import NOW_US
from tests.secret_keys import BOX

DAY_US = 86_400 * US_PER_S
BASE = "https://own.example"


@pytest.fixture
def stage(new_stage: Callable[..., Stage], mailbox: Mailbox) -> Stage:
    return new_stage(smtp_url=mailbox.url, api_base_url=BASE)


def day(n: float) -> datetime:
    return from_us(round(NOW_US + n * DAY_US))


def made(stage: Stage, *meters: str) -> str:
    row = reading_rounds.create(
        stage.connection, "t1", "Winter", day(1), day(10), day(14), "utility", NOW_US,
        meters=meters,
    )  # fmt: skip
    stage.connection.commit()
    assert row["meters"] == len(meters)
    return str(row["round_id"])


def run(stage: Stage, at: float) -> int:
    """As the contacts process does it, with its rights."""
    stage.clock.advance((NOW_US + at * DAY_US - stage.clock.now_us()) / US_PER_S)
    with connect(stage.url) as connection:
        must_assume(connection, CONTACTS)
        moved = reading_rounds.run_due(connection, stage.settings, stage.clock.now_us())
        connection.commit()
    return moved


def enter(stage: Stage, at: float, kwh: float) -> None:
    set_tenant_scope(stage.connection, ["t1"])
    meter = meter_reading.meter_at(stage.connection, "t1", "m0", day(at), "c3")
    given = Given(day(at), kwh, "customer", "customer:c3", f"{at}")
    meter_reading.enter(stage.connection, BOX, meter, given, round(NOW_US + at * DAY_US))
    stage.connection.commit()


def sent(stage: Stage) -> list[tuple[str, str]]:
    return [(c["treatment"], c["channel"]) for c in stage.contacts()]


def row(stage: Stage, round_id: str) -> dict[str, Any]:
    stage.connection.rollback()
    (found,) = reading_rounds.meters_of(stage.connection, "t1", round_id)
    return found


def test_who_reads_is_invited_and_thanked_and_not_reminded(stage: Stage, mailbox: Mailbox) -> None:
    round_id = made(stage, "m0")
    assert run(stage, 0.5) == 0, "the window is not open"
    assert run(stage, 1.0) == 1 and run(stage, 1.1) == 0
    stage.deliver()
    (mail,) = mailbox.mails
    text = mail.get_content()
    assert f"{BASE}/reading/m0" in text and "N0" in text
    (by_link,) = [word for word in text.split() if word.startswith(f"{BASE}{reading_links.PATH}")]
    link_id, _, secret = by_link.removeprefix(f"{BASE}{reading_links.PATH}").partition("?t=")
    found = reading_links.open_(stage.connection, BOX, link_id, secret, stage.clock.now_us())
    assert found is not None and (found.link.round_id, found.meter.meter) == (round_id, "m0")
    assert secret not in str(stage.contacts()), "agents read contacts: it is in the mail only"
    enter(stage, 3.0, 1234.0)
    assert run(stage, 3.1) == 1 and run(stage, 20.0) == 0
    assert sent(stage) == [("invite", "email"), ("thank", "email")]
    found = row(stage, round_id)
    assert (found["next"], found["kwh"], found["estimated"]) == ("done", 1234.0, False)
    counts = reading_rounds.get(stage.connection, "t1", round_id)
    assert (counts["invited"], counts["read"], counts["done"]) == (1, 1, 1)


def test_what_is_missing_is_estimated_and_marked(stage: Stage) -> None:
    enter(stage, -30.0, 1000.0)
    enter(stage, -10.0, 1200.0)
    round_id = made(stage, "m0")
    assert [run(stage, at) for at in (1.0, 10.0, 13.0, 14.0, 15.0)] == [1, 1, 0, 1, 0]
    assert sent(stage) == [("invite", "email"), ("remind", "email")]
    found = row(stage, round_id)
    assert found["estimated"] and found["status"] == Quality.ERSATZWERT
    assert found["kwh"] == pytest.approx(1200.0 + 24 * 10.0)
    newest = readings.of_meter(stage.connection, "t1", "m0")[0]
    assert (newest["source"], newest["counts"]) == ("estimate", False)
    event = meter_data.events(stage.connection, "t1")[0]
    assert (event["kind"], event["ref"]) == ("reading.accepted", newest["reading_id"])
    register = meter_reading.register_of(
        stage.connection, meter_reading.meter_at(stage.connection, "t1", "m0", day(15), "c3")
    )
    assert register is not None and register.kwh[-1] == 1200.0, "an estimate is no read"


def test_nothing_is_sent_without_consent_or_channel(stage: Stage) -> None:
    round_id = made(stage, "m0")
    stage.consent("c3", "energy_insight", "withdrawn")
    assert run(stage, 1.0) == 1 and run(stage, 14.0) == 1
    assert sent(stage) == []
    assert reading_rounds.meters_of(stage.connection, "t1", round_id) == []
    (found,) = stored.meters(stage.connection, "t1", round_id)
    assert found["reason"] == "no_consent:energy_insight" and not found["estimated"]


def test_two_workers_invite_once(stage: Stage) -> None:
    made(stage, "m0")
    stage.clock.advance(1.5 * 86_400)
    ready: list[Any] = [connect(stage.url) for _ in range(2)]
    with ThreadPoolExecutor(2) as pool:
        moved = list(
            pool.map(
                lambda one: (
                    reading_rounds.run_due(one, stage.settings, stage.clock.now_us()),
                    one.commit(),
                )[0],
                ready,
            )
        )
    for one in ready:
        one.close()
    assert sum(moved) == 1 and sent(stage) == [("invite", "email")]


def test_a_meter_is_in_one_round_at_a_time(stage: Stage) -> None:
    made(stage, "m0")
    with pytest.raises(NotAllowed):
        made(stage, "m0")
    stage.connection.rollback()
    with pytest.raises(Invalid):
        reading_rounds.create(
            stage.connection, "t1", "x", day(3), day(2), day(4), "u", NOW_US, meters=["m1"]
        )
