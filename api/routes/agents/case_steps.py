"""Cases with a type: open one, see its stages and the next steps, do them; the types themselves."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Request, Response
from pydantic import Field

from api.http.answers import IfMatch, Shape, expected, json
from api.http.auth import Call, needs
from api.http.idempotency import IdempotencyKey, once
from api.http.problems import not_found
from api.http.scopes import Scope
from api.resources import case_plan
from api.resources.case_plan import CasePlan
from api.routes.agents.cases import Case, CaseId, Side, as_case, visible_case
from customer_context.cases.case_state import What
from services import case_steps, rule_versions
from services.case_types import CASE_TYPE
from store.postgres.pool import Connection

router = APIRouter(prefix="/v1", tags=["cases"])

_Slug = r"^[a-z][a-z0-9-]{0,63}$"
Step = Annotated[str, Path(max_length=64)]
Values = dict[str, bool | int | float | str | None]


class NewTypedCase(Shape):
    """A case to open. side : needed where neither the type nor the caller has one."""

    type: str = Field(pattern=_Slug)
    side: Side | None = None
    customer: str | None = Field(default=None, max_length=64)
    subject: str | None = Field(default=None, max_length=200)
    data: Values = Field(default_factory=dict, description="Values of the fields of its forms.")


class StepAction(Shape):
    """What is done with a step. data : of its form, by its JSON schema; with `complete` only."""

    action: Literal["complete", "start", "disable", "enable", "fail", "retry", "terminate"]
    data: Values = Field(default_factory=dict)
    reason: str = Field(default="", max_length=500)


class PlanAction(Shape):
    """What is done with the whole case. text : the reason; of `document` its id."""

    action: Literal["data", "document", "exception", "suspend", "resume", "close"]
    data: Values = Field(default_factory=dict)
    text: str = Field(default="", max_length=500)


class NewCaseType(Shape):
    """A version of a case type as YAML."""

    text: str = Field(min_length=1, max_length=100_000)


class CaseTypeVersion(Shape):
    """A version of a case type. recorded_at : null for a shipped one."""

    type: str
    version: int
    digest: str
    in_force: bool = Field(description="New cases follow it.")
    recorded_at: datetime | None
    recorded_by: str


class CaseTypes(Shape):
    """All versions of all types."""

    data: list[CaseTypeVersion]


@router.get("/case-types", responses={200: {"model": CaseTypes}})
def list_case_types(call: Annotated[Call, needs(Scope.CASES_READ)]) -> Response:
    """Case types with their versions: shipped, and recorded by the tenant."""
    with call.connection() as connection:
        rows = rule_versions.versions(connection, call.caller.tenant, CASE_TYPE)
    return json(CaseTypes(data=[_version(row) for row in rows]))


@router.post("/case-types", status_code=201, responses={201: {"model": CaseTypeVersion}})
def record_case_type(
    request: Request,
    call: Annotated[Call, needs(Scope.APPROVALS_WRITE)],
    body: NewCaseType,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Check and record a version of a case type. It is not in force yet."""

    def work(connection: Connection) -> Response:
        tenant = call.caller.tenant
        made = rule_versions.record(
            connection, tenant, CASE_TYPE, body.text, call.caller.name, call.now_us
        )
        rows = rule_versions.versions(connection, tenant, CASE_TYPE)
        return json(_version(next(row for row in rows if row["digest"] == made.digest)), 201)

    return once(request, call, idempotency_key, body, work)


@router.post("/cases", status_code=201, responses={201: {"model": Case}})
def open_case(
    request: Request,
    call: Annotated[Call, needs(Scope.CASES_WRITE)],
    body: NewTypedCase,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Open a case of a type."""

    def work(connection: Connection) -> Response:
        row = case_steps.open_(
            connection,
            call.caller.tenant,
            body.type,
            call.caller.name,
            call.now_us,
            customer=body.customer,
            subject=body.subject,
            data=body.data,
            side=call.caller.side or body.side,
        )
        return created(connection, row["case_id"])

    def created(connection: Connection, case_id: str) -> Response:
        return json(as_case(connection, visible_case(connection, call, case_id)), 201)

    return once(request, call, idempotency_key, body, work)


@router.get("/cases/{case_id}/steps", responses={200: {"model": CasePlan}})
def list_case_steps(call: Annotated[Call, needs(Scope.CASES_READ)], case_id: CaseId) -> Response:
    """The stages and steps of a case, with the form of each step that can be done now."""
    with call.connection() as connection:
        row = visible_case(connection, call, case_id)
        return json(case_plan.of(connection, row))


@router.post("/cases/{case_id}/steps/{step}", responses={200: {"model": CasePlan}})
def change_case_step(
    call: Annotated[Call, needs(Scope.CASES_WRITE)],
    case_id: CaseId,
    step: Step,
    body: StepAction,
    if_match: IfMatch = None,
) -> Response:
    """Complete, start, disable, enable, fail, retry or terminate a step; returns all steps."""
    return _act(call, case_id, body.action, step, body.data, body.reason, expected(if_match))


@router.post("/cases/{case_id}/plan", responses={200: {"model": CasePlan}})
def change_case_plan(
    call: Annotated[Call, needs(Scope.CASES_WRITE)],
    case_id: CaseId,
    body: PlanAction,
    if_match: IfMatch = None,
) -> Response:
    """Add data or a document, report what fits no rule, suspend, resume or close the case."""
    return _act(call, case_id, body.action, "", body.data, body.text, expected(if_match))


def _act(
    call: Call,
    case_id: str,
    action: str,
    step: str,
    data: Mapping[str, Any],
    text: str,
    version: int | None,
) -> Response:
    with call.connection() as connection:
        visible_case(connection, call, case_id)
        case_steps.act(
            connection,
            call.caller.tenant,
            case_id,
            call.caller.name,
            call.now_us,
            What(action),
            item=step,
            data=data,
            text=text,
            expected_version=version,
        )
        row = visible_case(connection, call, case_id)
        if row is None:
            raise not_found()
        return json(case_plan.of(connection, row))


def _version(row: Mapping[str, Any]) -> CaseTypeVersion:
    named = {**row, "type": row["rule_id"]}
    return CaseTypeVersion.model_validate(
        {name: named[name] for name in CaseTypeVersion.model_fields}
    )
