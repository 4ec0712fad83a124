"""Customers: what they grant to partners, such as a garage or a broker, and until when."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from pydantic import Field

from api.http.answers import Instant, Shape, json
from api.http.auth import Call, needs
from api.http.idempotency import IdempotencyKey, once
from api.http.scopes import Scope
from api.routes.customers.own import OWN, CustomerId, only_own
from contracts.purposes import Method, Purpose
from services import partners
from services.partners import Grant
from store.people.read_log import of_customers
from store.postgres.pool import Connection

router = APIRouter(prefix="/v1/customers/{customer_id}/partners", tags=["customers"])

PartnerId = Annotated[str, Path(max_length=64)]


class PartnerGrant(Shape):
    """What you have granted to a partner."""

    purpose: str
    granted_at: datetime
    valid_to: datetime


class OwnPartner(Shape):
    """A partner, and what you have granted to it."""

    id: str
    name: str
    kind: str
    grants: list[PartnerGrant]


class OwnPartners(Shape):
    """All partners of the company."""

    data: list[OwnPartner]


class NewGrant(Shape):
    """What you grant: a purpose, until a time within two years."""

    purpose: Purpose
    valid_to: Instant
    notice_version: str = Field(min_length=1, max_length=64)


class EndedGrant(Shape):
    """What you end."""

    purpose: Purpose
    notice_version: str = Field(min_length=1, max_length=64)


class PartnerGrants(Shape):
    """What the partner has been granted now."""

    data: list[PartnerGrant]


@router.get("", responses={200: {"model": OwnPartners}})
def list_own_partners(
    call: Annotated[Call, needs(Scope.CONSENTS_READ)], customer_id: CustomerId
) -> Response:
    """Partners, and what you have granted to each."""
    only_own(call, customer_id)
    with call.connection() as connection:
        found = partners.of_customer(connection, call.caller.tenant, customer_id, call.now_us)
        call.log(connection, of_customers([customer_id]), "consents", OWN)
    data = [
        OwnPartner(id=one.partner, name=one.name, kind=one.kind, grants=_shapes(grants))
        for one, grants in found
    ]
    return json(OwnPartners(data=data))


@router.post("/{partner_id}/grants", status_code=201, responses={201: {"model": PartnerGrants}})
def grant_to_partner(
    request: Request,
    call: Annotated[Call, needs(Scope.CONSENTS_WRITE)],
    customer_id: CustomerId,
    partner_id: PartnerId,
    body: NewGrant,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Let a partner see what rests on a purpose, until a time. It ends with that, or earlier with
    your word; a withdrawal of the purpose ends it too."""
    only_own(call, customer_id)

    def work(connection: Connection) -> Response:
        found = partners.grant(
            connection,
            call.caller.tenant,
            customer_id,
            partner_id,
            body.purpose,
            body.valid_to,
            call.now_us,
            notice_version=body.notice_version,
            source="api",
            method=Method.API,
        )
        return json(PartnerGrants(data=_shapes(found)), 201)

    return once(request, call, idempotency_key, body, work)


@router.post("/{partner_id}/end", responses={200: {"model": PartnerGrants}})
def end_grant_to_partner(
    call: Annotated[Call, needs(Scope.CONSENTS_WRITE)],
    customer_id: CustomerId,
    partner_id: PartnerId,
    body: EndedGrant,
) -> Response:
    """End what a partner has been granted, at once."""
    only_own(call, customer_id)
    with call.connection() as connection:
        found = partners.end(
            connection,
            call.caller.tenant,
            customer_id,
            partner_id,
            body.purpose,
            call.now_us,
            notice_version=body.notice_version,
            source="api",
            method=Method.API,
        )
    return json(PartnerGrants(data=_shapes(found)))


def _shapes(grants: list[Grant]) -> list[PartnerGrant]:
    return [
        PartnerGrant(purpose=one.purpose, granted_at=one.granted_at, valid_to=one.valid_to)
        for one in grants
    ]
