"""Case types: what a file says is checked before it is used; working time is that of the place."""

from datetime import UTC, datetime
from typing import Any

import pytest
import yaml

from customer_context.cases.case_types import load, schema_of
from customer_context.cases.working_time import Deadline, WorkingTime, due_us
from runtime.errors import Usage

TEXTS = {"de": "Text", "en": "text"}


def plan(**changes: Any) -> str:
    step = {
        "id": "ask",
        "title": TEXTS,
        "form": [{"name": "hurt", "type": "boolean", "label": TEXTS, "required": True}],
    }
    found: dict[str, Any] = {
        "id": "claim",
        "version": 1,
        "title": TEXTS,
        "side": "insurer",
        "purpose": "claims_assistance",
        "stages": [{"id": "intake", "title": TEXTS, "steps": [{**step, **changes}]}],
    }
    return yaml.safe_dump(found)


def test_a_good_type_loads() -> None:
    found = load(plan(entry=[{"when": "data.hurt != true"}]), "claim.yaml")
    assert list(found.items) == ["intake", "ask"]
    schema = schema_of(found.items["ask"])
    assert schema["required"] == ["hurt"] and schema["additionalProperties"] is False


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"id": "intake"}, "duplicate"),
        ({"entry": [{"after": ["nowhere"]}]}, "there is no other item 'nowhere'"),
        ({"entry": [{"after": ["ask"]}]}, "there is no other item 'ask'"),
        ({"entry": [{"when": "data.injured"}]}, "there is no data.injured"),
        ({"entry": [{"when": "data.hurt"}]}, "fails without data"),
        ({"entry": [{"when": "data.hurt =="}]}, "no CEL"),
        ({"entry": [{"when": "[1].exists(x, x > 0)"}]}, "may not loop"),
        ({"entry": [{"when": "consents.everything"}]}, "there is no consents.everything"),
        ({"entry": [{"when": "item.times > 1"}]}, "unknown item"),
        ({"kind": "wait", "form": []}, "expected until"),
        ({"kind": "automatic", "form": []}, "expected action"),
        ({"kind": "milestone"}, "a milestone has no form"),
        ({"deadlines": [{"do": "remind"}]}, "one of within_min"),
        ({"deadlines": [{"within_min": 1, "do": "exception"}]}, "there is no exception stage"),
        ({"deadlines": [{"within_min": 1, "do": "complete"}]}, "only a wait"),
        ({"color": "red"}, "Extra inputs"),
    ],
)
def test_a_wrong_type_says_what_is_wrong(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(Usage, match=r"claim\.yaml: .*") as error:
        load(plan(**changes), "claim.yaml")
    assert says in str(error.value)


def test_a_place_without_known_holidays_is_refused() -> None:
    text = plan() + "working_time: {country: XX}\n"
    with pytest.raises(Usage, match="no holidays are known for XX"):
        load(text, "claim.yaml")


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp()) * 1_000_000


@pytest.mark.parametrize(
    ("deadline", "start", "due"),
    [
        # Friday 17:30 and two hours: half an hour on Friday, the rest on Monday.
        (Deadline(working_min=120), "2026-11-27T17:30+01:00", "2026-11-30T09:30+01:00"),
        # Before Easter: Good Friday and Easter Monday are holidays.
        (Deadline(working_min=60), "2026-04-02T17:30+02:00", "2026-04-07T08:30+02:00"),
        (Deadline(working_days=1), "2026-04-02T12:00+02:00", "2026-04-07T18:00+02:00"),
        # Over the change to summer time (29 March 2026) elapsed minutes count.
        (Deadline(within_min=24 * 60), "2026-03-28T12:00+01:00", "2026-03-29T13:00+02:00"),
        (Deadline(working_min=60), "2026-03-27T18:00+01:00", "2026-03-30T09:00+02:00"),
    ],
)
def test_due_times(deadline: Deadline, start: str, due: str) -> None:
    found = due_us(deadline, WorkingTime(), "Europe/Berlin", at(start))
    assert datetime.fromtimestamp(found / 1e6, UTC) == datetime.fromtimestamp(at(due) / 1e6, UTC)


def test_a_regional_holiday_is_one_only_there() -> None:
    start = at("2026-06-03T12:00+02:00")  # the day before Corpus Christi
    bavaria = due_us(Deadline(working_days=1), WorkingTime(region="BY"), "Europe/Berlin", start)
    berlin = due_us(Deadline(working_days=1), WorkingTime(region="BE"), "Europe/Berlin", start)
    assert bavaria - berlin == 24 * 3600 * 1_000_000


def test_a_drawing_is_xml_and_names_every_item() -> None:
    from xml.etree import ElementTree

    from customer_context.cases.drawing import draw
    from services.case_types import shipped

    for case_type in shipped().values():
        root = ElementTree.fromstring(draw(case_type, "en"))
        shown = {text for element in root.iter() for text in [element.text] if text}
        for item in case_type.items.values():
            assert any(text[:20] in item.spec.title.en for text in shown), item.id
