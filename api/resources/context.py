"""The resource of a customer's relevant context, for API and pages."""

from collections.abc import Iterator
from datetime import datetime
from typing import Literal

from pydantic import Field

from api.http.answers import Shape
from api.http.auth import Call
from services import customer_context
from store.people.read_log import ObjectRead, of_customers
from store.postgres.pool import Connection
from store.postgres.times import from_us


class Why(Shape):
    """A reason. code : recent, open, urgent, severity, overdue, due_soon, due, related,
    undelivered, in_force, ended, useful, dismissed, diversity."""

    code: str
    text: str = Field(description="In English.")
    texts: dict[str, str] = Field(description="In German (de) and English (en).")


Kind = Literal["case", "crash", "alert", "score", "contact", "contract"]


class Part(Shape):
    """Another item of the same occasion."""

    kind: Kind
    id: str
    at: datetime
    open: bool
    summary: dict[str, str] = Field(description="In German (de) and English (en).")


class Relevant(Shape):
    """A relevant occasion: its most important item, with the reasons, and its other items."""

    kind: Kind
    id: str
    at: datetime
    open: bool
    severity: int = Field(ge=1, le=3)
    subject: str | None
    case_id: str | None
    due_at: datetime | None
    summary: dict[str, str] = Field(description="In German (de) and English (en).")
    reasons: list[Why]
    parts: list[Part] = Field(description="Such as the messages about the same crash.")


class CustomerContext(Shape):
    """The few items about a customer that are relevant now, not everything that is known."""

    customer: str
    name: str
    language: str
    purposes: list[str] = Field(description="Purposes that the customer has consented to.")
    as_of: datetime
    relevant: list[Relevant] = Field(description="The most relevant first.")
    left_out: int = Field(description="Number of further items.")


def of_customer(
    connection: Connection, call: Call, customer: str, most: int
) -> CustomerContext | None:
    """Return the context of a customer of the caller's tenant; None for an unknown customer."""
    found = customer_context.of_customer(
        connection, call.caller.tenant, customer, call.now_us, most
    )
    return None if found is None else as_resource(found)


def as_resource(found: customer_context.CustomerContext) -> CustomerContext:
    """Return a context as the resource."""
    return CustomerContext(
        customer=found.customer,
        name=found.name,
        language=found.language,
        purposes=sorted(found.granted),
        as_of=found.as_of,
        relevant=[_relevant(one) for one in found.relevant],
        left_out=found.left_out,
    )


_OBJECTS = {"crash": "signal", "score": "signal"}


def items(found: CustomerContext) -> Iterator[tuple[Kind, str]]:
    """Yield (kind, id) of everything that is shown."""
    for occasion in found.relevant:
        yield occasion.kind, occasion.id
        yield from ((part.kind, part.id) for part in occasion.parts)


def reads(found: CustomerContext) -> list[ObjectRead]:
    """Return what a reader of this context reads, for the read log."""
    return of_customers([found.customer]) + [
        ObjectRead(found.customer, _OBJECTS.get(kind, kind), id_) for kind, id_ in items(found)
    ]


def _relevant(one: customer_context.Relevant) -> Relevant:
    item = one.ranked.item
    return Relevant.model_validate(
        {
            "kind": item.kind,
            "id": item.id,
            "at": from_us(item.at_us),
            "open": item.open,
            "severity": item.severity,
            "subject": item.subject,
            "case_id": item.case_id,
            "due_at": None if item.due_us is None else from_us(item.due_us),
            "summary": one.summary,
            "reasons": [
                Why(code=r.code, text=r.text, texts={"de": r.de, "en": r.text})
                for r in one.ranked.reasons
            ],
            "parts": [
                Part(
                    kind=part.kind,  # type: ignore[arg-type]  # one of Kind
                    id=part.id,
                    at=from_us(part.at_us),
                    open=part.open,
                    summary=summary,
                )
                for part, summary in zip(one.ranked.parts, one.parts, strict=True)
            ],
        }
    )
