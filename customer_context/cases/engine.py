"""The rules of cases with a type: a state and an event in, the next state with reasons out. Pure.

After an event the plan settles, one change at a time, until no rule applies. The first that
applies is taken: 1. exit criteria, 2. entry criteria and the exception stage, 3. waits that are
over, 4. stages that are complete, 5. the case itself, 6. a case in which nobody can do anything
any more is an exception. Conditions are evaluated once an event: they see data and surroundings,
not items.

Source: OMG CMMN 1.1, chapter 8. Oracle: tests/oracles/case_engine.py.
"""

from collections.abc import Callable, Mapping, Sequence

from customer_context.cases import case_types
from customer_context.cases.case_state import (
    DONE,
    ENDED,
    CaseState,
    Change,
    Does,
    Effect,
    Event,
    ItemState,
    Outcome,
    State,
    Surroundings,
    Timer,
    What,
)
from customer_context.cases.case_types import CaseType, Item, Kind, Sentry
from customer_context.cases.working_time import Deadline, due_us
from customer_context.rules.conditions import ConditionError, holds
from runtime.errors import NotAllowed, NotFound

STUCK = "stuck"
"""Reason of an exception: no step, wait or deadline leads on."""
_ALIVE = (State.AVAILABLE, State.ENABLED, State.DISABLED, State.ACTIVE, State.FAILED)


def open_(case_type: CaseType, event: Event, around: Surroundings) -> Outcome:
    """Open a case. event : `What.OPEN`, its data are the case's first."""
    empty = CaseState(
        items={
            item.id: ItemState(State.AVAILABLE if item.parent is None else State.UNAVAILABLE)
            for item in case_type.items.values()
        }
    )
    run = _Run(case_type, empty, event, around)
    run.settle()
    return run.outcome()


def apply(case_type: CaseType, state: CaseState, event: Event, around: Surroundings) -> Outcome:
    """Apply an event. Raises `NotAllowed` where the state does not allow it, and `NotFound`."""
    if state.state in ENDED:
        raise NotAllowed(f"the case is {state.state}")
    if state.state == State.SUSPENDED and event.what not in _WHILE_SUSPENDED:
        raise NotAllowed("the case is suspended: resume it first")
    if event.what in _OF_ITEMS and event.item not in case_type.items:
        raise NotFound(f"there is no step {event.item!r}")
    run = _Run(case_type, state, event, around)
    _RULES[event.what](run, event)
    run.settle()
    return run.outcome()


class _Run:
    """The plan while one event is applied."""

    def __init__(
        self, case_type: CaseType, state: CaseState, event: Event, around: Surroundings
    ) -> None:
        self.type = case_type
        self.case = state.state
        self.items = dict(state.items)
        self.data = {**state.data, **event.data}
        self.documents = set(state.documents)
        self.timers = set(state.timers)
        self.exceptions = list(state.exceptions)
        self.failing = set(state.failing)
        self.now_us = event.at_us
        self.timezone = around.timezone
        self.changes: list[Change] = []
        self.effects: list[Effect] = []
        self._values = case_types.values(
            case_type, self.data, around.signal, around.record, around.granted
        )
        self._holds: dict[str, bool] = {}

    def outcome(self) -> Outcome:
        state = CaseState(
            self.case,
            self.items,
            self.data,
            frozenset(self.documents),
            tuple(sorted(self.timers)),
            tuple(self.exceptions),
            frozenset(self.failing),
        )
        return Outcome(state, tuple(self.changes), tuple(self.effects))

    # ── reading ─────────────────────────────────────────────────────────────────────────────────
    def state_of(self, item: Item) -> State:
        return self.items[item.id].state

    def met(self, sentries: Sequence[Sentry]) -> Sentry | None:
        """Return the first criterion that is met."""
        for sentry in sentries:
            after = all(self.items[id_].state == State.COMPLETED for id_ in sentry.after)
            if after and self.holds(sentry.when):
                return sentry
        return None

    def holds(self, condition: str) -> bool:
        """Return whether a condition holds; one that cannot be evaluated does not, and says so."""
        if condition not in self._holds:
            try:
                found = holds(self.type.conditions[condition], self._values)
            except ConditionError as error:
                found = False
                if condition not in self.failing:
                    self.failing.add(condition)
                    self.raise_(f"condition: {error}")
            else:
                self.failing.discard(condition)
            self._holds[condition] = found
        return self._holds[condition]

    def complete(self, container: str | None, rule: str) -> bool:
        """Return whether a stage, or the case, has all that its completion needs."""
        for child in self.type.children(container):
            state = self.state_of(child)
            if state in (State.ACTIVE, State.FAILED):
                return False
            needed = (child.required or rule == "all") and not child.exception
            if needed and state not in DONE:
                return False
        return not (container is None and self.exceptions)

    # ── changing ────────────────────────────────────────────────────────────────────────────────
    def set(self, item: Item, state: State, why: str, times: int | None = None) -> None:
        old = self.items[item.id]
        self.items[item.id] = ItemState(state, old.times if times is None else times, why)
        self.changes.append(Change(item.id, state, why))
        if state != State.ACTIVE:
            self.timers = {timer for timer in self.timers if timer.item != item.id}

    def effect(self, does: Does, item: Item, name: str = "") -> None:
        self.effects.append(Effect(does, item.id, self.items[item.id].times, name))

    def raise_(self, reason: str) -> None:
        """Record an exception. Without an exception stage it is only an effect."""
        self.effects.append(Effect(Does.EXCEPTION, "", 1, reason))
        if any(item.exception for item in self.type.items.values()):
            self.exceptions.append(reason)

    def activate(self, item: Item, why: str) -> None:
        if item.kind == Kind.MILESTONE:
            self.set(item, State.COMPLETED, why)
            self.effect(Does.REACHED, item)
            return
        self.set(item, State.ACTIVE, why)
        for deadline in item.spec.deadlines:
            due = due_us(deadline, self.type.spec.working_time, self.timezone, self.now_us)
            self.timers.add(Timer(due, item.id, deadline.id, self.items[item.id].times))
        if item.kind == Kind.AUTOMATIC:
            self.effect(Does.RUN, item, item.spec.action)  # type: ignore[union-attr,arg-type]
        if item.kind == Kind.CASE:
            self.effect(Does.OPEN_CASE, item, item.spec.type)  # type: ignore[union-attr,arg-type]
        for child in self.type.children(item.id):
            self.set(child, State.AVAILABLE, f"{item.id} is active")

    def finish(self, item: Item, why: str) -> None:
        """Complete a step; where it repeats, its next instance is available."""
        self.set(item, State.COMPLETED, why)
        repeat, times = item.repeat, self.items[item.id].times
        if repeat is not None and times < repeat.most and self.holds(repeat.when):
            self.set(item, State.AVAILABLE, f"repeat: {repeat.when}", times + 1)

    def end(self, item: Item, why: str) -> None:
        """Terminate an item and what is in it."""
        self.set(item, State.TERMINATED, why)
        for child in self.type.children(item.id):
            if self.state_of(child) not in ENDED:
                self.set(child, State.TERMINATED, f"{item.id} has ended")

    def end_case(self, state: State, why: str) -> None:
        self.case = state
        self.changes.append(Change("", state, why))
        for item in self.type.items.values():
            if self.state_of(item) not in ENDED:
                self.set(item, State.TERMINATED, "the case has ended")
        self.timers.clear()

    # ── settling ────────────────────────────────────────────────────────────────────────────────
    def settle(self) -> None:
        while self.case == State.ACTIVE and any(rule() for rule in self._order()):
            pass

    def _order(self) -> tuple[Callable[[], bool], ...]:
        return (
            self._exits, self._entries, self._waits, self._stages, self._case_complete, self._stuck,
        )  # fmt: skip

    def _exits(self) -> bool:
        found = self.met(self.type.spec.exit)
        if found is not None:
            self.end_case(State.TERMINATED, f"exit: {_says(found)}")
            return True
        for item in self.type.items.values():
            if self.state_of(item) in _ALIVE and (found := self.met(item.spec.exit)) is not None:
                self.end(item, f"exit: {_says(found)}")
                return True
        return False

    def _entries(self) -> bool:
        for item in self.type.items.values():
            state = self.state_of(item)
            if item.exception:
                if self.exceptions and state in (State.AVAILABLE, State.COMPLETED):
                    times = self.items[item.id].times + (state == State.COMPLETED)
                    self.set(item, State.AVAILABLE, self.exceptions[0], times)
                    self.activate(item, self.exceptions[0])
                    return True
                continue
            if state != State.AVAILABLE:
                continue
            entry = item.spec.entry
            found = self.met(entry)
            if entry and found is None:
                continue
            why = "without criterion" if found is None else f"entry: {_says(found)}"
            if item.spec.manual:
                self.set(item, State.ENABLED, why)
            else:
                self.activate(item, why)
            return True
        return False

    def _waits(self) -> bool:
        for item in self.type.items.values():
            if self.state_of(item) == State.ACTIVE and (found := self.met(item.until)) is not None:
                self.finish(item, f"until: {_says(found)}")
                return True
        return False

    def _stages(self) -> bool:
        for item in self.type.items.values():
            if item.kind != Kind.STAGE or self.state_of(item) != State.ACTIVE:
                continue
            rule = item.spec.complete  # type: ignore[union-attr]
            if not self.complete(item.id, rule):
                continue
            self.set(item, State.COMPLETED, f"{rule} done")
            for child in self.type.children(item.id):
                if self.state_of(child) not in ENDED:
                    self.set(child, State.TERMINATED, f"{item.id} is completed")
            if item.exception:
                self.exceptions.clear()
            return True
        return False

    def _case_complete(self) -> bool:
        if not self.complete(None, "required"):
            return False
        self.end_case(State.COMPLETED, "required done")
        return True

    def _stuck(self) -> bool:
        """Find a case without a next step: nothing that is active, failed or can be started."""
        moving = any(
            self.state_of(item) in (State.ENABLED, State.FAILED)
            or (item.kind != Kind.STAGE and self.state_of(item) == State.ACTIVE)
            for item in self.type.items.values()
        )
        reason = STUCK
        if moving or self.timers or self.exceptions:
            return False
        if not any(item.exception for item in self.type.items.values()):
            return False
        self.raise_(reason)
        return True


def _says(sentry: Sentry) -> str:
    """Return a criterion as its reason."""
    parts = [f"after {', '.join(sentry.after)}"] if sentry.after else []
    if sentry.when != "true" or not parts:
        parts.append(sentry.when)
    return " and ".join(parts)


# ── events ──────────────────────────────────────────────────────────────────────────────────────
def _expect(run: _Run, event: Event, *states: State) -> Item:
    item = run.type.items[event.item]
    state = run.state_of(item)
    if state not in states:
        raise NotAllowed(f"{item.id} is {state}; {event.what} needs {' or '.join(states)}")
    return item


def _start(run: _Run, event: Event) -> None:
    run.activate(_expect(run, event, State.ENABLED), event.what)


def _disable(run: _Run, event: Event) -> None:
    run.set(_expect(run, event, State.ENABLED), State.DISABLED, event.text or event.what)


def _enable(run: _Run, event: Event) -> None:
    run.set(_expect(run, event, State.DISABLED), State.ENABLED, event.what)


def _complete(run: _Run, event: Event) -> None:
    item = _expect(run, event, State.ACTIVE)
    if item.kind not in (Kind.HUMAN, Kind.AUTOMATIC, Kind.CASE):
        raise NotAllowed(f"{item.id} is a {item.kind}: nobody completes it")
    missing = [document.id for document in item.documents if document.id not in run.documents]
    if missing:
        raise NotAllowed(f"{item.id} needs {', '.join(missing)}")
    run.finish(item, event.text or event.what)


def _fail(run: _Run, event: Event) -> None:
    item = _expect(run, event, State.ACTIVE)
    if item.kind not in (Kind.AUTOMATIC, Kind.CASE):
        raise NotAllowed(f"{item.id} is a {item.kind}: it does not fail")
    run.set(item, State.FAILED, event.text)
    run.raise_(f"{item.id} failed: {event.text}")


def _retry(run: _Run, event: Event) -> None:
    run.activate(_expect(run, event, State.FAILED), event.what)


def _terminate(run: _Run, event: Event) -> None:
    item = _expect(run, event, State.AVAILABLE, State.ENABLED, State.ACTIVE, State.FAILED)
    if item.exception:
        raise NotAllowed("an exception ends by its steps")
    if item.parent is not None and run.type.items[item.parent].exception:
        raise NotAllowed("a step of the exception stage is completed, not terminated")
    run.end(item, event.text or event.what)


def _document(run: _Run, event: Event) -> None:
    run.documents.add(event.text)


def _nothing(run: _Run, event: Event) -> None:
    """Data and surroundings are read already."""


def _exception(run: _Run, event: Event) -> None:
    if not any(item.exception for item in run.type.items.values()):
        raise NotAllowed("this type of case has no exception stage")
    run.raise_(event.text)


def _suspend(run: _Run, event: Event) -> None:
    run.case = State.SUSPENDED
    run.changes.append(Change("", State.SUSPENDED, event.text))


def _resume(run: _Run, event: Event) -> None:
    if run.case != State.SUSPENDED:
        raise NotAllowed("the case is not suspended")
    run.case = State.ACTIVE
    run.changes.append(Change("", State.ACTIVE, event.text))


def _close(run: _Run, event: Event) -> None:
    run.end_case(State.TERMINATED, event.text or event.what)


def _time(run: _Run, event: Event) -> None:
    """Fire the deadlines that have ended, one after the other; each lets the plan settle."""
    while run.case == State.ACTIVE:
        due = [timer for timer in sorted(run.timers) if timer.due_us <= event.at_us]
        if not due:
            return
        timer = due[0]
        run.timers.discard(timer)
        item = run.type.items[timer.item]
        deadline = next(d for d in item.spec.deadlines if d.id == timer.deadline)
        _fire(run, item, deadline)
        run.settle()


def _fire(run: _Run, item: Item, deadline: Deadline) -> None:
    why = f"deadline {deadline.id}"
    if deadline.do == "remind":
        run.effect(Does.REMIND, item, deadline.id)
    elif deadline.do == "escalate":
        run.effect(Does.ESCALATE, item, deadline.id)
    elif deadline.do == "exception":
        run.raise_(f"{item.id}: {why}")
    elif deadline.do == "exit":
        run.end(item, why)
    else:
        run.finish(item, why)


_RULES: Mapping[What, Callable[[_Run, Event], None]] = {
    What.START: _start,
    What.DISABLE: _disable,
    What.ENABLE: _enable,
    What.COMPLETE: _complete,
    What.FAIL: _fail,
    What.RETRY: _retry,
    What.TERMINATE: _terminate,
    What.DOCUMENT: _document,
    What.DATA: _nothing,
    What.LOOK: _nothing,
    What.EXCEPTION: _exception,
    What.SUSPEND: _suspend,
    What.RESUME: _resume,
    What.CLOSE: _close,
    What.TIME: _time,
}
_OF_ITEMS = (
    What.START, What.DISABLE, What.ENABLE, What.COMPLETE, What.FAIL, What.RETRY, What.TERMINATE,
)  # fmt: skip
_WHILE_SUSPENDED = (What.RESUME, What.CLOSE, What.TIME)


def open_steps(case_type: CaseType, state: CaseState) -> list[Item]:
    """Return the steps that can be done, started or tried again now, in the order of the type.

    A person does a human step; a machine, by the API, an automatic one.
    """
    if state.state != State.ACTIVE:
        return []
    doable = (State.ACTIVE, State.ENABLED, State.FAILED)
    return [
        item
        for item in case_type.items.values()
        if item.kind in (Kind.HUMAN, Kind.AUTOMATIC) and state.items[item.id].state in doable
    ]
