"""The contact policy: no delivered message breaks a rule, and each broken rule is found."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from customer_context.contact_policy.policy import Cap, Message, Person, Policy, Sent, judge
from customer_context.contact_policy.quiet_hours import QuietHours, deliver_from, is_quiet
from proving.policy.broken import BROKEN, broken
from proving.policy.prove import prove
from tests.oracles import contact_policy as oracle

FOUND_WITHIN = 6_000
"""Contacts within which the slowest broken rule is found: ten times what it took."""
HOUR_US = 3_600_000_000
ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "UTC")


def us(text: str, zone: str) -> int:
    at = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))
    return int(at.astimezone(UTC).timestamp()) * 1_000_000


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 2**32))
def test_no_delivered_message_breaks_a_rule(seed: int) -> None:
    assert prove(seed, 300).problems == []


@pytest.mark.parametrize("rule", BROKEN)
def test_each_broken_rule_is_found(rule: str) -> None:
    with broken(rule):
        found = prove(1, FOUND_WITHIN, most_problems=1)
    assert found.problems, f"{found.contacts} contacts did not show it"


def test_a_proof_is_repeatable_and_tries_everything() -> None:
    first, second = prove(3, 3_000), prove(3, 3_000)
    assert first == second and first.problems == []
    assert min(first.delivered, first.held, first.clock_jumps, first.overlaps, first.compared) > 0
    assert set(first.refused) >= {"cap_reached", "suppressed", "too_soon", "no_consent"}


def clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


@settings(max_examples=200, deadline=None)
@given(
    st.integers(us("2026-03-01T00:00", "UTC"), us("2026-12-01T00:00", "UTC")),
    st.sampled_from(ZONES),
    st.integers(0, 1439),
    st.integers(0, 1439),
)
@example(us("2026-03-29T01:30", "Europe/Berlin"), "Europe/Berlin", 60, 150)  # its end is skipped
@example(us("2026-10-25T02:30", "Europe/Berlin"), "Europe/Berlin", 60, 150)  # its end comes twice
@example(us("2026-10-04T01:45", "Australia/Lord_Howe"), "Australia/Lord_Howe", 60, 135)
def test_quiet_hours_are_those_of_the_oracle(at: int, zone: str, begin: int, end: int) -> None:
    hours = QuietHours(begin, end)
    assert is_quiet(at, zone, hours) == oracle.quiet(at, zone, clock(begin), clock(end))
    assert deliver_from(at, zone, hours) == oracle.first_loud(at, zone, clock(begin), clock(end))


@given(
    st.lists(st.integers(-96, 96), max_size=8),
    st.integers(-96, 96),
    st.integers(0, 4),
    st.integers(1, 72),
)
def test_a_cap_holds_in_every_window(sent: list[int], at: int, most: int, hours: int) -> None:
    """In whatever order the messages were decided."""
    person = Person("UTC", frozenset({"x"}), sent=[Sent(h * HOUR_US, "inbox") for h in sent])
    message = Message(at * HOUR_US, "inbox", "x", "a", "g", "i")
    verdict = judge(Policy((Cap("c", most, hours),)), message, person)
    times = [h * HOUR_US for h in sent]
    full = oracle.too_many(times, at * HOUR_US, most, hours * HOUR_US)
    assert (verdict.refusal == "cap_reached") == full
