"""Changes that a second person approves: ask, decide, and see a dead letter's body in full."""

import base64
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import Field, model_validator

from api.http import paging
from api.http.answers import Shape, json
from api.http.auth import Call, needs
from api.http.idempotency import IdempotencyKey, once
from api.http.paging import After, Limit, Page
from api.http.scopes import Scope
from contracts.approvals import RULES
from services import four_eyes
from store.people.approvals import ChangeRow
from store.postgres.pool import Connection

router = APIRouter(prefix="/v1/approvals", tags=["approvals"])

RequestId = Annotated[str, Path(pattern=r"^[0-9a-f]{24}$")]
State = Literal["waiting", "approved", "rejected", "expired", "executed"]


class Ask(Shape):
    """A request for a change. Only a person can ask: with a personal key, or their own token."""

    kind: Literal[
        "dead_letter.reveal",
        "case_type.activate",
        "playbook.activate",
        "action.activate",
        "score.activate",
        "customer.merge",
    ]
    subject: str = Field(
        pattern=rf"^(dead_letter:[0-9]{{1,18}}|({'|'.join(RULES)}):[0-9a-f]{{64}}|score:[!-~]{{1,99}}|"
        r"customer:[A-Za-z0-9._~-]{1,64}:[A-Za-z0-9._~-]{1,64})$",
        description="What it is about: dead_letter:17, the kind of a rule (case_type, playbook, "
        "action) and the digest of a version, score: and the name of a version, or "
        "customer:MERGED:SURVIVOR of a proposed pair",
    )

    @model_validator(mode="after")
    def _fits(self) -> "Ask":
        if self.kind.partition(".")[0] != self.subject.partition(":")[0]:
            raise ValueError(f"{self.kind} is not about {self.subject}")
        return self

    reason: str = Field(min_length=3, max_length=500, description="The approver reads it.")


class ApprovalDecision(Shape):
    """A note with a decision."""

    note: str = Field(default="", max_length=500)


class Approval(Shape):
    """A request for a change, and what became of it."""

    id: str
    kind: str
    subject: str
    reason: str
    state: State
    requested_by: str = Field(description="Name of the person.")
    requested_at: datetime
    expires_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    note: str | None
    executed_at: datetime | None


class Revealed(Shape):
    """A dead letter's body in full."""

    approval: Approval
    body_base64: str


PageOfApprovals = Page[Approval]


@router.get("", responses={200: {"model": PageOfApprovals}})
def list_approvals(
    call: Annotated[Call, needs(Scope.APPROVALS_READ)],
    waiting: Annotated[bool, Query(description="Only those that wait for a decision.")] = False,
    after: After = None,
    limit: Limit = 50,
) -> Response:
    """Requests for changes of the tenant, newest first."""
    cursor = paging.decode("approvals", after, paging.instant, paging.text)
    with call.connection() as connection:
        rows = four_eyes.list_(
            connection,
            call.caller.tenant,
            waiting=waiting,
            now_us=call.now_us,
            after=cursor,
            limit=limit + 1,
        )
    shown, last = rows[:limit], rows[:limit][-1:]
    page = paging.Pagination(
        end_cursor=paging.encode("approvals", last[0].requested_at, last[0].request_id)
        if last
        else None,
        has_next_page=len(rows) > limit,
    )
    return json(PageOfApprovals(data=[_approval(call, row) for row in shown], pagination=page))


@router.post("", status_code=201, responses={201: {"model": Approval}})
def ask_approval(
    request: Request,
    call: Annotated[Call, needs(Scope.APPROVALS_WRITE)],
    body: Ask,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Ask for a change. Another person of the tenant decides about it, within 24 hours."""

    def work(connection: Connection) -> Response:
        row = four_eyes.ask(
            connection,
            call.caller.actor,
            call.caller.name,
            body.kind,
            body.subject,
            body.reason,
            call.now_us,
        )
        return json(_approval(call, row), 201)

    return once(request, call, idempotency_key, body, work)


@router.get("/{request_id}", responses={200: {"model": Approval}})
def get_approval(
    call: Annotated[Call, needs(Scope.APPROVALS_READ)], request_id: RequestId
) -> Response:
    """One request for a change."""
    with call.connection() as connection:
        row = four_eyes.find(connection, call.caller.tenant, request_id)
    return json(_approval(call, row))


@router.post("/{request_id}/approve", responses={200: {"model": Approval}})
def approve_request(
    call: Annotated[Call, needs(Scope.APPROVALS_WRITE)],
    request_id: RequestId,
    body: ApprovalDecision,
) -> Response:
    """Approve a request of another person."""
    return _decide(call, request_id, "approved", body.note)


@router.post("/{request_id}/reject", responses={200: {"model": Approval}})
def reject_request(
    call: Annotated[Call, needs(Scope.APPROVALS_WRITE)],
    request_id: RequestId,
    body: ApprovalDecision,
) -> Response:
    """Reject a request of another person."""
    return _decide(call, request_id, "rejected", body.note)


@router.post("/{request_id}/reveal", responses={200: {"model": Revealed}})
def reveal_dead_letter(
    call: Annotated[Call, needs(Scope.APPROVALS_WRITE)], request_id: RequestId
) -> Response:
    """The body of a dead letter in full, once, to the person who asked for it."""
    with call.connection() as connection:
        _, body = four_eyes.reveal_dead_letter(
            connection, call.caller.actor, request_id, call.now_us
        )
        row = four_eyes.find(connection, call.caller.tenant, request_id)
    found = Revealed(approval=_approval(call, row), body_base64=base64.b64encode(body).decode())
    return json(found, headers={"Cache-Control": "no-store"})


@router.post("/{request_id}/activate", responses={200: {"model": Approval}})
def activate_rule(
    call: Annotated[Call, needs(Scope.APPROVALS_WRITE)], request_id: RequestId
) -> Response:
    """Bring the approved version of a rule or of the score into force. What runs keeps its own."""
    with call.connection() as connection:
        row = four_eyes.activate_rule(connection, call.caller.actor, request_id, call.now_us)
    return json(_approval(call, row))


def _decide(call: Call, request_id: str, verdict: str, note: str) -> Response:
    with call.connection() as connection:
        row = four_eyes.decide(
            connection,
            call.caller.actor,
            call.caller.name,
            request_id,
            verdict,
            note,
            call.now_us,
        )
    return json(_approval(call, row))


def _approval(call: Call, row: ChangeRow) -> Approval:
    return Approval.model_validate(
        {
            "id": row.request_id,
            "kind": row.kind,
            "subject": row.subject,
            "reason": row.reason,
            "state": four_eyes.state_of(row, call.now_us),
            "requested_by": row.requester,
            "requested_at": row.requested_at,
            "expires_at": row.expires_at,
            "decided_by": row.decider,
            "decided_at": row.decided_at,
            "note": row.note,
            "executed_at": row.executed_at,
        }
    )
