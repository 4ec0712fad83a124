"""Seal what was stored before customers had keys: in the background, or by a command."""

from collections.abc import Callable
from typing import Any

from contracts.interactions import INTERACTION_CHANNELS, INTERACTIONS
from contracts.kinds import LANGUAGES
from runtime.secret_box import SecretBox
from services.customer_keys import CustomerKeys
from store.people import customer_keys as store
from store.people import interactions
from store.postgres.pool import Connection
from store.secrets import own_columns
from store.secrets.columns import CONTACT_POINT
from store.secrets.own_columns import OWN_TABLES, OwnTable

_AT_ONCE = 500


def count(connection: Connection) -> int:
    """Count the rows of customers that no key of theirs has sealed."""
    return sum(store.count_pending(connection, table) for table in OWN_TABLES)


def seal(
    connection: Connection,
    box: SecretBox,
    now_us: int,
    *,
    most: int | None = None,
    done: Callable[[int], None] = lambda _: None,
) -> int:
    """Seal such rows, `most` of them or all; return how many. Commits in small transactions.

    Safe to interrupt, to repeat and to run beside a service. done : is called with the rows so far.
    Needs the owner of the tables.
    """
    total = 0
    for table in OWN_TABLES:
        while most is None or total < most:
            rows = store.pending(connection, table, _AT_ONCE)
            if not rows:
                break
            _seal(connection, box, table, rows, now_us)
            connection.commit()
            total += len(rows)
            done(total)
    connection.rollback()
    return total


def _seal(
    connection: Connection, box: SecretBox, table: OwnTable, rows: list[dict[str, Any]], now_us: int
) -> None:
    if table is own_columns.CONTACT_POINTS:
        for row in rows:
            row["value"] = box.open(row["value"], CONTACT_POINT.bound_to(row["point_id"]))
    seal_rows(connection, CustomerKeys(box), table, rows, now_us)


def seal_rows(
    connection: Connection,
    keys: CustomerKeys,
    table: OwnTable,
    rows: list[dict[str, Any]],
    now_us: int,
) -> None:
    """Seal rows whose values are in clear here, and write them."""
    for tenant in {row["tenant"] for row in rows}:
        customers = {row["customer"] for row in rows if row["tenant"] == tenant}
        keys.make_all(connection, tenant, customers, now_us)
    if table is own_columns.INTERACTIONS:
        put_words(connection, keys, rows, now_us)
    changed = []
    for row in rows:
        values = []
        for n, column in enumerate(table.values):
            if not row[column] and n:  # the first one shows whether the row is sealed
                values.append("")
                continue
            bound_to = table.bound_to(column, row[table.row])
            values.append(
                keys.seal(connection, row["tenant"], row["customer"], row[column], bound_to, now_us)
            )
        changed.append((row[table.row], values))
    store.write(connection, table, changed)


def open_interactions(
    connection: Connection, keys: CustomerKeys, rows: list[dict[str, Any]]
) -> None:
    """Replace summary and body of interactions by their texts; '' where the key is gone."""
    keys.load_for(connection, [row["summary"] for row in rows])
    for row in rows:
        for column in own_columns.INTERACTIONS.values:
            bound_to = own_columns.INTERACTIONS.bound_to(column, row["interaction_id"])
            row[column] = keys.open(connection, row[column], bound_to)


def text_of_words(kind: str, channel: str, summary: str, body: str, reference: str | None) -> str:
    """Return the text that a search of an interaction looks at."""
    names = [
        text(language)
        for text in (INTERACTIONS[kind].name, INTERACTION_CHANNELS[channel])
        for language in LANGUAGES
    ]
    return " ".join([*names, summary, body, reference or ""])


def put_words(
    connection: Connection, keys: CustomerKeys, rows: list[dict[str, Any]], now_us: int
) -> None:
    """Replace the words of interactions, which are in clear here, by hashes of their customers."""
    texts = [
        text_of_words(row["kind"], row["channel"], row["summary"], row["body"], row["reference"])
        for row in rows
    ]
    vectors = hashed_vectors(
        connection, keys, [(row["tenant"], row["customer"]) for row in rows], texts, now_us
    )
    interactions.write_words(
        connection, [(row["interaction_id"], v) for row, v in zip(rows, vectors, strict=True)]
    )


def hashed_vectors(
    connection: Connection,
    keys: CustomerKeys,
    customers: list[tuple[str, str]],
    texts: list[str],
    now_us: int,
) -> list[str]:
    """Return for each text the vector of its words as keyed hashes, as text of PostgreSQL."""
    found = []
    for (tenant, customer), words in zip(
        customers, interactions.words_of(connection, texts), strict=True
    ):
        hashes = keys.hashed(connection, tenant, customer, words, now_us)
        found.append(interactions.vector_of({hashes[word]: at for word, at in words.items()}))
    return found
