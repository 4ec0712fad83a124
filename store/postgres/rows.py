"""Rows as dicts with the table's column names."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from psycopg.rows import dict_row

from store.postgres.pool import Connection

After = tuple[datetime, str] | None
"""Time and id of the last row of the page before, in lists by time; None = the first page."""


def all_(connection: Connection, query: str, parameters: Any = None) -> list[dict[str, Any]]:
    """Return all rows."""
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query.encode(), parameters).fetchall()


def one(connection: Connection, query: str, parameters: Any = None) -> dict[str, Any] | None:
    """Return the first row; None when there is none."""
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query.encode(), parameters).fetchone()


def pair_columns(pairs: Sequence[tuple[str, str]]) -> tuple[list[str], list[str]]:
    """Return pairs as two columns, for `unnest`."""
    return [first for first, _ in pairs], [second for _, second in pairs]


class Conditions:
    """Conditions joined by `and`; each applies only where its values are given."""

    def __init__(self, condition: str, *values: Any) -> None:
        self._conditions = [condition]
        self.values: list[Any] = list(values)

    def add(self, condition: str, *values: Any) -> "Conditions":
        """Add `condition` with its values, unless one of them is None."""
        if None not in values:
            self._conditions.append(condition)
            self.values += values
        return self

    @property
    def sql(self) -> str:
        """The condition for WHERE."""
        return " and ".join(f"({condition})" for condition in self._conditions)
