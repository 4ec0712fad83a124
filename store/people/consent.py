"""The consent ledger: decisions of customers, and what they grant now."""

import hashlib
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from contracts.purposes import Purpose
from contracts.rights import LimitKind
from store.people.registry import refusing
from store.postgres.consent_order import NEWEST_FIRST, NOW, STATE, TO_READ, TO_STORE
from store.postgres.pool import Connection, scalar
from store.postgres.rows import all_ as all_rows
from store.postgres.rows import one as one_row
from store.postgres.rows import pair_columns

GRANTED, WITHDRAWN = "granted", "withdrawn"
RESTRICTED = "restricted"
"""Granted or not, nothing rests on it while a right of the customer limits the processing."""

_LIMITED = (
    "exists (select from privacy.processing_limit l where l.tenant = {n}.tenant "
    "and l.customer = any(customers.same_as({n}.tenant, {n}.customer)) and l.ended_at is null "
    f"and (l.kind = '{LimitKind.PROCESSING}' or {{n}}.purpose = '{Purpose.DRIVING_SCORE}'))"
)
"""The customer has restricted the processing, or has objected to being scored by a program."""

DECIDED = (
    f"select case when {_LIMITED.format(n='n')} then '{RESTRICTED}' "
    f"else {STATE.format(n='n.', now=NOW)} end as state, n.consent_id, n.recorded_at "
    "from customers.consent n "
    "where n.tenant = {tenant} and n.customer = {customer} and n.purpose = {purpose} "
    f"and {TO_READ.format(n='n.', now=NOW)} order by {NEWEST_FIRST.format(n='n.')} limit 1"
)
"""Subquery: the decision in force of a customer about showing what rests on a purpose, by the
database's clock."""

_AT = "coalesce(%(at)s::timestamptz, now())"

_IN_FORCE = (
    f"select distinct on (tenant, customer, purpose) tenant, customer, purpose, "
    f"{STATE.format(n='', now=_AT)} as state, consent_id, recorded_at from customers.consent "
    "where customer is not null and {about} {of} "
    f"order by tenant, customer, purpose, {NEWEST_FIRST.format(n='')}"
)

_OF_CUSTOMERS = (
    "and (tenant, customer) in (select * from unnest(%(tenants)s::text[], %(customers)s::text[]))"
)
_OF_ONE = "and tenant = %(tenant)s and customer = %(customer)s"
"""The same for one: arrays would be planned anew each time."""

LIMITS = ("channel", "data_category", "recipient", "notice_digest", "language", "method",
          "valid_from", "valid_to", "opt_in", "confirms")  # fmt: skip
"""Columns of a decision that may be left out."""


@dataclass(frozen=True, slots=True)
class InForce:
    """The decision in force about a purpose."""

    state: str
    consent_id: int
    recorded_at: datetime


def granted(
    connection: Connection,
    customers: Sequence[tuple[str, str]] | None = None,
    at: datetime | None = None,
) -> dict[tuple[str, str], frozenset[str]]:
    """Return the purposes that telemetry may be stored for, by (tenant, customer); of all, or of
    these customers. at : None = now by the database's clock."""
    return _granted(connection, TO_STORE, customers, at)


def readable(
    connection: Connection, at: datetime | None = None
) -> dict[tuple[str, str], frozenset[str]]:
    """Return the purposes whose features may be shown, of all (tenant, customer) with any.

    at : None = now by the database's clock.
    """
    return _granted(connection, TO_READ, None, at)


def _granted(
    connection: Connection,
    about: str,
    customers: Sequence[tuple[str, str]] | None,
    at: datetime | None,
) -> dict[tuple[str, str], frozenset[str]]:
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    where = "" if customers is None else _of(customers)
    for tenant, customer, purpose, state, *_ in connection.execute(
        _IN_FORCE.format(about=about.format(n="", now=_AT), of=where).encode(),
        _parameters(customers or (), at),
    ):
        if state == GRANTED:
            found[(tenant, customer)].add(purpose)
    for key, kinds in limits(connection, customers).items():
        if LimitKind.PROCESSING in kinds:
            found.pop(key, None)
    return {key: frozenset(purposes) for key, purposes in found.items()}


def _of(customers: Sequence[tuple[str, str]]) -> str:
    return _OF_ONE if len(customers) == 1 else _OF_CUSTOMERS


def _parameters(customers: Sequence[tuple[str, str]], at: datetime | None) -> dict[str, Any]:
    if len(customers) == 1:
        ((tenant, customer),) = customers
        return {"tenant": tenant, "customer": customer, "at": at}
    tenants, names = pair_columns(customers)
    return {"tenants": tenants, "customers": names, "at": at}


def next_change(connection: Connection, at: datetime | None = None) -> datetime | None:
    """Return when a decision begins or ends next, without anybody's doing; None = never.

    at : None = now by the database's clock.
    """
    found: datetime | None = scalar(
        connection,
        f"select least((select min(valid_from) from customers.consent where valid_from > {_AT}), "
        f"(select min(valid_to) from customers.consent where valid_to > {_AT}))",
        {"at": at},
    )
    return found


def in_force(
    connection: Connection, customers: Sequence[tuple[str, str]], at: datetime | None = None
) -> dict[tuple[str, str], dict[str, InForce]]:
    """Return for each (tenant, customer): purpose → the decision in force.

    at : None = now by the database's clock.
    """
    found: dict[tuple[str, str], dict[str, InForce]] = {key: {} for key in customers}
    query = _IN_FORCE.format(about=TO_READ.format(n="", now=_AT), of=_of(customers))
    for tenant, customer, purpose, *decision in connection.execute(
        query.encode(), _parameters(customers, at)
    ):
        found[(tenant, customer)][purpose] = InForce(*decision)
    for key, kinds in limits(connection, customers).items():
        for purpose, one in found[key].items():
            since = kinds.get(LimitKind.PROCESSING)
            if since is None and purpose == Purpose.DRIVING_SCORE:
                since = kinds.get(LimitKind.AUTOMATED_DECISIONS)
            if since is not None and one.state == GRANTED:
                found[key][purpose] = InForce(RESTRICTED, one.consent_id, since)
    return found


_OF_THESE = "and (l.tenant, s.id) in (select * from unnest(%s::text[], %s::text[]))"


def limits(
    connection: Connection, customers: Sequence[tuple[str, str]] | None
) -> dict[tuple[str, str], dict[str, datetime]]:
    """Return the limits that rights of customers have set: kind → since when, for those who have
    any; of all customers, or of these. A limit is for all ids of a customer."""
    found: dict[tuple[str, str], dict[str, datetime]] = {}
    where = "" if customers is None else _OF_THESE
    for tenant, customer, kind, since in connection.execute(
        "select l.tenant, s.id, l.kind, min(l.begun_at) from privacy.processing_limit l "
        "cross join lateral unnest(customers.same_as(l.tenant, l.customer)) as s (id) "
        f"where l.ended_at is null {where} group by l.tenant, s.id, l.kind".encode(),
        None if customers is None else pair_columns(customers),
    ):
        found.setdefault((tenant, customer), {})[kind] = since
    return found


def granted_to(
    connection: Connection, customers: Sequence[tuple[str, str]], at: datetime | None = None
) -> dict[tuple[str, str], dict[str, int]]:
    """Return for each (tenant, customer): purpose granted → the consent_id that grants it.

    at : None = now by the database's clock.
    """
    return {
        key: {
            purpose: decision.consent_id
            for purpose, decision in decisions.items()
            if decision.state == GRANTED
        }
        for key, decisions in in_force(connection, customers, at).items()
    }


def granted_of(connection: Connection, tenant: str, customer: str) -> dict[str, int]:
    """Return purpose that one customer grants now → the consent_id that grants it."""
    return granted_to(connection, [(tenant, customer)])[(tenant, customer)]


def decide(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Append decisions to the consent ledger; skip those already recorded.

    rows : tenant, customer, purpose, state, legal_basis, notice_version, source, at, recorded_at,
    and any of `LIMITS`. The database adds place and digests (migration 0030).
    """
    columns, marks = ", ".join(LIMITS), ", ".join(f"%({name})s" for name in LIMITS)
    same = " and ".join(
        f"{name} is not distinct from %({name})s" for name in LIMITS if name != "opt_in"
    )
    empty = dict.fromkeys(LIMITS)
    with refusing(), connection.cursor() as cursor:
        cursor.executemany(
            "insert into customers.consent (tenant, customer, purpose, state, legal_basis, "
            f"notice_version, source, decided_at, recorded_at, {columns}) "
            "select %(tenant)s, %(customer)s, %(purpose)s, %(state)s, %(legal_basis)s, "
            f"%(notice_version)s, %(source)s, %(at)s, %(recorded_at)s, {marks} where not exists ("
            "select 1 from customers.consent where tenant = %(tenant)s "
            "and customer = %(customer)s and purpose = %(purpose)s and state = %(state)s "
            f"and source = %(source)s and decided_at = %(at)s and {same})".encode(),
            [{**empty, **row} for row in rows],
        )


def add_notice(
    connection: Connection, tenant: str, version: str, language: str, body: str, at: datetime
) -> str:
    """Store the text of a notice, once; return its digest."""
    digest = hashlib.sha256(body.encode()).hexdigest()
    connection.execute(
        "insert into customers.consent_notice "
        "(tenant, digest, notice_version, language, body, recorded_at) "
        "values (%s, %s, %s, %s, %s, %s) on conflict (tenant, digest) do nothing",
        (tenant, digest, version, language, body, at),
    )
    return digest


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


def limited_to_channels(
    connection: Connection, customers: Sequence[tuple[str, str]]
) -> dict[tuple[str, str], list[dict[str, Any]]]:
    """Return the decisions of those customers among these who have decided about a channel of a
    purpose, which few have; rows as of `consents_of`."""
    found: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for tenant, customer in connection.execute(
        "select distinct tenant, customer from customers.consent where channel is not null "
        "and (tenant, customer) in (select * from unnest(%s::text[], %s::text[]))",
        pair_columns(customers),
    ).fetchall():
        found[(tenant, customer)] = consents_of(connection, tenant, customer)
    return found


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
        *LIMITS,
    )
    rows = connection.execute(
        f"select {', '.join(names)} from customers.consent "
        "where tenant = %s and customer = %s order by consent_id",
        (tenant, customer),
    )
    return [dict(zip(names, row, strict=True)) for row in rows.fetchall()]


def all_of(connection: Connection, tenant: str, customer: str) -> list[dict[str, Any]]:
    """Return all decisions of a customer as `one` does, oldest first."""
    return all_rows(
        connection,
        "select c.*, n.body as notice from customers.consent c "
        "left join customers.consent_notice n "
        "on n.tenant = c.tenant and n.digest = c.notice_digest "
        "where c.tenant = %s and c.customer = %s order by c.consent_id",
        (tenant, customer),
    )


def one(
    connection: Connection, tenant: str, customer: str, consent_id: int
) -> dict[str, Any] | None:
    """Return one decision of a customer with its place and digest in the chain, the names of its
    tenant and the text of its notice, where that is stored; None where there is none."""
    found: dict[str, Any] | None = one_row(
        connection,
        "select c.*, t.name as tenant_name, n.body as notice from customers.consent c "
        "join customers.tenant t using (tenant) left join customers.consent_notice n "
        "on n.tenant = c.tenant and n.digest = c.notice_digest "
        "where c.tenant = %s and c.customer = %s and c.consent_id = %s",
        (tenant, customer, consent_id),
    )
    return found
