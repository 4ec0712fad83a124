"""Back office: customers, contracts, vehicles, meters and assignments, one JSON object a line."""

import hashlib
import json as plain_json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import BaseModel, Field, JsonValue

from api.http.answers import Shape, json
from api.http.auth import Call, needs
from api.http.idempotency import IdempotencyKey, once
from api.http.problems import FieldError, Problem
from api.http.scopes import Scope
from services import back_office
from services.back_office import MODELS, Kind, Outcome, Result
from services.registry_rows import AssignmentRow
from store.people.read_log import of_customers
from store.postgres.pool import Connection

router = APIRouter(prefix="/v1", tags=["back office"])

MAX_LINES = 10_000
_WHY = "back office"


class LineError(Shape):
    """Why a line was refused. field : null = the line as a whole."""

    field: str | None
    message: str


class LineOutcome(Shape):
    """What became of one line. line : from 1; id : of its object, null where it names none."""

    line: int
    id: str | None
    result: Result
    errors: list[LineError]


class BulkOutcome(Shape):
    """The answer to each line, in their order. dry_run : nothing was written."""

    dry_run: bool
    counts: dict[str, int] = Field(description="Lines by result.")
    data: list[LineOutcome]


class _Digest(BaseModel):
    """What identifies a request with these lines."""

    digest: str


DryRun = Annotated[
    bool, Query(description="Answer as if it were done, and write nothing. Needs no key.")
]
ObjectId = Annotated[str, Path(max_length=64)]


@dataclass(frozen=True, slots=True)
class _Lines:
    """What is sent to each endpoint that takes lines."""

    request: Request
    body: bytes
    dry_run: bool
    key: str | None


async def _sent(
    request: Request, dry_run: DryRun = False, idempotency_key: IdempotencyKey = None
) -> _Lines:
    return _Lines(request, await request.body(), dry_run, idempotency_key)


Sent = Annotated[_Lines, Depends(_sent)]


def _extra(model: type[BaseModel]) -> dict[str, Any]:
    schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
    schema.pop("$defs", None)  # JsonValue, a component of other endpoints too
    return {
        "requestBody": {
            "required": True,
            "description": f"One object a line, at most {MAX_LINES:,} lines and 2 MiB; or one "
            "object as application/json.",
            "content": {
                "application/json": {"schema": schema},
                "application/x-ndjson": {"schema": {"type": "string"}},
            },
        }
    }


def _lines(body: bytes) -> list[Any]:
    """Parse lines; one that is no JSON object is refused by itself later. Raises a problem."""
    lines = [line for line in body.split(b"\n") if line.strip()]
    if len(lines) > 1 and not lines[0].rstrip().endswith(b"}"):
        lines = [body]  # one object over several lines
    if not lines or len(lines) > MAX_LINES:
        raise Problem(
            422,
            "invalid",
            f"Expected 1 to {MAX_LINES:,} lines, found {len(lines):,}.",
            "Send one JSON object a line.",
        )
    return [_parsed(line) for line in lines]


def _parsed(line: bytes) -> Any:
    try:
        return plain_json.loads(line)
    except (ValueError, RecursionError):
        return None


def _write(call: Call, kind: Kind, sent: _Lines) -> Response:
    rows = _lines(sent.body)

    def work(connection: Connection) -> Response:
        outcomes = back_office.apply(
            connection, call.caller.tenant, kind, rows, call.now_us, dry_run=sent.dry_run
        )
        return json(_answer(outcomes, sent.dry_run))

    if sent.dry_run:
        with call.connection() as connection:
            return work(connection)
    digest = _Digest(digest=hashlib.sha256(sent.body).hexdigest())
    return once(sent.request, call, sent.key, digest, work)


def _answer(outcomes: Sequence[Outcome], dry_run: bool) -> BulkOutcome:
    counts = {str(result): 0 for result in Result}
    for outcome in outcomes:
        counts[outcome.result] += 1
    data = [_line(n, outcome) for n, outcome in enumerate(outcomes, start=1)]
    return BulkOutcome(dry_run=dry_run, counts=counts, data=data)


def _line(number: int, outcome: Outcome) -> LineOutcome:
    errors = [LineError(field=one.field, message=one.message) for one in outcome.errors]
    return LineOutcome(line=number, id=outcome.id, result=outcome.result, errors=errors)


def _change(
    call: Call, kind: Kind, object_id: str, changes: Mapping[str, Any], dry_run: bool
) -> Response:
    with call.connection() as connection:
        outcome = back_office.change(
            connection, call.caller.tenant, kind, object_id, changes, call.now_us, dry_run=dry_run
        )
        if kind is Kind.CUSTOMERS:
            call.log(connection, of_customers([object_id]), "customer record", _WHY)
    if outcome.result is Result.REFUSED:
        raise Problem(
            422,
            "invalid",
            "The change was refused; nothing was written.",
            "Mend the fields in `errors`.",
            errors=[
                FieldError(field=f"body.{one.field}" if one.field else "body", message=one.message)
                for one in outcome.errors
            ],
        )
    return json(_answer([outcome], dry_run))


Write = Annotated[Call, needs(Scope.REGISTRY_WRITE)]
Changes = dict[str, JsonValue]
_ANSWER: dict[int | str, dict[str, Any]] = {200: {"model": BulkOutcome}}


@router.post("/customers", responses=_ANSWER, openapi_extra=_extra(MODELS[Kind.CUSTOMERS]))
def write_customers(call: Write, sent: Sent) -> Response:
    """Create or replace customers."""
    return _write(call, Kind.CUSTOMERS, sent)


@router.post("/contracts", responses=_ANSWER, openapi_extra=_extra(MODELS[Kind.CONTRACTS]))
def write_contracts(call: Write, sent: Sent) -> Response:
    """Create or replace contracts."""
    return _write(call, Kind.CONTRACTS, sent)


@router.post("/vehicles", responses=_ANSWER, openapi_extra=_extra(MODELS[Kind.VEHICLES]))
def write_vehicles(call: Write, sent: Sent) -> Response:
    """Create or replace vehicles."""
    return _write(call, Kind.VEHICLES, sent)


@router.post("/meters", responses=_ANSWER, openapi_extra=_extra(MODELS[Kind.METERS]))
def write_meters(call: Write, sent: Sent) -> Response:
    """Create or replace meters."""
    return _write(call, Kind.METERS, sent)


@router.post("/assignments", responses=_ANSWER, openapi_extra=_extra(AssignmentRow))
def write_assignments(call: Write, sent: Sent) -> Response:
    """Say where devices are, or were. `correct` overrules what is known about the period."""
    return _write(call, Kind.ASSIGNMENTS, sent)


@router.patch("/customers/{customer_id}", responses=_ANSWER)
def change_customer(
    call: Write, customer_id: ObjectId, body: Changes, dry_run: DryRun = False
) -> Response:
    """Change some fields of a customer; the others stay."""
    return _change(call, Kind.CUSTOMERS, customer_id, body, dry_run)


@router.patch("/contracts/{contract_id}", responses=_ANSWER)
def change_contract(
    call: Write, contract_id: ObjectId, body: Changes, dry_run: DryRun = False
) -> Response:
    """Change some fields of a contract; the others stay."""
    return _change(call, Kind.CONTRACTS, contract_id, body, dry_run)


@router.patch("/vehicles/{vehicle_id}", responses=_ANSWER)
def change_vehicle(
    call: Write, vehicle_id: ObjectId, body: Changes, dry_run: DryRun = False
) -> Response:
    """Change some fields of a vehicle; the others stay."""
    return _change(call, Kind.VEHICLES, vehicle_id, body, dry_run)


@router.patch("/meters/{meter_id}", responses=_ANSWER)
def change_meter(
    call: Write, meter_id: ObjectId, body: Changes, dry_run: DryRun = False
) -> Response:
    """Change some fields of a meter; the others stay."""
    return _change(call, Kind.METERS, meter_id, body, dry_run)
