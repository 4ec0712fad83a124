"""Insurers: the scores of a whole portfolio as of a renewal date, in one file."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import Field

from api.http.answers import Instant, Shape, prefers
from api.http.auth import Call, needs
from api.http.scopes import Scope
from api.resources.scores import Band
from api.resources.subjects import invalid
from contracts.purposes import Purpose
from runtime.errors import Usage
from services import portfolio_scores
from services.portfolio_file import CSV, PARQUET, as_csv, as_parquet
from services.portfolio_scores import Portfolio
from store.people.read_log import of_customers
from store.postgres.times import from_us

router = APIRouter(prefix="/v1/driving-scores", tags=["insurers"])


class PolicyScore(Shape):
    """A policy: its driver's score and what was driven under it. Files have the factors' shares."""

    driver: str
    contract: str
    vehicle: str
    valid_from: datetime
    valid_to: datetime | None
    trips: int = Field(ge=0, description="Under the policy, until as_of.")
    distance_m: float = Field(ge=0)
    driving_s: float = Field(ge=0)
    period_from: datetime = Field(description="The policy's year that ends at as_of or is running.")
    period_to: datetime
    period_trips: int = Field(ge=0)
    period_distance_m: float = Field(ge=0)
    period_driving_s: float = Field(ge=0)
    score: float | None
    band: Band | None
    trusted: bool
    algorithm_version: str
    frozen_for: str | None = Field(description="The tariff year, where `version` names one.")
    as_of: datetime


class PortfolioScores(Shape):
    """All policies of drivers who agree to be scored, by driver."""

    data: list[PolicyScore]


@router.get(
    "/portfolio",
    responses={
        200: {
            "model": PortfolioScores,
            "content": {
                CSV: {"schema": {"type": "string"}},
                PARQUET: {"schema": {"type": "string", "format": "binary"}},
            },
        }
    },
)
def get_portfolio_scores(
    request: Request,
    call: Annotated[Call, needs(Scope.SCORES_READ)],
    as_of: Annotated[Instant | None, Query(description="A renewal date; default: now.")] = None,
    version: Annotated[
        str | None,
        Query(max_length=100, description="A version, or a tariff year; default: in use."),
    ] = None,
) -> Response:
    """Scores and mileage of all policies as of a date. `Accept: text/csv` or Parquet: one file."""
    when = as_of or from_us(call.now_us)
    with call.connection() as connection:
        try:
            portfolio = portfolio_scores.of_tenant(connection, call.caller.tenant, when, version)
        except Usage as error:
            raise invalid("query.version", str(error)) from None
    parts = _parts(call, portfolio)
    columns = portfolio_scores.columns(portfolio)
    for media_type, written in ((CSV, as_csv), (PARQUET, as_parquet)):
        if prefers(request, media_type):
            return StreamingResponse(written(columns, parts), media_type=media_type)
    return StreamingResponse(_as_json(parts), media_type="application/json")


def _parts(call: Call, portfolio: Portfolio) -> Iterator[list[dict[str, Any]]]:
    """Give the rows of some drivers at a time; their reads are logged before they are sent."""
    for some in portfolio.portions:
        with call.connection() as connection:  # not kept while a slow client reads
            rows = portfolio_scores.rows_of(connection, portfolio, some)
            drivers = sorted({row["driver"] for row in rows})
            call.log(connection, of_customers(drivers), "driving scores", Purpose.DRIVING_SCORE)
        yield rows


def _as_json(parts: Iterable[list[dict[str, Any]]]) -> Iterator[bytes]:
    """Give `PortfolioScores`, one part at a time."""
    names, before = PolicyScore.model_fields, b'{"data":['
    for rows in parts:
        for row in rows:
            yield before + PolicyScore(**{k: row[k] for k in names}).model_dump_json().encode()
            before = b","
    yield b"]}" if before == b"," else before + b"]}"
