"""The resource of a customer's relevant context, for API and pages."""

from collections.abc import Iterator
from datetime import datetime
from typing import Literal

from pydantic import Field

from api.http.answers import Shape
from api.http.auth import Call
from customer_context.relevance.usefulness import Reader
from services import actions, customer_context, decisions
from store.people.read_log import ObjectRead, of_customers
from store.postgres.pool import Connection
from store.postgres.times import from_us


class Why(Shape):
    """A reason. code : recent, open, urgent, severity, overdue, due_soon, due, related, safety,
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


class NextAction(Shape):
    """The next best action, with its sentence; `GET /v1/decisions/{id}` says why this one."""

    decision_id: str
    action: str
    title: str
    text: str = Field(description="What to say to the customer, in their language.")
    rests_on: str
    stop: str
    case_type: str | None = Field(description="Opened where the customer accepts.")


class CustomerContext(Shape):
    """The few items about a customer that are relevant now, not everything that is known."""

    customer: str
    name: str
    language: str
    purposes: list[str] = Field(description="Purposes that the customer has consented to.")
    as_of: datetime
    relevant: list[Relevant] = Field(description="The most relevant first.")
    left_out: int = Field(description="Number of further items.")
    role: Reader | None = Field(default=None, description="The reader, where one was asked for.")
    next_action: NextAction | None = Field(
        default=None, description="For a role: what to say now; null = nothing."
    )


MOST_FOR_A_ROLE = 5
"""Occasions that a person takes in."""
_PLACES = {Reader.AGENT: "agent", Reader.CUSTOMER: "portal"}


def of_customer(
    connection: Connection, call: Call, customer: str, most: int
) -> CustomerContext | None:
    """Return the context of a customer of the caller's tenant; None for an unknown customer."""
    found = customer_context.of_customer(
        connection, call.caller.tenant, customer, call.now_us, most
    )
    return None if found is None else as_resource(found)


def for_role(
    connection: Connection, call: Call, customer: str, role: Reader, most: int
) -> CustomerContext | None:
    """Return the few occasions for a reader of a role, and the one next action.

    The action is a decision, which is stored: what became of it can be reported.
    """
    tenant = call.caller.tenant
    found = customer_context.of_customer(
        connection, tenant, customer, call.now_us, min(most, MOST_FOR_A_ROLE), role
    )
    if found is None:
        return None
    made = decisions.make(
        connection,
        tenant,
        customer,
        actions.in_force(connection, tenant, call.deps.settings.actions_dir),
        place=_PLACES[role],
        by=call.caller.name,
        now_us=call.now_us,
    )
    action = None
    if made.winners and made.id is not None:
        won = made.winners[0]
        names = ("action", "title", "text", "rests_on", "stop", "case_type")
        action = NextAction(decision_id=made.id, **{name: won[name] for name in names})
    return as_resource(found).model_copy(update={"role": role, "next_action": action})


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
    decision = [] if found.next_action is None else [found.next_action.decision_id]
    return [
        *of_customers([found.customer]),
        *(ObjectRead(found.customer, _OBJECTS.get(kind, kind), id_) for kind, id_ in items(found)),
        *(ObjectRead(found.customer, "decision", id_) for id_ in decision),
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
