"""Contacts: their receivers, delivery and resending."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import AfterValidator, Field

from api.http import paging
from api.http.answers import NOT_MODIFIED, Shape, json, tagged
from api.http.auth import Call, needs
from api.http.idempotency import IdempotencyKey, once
from api.http.paging import After, Limit, Page
from api.http.problems import not_found
from api.http.scopes import OPERATORS, Scope
from contracts.channels import CHANNELS
from services import contact_flow
from store.people.read_log import of_rows
from store.postgres.pool import Connection

router = APIRouter(prefix="/v1/contacts", tags=["contacts"])

ContactId = Annotated[str, Path(max_length=64)]


def _known(channel: str) -> str:
    if channel not in CHANNELS:
        raise ValueError(f"expected one of {', '.join(CHANNELS)}")
    return channel


State = Literal["pending", "delivered", "failed", "refused", "cancelled"]
Channel = Annotated[str, Field(json_schema_extra={"enum": list(CHANNELS)}), AfterValidator(_known)]
_WHY = "service"


class ContactRow(Shape):
    """A contact in a list. An operator sees its delivery state, not its address or text; of a
    withdrawn contact everybody but its customer."""

    id: str
    customer: str | None
    channel: Channel
    receiver: str | None = Field(description="Name of the receiver of a webhook.")
    address: str | None
    purpose: str | None
    language: str
    type: str
    subject: str | None
    urgent: bool
    playbook: str = Field(
        description="`next-best-action` = an outbound decision, `-` = a notice about a case."
    )
    decision_id: str | None = Field(description="The outbound decision that chose it.")
    case_id: str | None
    alert_id: str | None
    state: State
    reason: str = Field(description="Why the contact failed, was refused or cancelled.")
    attempts: int
    created_at: datetime
    next_attempt_at: datetime | None
    delivered_at: datetime | None
    finished_at: datetime | None
    read_at: datetime | None
    withdrawn: bool = Field(description="The customer no longer grants its purpose.")


class Attempt(Shape):
    """A delivery attempt."""

    number: int
    at: datetime
    outcome: str
    status: int | None
    detail: str
    duration_ms: int


class Contact(ContactRow):
    """A contact with its text and delivery attempts."""

    body: str | None
    signal_id: str | None
    tries: list[Attempt]


PageOfContacts = Page[ContactRow]


@router.get("", responses={200: {"model": PageOfContacts}})
def list_contacts(
    call: Annotated[Call, needs(Scope.CONTACTS_READ)],
    state: Annotated[State | None, Query()] = None,
    channel: Annotated[Channel | None, Query()] = None,
    customer: Annotated[str | None, Query(max_length=64)] = None,
    case: Annotated[str | None, Query(max_length=64)] = None,
    alert: Annotated[str | None, Query(max_length=64)] = None,
    after: After = None,
    limit: Limit = 50,
) -> Response:
    """Contacts, newest first. Insurers and utilities see those of their own purposes."""
    cursor = paging.decode("contacts", after, paging.instant, paging.text)
    with call.connection() as connection:
        rows = contact_flow.list_(
            connection,
            call.caller.tenant,
            state=state,
            channel=channel,
            customer=customer,
            case_id=case,
            alert_id=alert,
            side=call.caller.side,
            after=cursor,
            limit=limit + 1,
        )
        shown, page = paging.cut(
            rows, limit, lambda row: paging.encode("contacts", row["created_at"], row["contact_id"])
        )
        call.log(connection, of_rows(shown, "contact", "contact_id"), "contacts", _WHY)
    data = [ContactRow.model_validate(_row(call, row)) for row in shown]
    return json(PageOfContacts(data=data, pagination=page))


@router.get("/{contact_id}", responses={**NOT_MODIFIED, 200: {"model": Contact}})
def get_contact(
    request: Request, call: Annotated[Call, needs(Scope.CONTACTS_READ)], contact_id: ContactId
) -> Response:
    """One contact, with its delivery attempts."""
    with call.connection() as connection:
        row = _visible(connection, call, contact_id)
        found = _to_contact(connection, call, row)
    return tagged(request, found)


@router.post("/{contact_id}/resend", status_code=202, responses={202: {"model": Contact}})
def resend_contact(
    request: Request,
    call: Annotated[Call, needs(Scope.CONTACTS_WRITE)],
    contact_id: ContactId,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Resend a contact that failed, was refused or cancelled. Consent is checked again first."""

    def work(connection: Connection) -> Response:
        row = _found(connection, call, contact_id)
        contact_flow.resend(connection, row, call.now_us)
        return now(connection)

    def now(connection: Connection) -> Response:
        row = _visible(connection, call, contact_id)
        return json(_to_contact(connection, call, row), 202)

    return once(request, call, idempotency_key, None, work, now)


def _visible(connection: Connection, call: Call, contact_id: str) -> dict[str, Any]:
    row = _found(connection, call, contact_id)
    call.log(connection, of_rows([row], "contact", "contact_id"), "contact", _WHY)
    return row


def _found(connection: Connection, call: Call, contact_id: str) -> dict[str, Any]:
    row = contact_flow.visible(connection, call.caller.tenant, call.caller.side, contact_id)
    if row is None:
        raise not_found()
    return row


def _to_contact(connection: Connection, call: Call, row: Mapping[str, Any]) -> Contact:
    tries = [
        {name: attempt[name] for name in Attempt.model_fields}
        for attempt in contact_flow.attempts(connection, row)
    ]
    hidden = call.caller.role in OPERATORS
    return Contact.model_validate(
        {
            **_row(call, row),
            "body": None if hidden else row["body"],
            "signal_id": row["signal_id"],
            "tries": tries,
        }
    )


def _row(call: Call, row: Mapping[str, Any]) -> dict[str, Any]:
    found = {name: row["contact_id" if name == "id" else name] for name in ContactRow.model_fields}
    if call.caller.role in OPERATORS:
        found |= {"subject": None, "address": None}
    return found | {"withdrawn": row["withdrawn"] is not None}
