"""Cases: agents work on those of both sides, insurers and utilities on their own."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import Field

from api.http import paging
from api.http.answers import NOT_MODIFIED, IfMatch, Instant, Shape, expected, json, tagged
from api.http.auth import Call, needs
from api.http.idempotency import IdempotencyKey, once
from api.http.paging import After, Limit, Page
from api.http.problems import not_found
from api.http.scopes import Scope
from api.resources import contact_points
from api.resources.contact_points import ContactPoint
from api.resources.subjects import invalid
from api.resources.work_queue import asking
from services import case_flow, work_queue
from store.casework.filters import Queue
from store.people.read_log import of_rows
from store.postgres.pool import Connection
from store.postgres.times import from_us

router = APIRouter(prefix="/v1/cases", tags=["cases"])

CaseId = Annotated[str, Path(max_length=64)]
State = Literal["open", "in_progress", "resolved"]
Side = Literal["insurer", "utility"]
Text = Annotated[str, Field(min_length=1, max_length=4_000)]
_WHY = "service"


Outcome = Literal["reached", "not_reached", "voicemail", "no_crash"]


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
    outcome: Outcome | None = Field(description="What the last call came to.")
    attempts: int = Field(description="Calls in vain since the last that reached the customer.")
    call_back_at: datetime | None = Field(description="When to call again.")
    skill: str | None = Field(description="That who works on it needs.")
    language: str | None = Field(description="Of its customer, when it was opened.")
    severity: int = Field(description="Of the signal that opened it: 1 to 3; 0 = none.")
    waiting_since: datetime | None = Field(
        description="Since when its customer waits for an answer."
    )
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
    kind: Literal["note", "state", "owner", "signal", "outcome", "call_back", "answer", "undone"]
    text: str = Field(
        description="The note; the new state or owner, empty where it was given back; the outcome; "
        "the time to call again; what the customer answered: well, call_me or no_crash."
    )


class Case(CaseRow):
    """A case with its diary, oldest first."""

    signal_id: str | None = Field(
        description="null in a withdrawn case, and where a person opened it."
    )
    playbook: str
    entries: list[Entry]


class Note(Shape):
    """A note to add to the diary."""

    text: Text


class StateChange(Shape):
    """in_progress: take up or reopen the case; resolved: with its resolution."""

    state: State
    resolution: Text | None = None


class CallOutcome(Shape):
    """What a call came to.

    `reached` and `no_crash` resolve the case unless another call is agreed (`call_back_at`); after
    `not_reached` and `voicemail` the deadline is the next call: in 15 and 60 minutes, or then.
    `no_crash` is for a call back after a crash.
    """

    outcome: Outcome
    call_back_at: Instant | None = Field(
        default=None, description="After now, within 30 days. The deadline then."
    )
    note: Text | None = None


class Points(Shape):
    """The numbers to call about a case, the one to call first first."""

    data: list[ContactPoint]


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
    """Cases, newest first. The work queue, due first: GET /v1/cases/queue."""
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


@router.get("/queue", responses={200: {"model": PageOfCases}})
def list_case_queue(
    call: Annotated[Call, needs(Scope.CASES_READ)],
    state: Annotated[
        Literal["open", "in_progress"] | None, Query(description="Default: both.")
    ] = None,
    side: Annotated[Side | None, Query(description="Of agents; others see their own.")] = None,
    kind: Annotated[str | None, Query(max_length=64)] = None,
    owner: Annotated[str | None, Query(max_length=200)] = None,
    nobody: Annotated[bool, Query(description="Only cases without owner.")] = False,
    overdue: Annotated[bool, Query(description="Only cases whose deadline has passed.")] = False,
    fits: Annotated[
        bool,
        Query(
            description="Only cases that nobody has and whose skill and language you have. With "
            "side and kind only."
        ),
    ] = False,
    after: After = None,
    limit: Limit = 50,
) -> Response:
    """The work queue: cases that are not resolved, most urgent first.

    The order is the deadline, or an hour after the customer began to wait, whichever is earlier;
    urgent cases four hours earlier, others an hour earlier for each level of severity.
    """
    cursor = paging.decode("queue", after, paging.instant, paging.text)
    caller = call.caller
    if fits and (state is not None or owner is not None or nobody or overdue):
        raise invalid("query.fits", "fits goes with side and kind only")
    which = Queue(
        side=caller.side or side,
        state=state,
        kind=kind,
        owner=owner,
        nobody=nobody,
        due_before=from_us(call.now_us) if overdue else None,
    )
    with call.connection() as connection:
        if fits:
            rows = work_queue.fitting(
                connection,
                caller.tenant,
                asking(caller),
                from_us(call.now_us),
                side=which.side,
                kind=kind,
                after=cursor,
                limit=limit + 1,
            )
        else:
            rows = case_flow.queue(connection, caller.tenant, which, after=cursor, limit=limit + 1)
        shown, page = paging.cut(
            rows, limit, lambda row: paging.encode("queue", row["rank_at"], row["case_id"])
        )
        call.log(connection, of_rows(shown, "case", "case_id"), "cases", _WHY)
    data = [CaseRow.model_validate(_row(row)) for row in shown]
    return json(PageOfCases(data=data, pagination=page))


@router.get("/{case_id}/contact-points", responses={200: {"model": Points}})
def list_case_contact_points(
    call: Annotated[Call, needs(Scope.CASES_READ)], case_id: CaseId
) -> Response:
    """The customer's numbers for this case; none once it is resolved or its purpose withdrawn."""
    with call.connection() as connection:
        row = visible_case(connection, call, case_id)
        found = contact_points.to_call(connection, call.deps, row, call.now_us)
        if found:
            read = contact_points.reads(row["customer"], found)
            call.log(connection, read, "contact points", _WHY)
    return json(Points(data=[contact_points.shape(point) for point in found]))


@router.get("/{case_id}", responses={**NOT_MODIFIED, 200: {"model": Case}})
def get_case(
    request: Request, call: Annotated[Call, needs(Scope.CASES_READ)], case_id: CaseId
) -> Response:
    """One case with its diary."""
    with call.connection() as connection:
        row = visible_case(connection, call, case_id)
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
        visible_case(connection, call, case_id)
        row = case_flow.note(
            connection, call.caller.tenant, case_id, call.caller.name, body.text, call.now_us
        )
        return created(connection, row)

    def now(connection: Connection) -> Response:
        return created(connection, visible_case(connection, call, case_id))

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
        visible_case(connection, call, case_id)
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


@router.post("/{case_id}/outcome", responses={200: {"model": Case}})
def record_outcome(
    request: Request,
    call: Annotated[Call, needs(Scope.CASES_WRITE)],
    case_id: CaseId,
    body: CallOutcome,
    if_match: IfMatch = None,
) -> Response:
    """Record what a call came to. A case without an owner becomes yours."""
    version = expected(if_match)
    with call.connection() as connection:
        visible_case(connection, call, case_id)
        row = case_flow.outcome(
            connection,
            call.caller.tenant,
            case_id,
            call.caller.name,
            call.now_us,
            body.outcome,
            call_back_at=body.call_back_at,
            note=body.note,
            expected_version=version,
        )
        return _to_response(request, connection, row)


@router.post("/{case_id}/outcome/undo", responses={200: {"model": Case}})
def undo_outcome(
    request: Request,
    call: Annotated[Call, needs(Scope.CASES_WRITE)],
    case_id: CaseId,
    if_match: IfMatch = None,
) -> Response:
    """Undo the last outcome: the case is as it was. Within 30 minutes, and nothing else since."""
    version = expected(if_match)
    with call.connection() as connection:
        visible_case(connection, call, case_id)
        row = case_flow.undo_outcome(
            connection,
            call.caller.tenant,
            case_id,
            call.caller.name,
            call.now_us,
            leads=Scope.TEAM_READ in call.caller.scopes,
            expected_version=version,
        )
        return _to_response(request, connection, row)


def visible_case(connection: Connection, call: Call, case_id: str) -> dict[str, Any]:
    """Return a case that the caller may see, and log that they see it. Raises the problem 404."""
    row = case_flow.visible(connection, call.caller.tenant, call.caller.side, case_id)
    if row is None:
        raise not_found()
    call.log(connection, of_rows([row], "case", "case_id"), "case", _WHY)
    return row


def _to_response(request: Request, connection: Connection, row: Mapping[str, Any]) -> Response:
    return tagged(request, as_case(connection, row), row["version"])


def as_case(connection: Connection, row: Mapping[str, Any]) -> Case:
    """Return a case with its diary as the resource."""
    entries = [
        {name: entry[name] for name in Entry.model_fields}
        for entry in case_flow.diary(connection, row)
    ]
    return Case.model_validate(
        {
            **_row(row),
            "signal_id": row["signal_id"],
            "playbook": row["playbook"],
            "entries": entries,
        }
    )


def _row(row: Mapping[str, Any]) -> dict[str, Any]:
    found = {name: row["case_id" if name == "id" else name] for name in CaseRow.model_fields}
    return found | {
        "withdrawn": row["withdrawn"] is not None,
        "skill": row["skill"] or None,
        "language": row["language"] or None,
    }
