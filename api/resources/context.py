"""What is relevant about a customer now: gathered from the store, ranked, each with its reason."""

from datetime import datetime, timedelta
from typing import Literal

from pydantic import Field

from api.http.answers import Shape
from api.http.auth import Call
from api.resources import alerts
from contracts.kinds import ANOMALIES, LANGUAGES, SIGNALS, summary_of
from customer_context.relevance.rank import Item, Ranked, rank
from store.casework import alerts as stored_alerts
from store.casework import cases, contacts
from store.people import customers, subjects
from store.postgres.pool import Connection
from store.postgres.times import from_us, to_us

_BACK = timedelta(days=60)
_EACH = 30


class Why(Shape):
    """One reason. code : recent, open, urgent, severity, overdue, due_soon, due, related,
    undelivered, in_force, ended; text : the same in English."""

    code: str
    text: str


class Relevant(Shape):
    """One thing that matters, with why it does; the weightiest reason first."""

    kind: Literal["case", "crash", "alert", "score", "contact", "contract"]
    id: str
    at: datetime
    open: bool
    severity: int = Field(ge=1, le=3)
    subject: str | None
    case_id: str | None
    due_at: datetime | None
    summary: dict[str, str] = Field(description="In German (de) and English (en).")
    reasons: list[Why]


class CustomerContext(Shape):
    """Not all that is known about a customer: the few things that matter now."""

    customer: str
    name: str
    language: str
    purposes: list[str] = Field(description="What the customer agrees to now.")
    as_of: datetime
    relevant: list[Relevant] = Field(description="The most relevant first.")
    left_out: int = Field(description="How many more are known.")


def of_customer(
    connection: Connection, call: Call, customer: str, most: int
) -> CustomerContext | None:
    """The context of a customer of the caller's tenant; None where there is none."""
    tenant = call.caller.tenant
    person = customers.person(connection, tenant, customer)
    if person is None:
        return None
    granted = frozenset(customers.granted_of(connection, tenant, customer))
    found: dict[tuple[str, str], tuple[Item, dict[str, str]]] = {}
    for item, summary in [
        *_cases(connection, tenant, customer),
        *_signals(connection, tenant, customer, granted, from_us(call.now_us) - _BACK),
        *_alerts(connection, tenant, customer, granted),
        *_contacts(connection, tenant, customer),
        *_contracts(connection, tenant, customer, call.now_us),
    ]:
        found[(item.kind, item.id)] = (item, summary)
    ranked = rank((item for item, _ in found.values()), call.now_us, most)
    return CustomerContext(
        customer=customer,
        name=person.name,
        language=person.language,
        purposes=sorted(granted),
        as_of=from_us(call.now_us),
        relevant=[_told(one, found[(one.item.kind, one.item.id)][1]) for one in ranked],
        left_out=len(found) - len(ranked),
    )


def _told(one: Ranked, summary: dict[str, str]) -> Relevant:
    item = one.item
    return Relevant.model_validate(
        {
            "kind": item.kind,
            "id": item.id,
            "at": from_us(item.at_us),
            "open": item.open,
            "severity": item.severity,
            "subject": item.subject,
            "case_id": item.case_id,
            "due_at": None if item.due_us is None else from_us(item.due_us),
            "summary": summary,
            "reasons": [Why(code=reason.code, text=reason.text) for reason in one.reasons],
        }
    )


_Found = list[tuple[Item, dict[str, str]]]


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
            ),
            row["title"],
        )
        for row in cases.list_(connection, tenant, customer=customer, limit=_EACH)
    ]


def _signals(
    connection: Connection, tenant: str, customer: str, granted: frozenset[str], since: datetime
) -> _Found:
    allowed = [
        str(type_)
        for type_, facts in SIGNALS.items()
        if facts.relevant_as and facts.purpose in granted
    ]
    found: _Found = []
    for row in subjects.signals_of(connection, tenant, customer, allowed, since, _EACH):
        facts, data = SIGNALS[row["type"]], row["data"]
        item = Item(
            facts.relevant_as,
            row["id"],
            to_us(row["time"]),
            severity=data.get("severity", facts.severity),
            subject=row["subject"],
        )
        found.append((item, summary_of(row["type"], data)))
    return found


def _alerts(connection: Connection, tenant: str, customer: str, granted: frozenset[str]) -> _Found:
    if alerts.PURPOSE not in granted:
        return []
    rows = stored_alerts.list_(connection, tenant, customer=customer, limit=_EACH)
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
            ),
            ANOMALIES[row["kind"]].name.titles(),
        )
        for row in rows
        if not row["retracted"]
    ]


def _contacts(connection: Connection, tenant: str, customer: str) -> _Found:
    """What the customer was sent; what went to a company's systems is that company's affair."""
    return [
        (
            Item(
                "contact",
                row["contact_id"],
                to_us(row["created_at"]),
                open=False,
                case_id=row["case_id"],
                failed=row["state"] == "failed",
            ),
            {language: row["subject"] or row["type"] for language in LANGUAGES},
        )
        for row in contacts.list_(connection, tenant, customer=customer, limit=_EACH)
        if row["channel"] != "webhook"
    ]


def _contracts(connection: Connection, tenant: str, customer: str, now_us: int) -> _Found:
    found: _Found = []
    for row in subjects.contracts_of(connection, tenant, customer):
        ended = row["valid_to"] is not None and to_us(row["valid_to"]) <= now_us
        motor = row["vehicle"] is not None
        subject = f"vehicle:{row['vehicle']}" if motor else f"meter:{row['meter']}"
        item = Item(
            "contract", row["contract"], to_us(row["valid_from"]), subject=subject,
            in_force=not ended,
        )  # fmt: skip
        name = {"de": "Kfz-Vertrag", "en": "Motor contract"}
        if not motor:
            name = {"de": "Stromvertrag", "en": "Electricity contract"}
        found.append((item, name))
    return found
