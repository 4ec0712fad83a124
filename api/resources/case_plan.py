"""The resource of a case's plan: stages, steps, deadlines and the forms of the next steps."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from api.http.answers import Shape
from customer_context.cases.case_state import Timer
from customer_context.cases.case_types import Item, Kind, Stage, Step, schema_of
from customer_context.cases.engine import open_steps
from services import case_steps
from store.postgres.pool import Connection
from store.postgres.times import from_us

ItemState = Literal[
    "unavailable", "available", "enabled", "disabled", "active", "failed", "completed",
    "terminated",
]  # fmt: skip


class PlanStep(Shape):
    """A step or milestone."""

    id: str
    kind: Literal["human", "automatic", "wait", "case", "milestone"]
    title: dict[str, str]
    who: Literal["agent", "customer", "partner", "back_office"]
    state: ItemState
    times: int = Field(description="Its instance; 1 = the first.")
    why: str = Field(description="The reason of its state.")
    required: bool
    due: datetime | None = Field(description="End of its next deadline.")
    action: str | None = Field(description="What an automatic step is to do.")
    say: dict[str, str] | None = Field(description="The sentence to say.")
    documents: dict[str, bool] = Field(description="Required document → whether it is there.")
    form: dict[str, Any] | None = Field(
        description="JSON schema of its form, while the step can be done."
    )


class PlanStage(Shape):
    """A stage with its steps."""

    id: str
    title: dict[str, str]
    exception: bool
    state: ItemState
    due: datetime | None
    steps: list[PlanStep]


class PlanEvent(Shape):
    """What happened in a case. changes : item, its new state and the reason."""

    at: datetime
    author: str
    event: str
    step: str
    text: str
    changes: list[list[str]]


class CasePlan(Shape):
    """The plan of a case. type, state : null for a case without a type."""

    type: str | None
    version: int | None
    digest: str | None
    state: Literal["active", "suspended", "completed", "terminated"] | None
    next: list[str] = Field(description="Steps that can be done or started now.")
    exceptions: list[str] = Field(description="What fits no rule and waits to be sorted out.")
    data: dict[str, Any]
    stages: list[PlanStage]
    events: list[PlanEvent] = Field(description="Oldest first.")


_NONE = CasePlan(
    type=None, version=None, digest=None, state=None, next=[], exceptions=[], data={}, stages=[],
    events=[],
)  # fmt: skip


def of(connection: Connection, case: Mapping[str, Any]) -> CasePlan:
    """Return the plan of a case as `services.visibility` shows it; a withdrawn one shows none."""
    if case["withdrawn"] is not None:
        return _NONE
    plan = case_steps.plan_of(connection, case["tenant"], case["case_id"])
    if plan is None:
        return _NONE
    doable = {item.id for item in open_steps(plan.type, plan.state)}
    return CasePlan(
        type=plan.type.id,
        version=plan.type.spec.version,
        digest=plan.type.digest,
        state=plan.state.state.value,  # type: ignore[arg-type]
        next=[id_ for id_ in plan.type.items if id_ in doable],
        exceptions=list(plan.state.exceptions),
        data=dict(plan.state.data),
        stages=[_stage(plan, item, doable) for item in plan.type.children(None)],
        events=[
            PlanEvent(
                at=row["at"], author=row["author"], event=row["what"], step=row["item"],
                text=row["text"], changes=row["changes"],
            )
            for row in plan.events
        ],
    )  # fmt: skip


def _due(timers: tuple[Timer, ...], item: Item) -> datetime | None:
    found = [timer.due_us for timer in timers if timer.item == item.id]
    return from_us(min(found)) if found else None


def _stage(plan: case_steps.Plan, item: Item, doable: set[str]) -> PlanStage:
    assert isinstance(item.spec, Stage)
    return PlanStage(
        id=item.id,
        title=item.spec.title.model_dump(),
        exception=item.exception,
        state=plan.state.items[item.id].state.value,  # type: ignore[arg-type]
        due=_due(plan.state.timers, item),
        steps=[_step(plan, step, doable) for step in plan.type.children(item.id)],
    )


def _step(plan: case_steps.Plan, item: Item, doable: set[str]) -> PlanStep:
    spec, state = item.spec, plan.state.items[item.id]
    assert isinstance(spec, Step)
    return PlanStep(
        id=item.id,
        kind=spec.kind,
        title=spec.title.model_dump(),
        who=spec.who,
        state=state.state.value,  # type: ignore[arg-type]
        times=state.times,
        why=state.why,
        required=spec.required,
        due=_due(plan.state.timers, item),
        action=spec.action,
        say=None if spec.say is None else spec.say.model_dump(),
        documents={d.id: d.id in plan.state.documents for d in spec.documents},
        form=schema_of(item) if item.kind == Kind.HUMAN and item.id in doable else None,
    )
