"""The outbox of signals."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from store.postgres import notify
from store.postgres.pool import Connection
from store.postgres.times import from_us


@dataclass(frozen=True, slots=True)
class SignalRow:
    """A signal before the store has given it a revision."""

    id: str
    tenant: str
    device_id: int | None
    type: str
    subject: str | None
    time_us: int
    data: dict[str, Any]


def put(connection: Connection, signals: Sequence[SignalRow], now_us: int) -> None:
    """Append signals, in the caller's transaction; each gets the next revision of its id.

    A signal with the same data as its newest revision is skipped. Each new row is put into the
    queue of `contacts` and, where Kafka feeds the store, into that of publications; live pages are
    notified.
    """
    if not signals:
        return
    signals = list({signal.id: signal for signal in signals}.values())  # the last one counts
    written = connection.execute(
        "with written as (insert into pipeline.signal "
        "(id, revision, tenant, device_id, type, subject, time, data, created_at) "
        "select n.id, coalesce(last.revision + 1, 0), n.tenant, n.device_id, n.type, n.subject, "
        "n.time, n.data::jsonb, %s "
        "from unnest(%s::text[], %s::text[], %s::bigint[], %s::text[], %s::text[], "
        "%s::timestamptz[], %s::text[]) "
        "with ordinality as n (id, tenant, device_id, type, subject, time, data, position) "
        "left join lateral (select revision, data from pipeline.signal s where s.id = n.id "
        "order by revision desc limit 1) as last on true "
        "where last.data is distinct from n.data::jsonb order by n.position "
        "returning sequence, tenant, type, id), "
        "queued as (insert into pipeline.signal_queue select sequence from written), "
        "published as (insert into pipeline.publication (kind, ref) select 'signal', sequence "
        "from written where exists (select from pipeline.log where kind = 'kafka') "
        "order by sequence) "
        "select distinct tenant, type from written",
        (
            from_us(now_us),
            [s.id for s in signals],
            [s.tenant for s in signals],
            [s.device_id for s in signals],
            [s.type for s in signals],
            [s.subject for s in signals],
            [from_us(s.time_us) for s in signals],
            [json.dumps(s.data, sort_keys=True) for s in signals],
        ),
    ).fetchall()
    if written:
        notify.wake(connection, notify.SIGNAL)
    for tenant, type_ in written:
        notify.changed(connection, tenant, type_)


def read(
    connection: Connection, *, current: bool = True, type_: str | None = None, limit: int = 100
) -> list[dict[str, Any]]:
    """Return the newest signals in the order of writing.

    current : only the highest revision of each id; else all.
    """
    table = "pipeline.current_signal" if current else "pipeline.signal"
    names = "id, revision, tenant, device_id, type, subject, time, data, sequence, created_at"
    rows = connection.execute(
        f"select {names} from (select {names} from {table} "
        "where %s::text is null or type = %s order by sequence desc limit %s) as newest "
        "order by sequence",
        (type_, type_, limit),
    )
    return [dict(zip(names.split(", "), row, strict=True)) for row in rows.fetchall()]


def types(connection: Connection, tenant: str, ids: Collection[str]) -> dict[str, str]:
    """Return id → type of those signals that the store has."""
    found = connection.execute(
        "select distinct id, type from pipeline.signal where tenant = %s and id = any(%s)",
        (tenant, list(ids)),
    )
    return dict(found.fetchall())
