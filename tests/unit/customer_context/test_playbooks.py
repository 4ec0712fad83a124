"""Playbooks: what loads, what is refused with which words, what a text may do."""

import base64
import re
from datetime import UTC, datetime, timedelta
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contacts.channels.webhook import headers
from contracts.channels import PURPOSES, ChannelPurpose
from contracts.contacts import WEBHOOKS
from contracts.signals import DATA
from customer_context.playbooks.check import load
from customer_context.playbooks.model import Playbook
from customer_context.playbooks.plan import Person, Situation, plan, refusal
from customer_context.playbooks.text import TextError, compile_text, render
from runtime.errors import Usage

GOOD = """
id: example
version: 1
title: {de: Beispiel, en: Example}
trigger: {signal: vehicle.crash, when: data.severity >= 2}
purpose: claims_assistance
case: {kind: call, side: insurer, title: {de: Fall, en: Case}, deadline_min: 15}
contacts:
  - {id: hook, to: insurer, channel: webhook, type: crash.detected}
  - id: mail
    to: customer
    channel: email
    subject: {de: Betreff, en: Subject}
    body:
      de: "Tempo {{ data.speed_kmh | number(1) }}"
      en: "Speed {{ data.speed_kmh | number(1) }}"
"""
AT = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
SHIPPED = sorted(
    (f.name, f.read_text(encoding="utf-8"))
    for f in (resources.files("customer_context.playbooks") / "shipped").iterdir()
    if f.name.endswith(".yaml")
)
PLAYBOOKS = [load(text, name) for name, text in SHIPPED]


def test_the_good_one_loads() -> None:
    assert load(GOOD, "good.yaml").spec.trigger.when == "data.severity >= 2"


def test_what_the_documentation_shows_works() -> None:
    docs = Path(__file__).parents[3] / "docs"
    shown = re.findall(r"```(yaml|python)\n(.*?)```", (docs / "playbooks.md").read_text(), re.S)
    assert [load(text, "docs").id for _, text in shown] == ["crash-call-back"]
    (snippet,) = re.findall(r"```python\n(.*?)```", (docs / "contacts.md").read_text(), re.S)
    names: dict[str, Any] = {}
    exec(snippet, names)
    secrets = ["whsec_" + base64.b64encode(letter * 32).decode() for letter in (b"a", b"b", b"c")]
    signed = headers("id", "{}", secrets[:2], 1_795_000_000_000_000)
    assert [names["genuine"](secret, signed, b"{}") for secret in secrets] == [True, True, False]
    assert not names["genuine"](secrets[0], signed, b"{ }")


def test_shipped_playbooks_load() -> None:
    assert [p.id for p in PLAYBOOKS] == ["crash-call-back", "meter-anomaly", "score-changed"]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("version: 1", "version: one", "bad.yaml: version: Input should be a valid integer"),
        ("version: 1", "version: 1\nversion: 2", "the key 'version' is duplicate"),
        ("purpose: claims_assistance", "purpose: fun", "bad.yaml: purpose: Input should be"),
        ("id: example", "id: example\ncolour: red", "bad.yaml: colour: Extra inputs"),
        ("vehicle.crash", "vehicle.crush", "bad.yaml: trigger.signal: expected one of"),
        (">= 2", ">= ", "bad.yaml: trigger.when: no CEL"),
        ("data.severity >= 2", "'[1].all(x, [2].all(y, true))'", "trigger.when: it may not loop"),
        ("data.severity >=", "data.severty >=", "trigger.when: vehicle.crash has no data.severty"),
        ("data.severity >= 2", "data.severity", "neither true nor false"),
        ("data.severity >= 2", "data.delta_v_kmh > 10.0", "where data.delta_v_kmh is null"),
        ("data.severity >= 2", "person.name == 'x'", "trigger.when: fails"),
        ("{de: Betreff, en: Subject}", "{de: Betreff}", "subject.en: Field required"),
        ("{{ data.speed_kmh", "{{ data.speed_mph", "has no data.speed_mph"),
        ("de: Betreff", 'de: "{{ who }}"', "contacts.mail.subject.de: fails"),
        ("de: Betreff", 'de: "{% if %}"', "contacts.mail.subject.de: no template"),
        ("de: Betreff", "de: \"{{ 'x' * 1000000000 }}\"", "not allowed"),
        ("type: crash.detected", "type: alert.raised", "expected for signals of vehicle.crash"),
        ("to: insurer, channel: webhook", "to: customer, channel: webhook", "contacts.0"),
        ("id: mail", "id: hook", "'hook' is taken"),
        ("deadline_min: 15", "deadline_min: 0", "case.deadline_min"),
    ],
)
def test_what_is_wrong_is_said(old: str, new: str, expected: str) -> None:
    assert old in GOOD
    with pytest.raises(Usage) as error:
        load(GOOD.replace(old, new, 1), "bad.yaml")
    assert expected in str(error.value) and str(error.value).startswith("bad.yaml: ")


@pytest.mark.parametrize(
    "text",
    [
        *("", "[]", "{", "id: 1", "- a", "\t"),
        "? [a]\n: b",
        "version: 2026-02-30",
        "version: !!int one",
        "version: " + "[" * 3_000 + "]" * 3_000,
    ],
    ids=range(10),
)
def test_what_is_no_playbook_is_refused_with_its_file(text: str) -> None:
    with pytest.raises(Usage, match=r"bad\.yaml"):
        load(text, "bad.yaml")


@pytest.mark.parametrize(
    "source",
    [
        "{{ ''.__class__.__mro__ }}",
        "{{ data.__class__.__init__.__globals__ }}",
        "{% for c in range(10000000) %}x{% endfor %}",
        "{{ [].append(1) }}",
        "{{ 9 ** 9999999 }}",
        "{{ nothing }}",
        "{{ cycler }}",
        "{{ 1 | dictsort }}",
        "{{ 'x' | center(900000000) }}",
        "{{ '%0900000000d' % 1 }}",
        "{{ '{:900000000}'.format(1) }}",
        "{% macro again() %}{{ again() }}{% endmacro %}{{ again() }}",
        "{{ " + "9" * 5_000 + " }}",
        "{% for a in [1] %}" * 25 + "{% endfor %}" * 25,
    ],
    ids=range(14),
)
def test_texts_are_kept_in_a_box(source: str) -> None:
    with pytest.raises(TextError):
        render(compile_text(source), {"data": {}, "timezone": "UTC"}, "de")


def test_values_as_people_read_them() -> None:
    values = {
        "data": {"x": 1234.5, "n": None, "kind": "gap"},
        "at": AT,
        "timezone": "Europe/Berlin",
    }
    text = compile_text("{{ data.x | number(1) }} {{ data.n | number }} {{ data.kind | name }} "
                        "{{ at | datetime }} {{ at | time }}")  # fmt: skip
    assert render(text, values, "de") == (
        "1.234,5 – fehlende Messwerte Samstag, 21. November 2026, 11:00 Uhr 11:00 Uhr"
    )
    assert render(text, values, "en") == (
        "1,234.5 – missing readings Saturday, 21 November 2026 at 11:00 11:00"
    )


def situation(playbook: Playbook, **changes: Any) -> Situation:
    """Everything there, and every consent."""
    data = {
        "vehicle.crash": {"at": AT.isoformat(), "severity": 3, "peak_mps2": 1.0,
                          "delta_v_kmh": 1.0, "speed_kmh": 1.0},
        "meter.anomaly.raised": {"kind": "spike", "started_at": AT.isoformat(), "ended_at": None,
                                 "severity": 3, "observed": 2.0, "expected": 1.0, "threshold": 1.5,
                                 "unit": "W"},
        "score.changed": {"score": 50.0, "band": "D", "previous_score": 80.0, "previous_band": "B",
                          "trusted": True, "algorithm_version": "1"},
    }[playbook.spec.trigger.signal]  # fmt: skip
    DATA[playbook.spec.trigger.signal].model_validate(data)
    given: dict[str, Any] = {
        "signal_id": "a" * 32, "revision": 0, "type": playbook.spec.trigger.signal,
        "subject": "vehicle:v", "time": AT, "data": {**data, "retracted": False},
        "happened_at": AT, "person": Person("c", "Ada", "de", {"email": "ada@example.com"}),
        "granted": frozenset(PURPOSES), "receivers": {"insurer": [1, 2], "utility": [3]},
        "channels": frozenset({"inbox", "email"}), "subject_name": "Golf",
        "timezone": "Europe/Berlin", "now": AT + timedelta(minutes=1), "alert_id": "b" * 32,
    }  # fmt: skip
    return Situation(**(given | changes))


@pytest.mark.parametrize("playbook", PLAYBOOKS, ids=lambda p: p.id)
@given(
    granted=st.frozensets(st.sampled_from([*PURPOSES, "offers", ""])),
    known=st.booleans(),
    email=st.sampled_from([None, "ada@example.com"]),
    language=st.sampled_from(["de", "en", "fr"]),
    receivers=st.sampled_from([{}, {"insurer": [1]}, {"utility": [3], "insurer": [1, 2]}]),
    channels=st.sampled_from([frozenset({"inbox"}), frozenset({"inbox", "email"})]),
    retracted=st.booleans(),
    superseded=st.booleans(),
)
def test_nothing_is_planned_without_purpose_and_channel(
    playbook: Playbook,
    granted: frozenset[str],
    known: bool,
    email: str | None,
    language: str,
    receivers: dict[str, list[int]],
    channels: frozenset[str],
    retracted: bool,
    superseded: bool,
) -> None:
    one = situation(playbook)
    one = situation(
        playbook,
        granted=granted,
        person=Person("c", "Ada", language, {"email": email} if email else {}) if known else None,
        receivers=receivers,
        channels=channels,
        data={**one.data, "retracted": retracted},
        superseded=superseded,
    )
    planned = plan(playbook, one)
    purpose = playbook.spec.purpose
    allowed = known and purpose in granted and not retracted and not superseded
    assert planned.verdicts, "there is always a reason"
    if not allowed:
        assert planned.case is None and planned.contacts == []
        assert [v.outcome for v in planned.verdicts] == ["nothing"]
        return
    assert {v.treatment for v in planned.verdicts} == (
        {c.id for c in playbook.spec.contacts} | ({"case"} if playbook.spec.case else set())
    )
    by_mail = [c for c in planned.contacts if c.channel == "email"]
    assert bool(by_mail) == (
        ChannelPurpose.EMAIL in granted and "email" in channels and bool(email)
    )
    assert len({c.contact_id for c in planned.contacts}) == len(planned.contacts)
    for contact in planned.contacts:
        assert refusal(purpose, contact.channel, granted) is None
        assert contact.payload is not None or (contact.subject and contact.body)


@given(st.frozensets(st.sampled_from(PURPOSES)), st.sampled_from(["webhook", "email"]))
def test_sending_fails_closed(granted: frozenset[str], channel: str) -> None:
    assert refusal(None, channel, granted) is not None
    allowed = "driving_score" in granted and (channel != "email" or "channel_email" in granted)
    assert (refusal("driving_score", channel, granted) is None) == allowed


def test_a_corrected_revision_has_the_same_ids() -> None:
    for playbook in PLAYBOOKS:
        plans = [plan(playbook, situation(playbook, revision=revision)) for revision in (0, 1)]
        ids = [[c.contact_id for c in one.contacts] for one in plans]
        assert ids[0] == ids[1] and ids[0]
        assert (plans[0].case and plans[0].case.case_id) == (
            plans[1].case and plans[1].case.case_id
        )


def test_the_webhook_of_an_alert_has_the_figures_that_are_known() -> None:
    playbook = next(
        p for p in PLAYBOOKS
        if any(getattr(c, "type", "") == "alert.raised" for c in p.spec.contacts)
    )  # fmt: skip
    energy = {
        "expected_kwh": 2.0, "low_kwh": 1.5, "high_kwh": 2.5, "observed_kwh": 9.0,
        "excess_kwh": 7.0, "excess_cost": None, "price_source": None,
    }  # fmt: skip
    evidence = {
        "method": 1, "energy": energy, "why_not": None, "usual_w": None,
        "similar_days": [{"date": "2026-11-20", "energy_kwh": 8.0}],
        "likelier_cause": "electric_car", "known_until": AT.isoformat(),
    }  # fmt: skip

    def sent(given: dict[str, Any] | None) -> Any:
        made = plan(playbook, situation(playbook, subject="meter:m", evidence=given))
        webhook = next(c for c in made.contacts if c.channel == "webhook")
        assert webhook.payload is not None
        WEBHOOKS["alert.raised"].model_validate(webhook.payload)
        return webhook.payload["data"]["evidence"]

    assert sent(None) is None
    assert sent({**evidence, "energy": None}) is None
    found = sent(evidence)
    assert found["excess_kwh"] == 7.0 and found["likelier_cause"] == "electric_car"
    assert "usual_w" not in found
