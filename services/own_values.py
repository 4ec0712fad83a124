"""Seal what was stored before customers had keys: in the background, or by a command."""

import json
from collections.abc import Callable, Collection, Mapping
from typing import Any

from contracts.interactions import INTERACTION_CHANNELS, INTERACTIONS
from contracts.kinds import LANGUAGES
from runtime.secret_box import PREFIX, SecretBox
from services.customer_keys import CustomerKeys
from store.casework import case_plans, cases
from store.people import customer_keys as store
from store.people import interactions
from store.postgres.pool import Connection
from store.postgres.times import to_us
from store.secrets import own_columns
from store.secrets.columns import CASE_FILE_KEY, CASE_FILE_POSITION, CONTACT_POINT
from store.secrets.own_columns import OWN, OWN_TABLES, OwnTable

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
    for column in _BY_SECRETS:
        if column.table == table.table:
            for row in rows:
                if (row[column.value] or "").startswith(PREFIX):
                    bound_to = column.bound_to(row[column.owner])
                    row[column.value] = box.open(row[column.value], bound_to)
    keys = CustomerKeys(box)
    if table is own_columns.REASONS:
        _seal_plans(connection, keys, rows, now_us)
    seal_rows(connection, keys, table, rows, now_us)


_BY_SECRETS = (CONTACT_POINT, CASE_FILE_KEY, CASE_FILE_POSITION)
"""Sealed with the key of stored secrets before customers had keys."""


def _seal_plans(
    connection: Connection, keys: CustomerKeys, events: list[dict[str, Any]], now_us: int
) -> None:
    """Seal what the plans of these events, whose cases are locked, quote of their reasons."""
    for case_id in sorted({row["case_id"] for row in events}):
        plan = case_plans.get(connection, case_id)
        if plan is None:
            continue
        mine = [row for row in events if row["case_id"] == case_id]
        tenant, customer = mine[0]["tenant"], mine[0]["customer"]
        bound_to = own_columns.FORMS.bound_to("state", case_id)

        def seal(text: str, of: tuple[str, str, str] = (tenant, customer, bound_to)) -> str:
            return keys.seal(connection, of[0], of[1], text, of[2], now_us)

        state = with_sealed(plan["state"], {row["text"] for row in mine}, seal)
        due = plan["next_due"]
        case_plans.put_back(connection, case_id, state, None if due is None else to_us(due))


def with_sealed(value: Any, said: Collection[str], seal: Callable[[str], str]) -> Any:
    """Return JSON with each string sealed that has one of the texts in it."""
    if isinstance(value, str):
        quotes = not value.startswith(OWN) and any(text in value for text in said if text)
        return seal(value) if quotes else value
    if isinstance(value, Mapping):
        return {name: with_sealed(one, said, seal) for name, one in value.items()}
    return [with_sealed(one, said, seal) for one in value] if isinstance(value, list) else value


def with_opened(value: Any, open_: Callable[[str], str]) -> Any:
    """Return JSON with each sealed string opened."""
    if isinstance(value, str):
        return open_(value) if value.startswith(OWN) else value
    if isinstance(value, Mapping):
        return {name: with_opened(one, open_) for name, one in value.items()}
    return [with_opened(one, open_) for one in value] if isinstance(value, list) else value


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
    if table is own_columns.RESOLUTIONS:
        put_case_words(connection, keys, rows, now_us)
    changed = []
    for row in rows:
        values: list[str | None] = []
        for n, column in enumerate(table.values):
            value = json.dumps(row[column]) if column in table.json else row[column]
            if not value and n:  # the first one shows whether the row is sealed
                values.append(value)
                continue
            bound_to = table.bound_to(column, row[table.bound or table.row])
            values.append(
                keys.seal(connection, row["tenant"], row["customer"], value, bound_to, now_us)
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


def put_case_words(
    connection: Connection, keys: CustomerKeys, rows: list[dict[str, Any]], now_us: int
) -> None:
    """Write the words of cases, whose resolutions are in clear here, as hashes of customers."""
    vectors = case_words(connection, keys, rows, now_us)
    cases.write_words(
        connection, [(row["case_id"], v) for row, v in zip(rows, vectors, strict=True)]
    )


def case_words(
    connection: Connection, keys: CustomerKeys, rows: list[dict[str, Any]], now_us: int
) -> list[str]:
    """Return for each case the vector of title and resolution. rows : with a customer."""
    texts = [" ".join([*row["title"].values(), row["resolution"]]) for row in rows]
    customers = [(row["tenant"], row["customer"]) for row in rows]
    return hashed_vectors(connection, keys, customers, texts, now_us)


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
