"""Partners: brokers, garages, dealers, who see only customers who have granted it.

A grant is a decision in the consent ledger with the recipient `partner:<id>`, a purpose and an end.
The rule is customer_context/consent/partners.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from contracts.kinds import SIGNALS, summary_of
from contracts.purposes import INSURERS, PARTNER, Purpose
from customer_context.cases.case_state import State, What
from customer_context.cases.case_types import Item, Step
from customer_context.consent.partners import granted_to
from customer_context.consent.state import GRANTED, WITHDRAWN, Decision
from runtime.errors import NotAllowed, NotFound
from services import case_steps, matter, visibility
from services import consent as decisions
from services.visibility import Kind
from store.casework import cases
from store.people import consent, customers, partners, subjects
from store.people.partners import Partner
from store.postgres.pool import Connection
from store.postgres.times import from_us

LONGEST = timedelta(days=730)
"""A grant ends after at most two years: nobody forgets it for good."""
_BACK = timedelta(days=60)
_MOST_SIGNALS = 50
_AT_ONCE = 200
_MOST_CASES = 50


@dataclass(frozen=True, slots=True)
class Grant:
    """What a customer has granted to a partner."""

    partner: str
    purpose: str
    granted_at: datetime
    valid_to: datetime


@dataclass(frozen=True, slots=True)
class Seen:
    """A customer as a partner may see them: purpose → until when."""

    customer: str
    name: str
    purposes: Mapping[str, datetime]


@dataclass(frozen=True, slots=True)
class Task:
    """A step of a customer's case that a partner does: towing, a rental car, a date at a garage.

    title : of the case, by language; until : None = no deadline runs.
    """

    customer: str
    case_id: str
    title: Mapping[str, str]
    opened_at: datetime
    plan: case_steps.Plan
    item: Item
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Finding:
    """A signal about a customer, within a purpose that is granted. summary : by language."""

    id: str
    type: str
    purpose: str
    subject: str | None
    at: datetime
    summary: Mapping[str, str]


def of_customer(
    connection: Connection, tenant: str, customer: str, now_us: int
) -> list[tuple[Partner, list[Grant]]]:
    """Return the partners of a tenant, and what a customer has granted to each now."""
    known = [one for one in partners.all_(connection, tenant) if one.ended_at is None]
    ledger = _ledger(connection, tenant, customer) if known else []
    return [(one, _grants(ledger, one.partner, now_us)) for one in known]


def grant(
    connection: Connection,
    tenant: str,
    customer: str,
    partner: str,
    purpose: str,
    valid_to: datetime,
    now_us: int,
    *,
    notice_version: str,
    source: str,
    method: str,
) -> list[Grant]:
    """Grant a purpose to a partner until a time; return what the partner has then.

    Raises `NotFound`, and `NotAllowed` for an end that is past or too far.
    """
    now = from_us(now_us)
    found = partners.get(connection, tenant, partner)
    if found is None or found.ended_at is not None:
        raise NotFound(f"there is no partner {partner!r}")
    if not now < valid_to <= now + LONGEST:
        raise NotAllowed(f"a grant ends within the next {LONGEST.days} days")
    _decide(
        connection, tenant, customer, partner, purpose, GRANTED, now_us, notice_version, source,
        method, valid_to,
    )  # fmt: skip
    return _grants(_ledger(connection, tenant, customer), partner, now_us)


def end(
    connection: Connection,
    tenant: str,
    customer: str,
    partner: str,
    purpose: str,
    now_us: int,
    *,
    notice_version: str,
    source: str,
    method: str,
) -> list[Grant]:
    """End what a customer has granted to a partner, now; return what the partner has then."""
    if partners.get(connection, tenant, partner) is None:
        raise NotFound(f"there is no partner {partner!r}")
    _decide(
        connection, tenant, customer, partner, purpose, WITHDRAWN, now_us, notice_version, source,
        method, None,
    )  # fmt: skip
    return _grants(_ledger(connection, tenant, customer), partner, now_us)


def seen_by(
    connection: Connection, tenant: str, partner: str, now_us: int, *, after: str, limit: int
) -> list[Seen]:
    """Return the customers whom a partner may see now, by id, after one."""
    found: list[Seen] = []
    recipient = f"{PARTNER}{partner}"
    while len(found) < limit:
        ids = partners.deciders(connection, tenant, recipient, after, _AT_ONCE)
        granted = {
            customer: _granted(connection, tenant, customer, partner, now_us) for customer in ids
        }
        names = partners.names(connection, tenant, ids)
        found += [
            Seen(customer, names[customer], granted[customer])
            for customer in ids
            if granted[customer] and customer in names
        ]
        if len(ids) < _AT_ONCE:
            break
        after = ids[-1]
    return found[:limit]


def see(
    connection: Connection, tenant: str, partner: str, customer: str, now_us: int
) -> tuple[Seen, list[dict[str, Any]], list[Finding]]:
    """Return a customer, their vehicles and meters, and findings, within what is granted.

    Raises `NotFound`, also where nothing is granted.
    """
    purposes = _granted(connection, tenant, customer, partner, now_us)
    person = customers.person(connection, tenant, customer)
    if not purposes or person is None:
        raise NotFound(f"there is no customer {customer!r}")
    contracts = [
        row
        for row in subjects.contracts_of(connection, tenant, customer)
        if row["customer"] == customer and _covered(row, purposes)
    ]
    types = [str(type_) for type_, facts in SIGNALS.items() if facts.purpose in purposes]
    rows = subjects.signals_of(
        connection, tenant, customer, types, from_us(now_us) - _BACK, _MOST_SIGNALS
    )
    findings = [
        Finding(
            row["id"],
            row["type"],
            str(SIGNALS[row["type"]].purpose),
            row["subject"],
            row["time"],
            summary_of(row["type"], row["data"]),
        )
        for row in rows
    ]
    return Seen(customer, person.name, purposes), contracts, findings


def tasks(connection: Connection, tenant: str, seen: Seen, now_us: int) -> list[Task]:
    """Return what a partner has to do now for a customer, whom it sees, the newest case first.

    Only of cases that rest on a purpose that is granted to the partner.
    """
    rows = cases.list_(connection, tenant, customer=seen.customer, limit=_MOST_CASES)
    found = []
    for row in visibility.shown(connection, tenant, Kind.CASE, rows, reader=None):
        own = row["customer"] == seen.customer and row["purpose"] in seen.purposes
        if not own or row["withdrawn"] is not None or row["state"] == "resolved":
            continue
        plan = case_steps.plan_of(connection, tenant, row["case_id"])
        if plan is None:
            continue
        found += [
            Task(
                row["customer"], row["case_id"], row["title"], row["opened_at"], plan, item,
                matter.until(plan, item),
            )
            for item in plan.type.items.values()
            if _is_partners(item) and plan.state.items[item.id].state == State.ACTIVE
        ]  # fmt: skip
    return found


def task(
    connection: Connection, tenant: str, partner: str, customer: str, case_id: str, step: str,
    now_us: int,
) -> Task:  # fmt: skip
    """Return one task of a partner. Raises `NotFound`, also where nothing is granted any more."""
    purposes = _granted(connection, tenant, customer, partner, now_us)
    person = customers.person(connection, tenant, customer)
    seen = None if person is None else Seen(customer, person.name, purposes)
    for one in () if seen is None else tasks(connection, tenant, seen, now_us):
        if (one.case_id, one.item.id) == (case_id, step):
            return one
    raise NotFound(f"there is no step {step!r} for you")


def complete(
    connection: Connection, tenant: str, task: Task, by: str, data: Mapping[str, Any], now_us: int
) -> None:
    """Complete a step that `task` has returned. Raises `Invalid`, `NotAllowed`."""
    case_steps.act(
        connection, tenant, task.case_id, by, now_us, What.COMPLETE, item=task.item.id, data=data
    )


def _is_partners(item: Item) -> bool:
    return isinstance(item.spec, Step) and item.spec.who == "partner"


def _covered(contract: Mapping[str, Any], purposes: Mapping[str, datetime]) -> bool:
    motor = contract["vehicle"] is not None
    return any((purpose in INSURERS) == motor for purpose in purposes if purpose in tuple(Purpose))


def _granted(
    connection: Connection, tenant: str, customer: str, partner: str, now_us: int
) -> dict[str, datetime]:
    """Return purpose → until when, nothing while a right of the customer limits the processing."""
    if consent.limits(connection, [(tenant, customer)]).get((tenant, customer)):
        return {}
    return {
        one.purpose: one.valid_to
        for one in _grants(_ledger(connection, tenant, customer), partner, now_us)
    }


def _grants(ledger: list[Decision], partner: str, now_us: int) -> list[Grant]:
    found = granted_to(ledger, partner, from_us(now_us))
    return [
        Grant(partner, purpose, one.recorded_at, one.valid_to)
        for purpose, one in sorted(found.items())
        if one.valid_to is not None
    ]


def _ledger(connection: Connection, tenant: str, customer: str) -> list[Decision]:
    rows = consent.consents_of(connection, tenant, customer)
    return [Decision(*(row[field.name] for field in fields(Decision))) for row in rows]


def _decide(
    connection: Connection,
    tenant: str,
    customer: str,
    partner: str,
    purpose: str,
    state: str,
    now_us: int,
    notice_version: str,
    source: str,
    method: str,
    valid_to: datetime | None,
) -> None:
    decisions.decide(
        connection,
        tenant,
        customer,
        purpose,
        state,
        now_us,
        notice_version=notice_version,
        source=source,
        method=method,
        limits={"recipient": f"{PARTNER}{partner}", "valid_to": valid_to},
    )
