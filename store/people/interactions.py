"""Interactions that other systems report, and whose they are."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from contracts.interactions import JOINED_WITHIN
from store.postgres import rows
from store.postgres.pool import Connection, scalar
from store.postgres.times import from_us


@dataclass(frozen=True, slots=True)
class InteractionRow:
    """An interaction before it is stored.

    interaction_id : of (tenant, source, external_id); digest : of its content; words : the text
    that search looks at, vector : the same as hashes, where summary and body are sealed;
    customer, visitor : at least one is given.
    """

    interaction_id: str
    tenant: str
    source: str
    external_id: str
    digest: str
    kind: str
    channel: str
    at_us: int
    customer: str | None
    visitor: str | None
    purpose: str | None
    direction: str
    state: str
    summary: str
    body: str
    reference: str | None
    words: str
    vector: str | None


class Stored(NamedTuple):
    """What the store has under an id. new : by this call; digest : of its content."""

    new: bool
    digest: str


def put(
    connection: Connection, found: Sequence[InteractionRow], recorded_by: str, now_us: int
) -> dict[str, Stored]:
    """Store interactions, each once, in the caller's transaction; return id → what is stored.

    The ids must differ. Visitors are locked until the transaction ends, so that what two of them
    report at the same moment is joined.
    """
    if not found:
        return {}
    for tenant, visitor in sorted({(row.tenant, row.visitor) for row in found if row.visitor}):
        connection.execute(
            "select pg_advisory_xact_lock(hashtextextended('visitor ' || %s || ' ' || %s, 0))",
            (tenant, visitor),
        )
    names = (
        "interaction_id", "tenant", "source", "external_id", "digest", "kind", "channel",
        "customer", "visitor", "purpose", "direction", "state", "summary", "body", "reference",
    )  # fmt: skip
    columns = ", ".join(names)
    arrays = ", ".join(["%s::text[]"] * len(names))
    new = {
        id_: digest
        for id_, digest in connection.execute(
            f"insert into customers.interaction ({columns}, at, anonymous, words, recorded_at, "
            f"recorded_by) select {columns}, n.at, n.customer is null, "
            "coalesce(n.vector::tsvector, customers.words_of(n.words)), %s, %s "
            f"from unnest({arrays}, %s::timestamptz[], %s::text[], %s::text[]) "
            f"as n ({columns}, at, words, vector) on conflict (interaction_id) do nothing "
            "returning interaction_id, digest".encode(),
            (
                from_us(now_us),
                recorded_by,
                *([getattr(row, name) for row in found] for name in names),
                [from_us(row.at_us) for row in found],
                [row.words for row in found],
                [row.vector for row in found],
            ),
        ).fetchall()
    }
    known = connection.execute(
        "select interaction_id, digest from customers.interaction where interaction_id = any(%s)",
        ([row.interaction_id for row in found],),
    ).fetchall()
    return {id_: Stored(id_ in new, digest) for id_, digest in known}


def words_of(connection: Connection, texts: Sequence[str]) -> list[dict[str, list[int]]]:
    """Return for each text its words in German and English with their places."""
    found: list[dict[str, list[int]]] = [{} for _ in texts]
    for number, word, places in connection.execute(
        "select t.number, w.lexeme, w.positions from unnest(%s::text[]) with ordinality "
        "as t (text, number), unnest(customers.words_of(t.text)) w",
        (list(texts),),
    ):
        found[number - 1][word] = places
    return found


def query_of(connection: Connection, words: str) -> str:
    """Return what is searched for as text: words in quotes, and what joins them."""
    return str(scalar(connection, "select customers.query_of(%s)::text", (words,)))


def vector_of(words: Mapping[str, Sequence[int]]) -> str:
    """Return the text of a vector of words without quotes."""
    return " ".join(
        f"'{word}':{','.join(map(str, places))}" if places else f"'{word}'"
        for word, places in words.items()
    )


def write_words(connection: Connection, vectors: Sequence[tuple[str, str]]) -> None:
    """Write the words of interactions, as (id, vector)."""
    with connection.cursor() as cursor:
        cursor.executemany(
            "update customers.interaction set words = %s::tsvector where interaction_id = %s",
            [(vector, id_) for id_, vector in vectors],
        )


def anonymous_of(
    connection: Connection, tenant: str, visitors: Collection[str]
) -> list[dict[str, Any]]:
    """Return what these visitors did anonymously, where it is joined to a customer."""
    return rows.all_(
        connection,
        "select interaction_id, tenant, customer, kind, channel, summary, body, reference "
        "from customers.interaction where tenant = %s and visitor = any(%s) and anonymous "
        "and customer is not null",
        (tenant, sorted(visitors)),
    )


def join(connection: Connection, tenant: str, visitors: Collection[str]) -> int:
    """Join anonymous interactions of these visitors to customers; return how many have changed.

    Each belongs to the customer whom the visitor's next interaction names, within JOINED_WITHIN:
    the order in which they are reported does not matter, and what others do later on a shared
    device stays theirs.
    """
    if not visitors:
        return 0
    return connection.execute(
        "update customers.interaction a set customer = n.customer from ("
        "select o.interaction_id, (select i.customer from customers.interaction i "
        "where i.tenant = o.tenant and i.visitor = o.visitor and not i.anonymous "
        "and i.at >= o.at and i.at <= o.at + %s order by i.at, i.interaction_id limit 1) "
        "as customer from customers.interaction o where o.tenant = %s and o.visitor = any(%s) "
        "and o.anonymous) n where n.interaction_id = a.interaction_id "
        "and a.customer is distinct from n.customer",
        (JOINED_WITHIN, tenant, sorted(visitors)),
    ).rowcount


def of_ids(connection: Connection, tenant: str, ids: Collection[str]) -> list[dict[str, Any]]:
    """Return interactions by id."""
    return rows.all_(
        connection,
        "select interaction_id, customer, kind, channel, at, purpose, direction, state, summary, "
        "body, reference, source, anonymous from customers.interaction "
        "where tenant = %s and interaction_id = any(%s)",
        (tenant, list(ids)),
    )


def known_customers(connection: Connection, tenant: str, ids: Collection[str]) -> frozenset[str]:
    """Return those of the ids that are customers of the tenant."""
    found = connection.execute(
        "select customer from customers.customer where tenant = %s and customer = any(%s)",
        (tenant, list(ids)),
    )
    return frozenset(customer for (customer,) in found.fetchall())
