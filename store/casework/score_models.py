"""Versions of the driving score of each tenant, and the one in use."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from store.postgres import rows
from store.postgres.pool import Connection
from store.postgres.times import from_us


def record(
    connection: Connection,
    tenant: str,
    version: str,
    base: str,
    model: Mapping[str, Any],
    report: Mapping[str, Any],
    now_us: int,
) -> bool:
    """Add a version; return False where there is one of this name, which stays as it is."""
    added = connection.execute(
        "insert into contacts.score_model (tenant, version, base, model, report, made_at) "
        "values (%s, %s, %s, %s, %s, %s) on conflict do nothing",
        (tenant, version, base, Jsonb(dict(model)), Jsonb(dict(report)), from_us(now_us)),
    )
    return added.rowcount == 1


def find(connection: Connection, tenant: str, version: str) -> dict[str, Any] | None:
    """Return the numbers of a tenant's own version; None = it has none of this name."""
    row = connection.execute(
        "select model from contacts.score_model where tenant = %s and version = %s",
        (tenant, version),
    ).fetchone()
    return None if row is None else dict(row[0])


def versions(connection: Connection, tenant: str) -> list[dict[str, Any]]:
    """Return version, base, report and time of a tenant's own versions, oldest first."""
    names = ("version", "base", "report", "made_at")
    found = connection.execute(
        "select version, base, report, made_at from contacts.score_model where tenant = %s "
        "order by made_at, version",
        (tenant,),
    )
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def in_use(connection: Connection, tenant: str, at: datetime | None = None) -> str | None:
    """Return the version that a tenant uses, now or at a time; None = never chosen."""
    row = connection.execute(
        "select version from contacts.score_activation where tenant = %s "
        "and activated_at <= coalesce(%s::timestamptz, 'infinity') "
        "order by activation_id desc limit 1",
        (tenant, at),
    ).fetchone()
    return None if row is None else str(row[0])


def activate(
    connection: Connection,
    tenant: str,
    version: str,
    now_us: int,
    request_id: str,
    activated_by: str,
    approved_by: str,
) -> None:
    """Use this version from now on; a second person has approved the request."""
    connection.execute(
        "insert into contacts.score_activation (tenant, version, activated_at, request_id, "
        "activated_by, approved_by) values (%s, %s, %s, %s, %s, %s)",
        (tenant, version, from_us(now_us), request_id, activated_by, approved_by),
    )


def freeze(
    connection: Connection,
    tenant: str,
    name: str,
    version: str,
    model: Mapping[str, Any],
    valid_from: datetime,
    valid_to: datetime,
    by: str,
    now_us: int,
) -> bool:
    """Freeze a version for a tariff year; return False where there is one of this name."""
    added = connection.execute(
        "insert into contacts.score_freeze (tenant, name, version, model, valid_from, valid_to, "
        "frozen_by, frozen_at) values (%s, %s, %s, %s, %s, %s, %s, %s) on conflict do nothing",
        (tenant, name, version, Jsonb(dict(model)), valid_from, valid_to, by, from_us(now_us)),
    )
    return added.rowcount == 1


def frozen(connection: Connection, tenant: str) -> list[dict[str, Any]]:
    """Return the tenant's tariff years, oldest first."""
    return rows.all_(
        connection,
        "select name, version, model, valid_from, valid_to, frozen_by, frozen_at "
        "from contacts.score_freeze where tenant = %s order by valid_from, name",
        (tenant,),
    )


def retire(connection: Connection, tenant: str, version: str, by: str, now_us: int) -> None:
    """Record that a version is not brought into use any more."""
    connection.execute(
        "insert into contacts.score_retirement (tenant, version, retired_by, retired_at) "
        "values (%s, %s, %s, %s) on conflict do nothing",
        (tenant, version, by, from_us(now_us)),
    )


def retired(connection: Connection, tenant: str) -> frozenset[str]:
    """Return the versions that the tenant has retired."""
    found = connection.execute(
        "select version from contacts.score_retirement where tenant = %s", (tenant,)
    )
    return frozenset(version for (version,) in found.fetchall())
