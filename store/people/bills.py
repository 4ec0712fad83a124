"""Tariffs and bills of the billing system, in versions."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from psycopg.types.json import Jsonb

from store.postgres import rows
from store.postgres.merged import same_as
from store.postgres.pool import Connection, scalar
from store.postgres.together import OWN, Query, alone

_NEWEST = (
    "not exists (select from customers.bill later where later.tenant = b.tenant "
    "and later.bill = b.bill and later.version > b.version)"
)
_LISTED = (
    "b.bill, b.version, b.customer, b.contract, b.start_on, b.end_on, b.body, b.instalment, "
    "b.recorded_at"
)


def put_tariff(
    connection: Connection, tenant: str, tariff: str, body: dict[str, Any], now: datetime, by: str
) -> int:
    """Store a tariff; return its version. One that says nothing new stays as it is."""
    newest = rows.one(
        connection,
        "select version, body from customers.tariff where tenant = %s and tariff = %s "
        "order by version desc limit 1",
        (tenant, tariff),
    )
    if newest is not None and newest["body"] == body:
        return int(newest["version"])
    version = 1 if newest is None else int(newest["version"]) + 1
    connection.execute(
        "insert into customers.tariff (tenant, tariff, version, body, recorded_at, recorded_by) "
        "values (%s, %s, %s, %s, %s, %s)",
        (tenant, tariff, version, Jsonb(body), now, by),
    )
    return version


def tariff(connection: Connection, tenant: str, name: str) -> dict[str, Any] | None:
    """Return the newest version of a tariff: version, body."""
    return rows.one(
        connection,
        "select version, body from customers.tariff where tenant = %s and tariff = %s "
        "order by version desc limit 1",
        (tenant, name),
    )


def tariffs(connection: Connection, tenant: str) -> list[dict[str, Any]]:
    """Return the bodies of all tariffs in their newest versions, by name."""
    found = connection.execute(
        "select distinct on (tariff) body from customers.tariff where tenant = %s "
        "order by tariff, version desc",
        (tenant,),
    )
    return [dict(body) for (body,) in found.fetchall()]


def put(
    connection: Connection,
    tenant: str,
    bill: str,
    customer: str,
    contract: str,
    period: tuple[date, date],
    body: dict[str, Any],
    instalment: Decimal | None,
    now: datetime,
    by: str,
) -> int:
    """Store a bill; return its version. One that says nothing new stays as it is."""
    newest = one(connection, tenant, bill)
    same = newest is not None and (newest["body"], newest["instalment"]) == (body, instalment)
    if newest is not None and same:
        return int(newest["version"])
    version = 1 if newest is None else int(newest["version"]) + 1
    connection.execute(
        "insert into customers.bill (tenant, bill, version, customer, contract, start_on, end_on, "
        "body, instalment, recorded_at, recorded_by) "
        "values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        (tenant, bill, version, customer, contract, *period, Jsonb(body), instalment, now, by),
    )
    return version


def one(connection: Connection, tenant: str, bill: str) -> dict[str, Any] | None:
    """Return the newest version of a bill."""
    return rows.one(
        connection,
        f"select {_LISTED} from customers.bill b where b.tenant = %s and b.bill = %s "
        "order by b.version desc limit 1",
        (tenant, bill),
    )


def of_customer(
    connection: Connection, tenant: str, customer: str, limit: int = 50
) -> list[dict[str, Any]]:
    """Return the bills of a customer in their newest versions, newest period first."""
    return rows.all_(
        connection,
        f"select {_LISTED} from customers.bill b where b.tenant = %s and b.customer = any(%s) "
        f"and {_NEWEST} order by b.end_on desc, b.bill limit %s",
        (tenant, same_as(connection, tenant, customer), limit),
    )


NEWEST = Query(
    f"select {_LISTED} from customers.bill b where b.tenant = %(tenant)s and b.customer {OWN} "
    f"and coalesce(b.contract = %(contract)s, true) and {_NEWEST} "
    "order by b.end_on desc, b.bill limit 1",
    ("recorded_at",),
)
"""The bill of a customer, or of one contract of theirs, whose period ended last."""


def newest(
    connection: Connection, tenant: str, customer: str, contract: str | None = None
) -> dict[str, Any] | None:
    """Return the bill of a customer, or of one contract of theirs, whose period ended last."""
    own = same_as(connection, tenant, customer)
    asked = {"tenant": tenant, "own": own, "contract": contract}
    return next(iter(alone(connection, NEWEST, asked)), None)


def before(
    connection: Connection, tenant: str, contract: str, start_on: date
) -> dict[str, Any] | None:
    """Return the bill of a contract for the period that ended last before a day."""
    return rows.one(
        connection,
        f"select {_LISTED} from customers.bill b where b.tenant = %s and b.contract = %s "
        f"and b.end_on <= %s and {_NEWEST} order by b.end_on desc, b.bill limit 1",
        (tenant, contract, start_on),
    )


def has_contract(connection: Connection, tenant: str, customer: str, contract: str) -> bool:
    """Return whether a contract is the customer's."""
    return bool(
        scalar(
            connection,
            "select exists (select from customers.contract where tenant = %s and contract = %s "
            "and customer = any(%s))",
            (tenant, contract, same_as(connection, tenant, customer)),
        )
    )
