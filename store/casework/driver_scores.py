"""The last driving score of each driver in each week with a trip."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from store.postgres import rows
from store.postgres.pool import Connection
from store.postgres.times import from_us


def record(
    connection: Connection,
    tenant: str,
    customer: str,
    week: date,
    score: float,
    band: str,
    trusted: bool,
    distance_m: float,
    algorithm_version: str,
    now_us: int,
) -> None:
    """Record a driver's score of a week; the later one counts. week : its Monday."""
    connection.execute(
        "insert into contacts.driver_score (tenant, customer, week, score, band, trusted, "
        "distance_m, algorithm_version, computed_at) values (%s, %s, %s, %s, %s, %s, %s, %s, %s) "
        "on conflict (tenant, customer, week) do update set score = excluded.score, "
        "band = excluded.band, trusted = excluded.trusted, distance_m = excluded.distance_m, "
        "algorithm_version = excluded.algorithm_version, computed_at = excluded.computed_at",
        (
            tenant, customer, week, score, band, trusted, distance_m, algorithm_version,
            from_us(now_us),
        ),
    )  # fmt: skip


def newest(
    connection: Connection, tenant: str, ids: Sequence[str], until: datetime
) -> dict[str, Any] | None:
    """Return the score that was recorded last by a time under one of the ids; None = none was."""
    return rows.one(
        connection,
        "select customer, week, score, algorithm_version, computed_at from contacts.driver_score "
        "where tenant = %s and customer = any(%s) and computed_at <= %s "
        "order by computed_at desc limit 1",
        (tenant, list(ids), until),
    )
