"""Explain a decision: why each action won, lost or fell, recomputed from its inputs. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from customer_context.contact_policy.policy import Judge
from customer_context.facts import conditions
from customer_context.facts.catalogue import FACTS
from customer_context.facts.known import FactValue, Value, checked, known
from customer_context.next_best_action.decide import (
    Factors,
    Request,
    decide,
    factors_of,
    open_treatments,
    policy_verdict,
)
from customer_context.next_best_action.rules import (
    CompiledAction,
    CompiledTreatment,
    Evaluation,
    Gate,
    Rules,
)

WON, LOST, FELL = "won", "lost", "fell"


@dataclass(frozen=True, slots=True)
class TreatmentVerdict:
    """Why a treatment is open or not. reason : '' = it is open; factors : of an open one."""

    treatment: str
    channel: str
    reason: str
    rule: str = ""
    detail: str = ""
    factors: Factors | None = None


@dataclass(frozen=True, slots=True)
class ActionVerdict:
    """Why an action won, lost or fell.

    outcome : won, lost (another has a higher priority) or fell. stage : where it fell: validity,
    purpose, eligible, applicable, suitable, treatment, contact_policy, priority. rule, level : the
    policy and where it stands; detail : the condition; known : the value, None = not known.
    """

    action: str
    issue: str
    group: str
    outcome: str
    stage: str = ""
    rule: str = ""
    level: str = ""
    detail: str = ""
    known: Value | None = None
    rank: int | None = None
    treatments: tuple[TreatmentVerdict, ...] = ()


def explain(rules: Rules, request: Request) -> list[ActionVerdict]:
    """Return a verdict on every action: winners, then losers by priority, then those that fell."""
    winners = {one.action: one for one in decide(rules, request)}
    facts = known(request.facts, request.person.granted, request.now_us)
    evaluation = Evaluation(rules, facts)
    verdicts = []
    for action in rules.actions:
        verdict = _verdict(action, request, facts, evaluation)
        if action.id in winners:
            verdict = replace(verdict, outcome=WON, stage="", rank=winners[action.id].rank)
        verdicts.append(verdict)
    order = {WON: 0, LOST: 1, FELL: 2}
    verdicts.sort(key=lambda one: (order[one.outcome], one.rank or 0, -_best(one), one.action))
    return verdicts


def _best(verdict: ActionVerdict) -> float:
    open_ = [one.factors for one in verdict.treatments if one.factors and not one.reason]
    return max((factors.priority for factors in open_), default=0.0)


def _verdict(
    action: CompiledAction, request: Request, facts: Mapping[str, Value], evaluation: Evaluation
) -> ActionVerdict:
    fallen = _fallen(action, request, facts, evaluation)
    if fallen is not None:
        return fallen
    treatments = tuple(
        _treatment(action, one, request, facts, evaluation) for one in action.treatments
    )
    base = ActionVerdict(action.id, action.issue, action.group, LOST, treatments=treatments)
    if any(not one.reason for one in treatments):
        return base
    held = [one for one in treatments if one.factors is not None]
    first = held[0] if held else treatments[0]
    stage = "contact_policy" if held else "treatment"
    if held and all(one.reason == "no_priority" for one in held):
        stage = "priority"
    return replace(base, outcome=FELL, stage=stage, rule=first.rule, detail=first.reason)


def _fallen(
    action: CompiledAction, request: Request, facts: Mapping[str, Value], evaluation: Evaluation
) -> ActionVerdict | None:
    fell = ActionVerdict(action.id, action.issue, action.group, FELL)
    if not action.from_us <= request.now_us < action.until_us:
        spec = action.spec
        return replace(
            fell, stage="validity", level=action.id,
            detail=f"valid from {spec.valid_from or '–'} to {spec.valid_to or '–'}",
        )  # fmt: skip
    if action.purpose is not None and action.purpose not in request.person.granted:
        return replace(fell, stage="purpose", level=action.id, detail=action.purpose)
    gate = _shut(action.gates, evaluation)
    if gate is None:
        return None
    name = gate.condition.fact
    return replace(
        fell,
        stage=gate.stage,
        rule=gate.rule,
        level=gate.level,
        detail=conditions.text(gate.condition),
        known=None if name is None else facts.get(name),
    )


def _shut(gates: Sequence[Gate], evaluation: Evaluation) -> Gate | None:
    return next((gate for gate in gates if not evaluation.holds((gate.test,))), None)


def _treatment(
    action: CompiledAction,
    treatment: CompiledTreatment,
    request: Request,
    facts: Mapping[str, Value],
    evaluation: Evaluation,
) -> TreatmentVerdict:
    found = TreatmentVerdict(treatment.id, treatment.channel, "")
    if treatment.channel not in request.places:
        return replace(found, reason="place_not_there")
    gate = _shut(treatment.gates, evaluation)
    if gate is not None:
        return replace(found, reason="condition", detail=conditions.text(gate.condition))
    if treatment not in open_treatments(action, request, evaluation):
        return replace(found, reason="other_channel_preferred")
    factors = factors_of(action, treatment, request, facts, evaluation)
    if factors.priority <= 0:
        return replace(found, reason="no_priority", factors=factors)
    verdict = policy_verdict(action, treatment, request, Judge(request.person))
    return replace(found, reason=verdict.refusal, rule=verdict.rule, factors=factors)


def with_facts(request: Request, changed: Mapping[str, Value | None]) -> Request:
    """Return a request with other facts, for a what-if. None = the fact is not known.

    Raises `FactError`. A fact whose purpose is not granted stays unknown.
    """
    kept = [one for one in request.facts if one.name not in changed]
    for name, value in changed.items():
        if value is not None:
            kept.append(FactValue(name, checked(name, value), request.now_us))
        elif name not in FACTS:
            checked(name, value)
    return replace(request, facts=tuple(kept))


def as_json(verdict: ActionVerdict) -> dict[str, Any]:
    """Return a verdict as plain values."""
    return {
        "action": verdict.action,
        "issue": verdict.issue,
        "group": verdict.group,
        "outcome": verdict.outcome,
        "rank": verdict.rank,
        "stage": verdict.stage or None,
        "rule": verdict.rule or None,
        "level": verdict.level or None,
        "detail": verdict.detail or None,
        "known": verdict.known,
        "treatments": [
            {
                "treatment": one.treatment,
                "channel": one.channel,
                "reason": one.reason or None,
                "rule": one.rule or None,
                "detail": one.detail or None,
                **({} if one.factors is None else factors_json(one.factors)),
            }
            for one in verdict.treatments
        ],
    }


def factors_json(factors: Factors) -> dict[str, float]:
    """Return factors and priority as plain values."""
    return {
        "propensity": factors.propensity,
        "context": factors.context,
        "value": factors.value,
        "weight": factors.weight,
        "priority": factors.priority,
    }
