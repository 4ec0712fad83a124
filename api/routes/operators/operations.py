"""Operators: ledger and dead letters of their tenant, and of messages without a known tenant."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Response
from pydantic import Field

from api.http import paging
from api.http.answers import Shape, json
from api.http.auth import Call, needs
from api.http.paging import After, Limit, Page
from api.http.problems import not_found
from api.http.scopes import Scope
from api.resources.dead_letters import MAX_SHOWN_BYTES, printable
from store.pipeline import ledger, quarantine
from store.reads import pages as reads

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
    ignored: int = Field(description="Messages without a body, which clear a retained message.")
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
    """A message that could not be used; `bytes` is the length of its body. Only `tachowatt
    dead-letter show` shows the body: it may contain data without consent."""

    id: int
    tenant: str
    dialect: str
    topic: str
    content_type: str | None
    bytes: int
    received_at: datetime
    reason: str
    detail: str
    state: Literal["open", "retry", "retried", "deferred"]
    retried_at: datetime | None
    outcome: str | None


class DeadLetterShape(DeadLetter):
    """A dead letter, with the shape of its body."""

    shape: str | None = Field(
        description=f"The first {MAX_SHOWN_BYTES} bytes of the body as text, each digit replaced "
        "by 0; null where they are no text. Of an unregistered device: names and punctuation only."
    )


class QuarantinedDevice(Shape):
    """A device in quarantine. open, deferred: its messages that are kept; not_kept: further ones,
    only counted."""

    tenant: str
    device: str | None
    dialect: str
    address: str
    reason: Literal["over_limit", "nothing_usable"]
    detail: str = Field(description="The limit, or the newest reason.")
    since: datetime
    last_at: datetime
    open: int
    open_bytes: int
    deferred: int
    deferred_bytes: int
    not_kept: int
    not_kept_bytes: int


class QuarantinedDevices(Shape):
    """The devices in quarantine, the newest first; at most 1,000."""

    data: list[QuarantinedDevice]


PageOfDeadLetters = Page[DeadLetter]

_FIELDS = set(DeadLetter.model_fields) - {"id", "bytes"}


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
    state: Annotated[Literal["open", "retry", "retried", "deferred"] | None, Query()] = None,
    reason: Annotated[str | None, Query(max_length=64)] = None,
    after: After = None,
    limit: Limit = 50,
) -> Response:
    """Dead letters, in order of arrival."""
    cursor = paging.decode("dead-letters", after, paging.number)
    with call.connection() as connection:
        rows = reads.dead_letters(
            connection,
            call.caller.tenants,
            reason=reason,
            state=state,
            after=0 if cursor is None else cursor[0],
            limit=limit + 1,
        )
    shown = rows[:limit]
    data = [DeadLetter.model_validate(_shown(row)) for row in shown]
    page = paging.Pagination(
        end_cursor=paging.encode("dead-letters", shown[-1]["dead_letter_id"]) if shown else None,
        has_next_page=len(rows) > limit,
    )
    return json(PageOfDeadLetters(data=data, pagination=page))


@router.get("/dead-letters/{dead_letter_id}", responses={200: {"model": DeadLetterShape}})
def get_dead_letter(
    call: Annotated[Call, needs(Scope.OPERATIONS_READ)],
    dead_letter_id: Annotated[int, Path(ge=1, le=2**63 - 1)],
) -> Response:
    """One dead letter, with the shape of its body."""
    with call.connection() as connection:
        row = reads.dead_letter(connection, call.caller.tenants, dead_letter_id)
    if row is None:
        raise not_found()
    return json(DeadLetterShape.model_validate({**_shown(row), "shape": printable(row["shape"])}))


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    fields = {name: row[name] for name in _FIELDS}
    return {**fields, "id": row["dead_letter_id"], "bytes": row["size"]}


@router.get("/quarantined-devices", responses={200: {"model": QuarantinedDevices}})
def list_quarantined_devices(call: Annotated[Call, needs(Scope.OPERATIONS_READ)]) -> Response:
    """Devices that are put aside because they send too much, or nothing usable. They are released
    by themselves."""
    with call.connection() as connection:
        found = quarantine.listed(connection, call.caller.tenants)
    data = [QuarantinedDevice.model_validate(row) for row in found]
    return json(QuarantinedDevices(data=data))
