"""One case by hand: what is to be done next, and why."""

import yaml

from customer_context.cases.case_state import Does, Event, State, Surroundings, What
from customer_context.cases.case_types import load
from customer_context.cases.engine import apply, open_, open_steps

TEXTS = {"de": "Text", "en": "text"}
HURT = {"name": "hurt", "type": "boolean", "label": TEXTS}
TYPE = {
    "id": "claim",
    "version": 1,
    "title": TEXTS,
    "side": "insurer",
    "purpose": "claims_assistance",
    "stages": [
        {
            "id": "scene",
            "title": TEXTS,
            "steps": [
                {
                    "id": "ask",
                    "title": TEXTS,
                    "form": [HURT],
                    "deadlines": [{"within_min": 2, "do": "exception"}],
                },
                {
                    "id": "hospital",
                    "title": TEXTS,
                    "entry": [{"after": ["ask"], "when": "data.hurt == true"}],
                    "required": False,
                },
            ],
        },
        {"id": "odd", "title": TEXTS, "exception": True, "steps": [{"id": "sort", "title": TEXTS}]},
    ],
}
AROUND = Surroundings()


def test_an_answer_leads_on_and_silence_is_an_exception() -> None:
    kind = load(yaml.safe_dump(TYPE), "claim.yaml")
    opened = open_(kind, Event(What.OPEN, 0), AROUND).state
    assert [item.id for item in open_steps(kind, opened)] == ["ask"]
    assert opened.next_due_us == 120_000_000

    answered = apply(kind, opened, Event(What.COMPLETE, 1, "ask", {"hurt": True}), AROUND).state
    assert [item.id for item in open_steps(kind, answered)] == ["hospital"]
    assert answered.items["hospital"].why == "entry: after ask and data.hurt == true"
    assert answered.next_due_us is None

    silent = apply(kind, opened, Event(What.TIME, 120_000_000), AROUND)
    assert [effect.does for effect in silent.effects] == [Does.EXCEPTION]
    assert [item.id for item in open_steps(kind, silent.state)] == ["ask", "sort"]
    done = apply(kind, silent.state, Event(What.COMPLETE, 121_000_000, "sort"), AROUND).state
    done = apply(
        kind, done, Event(What.COMPLETE, 122_000_000, "ask", {"hurt": False}), AROUND
    ).state
    assert done.state == State.COMPLETED
