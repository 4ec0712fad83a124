"""Cases: agents work on those of both sides, insurers and utilities on their own."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import Field

from api.http import paging
from api.http.answers import NOT_MODIFIED, IfMatch, Shape, expected, json, tagged
from api.http.auth import Call, needs
from api.http.idempotency import IdempotencyKey, once
from api.http.paging import After, Limit, Page
from api.http.problems import not_found
from api.http.scopes import Scope
from services import case_flow
from store.people.read_log import of_rows
from store.postgres.pool import Connection

router = APIRouter(prefix="/v1/cases", tags=["cases"])

CaseId = Annotated[str, Path(max_length=64)]
State = Literal["open", "in_progress", "resolved"]
Side = Literal["insurer", "utility"]
Text = Annotated[str, Field(min_length=1, max_length=4_000)]
_WHY = "service"


class CaseRow(Shape):
    """A case in a list. Of a withdrawn case title, kind and all that was learnt are hidden."""

    id: str
    side: Side
    kind: str
    title: dict[str, str] = Field(description="In German (de) and English (en).")
    urgent: bool
    customer: str | None
    subject: str | None
    state: State
    owner: str | None
    resolution: str | None
    deadline: datetime | None
    opened_at: datetime
    updated_at: datetime
    resolved_at: datetime | None
    version: int
    withdrawn: bool = Field(description="The customer no longer grants the purpose of the case.")


class Entry(Shape):
    """A diary entry: a note, or a change of the case."""

    at: datetime
    author: str
    kind: Literal["note", "state", "owner", "signal"]
    text: str


class Case(CaseRow):
    """A case with its diary, oldest first."""

    signal_id: str | None = Field(description="null in a withdrawn case.")
    playbook: str
    entries: list[Entry]


class Note(Shape):
    """A note to add to the diary."""

    text: Text


class StateChange(Shape):
    """in_progress: take up or reopen the case; resolved: with its resolution."""

    state: State
    resolution: Text | None = None


PageOfCases = Page[CaseRow]


@router.get("", responses={200: {"model": PageOfCases}})
def list_cases(
    call: Annotated[Call, needs(Scope.CASES_READ)],
    state: Annotated[State | None, Query()] = None,
    customer: Annotated[str | None, Query(max_length=64)] = None,
    owner: Annotated[str | None, Query(max_length=200)] = None,
    after: After = None,
    limit: Limit = 50,
) -> Response:
    """Cases, newest first."""
    cursor = paging.decode("cases", after, paging.instant, paging.text)
    with call.connection() as connection:
        rows = case_flow.list_(
            connection,
            call.caller.tenant,
            side=call.caller.side,
            state=state,
            customer=customer,
            owner=owner,
            after=cursor,
            limit=limit + 1,
        )
        shown, page = paging.cut(
            rows, limit, lambda row: paging.encode("cases", row["opened_at"], row["case_id"])
        )
        call.log(connection, of_rows(shown, "case", "case_id"), "cases", _WHY)
    data = [CaseRow.model_validate(_row(row)) for row in shown]
    return json(PageOfCases(data=data, pagination=page))


@router.get("/{case_id}", responses={**NOT_MODIFIED, 200: {"model": Case}})
def get_case(
    request: Request, call: Annotated[Call, needs(Scope.CASES_READ)], case_id: CaseId
) -> Response:
    """One case with its diary."""
    with call.connection() as connection:
        row = _visible(connection, call, case_id)
        return _to_response(request, connection, row)


@router.post("/{case_id}/notes", status_code=201, responses={201: {"model": Case}})
def add_note(
    request: Request,
    call: Annotated[Call, needs(Scope.CASES_WRITE)],
    case_id: CaseId,
    body: Note,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Add a note to the diary; returns the case."""

    def work(connection: Connection) -> Response:
        _visible(connection, call, case_id)
        row = case_flow.note(
            connection, call.caller.tenant, case_id, call.caller.name, body.text, call.now_us
        )
        return created(connection, row)

    def now(connection: Connection) -> Response:
        return created(connection, _visible(connection, call, case_id))

    def created(connection: Connection, row: Mapping[str, Any]) -> Response:
        response = _to_response(request, connection, row)
        response.status_code = 201
        return response

    return once(request, call, idempotency_key, body, work, now)


@router.post("/{case_id}/state", responses={200: {"model": Case}})
def change_case(
    request: Request,
    call: Annotated[Call, needs(Scope.CASES_WRITE)],
    case_id: CaseId,
    body: StateChange,
    if_match: IfMatch = None,
) -> Response:
    """Take up, resolve or reopen a case. Taking up a case without an owner makes you its owner."""
    version = expected(if_match)
    with call.connection() as connection:
        _visible(connection, call, case_id)
        row = case_flow.change(
            connection,
            call.caller.tenant,
            case_id,
            call.caller.name,
            call.now_us,
            state=body.state,
            resolution=body.resolution,
            expected_version=version,
        )
        return _to_response(request, connection, row)


def _visible(connection: Connection, call: Call, case_id: str) -> dict[str, Any]:
    row = case_flow.visible(connection, call.caller.tenant, call.caller.side, case_id)
    if row is None:
        raise not_found()
    call.log(connection, of_rows([row], "case", "case_id"), "case", _WHY)
    return row


def _to_response(request: Request, connection: Connection, row: Mapping[str, Any]) -> Response:
    entries = [
        {name: entry[name] for name in Entry.model_fields}
        for entry in case_flow.diary(connection, row)
    ]
    found = Case.model_validate(
        {
            **_row(row),
            "signal_id": row["signal_id"],
            "playbook": row["playbook"],
            "entries": entries,
        }
    )
    return tagged(request, found, row["version"])


def _row(row: Mapping[str, Any]) -> dict[str, Any]:
    found = {name: row["case_id" if name == "id" else name] for name in CaseRow.model_fields}
    return found | {"withdrawn": row["withdrawn"] is not None}
