"""Compare decisions with their oracle over random actions and customers, and recompute each."""

import json
from dataclasses import dataclass, field
from random import Random
from typing import Any

import yaml

from contracts.channels import CHANNELS
from customer_context.contact_policy.policy import Person, Reaction, Sent
from customer_context.facts.catalogue import as_rows
from customer_context.facts.known import FactValue
from customer_context.next_best_action import batch, decide, explain, record
from customer_context.next_best_action.decide import Request, Winner
from customer_context.next_best_action.rules import Rules, load
from proving.decisions import random_sets
from proving.testbed.rounds import problems_of
from tests.oracles import next_best_action as oracle

_REQUESTS = 12
"""Customers that each set of actions decides for."""
_CATALOGUE = {row["name"]: row for row in as_rows()}
CHANNEL_PURPOSES = {
    name: None if spec.purpose is None else str(spec.purpose) for name, spec in CHANNELS.items()
}


@dataclass(slots=True)
class Proof:
    """What was tried, and what differed."""

    sets: int = 0
    decisions: int = 0
    winners: int = 0
    explained: int = 0
    at_once: int = 0
    problems: list[str] = field(default_factory=list)


def prove(seed: int, rounds: int, most_problems: int = 5) -> Proof:
    """Decide for `_REQUESTS` customers with each of `rounds` sets of actions."""
    found = Proof()
    found.problems = problems_of(lambda random: _round(random, found), seed, rounds, most_problems)
    return found


def _round(random: Random, found: Proof) -> str | None:
    every, issues = random_sets.files(random)
    named = [("all.yaml", every), *((f"{issue['id']}.yaml", issue) for issue in issues)]
    rules = load({name: _yaml(part) for name, part in named})
    found.sets += 1
    plains = [random_sets.request(random, every, issues) for _ in range(_REQUESTS)]
    for plain in plains:
        problem = _decision(rules, every, issues, plain, found)
        if problem is not None:
            return problem
    return _at_once(rules, [request_of(plain) for plain in plains], found)


def _yaml(part: dict[str, Any]) -> str:
    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)  # ten times as fast, where it is there
    return str(yaml.dump(part, Dumper=dumper, sort_keys=False))


def _at_once(rules: Rules, requests: list[Request], found: Proof) -> str | None:
    """Decide about all customers at once, from columns: the same winners as one by one."""
    for request, winners in zip(requests, batch.Batch(rules).decide(requests), strict=True):
        found.at_once += 1
        wanted = decide.decide(rules, request)
        if winners != wanted:
            return f"won at once {_plain(winners)!r}, one by one {_plain(wanted)!r}"
    return None


def _decision(
    rules: Rules, every: dict[str, Any], issues: list[dict[str, Any]], plain: dict[str, Any],
    found: Proof,
) -> str | None:  # fmt: skip
    request = request_of(plain)
    winners = decide.decide(rules, request)
    found.decisions += 1
    found.winners += len(winners)
    wanted = oracle.decided((every, issues), _CATALOGUE, plain, CHANNEL_PURPOSES)
    if _plain(winners) != wanted:
        return f"won {_plain(winners)!r}, expected {wanted!r}"
    written = json.dumps([record.of_request(rules, request), record.of_winners(winners)])
    stored, stored_winners = json.loads(written)
    again = record.request_of(stored)
    if decide.decide(rules, again) != record.winners_of(stored_winners):
        return f"recomputed from the record: {_plain(decide.decide(rules, again))!r}"
    verdicts = [explain.as_json(one) for one in explain.explain(rules, request)]
    found.explained += len(verdicts)
    if verdicts != [explain.as_json(one) for one in explain.explain(rules, again)]:
        return "the explanation recomputed from the record is another one"
    return _explanation(verdicts, winners, plain, wanted, rules)


def _explanation(
    verdicts: list[dict[str, Any]], winners: list[Winner], plain: dict[str, Any],
    wanted: list[Any], rules: Rules,
) -> str | None:  # fmt: skip
    """Return what an explanation says that is not so."""
    won = {one.action: one.rank for one in winners}
    if {v["action"]: v["rank"] for v in verdicts if v["outcome"] == "won"} != won:
        return "the explanation has other winners"
    if len(verdicts) != len(rules.actions):
        return "an action is not explained"
    competing = [one for one in wanted if one[2] > 0]
    lowest = min((one[3] for one in competing), default=0.0)
    for verdict in verdicts:
        open_ = [one for one in verdict["treatments"] if one["reason"] is None]
        if verdict["outcome"] == "fell" and (open_ or not verdict["stage"]):
            return f"{verdict['action']} fell without a reason"
        if verdict["outcome"] == "lost":
            best = max((one["priority"] for one in open_), default=None)
            if best is None or len(competing) < plain["most"] or best > lowest:
                return f"{verdict['action']} lost, and nothing that won is above it"
    return None


def _plain(winners: list[Winner]) -> list[Any]:
    return [
        (one.action, one.treatment, one.rank, one.factors.priority, one.deliver_at_us)
        for one in winners
    ]


def request_of(plain: dict[str, Any]) -> Request:
    person = plain["person"]
    return Request(
        plain["now"],
        frozenset(plain["places"]),
        tuple(FactValue(name, value, at) for name, value, at in plain["facts"]),
        Person(
            person["zone"],
            frozenset(person["granted"]),
            frozenset(person["not_by"]),
            tuple(
                Sent(one["at"], one["channel"], one["own"], frozenset(one["exempt"]))
                for one in person["sent"]
            ),
            tuple(
                Reaction(
                    one["at"], one["outcome"], one["channel"], one["action"], one["group"],
                    one["issue"],
                )
                for one in person["reactions"]
            ),
            person.get("preferred", {}),
        ),
        plain["draws"],
        plain["preferred"],
        plain["most"],
    )  # fmt: skip
