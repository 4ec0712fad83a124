"""A step is defined once: every shipped one through every renderer, and nothing known is asked."""

import re
from dataclasses import dataclass, replace
from html import unescape
from typing import Any

import pytest

from api.pages.case_steps import Shown, as_entered, entered
from api.pages.frame.formats import Formats
from api.pages.frame.texts import Texts
from api.pages.frame.view import _ENVIRONMENT
from contracts.kinds import LANGUAGES
from customer_context.cases import asking
from customer_context.cases.case_state import CaseState, ItemState, State
from customer_context.cases.case_types import (
    RECORD_FACTS,
    CaseType,
    Item,
    Kind,
    Step,
    load,
    schema_of,
)
from runtime.errors import Usage
from services.case_steps import Plan
from services.case_types import shipped

STEPS = [
    pytest.param(case_type, item, id=f"{case_type.id}-{item.id}")
    for case_type in shipped().values()
    for item in case_type.items.values()
    if item.kind == Kind.HUMAN
]
AGENT = """{% import "case_steps.html" as steps with context %}{{ steps.form(plan, case, item) }}"""
PHONE = """{% import "matter_step.html" as steps with context %}
{{ steps.own_step(plan, item, "/matter/x", []) }}"""


@dataclass
class AView:
    """What the macros need of a view."""

    csrf: str = "token"


def shown(case_type: CaseType, item: Item, language: str, **more: Any) -> Shown:
    state = CaseState(
        items={
            id_: ItemState(State.ACTIVE if id_ == item.id else State.AVAILABLE)
            for id_ in case_type.items
        }
    )
    return Shown(Plan(case_type, state, [], None), [item], language, language, **more)


def rendered(template: str, plan: Shown, item: Item) -> str:
    language = plan.language
    html = _ENVIRONMENT.from_string(template).render(
        plan=plan, item=item, case={"case_id": "c", "version": 1}, view=AView(),
        t=Texts(language), f=Formats(language, "UTC"),
    )  # fmt: skip
    return unescape(html)


def controls(html: str) -> dict[str, bool]:
    """Name of each field → whether it is required."""
    found = re.findall(r'<(?:select|textarea|input)[^>]*name="field\.(\w+)"[^>]*>', html)
    required = re.findall(
        r'<(?:select|textarea|input)[^>]*name="field\.(\w+)"[^>]* required[^>]*>', html
    )
    assert len(found) == len(set(found)), "each once"
    return {name: name in required for name in found}


@pytest.mark.parametrize(("case_type", "item"), STEPS)
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("template", [AGENT, PHONE], ids=["agent", "phone"])
def test_each_step_has_the_fields_of_its_schema(
    case_type: CaseType, item: Item, language: str, template: str
) -> None:
    html = rendered(template, shown(case_type, item, language), item)
    schema = schema_of(item)
    assert controls(html) == {name: name in schema["required"] for name in schema["properties"]}
    for one in item.form:
        label = str(getattr(one.label, language))
        assert f">{label}" in html, label
        for choice in one.choices:
            assert f'value="{choice.value}"' in html
        if one.notice is not None:
            assert str(getattr(one.notice, language)) in html, "why it is asked"
        if one.needs == "position":
            assert "data-position-for" in html and one.notice is not None
    for document in item.documents:
        assert str(getattr(document.title, language)) in html
        if template == PHONE:
            assert 'type="file"' in html
            assert ("capture" in html) == (document.needs == "camera")
    assert str(getattr(item.spec.title, language)) in html


@pytest.mark.parametrize(("case_type", "item"), STEPS)
def test_a_form_sends_what_the_schema_takes(case_type: CaseType, item: Item) -> None:
    import jsonschema

    sample = {"boolean": "1", "text": "words", "number": "1,5", "integer": "2",
              "date": "2026-12-01"}  # fmt: skip
    form = {
        f"field.{one.name}": one.choices[0].value if one.choices else sample[one.type]
        for one in item.form
    }
    data = entered(item, form)
    jsonschema.Draft202012Validator(schema_of(item)).validate(data)
    assert data.keys() == {one.name for one in item.form}
    assert as_entered(item, form).keys() == data.keys()


@pytest.mark.parametrize(("case_type", "item"), STEPS)
def test_nothing_is_asked_that_the_record_knows(case_type: CaseType, item: Item) -> None:
    """With a record that knows everything, no field whose fact exists is in any form; and no
    shipped field asks for a fact by another name."""
    record = {fact: f"known {fact}" for fact in RECORD_FACTS}
    for template in (AGENT, PHONE):
        asked = controls(rendered(template, shown(case_type, item, "en", record=record), item))
        for one in item.form:
            assert (one.name in asked) == (one.fact is None)
    names = {one.name for one in item.form if one.fact is None}
    if item.id == "new-address":
        names.discard("meter_number")  # of the new home: the record cannot know it
    assert not names & {*RECORD_FACTS, "phone", "mobile", "customer", "customer_name", "e_mail"}


FACTUAL = """
id: known
version: 1
title: {de: x, en: x}
stages:
  - id: only
    title: {de: x, en: x}
    steps:
      - id: ask
        who: customer
        title: {de: x, en: x}
        form:
          - {name: own_plate, type: text, required: true, fact: plate, label: {de: P, en: P}}
          - {name: other, type: text, label: {de: O, en: O}}
"""


def test_a_field_whose_fact_is_known_is_not_asked_and_is_filled() -> None:
    case_type = load(FACTUAL, "known.yaml")
    item = case_type.items["ask"]
    unknown, known = {"plate": None}, {"plate": "B-X 1"}
    for template in (AGENT, PHONE):
        html = rendered(template, shown(case_type, item, "en", record=unknown), item)
        assert controls(html) == {"own_plate": True, "other": False}
        html = rendered(template, shown(case_type, item, "en", record=known), item)
        assert controls(html) == {"other": False}
    assert asking.known(item, known) == {"own_plate": "B-X 1"} and asking.known(item, unknown) == {}


def test_a_fact_that_does_not_exist_is_refused() -> None:
    with pytest.raises(Usage, match="there is no fact 'shoe_size'"):
        load(FACTUAL.replace("fact: plate", "fact: shoe_size"), "known.yaml")
    with pytest.raises(Usage, match="summary"):
        load(FACTUAL.replace("who: customer", "summary: [nothing]"), "known.yaml")


def test_what_was_refused_stays_in_the_form() -> None:
    case_type = shipped()["moving-house"]
    item = case_type.items["final-reading"]
    plan = replace(shown(case_type, item, "en"), entered={"final_kwh": "-5"})
    assert 'value="-5"' in rendered(PHONE, plan, item)


def test_a_milestone_has_a_notice_in_both_languages() -> None:
    for case_type in shipped().values():
        milestones = [i.spec for i in case_type.items.values() if i.kind == Kind.MILESTONE]
        assert milestones, case_type.id
        for spec in milestones:
            assert isinstance(spec, Step) and spec.notice is not None, spec.id
            assert all(getattr(spec.notice, language) for language in LANGUAGES)
