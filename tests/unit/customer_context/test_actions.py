"""Files of actions: what is refused, and what the shipped ones decide."""

from dataclasses import replace
from typing import Any

import pytest
import yaml

from contracts.kinds import LANGUAGES
from contracts.purposes import Purpose
from customer_context.contact_policy.policy import Person, Reaction
from customer_context.facts.known import FactValue
from customer_context.next_best_action import explain
from customer_context.next_best_action.answer import said
from customer_context.next_best_action.check import load
from customer_context.next_best_action.decide import Request, decide
from runtime.errors import Usage
from services import actions

NOW_US = 1_795_000_000_000_000
DAY_US = 86_400_000_000
EVERYTHING = frozenset(map(str, Purpose))
CUSTOMER = {
    "case.complaint": False, "case.claim": False, "case.contract_change": False,
    "contract.electricity": True, "contract.electricity_age_d": 400, "contract.motor": True,
    "vehicle.parked_outside": True, "tariff.electricity": "flat", "tariff.motor": "flat",
    "consumption.observed_d": 320, "consumption.charger": True, "consumption.charger_nights": 9,
    "driving.observed_d": 90, "driving.score": 78.0, "driving.year_km": 12_000.0,
}  # fmt: skip
RULES = actions.in_use(None)


def request(**changed: Any) -> Request:
    facts = {**CUSTOMER, **{name.replace("__", "."): v for name, v in changed.items()}}
    return Request(
        NOW_US,
        frozenset({"agent"}),
        tuple(FactValue(name, v, NOW_US) for name, v in facts.items() if v is not None),
        Person("Europe/Berlin", EVERYTHING),
    )


def winner(one: Request) -> str | None:
    found = decide(RULES, one)
    return found[0].action if found else None


def test_the_same_customer_gets_another_action_under_other_weather() -> None:
    assert winner(request()) == "ev-tariff"
    assert winner(request(weather__hail_24h=True)) == "hail-notice"
    assert winner(request(weather__heat_wave=True, consumption__rise_pct=35.0)) == (
        "heat-explains-use"
    )
    assert winner(request(weather__hail_24h=True, vehicle__parked_outside=False)) == "ev-tariff"


@pytest.mark.parametrize(
    ("changed", "wins"),
    [
        ({"consumption__charger": False}, None),
        ({"saving__time_of_use_low_eur": 200.0, "saving__time_of_use_high_eur": 250.0},
         "time-of-use-tariff"),
        ({"driving__year_km": 4_000.0, "consumption__charger": False}, "mileage-tariff"),
        ({"driving__score": 91.0}, "safe-driver-discount"),
        ({"instalment__shortfall_eur_month": 40.0}, "instalment-advice"),
        ({"vehicle__service_due_km": 300.0, "consumption__charger": False}, "service-due"),
        ({"weather__frost_24h": True}, "frost-notice"),
    ],
)  # fmt: skip
def test_each_need_has_its_action(changed: dict[str, Any], wins: str | None) -> None:
    assert winner(request(**changed)) == wins


def test_nothing_while_a_complaint_is_open_nor_without_the_purpose() -> None:
    for shipped in ({"weather__hail_24h": True}, {"driving__score": 95.0}, {}):
        assert winner(request(**shipped, case__complaint=True)) is None
        one = request(**shipped)
        assert winner(replace(one, person=Person("Europe/Berlin", frozenset()))) is None
    unknown = request(case__complaint=None)
    assert winner(unknown) is None  # fails closed


def test_a_rejection_silences_the_action_and_not_others() -> None:
    said_no = Reaction(NOW_US - DAY_US, "rejected", "agent", "ev-tariff", "electricity-tariffs",
                       "electricity")  # fmt: skip
    one = request(driving__score=91.0)
    person = Person("Europe/Berlin", EVERYTHING, reactions=(said_no,))
    assert winner(replace(one, most=5)) == "safe-driver-discount"
    found = decide(RULES, replace(one, person=person, most=5))
    assert [won.action for won in found] == ["safe-driver-discount"]
    verdict = next(v for v in explain.explain(RULES, replace(one, person=person, most=5))
                   if v.action == "ev-tariff")  # fmt: skip
    assert (verdict.outcome, verdict.stage, verdict.rule) == (
        "fell", "contact_policy", "after-rejection",
    )  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_says_on_which_data_it_rests_and_how_to_stop_it(language: str) -> None:
    for won in decide(RULES, replace(request(), most=9)):
        answer = said(RULES, request(), won, "Ada", language)
        assert answer["text"] and answer["rests_on"] and answer["stop"]
        assert answer["title"] and "{" not in answer["text"]


def test_an_explanation_names_the_fact_and_what_is_known() -> None:
    verdicts = {v.action: v for v in explain.explain(RULES, request())}
    fell = verdicts["safe-driver-discount"]
    assert (fell.stage, fell.detail, fell.known) == (
        "applicable", "driving.score at_least 85", 78.0,
    )  # fmt: skip
    assert verdicts["ev-tariff"].outcome == "won"
    what_if = explain.with_facts(request(), {"driving.score": 90.0})
    assert decide(RULES, what_if)[0].action == "safe-driver-discount"


ALL: dict[str, Any] = {"id": "all", "version": 1}
ACTION: dict[str, Any] = {
    "id": "a", "title": {"de": "A", "en": "A"}, "rests_on": {"de": "d", "en": "d"},
    "purpose": "energy_insight",
    "treatments": [{"id": "t", "channel": "agent", "text": {"de": "x", "en": "x"}}],
}  # fmt: skip


def issue(action: dict[str, Any], **more: Any) -> dict[str, Any]:
    names = {"de": "N", "en": "N"}
    group = {"id": "g", "title": names, "actions": [action]}
    return {"id": "i", "version": 1, "title": names, "groups": [group], **more}


def files(one: dict[str, Any], every: dict[str, Any] = ALL) -> dict[str, str]:
    return {"all.yaml": yaml.safe_dump(every), "i.yaml": yaml.safe_dump(one)}


def treatment(**changed: Any) -> dict[str, Any]:
    return {**ACTION, "treatments": [{**ACTION["treatments"][0], **changed}]}


def test_a_small_file_is_good() -> None:
    assert [action.id for action in load(files(issue(ACTION))).actions] == ["a"]


POLICY = {"id": "p", "kind": "eligible", "when": [{"fact": "case.open", "is": 0}]}
WRONG: list[tuple[dict[str, Any], str]] = [
    (issue({**ACTION, "purpose": None}), "i.yaml: groups.0.actions.0.purpose: expected a purpose"),
    (issue({**ACTION, "bogus": 1}), "i.yaml: groups.0.actions.0.bogus: Extra inputs"),
    (issue({**ACTION, "switch_off": ["nope"]}), "switch_off: no level above has a rule 'nope'"),
    (issue({**ACTION, "policies": [POLICY]}, policies=[POLICY]), "also the id of a rule above"),
    (issue({**ACTION, "eligible": [{"fact": "x.y", "is": 1}]}), "eligible.0: there is no fact"),
    (issue({**ACTION, "value": {"fact": "case.complaint"}}), "value.fact: no fact with numbers"),
    (issue({**ACTION, "propensity": 0}), "propensity: Input should be greater than 0"),
    (issue(treatment(channel="fax")), "treatments.0.channel: expected one of agent, portal"),
    (issue(treatment(channel="inbox")), "treatments.0.subject: a message by inbox has a subject"),
    (issue(treatment(text={"de": "x", "en": "{{ a.b }}"})), "a.t.text.en: no text: there is"),
    (issue(treatment(text={"de": "{{ foo }}", "en": "x"})), "'foo' is no fact"),
    (issue(treatment(text={"de": "{{ tariff.motor | number }}", "en": "x"})), "fails on a trial"),
    (issue(ACTION, contact={"caps": [{"id": "c", "most": 1, "within_h": 1, "channel": "fax"}]}),
     "contact.caps.0.channel"),
    (issue(ACTION, contact={"quiet_hours": {"begin": "8pm", "end": "08:00"}}), "expected HH:MM"),
    (issue(ACTION, contact={"suppress": [
        {"id": "s", "after": ["bored"], "for_d": 1, "within_d": 1}]}), "suppress.0.after"),
]  # fmt: skip


@pytest.mark.parametrize(("content", "says"), WRONG, ids=[says for _, says in WRONG])
def test_a_wrong_file_says_where_and_what_is_expected(content: dict[str, Any], says: str) -> None:
    with pytest.raises(Usage) as found:
        load(files(content))
    assert says in str(found.value)


def test_ids_of_actions_differ_over_all_files() -> None:
    second = {**issue(ACTION), "id": "j"}
    with pytest.raises(Usage, match="the action 'a' is also in"):
        load({**files(issue(ACTION)), "j.yaml": yaml.safe_dump(second)})
    with pytest.raises(Usage, match="no IANA time zone"):
        load(files(issue(ACTION), {**ALL, "timezone": "Europe/Atlantis"}))
