"""Consents that end soon: their customers are reminded once, with a link to renew them.

A consent ends by itself: `valid_to` is a part of the rule (customer_context/consent/state.py).
"""

from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from contracts.channels import CHANNELS
from contracts.contacts import contact_id
from contracts.kinds import LANGUAGES
from contracts.purposes import Purpose
from customer_context.consent.state import Question, decision_in_force
from runtime.settings import Settings
from services import case_notices, contact_policy
from services import consent as consents
from services.consent_terms import Terms
from services.visibility import TYPED
from store.casework import contacts
from store.casework.contacts import NewContact
from store.people import consent_requests, customers
from store.people.customers import Person
from store.postgres.pool import Connection
from store.postgres.times import from_us

BATCH = 100
TYPE = "consent.renewal"
_TEXTS = {
    "de": {
        "subject": "Ihre Einwilligung endet am {day}",
        "body": "Guten Tag {name},\n\nIhre Einwilligung „{what}“ endet am {day}. Wenn Sie nichts "
        "tun, gilt sie danach nicht mehr. Verlängern können Sie sie unter „Meine Daten“.\n",
    },
    "en": {
        "subject": "Your consent ends on {day}",
        "body": "Dear {name},\n\nyour consent “{what}” ends on {day}. If you do nothing, it does "
        "not hold any more after that. You can renew it under “My data”.\n",
    },
}
_NAMES = {
    Purpose.DRIVING_SCORE: {"de": "Fahrscore", "en": "Driving score"},
    Purpose.CLAIMS_ASSISTANCE: {"de": "Hilfe nach einem Unfall", "en": "Help after a crash"},
    Purpose.ENERGY_INSIGHT: {"de": "Energie-Einblick", "en": "Energy insight"},
}


def remind_due(
    connection: Connection, settings: Settings, terms: Terms, now_us: int, limit: int = BATCH
) -> int:
    """Remind of consents that end within the terms; return how many were looked at.

    In the caller's transaction. The row that says that it was done is written first, so that of two
    workers one does it.
    """
    if not terms.renewal:
        return 0
    rows = consent_requests.ending(connection, from_us(now_us), terms.renewal, limit)
    contact_policy.lock(connection, [(r["tenant"], r["customer"]) for r in rows], now_us)
    for row in rows:
        if consent_requests.renew(connection, row, from_us(now_us)):
            _remind(connection, settings, row, now_us)
    return len(rows)


def _remind(connection: Connection, settings: Settings, row: dict[str, Any], now_us: int) -> None:
    tenant, customer, at = row["tenant"], row["customer"], from_us(now_us)
    person = customers.person(connection, tenant, customer)
    ledger = consents.ledger_of(connection, tenant, customer)
    question = Question(row["purpose"], row["channel"], row["data_category"], row["recipient"])
    now = decision_in_force(ledger, question, at)
    if person is None or now is None or now.consent_id != row["consent_id"]:
        consent_requests.renewal_done(connection, row["consent_id"], None, "not_in_force")
        return
    about = {"tenant": tenant, "customer": customer, "purpose": _purpose(row)}
    chosen = case_notices.choice(connection, settings, about, person, now_us)
    if chosen.channel is None:
        consent_requests.renewal_done(connection, row["consent_id"], None, chosen.reason)
        return
    new = replace(
        _contact(row, person, chosen.channel),
        deliver_at_us=chosen.deliver_at_us,
        exempt=sorted(contact_policy.of(settings).exempt(chosen.policy)),
    )
    contacts.put(connection, [new], now_us)
    consent_requests.renewal_done(connection, row["consent_id"], new.contact_id, chosen.channel)


def _purpose(row: dict[str, Any]) -> str | None:
    """Return the purpose of the message; None of a channel: it rests on the contract."""
    return row["purpose"] if row["purpose"] in tuple(Purpose) else None


def _contact(row: dict[str, Any], person: Person, channel: str) -> NewContact:
    language = person.language if person.language in LANGUAGES else "en"
    texts, day = _TEXTS[language], _day(row["valid_to"], person.timezone, language)
    what = _name(row["purpose"], language)
    return NewContact(
        contact_id=contact_id(f"consent {row['consent_id']}", TYPED, "renewal", None),
        tenant=row["tenant"],
        customer=row["customer"],
        channel=channel,
        receiver_id=None,
        address=person.addresses.get("email") if channel == "email" else None,
        purpose=_purpose(row),
        language=language,
        type=TYPE,
        subject=texts["subject"].format(day=day),
        body=texts["body"].format(name=person.name, what=what, day=day),
        payload=None,
        urgent=False,
        signal_id=None,
        signal_revision=None,
        playbook=TYPED,
        treatment="renewal",
        case_id=None,
        alert_id=None,
    )


def _name(purpose: str, language: str) -> str:
    if purpose in _NAMES:
        return _NAMES[Purpose(purpose)][language]
    titles = next(spec.consent for spec in CHANNELS.values() if spec.purpose == purpose)
    return str(purpose if titles is None else getattr(titles[0], language))


def _day(at: datetime, timezone: str, language: str) -> str:
    local = at.astimezone(ZoneInfo(timezone))
    return f"{local:%d.%m.%Y}" if language == "de" else f"{local:%Y-%m-%d}"
