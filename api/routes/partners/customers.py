"""Partners: the customers who have granted it to them, for a purpose and with an end."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Response
from pydantic import Field

from api.http import paging
from api.http.answers import Shape, json
from api.http.auth import Call, needs
from api.http.paging import After, Limit, Page, Pagination
from api.http.problems import not_found
from api.http.scopes import Scope
from services import partners as service
from services.partners import Seen
from store.people import partners
from store.people.read_log import ObjectRead, of_customers
from store.postgres.pool import Connection

router = APIRouter(prefix="/v1/partner/customers", tags=["partners"])

_WHY = "granted to the partner"


class GrantedPurpose(Shape):
    """What a customer has granted."""

    purpose: str
    until: datetime


class GrantingCustomer(Shape):
    """A customer who has granted something to you."""

    id: str
    name: str
    granted: list[GrantedPurpose]


class PartnerFinding(Shape):
    """A finding within a purpose that is granted. summary : by language."""

    id: str
    type: str
    purpose: str
    subject: str | None
    at: datetime
    summary: dict[str, str]


class PartnerView(GrantingCustomer):
    """A customer, as far as they have granted it; findings of the last 60 days, newest first."""

    subjects: list[str] = Field(description="vehicle:<id> and meter:<id> under contract.")
    findings: list[PartnerFinding]


PageOfGranting = Page[GrantingCustomer]
Read = Annotated[Call, needs(Scope.PARTNER_READ)]


@router.get("", responses={200: {"model": PageOfGranting}})
def list_partner_customers(call: Read, after: After = None, limit: Limit = 50) -> Response:
    """Customers who have granted something to you, by id."""
    cursor = paging.decode("partner", after, paging.text)
    with call.connection() as connection:
        partner = _partner(connection, call)
        found = (
            []
            if partner is None
            else service.seen_by(
                connection,
                call.caller.tenant,
                partner,
                call.now_us,
                after="" if cursor is None else cursor[0],
                limit=limit + 1,
            )
        )
        shown = found[:limit]
        call.log(connection, of_customers(one.customer for one in shown), "customer list", _WHY)
    end = paging.encode("partner", shown[-1].customer) if shown else None
    page = Pagination(end_cursor=end, has_next_page=len(found) > limit)
    data = [
        GrantingCustomer(id=one.customer, name=one.name, granted=_granted(one)) for one in shown
    ]
    return json(PageOfGranting(data=data, pagination=page))


@router.get("/{granting_id}", responses={200: {"model": PartnerView}})
def get_partner_customer(call: Read, granting_id: Annotated[str, Path(max_length=64)]) -> Response:
    """One customer, as far as they have granted it to you."""
    with call.connection() as connection:
        partner = _partner(connection, call)
        if partner is None:
            raise not_found()
        seen, contracts, findings = service.see(
            connection, call.caller.tenant, partner, granting_id, call.now_us
        )
        reads = [ObjectRead(granting_id, "signal", one.id) for one in findings]
        call.log(connection, of_customers([granting_id]) + reads, "partner's view", _WHY)
    subjects = [
        f"vehicle:{row['vehicle']}" if row["vehicle"] is not None else f"meter:{row['meter']}"
        for row in contracts
    ]
    return json(
        PartnerView(
            id=seen.customer,
            name=seen.name,
            granted=_granted(seen),
            subjects=list(dict.fromkeys(subjects)),
            findings=[
                PartnerFinding(
                    id=one.id,
                    type=one.type,
                    purpose=one.purpose,
                    subject=one.subject,
                    at=one.at,
                    summary=dict(one.summary),
                )
                for one in findings
            ],
        )
    )


def _partner(connection: Connection, call: Call) -> str | None:
    """Return the partner for whom the caller acts; None = for none."""
    member = call.caller.key_id
    found = partners.of_member(connection, call.caller.tenant, member)
    return None if found is None else found.partner


def _granted(seen: Seen) -> list[GrantedPurpose]:
    return [
        GrantedPurpose(purpose=purpose, until=until)
        for purpose, until in sorted(seen.purposes.items())
    ]
