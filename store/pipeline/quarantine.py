"""Devices in quarantine, and the quotas of dead letters that are kept."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from store.pipeline import text
from store.postgres.pool import Connection
from store.postgres.times import from_us

OVER_LIMIT = "over_limit"
NOTHING_USABLE = "nothing_usable"


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A device in quarantine. reason : `OVER_LIMIT` or `NOTHING_USABLE`; last_us : the arrival of
    its newest message with this reason."""

    device_id: int
    reason: str
    tenant: str
    dialect: str
    address: str
    detail: str
    last_us: int


def put(connection: Connection, devices: Collection[Quarantined]) -> None:
    """Put devices in quarantine, or update their detail, in the caller's transaction."""
    if not devices:
        return
    with connection.cursor() as cursor:
        for device in devices:
            at = from_us(device.last_us)
            cursor.execute(
                "insert into pipeline.quarantine as q (device_id, reason, tenant, dialect, "
                "address, detail, since, last_at) values (%s, %s, %s, %s, %s, %s, %s, %s) "
                "on conflict (device_id, reason) do update set detail = excluded.detail, "
                "last_at = greatest(q.last_at, excluded.last_at)",
                (
                    device.device_id,
                    device.reason,
                    device.tenant,
                    device.dialect,
                    device.address,
                    text.storable(device.detail),
                    at,
                    at,
                ),
            )


def release(connection: Connection, devices: Collection[tuple[int, str]]) -> None:
    """End the quarantine of (device, reason), in the caller's transaction."""
    with connection.cursor() as cursor:
        cursor.executemany(
            "delete from pipeline.quarantine where device_id = %s and reason = %s", list(devices)
        )


def load(connection: Connection) -> set[tuple[int, str]]:
    """Return (device, reason) of all devices in quarantine."""
    rows = connection.execute("select device_id, reason from pipeline.quarantine")
    return {(row[0], row[1]) for row in rows.fetchall()}


def listed(
    connection: Connection, tenants: Collection[str] | None = None, limit: int = 1_000
) -> list[dict[str, Any]]:
    """Return the devices in quarantine, the newest first, with the number and bytes of their dead
    letters: open, deferred, and not kept.

    tenants : None = all, for a login that may read bodies.
    """
    wanted = None if tenants is None else list(tenants)
    # The reader has no right on a body: a function says its length.
    by_function = "pipeline.dead_letter_bytes(l.dead_letter_id)"
    size = "octet_length(l.body)" if tenants is None else by_function
    rows = connection.execute(
        "select q.tenant, d.device, q.dialect, q.address, q.reason, q.detail, q.since, q.last_at, "
        "k.open, k.open_bytes, k.deferred, k.deferred_bytes, coalesce(n.messages, 0), "
        "coalesce(n.bytes, 0) "
        "from pipeline.quarantine q left join customers.device d using (device_id) "
        "left join lateral (select count(*) filter (where l.state in ('open', 'retry')), "
        f"coalesce(sum({size}) filter (where l.state in ('open', 'retry')), 0)"
        "::bigint, count(*) filter (where l.state = 'deferred'), "
        f"coalesce(sum({size}) filter (where l.state = 'deferred'), 0)::bigint "
        "from pipeline.dead_letter l where l.device_id = q.device_id) "
        "as k (open, open_bytes, deferred, deferred_bytes) on true "
        "left join lateral (select sum(m.messages)::bigint, sum(m.bytes)::bigint "
        "from pipeline.not_kept m where m.tenant = q.tenant and m.dialect = q.dialect "
        "and m.address = q.address) as n (messages, bytes) on true "
        "where %s::text[] is null or q.tenant = any(%s) "
        "order by q.since desc, q.device_id, q.reason limit %s",
        (wanted, wanted, limit),
    ).fetchall()
    names = (
        "tenant", "device", "dialect", "address", "reason", "detail", "since", "last_at",
        "open", "open_bytes", "deferred", "deferred_bytes", "not_kept", "not_kept_bytes",
    )  # fmt: skip
    return [dict(zip(names, row, strict=True)) for row in rows]


# ── dead letters that are only counted ──────────────────────────────────────────────────────────


@dataclass(slots=True)
class NotKept:
    """Dead letters of one address and reason that are only counted. first_us, last_us : arrival."""

    messages: int
    bytes: int
    first_us: int
    last_us: int


NotKeptKey = tuple[str, str, str, str]
"""tenant, dialect, address, reason"""


def count_not_kept(connection: Connection, counts: Mapping[NotKeptKey, NotKept]) -> None:
    """Add to the counts, in the caller's transaction."""
    if not counts:
        return
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into pipeline.not_kept as n values (%s, %s, %s, %s, %s, %s, %s, %s) "
            "on conflict (tenant, dialect, address, reason) do update "
            "set messages = n.messages + excluded.messages, bytes = n.bytes + excluded.bytes, "
            "first_at = least(n.first_at, excluded.first_at), "
            "last_at = greatest(n.last_at, excluded.last_at)",
            [
                (
                    tenant,
                    dialect,
                    text.storable(address),
                    reason,
                    count.messages,
                    count.bytes,
                    from_us(count.first_us),
                    from_us(count.last_us),
                )
                for (tenant, dialect, address, reason), count in sorted(counts.items())
            ],
        )


def not_kept_of(connection: Connection, dialect: str, address: str) -> dict[str, int]:
    """Count the dead letters of one address that were not kept, by reason."""
    rows = connection.execute(
        "select reason, sum(messages)::bigint from pipeline.not_kept "
        "where dialect = %s and address = %s group by reason",
        (dialect, address),
    )
    return dict(rows.fetchall())


def not_kept_by_reason(connection: Connection) -> dict[str, int]:
    """Count the dead letters that were not kept, by reason."""
    rows = connection.execute(
        "select reason, sum(messages)::bigint from pipeline.not_kept group by reason"
    )
    return dict(rows.fetchall())


# ── quotas ──────────────────────────────────────────────────────────────────────────────────────


@dataclass(slots=True)
class Usage:
    """Messages and bytes that are kept."""

    messages: int = 0
    bytes: int = 0


def used_by_device(connection: Connection, device_id: int, *, deferred: bool) -> Usage:
    """Return what is kept of a device's deferred messages, or of its other dead letters."""
    row = connection.execute(
        "select count(*), coalesce(sum(octet_length(body)), 0) from pipeline.dead_letter "
        "where device_id = %s and state <> 'retried' and (state = 'deferred') = %s",
        (device_id, deferred),
    ).fetchone()
    assert row is not None
    return Usage(int(row[0]), int(row[1]))


def used_by_tenant(connection: Connection, tenant: str) -> Usage:
    """Return what is kept of all devices of a tenant."""
    row = connection.execute(
        "select count(*), coalesce(sum(octet_length(body)), 0) from pipeline.dead_letter "
        "where tenant = %s and state in ('open', 'retry', 'deferred')",
        (tenant,),
    ).fetchone()
    assert row is not None
    return Usage(int(row[0]), int(row[1]))


def kept_of_nobody(connection: Connection) -> int:
    """Count the open dead letters of unregistered devices."""
    row = connection.execute(
        "select count(*) from pipeline.dead_letter where state = 'open' and size_bytes is not null"
    ).fetchone()
    assert row is not None
    return int(row[0])
