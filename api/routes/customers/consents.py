"""Customers: their own consents; a decision takes effect with the next message."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Request, Response
from pydantic import AwareDatetime, Field, model_validator

from api.http.answers import Shape, json
from api.http.auth import Call, needs
from api.http.idempotency import IdempotencyKey, once
from api.http.scopes import Scope
from api.routes.customers.own import OWN, CustomerId, only_own
from contracts.channels import AnyPurpose
from contracts.purposes import DataCategory, Method, Recipient
from services import consent, consent_receipt
from services.consent_terms import terms_of
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
    language: str | None = Field(
        default=None, pattern="^[a-z]{2}$", description="Language in which it was shown."
    )
    data_category: DataCategory | None = Field(
        default=None, description="Only this category of data; null = all."
    )
    recipient: Recipient | None = Field(
        default=None, description="Only for this recipient; null = all."
    )
    valid_to: AwareDatetime | None = Field(
        default=None, description="Until when a grant counts; null = until it is withdrawn."
    )

    @model_validator(mode="after")
    def check_time(self) -> "Decision":
        if self.state == "withdrawn" and self.valid_to is not None:
            raise ValueError("a withdrawal has no end")
        return self

    def limits(self) -> dict[str, Any]:
        """Return what the decision is limited to."""
        return {
            "language": self.language,
            "data_category": self.data_category,
            "recipient": self.recipient,
            "valid_to": self.valid_to,
        }


class DecisionTaken(Shape):
    """A decision in the append-only consent ledger."""

    id: int
    purpose: str
    state: State
    legal_basis: str
    notice_version: str
    source: str
    decided_at: datetime
    recorded_at: datetime
    channel: str | None = Field(description="Only this channel; null = all.")
    data_category: str | None = Field(description="Only this category of data; null = all.")
    recipient: str | None = Field(description="Only for this recipient; null = all.")
    notice_digest: str | None = Field(description="SHA-256 of the notice's text, in hex.")
    language: str | None = Field(description="Language in which the notice was shown.")
    method: str | None = Field(description="How it was decided: api, page, import, …")
    valid_from: datetime | None = Field(description="From when a grant counts; null = at once.")
    valid_to: datetime | None = Field(description="Until when; null = until it is withdrawn.")
    opt_in: str | None = Field(
        description="pending = it waits for its confirmation by a link; confirmed = this one is it."
    )


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
        found = consent.of_customer(connection, call.caller.tenant, customer_id, call.now_us)
        call.log(connection, of_customers([customer_id]), "consents", OWN)
    return json(_consents(customer_id, found))


class ConsentReceipt(Shape):
    """A decision as you may keep it: what it says, signed, and the key to check it."""

    receipt: dict[str, Any] = Field(
        description="JSON-LD with terms of the DPV, in the form of ISO/IEC TS 27560."
    )
    jws: str = Field(description="The same, signed with Ed25519, as a compact JWS.")
    key: dict[str, Any] = Field(description="The public key (JWK) that checks it.")


ConsentId = Annotated[int, Path(ge=1, le=2**63 - 1, description="Id of a decision in the ledger")]


@router.get("/consents/{consent_id}/receipt", responses={200: {"model": ConsentReceipt}})
def get_consent_receipt(
    call: Annotated[Call, needs(Scope.CONSENTS_READ)],
    customer_id: CustomerId,
    consent_id: ConsentId,
) -> Response:
    """The signed receipt of one of your decisions. Keep it: it proves what the ledger said."""
    only_own(call, customer_id)
    with call.connection() as connection:
        found = consent_receipt.issue(
            connection, call.deps.box, call.caller.tenant, customer_id, consent_id, call.now_us,
            call.deps.settings.api_base_url,
        )  # fmt: skip
        call.log(connection, of_customers([customer_id]), "consent receipt", OWN)
    return json(ConsentReceipt(receipt=found.receipt, jws=found.jws, key=found.key))


class ConsentRecord(Shape):
    """All your decisions as records, signed, and the key to check them."""

    record: dict[str, Any] = Field(
        description="JSON-LD with terms of the DPV, in the form of ISO/IEC TS 27560: one record "
        "for each use of your data, with its processing, parties and events."
    )
    jws: str = Field(description="The same, signed with Ed25519, as a compact JWS.")
    key: dict[str, Any] = Field(description="The public key (JWK) that checks it.")


@router.get("/consents/record", responses={200: {"model": ConsentRecord}})
def get_consent_record(
    call: Annotated[Call, needs(Scope.CONSENTS_READ)], customer_id: CustomerId
) -> Response:
    """The signed record of all your decisions."""
    only_own(call, customer_id)
    settings = call.deps.settings
    with call.connection() as connection:
        found = consent_receipt.record(
            connection, call.deps.box, call.caller.tenant, customer_id, call.now_us,
            base_url=settings.api_base_url, retention_days=settings.retention_days or None,
        )  # fmt: skip
        call.log(connection, of_customers([customer_id]), "consent record", OWN)
    return json(ConsentRecord(record=found.receipt, jws=found.jws, key=found.key))


@router.post("/consents", status_code=201, responses={201: {"model": Consents}})
def decide_consent(
    request: Request,
    call: Annotated[Call, needs(Scope.CONSENTS_WRITE)],
    customer_id: CustomerId,
    body: Decision,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Grant or withdraw a purpose. From now on nothing is stored, computed, sent or shown for a
    withdrawn purpose. 201 means that the decision is in force; 409 that a later one is. A grant of
    a channel (`channel_email`) is in force when it is confirmed by the link that its address gets:
    until then its `opt_in` is `pending` and it permits nothing."""
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
            method=Method.API,
            limits=body.limits(),
            terms=terms_of(call.deps.settings),
        )
        return json(_consents(customer_id, found), 201)

    return once(request, call, idempotency_key, body, work)


def _consents(customer_id: str, found: consent.Consents) -> Consents:
    return Consents.model_validate(
        {"customer": customer_id, "granted": sorted(found.granted), "ledger": found.ledger}
    )
