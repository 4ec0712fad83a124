"""The agent's desk for a verified caller: who it is, what is open and relevant, what comes next,
and what the customer did last."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from contracts.interactions import EntryKind
from customer_context.cases.case_types import Item, Step
from customer_context.cases.engine import open_steps
from runtime.secret_box import SecretBox
from services import case_flow, case_steps, customer_context, timeline
from services.customer_context import CustomerContext
from services.timeline import Entry, Filter
from store.casework.filters import Queue
from store.postgres.pool import Connection

_RELEVANT, _CASES, _LAST = 5, 5, 8
_SAID = (EntryKind.INTERACTION, EntryKind.CONTACT)


@dataclass(frozen=True, slots=True)
class OpenCase:
    """An open case, with the step that comes next. say : language → the step's sentence."""

    row: dict[str, Any]
    step: Item | None
    title: dict[str, str] | None
    say: dict[str, str] | None


@dataclass(frozen=True, slots=True)
class Desk:
    """What an agent sees of a verified caller."""

    context: CustomerContext
    cases: Sequence[OpenCase]
    last: Sequence[Entry]


def of_customer(
    connection: Connection,
    box: SecretBox,
    tenant: str,
    customer: str,
    side: str | None,
    now_us: int,
) -> Desk | None:
    """Return the desk for a customer; None where the registry has none."""
    context = customer_context.of_customer(connection, tenant, customer, now_us, _RELEVANT)
    if context is None:
        return None
    open_ = case_flow.queue(connection, tenant, Queue(side=side, customer=customer), limit=_CASES)
    last = timeline.read(connection, box, tenant, customer, Filter(kinds=_SAID), limit=_LAST)
    return Desk(context, [_open_case(connection, row) for row in open_], last.entries)


def _open_case(connection: Connection, row: dict[str, Any]) -> OpenCase:
    if row["withdrawn"] is not None:
        return OpenCase(row, None, None, None)
    plan = case_steps.plan_of(connection, row["tenant"], row["case_id"])
    steps = [] if plan is None else open_steps(plan.type, plan.state)
    if plan is None or not steps:
        return OpenCase(row, None, None, None)

    def of_exception(item: Item) -> bool:
        return item.parent is not None and plan.type.items[item.parent].exception

    step = min(steps, key=lambda item: not of_exception(item))
    assert isinstance(step.spec, Step)
    say = None if step.spec.say is None else step.spec.say.model_dump()
    return OpenCase(row, step, step.spec.title.model_dump(), say)
