"""Notices about cases to their customers: a milestone is reached, a step waits, a link is wanted.

A notice is a row that is written with the event of the case. One contact is made of each, in the
transaction that marks the row, so that a kill between the two loses nothing and doubles nothing.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from contracts.contacts import contact_id
from contracts.kinds import LANGUAGES
from customer_context.cases.case_types import Item, Step
from customer_context.contact_policy.notice_channel import Choice, Recipient, choose
from runtime.settings import Settings
from services import case_steps, contact_policy, preferences
from services.consent import refused_channels
from services.visibility import TYPED
from store.casework import case_notices, cases, contacts
from store.casework.contacts import NewContact
from store.people import consent, customers
from store.people.customers import Person
from store.postgres.pool import Connection
from store.postgres.times import from_us

BATCH = 100
_KEPT = timedelta(days=30)
"""A notice that could not be decided for so long is no news any more."""

_TEXTS = {
    "de": {
        "hello": "Guten Tag {name},",
        "reminder": "in Ihrem Vorgang wartet noch ein Schritt auf Sie: {step}.",
        "link": "hier ist Ihr Vorgang: was ansteht, bis wann und durch wen.",
    },
    "en": {
        "hello": "Dear {name},",
        "reminder": "a step of your case still waits for you: {step}.",
        "link": "here is your case: what is next, until when and by whom.",
    },
}


def decide_due(connection: Connection, settings: Settings, now_us: int, limit: int = BATCH) -> int:
    """Make the contacts of notices that wait, in the caller's transaction; return their number."""
    rows = case_notices.due(connection, now_us, limit)
    people = case_notices.customers(connection, [row["case_id"] for row in rows])
    contact_policy.lock(connection, people, now_us)
    for row in rows:
        _decide(connection, settings, row, now_us)
    return len(rows)


def send_link(
    connection: Connection, settings: Settings, tenant: str, case_id: str, seed: str, now_us: int
) -> str | None:
    """Plan an e-mail with a link to the case; return why none is planned, else None.

    seed : names the request; the same one plans one mail.
    """
    case = cases.get(connection, tenant, case_id)
    person = None if case is None else _person(connection, case)
    if case is None or person is None:
        return "no_address"
    chosen = choice(connection, settings, case, person, now_us, inbox=False)
    if chosen.channel is None:
        return chosen.reason
    case_notices.put(connection, tenant, case_id, "", 1, "link", seed, now_us)
    return None


def _decide(connection: Connection, settings: Settings, row: dict[str, Any], now_us: int) -> None:
    tenant, case_id = row["tenant"], row["case_id"]
    if from_us(now_us) - row["due_at"] > _KEPT:
        case_notices.done(connection, row, None, "too_old", now_us)
        return
    case = cases.get(connection, tenant, case_id)
    plan = case_steps.plan_of(connection, tenant, case_id)
    person = None if case is None else _person(connection, case)
    if case is None or person is None or (plan is None and row["kind"] != "link"):
        case_notices.done(connection, row, None, "nobody", now_us)
        return
    by_link = row["kind"] == "link"
    chosen = choice(connection, settings, case, person, now_us, inbox=not by_link)
    if chosen.channel is not None:
        if by_link:
            subject, body = _link_text(case, person)
        else:
            assert plan is not None, "only cases with a type have milestones"
            subject, body = _text(case, plan, plan.type.items[row["item"]], row["kind"], person)
        treatment = f"{row['kind']} {row['item']} {row['times']} {row['name']}"
        _put(connection, settings, case, person, chosen, subject, body, treatment, now_us)
    case_notices.done(connection, row, chosen.channel, chosen.reason, now_us)


def _person(connection: Connection, case: Mapping[str, Any]) -> Person | None:
    if case["customer"] is None:
        return None
    return customers.person(connection, case["tenant"], case["customer"])


def choice(
    connection: Connection,
    settings: Settings,
    case: Mapping[str, Any],
    person: Person,
    now_us: int,
    *,
    inbox: bool = True,
) -> Choice:
    """Return the channel of a notice. case : tenant, customer, and purpose, None = the contract."""
    pair = (case["tenant"], case["customer"])
    rules = contact_policy.of(settings)
    granted = frozenset(consent.granted_to(connection, [pair], from_us(now_us))[pair])
    chosen = preferences.in_use(
        connection, {pair: person}, {pair: granted}, rules.channels, now_us
    )  # fmt: skip
    known = contact_policy.person(
        connection,
        pair,
        person.timezone,
        granted,
        refused_channels(connection, [pair], now_us).get(pair, frozenset()),
        rules,
        now_us,
        preferred=chosen.get(pair, {}),
    )
    to = Recipient(person.addresses, rules.channels, known, rules.messages)
    return choose(to, case["purpose"], now_us, inbox=inbox)


def _put(
    connection: Connection,
    settings: Settings,
    case: Mapping[str, Any],
    person: Person,
    choice: Choice,
    subject: str,
    body: str,
    treatment: str,
    now_us: int,
) -> None:
    assert choice.channel is not None, "it was asked"
    channel, rules = choice.channel, contact_policy.of(settings)
    new = NewContact(
        contact_id=contact_id(case["case_id"], TYPED, treatment, None),
        tenant=case["tenant"],
        customer=person.customer,
        channel=channel,
        receiver_id=None,
        address=person.addresses.get("email") if channel == "email" else None,
        purpose=case["purpose"],
        language=_language(person),
        type="case.notice",
        subject=subject,
        body=body,
        payload=None,
        urgent=False,
        signal_id=None,  # a correction of the case's signal does not take it back
        signal_revision=None,
        playbook=TYPED,
        treatment=treatment.partition(" ")[0],
        case_id=case["case_id"],
        alert_id=None,
        deliver_at_us=choice.deliver_at_us,
        exempt=sorted(rules.exempt(choice.policy)),
    )
    contacts.put(connection, [new], now_us)


def _language(person: Person) -> str:
    return person.language if person.language in LANGUAGES else "en"


def _title(case: Mapping[str, Any], person: Person) -> str:
    return " ".join(str(case["title"][_language(person)]).split())[:150]


def _link_text(case: Mapping[str, Any], person: Person) -> tuple[str, str]:
    texts = _TEXTS[_language(person)]
    body = f"{texts['hello'].format(name=person.name)}\n\n{texts['link']}\n"
    return _title(case, person), body


def _text(
    case: Mapping[str, Any], plan: case_steps.Plan, item: Item, kind: str, person: Person
) -> tuple[str, str]:
    """Return subject and body of a notice in the customer's language."""
    language = _language(person)
    texts, spec = _TEXTS[language], item.spec
    title = str(getattr(spec.title, language))
    if kind == "milestone" and isinstance(spec, Step) and spec.notice is not None:
        says = str(getattr(spec.notice, language))
    else:
        says = texts["reminder"].format(step=title)
    subject = f"{_title(case, person)}: {title}"
    return subject, f"{texts['hello'].format(name=person.name)}\n\n{says}\n"
