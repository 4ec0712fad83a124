"""Decisions on the next best action: make, explain, and record what became of them.

One use case for API, pages and commands. A decision is made as at the end of the present minute, so
that all counts that is known, and its id is the digest of all its inputs: the same question about
the same state in one minute is the same decision, whoever asks.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from contracts.matters import matter_of
from contracts.purposes import side_of
from customer_context.cases.working_time import is_holiday
from customer_context.contact_policy import policy
from customer_context.contact_policy.policy import Outcome
from customer_context.facts.catalogue import FACTS
from customer_context.facts.known import FactError, FactValue, Value
from customer_context.next_best_action import explain as explaining
from customer_context.next_best_action import record
from customer_context.next_best_action.answer import said
from customer_context.next_best_action.compact import Compact, compact, record_of
from customer_context.next_best_action.decide import Request, Winner, decide
from customer_context.next_best_action.rules import Rules
from runtime.errors import Invalid, NotFound
from services import actions, case_steps, contact_policy, facts, preferences
from services.consent import refused_channels
from store.casework import decided, next_actions
from store.people import consent, customers
from store.postgres.merged import same_as
from store.postgres.pool import Connection
from store.postgres.times import from_us, to_us

_MINUTE_US = 60_000_000
_AHEAD_US = 5 * _MINUTE_US
"""How far the clock of a reporting system may be ahead of ours."""
_OURSELVES = "tachowatt"
NOWHERE = "none"
"""The place of an outbound decision for which no action won."""
ATTRIBUTED = timedelta(days=90)
"""An outcome later than this after its decision is not attributed to it."""


@dataclass(frozen=True, slots=True)
class Made:
    """A decision. id : None of a dry run, which is not stored; winners : as `answer.said` gives;
    candidates : None where they were not asked for."""

    id: str | None
    customer: str
    place: str
    decided_at_us: int
    digest: str
    winners: list[dict[str, Any]]
    candidates: list[dict[str, Any]] | None


@dataclass(frozen=True, slots=True)
class Recorded:
    """An outcome. new : by this call; case_id : what an acceptance has opened."""

    new: bool
    case_id: str | None


def make(
    connection: Connection,
    tenant: str,
    customer: str,
    rules: Rules,
    *,
    place: str,
    by: str,
    now_us: int,
    most: int = 1,
    language: str | None = None,
    changed: Mapping[str, Value | None] | None = None,
    dry_run: bool = False,
    explained: bool = False,
) -> Made:
    """Decide what to say to a customer who came to us, at `place` (agent or portal).

    language : of the texts, None = the customer's. changed : facts of a what-if, a dry run.
    explained : also why each action won, lost or fell, which takes longer than to decide; `explain`
    says the same of a stored decision.
    Raises `NotFound` for a customer that the tenant does not have, and `Invalid`.
    """
    person = customers.person(connection, tenant, customer)
    if person is None:
        raise NotFound(f"there is no customer {customer!r}")
    minute_us = now_us - now_us % _MINUTE_US
    at_us = minute_us + _MINUTE_US
    request = request_for(connection, person, rules, frozenset({place}), at_us, most)
    if changed:
        try:
            request = explaining.with_facts(request, changed)
        except FactError as error:
            raise Invalid(str(error)) from None
    winners = decide(rules, request)
    id_ = None
    if not (dry_run or changed):
        id_ = store(
            connection, person, rules, request, winners, direction="inbound", place=place, by=by,
            at_us=minute_us,
        )  # fmt: skip
    return Made(
        id_,
        customer,
        place,
        minute_us,
        rules.set.digest,
        [said(rules, request, one, person.name, language or person.language) for one in winners],
        _candidates(rules, request, winners) if explained else None,
    )


def _candidates(rules: Rules, request: Request, winners: list[Winner]) -> list[dict[str, Any]]:
    return [explaining.as_json(one) for one in explaining.explain(rules, request, winners)]


def request_for(
    connection: Connection,
    person: customers.Person,
    rules: Rules,
    places: frozenset[str],
    at_us: int,
    most: int = 1,
) -> Request:
    """Return all inputs of a decision about a customer, as they stand in the store."""
    pair = (person.tenant, person.customer)
    granted = frozenset(consent.granted_of(connection, *pair))
    refused = refused_channels(connection, [pair], at_us)
    own = same_as(connection, *pair)
    counted = contact_policy.sent(connection, *pair, at_us, rules.reach_h, own)
    chosen = preferences.in_use(connection, {pair: person}, {pair: granted}, places, at_us).get(
        pair, {}
    )
    not_by = refused.get(pair, frozenset())
    every = rules.set.all
    today = from_us(at_us).astimezone(ZoneInfo(person.timezone)).date()
    holiday = is_holiday(today, every.holidays.country, every.holidays.region)
    return Request(
        at_us,
        places,
        (
            *facts.of_customer(connection, *pair, granted, at_us, own),
            FactValue("calendar.holiday", holiday, at_us),
        ),
        policy.Person(
            person.timezone,
            granted,
            not_by,
            tuple(one for _, one in counted),
            contact_policy.reactions(connection, [pair], rules, at_us).get(pair, ()),
            chosen,
        ),
        preferred=_preferred(rules, chosen, not_by) if chosen else {},
        most=most,
    )


def _preferred(
    rules: Rules, chosen: Mapping[str, str], not_by: frozenset[tuple[str, str]]
) -> dict[str, str]:
    """Return issue → channel, for issues whose actions are all of one matter."""
    purposes: dict[str, set[str | None]] = {}
    for action in rules.actions:
        purposes.setdefault(action.issue, set()).add(action.purpose)
    found = {}
    for issue, of_issue in purposes.items():
        matters = {matter_of(purpose) for purpose in of_issue}
        channel = chosen.get(matters.pop()) if len(matters) == 1 else None
        if channel is not None and not any((one, channel) in not_by for one in of_issue):
            found[issue] = channel
    return found


def store(
    connection: Connection,
    person: customers.Person,
    rules: Rules,
    request: Request,
    winners: list[Winner],
    *,
    direction: str,
    place: str,
    by: str,
    at_us: int,
) -> str:
    """Store a decision with all that recomputes it; return its id."""
    if place == NOWHERE:
        (id_,) = store_without_winner(connection, rules, [(person, request)], at_us)
        return id_
    written = record.of_request(rules, request)
    id_ = _id(person.tenant, person.customer, place, written)
    new = next_actions.NewDecision(
        id_, person.tenant, person.customer, rules.set.digest, direction, place,
        _purposes(request, rules, winners), written, record.of_winners(winners), by,
    )  # fmt: skip
    next_actions.put(connection, new, dict(rules.set.texts), at_us)
    return id_


def store_without_winner(
    connection: Connection,
    rules: Rules,
    every: Sequence[tuple[customers.Person, Request]],
    at_us: int,
) -> list[str]:
    """Store outbound decisions for which no action won, about customers of one tenant; return
    their ids."""
    new = []
    for person, request in every:
        written = record.of_request(rules, request)
        id_ = _id(person.tenant, person.customer, NOWHERE, written)
        made = compact(written, at_us)
        new.append(
            decided.NewWithoutWinner(
                id_, person.customer, _purposes(request, rules, []), made.facts, made.values,
                made.at_us, made.request,
            )
        )  # fmt: skip
    if new:
        tenant, digest = every[0][0].tenant, rules.set.digest
        decided.put(connection, tenant, new, digest, dict(rules.set.texts), at_us)
    return [one.decision_id for one in new]


def _get(connection: Connection, tenant: str, decision_id: str) -> dict[str, Any] | None:
    """Return a stored decision, with or without a winner."""
    found = next_actions.get(connection, tenant, decision_id)
    if found is not None:
        return found
    row = decided.without_winner(connection, tenant, decision_id)
    if row is None:
        return None
    times = [to_us(at) for at in row["fact_at"]]
    made = Compact(row["facts"], row["fact_values"], times, row["request"])
    request = record_of(made, to_us(row["decided_at"]))
    return {
        **row, "request": request, "winners": [], "direction": "outbound", "place": NOWHERE,
        "decided_by": _OURSELVES,
    }  # fmt: skip


def _id(tenant: str, customer: str, place: str, written: Mapping[str, Any]) -> str:
    text = json.dumps([tenant, customer, place, written], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _purposes(request: Request, rules: Rules, winners: list[Winner]) -> list[str]:
    """Return the purposes that a decision rests on: of its facts, and of the actions that won."""
    purposes = {FACTS[one.name].purpose for one in record.existing(request)}
    found = {str(purpose) for purpose in purposes if purpose is not None}
    return sorted(found | {p for one in winners if (p := rules.by_id[one.action].purpose)})


def explain(
    connection: Connection,
    tenant: str,
    decision_id: str,
    *,
    language: str | None = None,
    changed: Mapping[str, Value | None] | None = None,
) -> dict[str, Any]:
    """Return a stored decision with all candidates, recomputed from what was stored.

    recomputed : whether winners and their factors are those that were stored, bit for bit.
    changed : facts of a what-if, whose winners are under `what_if`. Raises `NotFound`, also while a
    purpose that it rests on is not granted, and `Invalid`.
    """
    row = _get(connection, tenant, decision_id)
    if row is None:
        raise NotFound(f"there is no decision {decision_id!r}")
    granted = consent.granted_of(connection, tenant, row["customer"])
    if not set(row["purposes"]) <= set(granted):
        raise NotFound(f"there is no decision {decision_id!r}")
    person = customers.person(connection, tenant, row["customer"])
    assert person is not None, "a decision references its customer"
    files = next_actions.files_of(connection, tenant, row["digest"])
    rules = actions.loaded(tuple(sorted(files.items())))
    request = record.request_of(row["request"])
    winners = decide(rules, request)
    stored = record.winners_of(row["winners"])
    found: dict[str, Any] = {
        "id": decision_id,
        "customer": row["customer"],
        "direction": row["direction"],
        "place": row["place"],
        "decided_at": row["decided_at"],
        "decided_by": row["decided_by"],
        "digest": row["digest"],
        "versions": row["request"]["actions"]["versions"],
        "recomputed": winners == stored and rules.set.digest == row["digest"],
        "facts": {
            one.name: {"value": one.value, "at": from_us(one.at_us), "confidence": one.confidence}
            for one in request.facts
        },
        "winners": [
            said(rules, request, one, person.name, language or person.language) for one in winners
        ],
        "candidates": _candidates(rules, request, winners),
        "what_if": None,
    }
    if changed:
        try:
            other = explaining.with_facts(request, changed)
        except FactError as error:
            raise Invalid(str(error)) from None
        found["what_if"] = [
            said(rules, other, one, person.name, language or person.language)
            for one in decide(rules, other)
        ]
    return found


def figures(connection: Connection, tenant: str, now_us: int) -> dict[str, dict[str, int]]:
    """Return action → how often it was chosen in the last 30 days (`won`), and its outcomes."""
    return next_actions.figures(connection, tenant, from_us(now_us) - timedelta(days=30))


def outcome(
    connection: Connection,
    tenant: str,
    decision_id: str,
    action: str,
    what: Outcome,
    *,
    at_us: int,
    by: str,
    now_us: int,
) -> Recorded:
    """Record what became of an action of a decision; an accepted one opens its case type, once.

    Raises `NotFound`, and `Invalid` for an action that did not win or a time that does not fit.
    """
    row = next_actions.get(connection, tenant, decision_id)
    if row is None:
        raise NotFound(f"there is no decision {decision_id!r}")
    won = next((one for one in row["winners"] if one["action"] == action), None)
    if won is None:
        raise Invalid(f"action: {action!r} did not win decision {decision_id}")
    decided_at = row["decided_at"]
    if at_us > now_us + _AHEAD_US:
        raise Invalid("at: it is more than five minutes ahead of our clock")
    if not decided_at <= from_us(at_us) <= decided_at + ATTRIBUTED:
        raise Invalid(f"at: an outcome is within {ATTRIBUTED.days} days after its decision")
    new = next_actions.put_outcome(
        connection,
        next_actions.NewOutcome(
            decision_id, tenant, row["customer"], action, won["treatment"], won["channel"],
            str(what), from_us(at_us), by,
        ),
        now_us,
    )  # fmt: skip
    if not new:
        before = next_actions.outcome_of(connection, decision_id, action, str(what))
        return Recorded(False, None if before is None else before["case_id"])
    case_id = _accepted(connection, row, action, by, now_us) if what == Outcome.ACCEPTED else None
    return Recorded(True, case_id)


def reached(connection: Connection, contact: Mapping[str, Any], what: Outcome, at_us: int) -> None:
    """Record that the message of a decision was delivered or opened, if the contact is one."""
    if contact["decision_id"] is None:
        return
    new = next_actions.NewOutcome(
        contact["decision_id"], contact["tenant"], contact["customer"], contact["action"],
        contact["treatment"], contact["channel"], str(what), from_us(at_us), _OURSELVES,
    )  # fmt: skip
    next_actions.put_outcome(connection, new, at_us)


def _accepted(
    connection: Connection, row: Mapping[str, Any], action: str, by: str, now_us: int
) -> str | None:
    """Open the case type of an accepted action; None where it has none."""
    files = next_actions.files_of(connection, row["tenant"], row["digest"])
    found = actions.loaded(tuple(sorted(files.items()))).by_id[action]
    if found.spec.case_type is None:
        return None
    person = customers.person(connection, row["tenant"], row["customer"])
    language = "en" if person is None else person.language
    case = case_steps.open_(
        connection, row["tenant"], found.spec.case_type, by, now_us, customer=row["customer"],
        data={"product": getattr(found.spec.title, language, found.spec.title.en)},
        side=side_of(found.purpose),
    )  # fmt: skip
    case_id = str(case["case_id"])
    next_actions.link_case(connection, row["decision_id"], action, case_id)
    return case_id
