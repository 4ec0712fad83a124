"""Pairs of customers that may be the same: proposed, and what people decided (migration 0046)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from psycopg.types.json import Jsonb

from store.postgres.pool import Connection, scalar
from store.postgres.rows import Conditions


def rejected(connection: Connection, tenant: str, one: str, other: str) -> bool:
    """Return whether a person decided that two customers are not the same."""
    return bool(
        scalar(
            connection,
            "select exists (select from customers.match_pair where tenant = %s and one = %s "
            "and other = %s and state = 'rejected')",
            (tenant, *sorted((one, other))),
        )
    )


def decide(
    connection: Connection, tenant: str, one: str, other: str, state: str, by: str, at: datetime
) -> bool:
    """Record what a person decided about a pair; return False where none was proposed."""
    return (
        connection.execute(
            "update customers.match_pair set state = %s, decided_at = %s, decided_by = %s "
            "where tenant = %s and one = %s and other = %s",
            (state, at, by, tenant, *sorted((one, other))),
        ).rowcount
        == 1
    )


def propose(
    connection: Connection,
    tenant: str,
    pairs: Sequence[tuple[str, str, float, Mapping[str, float]]],
    at: datetime,
) -> int:
    """Propose pairs (one, other, score, agreement); return how many are new.

    A pair that a person has decided about stays as it is; one that waits gets its new score.
    """
    if not pairs:
        return 0
    found = connection.execute(
        "insert into customers.match_pair as p "
        "(tenant, one, other, score, agreement, state, proposed_at) "
        "select %s, one, other, score, agreement, 'proposed', %s "
        "from unnest(%s::text[], %s::text[], %s::float8[], %s::jsonb[]) "
        "as n (one, other, score, agreement) on conflict (tenant, one, other) do update "
        "set score = excluded.score, agreement = excluded.agreement where p.state = 'proposed' "
        "returning (xmax = 0)",
        (
            tenant,
            at,
            [min(one, other) for one, other, _, _ in pairs],
            [max(one, other) for one, other, _, _ in pairs],
            [score for _, _, score, _ in pairs],
            [Jsonb(agreement) for _, _, _, agreement in pairs],
        ),
    ).fetchall()
    return sum(new for (new,) in found)


@dataclass(frozen=True, slots=True)
class Pair:
    """A pair that may be one, as it was found."""

    one: str
    other: str
    score: float
    agreement: Mapping[str, float]
    state: str
    proposed_at: datetime


_PAIR = "one, other, score, agreement, state, proposed_at"


def get(connection: Connection, tenant: str, one: str, other: str) -> Pair | None:
    """Return a pair, in any order of its ids."""
    row = connection.execute(
        f"select {_PAIR} from customers.match_pair where tenant = %s and one = %s "
        "and other = %s".encode(),
        (tenant, *sorted((one, other))),
    ).fetchone()
    return None if row is None else Pair(*row)


def state(connection: Connection, tenant: str, one: str, other: str) -> list[str] | None:
    """Return what must not change of a pair between a request to merge it and the merge.

    None where it does not wait for a decision.
    """
    row = connection.execute(
        "select p.score, p.agreement, p.proposed_at, "
        "(select array_agg((c.customer, c.kind, c.name, c.birth_date)::text order by c.customer) "
        "from customers.customer c where c.tenant = p.tenant and c.customer in (p.one, p.other)), "
        "(select array_agg(t.point_id || ' ' || t.kind order by t.point_id) "
        "from customers.contact_point t where t.tenant = p.tenant "
        "and t.customer in (p.one, p.other)) "
        "from customers.match_pair p where p.tenant = %s and p.one = %s and p.other = %s "
        "and p.state = 'proposed'",
        (tenant, *sorted((one, other))),
    ).fetchone()
    return None if row is None else [str(value) for value in row]


def waiting(
    connection: Connection,
    tenant: str,
    *,
    after: tuple[float, str, str] | None = None,
    limit: int,
) -> list[Pair]:
    """Return pairs that wait for a decision, the surest first; after : score and ids of the last.

    Pairs of which one is merged meanwhile wait until it is split.
    """
    where = Conditions("tenant = %s and state = 'proposed'", tenant)
    where.add("(-score, one, other) > (-%s, %s, %s)", *(after or (None, None, None)))
    rows = connection.execute(
        f"select {_PAIR} from customers.match_pair p where {where.sql} "
        "and not exists (select from customers.merge m where m.tenant = p.tenant "
        "and m.merged in (p.one, p.other) and m.split_at is null) "
        "order by score desc, one, other limit %s".encode(),
        [*where.values, limit],
    )
    return [Pair(*row) for row in rows.fetchall()]
