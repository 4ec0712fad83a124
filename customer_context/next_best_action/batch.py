"""Decide about many customers at once: the same winners as `decide`, one by one. Pure.

Conditions, validity, purposes and priorities are operations on columns, one for all decisions. What
is left is the contact policy of the few treatments that are open, best first: a refusal that does
not depend on the action closes all treatments that it would meet. Oracle: `decide`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import reduce

import numpy as np
import numpy.typing as npt

from customer_context.contact_policy.policy import Judge
from customer_context.facts.columns import (
    COLUMN,
    Bools,
    Flat,
    Floats,
    Inexact,
    Times,
    column_values,
    flat_of,
    vectorised,
)
from customer_context.next_best_action import decide as one_by_one
from customer_context.next_best_action.decide import Factors, Request, Winner, policy_verdict
from customer_context.next_best_action.model import FactOfValue
from customer_context.next_best_action.rules import CompiledAction, CompiledTreatment, Rules

ROWS = 1024
"""Decisions at once: their columns stay in the processor's cache."""
_OF_CHANNEL = "no_channel_consent"
_OF_POLICY = frozenset({"cap_reached", "too_soon"})
"""Refusals that depend on the policy and the channel alone, of what is not urgent."""


@dataclass(frozen=True, slots=True)
class _Action:
    """An action with the indexes of its tests and the columns of its treatments."""

    action: CompiledAction
    tests: tuple[int, ...]
    contexts: tuple[tuple[tuple[int, ...], float], ...]
    begin: int
    treatments: tuple[CompiledTreatment, ...]
    of_treatments: tuple[tuple[int, ...], ...]

    @property
    def columns(self) -> slice:
        """The columns of its treatments."""
        return slice(self.begin, self.begin + len(self.treatments))


class Batch:
    """A set of actions, prepared for many decisions."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self._tests: list[Callable[[Floats], Bools]] | None
        try:
            self._tests = [vectorised(condition) for condition in rules.conditions]
        except Inexact:
            self._tests = None
        self._actions: list[_Action] = []
        columns: list[tuple[_Action, CompiledTreatment]] = []
        for action in sorted(rules.actions, key=lambda one: one.id):
            made = _prepared(action, len(columns))
            self._actions.append(made)
            columns += [(made, treatment) for treatment in made.treatments]
        self._columns = columns
        self._channels = np.array([one.channel for _, one in columns])
        self._competing = np.array([not made.action.bypass for made, _ in columns], dtype=bool)
        by_id = {made.action.id: made for made in self._actions}
        self._bypassing = [by_id[one.id] for one in rules.actions if one.bypass]
        self._same_policy = self._groups()
        self._places: dict[frozenset[str], Bools] = {}

    def _groups(self) -> list[npt.NDArray[np.intp]]:
        """Return for each column those that its policy refuses together: same policy and channel,
        not urgent."""
        found: dict[tuple[int, str], list[int]] = {}
        for column, (made, treatment) in enumerate(self._columns):
            if not made.action.urgent:
                found.setdefault((id(made.action.policy), treatment.channel), []).append(column)
        none = np.array([], dtype=np.intp)
        arrays = {key: np.array(columns, dtype=np.intp) for key, columns in found.items()}
        return [
            none if made.action.urgent else arrays[id(made.action.policy), treatment.channel]
            for made, treatment in self._columns
        ]

    def decide(self, requests: Sequence[Request]) -> list[list[Winner]]:
        """Return the winners of each request, as `decide` does."""
        found: list[list[Winner]] = []
        for begin in range(0, len(requests), ROWS):
            part = requests[begin : begin + ROWS]
            facts = [[(one.name, one.value, one.at_us) for one in r.facts] for r in part]
            try:
                now_us = np.array([request.now_us for request in part], dtype=np.int64)
                scored = self.score(part, flat_of(facts), now_us)
            except Inexact:
                found += [one_by_one.decide(self.rules, request) for request in part]
            else:
                found += [scored.winners(number) for number in range(len(part))]
        return found

    def score(self, requests: Sequence[Request], facts: Flat, now_us: Times) -> "Scored":
        """Return the priorities of all treatments for these requests.

        Their own facts and times are not read. now_us : int64[decisions]. Raises `Inexact` where
        numbers have no exact float64: decide one by one.
        """
        if self._tests is None:
            raise Inexact("a bound of a condition")
        values = column_values(facts, [one.person.granted for one in requests], now_us)
        holds = [test(values) for test in self._tests]
        scored = Scored(self, requests, now_us, np.zeros((len(self._columns), len(requests))))
        for made in self._actions:
            self._score(made, scored, values, holds, now_us)
        scored.finish()
        return scored

    def _score(
        self, made: _Action, scored: "Scored", values: Floats, holds: list[Bools],
        now_us: npt.NDArray[np.int64],
    ) -> None:  # fmt: skip
        action = made.action
        open_ = (now_us >= action.from_us) & (now_us < action.until_us)
        open_ = reduce(np.logical_and, [holds[test] for test in made.tests], open_)
        if not open_.any():
            return
        if action.purpose is not None:
            open_ &= scored.granted(action.purpose)
        added = np.zeros(len(now_us))
        for tests, weight in made.contexts:
            added[reduce(np.logical_and, [holds[test] for test in tests])] += weight
        context = np.maximum(0.0, 1 + added / 100)
        value = _value(action, values)
        scored.factors[action.id] = (context, value)
        for number, treatment in enumerate(made.treatments):
            own = reduce(
                np.logical_and, [holds[test] for test in made.of_treatments[number]], open_
            )
            priority = one_by_one.product(treatment.propensity, context, value, action.weight)
            scored.open[made.begin + number] = own
            scored.priorities[made.begin + number] = np.where(own, priority, 0.0)

    def places(self, there: frozenset[str]) -> Bools:
        """Return which treatments are said or sent at places that are there."""
        found = self._places.get(there)
        if found is None:
            found = self._places[there] = np.isin(self._channels, list(there))
        return found


class Scored:
    """Priorities of all treatments for some requests, 0 = it is not open.

    priorities : float64[treatments, decisions], after `finish` the other way; factors : action →
    context and value of each decision; some : whether anything is open.
    """

    def __init__(
        self, batch: Batch, requests: Sequence[Request], now_us: Times, priorities: Floats
    ) -> None:
        self.batch = batch
        self.requests = requests
        self.now_us = now_us
        self.priorities = priorities
        self.open = np.zeros(priorities.shape, dtype=bool)
        self.factors: dict[str, tuple[Floats, Floats]] = {}
        self.some: list[bool] = []
        self._granted: dict[str, Bools] = {}

    def granted(self, purpose: str) -> Bools:
        """Return which customers have granted a purpose."""
        found = self._granted.get(purpose)
        if found is None:
            found = np.array([purpose in one.person.granted for one in self.requests])
            self._granted[purpose] = found
        return found

    def finish(self) -> None:
        """Close what has no place, or another one is preferred to; take drawn propensities."""
        rows = np.ascontiguousarray(self.priorities.T)
        self.priorities = rows
        index: dict[frozenset[str], int] = {}
        which = [index.setdefault(one.places, len(index)) for one in self.requests]
        there = np.array([self.batch.places(places) for places in index])
        if len(index):
            there = there[which]
            rows[~there] = 0.0
        for number, request in enumerate(self.requests):
            if request.draws:
                self._draw(number, request)
            if request.preferred:
                self._prefer(number, request, self.open[:, number] & there[number])
        rows[~(rows > 0)] = 0.0  # a product of infinity and 0 is no priority
        self.some = [best > 0 for best in rows.max(axis=1, initial=0.0).tolist()]

    def _draw(self, number: int, request: Request) -> None:
        for made in self.batch._actions:
            factors = self.factors.get(made.action.id)
            if factors is None:
                continue
            for at, treatment in enumerate(made.treatments, made.begin):
                draw = request.draws.get(f"{made.action.id}/{treatment.id}")
                if draw is not None and self.open[at, number]:
                    there = treatment.channel in request.places
                    context, value = float(factors[0][number]), float(factors[1][number])
                    priority = one_by_one.product(draw, context, value, made.action.weight)
                    self.priorities[number, at] = priority if there else 0.0

    def _prefer(self, number: int, request: Request, open_: Bools) -> None:
        for made in self.batch._actions:
            preferred = request.preferred.get(made.action.issue)
            if preferred is None:
                continue
            others = [
                at
                for at, treatment in enumerate(made.treatments, made.begin)
                if treatment.channel != preferred
            ]
            columns = range(made.begin, made.begin + len(made.treatments))
            if any(open_[at] for at in columns if at not in others):
                self.priorities[number, others] = 0.0

    def winners(
        self, number: int, request: Request | None = None, refused: set[str] | None = None
    ) -> list[Winner]:
        """Return the winners of a decision, as `decide` does. request : its own, or with another
        person; refused : gets the ids of rules of contact that stopped a treatment better than a
        winner."""
        if not self.some[number]:
            return []
        row = self.priorities[number]
        if request is None:
            request = replace(self.requests[number], now_us=int(self.now_us[number]))
        judge = Judge(request.person)
        found: list[Winner] = []
        for made in self.batch._bypassing:
            own = np.zeros_like(row)
            own[made.columns] = row[made.columns]
            found += self._won(number, own, request, judge, 1, refused, bypass=True)
        row = np.where(self.batch._competing, row, 0.0)
        return found + self._won(number, row, request, judge, request.most, refused, bypass=False)

    def _won(
        self, number: int, row: Floats, request: Request, judge: Judge, most: int,
        refused: set[str] | None, *, bypass: bool,
    ) -> list[Winner]:  # fmt: skip
        """Take the best that the policy lets go, until there are enough. row : is used up."""
        found: list[Winner] = []
        while len(found) < most:
            best = int(row.argmax())  # of equal ones the first: columns are in the order of ids
            if row[best] <= 0:
                break
            made, treatment = self.batch._columns[best]
            verdict = policy_verdict(made.action, treatment, request, judge)
            if verdict.refusal:
                row[best] = 0.0
                if refused is not None:
                    refused.add(verdict.rule)
                if verdict.refusal in _OF_POLICY:
                    row[self.batch._same_policy[best]] = 0.0
                elif verdict.refusal == _OF_CHANNEL:
                    row[self.batch.places(frozenset({treatment.channel}))] = 0.0
                continue
            row[made.columns] = 0.0
            rank = 0 if bypass else len(found) + 1
            context, value = self.factors[made.action.id]
            factors = Factors(
                one_by_one.propensity_of(made.action, treatment, request),
                float(context[number]), float(value[number]), made.action.weight,
            )  # fmt: skip
            found.append(
                Winner(
                    made.action.id, treatment.id, treatment.channel, rank, factors,
                    verdict.deliver_at_us,
                )
            )  # fmt: skip
        return found


def _prepared(action: CompiledAction, begin: int) -> _Action:
    return _Action(
        action,
        _indexes(action.tests),
        tuple((_indexes(tests), weight) for tests, weight in action.contexts),
        begin,
        action.treatments,
        tuple(_indexes(treatment.tests) for treatment in action.treatments),
    )


def _indexes(tests: int) -> tuple[int, ...]:
    """Return the tests of a set of bits."""
    return tuple(test for test in range(tests.bit_length()) if tests >> test & 1)


def _value(action: CompiledAction, values: Floats) -> Floats:
    """Return the value of an action for each decision; NaN where the fact is not known."""
    if isinstance(action.value, FactOfValue):
        found = values[COLUMN[action.value.fact]]
        least, most = float(action.value.least), float(action.value.most)
        bounded: Floats = np.minimum(np.maximum(found, least), most)
        return bounded
    return np.full(values.shape[1], action.value, dtype=np.float64)
