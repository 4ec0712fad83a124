"""Try actions on stored decisions: what would have won, whom it would have reached, what differs.

Each outbound decision is about one customer on one day, with or without a winner; its record has
the facts as they were known then. A set of actions decides about all of them again, in the order of
time. Where it comes to another message than was decided, its later decisions about that customer
count its own messages, and no reaction to messages that it would not have sent. Messages to others
of the household stay as they were, and so do facts that count messages. Nothing is written.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache, partial
from typing import Any, NamedTuple

import numpy as np
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
from store.people import consent
from store.postgres.pool import Connection

_SHOWN = 20
_ASKED = 5_000
"""Customers whose consents are asked at once."""
Progress = Callable[[int, int], None]
"""Called with the number of decisions that are done, and of all."""


@dataclass(frozen=True, slots=True)
class _One:
    """A stored decision to try. number : in its part; request : without facts."""

    number: int
    id: str
    customer: str
    digest: str
    outbound: bool
    request: Request
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
        customer, request = one.customer, one.request
        if customer in self._diverged:
            person = self._person(request, before, self._made[customer])
            request = replace(request, person=person)
        refused: set[str] = set()
        winners = scored.winners(one, request, refused)
        if refused:
            self.stopped.update(refused)
        self.won.update(winner.action for winner in winners)
        if one.outbound:
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
    progress: Progress = lambda done, total: None,
) -> dict[str, Any]:
    """Return the result for decisions on next best actions in [since, until).

    equal : decisions that the live set makes as they were made; recomputed : those that the files
    which decided give again; not_as_decided : the others, with a reason. all_differences : of
    these all, not the first twenty. hidden : decisions that rest on a purpose which is no longer
    granted; they are not used. most : the first so many decisions are tried; complete : there were
    no more.
    """
    # One more is counted, which is not tried: it says that there are more.
    about = decided.about(connection, tenant, since, until, None if most is None else most + 1)
    total = sum(one.decisions for one in about)
    found, now = _Found(), _Run(Batch(live))
    new = None if changed is None else _Run(Batch(changed))
    batches = _batches(connection, tenant, {one.digest for one in about}, now.batch)
    granted = _granted(connection, tenant, {one.customer for one in about})
    shown = None if all_differences else _SHOWN
    read = partial(_read, granted=granted, batches=batches)
    for part in decided.between(connection, tenant, since, until, read, most):
        _play(_Part(_used(part, found)), now, new, batches, found, shown)
        progress(found.count + found.hidden, total)
    return {
        "decisions": found.count,
        "hidden": found.hidden,
        "complete": most is None or total <= most,
        "customers": len(found.customers),
        "equal": found.equal,
        "equal_share": round(found.equal / found.count, 6) if found.count else None,
        "recomputed": found.recomputed,
        "live": now.figures(),
        "changed": None if new is None else new.figures(),
        "different": found.different,
        "not_as_decided": found.not_as_decided,
    }


def _batches(
    connection: Connection, tenant: str, digests: set[str], live: Batch
) -> dict[str, Batch]:
    """Return the sets of actions that decided, by their digest, and the live one."""
    found = {live.rules.set.digest: live}
    for digest in sorted(digests - found.keys()):
        files = next_actions.files_of(connection, tenant, digest)
        found[digest] = Batch(actions.loaded(tuple(sorted(files.items()))))
    return found


def _granted(connection: Connection, tenant: str, customers: set[str]) -> dict[str, frozenset[str]]:
    """Return what customers grant now. Equal sets are one object."""
    every, found = sorted(customers), dict[str, frozenset[str]]()
    same: dict[frozenset[str], frozenset[str]] = {}
    for begin in range(0, len(every), _ASKED):
        pairs = [(tenant, customer) for customer in every[begin : begin + _ASKED]]
        for (_, customer), purposes in consent.granted(connection, pairs).items():
            found[customer] = same.setdefault(purposes, purposes)
    return found


class _Stored(NamedTuple):
    """Inputs and winners of a decision, as they mostly are from day to day.

    known : the files that decided were there as we began; readable : all its purposes are granted
    now. request : without facts and time; now_us : None = the time of the decision. facts : of the
    record's JSON; names, places : of the compact form.
    """

    customer: str
    digest: str
    known: bool
    readable: bool
    request: Request
    now_us: int | None
    facts: Sequence[Sequence[Any]]
    names: str
    places: compact.Places
    decided: list[Winner]
    outbound: bool


def _read(
    stored: decided.Stored, granted: Mapping[str, frozenset[str]], batches: Mapping[str, Batch]
) -> _Stored:
    request, now_us, facts = _inputs(stored.request)
    names = stored.facts or ""
    return _Stored(
        stored.customer,
        stored.digest,
        stored.digest in batches,
        # Of who has come meanwhile no consent was asked.
        stored.purposes <= granted.get(stored.customer, frozenset()),
        request,
        now_us,
        facts,
        names,
        compact.places_of(names),
        [] if stored.winners is None else record.winners_of(from_json(stored.winners)),
        stored.outbound,
    )


@lru_cache(maxsize=4_096)  # customers share many
def _inputs(request: bytes) -> tuple[Request, int | None, Sequence[Sequence[Any]]]:
    """Return a request without facts and time, its time if it is in the JSON, and such facts."""
    plain = from_json(request, cache_strings="all")
    whole = record.request_of({**compact.whole(plain), "now_us": 0, "facts": ()})
    return whole, plain.get("now_us"), plain.get("facts", ())


def _used(part: decided.Part[_Stored], found: _Found) -> decided.Part[_Stored]:
    """Return the decisions that may be used; count those that are hidden."""
    if all([one.readable and one.known for one in part.stored]):
        return part
    known = np.array([one.known for one in part.stored])
    used = known & [one.readable for one in part.stored]
    found.hidden += int(known.sum() - used.sum())
    return part.only(used)


class _Part:
    """Decisions that are read and tried together, with their facts as columns."""

    def __init__(self, part: decided.Part[_Stored]) -> None:
        self.stored = part.stored
        self._part = part
        self._requests = [one.request for one in part.stored]
        self._now_us = part.decided_us.copy()
        for number, one in enumerate(part.stored):
            if one.now_us is not None:
                self._now_us[number] = one.now_us
        self._flat: Flat | None
        try:
            self._flat = self._columns()
        except Inexact:
            self._flat = None

    def _columns(self) -> Flat:
        """Return the facts of decisions as columns, from both forms of records."""
        part, stored = self._part, self.stored
        decisions = np.arange(len(part), dtype=np.intp)
        places = [one.places for one in stored]
        columns = compact.flat_of(decisions, places, part.values, part.at_us)
        written = [one.facts for one in stored]
        return join([columns, flat_of(written)]) if any(written) else columns

    def score(self, batch: Batch) -> "_Scored":
        """Return the priorities by one set of actions."""
        if self._flat is not None:
            try:
                return _Scored(batch, self, batch.score(self._requests, self._flat, self._now_us))
            except Inexact:
                pass
        return _Scored(batch, self, None)

    def one(self, number: int) -> _One:
        """Return one of the decisions."""
        stored = self.stored[number]
        return _One(
            number, self._part.ids[number].decode().rstrip(), stored.customer, stored.digest,
            stored.outbound, replace(stored.request, now_us=int(self._now_us[number])),
            stored.decided,
        )  # fmt: skip

    def known(self, one: _One) -> tuple[FactValue, ...]:
        """Return the facts of a decision, as decisions one by one read them."""
        part, stored = self._part, self.stored[one.number]
        rows = stored.facts
        if stored.names:
            begin = int(part.counts[: one.number].sum())
            span = slice(begin, begin + int(part.counts[one.number]))
            values, at_us = part.values[span].tolist(), part.at_us[span].tolist()
            rows = compact.facts_of(compact.Compact(stored.names, values, at_us, {}))
        return tuple(FactValue(*row) for row in rows)


@dataclass(frozen=True, slots=True)
class _Scored:
    """Decisions of a part by one set of actions. scored : None = there are numbers that columns
    cannot say: decide one by one."""

    batch: Batch
    part: _Part
    scored: Scored | None

    @property
    def some(self) -> list[bool]:
        """Whether a decision may have a winner."""
        return [True] * len(self.part.stored) if self.scored is None else self.scored.some

    def winners(self, one: _One, request: Request, refused: set[str] | None = None) -> list[Winner]:
        """Return the winners of a decision. request : its own, or with another person."""
        if self.scored is not None:
            return self.scored.winners(one.number, request, refused)
        return decide(self.batch.rules, replace(request, facts=self.part.known(one)))


def _play(
    part: _Part, now: _Run, new: _Run | None, batches: dict[str, Batch], found: _Found,
    most: int | None,
) -> None:  # fmt: skip
    live = part.score(now.batch)
    changed = None if new is None else part.score(new.batch)
    others = {
        digest: part.score(batches[digest])
        for digest in sorted({one.digest for one in part.stored} - {now.batch.rules.set.digest})
    }
    open_ = np.array([bool(one.decided) for one in part.stored], np.bool_) | live.some
    for scored in [*([] if changed is None else [changed]), *others.values()]:
        open_ |= scored.some
    # Of most customers on most days no action can win, by any set, and none did.
    quiet = len(open_) - int(open_.sum())
    found.count += quiet
    found.equal += quiet
    found.recomputed += quiet
    found.customers.update([one.customer for one in part.stored])
    for number in np.flatnonzero(open_).tolist():
        one = part.one(number)
        before = found.decided[one.customer]
        followed = now.follows(one.customer)
        winners = now.play(one, live, before)
        # What the live set makes of the inputs that were recorded.
        same_input = winners if followed else live.winners(one, one.request)
        own = others.get(one.digest)
        again = same_input if own is None else own.winners(one, one.request)
        _count(found, one, same_input, again, most)
        if new is not None and changed is not None:
            after = new.play(one, changed, before)
            names = [winner.action for winner in winners], [winner.action for winner in after]
            if names[0] != names[1] and len(found.different) < _SHOWN:
                found.different.append(
                    {
                        "decision": one.id, "customer": one.customer,
                        "live": names[0], "changed": names[1],
                    }
                )  # fmt: skip
        if one.outbound:
            before += one.decided


def _count(
    found: _Found, one: _One, live: list[Winner], again: list[Winner], most: int | None
) -> None:
    found.count += 1
    found.equal += live == one.decided
    found.recomputed += again == one.decided
    if live == one.decided == again or (most is not None and len(found.not_as_decided) >= most):
        return
    reason = "other_version" if again == one.decided else "not_recomputed"
    found.not_as_decided.append(
        {
            "decision": one.id, "customer": one.customer, "reason": reason,
            "decided": [winner.action for winner in one.decided],
            "live": [winner.action for winner in live],
        }
    )  # fmt: skip
