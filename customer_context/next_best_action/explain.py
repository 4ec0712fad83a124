"""Explain a decision: why each action won, lost or fell, recomputed from its inputs. Pure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from customer_context.contact_policy.policy import Judge
from customer_context.facts.catalogue import FACTS
from customer_context.facts.known import FactValue, Value, checked, known
from customer_context.next_best_action.decide import (
    Factors,
    Request,
    Winner,
    common_factors,
    decide,
    open_treatments,
    policy_verdict,
    propensity_of,
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


def explain(
    rules: Rules, request: Request, won: Sequence[Winner] | None = None
) -> list[ActionVerdict]:
    """Return a verdict on every action: winners, then losers by priority, then those that fell.

    won : the winners, where they were decided already.
    """
    winners = {one.action: one for one in (decide(rules, request) if won is None else won)}
    facts = known(request.facts, request.person.granted, request.now_us)
    evaluation = Evaluation(rules, facts)
    judge = Judge(request.person)
    verdicts = []
    for action in rules.actions:
        verdict = _verdict(action, request, facts, evaluation, judge)
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
    action: CompiledAction,
    request: Request,
    facts: Mapping[str, Value],
    evaluation: Evaluation,
    judge: Judge,
) -> ActionVerdict:
    fallen = _fallen(action, request, facts, evaluation)
    if fallen is not None:
        return fallen
    open_ = {one.id for one in open_treatments(action, request, evaluation)}
    common = common_factors(action, facts, evaluation)
    treatments = tuple(
        _treatment(action, one, request, evaluation, judge, open_, common)
        for one in action.treatments
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
    ids = (action.id, action.issue, action.group)
    if not action.from_us <= request.now_us < action.until_us:
        spec = action.spec
        detail = f"valid from {spec.valid_from or '–'} to {spec.valid_to or '–'}"
        return ActionVerdict(*ids, FELL, "validity", "", action.id, detail)
    if action.purpose is not None and action.purpose not in request.person.granted:
        return ActionVerdict(*ids, FELL, "purpose", "", action.id, action.purpose)
    if evaluation.holds(action.tests):
        return None
    gate = _shut(action.gates, evaluation)
    name = gate.condition.fact
    known_ = None if name is None else facts.get(name)
    return ActionVerdict(*ids, FELL, gate.stage, gate.rule, gate.level, gate.text, known_)


def _shut(gates: Sequence[Gate], evaluation: Evaluation) -> Gate:
    """Return the first gate that does not hold, of which there is one."""
    return next(gate for gate in gates if not evaluation.holds(1 << gate.test))


def _treatment(
    action: CompiledAction,
    treatment: CompiledTreatment,
    request: Request,
    evaluation: Evaluation,
    judge: Judge,
    open_: Collection[str],
    common: tuple[float, float],
) -> TreatmentVerdict:
    """open_ : ids of the open treatments of the action; common : its context and value."""
    ids = (treatment.id, treatment.channel)
    if treatment.channel not in request.places:
        return TreatmentVerdict(*ids, "place_not_there")
    if not evaluation.holds(treatment.tests):
        gate = _shut(treatment.gates, evaluation)
        return TreatmentVerdict(*ids, "condition", detail=gate.text)
    if treatment.id not in open_:
        return TreatmentVerdict(*ids, "other_channel_preferred")
    factors = Factors(propensity_of(action, treatment, request), *common, action.weight)
    if factors.priority <= 0:
        return TreatmentVerdict(*ids, "no_priority", factors=factors)
    verdict = policy_verdict(action, treatment, request, judge)
    return TreatmentVerdict(*ids, verdict.refusal, verdict.rule, factors=factors)


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


_FACTORS = ("propensity", "context", "value", "weight", "priority")


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
                **(dict.fromkeys(_FACTORS) if one.factors is None else factors_json(one.factors)),
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
