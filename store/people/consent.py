"""The consent ledger: decisions of customers, and what they grant now."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from store.people.registry import refusing
from store.postgres.pool import Connection
from store.postgres.rows import pair_columns

# For each purpose the latest decision counts, by decided_at and not by recorded_at; at the same
# instant a withdrawal wins. {} takes a condition.
_IN_FORCE = (
    "select distinct on (tenant, customer, purpose) tenant, customer, purpose, state, consent_id "
    "from customers.consent {} "
    "order by tenant, customer, purpose, decided_at desc, state desc, consent_id desc"
)


def granted(connection: Connection) -> dict[tuple[str, str], frozenset[str]]:
    """Return the purposes granted now, by (tenant, customer)."""
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    for tenant, customer, purpose, state, _ in connection.execute(_IN_FORCE.format("").encode()):
        if state == "granted":
            found[(tenant, customer)].add(purpose)
    return {key: frozenset(purposes) for key, purposes in found.items()}


def granted_to(
    connection: Connection, customers: Sequence[tuple[str, str]]
) -> dict[tuple[str, str], dict[str, int]]:
    """Return for each (tenant, customer): purpose granted now → the consent_id that grants it."""
    found: dict[tuple[str, str], dict[str, int]] = {key: {} for key in customers}
    query = _IN_FORCE.format(
        "where (tenant, customer) in (select * from unnest(%s::text[], %s::text[]))"
    )
    for tenant, customer, purpose, state, consent_id in connection.execute(
        query.encode(), pair_columns(customers)
    ):
        if state == "granted":
            found[(tenant, customer)][purpose] = consent_id
    return found


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


def consents_of(connection: Connection, tenant: str, customer: str) -> list[dict[str, Any]]:
    """Return a customer's whole consent ledger, oldest first."""
    names = (
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
