"""The catalogue of facts, for those who write actions and conditions."""

from typing import Annotated, Literal

from fastapi import APIRouter, Response
from pydantic import Field

from api.http.answers import Shape, json
from api.http.auth import Call, needs
from api.http.scopes import Scope
from customer_context.facts.catalogue import as_rows

router = APIRouter(prefix="/v1/facts", tags=["decisions"])


class FactShape(Shape):
    """A fact that conditions, texts and decisions name."""

    name: str
    type: Literal["boolean", "integer", "number", "choice"]
    unit: str | None
    choices: list[str] | None = Field(description="Values of a choice.")
    source: str
    purpose: str | None = Field(
        description="Without this consent the fact does not exist for a decision."
    )
    max_age_s: int | None = Field(description="Older values are not known.")
    title: dict[str, str] = Field(description="In German (de) and English (en).")
    description: dict[str, str] = Field(description="In German (de) and English (en).")


class Facts(Shape):
    """The whole catalogue."""

    data: list[FactShape]


@router.get("", responses={200: {"model": Facts}})
def list_facts(call: Annotated[Call, needs(Scope.PLAYBOOKS_READ)]) -> Response:
    """The facts that actions and conditions can name: types, units, purposes, age limits."""
    return json(Facts(data=[FactShape.model_validate(row) for row in as_rows()]))
