"""Actions compiled for deciding: conditions as gates that are evaluated once for all actions."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from functools import reduce
from operator import or_
from typing import Any
from zoneinfo import ZoneInfo

from contracts.kinds import LANGUAGES
from customer_context.contact_policy import policy as contact
from customer_context.contact_policy.quiet_hours import QuietHours, minutes_of
from customer_context.facts import conditions
from customer_context.facts.conditions import Condition, Test
from customer_context.facts.known import Value
from customer_context.next_best_action import texts
from customer_context.next_best_action.model import (
    ALL,
    STAGES,
    Action,
    ActionSet,
    ContactPart,
    FactOfValue,
    Group,
    Issue,
    Treatment,
    parse,
)
from customer_context.playbooks.text import TextError
from runtime.errors import Usage

US_PER_S = 1_000_000
FOREVER_US = 2**62


@dataclass(frozen=True, slots=True)
class Gate:
    """A condition of an action. stage : eligible, applicable or suitable; level : all or the id of
    the issue, group or action that has it; rule : id of the policy; test : index of its test; text
    : the condition as one line."""

    stage: str
    level: str
    rule: str
    condition: Condition
    test: int
    text: str


@dataclass(frozen=True, slots=True)
class CompiledTreatment:
    """A treatment. gates : its conditions, and that the facts of its texts are known; tests : of
    these, a bit each; texts : (subject or text, language) → template."""

    id: str
    channel: str
    propensity: float
    gates: tuple[Gate, ...]
    texts: Mapping[tuple[str, str], texts.Text]
    tests: int = 0


@dataclass(frozen=True, slots=True)
class CompiledAction:
    """An action with all that it inherits. Times are microseconds since 1970, until exclusive.

    tests : of its gates, a bit each; contexts : tests → weight.
    """

    spec: Action
    id: str
    issue: str
    group: str
    bypass: bool
    urgent: bool
    purpose: str | None
    from_us: int
    until_us: int
    gates: tuple[Gate, ...]
    tests: int
    contexts: tuple[tuple[int, float], ...]
    value: float | FactOfValue
    weight: float
    treatments: tuple[CompiledTreatment, ...]
    policy: contact.Policy


@dataclass(frozen=True, slots=True)
class Rules:
    """A set of actions that decides. tests : of gates, by index; conditions : of these tests;
    messages : the contact policy of messages that are no action; contact_rules : ids of all rules
    of contact."""

    set: ActionSet
    actions: tuple[CompiledAction, ...]
    tests: tuple[Test, ...]
    conditions: tuple[Condition, ...]
    by_id: Mapping[str, CompiledAction]
    messages: contact.Policy
    contact_rules: frozenset[str]

    @property
    def reach_h(self) -> int:
        """How far before and after a message the contact rules of any action look, in hours."""
        return max((action.policy.reach_h for action in self.actions), default=0)


@dataclass(slots=True)
class _Tests:
    """Tests of equal conditions, and equal contact policies, once."""

    index: dict[str, int] = field(default_factory=dict)
    tests: list[Test] = field(default_factory=list)
    conditions: list[Condition] = field(default_factory=list)
    policies: dict[contact.Policy, contact.Policy] = field(default_factory=dict)

    def of(self, condition: Condition) -> int:
        key = condition.model_dump_json(by_alias=True, exclude_none=True)
        if key not in self.index:
            self.index[key] = len(self.tests)
            self.tests.append(conditions.compiled(condition))
            self.conditions.append(condition)
        return self.index[key]


def load(files: Mapping[str, str]) -> Rules:
    """Load files by name. Raises `Usage` with file, field and the expected value."""
    return compile_set(parse(files))


def compile_set(found: ActionSet) -> Rules:
    """Compile a set. Raises `Usage` where a text is none."""
    tests = _Tests()
    actions = tuple(
        _action(found, issue, group, action, tests) for issue, group, action in found.actions()
    )
    own = found.all.messages
    messages = _policy([found.all.contact, own.contact], set(own.switch_off))
    ids = messages.ids.union(*(action.policy.ids for action in actions))
    by_id = {action.id: action for action in actions}
    made = tuple(tests.tests), tuple(tests.conditions)
    return Rules(found, actions, *made, by_id, messages, ids)


def _action(
    found: ActionSet, issue: Issue, group: Group, action: Action, tests: _Tests
) -> CompiledAction:
    levels: list[tuple[str, Any]] = [
        (ALL, found.all), (issue.id, issue), (group.id, group), (action.id, action),
    ]  # fmt: skip
    off = {*issue.switch_off, *group.switch_off, *action.switch_off}
    gates = _gates(levels, off, action, tests)
    spec: Any = action.value
    policy = _policy([level.contact for _, level in levels], off)
    return CompiledAction(
        spec=action,
        id=action.id,
        issue=issue.id,
        group=group.id,
        bypass=issue.bypass is not None,
        urgent=action.urgent or issue.bypass is not None,
        purpose=None if action.purpose is None else str(action.purpose),
        from_us=_midnight_us(action.valid_from, found.all.timezone, 0),
        until_us=_midnight_us(action.valid_to, found.all.timezone, 1),
        gates=gates,
        tests=_bits(gate.test for gate in gates),
        contexts=tuple(
            (_bits(tests.of(one) for one in context.when), float(context.weight))
            for context in action.context
        ),
        value=spec if isinstance(spec, FactOfValue) else float(spec),
        weight=max(0.0, 1 + float(issue.weight + group.weight + action.weight) / 100),
        treatments=tuple(
            _treatment(action, treatment, issue.id, tests)
            for treatment in sorted(action.treatments, key=lambda one: one.id)
        ),
        policy=tests.policies.setdefault(policy, policy),
    )


def _gate(stage: str, level: str, rule: str, condition: Condition, tests: _Tests) -> Gate:
    return Gate(stage, level, rule, condition, tests.of(condition), conditions.text(condition))


def _gates(
    levels: Sequence[tuple[str, Any]], off: set[str], action: Action, tests: _Tests
) -> tuple[Gate, ...]:
    """Return the gates in order of stage, then of level, all first; the action's own last."""
    gates = []
    for stage in STAGES:
        for level, part in levels:
            for policy in part.policies:
                if policy.kind == stage and policy.id not in off:
                    gates += [_gate(stage, level, policy.id, one, tests) for one in policy.when]
        own: list[Condition] = list(getattr(action, stage))
        if stage == "applicable" and isinstance(action.value, FactOfValue):
            own.append(Condition(fact=action.value.fact, known=True))
        gates += [_gate(stage, action.id, stage, one, tests) for one in own]
    return tuple(gates)


def _bits(tests: Iterable[int]) -> int:
    return reduce(or_, (1 << test for test in tests), 0)


def _treatment(
    action: Action, treatment: Treatment, issue: str, tests: _Tests
) -> CompiledTreatment:
    found: dict[tuple[str, str], texts.Text] = {}
    needed: set[str] = set()
    for what in ("subject", "text"):
        pair = getattr(treatment, what)
        if pair is None:
            continue
        for language in LANGUAGES:
            try:
                found[what, language], facts = texts.compiled(getattr(pair, language))
            except TextError as error:
                where = f"{action.id}.{treatment.id}.{what}.{language}"
                raise Usage(f"{issue}: {where}: no text: {error}") from None
            needed |= facts
    own = [*treatment.when, *(Condition(fact=name, known=True) for name in sorted(needed))]
    gates = tuple(_gate("treatment", action.id, treatment.id, one, tests) for one in own)
    return CompiledTreatment(
        treatment.id,
        treatment.channel,
        float(treatment.propensity if treatment.propensity is not None else action.propensity),
        gates,
        found,
        _bits(gate.test for gate in gates),
    )


def _midnight_us(day: Any, zone: str, later: int) -> int:
    """Return the begin of a day, or of the one after; without a day, the end of time."""
    if day is None:
        return FOREVER_US if later else -FOREVER_US
    begin = datetime.combine(day + timedelta(days=later), time(0), ZoneInfo(zone))
    return int(begin.timestamp()) * US_PER_S


def _policy(parts: Sequence[ContactPart], off: set[str]) -> contact.Policy:
    caps = [cap for part in parts for cap in part.caps if cap.id not in off]
    suppress = [one for part in parts for one in part.suppress if one.id not in off]
    quiet = [part.quiet_hours for part in parts if part.quiet_hours is not None]
    distance = [part.distance_h for part in parts if part.distance_h is not None]
    hours = None
    if quiet and contact.QUIET_HOURS not in off:
        last = quiet[-1]
        channels = None if last.channels is None else frozenset(last.channels)
        hours = QuietHours(minutes_of(last.begin), minutes_of(last.end), channels)
    return contact.Policy(
        tuple(
            contact.Cap(cap.id, cap.most, cap.within_h, cap.channel, cap.per == "household")
            for cap in caps
        ),
        tuple(
            contact.Suppression(
                one.id,
                frozenset(one.after),
                one.for_d,
                one.within_d,
                one.count,
                one.of,
                one.channel,
            )
            for one in suppress
        ),
        hours,
        distance[-1] if distance and contact.DISTANCE not in off else 0,
        contact.PREFERRED not in off,
    )


class Evaluation:
    """Tests over known facts, each evaluated once. failed : those that do not hold, a bit each: to
    ask whether all tests of an action hold is one operation."""

    __slots__ = ("failed",)

    def __init__(self, rules: Rules, known: Mapping[str, Value]) -> None:
        failed, bit = 0, 1
        for test in rules.tests:
            if not test(known):
                failed |= bit
            bit <<= 1
        self.failed = failed

    def holds(self, tests: int) -> bool:
        """Return whether all of these tests hold."""
        return not tests & self.failed
