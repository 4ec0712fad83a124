"""Requests of customers about their data, as the API shows them."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Literal

from fastapi.responses import StreamingResponse
from pydantic import Field

from api.http.answers import Shape
from api.http.auth import Call
from api.http.deps import Deps
from contracts.rights import RIGHTS
from services import data_copies
from services.rights import Request, Rights
from store.people.read_log import of_customers

RightName = Literal["access", "rectification", "erasure", "restriction", "portability", "objection"]
RequestStateName = Literal["open", "executing", "executed", "answered", "refused", "withdrawn"]
LimitName = Literal["processing", "automated_decisions"]


class DataCopy(Shape):
    """A copy of the data to download: a zip with JSON, CSV and a page to read."""

    bytes: int
    sha256: str
    expires_at: datetime


class RightsRequest(Shape):
    """A request under the GDPR, with its deadline and proof."""

    id: str
    customer: str
    right: RightName
    article: str = Field(description="Of the GDPR.")
    state: RequestStateName
    details: str = Field(description="In the customer's words.")
    asked_by: Literal["page", "api", "command", "desk"]
    case_id: str | None = Field(description="The case of it; null for customers.")
    received_at: datetime
    due_at: datetime = Field(description="By when it has to be answered (Art. 12(3)).")
    extended_at: datetime | None
    extension: str = Field(description="Why the period was extended.")
    identified_at: datetime | None
    executed_at: datetime | None
    closed_at: datetime | None
    answer: str = Field(description="Grounds of a refusal, or what a person decided.")
    proof: dict[str, Any] = Field(description="What was done: digest and rows of a copy, times.")
    copy_of_data: DataCopy | None


class ProcessingLimit(Shape):
    """What a right of the customer keeps the program from doing, and since when."""

    kind: LimitName
    since: datetime


class RightsOfCustomer(Shape):
    """The requests of a customer, newest first, and the limits in force."""

    data: list[RightsRequest]
    limits: list[ProcessingLimit]


def rights(deps: Deps) -> Rights:
    """Return the use case of a process."""
    return Rights(deps.box)


def shape(found: Request, *, own: bool) -> RightsRequest:
    """Return a request. own : its customer reads it."""
    copy = found.export
    return RightsRequest(
        id=found.request_id,
        customer=found.customer,
        right=found.right.value,
        article=RIGHTS[found.right].article,
        state=found.state.value,
        details=found.details,
        asked_by=found.asked_by,  # type: ignore[arg-type]  # one of AskedBy
        case_id=None if own else found.case_id,
        received_at=found.received_at,
        due_at=found.due_at,
        extended_at=found.extended_at,
        extension=found.extension,
        identified_at=found.identified_at,
        executed_at=found.executed_at,
        closed_at=found.closed_at,
        answer=found.answer,
        proof=dict(found.proof),
        copy_of_data=None
        if copy is None
        else DataCopy(bytes=copy["bytes"], sha256=copy["sha256"], expires_at=copy["expires_at"]),
    )


def download(call: Call, customer: str, right_id: str) -> StreamingResponse:
    """Return the copy that a request was answered with, for its customer. Raises `NotFound`."""
    with call.connection() as connection:
        found = data_copies.find(
            connection, call.deps.box, call.caller.tenant, customer, right_id, call.now_us
        )
        call.log(connection, of_customers([customer]), "copy of the data", "own data")

    def content() -> Iterator[bytes]:
        for part in range(found.parts):
            with call.connection() as connection:  # not kept while a slow client reads
                clear = found.read(connection, part)
            yield clear

    headers = {
        "Content-Disposition": f'attachment; filename="data-{right_id}.zip"',
        "Content-Length": str(found.size_bytes),
        "Digest": f"sha-256={found.digest_base64}",
        "Cache-Control": "no-store",
    }
    return StreamingResponse(content(), headers=headers, media_type="application/zip")
