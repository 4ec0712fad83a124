"""Try actions on stored decisions: what would have won, whom it would have reached, what differs.

Each outbound decision is about one customer on one day, with or without a winner; its record has
the facts as they were known then. A set of actions decides about all of them again, in the order of
time. Where it comes to another message than was decided, its later decisions about that customer
count its own messages, and no reaction to messages that it would not have sent. Messages to others
of the household stay as they were, and so do facts that count messages. Nothing is written.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache
from typing import Any

from pydantic_core import from_json

from customer_context.contact_policy.policy import Outcome, Person, Reaction, Sent
from customer_context.facts.columns import Flat, Inexact, flat_of, join
from customer_context.facts.known import FactValue
from customer_context.next_best_action import compact, record
from customer_context.next_best_action.batch import Batch, Scored
from customer_context.next_best_action.decide import Request, Winner, decide
from customer_context.next_best_action.rules import Rules
from services import actions
from services.contact_policy import ContactRules
from store.casework import decided, next_actions
from store.casework.decided import Stored
from store.people import consent
from store.postgres.pool import Connection

_SHOWN = 20
Progress = Callable[[int], None]
"""Called with the number of decisions that are done."""


@dataclass(slots=True)
class _One:
    """A stored decision to try. at : in its part; request : without facts; facts : those of the
    record's JSON; None = all are in the columns of the part."""

    at: int
    stored: Stored
    request: Request
    facts: Sequence[Sequence[Any]] | None
    decided: list[Winner]


@dataclass(slots=True)
class _Run:
    """One set of actions over all decisions.

    won : action → decisions; messages : outbound ones, by customer; stopped : rule of contact →
    decisions in which it stopped a treatment that was better than the winner.
    """

    batch: Batch
    won: Counter[str] = field(default_factory=Counter)
    messages: Counter[str] = field(default_factory=Counter)
    stopped: Counter[str] = field(default_factory=Counter)
    _made: dict[str, list[Winner]] = field(default_factory=lambda: defaultdict(list))
    _diverged: set[str] = field(default_factory=set)

    def follows(self, customer: str) -> bool:
        """Return whether this run has made the same messages to a customer as were decided."""
        return customer not in self._diverged

    def play(self, one: _One, scored: "_Scored", before: Sequence[Winner]) -> list[Winner]:
        """Decide; before : winners of the earlier outbound decisions about this customer."""
        customer = one.stored.customer
        person = one.request.person
        if customer in self._diverged:
            person = self._person(one.request, before, self._made[customer])
        refused: set[str] = set()
        winners = scored.winners(one, person, refused)
        if refused:
            self.stopped.update(refused)
        if not winners and not one.decided:
            return winners  # of most customers on most days
        self.won.update(winner.action for winner in winners)
        if one.stored.outbound:
            self.messages[customer] += len(winners)
            self._made[customer] += winners
            if winners != one.decided:
                self._diverged.add(customer)
        return winners

    def _person(
        self, request: Request, decided: Sequence[Winner], made: Sequence[Winner]
    ) -> Person:
        """Return the customer as this run has left them."""
        gone = [one for one in decided if one not in made]
        own = [one for one in made if one not in decided]
        person = request.person
        gone_at = {(one.deliver_at_us, one.channel) for one in gone}
        sent = [one for one in person.sent if not (one.own and (one.at_us, one.channel) in gone_at)]
        since_us = {one.action: one.deliver_at_us for one in reversed(gone)}
        reactions = [
            one
            for one in person.reactions
            if one.action not in since_us or one.at_us < since_us[one.action]
        ]
        contact = ContactRules(self.batch.rules)
        for one in own:
            action = self.batch.rules.by_id[one.action]
            if not action.urgent:
                exempt = contact.exempt(action.policy)
                sent.append(Sent(one.deliver_at_us, one.channel, exempt=exempt))
            if one.deliver_at_us <= request.now_us:
                reactions.append(
                    Reaction(
                        one.deliver_at_us, Outcome.DELIVERED, one.channel, one.action,
                        action.group, action.issue,
                    )
                )  # fmt: skip
        return replace(person, sent=tuple(sent), reactions=tuple(reactions))

    def figures(self) -> dict[str, Any]:
        """Return the run as plain values."""
        sent = +self.messages
        return {
            "won": dict(sorted(self.won.items())),
            "messages": sum(sent.values()),
            "customers": len(sent),
            "most_to_one": max(sent.values(), default=0),
            "stopped": dict(sorted(self.stopped.items())),
        }


@dataclass(slots=True)
class _Found:
    """What has been found so far."""

    count: int = 0
    hidden: int = 0
    equal: int = 0
    recomputed: int = 0
    customers: set[str] = field(default_factory=set)
    decided: dict[str, list[Winner]] = field(default_factory=lambda: defaultdict(list))
    different: list[dict[str, Any]] = field(default_factory=list)
    not_as_decided: list[dict[str, Any]] = field(default_factory=list)


def run(
    connection: Connection,
    tenant: str,
    live: Rules,
    changed: Rules | None,
    since: datetime,
    until: datetime,
    *,
    all_differences: bool = False,
    most: int | None = None,
    progress: Progress = lambda done: None,
) -> dict[str, Any]:
    """Return the result for decisions on next best actions in [since, until).

    equal : decisions that the live set makes as they were made; recomputed : those that the files
    which decided give again; not_as_decided : the others, with a reason. all_differences : of
    these all, not the first twenty. hidden : decisions that rest on a purpose which is no longer
    granted; they are not used. most : decisions that are tried, about; complete : there were no
    more.
    """
    found, now = _Found(), _Run(Batch(live))
    new = None if changed is None else _Run(Batch(changed))
    own: dict[str, Batch] = {live.set.digest: now.batch}
    shown = None if all_differences else _SHOWN
    complete = True
    granted: dict[str, frozenset[str]] = {}
    for part in decided.between(connection, tenant, since, until):
        _ask_consent(connection, tenant, part, granted)
        ones = list(_readable(part, granted, found))
        for digest in {one.stored.digest for one in ones} - own.keys():
            files = next_actions.files_of(connection, tenant, digest)
            own[digest] = Batch(actions.loaded(tuple(sorted(files.items()))))
        _play(_Part(ones, part), now, new, own, found, shown)
        progress(found.count)
        if most is not None and found.count >= most:
            complete = False
            break
    return {
        "decisions": found.count,
        "hidden": found.hidden,
        "complete": complete,
        "customers": len(found.customers),
        "equal": found.equal,
        "equal_share": round(found.equal / found.count, 6) if found.count else None,
        "recomputed": found.recomputed,
        "live": now.figures(),
        "changed": None if new is None else new.figures(),
        "different": found.different,
        "not_as_decided": found.not_as_decided,
    }


def _ask_consent(
    connection: Connection, tenant: str, part: decided.Part, known: dict[str, frozenset[str]]
) -> None:
    """Learn what customers have granted, each once."""
    new = sorted({stored.customer for stored in part.stored} - known.keys())
    if new:
        found = consent.granted(connection, [(tenant, customer) for customer in new])
        known.update({one: found.get((tenant, one), frozenset()) for one in new})


def _readable(
    part: decided.Part, granted: Mapping[str, frozenset[str]], found: _Found
) -> Iterator[_One]:
    """Yield decisions whose purposes are all granted now."""
    for at, stored in enumerate(part.stored):
        if not granted[stored.customer].issuperset(stored.purposes):
            found.hidden += 1
            continue
        inputs = _inputs(stored.request)
        winners = [] if stored.winners is None else record.winners_of(from_json(stored.winners))
        request = Request(
            stored.decided_us if inputs.now_us is None else inputs.now_us, inputs.places, (),
            inputs.person, inputs.draws, inputs.preferred, inputs.most,
        )  # fmt: skip
        yield _One(at, stored, request, inputs.facts, winners)


@dataclass(frozen=True, slots=True)
class _Inputs:
    """Inputs of a decision. now_us, facts : None = they are not in the record's JSON."""

    now_us: int | None
    places: frozenset[str]
    person: Person
    draws: Mapping[str, float]
    preferred: Mapping[str, str]
    most: int
    facts: Sequence[Sequence[Any]] | None


@lru_cache(maxsize=16_384)  # from day to day they are mostly the same
def _inputs(request: bytes) -> _Inputs:
    plain = from_json(request, cache_strings="all")
    whole = record.request_of({"now_us": 0, **plain, "facts": ()})
    return _Inputs(
        plain.get("now_us"), whole.places, whole.person, whole.draws, whole.preferred, whole.most,
        plain.get("facts"),
    )  # fmt: skip


class _Part:
    """Decisions that are read and tried together, with their facts as columns."""

    def __init__(self, ones: Sequence[_One], part: decided.Part) -> None:
        self.ones = ones
        self.number = {one.at: number for number, one in enumerate(ones)}
        self._part = part
        self._requests = [one.request for one in ones]
        self._flat: Flat | None
        try:
            self._flat = _flat(self, part)
        except Inexact:
            self._flat = None

    def score(self, batch: Batch) -> "_Scored":
        """Return the priorities by one set of actions."""
        if self._flat is not None:
            try:
                return _Scored(batch, self, batch.score(self._requests, self._flat))
            except Inexact:
                pass
        return _Scored(batch, self, None)

    def known(self, one: _One) -> tuple[FactValue, ...]:
        """Return the facts of a decision, as decisions one by one read them."""
        rows = one.facts
        if rows is None:
            before = self._part.stored[: one.at]
            begin = sum(len(other.facts.split()) for other in before if other.facts is not None)
            names = one.stored.facts or ""
            span = slice(begin, begin + len(names.split()))
            values, at_us = self._part.values[span].tolist(), self._part.at_us[span].tolist()
            rows = compact.record_of(compact.Compact(names, values, at_us, {}), 0)["facts"]
        return tuple(FactValue(*row) for row in rows)


@dataclass(frozen=True, slots=True)
class _Scored:
    """Decisions of a part by one set of actions. scored : None = there are numbers that columns
    cannot say: decide one by one."""

    batch: Batch
    part: _Part
    scored: Scored | None

    def winners(self, one: _One, person: Person, refused: set[str] | None = None) -> list[Winner]:
        """Return the winners of a decision."""
        if self.scored is not None:
            return self.scored.winners(self.part.number[one.at], person, refused)
        whole = replace(one.request, facts=self.part.known(one), person=person)
        return decide(self.batch.rules, whole)


def _flat(own: _Part, part: decided.Part) -> Flat:
    """Return the facts of decisions as columns, from both forms of records."""
    compacts = [
        (own.number.get(at, -1), stored.facts)
        for at, stored in enumerate(part.stored)
        if stored.facts is not None
    ]
    columns = compact.flat_of(compacts, part.values, part.at_us)
    kept = columns.decisions >= 0
    if not kept.all():
        columns = Flat(
            columns.decisions[kept], columns.rows[kept], columns.values[kept], columns.at_us[kept]
        )
    written = [() if one.facts is None else one.facts for one in own.ones]
    return join([columns, flat_of(written)]) if any(written) else columns


def _play(
    part: _Part, now: _Run, new: _Run | None, batches: dict[str, Batch], found: _Found,
    most: int | None,
) -> None:  # fmt: skip
    ones = part.ones
    live = part.score(now.batch)
    changed = None if new is None else part.score(new.batch)
    others = {
        digest: part.score(batches[digest])
        for digest in {one.stored.digest for one in ones} - {now.batch.rules.set.digest}
    }
    for one in ones:
        stored, person = one.stored, one.request.person
        before = found.decided[stored.customer]
        followed = now.follows(stored.customer)
        winners = now.play(one, live, before)
        # What the live set makes of the inputs that were recorded.
        same_input = winners if followed else live.winners(one, person)
        own = others.get(stored.digest)
        again = same_input if own is None else own.winners(one, person)
        _count(found, one, same_input, again, most)
        if new is not None and changed is not None:
            after = new.play(one, changed, before)
            names = [winner.action for winner in winners], [winner.action for winner in after]
            if names[0] != names[1] and len(found.different) < _SHOWN:
                found.different.append(
                    {
                        "decision": stored.decision_id, "customer": stored.customer,
                        "live": names[0], "changed": names[1],
                    }
                )  # fmt: skip
        if stored.outbound:
            before += one.decided


def _count(
    found: _Found, one: _One, live: list[Winner], again: list[Winner], most: int | None
) -> None:
    found.count += 1
    found.customers.add(one.stored.customer)
    found.equal += live == one.decided
    found.recomputed += again == one.decided
    if live == one.decided == again or (most is not None and len(found.not_as_decided) >= most):
        return
    reason = "other_version" if again == one.decided else "not_recomputed"
    found.not_as_decided.append(
        {
            "decision": one.stored.decision_id, "customer": one.stored.customer, "reason": reason,
            "decided": [winner.action for winner in one.decided],
            "live": [winner.action for winner in live],
        }
    )  # fmt: skip
