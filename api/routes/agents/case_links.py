"""Links by which a customer opens one case without a key, and the photos that they send."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Request, Response
from pydantic import Field

from api.http.answers import Shape, json
from api.http.auth import Call, needs
from api.http.idempotency import IdempotencyKey, checked
from api.http.problems import Problem
from api.http.scopes import Scope
from api.routes.agents.cases import CaseId, visible_case
from services import case_files, case_links, case_notices

router = APIRouter(prefix="/v1/cases", tags=["cases"])


class NewLink(Shape):
    """A link to make. send : email = also to the customer's address, if they agreed to e-mail."""

    send: Literal["no", "email"] = "no"


class Link(Shape):
    """A link. Whoever has its address acts as the customer in this case until it expires."""

    id: str
    url: str = Field(description="Give it to the customer only. It is stored nowhere.")
    expires_at: datetime
    sent: bool = Field(description="An e-mail with it was planned.")
    not_sent_because: str | None = Field(
        description="no_address, no_channel_consent, channel_refused, no_consent:<purpose> or "
        "channel_not_set_up."
    )


class LinkRow(Shape):
    """A link of a case, without its address."""

    id: str
    made_at: datetime
    made_by: str
    expires_at: datetime
    opened_at: datetime | None
    revoked_at: datetime | None


class Links(Shape):
    """The links of a case, newest first."""

    data: list[LinkRow]


class Revoked(Shape):
    """How many links were valid until now."""

    revoked: int


class FileRow(Shape):
    """A photo of a case. sha256 : of its content, as it is handed out."""

    id: str
    step: str
    document: str
    author: str
    added_at: datetime
    media_type: str
    size_bytes: int
    sha256: str


class Files(Shape):
    """The photos of a case, oldest first."""

    data: list[FileRow]


@router.post("/{case_id}/link", status_code=201, responses={201: {"model": Link}})
def create_case_link(
    request: Request,
    call: Annotated[Call, needs(Scope.CASES_WRITE)],
    case_id: CaseId,
    body: NewLink,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Make a link that opens the case for its customer, without a key, for this case alone.

    The same Idempotency-Key gives the same link; the answer is computed again and never stored.
    """
    seed, settings = checked(idempotency_key), call.deps.settings
    base = call.deps.site.base_url or str(request.base_url).rstrip("/")
    with call.connection() as connection:
        visible_case(connection, call, case_id)
        link, path = case_links.make(
            connection, call.deps.box, call.caller.tenant, case_id, call.caller.name,
            f"{call.caller.key_id}\0{seed}", call.now_us, settings.case_link_h,
        )  # fmt: skip
        why = None
        if body.send == "email":
            if not call.deps.site.base_url:
                raise Problem(
                    409, "not_allowed_now", "TACHOWATT_API_BASE_URL is not set.",
                    "A mail can only name an address that is known.",
                )  # fmt: skip
            why = case_notices.send_link(
                connection, settings, call.caller.tenant, case_id, seed, call.now_us
            )
    return json(
        Link(
            id=link.link_id, url=base + path, expires_at=link.expires_at,
            sent=body.send == "email" and why is None, not_sent_because=why,
        ),
        201,
    )  # fmt: skip


@router.get("/{case_id}/links", responses={200: {"model": Links}})
def list_case_links(call: Annotated[Call, needs(Scope.CASES_READ)], case_id: CaseId) -> Response:
    """The links of a case: who made them, and whether they were opened."""
    with call.connection() as connection:
        visible_case(connection, call, case_id)
        found = case_links.of_case(connection, call.caller.tenant, case_id)
    return json(
        Links(
            data=[
                LinkRow(
                    id=link.link_id, made_at=link.made_at, made_by=link.made_by,
                    expires_at=link.expires_at, opened_at=link.opened_at,
                    revoked_at=link.revoked_at,
                )
                for link in found
            ]
        )
    )  # fmt: skip


@router.post("/{case_id}/links/revoke", responses={200: {"model": Revoked}})
def end_case_links(call: Annotated[Call, needs(Scope.CASES_WRITE)], case_id: CaseId) -> Response:
    """Let all links of a case open nothing any more."""
    with call.connection() as connection:
        visible_case(connection, call, case_id)
        revoked = case_links.revoke(
            connection, call.caller.tenant, case_id, call.caller.name, call.now_us
        )
    return json(Revoked(revoked=revoked))


@router.get("/{case_id}/files", responses={200: {"model": Files}})
def list_case_files(call: Annotated[Call, needs(Scope.CASES_READ)], case_id: CaseId) -> Response:
    """The photos of a case, without their content. A withdrawn case shows none."""
    with call.connection() as connection:
        row = visible_case(connection, call, case_id)
        hidden = row["withdrawn"] is not None
        found = [] if hidden else case_files.of_case(connection, call.caller.tenant, case_id)
    return json(
        Files(
            data=[
                FileRow(
                    id=file["file_id"], step=file["step"], document=file["document"],
                    author=file["author"], added_at=file["added_at"],
                    media_type=file["media_type"], size_bytes=file["size_bytes"],
                    sha256=bytes(file["digest"]).hex(),
                )
                for file in found
            ]
        )
    )  # fmt: skip
