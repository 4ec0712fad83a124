"""Broken rules that the proof must find: each replaces one rule while it runs."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

from customer_context.contact_policy import policy
from customer_context.facts import columns, conditions, known
from customer_context.next_best_action import batch, decide, record, rules, texts
from proving.testbed.broken import broken_rule

Patch = tuple[Any, str, Any]
_EXISTS, _GATES, _ACTION = known.exists, rules._gates, rules._action
_COMMON, _OPEN, _WON, _TEXTS = (
    decide.common_factors,
    decide.open_treatments,
    decide._won,
    texts.compiled,
)
_RECORD, _FULL = record.of_request, policy._full
_EXIST, _AT_ONCE_BOUNDS, _VALUE = columns.exist, columns._bounded, batch._value


def _without_purpose(fact: Any, at_us: int, granted: Any, now_us: int) -> bool:
    return _EXISTS(replace(fact, purpose=None), at_us, granted, now_us)


def _without_age(fact: Any, at_us: int, granted: Any, now_us: int) -> bool:
    return _EXISTS(replace(fact, max_age_s=None), at_us, granted, now_us)


def _compiled(**changed: Any) -> Callable[..., Any]:
    """Return a compiler of actions that changes these fields."""
    return lambda *given: replace(_ACTION(*given), **changed)


def _nothing_off(levels: Any, off: Any, action: Any, tests: Any) -> Any:
    return _GATES(levels, set(), action, tests)


def _own_gates_only(levels: Any, off: Any, action: Any, tests: Any) -> Any:
    return _GATES(levels[-1:], off, action, tests)


def _bounds_exclusive(name: str, **bounds: float) -> Any:
    names = {"at_least": "above", "at_most": "below"}
    return _BOUNDED(name, **{names.get(bound, bound): at for bound, at in bounds.items()})


_BOUNDED = conditions._bounded


def _unknown_holds(name: str, wanted: Any) -> Any:
    return lambda facts: facts.get(name, wanted) == wanted


def _needs_nothing(source: str) -> Any:
    return _TEXTS(source)[0], frozenset()


def _no_context(*given: Any) -> tuple[float, float]:
    return 1.0, _COMMON(*given)[1]


def _prior_only(action: Any, treatment: Any, request: Any) -> float:
    return float(treatment.propensity)


def _unclamped(action: Any, facts: Any) -> float:
    fact = getattr(action.value, "fact", None)
    return float(action.value if fact is None else facts[fact])


def _later_id_first(found: Any, *more: Any, **options: Any) -> Any:
    return _WON(sorted(found[::-1], key=lambda one: one[0]), *more, **options)


def _one_more(found: Any, request: Any, judge: Any, most: int, **options: Any) -> Any:
    return _WON(found, request, judge, most + 1, **options)


def _no_preference(action: Any, request: Any, evaluation: Any) -> Any:
    return _OPEN(action, replace(request, preferred={}), evaluation)


def _any_place(action: Any, request: Any, evaluation: Any) -> Any:
    every = frozenset(treatment.channel for treatment in action.treatments)
    return _OPEN(action, replace(request, places=every), evaluation)


def _only_before(cap: Any, channel: str, at_us: int, sent: Any) -> bool:
    return _FULL(cap, channel, at_us, [one for one in sent if one.at_us <= at_us])


def _of_person_only(cap: Any, *more: Any) -> bool:
    return _FULL(replace(cap, household=False), *more)


def _loses_draws(given: Any, request: Any) -> Any:
    return {**_RECORD(given, request), "draws": {}}


def _rounds(given: Any, request: Any) -> Any:
    found = _RECORD(given, request)
    return {**found, "draws": {key: round(draw, 6) for key, draw in found["draws"].items()}}


def _loses_reactions(given: Any, request: Any) -> Any:
    return {**_RECORD(given, request), "reactions": []}


def _at_once_without_age(at_us: Any, now_us: Any, max_age_us: Any, allowed: Any) -> Any:
    return _EXIST(at_us, now_us, max_age_us | 2**62, allowed)


def _at_once_without_purpose(at_us: Any, now_us: Any, max_age_us: Any, allowed: Any) -> Any:
    return _EXIST(at_us, now_us, max_age_us, allowed | True)


def _at_once_exclusive(row: int, bounds: Any) -> Any:
    names = {"at_least": "above", "at_most": "below"}
    return _AT_ONCE_BOUNDS(row, {names.get(name, name): at for name, at in bounds.items()})


def _at_once_unclamped(action: Any, values: Any) -> Any:
    fact = getattr(action.value, "fact", None)
    return _VALUE(action, values) if fact is None else values[columns.COLUMN[fact]]


def _at_once_all_refused(self: Any) -> Any:
    return [list(range(len(self._columns)))] * len(self._columns)


def _no(*given: Any, **more: Any) -> bool:
    return False


BROKEN: Mapping[str, Patch] = {
    "consent": (known, "exists", _without_purpose),
    "age": (known, "exists", _without_age),
    "purpose": (rules, "_action", _compiled(purpose=None)),
    "validity": (rules, "_action", _compiled(from_us=-rules.FOREVER_US, until_us=rules.FOREVER_US)),
    "switch-off": (rules, "_gates", _nothing_off),
    "inheritance": (rules, "_gates", _own_gates_only),
    "bounds": (conditions, "_bounded", _bounds_exclusive),
    "unknown-fact": (conditions, "_equals", _unknown_holds),
    "text-facts": (texts, "compiled", _needs_nothing),
    "propensity": (decide, "propensity_of", _prior_only),
    "context": (decide, "common_factors", _no_context),
    "value": (decide, "_value", _unclamped),
    "levers": (rules, "_action", _compiled(weight=1.0)),
    "ties": (decide, "_won", _later_id_first),
    "top-n": (decide, "_won", _one_more),
    "preferred-channel": (decide, "open_treatments", _no_preference),
    "place": (decide, "open_treatments", _any_place),
    "bypass": (rules, "_action", _compiled(bypass=False)),
    "urgent": (rules, "_action", _compiled(urgent=False)),
    "channel-consent": (policy, "_without_consent", lambda message, person: ""),
    "suppression": (policy, "_suppressed", _no),
    "quiet-hours": (policy, "deliver_from", lambda at_us, zone, hours: at_us),
    "cap": (policy, "_full", _no),
    "cap-order": (policy, "_full", _only_before),
    "household": (policy, "_full", _of_person_only),
    "distance": (policy, "_too_near", _no),
    "at-once-age": (columns, "exist", _at_once_without_age),
    "at-once-consent": (columns, "exist", _at_once_without_purpose),
    "at-once-bounds": (columns, "_bounded", _at_once_exclusive),
    "at-once-value": (batch, "_value", _at_once_unclamped),
    "at-once-draws": (batch.Scored, "_draw", lambda *given: None),
    "at-once-preferred": (batch.Scored, "_prefer", lambda *given: None),
    "at-once-refusals": (batch.Batch, "_groups", _at_once_all_refused),
    "record-draws": (record, "of_request", _loses_draws),
    "record-digits": (record, "of_request", _rounds),
    "record-reactions": (record, "of_request", _loses_reactions),
}
"""Name → object, attribute and broken value."""


def broken(name: str | None) -> AbstractContextManager[None]:
    """Break a rule; None = none."""
    return broken_rule(BROKEN, name)
