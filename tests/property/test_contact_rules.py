"""Age, deadline and cap of contacts against a plain oracle."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from contracts.channels import PURPOSES
from customer_context.contact_policy.policy import Cap, Policy, Sent
from customer_context.playbooks.check import load
from customer_context.playbooks.plan import Person, Situation, plan
from tests.oracles import contact_rules as oracle

START = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
DAYS_3 = 3 * 24 * 60
MINUTES = st.integers(0, DAYS_3)
MAX_AGE = st.none() | st.integers(1, DAYS_3)


def at(minute: int) -> datetime:
    return START + timedelta(minutes=minute)


def us(minute: int) -> int:
    return round(at(minute).timestamp()) * 1_000_000


def playbook(
    trigger_max: int | None, contact_max: int | None, due: int | None, urgent: bool
) -> Any:
    def of(minutes: int | None) -> str:
        return "null" if minutes is None else str(minutes)

    return load(
        f"""
id: example
version: 1
title: {{de: Beispiel, en: Example}}
trigger: {{signal: vehicle.crash, max_age_min: {of(trigger_max)}}}
purpose: claims_assistance
urgent: {str(urgent).lower()}
case: {{kind: call, side: insurer, title: {{de: F, en: C}}, deadline_min: {of(due)}}}
contacts:
  - id: note
    to: customer
    channel: inbox
    max_age_min: {of(contact_max)}
    subject: {{de: B, en: S}}
    body: {{de: "{{{{ deadline | datetime }}}}", en: "{{{{ deadline | datetime }}}}"}}
""",
        "example.yaml",
    )


@given(
    known=MINUTES,
    later=MINUTES,
    trigger_max=MAX_AGE,
    contact_max=MAX_AGE,
    due=MAX_AGE,
    urgent=st.booleans(),
    sent=st.lists(st.integers(-DAYS_3, DAYS_3), max_size=8),
    per_day=st.integers(0, 4),
)
def test_a_plan_is_what_the_oracle_says(
    known: int, later: int, trigger_max: int | None, contact_max: int | None, due: int | None,
    urgent: bool, sent: list[int], per_day: int,
) -> None:  # fmt: skip
    now = known + later
    one = Situation(
        signal_id="a" * 32, revision=0, type="vehicle.crash", subject="vehicle:v", time=at(known),
        data={"at": at(known).isoformat(), "severity": 3, "peak_mps2": 1.0, "delta_v_kmh": 1.0,
              "speed_kmh": 1.0, "retracted": False},
        happened_at=at(known), person=Person("c", "Ada", "en", {}), granted=frozenset(PURPOSES),
        receivers={}, channels=frozenset({"inbox"}), subject_name="Golf", timezone="UTC",
        now=at(now), policy=Policy((Cap("day", per_day, 24, channel="inbox"),) if per_day else ()),
        sent=[(str(i), Sent(us(minute), "inbox")) for i, minute in enumerate(sent)],
    )  # fmt: skip
    planned = plan(playbook(trigger_max, contact_max, due, urgent), one)
    expected = oracle.outcome(known, now, trigger_max, contact_max)
    assert (planned.case is not None) == (expected != "nothing")
    fits = oracle.fits(sent, now, per_day, urgent)
    assert bool(planned.contacts) == (expected == "contact" and fits)
    reasons = {verdict.reason for verdict in planned.verdicts}
    assert ("too_old" in reasons) == (expected != "contact")
    assert ("cap_reached" in reasons) == (expected == "contact" and not fits)
    if planned.contacts:
        promised = oracle.promised(known, now, due)
        text = planned.contacts[0].body
        assert text == (
            "–" if promised is None else f"{at(promised):%A, {at(promised).day} %B %Y at %H:%M}"
        )
