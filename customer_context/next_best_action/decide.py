"""Decide: the winners among all actions for one customer now. Pure.

eligible → applicable → suitable → contact policy → priority → top N. The priority is

    propensity · (1 + Σ context / 100) · value · (1 + (issue + group + action) / 100)

in this order of multiplication, so that it can be recomputed bit for bit. Of equal priorities the
action and then the treatment that comes first by its id wins. Each action wins at most once. Where
the customer prefers a channel for the issue and the action can be said there, its other treatments
take no part. Actions of a bypassing issue (safety, claims, legal, contract) win beside all others.
Oracle: tests/oracles/next_best_action.py.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

from customer_context.contact_policy.policy import Judge, Message, Person, Verdict
from customer_context.facts.known import FactValue, Value, known
from customer_context.next_best_action.model import FactOfValue
from customer_context.next_best_action.rules import (
    CompiledAction,
    CompiledTreatment,
    Evaluation,
    Rules,
)


@dataclass(frozen=True, slots=True)
class Request:
    """All inputs of a decision.

    places : where treatments can be said or sent now; facts : values of any age, of any purpose;
    draws : `action/treatment` → propensity, instead of the prior; preferred : issue → channel;
    most : winners at most, without those that bypass.
    """

    now_us: int
    places: frozenset[str]
    facts: Sequence[FactValue]
    person: Person
    draws: Mapping[str, float] = field(default_factory=dict)
    preferred: Mapping[str, str] = field(default_factory=dict)
    most: int = 1


@dataclass(frozen=True, slots=True)
class Factors:
    """The factors of a priority."""

    propensity: float
    context: float
    value: float
    weight: float

    @property
    def priority(self) -> float:
        """Their product."""
        return float(product(self.propensity, self.context, self.value, self.weight))


def product(propensity: float, context: Any, value: Any, weight: float) -> Any:
    """Multiply in this order: floats, or columns of them, round at each step."""
    return propensity * context * value * weight


@dataclass(frozen=True, slots=True)
class Winner:
    """An action that won. rank : from 1; 0 = it bypasses. deliver_at_us : not before."""

    action: str
    treatment: str
    channel: str
    rank: int
    factors: Factors
    deliver_at_us: int


_Candidate = tuple[float, str, str, CompiledAction, CompiledTreatment, float, float, float]
"""−priority, ids of action and treatment, these, propensity, context and value."""
_ORDER = itemgetter(0, 1, 2)


def decide(rules: Rules, request: Request) -> list[Winner]:
    """Return the winners: those that bypass in the order of their files, then others by rank."""
    facts = known(request.facts, request.person.granted, request.now_us)
    evaluation = Evaluation(rules, facts)
    failed, now_us = evaluation.failed, request.now_us
    granted = request.person.granted
    judge = Judge(request.person)
    bypassing: list[Winner] = []
    found: list[_Candidate] = []
    for action in rules.actions:
        if action.tests & failed or not action.from_us <= now_us < action.until_us:
            continue
        if action.purpose is not None and action.purpose not in granted:
            continue
        treatments = open_treatments(action, request, evaluation)
        if not treatments:
            continue
        context, value = common_factors(action, facts, evaluation)
        candidates: list[_Candidate] = []
        for treatment in treatments:
            propensity = propensity_of(action, treatment, request)
            priority = product(propensity, context, value, action.weight)
            if priority > 0:
                one = (-priority, action.id, treatment.id, action, treatment, propensity)
                candidates.append((*one, context, value))
        if action.bypass:
            bypassing += _won(sorted(candidates, key=_ORDER), request, judge, 1, bypass=True)
        else:
            found += candidates
    found.sort(key=_ORDER)
    return bypassing + _won(found, request, judge, request.most, bypass=False)


def _won(
    candidates: Sequence[_Candidate],
    request: Request,
    judge: Judge,
    most: int,
    *,
    bypass: bool,
) -> list[Winner]:
    winners: list[Winner] = []
    taken: set[str] = set()
    for _, id_, _, action, treatment, propensity, context, value in candidates:
        if len(winners) == most:
            break
        if id_ in taken:
            continue
        verdict = policy_verdict(action, treatment, request, judge)
        if verdict.refusal:
            continue
        taken.add(id_)
        rank = 0 if bypass else len(winners) + 1
        factors = Factors(propensity, context, value, action.weight)
        winners.append(
            Winner(id_, treatment.id, treatment.channel, rank, factors, verdict.deliver_at_us)
        )
    return winners


def open_treatments(
    action: CompiledAction, request: Request, evaluation: Evaluation
) -> list[CompiledTreatment]:
    """Return the treatments whose place is there and whose conditions hold; only those of the
    preferred channel, where there are any."""
    places, failed = request.places, evaluation.failed
    found = [
        treatment
        for treatment in action.treatments
        if treatment.channel in places and not treatment.tests & failed
    ]
    if not request.preferred:
        return found
    preferred = request.preferred.get(action.issue)
    if preferred is not None:
        return [one for one in found if one.channel == preferred] or found
    return found


def propensity_of(action: CompiledAction, treatment: CompiledTreatment, request: Request) -> float:
    """Return the drawn propensity of a treatment, or its prior."""
    if not request.draws:
        return treatment.propensity
    return request.draws.get(f"{action.id}/{treatment.id}", treatment.propensity)


def common_factors(
    action: CompiledAction, facts: Mapping[str, Value], evaluation: Evaluation
) -> tuple[float, float]:
    """Return context and value, which all treatments of an action share."""
    added = 0.0
    for tests, weight in action.contexts:
        if not tests & evaluation.failed:
            added += weight
    return max(0.0, 1 + added / 100), _value(action, facts)


def _value(action: CompiledAction, facts: Mapping[str, Value]) -> float:
    if isinstance(action.value, FactOfValue):
        found = facts[action.value.fact]  # a gate has asked whether it is known
        return float(min(max(found, action.value.least), action.value.most))
    return action.value


def policy_verdict(
    action: CompiledAction, treatment: CompiledTreatment, request: Request, judge: Judge
) -> Verdict:
    """Return what the contact policy says of a treatment."""
    message = Message(
        request.now_us,
        treatment.channel,
        action.purpose,
        action.id,
        action.group,
        action.issue,
        action.urgent,
    )
    return judge.verdict(action.policy, message)
