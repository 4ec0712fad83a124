"""Cursor pages: `limit` and `after` in, `data` and `pagination` out.

A cursor names its list and the row after which the next page begins. It is opaque: its format may
change, its meaning does not. Rows inserted or deleted between pages neither repeat nor hide others.
"""

import base64
import binascii
import json
import math
from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field

from api.http.problems import Problem, bad_request

Item = TypeVar("Item")
MAX_CURSOR = 500

After = Annotated[
    str | None,
    Query(max_length=MAX_CURSOR, description="`pagination.end_cursor` of the previous page."),
]
Limit = Annotated[int, Query(ge=1, le=200, description="Maximum rows per page.")]


class Pagination(BaseModel):
    """Position of the next page."""

    model_config = ConfigDict(extra="forbid")

    end_cursor: str | None = Field(description="For `after`; null on an empty page.")
    has_next_page: bool


class Page(BaseModel, Generic[Item]):
    """One page of a list."""

    model_config = ConfigDict(extra="forbid")

    data: list[Item]
    pagination: Pagination


def encode(kind: str, *values: str | int | date) -> str:
    """Encode the cursor of list `kind` after the row with these values."""
    plain = [v.isoformat() if isinstance(v, date) else v for v in values]
    return base64.urlsafe_b64encode(json.dumps([kind, *plain]).encode()).decode().rstrip("=")


def decode(kind: str, cursor: str | None, *types: Callable[[Any], Any]) -> tuple[Any, ...] | None:
    """Decode the values of a cursor; None if there is no cursor. Raises the problem bad_cursor."""
    if cursor is None:
        return None
    if len(cursor) > MAX_CURSOR:
        raise _bad()
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True)
        found_kind, *values = json.loads(raw)
        if found_kind != kind or len(values) != len(types):
            raise _bad()
        return tuple(of(value) for of, value in zip(types, values, strict=True))
    except (binascii.Error, OverflowError, ValueError, TypeError) as error:
        raise _bad() from error


def _bad() -> Problem:
    return bad_request(
        "bad_cursor",
        "`after` is no cursor of this list.",
        "Give the `pagination.end_cursor` of the page before, unchanged and with the same filters; "
        "or leave `after` out to begin anew.",
    )


def instant(value: Any) -> datetime:
    """Parse a cursor's time. Raises ValueError."""
    found = datetime.fromisoformat(value)
    if found.tzinfo is None:
        raise ValueError("no offset")
    return found


def day(value: Any) -> date:
    """Parse a cursor's date. Raises ValueError."""
    return date.fromisoformat(value)


def number(value: Any) -> int:
    """Check a cursor's number. Raises ValueError."""
    if type(value) is not int or not -(2**63) <= value < 2**63:
        raise ValueError("no bigint")
    return value


def real(value: Any) -> float:
    """Parse a cursor's number with a fraction, as of `float.hex`. Raises ValueError."""
    found = float.fromhex(text(value))
    if not math.isfinite(found):
        raise ValueError("no number")
    return found


def text(value: Any) -> str:
    """Check a cursor's text. Raises ValueError."""
    if not isinstance(value, str) or "\x00" in value:
        raise ValueError("no text")
    value.encode()  # raises ValueError for a lone surrogate
    return value


def cut(
    rows: Sequence[dict[str, Any]], limit: int, cursor: Callable[[dict[str, Any]], str]
) -> tuple[list[dict[str, Any]], Pagination]:
    """Cut up to limit + 1 rows that were read to a page of `limit` rows."""
    shown = list(rows[:limit])
    return shown, Pagination(
        end_cursor=cursor(shown[-1]) if shown else None, has_next_page=len(rows) > limit
    )
