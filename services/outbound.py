"""Outbound decisions: the next best action of a customer becomes a message, if one wins.

On a schedule, over all customers of a tenant, and on signals. Each customer is decided about once
for an occasion, also with several workers: a part of a run and its effects are one transaction, and
the message's id follows from customer and occasion. The decision is stored, for some weeks also
where no action wins, so that rules can be tried on it.
Actions of bypassing issues (safety, claims, legal, contract) are sent beside the winner.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from contracts.channels import CHANNELS, STORED, configured
from contracts.contacts import contact_id
from contracts.kinds import LANGUAGES
from contracts.rights import LimitKind
from customer_context.contact_policy.policy import Outcome
from customer_context.next_best_action.answer import said
from customer_context.next_best_action.decide import Request as NextActionRequest
from customer_context.next_best_action.decide import Winner, decide
from customer_context.next_best_action.explain import explain
from runtime.errors import Retry
from runtime.settings import Settings
from services import actions, contact_policy, decisions
from services.contact_policy import ContactRules
from services.visibility import NEXT_ACTION
from store.casework import cases, contacts, outbound
from store.casework.contacts import NewContact
from store.people import consent, customers
from store.people.customers import Person
from store.postgres.pool import Connection, translated
from store.postgres.roles import set_tenant_scope
from store.postgres.times import from_us

log = logging.getLogger("services.outbound")

BATCH = 20
TYPE = "next.action"
_HOUR_US = 3_600_000_000
_LATE = frozenset({"treatment", "contact_policy", "priority"})
"""Stages at which an action falls that applies to the customer."""


def decide_due(connection: Connection, settings: Settings, now_us: int) -> int:
    """Decide on some signals and customers that wait, in the caller's transaction; return their
    number; 0 = nothing waits, or it is switched off."""
    if not settings.outbound_every_h and not settings.outbound_signals:
        return 0
    rules = contact_policy.of(settings)
    if not rules.offers:
        return 0
    places = configured(settings)
    done = _signals(connection, rules, places, now_us)
    if done < BATCH and settings.outbound_every_h:
        done += _scheduled(connection, rules, places, settings.outbound_every_h, now_us)
    return done


def _signals(
    connection: Connection, rules: ContactRules, places: frozenset[str], now_us: int
) -> int:
    rows = outbound.asked(connection, BATCH)
    pairs = sorted({(row["tenant"], row["customer"]) for row in rows})
    contact_policy.lock(connection, pairs, now_us)
    for row in rows:
        pair = (row["tenant"], row["customer"])
        _try(connection, rules, places, pair, f"signal {row['signal_id']}", now_us)
        outbound.answered(connection, row)
    return len(rows)


def _scheduled(
    connection: Connection, rules: ContactRules, places: frozenset[str], every_h: int, now_us: int
) -> int:
    period_us = every_h * _HOUR_US
    begin_us = now_us - now_us % period_us
    outbound.begin(connection, from_us(begin_us), now_us)
    run = outbound.claim(connection)
    if run is None:
        return 0
    found = outbound.next_customers(connection, run, BATCH)
    contact_policy.lock(connection, [(run.tenant, customer) for customer in found], now_us)
    occasion = f"run {run.period_at.isoformat()}"
    won = sum(
        _try(connection, rules, places, (run.tenant, customer), occasion, now_us)
        for customer in found
    )
    after = found[-1] if found else run.after
    outbound.advance(connection, run, after, len(found), won, None if found else now_us)
    return max(len(found), 1)


def _try(
    connection: Connection,
    rules: ContactRules,
    places: frozenset[str],
    pair: tuple[str, str],
    occasion: str,
    now_us: int,
) -> bool:
    """Decide about one customer; an error of one stops no other."""
    try:
        with translated(), connection.transaction():
            return bool(about(connection, rules, places, pair, occasion, now_us))
    except Retry:
        raise
    except Exception as error:
        log.exception("no outbound decision about %s: %s", pair, occasion, exc_info=error)
        return False


def about(
    connection: Connection,
    rules: ContactRules,
    places: frozenset[str],
    pair: tuple[str, str],
    occasion: str,
    now_us: int,
) -> list[str]:
    """Decide about a customer whose lock the caller has; return the ids of the messages.

    places : channels to customers that are set up.
    """
    tenant, customer = pair
    set_tenant_scope(connection, (tenant,))
    person = customers.person(connection, tenant, customer)
    limits = consent.limits(connection, [pair]).get(pair, {})
    if person is None or rules.rules is None or LimitKind.AUTOMATED_DECISIONS in limits:
        return []
    own = actions.of_tenant(connection, tenant, rules.rules)
    rules = replace(rules, rules=own)
    request = decisions.request_for(connection, person, own, _reached(person, places), now_us)
    winners = decide(own, request)
    id_ = decisions.store(
        connection, person, own, request, winners, direction="outbound",
        place=winners[-1].channel if winners else decisions.NOWHERE, by=cases.AUTHOR, at_us=now_us,
    )  # fmt: skip
    made = [_contact(rules, request, person, one, occasion, id_) for one in winners]
    stored = contacts.put(connection, made, now_us)
    new = [one.contact_id for one in made if stored[one.contact_id] == "new"]
    for one in made:
        if one.contact_id in new and one.channel in STORED and one.deliver_at_us == now_us:
            decisions.reached(connection, asdict(one), Outcome.DELIVERED, now_us)
    return new


def _reached(person: Person, places: frozenset[str]) -> frozenset[str]:
    """Return the channels by which a customer can be reached."""
    return frozenset(
        place
        for place in places
        if (address := CHANNELS[place].address) is None or address in person.addresses
    )


@dataclass(frozen=True, slots=True)
class Preview:
    """What an outbound decision about a customer would be now.

    messages : (action, treatment, channel, deliver_at_us); reason : why there is none, '' = there
    is one; stopped : (action, stage, rule, detail) of actions that apply and yet would not be sent.
    """

    customer: str
    messages: tuple[tuple[str, str, str, int], ...]
    reason: str
    stopped: tuple[tuple[str, str, str, str], ...] = ()


def preview(
    connection: Connection,
    tenant: str,
    names: Sequence[str],
    rules: ContactRules,
    now_us: int,
) -> list[Preview]:
    """Return what outbound decisions about customers would be now. Nothing is stored or sent."""
    return [_preview(connection, (tenant, name), rules, now_us) for name in names]


def _preview(
    connection: Connection, pair: tuple[str, str], rules: ContactRules, now_us: int
) -> Preview:
    person = customers.person(connection, *pair)
    if person is None or rules.rules is None or not rules.offers:
        return Preview(pair[1], (), "nothing_offered")
    if LimitKind.AUTOMATED_DECISIONS in consent.limits(connection, [pair]).get(pair, {}):
        return Preview(pair[1], (), "objection")
    own = actions.of_tenant(connection, pair[0], rules.rules)
    request = decisions.request_for(
        connection, person, own, _reached(person, rules.channels), now_us
    )
    winners = decide(own, request)
    stopped = tuple(
        (one.action, one.stage, one.rule, one.detail)
        for one in explain(own, request, winners)
        if one.stage in _LATE
    )
    messages = tuple((w.action, w.treatment, w.channel, w.deliver_at_us) for w in winners)
    reason = "" if messages else stopped[0][1] if stopped else "nothing_applies"
    return Preview(pair[1], messages, reason, stopped)


def _contact(
    rules: ContactRules,
    request: NextActionRequest,
    person: Person,
    won: Winner,
    occasion: str,
    decision_id: str,
) -> NewContact:
    assert rules.rules is not None, "they have decided"
    action = rules.rules.by_id[won.action]
    language = person.language if person.language in LANGUAGES else "en"
    says = said(rules.rules, request, won, person.name, language)
    # The winner of an occasion is one, whichever it is; of those that bypass each is one.
    which = "winner" if won.rank else won.action
    return NewContact(
        contact_id=contact_id(
            f"{person.tenant} {person.customer}", NEXT_ACTION, f"{occasion} {which}", None
        ),
        tenant=person.tenant,
        customer=person.customer,
        channel=won.channel,
        receiver_id=None,
        address=_address(person.addresses, won.channel),
        purpose=action.purpose,
        language=language,
        type=TYPE,
        subject=str(says["subject"]),
        body=_body(says),
        payload=None,
        urgent=action.urgent,
        signal_id=None,
        signal_revision=None,
        playbook=NEXT_ACTION,
        treatment=won.treatment,
        case_id=None,
        alert_id=None,
        deliver_at_us=won.deliver_at_us,
        exempt=sorted(rules.exempt(action.policy)),
        decision_id=decision_id,
        action=won.action,
    )  # fmt: skip


def _address(addresses: Mapping[str, str], channel: str) -> str | None:
    kind = CHANNELS[channel].address
    return None if kind is None else addresses.get(kind)


def _body(says: Mapping[str, Any]) -> str:
    parts: Sequence[str] = (says["text"].strip(), f"{says['rests_on']} {says['stop']}")
    return "\n\n".join(parts) + "\n"
