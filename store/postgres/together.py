"""Several queries in one statement.

A statement costs its round trip, and processor time of both sides for its start and its end, which
for a query that finds a few rows is most of what it takes.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from store.postgres import rows
from store.postgres.pool import Connection

OWN = "= any(%(own)s)"
"""Condition on a column that names a customer: any of the ids in the parameter `own`."""
_ALONE = "= %(customer)s"
"""The same for a customer with one id. The planner expects ten ids of an array that it does not
know, and would plan anew for each array."""


@dataclass(frozen=True, slots=True)
class Query:
    """A SELECT with named parameters, %(name)s. times : its columns that are times.

    No column may have a type that JSON does not have, but times; nor NaN.
    """

    sql: str
    times: tuple[str, ...] = ()


def alone(connection: Connection, query: Query, parameters: Mapping[str, Any]) -> list[Any]:
    """Return the rows of one query."""
    return rows.all_(connection, query.sql, parameters)


def together(
    connection: Connection, queries: Mapping[str, Query], parameters: Mapping[str, Any]
) -> dict[str, list[dict[str, Any]]]:
    """Return name → rows of queries that share their parameters, in one statement.

    own : a parameter of queries with `OWN`, the ids of `customer`.
    """
    single = list(parameters.get("own", ())) == [parameters.get("customer")]
    statement = _statement(tuple(queries.items()), single)
    found = connection.execute(statement, parameters).fetchone()
    assert found is not None, "an aggregate gives a row"
    return {
        name: _read(text, query.times)
        for (name, query), text in zip(queries.items(), found, strict=True)
    }


@lru_cache(maxsize=64)
def _statement(queries: tuple[tuple[str, Query], ...], single: bool) -> bytes:
    parts = [
        f"(select coalesce(json_agg(q), '[]')::text from ({query.sql}) as q) as {name}"
        for name, query in queries
    ]
    text = f"select {', '.join(parts)}"
    return (text.replace(OWN, _ALONE) if single else text).encode()


def _read(text: str, times: tuple[str, ...]) -> list[dict[str, Any]]:
    if text == "[]":
        return []
    found: list[dict[str, Any]] = json.loads(text)
    for row in found:
        for name in times:
            if row[name] is not None:
                row[name] = datetime.fromisoformat(row[name])
    return found
