"""The answer of a decision: winners with their texts, and why, as plain values."""

from typing import Any

from contracts.kinds import LANGUAGES, Text
from customer_context.facts.known import known
from customer_context.next_best_action import texts
from customer_context.next_best_action.decide import Request, Winner
from customer_context.next_best_action.explain import factors_json
from customer_context.next_best_action.rules import Rules

STOP = Text(
    "Solche Hinweise stellen Sie unter „Meine Daten“ ab.",
    "You can stop such messages under “My data”.",
)
"""How to stop it."""
_RESTS_ON = Text("Das beruht auf {}.", "This rests on {}.")


def said(
    rules: Rules, request: Request, winner: Winner, name: str, language: str
) -> dict[str, Any]:
    """Return a winner with its texts in a language. name : of the customer; raises `TextError`.

    rests_on : on which data it rests; stop : how to stop it.
    """
    action = rules.by_id[winner.action]
    treatment = next(one for one in action.treatments if one.id == winner.treatment)
    facts = known(request.facts, request.person.granted, request.now_us)
    language = language if language in LANGUAGES else "en"
    rendered = {
        what: texts.say(text, facts, name, language, one_line=what == "subject")
        for (what, one), text in treatment.texts.items()
        if one == language
    }
    return {
        "action": action.id,
        "title": getattr(action.spec.title, language),
        "issue": action.issue,
        "group": action.group,
        "treatment": treatment.id,
        "channel": treatment.channel,
        "rank": winner.rank,
        "subject": rendered.get("subject"),
        "text": rendered["text"],
        "rests_on": _RESTS_ON(language).format(getattr(action.spec.rests_on, language)),
        "stop": STOP(language),
        "purpose": action.purpose,
        "case_type": action.spec.case_type,
        "deliver_at_us": winner.deliver_at_us,
        **factors_json(winner.factors),
    }
