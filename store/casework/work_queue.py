"""The work queue: what nobody has taken, by need; what somebody has; sums for supervisors."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from store.postgres import rows
from store.postgres.pool import Connection
from store.postgres.rows import After

Need = tuple[str, str, str]
"""Side, skill and language of a case."""

_FREE = "c.tenant = %s and c.state <> 'resolved' and c.owner is null"


def needs(connection: Connection, tenant: str) -> list[Need]:
    """Return the needs of the cases that nobody has: each once, by leaps through the index."""
    found = connection.execute(
        "with recursive n as ((select c.side, c.skill, c.language from contacts.service_case c "
        f"where {_FREE} order by c.side, c.skill, c.language limit 1) union all "
        "select m.side, m.skill, m.language from n cross join lateral ("
        "select c.side, c.skill, c.language from contacts.service_case c "
        f"where {_FREE} and (c.side, c.skill, c.language) > (n.side, n.skill, n.language) "
        "order by c.side, c.skill, c.language limit 1) m) "
        "select side, skill, language from n".encode(),
        (tenant, tenant),
    )
    return [(side, skill, language) for side, skill, language in found.fetchall()]


def free(
    connection: Connection,
    tenant: str,
    of: Sequence[Need],
    *,
    kind: str | None = None,
    after: After = None,
    limit: int = 50,
) -> list[dict[str, Any]]:
    """Return cases with these needs that nobody has, most urgent first.

    after : (rank_at, case_id) of the last row before.
    """
    where = rows.Conditions(_FREE, tenant)
    where.add("c.kind = %s", kind)
    where.add("(c.rank_at, c.case_id) > (%s, %s)", *(after or (None, None)))
    return rows.all_(
        connection,
        "select c.* from unnest(%s::text[], %s::text[], %s::text[]) n(side, skill, language) "
        "cross join lateral (select c.* from contacts.service_case c where c.side = n.side "
        f"and c.skill = n.skill and c.language = n.language and {where.sql} "
        "order by c.rank_at, c.case_id limit %s) c order by c.rank_at, c.case_id limit %s",
        [*([need[i] for need in of] for i in range(3)), *where.values, limit, limit],
    )


def owned(
    connection: Connection, tenant: str, owner: str, side: str | None, limit: int
) -> list[dict[str, Any]]:
    """Return somebody's cases that are not resolved, most urgent first. side : None = both."""
    return rows.all_(
        connection,
        "select case_id, rank_at, urgent from contacts.service_case where tenant = %s "
        "and owner = %s and state <> 'resolved' and (%s::text is null or side = %s) "
        "order by rank_at, case_id limit %s",
        (tenant, owner, side, side, limit),
    )


def loads(connection: Connection, tenant: str) -> dict[str, int]:
    """Return owner → number of their cases that are not resolved."""
    found = connection.execute(
        "select owner, count(*) from contacts.service_case where tenant = %s "
        "and state <> 'resolved' and owner is not null group by owner",
        (tenant,),
    )
    return dict(found.fetchall())


def by_owner(
    connection: Connection, tenant: str, side: str | None, now: datetime
) -> list[dict[str, Any]]:
    """Return owner (None = nobody) with numbers of cases: all, overdue, waiting, urgent; oldest."""
    return rows.all_(
        connection,
        "select owner, count(*) as cases, count(*) filter (where deadline < %s) as overdue, "
        "count(waiting_since) as waiting, count(*) filter (where urgent) as urgent, "
        "min(opened_at) as oldest from contacts.service_case where tenant = %s "
        "and state <> 'resolved' and (%s::text is null or side = %s) group by owner "
        "order by owner nulls first",
        (now, tenant, side, side),
    )


def by_need(connection: Connection, tenant: str, side: str | None) -> list[dict[str, Any]]:
    """Return side, skill, language with the number of cases that nobody has, and the first rank."""
    return rows.all_(
        connection,
        "select c.side, c.skill, c.language, count(*) as cases, min(c.rank_at) as first "
        f"from contacts.service_case c where {_FREE} and (%s::text is null or c.side = %s) "
        "group by c.side, c.skill, c.language order by c.side, c.skill, c.language",
        (tenant, side, side),
    )


_LEVELS = (
    "count(*) as opened, count(resolved_at) as resolved, "
    "count(*) filter (where resolved_at <= due) as in_time, "
    "count(*) filter (where coalesce(resolved_at, %s) > due) as late, "
    "percentile_cont(0.5) within group (order by extract(epoch from first_action_at - opened_at)) "
    "as first_p50_s, "
    "percentile_cont(0.9) within group (order by extract(epoch from first_action_at - opened_at)) "
    "as first_p90_s, "
    "percentile_cont(0.5) within group (order by extract(epoch from resolved_at - opened_at)) "
    "as resolved_p50_s, "
    "percentile_cont(0.9) within group (order by extract(epoch from resolved_at - opened_at)) "
    "as resolved_p90_s"
)


def levels_by_day(
    connection: Connection, tenant: str, side: str | None, since: datetime, now: datetime
) -> list[dict[str, Any]]:
    """Return day of opening, in the tenant's zone, with what became of its cases. Seconds."""
    return rows.all_(
        connection,
        "select (opened_at at time zone (select t.timezone from customers.tenant t "
        f"where t.tenant = %s))::date as day, {_LEVELS} from contacts.service_case "
        "where tenant = %s and opened_at >= %s and (%s::text is null or side = %s) "
        "group by 1 order by 1",
        (tenant, now, tenant, since, side, side),
    )


def levels_by_kind(
    connection: Connection, tenant: str, side: str | None, since: datetime, now: datetime
) -> list[dict[str, Any]]:
    """Return kind of case with what became of its cases. Seconds."""
    return rows.all_(
        connection,
        f"select kind, {_LEVELS} from contacts.service_case where tenant = %s "
        "and opened_at >= %s and (%s::text is null or side = %s) group by kind "
        "order by opened desc, kind",
        (now, tenant, since, side, side),
    )
