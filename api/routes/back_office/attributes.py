"""Custom attributes: what a back office declares, and what agents see of a customer's values."""

from typing import Annotated

from fastapi import APIRouter, Path, Response
from pydantic import Field, JsonValue, model_validator

from api.http.answers import Shape, json
from api.http.auth import Call, needs
from api.http.problems import not_found
from api.http.scopes import Scope
from contracts.attributes import AttributeKind, AttributeType
from contracts.channels import AnyPurpose
from services import attributes
from store.people import attributes as store
from store.people import customers
from store.people.attributes import Attribute
from store.people.read_log import of_customers

router = APIRouter(prefix="/v1", tags=["back office"])

Name = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9._~-]{0,63}$")]
ChoiceText = Annotated[str, Field(min_length=1, max_length=100)]
_WHY = "service"


class AttributeLabel(Shape):
    """The attribute's name for people."""

    de: str = Field(min_length=1, max_length=100)
    en: str = Field(min_length=1, max_length=100)


class AttributeDeclaration(Shape):
    """An attribute. Its type stays what it is."""

    type: AttributeType
    choices: list[ChoiceText] = Field(default=[], max_length=100)
    purpose: AnyPurpose | None = Field(
        default=None,
        description="Others than the back office see values while this is granted; null = always.",
    )
    label: AttributeLabel

    @model_validator(mode="after")
    def _has_choices(self) -> "AttributeDeclaration":
        if (self.type == AttributeType.CHOICE) != bool(self.choices):
            raise ValueError("choices belong to the type choice, and to no other")
        return self


class DeclaredAttribute(AttributeDeclaration):
    """An attribute that is declared."""

    kind: AttributeKind
    name: str


class DeclaredAttributes(Shape):
    """All attributes of the tenant, by kind and name."""

    data: list[DeclaredAttribute]


class CustomerAttribute(Shape):
    """A value. object : id of the customer, contract, vehicle or meter."""

    kind: AttributeKind
    object: str
    name: str
    label: AttributeLabel
    value: JsonValue
    purpose: str | None


class CustomerAttributes(Shape):
    """Values of a customer, and of their contracts and what these cover."""

    data: list[CustomerAttribute]


@router.get("/attributes", responses={200: {"model": DeclaredAttributes}})
def list_attributes(call: Annotated[Call, needs(Scope.REGISTRY_READ)]) -> Response:
    """The custom attributes that are declared. Values are sent and read with their objects."""
    with call.connection() as connection:
        found = store.declared(connection, call.caller.tenant)
    return json(DeclaredAttributes(data=[_shape(one) for one in found]))


@router.put("/attributes/{kind}/{name}", responses={200: {"model": DeclaredAttribute}})
def declare_attribute(
    call: Annotated[Call, needs(Scope.REGISTRY_WRITE)],
    kind: AttributeKind,
    name: Name,
    body: AttributeDeclaration,
) -> Response:
    """Declare an attribute, or change choices, purpose and label of one."""
    declared = Attribute(
        kind, name, body.type, tuple(body.choices), body.purpose, body.label.model_dump()
    )
    with call.connection() as connection:
        attributes.declare(connection, call.caller.tenant, declared)
    return json(_shape(declared))


@router.get("/customers/{customer_id}/attributes", responses={200: {"model": CustomerAttributes}})
def list_customer_attributes(
    call: Annotated[Call, needs(Scope.CONTEXT_READ)],
    customer_id: Annotated[str, Path(max_length=64)],
) -> Response:
    """A customer's custom attributes, as far as their purposes are granted."""
    with call.connection() as connection:
        if not customers.customer_exists(connection, call.caller.tenant, customer_id):
            raise not_found()
        found = attributes.of_customer(connection, call.caller.tenant, customer_id)
        call.log(connection, of_customers([customer_id]), "custom attributes", _WHY)
    data = [
        CustomerAttribute(
            kind=AttributeKind(one.attribute.kind),
            object=one.object,
            name=one.attribute.name,
            label=AttributeLabel(**one.attribute.label),
            value=one.value,
            purpose=one.attribute.purpose,
        )
        for one in found
    ]
    return json(CustomerAttributes(data=data))


def _shape(one: Attribute) -> DeclaredAttribute:
    return DeclaredAttribute(
        kind=AttributeKind(one.kind),
        name=one.name,
        type=AttributeType(one.type),
        choices=list(one.choices),
        purpose=one.purpose,  # type: ignore[arg-type]  # checked when it was declared
        label=AttributeLabel(**one.label),
    )
