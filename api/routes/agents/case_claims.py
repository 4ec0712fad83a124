"""Claims: what is known of a crash, signed, for the insurer's own systems."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Response
from pydantic import Field

from api.http.answers import Shape, json
from api.http.auth import Call, needs
from api.http.problems import not_found
from api.http.scopes import Scope
from api.routes.agents.cases import CaseId, visible_case
from services import claim_file

router = APIRouter(prefix="/v1/cases", tags=["cases"])


class Claim(Shape):
    """A claim as it was handed over."""

    jws: str = Field(description="Compact JWS (EdDSA, typ claim+jws); its payload is the claim.")
    sha256: str = Field(description="Of the JWS, as in the webhook `claim.filed`.")
    signed_at: datetime
    public_key: dict[str, Any] = Field(description="The key that verifies it, as a JWK.")


@router.get("/{case_id}/claim", responses={200: {"model": Claim}})
def get_claim(call: Annotated[Call, needs(Scope.CASES_READ)], case_id: CaseId) -> Response:
    """The signed claim of a case, once it was handed over; 404 before."""
    with call.connection() as connection:
        row = visible_case(connection, call, case_id)
        hidden = row["withdrawn"] is not None
        found = None if hidden else claim_file.of_case(connection, call.caller.tenant, case_id)
    if found is None:
        raise not_found()
    return json(
        Claim(
            jws=found["jws"],
            sha256=bytes(found["digest"]).hex(),
            signed_at=found["signed_at"],
            public_key=found["public_key"],
        )
    )
