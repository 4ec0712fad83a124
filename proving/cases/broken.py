"""Broken rules that the proof must find: each replaces one rule while it runs."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from customer_context.cases import engine, working_time
from customer_context.cases.case_state import CaseState, State, What
from customer_context.cases.case_types import Item, Kind
from customer_context.cases.working_time import WorkingTime
from proving.testbed.broken import broken_rule
from runtime.errors import NotAllowed

_RUN = engine._Run
Patch = tuple[Any, str, Any]


def _no_exits(run: Any) -> bool:
    return False


def _entries_first(run: Any) -> tuple[Callable[[], bool], ...]:
    exits, entries, *rest = _ORDER(run)
    return (entries, exits, *rest)


_ORDER = _RUN._order
_SET = _RUN.set
_FINISH = _RUN.finish
_COMPLETE = _RUN.complete


def _set_keeps_timers(
    run: Any, item: Item, state: State, why: str, times: int | None = None
) -> None:
    timers = set(run.timers)
    _SET(run, item, state, why, times)
    run.timers = timers


def _finish_once(run: Any, item: Item, why: str) -> None:
    run.set(item, State.COMPLETED, why)


def _end_leaves_children(run: Any, item: Item, why: str) -> None:
    run.set(item, State.TERMINATED, why)


def _complete_without_required(run: Any, container: str | None, rule: str) -> bool:
    return not any(
        run.state_of(child) in (State.ACTIVE, State.FAILED)
        for child in run.type.children(container)
    )


def _complete_rule_ignored(run: Any, container: str | None, rule: str) -> bool:
    return _COMPLETE(run, container, "required")


def _any_after(run: Any, sentries: Any) -> Any:
    for sentry in sentries:
        after = [run.items[id_].state == State.COMPLETED for id_ in sentry.after]
        if (not after or any(after)) and run.holds(sentry.when):
            return sentry
    return None


def _without_condition(run: Any, sentries: Any) -> Any:
    for sentry in sentries:
        if all(run.items[id_].state == State.COMPLETED for id_ in sentry.after):
            return sentry
    return None


def _swallowed(run: Any, reason: str) -> None:
    """An exception that nobody gets."""


def _fire_twice(run: Any, item: Item, deadline: Any) -> None:
    _FIRE(run, item, deadline)
    _FIRE(run, item, deadline)


_FIRE = engine._fire


def _time_first_only(run: Any, event: Any) -> None:
    due = [timer for timer in sorted(run.timers) if timer.due_us <= event.at_us]
    if run.case == State.ACTIVE and due:
        run.timers -= set(due)  # the others are lost
        item = run.type.items[due[0].item]
        _FIRE(run, item, next(d for d in item.spec.deadlines if d.id == due[0].deadline))


_TO_JSON = CaseState.to_json


def _loses_timers(state: CaseState) -> dict[str, Any]:
    return {**_TO_JSON(state), "timers": []}


def _always_works(hours: WorkingTime, day: date) -> bool:
    return working_time.DAYS[day.weekday()] in hours.days


def _winter_time(hours: WorkingTime, zone: ZoneInfo, day: date) -> tuple[datetime, datetime]:
    offset = datetime(day.year, 1, 15, tzinfo=zone).utcoffset()
    assert offset is not None
    return (
        datetime.combine(day, time.fromisoformat(hours.begin), UTC) - offset,
        datetime.combine(day, time.fromisoformat(hours.end), UTC) - offset,
    )


def _complete_without_documents(run: Any, event: Any) -> None:
    item = engine._expect(run, event, State.ACTIVE)
    if item.kind not in (Kind.HUMAN, Kind.AUTOMATIC, Kind.CASE):
        raise NotAllowed("nobody completes it")
    run.finish(item, event.what)


def _retry_forgets(run: Any, event: Any) -> None:
    run.set(engine._expect(run, event, State.FAILED), State.ACTIVE, event.what)


def _milestone_unreached(run: Any, item: Item, why: str) -> None:
    effects = list(run.effects)
    _ACTIVATE(run, item, why)
    if item.kind == Kind.MILESTONE:
        run.effects = effects


_ACTIVATE = _RUN.activate


def _rule(what: What, rule: Any) -> Patch:
    return engine, "_RULES", {**engine._RULES, what: rule}


BROKEN: Mapping[str, Patch] = {
    "exit": (_RUN, "_exits", _no_exits),
    "order": (_RUN, "_order", _entries_first),
    "after-all": (_RUN, "met", _any_after),
    "condition": (_RUN, "met", _without_condition),
    "exception": (_RUN, "raise_", _swallowed),
    "stuck": (_RUN, "_stuck", _no_exits),
    "repetition": (_RUN, "finish", _finish_once),
    "required": (_RUN, "complete", _complete_without_required),
    "complete-all": (_RUN, "complete", _complete_rule_ignored),
    "stage-ends-steps": (_RUN, "end", _end_leaves_children),
    "documents": _rule(What.COMPLETE, _complete_without_documents),
    "retry": _rule(What.RETRY, _retry_forgets),
    "milestone": (_RUN, "activate", _milestone_unreached),
    "deadline-twice": (engine, "_fire", _fire_twice),
    "deadline-lost": _rule(What.TIME, _time_first_only),
    "deadline-after-end": (_RUN, "set", _set_keeps_timers),
    "restart": (CaseState, "to_json", _loses_timers),
    "holidays": (working_time, "works", _always_works),
    "summer-time": (working_time, "_opening", _winter_time),
}
"""Name → object, attribute and broken value."""


def broken(name: str | None) -> AbstractContextManager[None]:
    """Break a rule; None = none."""
    return broken_rule(BROKEN, name)
