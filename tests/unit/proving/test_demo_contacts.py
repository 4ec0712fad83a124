"""The demo's judge of contacts bites, and only where something is wrong."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from app.demo.past import MOST_MESSAGES, MOST_SAMPLES, parts
from app.demo.receiver import Delivery, Mail
from proving.judge.contacts import judge_contacts
from proving.judge.demo import judge_latency
from proving.judge.evidence import Contact, Evidence, SignalRecord
from proving.judge.latency import Publications, percentile
from simulators.encode import Message

AT_US = 1_795_000_000_000_000


def webhook(id_: str, at_s: float, body: dict[str, Any], **changes: Any) -> Delivery:
    side = "insurer" if body["type"] == "crash.detected" else "utility"
    made = Delivery(side, id_, body["type"], at_s, AT_US, True, "", body)
    return replace(made, **changes)


def crash_body(signal: str) -> dict[str, Any]:
    return {"type": "crash.detected", "data": {"signal_id": signal, "revision": 0}}


def alert_body(signal: str) -> dict[str, Any]:
    return {"type": "alert.raised", "data": {"alert_id": signal, "revision": 0}}


def good() -> Evidence:
    """A crash and an anomaly, of two customers, with the contacts they should have."""
    return Evidence(
        owner={"vehicle:v1": "anna", "meter:m1": "ben"},
        consents={
            "anna": ["channel_email", "claims_assistance", "driving_score"],
            "ben": ["energy_insight"],
        },
        crashes=[("car-1", AT_US)],
        signals=[
            SignalRecord("crash", "vehicle.crash", "car-1", "vehicle:v1", AT_US + 200_000, 100.0),
            SignalRecord("spike", "meter.anomaly.raised", "md-1", "meter:m1", AT_US),
        ],
        contacts=[
            Contact("w1", "crash", "webhook", "anna", "delivered"),
            Contact("i1", "crash", "inbox", "anna", "delivered"),
            Contact("e1", "crash", "email", "anna", "delivered"),
            Contact("w2", "spike", "webhook", "ben", "delivered"),
            Contact("i2", "spike", "inbox", "ben", "delivered"),
        ],
        webhooks=[
            webhook("w1", 100.5, crash_body("crash")),
            webhook("w2", 200.0, alert_body("spike")),
        ],
        mails=[Mail("<e1@tachowatt>", ("anna@example.org",), AT_US)],
        refused=3,
    )


def test_all_is_well() -> None:
    result = judge_contacts(good())
    assert not result.problems
    assert result.crash_figures() == {"contacted": 1, "p95_s": 0.5, "max_s": 0.5}
    assert result.contact_figures() == {
        "delivered": 5,
        "pending": 0,
        "failed": 0,
        "by_channel": {"email": 1, "inbox": 2, "webhook": 2},
    }
    assert result.refused == 3


def test_the_same_webhook_twice_is_no_fault_and_the_first_counts() -> None:
    evidence = good()
    again = replace(evidence.webhooks[0], at_s=107.0)
    result = judge_contacts(replace(evidence, webhooks=[*evidence.webhooks, again]))
    assert not result.problems and result.latencies_s == [0.5]


def test_a_correction_between_two_deliveries_is_no_fault() -> None:
    evidence = good()
    body = crash_body("crash")
    body["data"]["revision"] = 1
    again = webhook("w1", 101.0, body)
    assert not judge_contacts(replace(evidence, webhooks=[*evidence.webhooks, again])).problems


def no_crash_webhook(e: Evidence) -> None:
    e.webhooks = e.webhooks[1:]


def crash_to_the_wrong_side(e: Evidence) -> None:
    e.webhooks = [replace(e.webhooks[0], side="utility"), e.webhooks[1]]


def wrong_signature(e: Evidence) -> None:
    bad = replace(e.webhooks[1], verified=False, reason="No matching signature found")
    e.webhooks = [*e.webhooks, bad]


def too_slow(e: Evidence) -> None:
    e.webhooks = [replace(e.webhooks[0], at_s=102.0), e.webhooks[1]]


def never_published(e: Evidence) -> None:
    e.signals = [replace(e.signals[0], known_s=None), e.signals[1]]


def no_purpose(e: Evidence) -> None:
    e.consents = {**e.consents, "anna": ["channel_email", "driving_score"]}


def no_purpose_of_the_meter(e: Evidence) -> None:
    e.consents = {**e.consents, "ben": ["channel_email"]}


def no_channel(e: Evidence) -> None:
    e.consents = {**e.consents, "anna": ["claims_assistance", "driving_score"]}


def unknown_customer(e: Evidence) -> None:
    e.consents = {"anna": e.consents["anna"]}


def somebody_else(e: Evidence) -> None:
    e.contacts = [replace(e.contacts[0], customer="ben"), *e.contacts[1:]]


def nobodys_car(e: Evidence) -> None:
    e.owner = {"meter:m1": "ben"}


def mail_to_somebody_else(e: Evidence) -> None:
    e.mails = [replace(e.mails[0], recipients=("ben@example.org",))]


def mail_of_no_contact(e: Evidence) -> None:
    e.mails = [*e.mails, Mail("<e9@tachowatt>", ("anna@example.org",), AT_US)]


def mail_lost(e: Evidence) -> None:
    e.mails = []


def webhook_lost(e: Evidence) -> None:
    e.webhooks = e.webhooks[:1]


def utility_never_notified(e: Evidence) -> None:
    e.contacts = [c for c in e.contacts if c.contact_id != "w2"]
    e.webhooks = e.webhooks[:1]


def history_as_news(e: Evidence) -> None:
    e.signals = [e.signals[0], replace(e.signals[1], age_s=8 * 24 * 3600.0)]


def webhook_of_no_contact(e: Evidence) -> None:
    e.webhooks = [*e.webhooks, webhook("w9", 1.0, alert_body("spike"))]


def signal_that_is_none(e: Evidence) -> None:
    e.contacts = [replace(e.contacts[0], signal_id="?"), *e.contacts[1:]]


def pending(e: Evidence) -> None:
    e.contacts = [*e.contacts, Contact("w3", "spike", "webhook", "ben", "pending")]


def failed(e: Evidence) -> None:
    e.contacts = [*e.contacts, Contact("w3", "spike", "webhook", "ben", "failed")]


def one_id_for_two_things(e: Evidence) -> None:
    e.webhooks = [*e.webhooks, webhook("w1", 300.0, crash_body("another"))]


def two_ids_for_one_crash(e: Evidence) -> None:
    """As after a correction that gave the signal another id."""
    e.signals = [*e.signals, replace(e.signals[0], signal_id="crash2", at_us=AT_US + 1_000_000)]
    e.contacts = [*e.contacts, Contact("w3", "crash2", "webhook", "anna", "delivered")]
    e.webhooks = [*e.webhooks, webhook("w3", 100.6, crash_body("crash2"))]


def two_ids_for_one_alert(e: Evidence) -> None:
    e.contacts = [*e.contacts, Contact("w3", "spike", "webhook", "ben", "delivered")]
    e.webhooks = [*e.webhooks, webhook("w3", 201.0, alert_body("spike"))]


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (no_crash_webhook, "no insurer was notified"),
        (crash_to_the_wrong_side, "no insurer was notified"),
        (wrong_signature, "wrong signature"),
        (never_published, "nobody knows when"),
        (no_purpose, "without having allowed claims_assistance"),
        (no_purpose_of_the_meter, "without having allowed energy_insight"),
        (no_channel, "by email about vehicle.crash without having allowed channel_email"),
        (unknown_customer, "without having allowed energy_insight"),
        (somebody_else, "is to ben, not to anna"),
        (nobodys_car, "not to None"),
        (mail_to_somebody_else, "went to ben@example.org"),
        (mail_of_no_contact, "1 mails have an id"),
        (mail_lost, "1 contacts by email count as delivered but never came"),
        (webhook_lost, "1 contacts by webhook count as delivered but never came"),
        (utility_never_notified, "no utility was notified of an anomaly of meter:m1"),
        (history_as_news, "reports old news"),
        (webhook_of_no_contact, "1 webhooks have an id"),
        (signal_that_is_none, "a signal that does not exist"),
        (pending, "1 contacts are pending"),
        (failed, "1 contacts are failed"),
        (one_id_for_two_things, "came with different contents"),
        (two_ids_for_one_crash, "under 2 ids"),
        (two_ids_for_one_alert, "under 2 ids"),
    ],
)
def test_what_is_wrong_is_reported(spoil: Callable[[Evidence], None], says: str) -> None:
    evidence = good()
    spoil(evidence)
    assert any(says in problem for problem in judge_contacts(evidence).problems)


def test_latency_is_told_apart_from_what_is_wrong() -> None:
    evidence = good()
    too_slow(evidence)
    result = judge_contacts(evidence)
    assert not result.problems
    assert len(result.late) == 1 and "below 2 s is promised" in result.late[0]


@pytest.mark.parametrize(
    ("slowness", "strict", "problems", "warnings"),
    [
        (1.0, False, 1, 0),
        (1.2, False, 1, 0),
        (3.0, False, 0, 1),
        (3.0, True, 1, 0),
    ],
)
def test_a_missed_latency_on_a_slow_machine_is_a_warning(
    slowness: float, strict: bool, problems: int, warnings: int
) -> None:
    found = judge_latency(["p95 is 3 s"], slowness, strict)
    assert tuple(map(len, found)) == (problems, warnings)
    assert all("3.0 times slower" in warning for warning in found[1])
    assert judge_latency([], slowness, strict) == ([], [])


def test_of_an_anomaly_taken_back_nobody_must_be_told() -> None:
    evidence = good()
    utility_never_notified(evidence)
    evidence.signals = [evidence.signals[0], replace(evidence.signals[1], retracted=True)]
    assert not judge_contacts(evidence).problems


def test_what_was_not_sent_needs_no_consent() -> None:
    evidence = good()
    evidence.consents = {**evidence.consents, "anna": ["claims_assistance"]}
    evidence.contacts = [
        replace(c, state="refused") if c.channel == "email" else c for c in evidence.contacts
    ]
    evidence.mails = []
    result = judge_contacts(evidence)
    assert not result.problems and result.contact_figures()["refused"] == 1


def test_a_webhook_that_arrived_counts_whatever_the_store_says() -> None:
    evidence = good()
    no_purpose(evidence)
    evidence.contacts = [replace(c, state="pending") for c in evidence.contacts[:1]]
    evidence.webhooks, evidence.mails = evidence.webhooks[:1], []
    problems = judge_contacts(evidence).problems
    assert any("without having allowed claims_assistance" in problem for problem in problems)


def message(first_us: int, last_us: int, fault: str = "") -> Message:
    return Message(
        0, "t", b"", "demo", "car-1", seq=1, first_us=first_us, last_us=last_us, fault=fault
    )


def test_a_crash_is_known_when_the_last_sample_that_it_needs_is_out() -> None:
    sent = Publications()
    sent.note(message(100, 199), 1.0)
    sent.note(message(300, 399), 2.0)
    sent.note(message(200, 299, "duplicate"), 2.5)
    sent.note(message(200, 299), 3.0)
    sent.note(message(400, 499), 4.0)
    assert sent.known_s("car-1", 150, 199) == 1.0
    assert sent.known_s("car-1", 150, 350) == 3.0, "the one in the middle came late"
    assert sent.known_s("car-1", 499, 499) == 4.0
    assert sent.known_s("car-1", 500, 600) is None
    assert sent.known_s("car-2", 100, 600) is None


def test_the_past_is_sent_in_parts_that_lose_nothing() -> None:
    sizes = [1] * (2 * MOST_MESSAGES + 3) + [MOST_SAMPLES - 1, 1, 1, MOST_SAMPLES + 1, 1]
    history = [replace(message(n, n), samples=size) for n, size in enumerate(sizes)]
    cut = list(parts(history))
    assert [m for part in cut for m in part] == history
    assert all(0 < len(part) <= MOST_MESSAGES for part in cut)
    sums = [sum(m.samples for m in part) for part in cut]
    assert all(n <= MOST_SAMPLES or len(part) == 1 for n, part in zip(sums, cut, strict=True))
    assert len(cut) == 7
    assert not list(parts([]))


def test_percentiles_are_values_that_occurred() -> None:
    assert percentile([], 0.95) is None
    assert percentile([3.0], 0.95) == 3.0
    assert percentile([1.0, 2.0, 9.0], 0.95) == 9.0
    assert percentile(range(1, 101), 0.95) == 95


def test_nobody_has_to_be_told_of_history() -> None:
    evidence = good()
    evidence.signals = [evidence.signals[0], replace(evidence.signals[1], age_s=8 * 24 * 3600.0)]
    evidence.contacts = [c for c in evidence.contacts if c.signal_id != "spike"]
    evidence.webhooks = evidence.webhooks[:1]
    assert not judge_contacts(evidence).problems
