"""Customers: their own consents; a decision takes effect with the next message."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Request, Response
from pydantic import Field

from api.http.answers import Shape, json
from api.http.auth import Call, needs
from api.http.idempotency import IdempotencyKey, once
from api.http.scopes import Scope
from api.routes.customers.own import OWN, CustomerId, only_own
from contracts.channels import AnyPurpose
from services import consent
from store.people.read_log import of_customers
from store.postgres.pool import Connection

router = APIRouter(prefix="/v1/customers/{customer_id}", tags=["customers"])

State = Literal["granted", "withdrawn"]


class Decision(Shape):
    """Your decision about a purpose."""

    purpose: AnyPurpose
    state: State
    notice_version: str = Field(
        min_length=1, max_length=64, description="Version of the privacy notice that was shown."
    )


class DecisionTaken(Shape):
    """A decision in the append-only consent ledger."""

    purpose: str
    state: State
    legal_basis: str
    notice_version: str
    source: str
    decided_at: datetime
    recorded_at: datetime


class Consents(Shape):
    """The purposes granted now, and all decisions, oldest first."""

    customer: str
    granted: list[str]
    ledger: list[DecisionTaken]


@router.get("/consents", responses={200: {"model": Consents}})
def get_own_consents(
    call: Annotated[Call, needs(Scope.CONSENTS_READ)], customer_id: CustomerId
) -> Response:
    """Your decisions, and the purposes granted now."""
    only_own(call, customer_id)
    with call.connection() as connection:
        found = consent.of_customer(connection, call.caller.tenant, customer_id)
        call.log(connection, of_customers([customer_id]), "consents", OWN)
    return json(_consents(customer_id, found))


@router.post("/consents", status_code=201, responses={201: {"model": Consents}})
def decide_consent(
    request: Request,
    call: Annotated[Call, needs(Scope.CONSENTS_WRITE)],
    customer_id: CustomerId,
    body: Decision,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Grant or withdraw a purpose. From now on nothing is stored, computed, sent or shown for a
    withdrawn purpose. 201 means that the decision is in force; 409 that a later one is."""
    only_own(call, customer_id)

    def work(connection: Connection) -> Response:
        found = consent.decide(
            connection,
            call.caller.tenant,
            customer_id,
            body.purpose,
            body.state,
            call.now_us,
            notice_version=body.notice_version,
            source="api",
        )
        return json(_consents(customer_id, found), 201)

    return once(request, call, idempotency_key, body, work)


def _consents(customer_id: str, found: consent.Consents) -> Consents:
    return Consents.model_validate(
        {"customer": customer_id, "granted": sorted(found.granted), "ledger": found.ledger}
    )
