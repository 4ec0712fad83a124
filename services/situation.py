"""Read the inputs of decisions on signals, for many signals at once."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from contracts.rights import LimitKind
from customer_context.playbooks.plan import Person, Situation
from services import contact_policy, preferences
from services.consent import refused_channels
from services.contact_policy import FREE, ContactRules
from store.casework import alerts, receivers
from store.people import consent, customers
from store.postgres.pool import Connection
from store.postgres.times import from_us


def happened_at(signal: Mapping[str, Any]) -> datetime:
    """Return the start of a signal's finding; its holder at that time is the signal's customer."""
    data = signal["data"]
    text = data.get("started_at") or data.get("at")
    return datetime.fromisoformat(text) if text else signal["time"]


def holders(connection: Connection, signals: Sequence[Mapping[str, Any]]) -> dict[str, str | None]:
    """Return signal id → the customer it is about."""
    asked = [(s["tenant"], s["subject"] or "", happened_at(s)) for s in signals]
    return {
        signal["id"]: None if holder is None else holder[0]
        for signal, holder in zip(signals, customers.holders_at(connection, asked), strict=True)
    }


def read(
    connection: Connection,
    signals: Sequence[Mapping[str, Any]],
    about: Mapping[str, str | None],
    channels: frozenset[str],
    now_us: int,
    language: str | None = None,
    *,
    rules: ContactRules = FREE,
    writes: bool = True,
) -> list[Situation]:
    """Return the situation of each signal (a row of `store.signals.signal_queue`), in their order.

    about : signal id → customer, from `holders`; channels : configured channels to customers;
    language : None = each customer's own; rules : of contact; writes : contacts are written in this
    transaction, so that receivers must stay. `sent` of the situations is left out
    (`services.decide` reads it in its turn).
    """
    pairs = sorted(
        {(s["tenant"], customer) for s in signals if (customer := about[s["id"]]) is not None}
    )
    persons = customers.persons(connection, pairs)
    granted = consent.granted_to(connection, pairs, from_us(now_us))
    not_by = refused_channels(connection, pairs, now_us) if pairs else {}
    limits = consent.limits(connection, pairs) if pairs else {}
    chosen = preferences.in_use(connection, persons, granted, channels, now_us)
    reacted = contact_policy.reactions(connection, pairs, rules.rules, now_us)
    policy, exempt = rules.messages, rules.exempt(rules.messages)
    active = receivers.active(connection, sorted({s["tenant"] for s in signals}), locked=writes)
    subjects = [(s["tenant"], s["subject"]) for s in signals if s["subject"] is not None]
    names = customers.subject_names(connection, subjects)
    over = alerts.ended(connection, [s["id"] for s in signals if s["type"] == alerts.RAISED])
    found = []
    for signal in signals:
        tenant, subject, customer = signal["tenant"], signal["subject"], about[signal["id"]]
        person = None if customer is None else persons.get((tenant, customer))
        anomaly = signal["type"] in (alerts.RAISED, alerts.CLEARED) and signal["device"]
        found.append(
            Situation(
                signal_id=signal["id"],
                revision=signal["revision"],
                type=signal["type"],
                subject=subject,
                time=signal["time"],
                data=signal["data"],
                happened_at=happened_at(signal),
                person=None
                if person is None
                else Person(
                    person.customer, person.name, language or person.language, person.addresses
                ),
                granted=frozenset(() if customer is None else granted[tenant, customer]),
                not_by=not_by.get((tenant, customer or ""), frozenset()),
                objected=LimitKind.AUTOMATED_DECISIONS in limits.get((tenant, customer or ""), {}),
                receivers={side: active.get((tenant, side), []) for side in ("insurer", "utility")},
                channels=channels,
                subject_name=names.get((tenant, subject or ""), (subject or "").partition(":")[2]),
                timezone=signal["timezone"],
                now=from_us(now_us),
                superseded=signal["revision"] < signal["newest_revision"],
                alert_id=alerts.episode(signal)[0] if anomaly else None,
                over=signal["id"] in over,
                policy=policy,
                exempt=exempt,
                reactions=reacted.get((tenant, customer or ""), ()),
                preferred=chosen.get((tenant, customer or ""), {}),
            )
        )
    return found
