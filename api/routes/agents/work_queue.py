"""The work queue: the next case, take, delegate and give back; for supervisors who has what."""

from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import Field

from api.http.answers import IfMatch, Shape, expected, json, tagged
from api.http.auth import Call, needs
from api.http.idempotency import IdempotencyKey, once
from api.http.scopes import Scope
from api.resources import work_queue as resources
from api.resources.work_queue import Colleague, ServiceLevelReport, TeamNow, asking
from api.routes.agents.cases import Case, CaseId, Text, as_case, visible_case
from services import work_queue
from store.postgres.pool import Connection
from store.postgres.times import from_us

router = APIRouter(prefix="/v1", tags=["cases"])


class NextWish(Shape):
    """but : the case that you have just had; it is not given again."""

    but: str | None = Field(default=None, max_length=64)


class NextCase(Shape):
    """Your next case; null where there is none."""

    case: Case | None


class Delegation(Shape):
    """to : name of a colleague (GET /v1/cases/{case_id}/delegates)."""

    to: str = Field(min_length=1, max_length=200)
    note: Text


class Return(Shape):
    """note : how far the case is."""

    note: Text


class Colleagues(Shape):
    """Who can be given a case, who has the fewest first."""

    data: list[Colleague]


@router.post("/cases/next", responses={200: {"model": NextCase}})
def take_next_case(
    request: Request,
    call: Annotated[Call, needs(Scope.CASES_WRITE)],
    body: NextWish,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Take the case to do next: yours that is due, or the most urgent that fits you.

    Skill and language fit; nobody else gets the same case. Who has twenty gets only urgent ones in
    addition.
    """

    def work(connection: Connection) -> Response:
        row = work_queue.next_(
            connection, call.caller.tenant, asking(call.caller), call.now_us, body.but or ""
        )
        if row is None:
            return json(NextCase(case=None))
        return found(connection, row["case_id"])

    def found(connection: Connection, case_id: str) -> Response:
        return json(NextCase(case=as_case(connection, visible_case(connection, call, case_id))))

    def again(connection: Connection) -> Response:
        return work(connection)

    return once(request, call, idempotency_key, body, work, again)


@router.post("/cases/{case_id}/take", responses={200: {"model": Case}})
def take_case(
    request: Request,
    call: Annotated[Call, needs(Scope.CASES_WRITE)],
    case_id: CaseId,
    if_match: IfMatch = None,
) -> Response:
    """Take a case that nobody has. A supervisor takes it from others too."""
    version = expected(if_match)
    with call.connection() as connection:
        visible_case(connection, call, case_id)
        row = work_queue.take(
            connection,
            call.caller.tenant,
            case_id,
            asking(call.caller),
            call.now_us,
            expected_version=version,
        )
        return tagged(request, as_case(connection, row), row["version"])


@router.post("/cases/{case_id}/delegate", responses={200: {"model": Case}})
def delegate_case(
    request: Request,
    call: Annotated[Call, needs(Scope.CASES_WRITE)],
    case_id: CaseId,
    body: Delegation,
    if_match: IfMatch = None,
) -> Response:
    """Pass a case on to somebody who is present and can do it, with a note."""
    version = expected(if_match)
    with call.connection() as connection:
        visible_case(connection, call, case_id)
        row = work_queue.delegate(
            connection,
            call.caller.tenant,
            case_id,
            asking(call.caller),
            call.now_us,
            body.to,
            body.note,
            expected_version=version,
        )
        return tagged(request, as_case(connection, row), row["version"])


@router.post("/cases/{case_id}/return", responses={200: {"model": Case}})
def return_case(
    request: Request,
    call: Annotated[Call, needs(Scope.CASES_WRITE)],
    case_id: CaseId,
    body: Return,
    if_match: IfMatch = None,
) -> Response:
    """Give a case back to the queue, with a note."""
    version = expected(if_match)
    with call.connection() as connection:
        visible_case(connection, call, case_id)
        row = work_queue.give_back(
            connection,
            call.caller.tenant,
            case_id,
            asking(call.caller),
            call.now_us,
            body.note,
            expected_version=version,
        )
        return tagged(request, as_case(connection, row), row["version"])


@router.get("/cases/{case_id}/delegates", responses={200: {"model": Colleagues}})
def list_delegates(call: Annotated[Call, needs(Scope.CASES_WRITE)], case_id: CaseId) -> Response:
    """Who can be given a case: present, with its skill and language; who has the fewest first."""
    with call.connection() as connection:
        row = visible_case(connection, call, case_id)
        found = work_queue.delegates(connection, row, from_us(call.now_us))
    return json(
        Colleagues(
            data=[
                Colleague(
                    name=one.name,
                    skills=sorted(one.skills),
                    languages=sorted(one.languages),
                    cases=one.load,
                )
                for one in found
            ]
        )
    )


@router.get("/team/workload", responses={200: {"model": TeamNow}})
def get_team_workload(call: Annotated[Call, needs(Scope.TEAM_READ)]) -> Response:
    """Who has which cases and how many are overdue; what nobody who is present can do."""
    caller = call.caller
    with call.connection() as connection:
        found = work_queue.team(connection, caller.tenant, caller.side, from_us(call.now_us))
    return json(resources.team_now(found))


@router.get("/team/service-level", responses={200: {"model": ServiceLevelReport}})
def get_service_level(call: Annotated[Call, needs(Scope.TEAM_READ)]) -> Response:
    """What became of the cases of the last 30 days, by day of opening and by kind."""
    caller = call.caller
    with call.connection() as connection:
        found = work_queue.service_level(
            connection, caller.tenant, caller.side, from_us(call.now_us)
        )
    return json(resources.report(found))
