"""The consent ledger: decisions of customers, and what they grant now."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from store.people.registry import refusing
from store.postgres.consent_order import NEWEST_FIRST
from store.postgres.pool import Connection, scalar
from store.postgres.rows import pair_columns

GRANTED, WITHDRAWN = "granted", "withdrawn"

DECIDED = (
    "select n.state, n.consent_id, n.recorded_at from customers.consent n "
    "where n.tenant = {tenant} and n.customer = {customer} and n.purpose = {purpose} "
    f"order by {NEWEST_FIRST.format(n='n.')} limit 1"
)
"""Subquery: the decision in force of a customer about a purpose."""

_IN_FORCE = (
    "select distinct on (tenant, customer, purpose) tenant, customer, purpose, state, consent_id, "
    "recorded_at from customers.consent {where} "
    f"order by tenant, customer, purpose, {NEWEST_FIRST.format(n='')}"
)

_OF_CUSTOMERS = "where (tenant, customer) in (select * from unnest(%s::text[], %s::text[]))"


@dataclass(frozen=True, slots=True)
class InForce:
    """The decision in force about a purpose."""

    state: str
    consent_id: int
    recorded_at: datetime


def granted(
    connection: Connection, customers: Sequence[tuple[str, str]] | None = None
) -> dict[tuple[str, str], frozenset[str]]:
    """Return the purposes granted now, by (tenant, customer); of all, or of these customers."""
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    where = "" if customers is None else _OF_CUSTOMERS
    for tenant, customer, purpose, state, *_ in connection.execute(
        _IN_FORCE.format(where=where).encode(),
        None if customers is None else pair_columns(customers),
    ):
        if state == GRANTED:
            found[(tenant, customer)].add(purpose)
    return {key: frozenset(purposes) for key, purposes in found.items()}


def in_force(
    connection: Connection, customers: Sequence[tuple[str, str]]
) -> dict[tuple[str, str], dict[str, InForce]]:
    """Return for each (tenant, customer): purpose → the decision in force."""
    found: dict[tuple[str, str], dict[str, InForce]] = {key: {} for key in customers}
    query = _IN_FORCE.format(where=_OF_CUSTOMERS)
    for tenant, customer, purpose, *decision in connection.execute(
        query.encode(), pair_columns(customers)
    ):
        found[(tenant, customer)][purpose] = InForce(*decision)
    return found


def granted_to(
    connection: Connection, customers: Sequence[tuple[str, str]]
) -> dict[tuple[str, str], dict[str, int]]:
    """Return for each (tenant, customer): purpose granted now → the consent_id that grants it."""
    return {
        key: {
            purpose: decision.consent_id
            for purpose, decision in decisions.items()
            if decision.state == GRANTED
        }
        for key, decisions in in_force(connection, customers).items()
    }


def granted_of(connection: Connection, tenant: str, customer: str) -> dict[str, int]:
    """Return purpose that one customer grants now → the consent_id that grants it."""
    return granted_to(connection, [(tenant, customer)])[(tenant, customer)]


def decide(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Append decisions to the consent ledger; skip those already recorded."""
    with refusing(), connection.cursor() as cursor:
        cursor.executemany(
            "insert into customers.consent (tenant, customer, purpose, state, legal_basis, "
            "notice_version, source, decided_at, recorded_at) "
            "select %(tenant)s, %(customer)s, %(purpose)s, %(state)s, %(legal_basis)s, "
            "%(notice_version)s, %(source)s, %(at)s, %(recorded_at)s where not exists ("
            "select 1 from customers.consent where tenant = %(tenant)s "
            "and customer = %(customer)s and purpose = %(purpose)s and state = %(state)s "
            "and source = %(source)s and decided_at = %(at)s)",
            list(rows),
        )


def decisions_count(connection: Connection, tenant: str, customers: Collection[str]) -> int:
    """Count the decisions of some customers. The ledger only grows, so that an equal number means
    that nobody has decided since."""
    return int(
        scalar(
            connection,
            "select count(*) from customers.consent where tenant = %s and customer = any(%s)",
            (tenant, list(customers)),
        )
    )


def consents_of(connection: Connection, tenant: str, customer: str) -> list[dict[str, Any]]:
    """Return a customer's whole consent ledger, oldest first."""
    names = (
        "consent_id",
        "purpose",
        "state",
        "legal_basis",
        "notice_version",
        "source",
        "decided_at",
        "recorded_at",
    )
    rows = connection.execute(
        f"select {', '.join(names)} from customers.consent "
        "where tenant = %s and customer = %s order by consent_id",
        (tenant, customer),
    )
    return [dict(zip(names, row, strict=True)) for row in rows.fetchall()]
