"""The relevant items about a customer now: read from the store and ranked, with reasons."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from contracts.channels import TO_CUSTOMER
from contracts.kinds import ANOMALIES, CONTRACTS, LANGUAGES, SIGNALS, summary_of
from contracts.purposes import Purpose
from customer_context.relevance.rank import Item, Ranked, rank
from customer_context.relevance.usefulness import Reaction, Reader
from runtime.errors import NotFound
from services import alert_flow, case_flow, contact_flow, usefulness, visibility
from services.visibility import Kind
from store.people import consent, customers, subjects
from store.postgres.merged import same_as
from store.postgres.pool import Connection
from store.postgres.times import from_us, to_us

_BACK = timedelta(days=60)
_EACH = 30


@dataclass(frozen=True, slots=True)
class Relevant:
    """A ranked occasion. summary, parts : language → one line, of its first item and the others."""

    ranked: Ranked
    summary: dict[str, str]
    parts: list[dict[str, str]]


@dataclass(frozen=True, slots=True)
class CustomerContext:
    """The most relevant items about a customer now.

    granted : purposes in force; relevant : the most relevant first; left_out : number of items
    that are not among them, nor their parts.
    """

    customer: str
    name: str
    language: str
    granted: frozenset[str]
    as_of: datetime
    relevant: list[Relevant]
    left_out: int


def of_customer(
    connection: Connection,
    tenant: str,
    customer: str,
    now_us: int,
    most: int,
    reader: Reader = Reader.AGENT,
) -> CustomerContext | None:
    """Return the context of a customer of the tenant; None where the registry has none.

    reader : whose feedback on such items counts most.
    """
    person = customers.person(connection, tenant, customer)
    if person is None:
        return None
    granted = frozenset(consent.granted_of(connection, tenant, customer))
    found = _items(connection, tenant, customer, now_us)
    known = usefulness.applied(
        connection, tenant, customer, [item for item, _ in found], reader, now_us
    )
    items = {(item.kind, item.id): text for item, text in found}
    ranked = rank(known, now_us, most)

    def summary(item: Item) -> dict[str, str]:
        return items[item.kind, item.id]

    return CustomerContext(
        customer,
        person.name,
        person.language,
        granted,
        from_us(now_us),
        [Relevant(one, summary(one.item), [summary(part) for part in one.parts]) for one in ranked],
        len(items) - sum(1 + len(one.parts) for one in ranked),
    )


def feedback(
    connection: Connection,
    tenant: str,
    customer: str,
    kind: str,
    item_id: str,
    reaction: Reaction,
    by: str,
    now_us: int,
) -> bool:
    """Record what an agent did with an item of a customer's context; return whether it is new.

    Raises `NotFound` for an item that is not, or no longer, in the context.
    """
    for item, _ in _items(connection, tenant, customer, now_us):
        if (item.kind, item.id) == (kind, item_id):
            return usefulness.record(
                connection, tenant, customer, item, reaction, Reader.AGENT, by, now_us
            )
    raise NotFound(f"there is no {kind} {item_id!r} in the context")


_Found = list[tuple[Item, dict[str, str]]]


def _items(connection: Connection, tenant: str, customer: str, now_us: int) -> _Found:
    """Return all items of a customer with their lines, each once."""
    since = from_us(now_us) - _BACK
    found = [
        *_cases(connection, tenant, customer),
        *(
            signal
            for one in same_as(connection, tenant, customer)  # each rests on its own consents
            for signal in _signals(connection, tenant, one, since)
        ),
        *_alerts(connection, tenant, customer),
        *_contracts(connection, tenant, customer, now_us),
    ]
    occasions = {item.occasion for item, _ in found}
    found += _contacts(connection, tenant, customer, occasions)
    return list({(item.kind, item.id): (item, text) for item, text in found}.values())


def _cases(connection: Connection, tenant: str, customer: str) -> _Found:
    return [
        (
            Item(
                "case",
                row["case_id"],
                to_us(row["opened_at"]),
                severity=3 if row["urgent"] else 2,
                open=row["state"] != "resolved",
                urgent=row["urgent"],
                subject=row["subject"],
                case_id=row["case_id"],
                due_us=None if row["deadline"] is None else to_us(row["deadline"]),
                occasion=_of_signal(row["signal_id"]),
                topic="" if row["withdrawn"] else row["kind"],
                purpose=row["purpose"],
            ),
            row["title"],
        )
        for row in case_flow.list_(connection, tenant, customer=customer, limit=_EACH)
    ]


def _signals(connection: Connection, tenant: str, customer: str, since: datetime) -> _Found:
    granted = consent.granted_of(connection, tenant, customer)
    allowed = [
        str(type_)
        for type_, facts in SIGNALS.items()
        if facts.relevant_as and facts.purpose in granted
    ]
    found: _Found = []
    rows = subjects.signals_of(connection, tenant, customer, allowed, since, _EACH)
    for row in visibility.shown(
        connection, tenant, Kind.SIGNAL, rows, reader=None, customer=customer
    ):
        facts, data = SIGNALS[row["type"]], row["data"]
        item = Item(
            facts.relevant_as,
            row["id"],
            to_us(row["time"]),
            severity=data.get("severity", facts.severity),
            subject=row["subject"],
            occasion=_of_signal(row["id"]),
            topic=row["type"],
            purpose=facts.purpose,
        )
        found.append((item, summary_of(row["type"], data)))
    return found


def _alerts(connection: Connection, tenant: str, customer: str) -> _Found:
    rows = alert_flow.list_(connection, tenant, customer=customer, limit=_EACH)
    return [
        (
            Item(
                "alert",
                row["alert_id"],
                to_us(row["happened_at"]),
                severity=row["severity"],
                open=row["state"] != "resolved" and not row["cleared"],
                subject=row["subject"],
                case_id=row["case_id"],
                occasion=_of_signal(row["alert_id"]),  # which is its raised signal's id
                topic=row["kind"],
                purpose=Purpose.ENERGY_INSIGHT,
            ),
            ANOMALIES[row["kind"]].name.titles(),
        )
        for row in rows
        if not row["retracted"]
    ]


def _of_signal(signal_id: str) -> str:
    return f"signal {signal_id}"


def _contacts(
    connection: Connection, tenant: str, customer: str, occasions: Collection[str]
) -> _Found:
    """Return contacts to the customer. Webhooks go to a company's systems and are left out.

    occasions : of other items. A contact about none of these, such as a notice of each trip,
    belongs to its playbook.
    """

    def occasion(row: Mapping[str, Any]) -> str:
        of_signal = _of_signal(row["signal_id"])
        return of_signal if of_signal in occasions else f"playbook {row['playbook']}"

    return [
        (
            replace(usefulness.of_message(row, to_us(row["created_at"])), occasion=occasion(row)),
            visibility.CONTACT.titles()
            if row["withdrawn"]
            else {language: row["subject"] or row["type"] for language in LANGUAGES},
        )
        for row in contact_flow.list_(connection, tenant, customer=customer, limit=_EACH)
        if row["channel"] in TO_CUSTOMER
    ]


def _contracts(connection: Connection, tenant: str, customer: str, now_us: int) -> _Found:
    found: _Found = []
    for row in subjects.contracts_of(connection, tenant, customer):
        ended = row["valid_to"] is not None and to_us(row["valid_to"]) <= now_us
        motor = row["vehicle"] is not None
        subject = f"vehicle:{row['vehicle']}" if motor else f"meter:{row['meter']}"
        item = Item(
            "contract", row["contract"], to_us(row["valid_from"]), subject=subject,
            in_force=not ended, topic="vehicle" if motor else "meter",
        )  # fmt: skip
        found.append((item, CONTRACTS["vehicle" if motor else "meter"].titles()))
    return found
