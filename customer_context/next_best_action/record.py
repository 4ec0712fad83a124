"""The record of a decision: all that is needed to recompute it, as JSON values.

Only facts that existed for the decision are recorded: what consent or age excluded is not. Numbers
survive JSON bit for bit (shortest representation of float64).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from customer_context.contact_policy.policy import Person, Reaction, Sent
from customer_context.facts.catalogue import FACTS
from customer_context.facts.known import FactValue, exists
from customer_context.next_best_action.decide import Factors, Request, Winner
from customer_context.next_best_action.explain import factors_json
from customer_context.next_best_action.rules import Rules

FORM = 1
"""Version of this form."""


def existing(request: Request) -> tuple[FactValue, ...]:
    """Return the facts of a request that exist for it."""
    return tuple(
        one
        for one in request.facts
        if exists(FACTS[one.name], one.at_us, request.person.granted, request.now_us)
    )


def of_request(rules: Rules, request: Request) -> dict[str, Any]:
    """Return the record of a request to these rules."""
    person = request.person
    return {
        "form": FORM,
        "actions": {"digest": rules.set.digest, "versions": rules.set.versions},
        "now_us": request.now_us,
        "places": sorted(request.places),
        "most": request.most,
        "facts": [[one.name, one.value, one.at_us, one.confidence] for one in existing(request)],
        "draws": dict(request.draws),
        "preferred": dict(request.preferred),
        "zone": person.zone,
        "granted": sorted(person.granted),
        "not_by": sorted(map(list, person.not_by)),
        "channels": dict(person.preferred),
        "sent": [[one.at_us, one.channel, one.own, sorted(one.exempt)] for one in person.sent],
        "reactions": [
            [one.at_us, one.outcome, one.channel, one.action, one.group, one.issue]
            for one in person.reactions
        ],
    }


def request_of(record: Mapping[str, Any]) -> Request:
    """Return the request of a record."""
    return Request(
        now_us=record["now_us"],
        places=frozenset(record["places"]),
        facts=tuple(FactValue(*one) for one in record["facts"]),
        person=Person(
            record["zone"],
            frozenset(record["granted"]),
            frozenset((purpose, channel) for purpose, channel in record["not_by"]),
            tuple(Sent(at, channel, own, frozenset(ex)) for at, channel, own, ex in record["sent"]),
            tuple(Reaction(*one) for one in record["reactions"]),
            dict(record.get("channels", {})),
        ),
        draws=dict(record["draws"]),
        preferred=dict(record["preferred"]),
        most=record["most"],
    )


def of_winners(winners: Sequence[Winner]) -> list[dict[str, Any]]:
    """Return winners as plain values."""
    return [
        {
            "action": one.action,
            "treatment": one.treatment,
            "channel": one.channel,
            "rank": one.rank,
            "deliver_at_us": one.deliver_at_us,
            **factors_json(one.factors),
        }
        for one in winners
    ]


def winners_of(rows: Sequence[Mapping[str, Any]]) -> list[Winner]:
    """Return winners from plain values."""
    return [
        Winner(
            row["action"],
            row["treatment"],
            row["channel"],
            row["rank"],
            Factors(row["propensity"], row["context"], row["value"], row["weight"]),
            row["deliver_at_us"],
        )
        for row in rows
    ]
