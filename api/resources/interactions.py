"""The resource of interactions that other systems report."""

from typing import Literal, get_args

from pydantic import Field, ValidationError, model_validator

from api.http.answers import Instant, Shape
from contracts.channels import PURPOSES
from contracts.interactions import InteractionKind
from services.interactions import NewInteraction
from store.postgres.times import to_us

Kind = Literal[
    "web_visit", "app_visit", "shop_order", "branch_visit", "call", "chat", "email", "message",
    "letter", "social_mention",
]  # fmt: skip
"""Kinds of interactions."""
Direction = Literal["inbound", "outbound"]
State = Literal["completed", "open", "broken_off"]
assert get_args(Kind) == tuple(InteractionKind), "API and contract must name the same kinds"


class InteractionData(Shape):
    """What happened."""

    summary: str = Field(min_length=1, max_length=300, description="One line.")
    text: str = Field(default="", max_length=8000, description="Its text, in any language.")
    direction: Direction = "inbound"
    state: State = Field(default="completed", description="`broken_off`: the customer left.")
    reference: str | None = Field(
        default=None, max_length=200, description="Number of an order or ticket in your system."
    )


class InteractionEvent(Shape):
    """An interaction, with the attributes of CloudEvents 1.0. `source` and `id` together
    identify it: the same one again changes nothing."""

    specversion: Literal["1.0"] = "1.0"
    id: str = Field(min_length=1, max_length=200)
    source: str = Field(min_length=1, max_length=200, description="Your system.")
    type: Kind
    time: Instant = Field(description="When it happened.")
    customer: str | None = Field(default=None, min_length=1, max_length=64)
    visitor: str | None = Field(
        default=None,
        min_length=1,
        max_length=200,
        description="Pseudonym of a visitor who may not be known yet. Without `customer` the "
        "interaction belongs to the customer whom the visitor's next one names, within 30 days.",
    )
    purpose: str | None = Field(
        default=None,
        max_length=64,
        description="The purpose that it rests on: shown while the customer grants it. Null: the "
        "contract, or the customer's own request.",
    )
    data: InteractionData

    @model_validator(mode="after")
    def _whose(self) -> "InteractionEvent":
        if self.customer is None and self.visitor is None:
            raise ValueError("customer or visitor is needed")
        if self.purpose is not None and self.purpose not in PURPOSES:
            raise ValueError(f"purpose must be one of {', '.join(PURPOSES)}")
        texts = (
            self.id, self.source, self.customer, self.visitor, self.data.summary, self.data.text,
            self.data.reference,
        )  # fmt: skip
        if any("\x00" in text for text in texts if text):
            raise ValueError("texts must not have the character NUL")
        return self

    def reported(self) -> NewInteraction:
        """Return it for the use case."""
        return NewInteraction(
            self.source,
            self.id,
            self.type,
            to_us(self.time),
            self.customer,
            self.visitor,
            self.purpose,
            self.data.direction,
            self.data.state,
            self.data.summary,
            self.data.text,
            self.data.reference,
        )


def why_invalid(error: ValidationError) -> str:
    """Return the first error of a line, without the values, which may be personal data."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    return f"{place}: {first['msg']}" if place else str(first["msg"])
