"""Erasure: remove a customer's rows by the registry's rules, and the list of the erased."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from psycopg import sql
from psycopg.types.json import Jsonb

from store.pipeline import reconcile
from store.postgres.pool import Connection
from store.postgres.times import from_us, to_us
from store.privacy.personal_data import TABLES, End, Entry, order_of_deletion
from store.privacy.whose import DeviceSpan, Keys, parameters_of

_CUSTOMER_COLUMNS = (
    "select n.nspname, c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace "
    "join pg_attribute t on t.attrelid = c.oid and t.attname = 'tenant' and not t.attisdropped "
    "join pg_attribute o on o.attrelid = c.oid and o.attname = 'customer' and not o.attisdropped "
    "where c.relkind in ('r', 'p') and not c.relispartition "
    "and n.nspname in ('access', 'contacts', 'customers', 'pipeline', 'features', 'telemetry', "
    "'privacy') "
    "order by 1, 2"
)


@dataclass(frozen=True, slots=True)
class Erasure:
    """An entry of the list of the erased. digest : keyed hash of the customer's id."""

    erasure_id: str
    tenant: str
    digest: bytes
    pseudonym: str
    reason: str
    erased_by: str
    erased_at: datetime
    physically_by: datetime
    proof: dict[str, Any]
    spans: tuple[DeviceSpan, ...]


def lock(connection: Connection, tenant: str, customer: str) -> bool:
    """Lock a customer for the caller's transaction; return False where there is none."""
    found = connection.execute(
        "select from customers.customer where tenant = %s and customer = %s for update",
        (tenant, customer),
    )
    return found.fetchone() is not None


def count_each(connection: Connection, keys: Keys) -> Iterator[tuple[str, int]]:
    """Count the rows that erasure would remove, table by table."""
    for entry in order_of_deletion():
        query = _query("select count(*) from {table} t where {theirs}", entry)
        total = 0
        for parameters in parameters_of(entry, keys):
            row = connection.execute(query, parameters).fetchone()
            total += 0 if row is None else int(row[0])
        yield entry.place, total


def count(connection: Connection, keys: Keys) -> Counter[str]:
    """Count the rows that erasure would remove, by table."""
    return Counter(dict(count_each(connection, keys)))


def archive(
    connection: Connection, keys: Keys, erasure_id: str, pseudonym: str, at: datetime
) -> Counter[str]:
    """Copy what the law keeps into privacy.kept, under a pseudonym; return rows by table."""
    found = Counter[str]()
    for entry in TABLES:
        if entry.end is not End.ARCHIVE:
            continue
        query = _query(
            "insert into privacy.kept (erasure_id, place, content, until) "
            "select %(erasure_id)s, %(place)s, (to_jsonb(t) - %(blanked)s::text[]) "
            "|| jsonb_build_object('customer', %(pseudonym)s::text), %(until)s "
            "from {table} t where {theirs} and {kept}",
            entry,
        )
        found[entry.place] += connection.execute(
            query,
            {
                **keys.parameters,
                "erasure_id": erasure_id,
                "place": entry.place,
                "blanked": list(entry.blanked),
                "pseudonym": pseudonym,
                "until": at + timedelta(days=entry.kept_days),
            },
        ).rowcount
    return found


_DELETE = "delete from {table} t where {theirs}"
_EMPTY = "update {table} t set {emptied} where {theirs}"


def remove(connection: Connection, keys: Keys) -> Counter[str]:
    """Delete a customer's rows, in the caller's transaction; return how many by table.

    The devices' checkpoints go too, and their features are computed again where other holders'
    samples remain (ingest compares `pipeline.computed_with`).
    """
    connection.execute("select set_config('tachowatt.erasing', 'on', true)")
    found = Counter[str]()
    for entry in order_of_deletion():
        query = _query(_EMPTY if entry.emptied else _DELETE, entry)
        for parameters in parameters_of(entry, keys):
            found[entry.place] += connection.execute(query, parameters).rowcount
    devices = (keys.parameters["devices"],)
    found["pipeline.checkpoint"] += connection.execute(
        "delete from pipeline.checkpoint where device_id = any(%s)", devices
    ).rowcount
    connection.execute(
        "update pipeline.computed_with set parameters = 'erased' where device_id = any(%s)", devices
    )
    connection.execute("select set_config('tachowatt.erasing', 'off', true)")
    return found


def recompute(connection: Connection, keys: Keys, now_us: int) -> None:
    """Have ingest read the devices again, and request a computation of the features that rest on
    samples of other holders."""
    # The past of the contracts, by which ingest finds the devices of a change, is gone too.
    connection.execute(
        "insert into customers.change (tenant, kind, object, operation) "
        "select tenant, 'device', device, 'updated' from customers.device "
        "where device_id = any(%s)",
        (keys.parameters["devices"],),
    )
    remain = connection.execute(
        "select d from unnest(%s::bigint[]) d where "
        "exists (select from telemetry.vehicle_sample s where s.device_id = d) "
        "or exists (select from telemetry.meter_sample s where s.device_id = d)",
        (keys.parameters["devices"],),
    ).fetchall()
    begin_us = min((to_us(span.begin) for span in keys.spans), default=now_us)
    everything = reconcile.Range(begin_us, now_us)
    reconcile.request(connection, {device_id: everything for (device_id,) in remain}, now_us)


def put(connection: Connection, erasure: Erasure) -> None:
    """Add an erasure to the list; one that is there already stays."""
    connection.execute(
        "insert into privacy.erasure (erasure_id, tenant, digest, pseudonym, reason, erased_by, "
        "erased_at, physically_by, proof) values (%s, %s, %s, %s, %s, %s, %s, %s, %s) "
        "on conflict (erasure_id) do update set proof = excluded.proof",
        (
            erasure.erasure_id,
            erasure.tenant,
            erasure.digest,
            erasure.pseudonym,
            erasure.reason,
            erasure.erased_by,
            erasure.erased_at,
            erasure.physically_by,
            Jsonb(erasure.proof),
        ),
    )
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into privacy.erased_span (erasure_id, device_id, begin_at, end_at) "
            "values (%s, %s, %s, %s) on conflict do nothing",
            [(erasure.erasure_id, s.device_id, s.begin, s.end) for s in erasure.spans],
        )


def all_(connection: Connection) -> list[Erasure]:
    """Return the list of the erased, oldest first."""
    spans: dict[str, list[DeviceSpan]] = {}
    for erasure_id, *span in connection.execute(
        "select erasure_id, device_id, begin_at, end_at from privacy.erased_span order by 1, 2, 3"
    ):
        spans.setdefault(erasure_id, []).append(DeviceSpan(*span))
    rows = connection.execute(
        "select erasure_id, tenant, digest, pseudonym, reason, erased_by, erased_at, "
        "physically_by, proof from privacy.erasure order by erased_at, erasure_id"
    )
    return [
        Erasure(*row[:2], bytes(row[2]), *row[3:9], tuple(spans.get(row[0], ())))  # type: ignore[call-arg]
        for row in rows
    ]


def customers_of(connection: Connection, tenant: str) -> list[str]:
    """Return the customers of a tenant."""
    rows = connection.execute(
        "select customer from customers.customer where tenant = %s", (tenant,)
    )
    return [customer for (customer,) in rows]


def recipients(connection: Connection, keys: Keys) -> list[tuple[str, int]]:
    """Return whose systems got messages about a customer, and how many (Art. 19)."""
    rows = connection.execute(
        "select r.name, count(*) from contacts.contact c join contacts.receiver r "
        "using (receiver_id) where c.contact_id = any(%(contacts)s) and c.state = 'delivered' "
        "group by 1 order by 1",
        keys.parameters,
    )
    return [(name, number) for name, number in rows]


def leftovers(
    connection: Connection,
    erasures: Sequence[Erasure],
    digest: Callable[[str, str], bytes],
) -> list[tuple[str, str, int]]:
    """Return (erasure, table, rows) of what is still there of the erased.

    Every table of the catalogue with a tenant and a customer is looked through, also one without
    a rule; of devices' tables the erased times.
    """
    found: list[tuple[str, str, int]] = []
    by_digest = {(e.tenant, e.digest): e.erasure_id for e in erasures}
    tenants = sorted({e.tenant for e in erasures})
    for schema, table in connection.execute(_CUSTOMER_COLUMNS).fetchall():
        query = sql.SQL(
            "select tenant, customer, count(*) from {} where tenant = any(%s) "
            "and customer is not null group by 1, 2"
        ).format(sql.Identifier(schema, table))
        for tenant, customer, rows in connection.execute(query, (tenants,)).fetchall():
            erasure_id = by_digest.get((tenant, digest(tenant, customer)))
            if erasure_id is not None:
                found.append((erasure_id, f"{schema}.{table}", int(rows)))
    for entry in TABLES:
        if not entry.whose.span:
            continue
        query = _query("select count(*) from {table} t where {theirs}", entry)
        for erasure in erasures:
            rows = _sum(connection, query, erasure.spans)
            if rows:
                found.append((erasure.erasure_id, entry.place, rows))
    return found


def _sum(connection: Connection, query: sql.Composed, spans: Iterable[DeviceSpan]) -> int:
    total = 0
    for span in spans:
        values = {"device": span.device_id, "begin": span.begin, "end": span.end}
        row = connection.execute(query, values).fetchone()
        total += 0 if row is None else int(row[0])
    return total


def remove_spans(connection: Connection, spans: Sequence[DeviceSpan]) -> Counter[str]:
    """Delete what came late into erased times of devices, in the caller's transaction."""
    found = Counter[str]()
    for entry in TABLES:
        if entry.whose.span:
            query = _query("delete from {table} t where {theirs}", entry)
            for span in spans:
                values = {"device": span.device_id, "begin": span.begin, "end": span.end}
                found[entry.place] += connection.execute(query, values).rowcount
    return found


def vacuum(connection: Connection, places: Iterable[str]) -> None:
    """Free what was deleted in these tables; commits. Readers of old snapshots delay it."""
    connection.commit()
    connection.autocommit = True
    try:
        for place in places:
            connection.execute(sql.SQL("vacuum {}").format(sql.Identifier(*place.split("."))))
    finally:
        connection.autocommit = False


def now_of(now_us: int, days: int) -> tuple[datetime, datetime]:
    """Return now, and the day by which nothing is left physically."""
    at = from_us(now_us)
    return at, at + timedelta(days=days)


def _query(text: str, entry: Entry) -> sql.Composed:
    # Conditions are literals of the registry; no value of a user is part of them.
    return sql.SQL(text).format(
        table=sql.Identifier(*entry.place.split(".")),
        theirs=sql.SQL(f"({entry.whose.condition})"),
        kept=sql.SQL(entry.kept_where),
        emptied=sql.SQL(", ").join(
            sql.SQL("{} = null").format(sql.Identifier(name)) for name in entry.emptied
        ),
    )
