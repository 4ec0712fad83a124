"""The timeline of a customer: which entries, newest first, by keyset over each table.

No table of its own: each source is read in the order of an index, from the cursor on, and the
newest of all are taken. What is corrected, erased or withdrawn in its table is so here at once.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from contracts.channels import TO_CUSTOMER
from contracts.interactions import EntryKind
from store.postgres import rows
from store.postgres.pool import Connection

EARLIEST = datetime.fromisoformat("0001-01-01T00:00:00+00:00")
LATEST = datetime.fromisoformat("9999-12-31T00:00:00+00:00")


class Key(NamedTuple):
    """Where an entry stands: newest first, then by kind, then by id, descending.

    id : as text; numbers with leading zeros, so that both orders agree.
    """

    at: datetime
    kind: str
    id: str


@dataclass(frozen=True, slots=True)
class Which:
    """Which entries. None = all.

    kinds : of EntryKind; channel : of TIMELINE_CHANNELS; since : inclusive, until : exclusive.
    types : of signals, also those that decisions are about. purposes : of interactions; what rests
    on no purpose is always there.
    """

    kinds: Collection[str]
    types: Collection[str]
    purposes: Collection[str]
    channel: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    after: Key | None = None


@dataclass(frozen=True, slots=True)
class _Source:
    """A table. at, id : its columns; where : more conditions, with values by name."""

    table: str
    at: str
    id: str
    where: str = "true"
    number: bool = False
    channel: str | None = None


_OWNER = "s.tenant = %(tenant)s and s.customer = %(customer)s"
_SOURCES: dict[str, _Source] = {
    EntryKind.INTERACTION: _Source(
        "customers.interaction", "at", "interaction_id",
        "(s.purpose is null or s.purpose = any(%(purposes)s))", channel="s.channel",
    ),
    EntryKind.CONTACT: _Source(
        "contacts.contact", "created_at", "contact_id",
        "s.channel <> 'webhook' and s.channel = any(%(to_customer)s)", channel="s.channel",
    ),
    EntryKind.CASE: _Source("contacts.service_case", "opened_at", "case_id"),
    EntryKind.CONSENT: _Source("customers.consent", "recorded_at", "consent_id", number=True),
    EntryKind.READ: _Source("access.read_log", "at", "read_id", "s.leads", number=True),
    EntryKind.DECISION: _Source(
        "contacts.decision", "decided_at", "decision_id", "s.signal_type = any(%(types)s)",
        number=True,
    ),
}  # fmt: skip

# A signal is about the customer, or about a vehicle or meter during the customer's contract; where
# contracts overlap, the one that began last counts (store.people.subjects.signals_of).
_OF_CONTRACT = (
    "select 'signal' as kind, x.time as at, x.id from customers.contract c cross join lateral ("
    "select s.time, s.id from pipeline.signal s where s.tenant = c.tenant and s.subject = "
    "case when c.vehicle is null then 'meter:' || c.meter else 'vehicle:' || c.vehicle end "
    "and s.time >= c.valid_from and (c.valid_to is null or s.time < c.valid_to) and {signal} "
    "and not exists (select 1 from customers.contract o where o.tenant = c.tenant "
    "and (o.vehicle = c.vehicle or o.meter = c.meter) and o.valid_from > c.valid_from "
    "and o.valid_from <= s.time and s.time < coalesce(o.valid_to, 'infinity')) "
    "order by s.time desc, s.id desc limit {limit}) x "
    "where c.tenant = %(tenant)s and c.customer = %(customer)s"
)
_OF_CUSTOMER = (
    "select 'signal', s.time, s.id from pipeline.signal s where s.tenant = %(tenant)s "
    "and s.subject = %(as_subject)s and {signal} order by s.time desc, s.id desc limit {limit}"
)
_SIGNAL = (
    "s.type = any(%(types)s) and {within} and not exists (select 1 from pipeline.signal l "
    "where l.id = s.id and l.revision > s.revision) and not (s.data ->> 'retracted')::boolean"
)


def page(connection: Connection, tenant: str, customer: str, which: Which, limit: int) -> list[Key]:
    """Return the entries after `which.after`, newest first."""
    # Limits stand in the query: a plan for any limit would sort whole histories.
    parts = []
    for kind in sorted(which.kinds):
        if kind == EntryKind.SIGNAL:
            if which.channel is None and which.types:
                signal = _SIGNAL.format(within=_within(kind, "s.time", "s.id", which))
                parts += [
                    f"({part.format(signal=signal, limit=limit)})"
                    for part in (_OF_CONTRACT, _OF_CUSTOMER)
                ]
        elif which.channel is None or _SOURCES[kind].channel is not None:
            parts.append(f"({_one(kind, which, limit)})")
    if not parts:
        return []
    query = f"select at, kind, id from ({' union all '.join(parts)}) as e "
    query += f"order by at desc, kind, id desc limit {limit:d}"
    found = connection.execute(query.encode(), _values(tenant, customer, which, limit))
    return [Key(*row) for row in found.fetchall()]


def search(
    connection: Connection,
    tenant: str,
    customer: str,
    words: str,
    own: str | None,
    which: Which,
    limit: int,
) -> list[Key]:
    """Return entries with these words, newest first: of interactions, contacts and cases.

    words : as for a web search: all of them, "a phrase", -without, or. German and English. own :
    the same as a query of keyed hashes, for what the customer's key has sealed.
    """
    after = which.after or Key(LATEST, "", "")
    found = connection.execute(
        "select at, kind, id from customers.search_timeline("
        "%(tenant)s, %(customer)s, %(words)s, %(own)s::tsquery, %(kinds)s, %(channels)s, "
        "%(purposes)s, %(since)s, "
        "%(until)s, %(at)s, %(kind)s, %(id)s, %(limit)s) order by at desc, kind, id desc "
        "limit %(limit)s",
        {
            **_values(tenant, customer, which, limit),
            "words": words,
            "own": own,
            "kinds": sorted(which.kinds),
            "channels": None if which.channel is None else [which.channel],
            "since": which.since or EARLIEST,
            "until": which.until or LATEST,
            "at": after.at,
            "kind": after.kind,
            "id": after.id,
        },
    )
    return [Key(*row) for row in found.fetchall()]


def _values(tenant: str, customer: str, which: Which, limit: int) -> dict[str, Any]:
    after = which.after
    return {
        "tenant": tenant,
        "customer": customer,
        "as_subject": f"customer:{customer}",
        "purposes": list(which.purposes),
        "types": list(which.types),
        "to_customer": list(TO_CUSTOMER),
        "channel": which.channel,
        "since": which.since,
        "until": which.until,
        "after_at": None if after is None else after.at,
        "after_id": None if after is None else after.id,
        "limit": limit,
    }


def _one(kind: str, which: Which, limit: int) -> str:
    source = _SOURCES[kind]
    at, id_ = f"s.{source.at}", f"s.{source.id}"
    shown = f"lpad({id_}::text, 20, '0')" if source.number else id_
    where = [_OWNER, source.where, _within(kind, at, id_, which, number=source.number)]
    if which.channel is not None:
        where.append(f"{source.channel} = %(channel)s")
    return (
        f"select '{kind}' as kind, {at} as at, {shown} as id from {source.table} s "
        f"where {' and '.join(where)} order by {at} desc, {id_} desc limit {limit:d}"
    )


def _within(kind: str, at: str, id_: str, which: Which, *, number: bool = False) -> str:
    """Return the condition for the times and what comes after the cursor."""
    where = ["true"]
    if which.since is not None:
        where.append(f"{at} >= %(since)s")
    if which.until is not None:
        where.append(f"{at} < %(until)s")
    after = which.after
    if after is not None:
        if kind == after.kind:
            value = "%(after_id)s::bigint" if number else "%(after_id)s"
            where.append(f"({at}, {id_}) < (%(after_at)s, {value})")
        else:
            where.append(f"{at} {'<=' if kind > after.kind else '<'} %(after_at)s")
    return " and ".join(where)


def signals(connection: Connection, tenant: str, ids: Sequence[str]) -> list[dict[str, Any]]:
    """Return the newest revision of signals."""
    return rows.all_(
        connection,
        "select distinct on (id) id, revision, type, subject, time, data from pipeline.signal "
        "where tenant = %s and id = any(%s) order by id, revision desc",
        (tenant, list(ids)),
    )


def contacts(connection: Connection, tenant: str, ids: Sequence[str]) -> list[dict[str, Any]]:
    """Return messages to customers."""
    return rows.all_(
        connection,
        "select * from contacts.contact where tenant = %s and contact_id = any(%s)",
        (tenant, list(ids)),
    )


def cases(connection: Connection, tenant: str, ids: Sequence[str]) -> list[dict[str, Any]]:
    """Return cases."""
    return rows.all_(
        connection,
        "select * from contacts.service_case where tenant = %s and case_id = any(%s)",
        (tenant, list(ids)),
    )


def consents(connection: Connection, tenant: str, ids: Sequence[str]) -> list[dict[str, Any]]:
    """Return decisions of the consent ledger."""
    return rows.all_(
        connection,
        "select consent_id, purpose, state, source, opt_in from customers.consent "
        "where tenant = %s and consent_id = any(%s)",
        (tenant, [int(id_) for id_ in ids]),
    )


def reads(connection: Connection, tenant: str, ids: Sequence[str]) -> list[dict[str, Any]]:
    """Return entries of the read log."""
    return rows.all_(
        connection,
        "select read_id, role, reader, what, why from access.read_log "
        "where tenant = %s and read_id = any(%s)",
        (tenant, [int(id_) for id_ in ids]),
    )


def decisions(connection: Connection, tenant: str, ids: Sequence[str]) -> list[dict[str, Any]]:
    """Return decisions of playbooks."""
    return rows.all_(
        connection,
        "select decision_id, signal_type, signal_id, subject, playbook, outcome, reason "
        "from contacts.decision where tenant = %s and decision_id = any(%s)",
        (tenant, [int(id_) for id_ in ids]),
    )
