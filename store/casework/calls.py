"""Incoming calls, the tries to verify who calls, and the codes that are sent for it."""

from datetime import datetime
from typing import Any

from runtime.errors import NotFound
from store.postgres import notify, rows
from store.postgres.pool import Connection, scalar
from store.postgres.times import from_us


def open_(
    connection: Connection,
    *,
    call_id: str,
    tenant: str,
    agent: str,
    customer: str | None,
    lookup: bytes,
    now_us: int,
) -> None:
    """Record a call that rings."""
    connection.execute(
        "insert into contacts.call (call_id, tenant, agent, customer, lookup, state, started_at) "
        "values (%s, %s, %s, %s, %s, 'ringing', %s)",
        (call_id, tenant, agent, customer, lookup, from_us(now_us)),
    )
    notify.changed(connection, tenant, "call")


def get(connection: Connection, tenant: str, call_id: str, *, lock: bool = False) -> dict[str, Any]:
    """Return a call; lock : for a change. Raises `NotFound`."""
    found = rows.one(
        connection,
        "select * from contacts.call where tenant = %s and call_id = %s"
        + (" for no key update" if lock else ""),
        (tenant, call_id),
    )
    if found is None:
        raise NotFound(f"there is no call {call_id!r}")
    return found


def waiting(connection: Connection, tenant: str, agent: str, limit: int) -> list[dict[str, Any]]:
    """Return the calls of an agent that have not ended, the newest first."""
    return rows.all_(
        connection,
        "select * from contacts.call where tenant = %s and agent = %s and state <> 'closed' "
        "order by started_at desc, call_id limit %s",
        (tenant, agent, limit),
    )


def write(connection: Connection, call: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Write changed columns of a locked call; return it."""
    columns = "".join(f"{column} = %s, " for column in fields)
    found = rows.one(
        connection,
        f"update contacts.call set {columns}version = version + 1 where call_id = %s returning *",
        [*fields.values(), call["call_id"]],
    )
    assert found is not None
    notify.changed(connection, call["tenant"], "call")
    return found


def lock_customer(connection: Connection, tenant: str, customer: str) -> None:
    """Let one try to verify a customer follow the other, in the caller's transaction."""
    connection.execute(
        "select pg_advisory_xact_lock(hashtextextended('call ' || %s || ' ' || %s, 0))",
        (tenant, customer),
    )


def add_try(
    connection: Connection, call: dict[str, Any], by: str, how: str, good: bool, now_us: int
) -> None:
    """Record a try to verify who calls."""
    connection.execute(
        "insert into contacts.call_try (call_id, tenant, customer, at, by_whom, how, good) "
        "values (%s, %s, %s, %s, %s, %s, %s)",
        (call["call_id"], call["tenant"], call["customer"], from_us(now_us), by, how, good),
    )


def wrong(
    connection: Connection, tenant: str, call_id: str, customer: str, since: datetime
) -> tuple[int, int]:
    """Return the numbers of wrong tries: of a call, and of a customer after `since`."""
    row = connection.execute(
        "select (select count(*) from contacts.call_try where call_id = %s and not good), "
        "(select count(*) from contacts.call_try where tenant = %s and customer = %s "
        "and not good and at > %s)",
        (call_id, tenant, customer, since),
    ).fetchone()
    assert row is not None
    return row[0], row[1]


def put_code(
    connection: Connection,
    call: dict[str, Any],
    *,
    code: str,
    address: str,
    language: str,
    now_us: int,
    expires_at: datetime,
) -> None:
    """Let the process of contacts send a code; it replaces an earlier one.

    code, address : sealed.
    """
    connection.execute(
        "insert into contacts.call_code (call_id, tenant, customer, code, address, language, "
        "expires_at, next_attempt_at) values (%s, %s, %s, %s, %s, %s, %s, %s) "
        "on conflict (call_id) do update set code = excluded.code, address = excluded.address, "
        "language = excluded.language, expires_at = excluded.expires_at, "
        "next_attempt_at = excluded.next_attempt_at, attempts = 0",
        (
            call["call_id"], call["tenant"], call["customer"], code, address, language, expires_at,
            from_us(now_us),
        ),
    )  # fmt: skip
    notify.wake(connection, notify.LINK)


def code(connection: Connection, call_id: str, now_us: int) -> str | None:
    """Return the sealed code of a call; None where there is none that is valid."""
    found = scalar(
        connection,
        "select code from contacts.call_code where call_id = %s and expires_at > %s",
        (call_id, from_us(now_us)),
    )
    return None if found is None else str(found)


def has_code(connection: Connection, call_id: str, now_us: int) -> bool:
    """Return whether a code was asked for that is valid."""
    return code(connection, call_id, now_us) is not None


def forget_code(connection: Connection, call_id: str) -> None:
    """Forget a code."""
    connection.execute("delete from contacts.call_code where call_id = %s", (call_id,))


_AGAIN_S = 30.0


def take_code(connection: Connection, now_us: int) -> dict[str, Any] | None:
    """Return the next code to send, and put off its next attempt; None where none is due."""
    return rows.one(
        connection,
        "update contacts.call_code c set next_attempt_at = %s, attempts = attempts + 1 "
        "from customers.tenant t where t.tenant = c.tenant and c.call_id = ("
        "select d.call_id from contacts.call_code d where d.next_attempt_at <= %s "
        "and d.expires_at > %s order by d.next_attempt_at limit 1 for update skip locked) "
        "returning c.call_id, c.code, c.address, c.language, c.expires_at, t.name as tenant_name",
        (from_us(now_us + round(_AGAIN_S * 1e6)), from_us(now_us), from_us(now_us)),
    )


def code_sent(connection: Connection, call_id: str, expires_at: datetime) -> None:
    """Send a code no more. expires_at : of it; a newer one of the call has another."""
    connection.execute(
        "update contacts.call_code set next_attempt_at = null "
        "where call_id = %s and expires_at = %s",
        (call_id, expires_at),
    )
