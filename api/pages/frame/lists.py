"""Cursors and filters of pages with lists."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from api.http import paging
from api.pages.frame.view import View
from store.reads.pages import COUNTED

ROWS = 25
"""Rows per page."""

Row = dict[str, Any]


def cursor(view: View, kind: str, *types: Callable[[Any], Any]) -> tuple[Any, ...] | None:
    """Decode the cursor in ?after. Raises the problem bad_cursor."""
    return paging.decode(kind, view.request.query_params.get("after"), *types)


def one_page(
    rows: Sequence[Row], kind: str, *columns: str, size: int = ROWS
) -> tuple[list[Row], str | None]:
    """Cut up to size + 1 rows that were read to one page; return it and the next page's cursor."""
    shown = list(rows[:size])
    if len(rows) <= size:
        return shown, None
    return shown, paging.encode(kind, *(shown[-1][column] for column in columns))


@dataclass(frozen=True, slots=True)
class Count:
    """How many of a list a page shows. more : there are more than `total`."""

    shown: int
    total: int
    more: bool


def counted(shown: int, total: int, most: int = COUNTED) -> Count:
    """Return the numbers of a list whose rows were counted up to `most`."""
    return Count(shown, max(total, shown), total >= most)


def chosen(view: View, name: str, values: Sequence[str]) -> str | None:
    """Return a filter of the URL if it is one of `values`."""
    value = view.request.query_params.get(name)
    return value if value in values else None
