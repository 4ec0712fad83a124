"""Operators: ledger and dead letters of their tenant, and of messages without a known tenant."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response

from api.http import paging
from api.http.answers import Shape, json
from api.http.auth import Call, needs
from api.http.paging import After, Limit, Page
from api.http.scopes import Scope
from store.pipeline import dead_letter, ledger

router = APIRouter(prefix="/v1", tags=["operations"])


class LedgerEntry(Shape):
    """Message counts of one tenant and dialect. It closes if received = the sum of the others."""

    tenant: str
    dialect: str
    received: int
    stored: int
    duplicate: int
    dead_lettered: int
    refused: int
    samples_received: int
    samples_stored: int
    samples_merged: int
    samples_duplicate: int
    samples_refused: int
    closes: bool


class Ledger(Shape):
    """All entries; `closes` if every message is accounted for."""

    closes: bool
    data: list[LedgerEntry]


class DeadLetter(Shape):
    """A message that could not be used. Only `tachowatt dead-letter show` shows its bytes: they may
    contain data without consent."""

    id: int
    tenant: str
    dialect: str
    topic: str
    content_type: str | None
    bytes: int
    received_at: datetime
    reason: str
    detail: str
    state: Literal["open", "retry", "retried"]
    retried_at: datetime | None
    outcome: str | None


PageOfDeadLetters = Page[DeadLetter]


@router.get("/ledger", responses={200: {"model": Ledger}})
def get_ledger(call: Annotated[Call, needs(Scope.OPERATIONS_READ)]) -> Response:
    """The ledger of the tenant, and of messages without a known tenant."""
    with call.connection() as connection:
        entries = ledger.read(connection)
    data = [
        LedgerEntry(
            tenant=tenant,
            dialect=dialect,
            closes=entry.closes,
            **{name: getattr(entry, name) for name in ledger.COUNTS},
        )
        for (tenant, dialect), entry in entries.items()
    ]
    return json(Ledger(closes=all(entry.closes for entry in data), data=data))


@router.get("/dead-letters", responses={200: {"model": PageOfDeadLetters}})
def list_dead_letters(
    call: Annotated[Call, needs(Scope.OPERATIONS_READ)],
    state: Annotated[Literal["open", "retry", "retried"] | None, Query()] = None,
    reason: Annotated[str | None, Query(max_length=64)] = None,
    after: After = None,
    limit: Limit = 50,
) -> Response:
    """Dead letters, in order of arrival."""
    cursor = paging.decode("dead-letters", after, paging.number)
    with call.connection() as connection:
        rows = dead_letter.find(
            connection,
            reason=reason,
            state=state,
            after=0 if cursor is None else cursor[0],
            limit=limit + 1,
            tenants=call.caller.tenants,
        )
    shown = rows[:limit]
    names = set(DeadLetter.model_fields) - {"bytes"}
    data = [
        DeadLetter.model_validate(
            {**{name: getattr(row, name) for name in names}, "bytes": len(row.body)}
        )
        for row in shown
    ]
    page = paging.Pagination(
        end_cursor=paging.encode("dead-letters", shown[-1].id) if shown else None,
        has_next_page=len(rows) > limit,
    )
    return json(PageOfDeadLetters(data=data, pagination=page))
