"""Reading rounds: the window in which customers read their meters, and its progress."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Request, Response
from pydantic import Field

from api.http.answers import Instant, Shape, json
from api.http.auth import Call, needs
from api.http.idempotency import IdempotencyKey, once
from api.http.scopes import Scope
from contracts.quality import Quality
from services import reading_rounds
from store.people import reading_rounds as stored
from store.people.read_log import of_rows
from store.postgres.pool import Connection

router = APIRouter(prefix="/v1/reading-rounds", tags=["readings"])

RoundId = Annotated[str, Path(max_length=64)]
_WHY = "contract"


class RoundToCreate(Shape):
    """A round. meters : null = all that no device reads."""

    name: str = Field(min_length=1, max_length=120)
    opens_at: Instant
    remind_at: Instant
    closes_at: Instant
    meters: list[Annotated[str, Field(min_length=1, max_length=64)]] | None = Field(
        default=None, max_length=10_000
    )


class ReadingRound(Shape):
    """A round with its progress."""

    id: str
    name: str
    opens_at: datetime
    remind_at: datetime
    closes_at: datetime
    created_at: datetime
    created_by: str
    meters: int
    invited: int
    reminded: int
    read: int
    estimated: int
    done: int


class RoundMeter(Shape):
    """A meter of a round. reason : why nothing was sent or estimated."""

    meter: str
    customer: str
    next: Literal["invite", "remind", "close", "done"]
    invited_at: datetime | None
    invited_by: str | None
    reminded_at: datetime | None
    reminded_by: str | None
    thanked_by: str | None
    reading: float | None
    status: str | None
    estimated: bool
    reason: str


class ReadingRounds(Shape):
    """Rounds, newest first."""

    data: list[ReadingRound]


class RoundWithMeters(ReadingRound):
    """A round, and its meters: first those of which nothing came."""

    of_meters: list[RoundMeter]


@router.post("", status_code=201, responses={201: {"model": ReadingRound}})
def create_reading_round(
    request: Request,
    call: Annotated[Call, needs(Scope.ROUNDS_WRITE)],
    body: RoundToCreate,
    key: IdempotencyKey = None,
) -> Response:
    """Make a round: its customers are invited, reminded once and thanked; the rest is estimated."""

    def work(connection: Connection) -> Response:
        row = reading_rounds.create(
            connection, call.caller.tenant, body.name, body.opens_at, body.remind_at,
            body.closes_at, call.caller.name, call.now_us, meters=body.meters,
        )  # fmt: skip
        return json(ReadingRound.model_validate(_round(row)), 201)

    return once(request, call, key, body, work)


@router.get("", responses={200: {"model": ReadingRounds}})
def list_reading_rounds(call: Annotated[Call, needs(Scope.ROUNDS_READ)]) -> Response:
    """Rounds with their progress, newest first."""
    with call.connection() as connection:
        rows = stored.list_(connection, call.caller.tenant)
    return json(ReadingRounds(data=[ReadingRound.model_validate(_round(row)) for row in rows]))


@router.get("/{round_id}", responses={200: {"model": RoundWithMeters}})
def get_reading_round(
    call: Annotated[Call, needs(Scope.ROUNDS_READ)], round_id: RoundId
) -> Response:
    """A round with its meters, first those of which nothing came."""
    with call.connection() as connection:
        row = reading_rounds.get(connection, call.caller.tenant, round_id)
        found = reading_rounds.meters_of(connection, call.caller.tenant, round_id)
        call.log(connection, of_rows(found, "meter", "meter"), "reading round", _WHY)
    return json(
        RoundWithMeters.model_validate(
            {**_round(row), "of_meters": [_meter(one).model_dump() for one in found]}
        )
    )


def _round(row: dict[str, Any]) -> dict[str, Any]:
    return {"id": row["round_id"], **{k: v for k, v in row.items() if k != "round_id"}}


def _meter(row: dict[str, Any]) -> RoundMeter:
    names = set(RoundMeter.model_fields) - {"reading", "status"}
    return RoundMeter(
        **{name: row[name] for name in names},
        reading=row["kwh"],
        status=None if row["status"] is None else Quality(row["status"]).name,
    )
