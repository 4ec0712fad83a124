"""Data protection: requests of customers by their dates, retention, recipients, erasures."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import Field

from api.http import paging
from api.http.answers import Shape, json
from api.http.auth import Call, needs
from api.http.paging import After, Limit, Page
from api.http.scopes import Scope
from api.resources import rights as resources
from api.resources.rights import RightsRequest
from services import privacy_report, retention
from store.people.read_log import of_customers

router = APIRouter(prefix="/v1/privacy", tags=["data protection"])

PageOfRequests = Page[RightsRequest]


class RetentionCategory(Shape):
    """A category of retention, and what the job did last."""

    category: str
    days: int | None = Field(description="null = no end by time.")
    why: str
    enforced_by: str
    places: int = Field(description="Tables, topics and files.")
    deleted: int = Field(description="Rows that the last run deleted.")
    total: int = Field(description="Rows that all runs have deleted.")
    ran_at: datetime | None


class ReceivingSystem(Shape):
    """A system that gets messages about customers."""

    name: str
    audience: str
    active: bool
    messages: int = Field(description="Delivered in the last 30 days.")
    follows: list[str] = Field(description="registry, consents: it gets every change of these.")
    waiting: int = Field(description="Changes that it has not got yet, up to 10,000.")
    waiting_since: datetime | None = Field(description="When the oldest of these was recorded.")


class PurposeRecipient(Shape):
    """Who gets what rests on a purpose."""

    purpose: str
    recipient: str


class NotifiedSystem(Shape):
    """A system that had got messages about somebody erased (Art. 19)."""

    name: str
    messages: int


class ErasureShown(Shape):
    """An erasure, without who it was."""

    id: str
    pseudonym: str
    reason: str
    erased_by: str
    erased_at: datetime
    physically_by: datetime = Field(description="When logs and backups have ended.")
    gone: bool = Field(description="That day is over.")
    rows: int
    recipients: list[NotifiedSystem]


class PrivacyReport(Shape):
    """What data protection supervises."""

    open_requests: int
    late_requests: int
    retention: list[RetentionCategory]
    receivers: list[ReceivingSystem]
    purposes: list[PurposeRecipient]
    erasures: list[ErasureShown]


@router.get("/requests", responses={200: {"model": PageOfRequests}})
def list_rights_requests(
    call: Annotated[Call, needs(Scope.PRIVACY_READ)],
    open_only: Annotated[bool, Query(description="Only those to be answered.")] = True,
    after: After = None,
    limit: Limit = 50,
) -> Response:
    """Requests of all customers, due first."""
    cursor = paging.decode("rights", after, paging.instant, paging.text)
    with call.connection() as connection:
        found = resources.rights(call.deps).list_(
            connection,
            call.caller.tenant,
            open_only=open_only,
            after=None if cursor is None else (cursor[0], cursor[1]),
            limit=limit + 1,
        )
        shown, more = found[:limit], len(found) > limit
        call.log(connection, of_customers([one.customer for one in shown]), "rights", "supervision")
    end = paging.encode("rights", shown[-1].due_at, shown[-1].request_id) if shown else None
    page = paging.Pagination(end_cursor=end, has_next_page=more)
    data = [resources.shape(one, own=False) for one in shown]
    return json(PageOfRequests(data=data, pagination=page))


@router.get("/report", responses={200: {"model": PrivacyReport}})
def get_privacy_report(call: Annotated[Call, needs(Scope.PRIVACY_READ)]) -> Response:
    """Retention, recipients and erasures. It names no customer."""
    settings = call.deps.settings
    with call.connection() as connection:
        found = privacy_report.read(
            connection,
            call.caller.tenant,
            retention.days_by_category(settings),
            settings.retention_days,
            call.now_us,
        )
    return json(
        PrivacyReport(
            open_requests=found.open,
            late_requests=found.late,
            retention=[
                RetentionCategory.model_validate(one, from_attributes=True)
                for one in found.retention
            ],
            receivers=[
                ReceivingSystem.model_validate(one, from_attributes=True) for one in found.receivers
            ],
            purposes=[PurposeRecipient(purpose=p, recipient=to) for p, to in found.purposes],
            erasures=[
                ErasureShown(
                    id=one.erasure_id, pseudonym=one.pseudonym, reason=one.reason,
                    erased_by=one.erased_by, erased_at=one.erased_at,
                    physically_by=one.physically_by, gone=one.gone, rows=one.rows,
                    recipients=[
                        NotifiedSystem(name=name, messages=number)
                        for name, number in one.recipients
                    ],
                )
                for one in found.erasures
            ],
        )
    )  # fmt: skip
