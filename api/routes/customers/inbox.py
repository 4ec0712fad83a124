"""Customers: the messages in their inbox."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Response
from pydantic import Field

from api.http import paging
from api.http.answers import Shape, json
from api.http.auth import Call, needs
from api.http.paging import After, Limit, Page
from api.http.problems import not_found
from api.http.scopes import Scope
from api.routes.customers.own import OWN, CustomerId, only_own
from customer_context.relevance.usefulness import Reaction
from services import contact_flow
from store.people.read_log import of_customers

router = APIRouter(prefix="/v1/customers/{customer_id}", tags=["customers"])


class Message(Shape):
    """A message to you."""

    id: str
    subject: str
    body: str
    language: str
    urgent: bool
    purpose: str | None
    sent_at: datetime
    read_at: datetime | None


PageOfMessages = Page[Message]


@router.get("/inbox", responses={200: {"model": PageOfMessages}})
def list_own_messages(
    call: Annotated[Call, needs(Scope.INBOX_READ)],
    customer_id: CustomerId,
    after: After = None,
    limit: Limit = 50,
) -> Response:
    """Your messages, newest first."""
    only_own(call, customer_id)
    cursor = paging.decode("inbox", after, paging.instant, paging.text)
    with call.connection() as connection:
        rows = contact_flow.inbox(
            connection, call.caller.tenant, customer_id, after=cursor, limit=limit + 1
        )
        call.log(connection, of_customers([customer_id]), "inbox", OWN)
    shown, page = paging.cut(
        rows, limit, lambda row: paging.encode("inbox", row["created_at"], row["contact_id"])
    )
    data = [
        Message(
            id=row["contact_id"],
            subject=row["subject"],
            body=row["body"],
            language=row["language"],
            urgent=row["urgent"],
            purpose=row["purpose"],
            sent_at=row["delivered_at"],
            read_at=row["read_at"],
        )
        for row in shown
    ]
    return json(PageOfMessages(data=data, pagination=page))


@router.post("/inbox/{contact_id}/read", status_code=204, response_class=Response)
def mark_message_read(
    call: Annotated[Call, needs(Scope.INBOX_WRITE)],
    customer_id: CustomerId,
    contact_id: Annotated[str, Path(max_length=64)],
) -> Response:
    """Mark a message as read; the first time is kept."""
    only_own(call, customer_id)
    with call.connection() as connection:
        if not contact_flow.mark_read(
            connection, call.caller.tenant, customer_id, contact_id, call.now_us
        ):
            raise not_found()
    return Response(status_code=204)


class MessageFeedback(Shape):
    """What you made of a message."""

    reaction: Literal["used", "dismissed"] = Field(
        description="used = it was useful, dismissed = it was not."
    )


@router.post("/inbox/{contact_id}/feedback", status_code=204, response_class=Response)
def report_message_feedback(
    call: Annotated[Call, needs(Scope.INBOX_WRITE)],
    customer_id: CustomerId,
    contact_id: Annotated[str, Path(max_length=64)],
    body: MessageFeedback,
) -> Response:
    """Say whether a message was useful; it is marked as read. A repetition is harmless: it needs no
    Idempotency-Key."""
    only_own(call, customer_id)
    with call.connection() as connection:
        if not contact_flow.judge_message(
            connection, call.caller.tenant, customer_id, contact_id, Reaction(body.reaction),
            call.now_us,
        ):  # fmt: skip
            raise not_found()
    return Response(status_code=204)
