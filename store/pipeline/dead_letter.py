"""Dead letters: messages that could not be used, with their reason and unchanged bytes."""

import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate
from typing import Any

from contracts.partition import KeyOfTopic, partition_of
from contracts.raw import Properties, RawMessage
from runtime.errors import UNREGISTERED
from store.pipeline import ledger, quarantine
from store.pipeline.text import storable
from store.postgres.pool import Connection, scalar
from store.postgres.times import from_us, to_us


@dataclass(frozen=True, slots=True)
class DeadMessage:
    """A message to dead-letter.

    home : the partition whose owner processes it on a retry. device_id : None = unregistered.
    due_us : when a deferred message is processed by itself; None = it is not deferred.
    size_bytes, shape : of a body whose content is not kept; None = the body is complete.
    """

    tenant: str
    dialect: str
    message: RawMessage
    partition: int
    offset: int
    reason: str
    detail: str
    home: int = 0
    device_id: int | None = None
    due_us: int | None = None
    size_bytes: int | None = None
    shape: str | None = None


@dataclass(frozen=True, slots=True)
class DeadLetterRow:
    """A row of the table.

    size_bytes, shape : of a body whose content is not kept; None = the body is complete.
    """

    id: int
    tenant: str
    dialect: str
    topic: str
    content_type: str | None
    user_properties: list[list[str]] | None
    expiry_s: int | None
    body: bytes
    received_at: datetime
    partition: int
    offset: int
    reason: str
    detail: str
    state: str
    retried_at: datetime | None
    outcome: str | None
    size_bytes: int | None = None
    shape: str | None = None

    @property
    def size(self) -> int:
        """Bytes of the body as it was received."""
        return len(self.body) if self.size_bytes is None else self.size_bytes

    def message(self) -> RawMessage:
        """Return the message as received."""
        properties = None
        if self.user_properties is not None or self.expiry_s is not None:
            user = tuple((name, value) for name, value in self.user_properties or ())
            properties = Properties(user, self.expiry_s)
        return RawMessage(
            self.topic, self.body, to_us(self.received_at), self.content_type, properties
        )


@dataclass(frozen=True, slots=True)
class DeadLetterSummary:
    """A row of the table without its body, which may have megabytes. size : bytes of the body."""

    id: int
    tenant: str
    dialect: str
    topic: str
    content_type: str | None
    user_properties: list[list[str]] | None
    expiry_s: int | None
    size: int
    received_at: datetime
    partition: int
    offset: int
    reason: str
    detail: str
    state: str
    retried_at: datetime | None
    outcome: str | None
    size_bytes: int | None = None
    shape: str | None = None


@dataclass(frozen=True, slots=True)
class ReasonCount:
    """How many dead letters have a reason. detail : of the oldest of them."""

    reason: str
    count: int
    detail: str


_RETRY_BYTES = 4 * 1024 * 1024
"""Most bytes that are retried in one transaction."""

_COLUMNS = (
    "dead_letter_id, tenant, dialect, topic, content_type, user_properties, expiry_s, body, "
    "received_at, partition, log_offset, reason, detail, state, retried_at, outcome, size_bytes, "
    "shape"
)
_SUMMARY = _COLUMNS.replace("body", "coalesce(size_bytes, octet_length(body))")


def _user(properties: Properties | None) -> str | None:
    if properties is None or not properties.user:
        return None
    return json.dumps([[storable(name), storable(value)] for name, value in properties.user])


def put(connection: Connection, messages: Sequence[DeadMessage]) -> None:
    """Store messages in one statement, in the caller's transaction."""
    if not messages:
        return
    connection.execute(
        "with put as (insert into pipeline.dead_letter (tenant, dialect, topic, content_type, "
        "user_properties, expiry_s, body, received_at, partition, log_offset, reason, detail, "
        "home, state, device_id, due_at, size_bytes, shape) "
        "select tenant, dialect, topic, content_type, user_properties::jsonb, expiry_s, body, "
        "received_at, partition, log_offset, reason, detail, home, "
        "case when due_at is null then 'open' else 'deferred' end, device_id, due_at, size_bytes, "
        "shape from unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::text[], "
        "%s::bigint[], %b::bytea[], %s::timestamptz[], %s::int[], %s::bigint[], %s::text[], "
        "%s::text[], %s::int[], %s::bigint[], %s::timestamptz[], %s::bigint[], %s::text[]) "
        "with ordinality as x (tenant, dialect, topic, content_type, user_properties, expiry_s, "
        "body, received_at, partition, log_offset, reason, detail, home, device_id, due_at, "
        "size_bytes, shape, number) order by number returning dead_letter_id) "
        "insert into pipeline.publication (kind, ref) select 'dead_letter', dead_letter_id "
        "from put where exists (select from pipeline.log where kind = 'kafka')",
        [list(column) for column in zip(*map(_columns, messages), strict=True)],
    )


def _columns(dead: DeadMessage) -> tuple[Any, ...]:
    message = dead.message
    kept = dead.size_bytes is None
    properties = message.properties if kept else None
    return (
        dead.tenant,
        dead.dialect,
        storable(message.topic),
        None if message.content_type is None else storable(message.content_type),
        _user(properties),
        None if properties is None else properties.expiry_s,
        message.body if kept else b"",
        from_us(message.received_us),
        dead.partition,
        dead.offset,
        str(dead.reason),
        storable(dead.detail),
        dead.home,
        dead.device_id,
        None if dead.due_us is None else from_us(dead.due_us),
        dead.size_bytes,
        None if dead.shape is None else storable(dead.shape),
    )


def find(
    connection: Connection,
    *,
    reason: str | None = None,
    state: str | None = "open",
    after: int = 0,
    limit: int = 50,
) -> list[DeadLetterRow]:
    """Return rows in the order of arrival with an id above `after`, with their bodies.

    reason, state : None = any. Bodies may have megabytes each: `summaries` is the list for people.
    """
    where, values = _chosen(reason, state, after, None)
    rows = connection.execute(
        f"select {_COLUMNS} from pipeline.dead_letter where {where} "
        "order by dead_letter_id limit %s",
        (*values, limit),
    )
    return [DeadLetterRow(*row) for row in rows.fetchall()]


def summaries(
    connection: Connection,
    *,
    reason: str | None = None,
    state: str | None = "open",
    after: int = 0,
    limit: int = 50,
    tenants: Sequence[str] | None = None,
) -> list[DeadLetterSummary]:
    """Return rows like `find`, without their bodies. tenants : None = any."""
    where, values = _chosen(reason, state, after, tenants)
    rows = connection.execute(
        f"select {_SUMMARY} from pipeline.dead_letter where {where} "
        "order by dead_letter_id limit %s",
        (*values, limit),
    )
    return [DeadLetterSummary(*row) for row in rows.fetchall()]


def _chosen(
    reason: str | None, state: str | None, after: int, tenants: Sequence[str] | None
) -> tuple[str, tuple[Any, ...]]:
    """Build the condition of a list, and its parameters."""
    listed = None if tenants is None else list(tenants)
    return (
        "dead_letter_id > %s "
        "and (%s::text is null or reason = %s) and (%s::text is null or state = %s) "
        "and (%s::text[] is null or tenant = any(%s))",
        (after, reason, reason, state, state, listed, listed),
    )


def newest_id(connection: Connection) -> int:
    """Return the highest id; 0 if there is no row."""
    return int(
        scalar(connection, "select coalesce(max(dead_letter_id), 0) from pipeline.dead_letter")
    )


def reasons_after(connection: Connection, after: int, topics: Sequence[str]) -> list[ReasonCount]:
    """Count the rows of these topics with an id above `after`, by reason, most first."""
    rows = connection.execute(
        "select reason, count(*), (array_agg(detail order by dead_letter_id))[1] "
        "from pipeline.dead_letter where dead_letter_id > %s and topic = any(%s) "
        "group by reason order by 2 desc, 1",
        (after, list(topics)),
    )
    return [ReasonCount(*row) for row in rows.fetchall()]


def to_retry(connection: Connection, home: int, now_us: int, limit: int) -> list[DeadLetterRow]:
    """Return rows that the owner of partition `home` processes again, in the order of arrival:
    marked for a retry, or deferred and due."""
    rows = connection.execute(
        f"(select {_COLUMNS} from pipeline.dead_letter where state = 'retry' and home = %s "
        "order by dead_letter_id limit %s) union all "
        f"(select {_COLUMNS} from pipeline.dead_letter where state = 'deferred' and home = %s "
        "and due_at <= %s order by due_at, dead_letter_id limit %s)",
        (home, limit, home, from_us(now_us), limit),
    )
    found = sorted((DeadLetterRow(*row) for row in rows.fetchall()), key=lambda row: row.id)
    return _within(found[:limit])


def _within(rows: list[DeadLetterRow]) -> list[DeadLetterRow]:
    """Return the first rows, at least one, whose bodies have at most `_RETRY_BYTES`."""
    sizes = accumulate(len(row.body) for row in rows)
    return rows[: max(1, sum(1 for size in sizes if size <= _RETRY_BYTES))]


def get(connection: Connection, dead_letter_id: int) -> DeadLetterRow | None:
    """Return one row."""
    row = connection.execute(
        f"select {_COLUMNS} from pipeline.dead_letter where dead_letter_id = %s", (dead_letter_id,)
    ).fetchone()
    return None if row is None else DeadLetterRow(*row)


def by_id(connection: Connection, ids: Sequence[int]) -> list[DeadLetterRow]:
    """Return rows by id."""
    rows = connection.execute(
        f"select {_COLUMNS} from pipeline.dead_letter where dead_letter_id = any(%s)", (list(ids),)
    )
    return [DeadLetterRow(*row) for row in rows.fetchall()]


def put_back(
    connection: Connection,
    rows: Sequence[DeadLetterRow],
    partitions: int,
    key_of_topic: KeyOfTopic,
) -> int:
    """Insert exported rows that are absent, in the caller's transaction; return their number.

    The ledger counts them as received and dead-lettered, because they did not come by the log.
    partitions, key_of_topic : of the log, to find the owner that processes a retry.
    """
    new = [row for row in rows if not _is_there(connection, row)]
    put(
        connection,
        [
            DeadMessage(
                row.tenant,
                row.dialect,
                row.message(),
                row.partition,
                row.offset,
                row.reason,
                row.detail,
                partition_of(key_of_topic(row.topic), partitions),
                size_bytes=row.size_bytes,
                shape=row.shape,
            )
            for row in new
        ],
    )
    entries: dict[ledger.Key, ledger.Entry] = defaultdict(ledger.Entry)
    for row in new:
        entries[(row.tenant, row.dialect)] += ledger.Entry(received=1, dead_lettered=1)
    ledger.add(connection, entries, 0)
    connection.execute("update pipeline.log set counted_before = counted_before + %s", (len(new),))
    return len(new)


def _is_there(connection: Connection, row: DeadLetterRow) -> bool:
    return bool(
        scalar(
            connection,
            "select exists (select from pipeline.dead_letter where partition = %s "
            "and log_offset = %s and received_at = %s and topic = %s and body = %s)",
            (row.partition, row.offset, row.received_at, row.topic, row.body),
        )
    )


def request_retry(connection: Connection, ids: Sequence[int] | None, reason: str | None) -> int:
    """Mark rows for a retry by the owner of their partition; return their number.

    Rows without content, of unregistered devices, are left out: there is nothing to process.
    """
    cursor = connection.execute(
        "update pipeline.dead_letter set state = 'retry', due_at = null "
        "where state in ('open', 'deferred') and size_bytes is null "
        "and (%s::bigint[] is null or dead_letter_id = any(%s)) "
        "and (%s::text is null or reason = %s)",
        (ids, ids, reason, reason),
    )
    return cursor.rowcount


def finish_retry(
    connection: Connection, results: Sequence[tuple[int, str, str, str, str, str]], at_us: int
) -> None:
    """Record the results of retries: (id, state, outcome or reason, detail, tenant, dialect).

    The content of a message whose device is not registered any more is dropped.
    """
    if not results:
        return
    ids, states, outcomes, details, tenants, dialects = (
        list(column) for column in zip(*results, strict=True)
    )
    connection.execute(
        "update pipeline.dead_letter l set state = x.state, retried_at = %s, due_at = null, "
        "outcome = case when x.state = 'retried' then x.outcome else l.outcome end, "
        "reason = case when x.state = 'open' then x.outcome else l.reason end, "
        "detail = case when x.state = 'open' then x.detail else l.detail end, "
        "tenant = case when x.state = 'open' then x.tenant else l.tenant end, "
        "dialect = case when x.state = 'open' then x.dialect else l.dialect end, "
        "size_bytes = case when x.nobody then octet_length(l.body) else l.size_bytes end, "
        "body = case when x.nobody then '' else l.body end, "
        "user_properties = case when x.nobody then null else l.user_properties end "
        "from (select id, state, outcome, detail, tenant, dialect, "
        "state = 'open' and outcome = any(%s) as nobody "
        "from unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[]) "
        "as u (id, state, outcome, detail, tenant, dialect)) x where l.dead_letter_id = x.id",
        (
            from_us(at_us),
            [str(reason) for reason in UNREGISTERED],
            ids,
            states,
            outcomes,
            [storable(detail) for detail in details],
            tenants,
            dialects,
        ),
    )


def counts(connection: Connection) -> dict[str, int]:
    """Count the messages that wait in the dead letter, by reason, with those that are not kept."""
    rows = connection.execute(
        "select reason, count(*) from pipeline.dead_letter where state <> 'retried' group by reason"
    )
    found: Counter[str] = Counter(dict(rows.fetchall()))
    found.update(quarantine.not_kept_by_reason(connection))
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))


def unusable_devices(
    connection: Connection, dialects: Sequence[str], limit: int = 100
) -> list[dict[str, Any]]:
    """Return topics of unregistered devices, and of those in `dialects` whose names are not
    understood, with the number of messages, the newest shape, and the newest body where it is kept.

    Those that were only counted: `unknown_not_kept`.
    """
    rows = connection.execute(
        "select topic, dialect, count(*), min(received_at), max(received_at), "
        "(array_agg(shape order by dead_letter_id desc))[1], "
        "(array_agg(case when size_bytes is null then body end order by dead_letter_id desc))[1] "
        "from pipeline.dead_letter where state <> 'retried' and (reason = 'unknown_device' "
        "or (reason in ('ambiguous', 'missing_field') and dialect = any (%s))) "
        "group by topic, dialect order by 3 desc, 1 limit %s",
        (list(dialects), limit),
    ).fetchall()
    names = ("topic", "dialect", "messages", "first_at", "last_at", "shape", "body")
    return [dict(zip(names, row, strict=True)) for row in rows]


def unknown_not_kept(connection: Connection, limit: int = 100) -> list[dict[str, Any]]:
    """Return addresses of unregistered devices with the messages that were only counted."""
    rows = connection.execute(
        "select dialect, address, messages, bytes, first_at, last_at from pipeline.not_kept "
        "where reason = 'unknown_device' order by messages desc, address limit %s",
        (limit,),
    ).fetchall()
    names = ("dialect", "address", "messages", "bytes", "first_at", "last_at")
    return [dict(zip(names, row, strict=True)) for row in rows]
