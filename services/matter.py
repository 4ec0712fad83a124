"""A case as its customer sees it: stage, next step, until when and who, and their own steps.

They come by a link for this case (services/case_links.py) or signed in. What they do is done by the
functions that agents use, with `customer:<id>` as the author.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from customer_context.cases import asking
from customer_context.cases.case_state import ENDED, State, What
from customer_context.cases.case_types import Item, Kind, Step
from customer_context.cases.engine import open_steps
from runtime.errors import NotAllowed, NotFound
from services import case_flow, case_record, case_steps
from store.casework.cases import CUSTOMER
from store.postgres.merged import same_as
from store.postgres.pool import Connection
from store.postgres.times import from_us

_DONE = (State.ENABLED, State.ACTIVE)


@dataclass(frozen=True, slots=True)
class Next:
    """A step that is to be done. who : as in the case type; until : None = no deadline runs."""

    item: Item
    who: str
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Matter:
    """A case for its customer.

    plan : None of a case without a type. own : steps that the customer can do now. next : those of
    all others. reached : milestones. record : facts that are not asked again.
    """

    case: dict[str, Any]
    plan: case_steps.Plan | None
    stages: list[Item]
    own: list[Item]
    next: list[Next]
    reached: list[Item]
    record: dict[str, Any]

    @property
    def over(self) -> bool:
        """Whether nothing is to be done any more."""
        if self.plan is None:
            return bool(self.case["state"] == "resolved")
        return self.plan.state.state in ENDED


def of_case(connection: Connection, tenant: str, case_id: str, customer: str) -> Matter:
    """Return a customer's own case. Raises `NotFound`, also for a case of somebody else."""
    case = case_flow.visible(connection, tenant, None, case_id, reader=customer)
    if case is None or case["customer"] not in same_as(connection, tenant, customer):
        raise NotFound(f"there is no case {case_id!r}")
    record = case_record.of_case(connection, case)
    plan = case_steps.plan_of(connection, tenant, case_id)
    if plan is None:
        return Matter(case, None, [], [], [], [], record)
    found = open_steps(plan.type, plan.state)
    own = [item for item in found if is_own(item) and plan.state.items[item.id].state in _DONE]
    waits = [
        item
        for item in plan.type.items.values()
        if item.kind in (Kind.WAIT, Kind.CASE) and plan.state.items[item.id].state == State.ACTIVE
    ]
    others = [item for item in found if item not in own and not _optional(plan, item)]
    return Matter(
        case,
        plan,
        [
            stage
            for stage in plan.type.children(None)
            if plan.state.items[stage.id].state == State.ACTIVE
        ],
        own,
        [Next(item, _who(item), until(plan, item)) for item in (*others, *waits)],
        [
            item
            for item in plan.type.items.values()
            if item.kind == Kind.MILESTONE and plan.state.items[item.id].state == State.COMPLETED
        ],
        record,
    )


def is_own(item: Item) -> bool:
    """Return whether a step is the customer's."""
    return item.kind == Kind.HUMAN and _who(item) == "customer"


def _who(item: Item) -> str:
    return item.spec.who if isinstance(item.spec, Step) else "agent"


def _optional(plan: case_steps.Plan, item: Item) -> bool:
    """A step that somebody may start is nothing that the customer waits for."""
    return plan.state.items[item.id].state == State.ENABLED


def until(plan: case_steps.Plan, item: Item) -> datetime | None:
    """Return the end of the next deadline of an item; None = none runs."""
    found = [timer.due_us for timer in plan.state.timers if timer.item == item.id]
    return from_us(min(found)) if found else None


def author_of(customer: str) -> str:
    """Return the author of what a customer does."""
    return f"{CUSTOMER}{customer}"


def is_customer(author: str) -> bool:
    """Return whether a customer did something, by its author."""
    return author.startswith(CUSTOMER)


def act(
    connection: Connection,
    tenant: str,
    case_id: str,
    customer: str,
    now_us: int,
    what: What,
    step: str,
    data: Mapping[str, Any] | None = None,
) -> None:
    """Complete or start one of the customer's own steps.

    Raises `NotFound`, `Invalid`, and `NotAllowed` where the step is not open any more.
    """
    matter = of_case(connection, tenant, case_id, customer)
    item = None if matter.plan is None else matter.plan.type.items.get(step)
    if item is None or not is_own(item):
        raise NotFound(f"there is no step {step!r}")
    if what not in (What.COMPLETE, What.START):
        raise NotAllowed(f"a customer cannot {what} a step")
    given = dict(data or {})
    if what == What.COMPLETE:
        given |= asking.known(item, matter.record)
    case_steps.act(
        connection, tenant, case_id, author_of(customer), now_us, what, item=step, data=given
    )
