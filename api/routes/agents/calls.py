"""Incoming calls: a telephone system reports them, an agent verifies who calls."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Request, Response
from pydantic import Field, model_validator

from api.http.answers import Shape, json
from api.http.auth import Call, needs
from api.http.idempotency import IdempotencyKey, once
from api.http.scopes import Scope
from api.resources.contact_points import points
from customer_context.verification.questions import Question
from services import calls
from store.people.read_log import of_customers
from store.postgres.pool import Connection

router = APIRouter(prefix="/v1/calls", tags=["calls"])
CallId = Annotated[str, Path(max_length=64)]
_WHY = "call"


class NewCall(Shape):
    """A call that rings. agent : name of the person at whose telephone; null = who reports it."""

    number: str = Field(min_length=1, max_length=40)
    agent: str | None = Field(default=None, max_length=200)


class IncomingCall(Shape):
    """A call. Nothing of the customer is shown before the caller is verified."""

    id: str
    agent: str
    state: Literal["ringing", "open", "closed"]
    match: Literal["one", "several", "unknown"] = Field(
        description="How many customers have the number."
    )
    started_at: datetime
    closed_at: datetime | None
    customer: str | None = Field(description="null until the caller is verified.")
    chosen: bool = Field(description="It is known whom the caller says to be.")
    questions: list[Question] = Field(
        description="To ask; empty where the record knows too little, or nobody is chosen."
    )
    tries_left: int = Field(description="Wrong answers that are still allowed.")
    code: Literal["no_address", "possible", "sent"]
    verified_at: datetime | None
    verified_by: str | None
    verified_how: Literal["questions", "code"] | None
    desk: str = Field(description="Path of its page.")


class Chosen(Shape):
    """Whom the caller says to be."""

    customer: str = Field(min_length=1, max_length=64)


class Said(Shape):
    """What the caller says: answers by question, or the code."""

    answers: dict[Question, Annotated[str, Field(max_length=200)]] = Field(default_factory=dict)
    code: str | None = Field(default=None, max_length=20)

    @model_validator(mode="after")
    def _one_of_both(self) -> "Said":
        if bool(self.answers) == (self.code is not None):
            raise ValueError("expected answers or code")
        return self


@router.post("", status_code=201, responses={201: {"model": IncomingCall}})
def report_call(
    request: Request,
    call: Annotated[Call, needs(Scope.CALLS_WRITE)],
    body: NewCall,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Report a call that rings: it opens on the desk of its agent. The number is not stored."""

    def work(connection: Connection) -> Response:
        made = calls.open_(
            connection,
            points(call.deps),
            call.caller.tenant,
            body.number,
            body.agent or call.caller.name,
            call.now_us,
        )
        return json(shape(made), 201)

    return once(request, call, idempotency_key, body, work)


@router.get("/{call_id}", responses={200: {"model": IncomingCall}})
def get_call(call: Annotated[Call, needs(Scope.CONTEXT_READ)], call_id: CallId) -> Response:
    """One call."""
    with call.connection() as connection:
        return _answer(
            call, connection, calls.get(connection, call.caller.tenant, call_id, call.now_us)
        )


@router.post("/{call_id}/customer", responses={200: {"model": IncomingCall}})
def choose_caller(
    call: Annotated[Call, needs(Scope.CONTEXT_READ)], call_id: CallId, body: Chosen
) -> Response:
    """Say who calls, as the caller says. They are not verified by that."""
    with call.connection() as connection:
        found = calls.choose(connection, call.caller.tenant, call_id, body.customer, call.now_us)
        return _answer(call, connection, found)


@router.post("/{call_id}/code", responses={200: {"model": IncomingCall}})
def send_caller_code(call: Annotated[Call, needs(Scope.CONTEXT_READ)], call_id: CallId) -> Response:
    """Send a code to the customer's known e-mail address, valid for ten minutes."""
    with call.connection() as connection:
        found = calls.send_code(connection, call.deps.box, call.caller.tenant, call_id, call.now_us)
        return _answer(call, connection, found)


@router.post("/{call_id}/verify", responses={200: {"model": IncomingCall}})
def verify_caller(
    call: Annotated[Call, needs(Scope.CONTEXT_READ)], call_id: CallId, body: Said
) -> Response:
    """Compare what the caller says with the record, or with the code that was sent.

    Only whether all is right is answered. After three wrong answers in a call, or five about a
    customer within an hour, only a call back to the known number helps.
    """
    tenant, by = call.caller.tenant, call.caller.name
    with call.connection() as connection:
        if body.code is not None:
            found = calls.enter_code(
                connection, call.deps.box, tenant, call_id, by, body.code, call.now_us
            )
        else:
            said = {str(question): text for question, text in body.answers.items()}
            found = calls.verify(connection, tenant, call_id, by, said, call.now_us)
        return _answer(call, connection, found)


@router.post("/{call_id}/close", responses={200: {"model": IncomingCall}})
def close_call(call: Annotated[Call, needs(Scope.CALLS_WRITE)], call_id: CallId) -> Response:
    """End a call."""
    with call.connection() as connection:
        found = calls.close(connection, call.caller.tenant, call_id, call.now_us)
        return _answer(call, connection, found)


def _answer(call: Call, connection: Connection, found: calls.Call) -> Response:
    if found.customer is not None:
        call.log(connection, of_customers([found.customer]), "call", _WHY)
    return json(shape(found))


def shape(found: calls.Call) -> IncomingCall:
    """Convert a call to the resource."""
    row: dict[str, Any] = {
        "id": found.call_id,
        "agent": found.agent,
        "state": found.state,
        "match": found.match,
        "started_at": found.started_at,
        "closed_at": found.closed_at,
        "customer": found.customer,
        "chosen": found.chosen,
        "questions": list(found.asked),
        "tries_left": found.left,
        "code": found.code,
        "verified_at": found.verified_at,
        "verified_by": found.verified_by,
        "verified_how": found.verified_how,
        "desk": f"/desk/{found.call_id}",
    }
    return IncomingCall.model_validate(row)
