"""Insurers: driving scores, their history, and mileage."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import Field

from api.http import paging
from api.http.answers import NOT_MODIFIED, Shape, json, tagged
from api.http.auth import Call, needs
from api.http.paging import After, Limit, Page
from api.http.scopes import Scope
from api.resources import scores
from api.resources.scores import DrivingScore, Period, ScoreHistory
from api.resources.subjects import (
    Subject,
    SubjectQuery,
    consent_ref,
    require_subject,
    resolve,
    subject_query,
    which,
)
from contracts.purposes import Purpose
from store.people import customers, subjects
from store.people.read_log import of_customers, of_subject
from store.postgres.pool import Connection
from store.reads import driving

router = APIRouter(prefix="/v1", tags=["insurers"])

_PURPOSE = Purpose.DRIVING_SCORE
PageOfScores = Page[DrivingScore]


class Mileage(Shape):
    """Distance and time driven, from decided trips."""

    subject: str
    period: Period
    distance_m: float = Field(ge=0)
    drive_s: float = Field(ge=0)
    night_s: float = Field(ge=0)
    trips: int = Field(ge=0)
    consent_ref: str | None


PageOfMileages = Page[Mileage]


@router.get("/driving-scores", responses={**NOT_MODIFIED, 200: {"model": PageOfScores}})
def list_driving_scores(
    request: Request,
    call: Annotated[Call, needs(Scope.SCORES_READ)],
    query: Annotated[SubjectQuery, Depends(subject_query)],
    after: After = None,
    limit: Limit = 20,
) -> Response:
    """Driving scores with their explanation.

    For one vehicle, driver or contract if given; otherwise for all drivers who consented.
    """
    with call.connection() as connection:
        if not query.is_empty:
            subject = resolve(connection, call, query, _PURPOSE)
            call.log(
                connection, of_subject(subject.customer, subject.name), "driving score", _PURPOSE
            )
            found = scores.explained(connection, subject)
            page = paging.Pagination(end_cursor=None, has_next_page=False)
            return tagged(request, PageOfScores(data=[found], pagination=page))
        drivers, page = _drivers(connection, call, query, after, limit, "scores")
        call.log(
            connection,
            of_customers(driver.customer for driver in drivers),
            "driving score",
            _PURPOSE,
        )
        data = [scores.explained(connection, driver) for driver in drivers]
    return json(PageOfScores(data=data, pagination=page))


@router.get("/driving-scores/history", responses={**NOT_MODIFIED, 200: {"model": ScoreHistory}})
def get_driving_score_history(
    request: Request,
    call: Annotated[Call, needs(Scope.SCORES_READ)],
    query: Annotated[SubjectQuery, Depends(subject_query)],
    granularity: Annotated[Literal["week", "month"], Query()] = "month",
) -> Response:
    """The scores of a subject by week or month, each from the trips of that period only."""
    require_subject(query)
    with call.connection() as connection:
        subject = resolve(connection, call, query, _PURPOSE)
        call.log(
            connection,
            of_subject(subject.customer, subject.name),
            "driving score history",
            _PURPOSE,
        )
        person = customers.person(connection, call.caller.tenant, subject.customer)
        zone = "UTC" if person is None else person.timezone
        found = scores.history(connection, subject, granularity, zone)
    return tagged(request, found)


@router.get("/mileage", responses={**NOT_MODIFIED, 200: {"model": PageOfMileages}})
def list_mileage(
    request: Request,
    call: Annotated[Call, needs(Scope.MILEAGE_READ)],
    query: Annotated[SubjectQuery, Depends(subject_query)],
    after: After = None,
    limit: Limit = 50,
) -> Response:
    """Distance and time driven, for one subject or for all drivers who consented."""
    with call.connection() as connection:
        if not query.is_empty:
            asked_for = [resolve(connection, call, query, _PURPOSE)]
            page = paging.Pagination(end_cursor=None, has_next_page=False)
        else:
            asked_for, page = _drivers(connection, call, query, after, limit, "mileage")
        concerned = [
            one for subject in asked_for for one in of_subject(subject.customer, subject.name)
        ]
        call.log(connection, concerned, "mileage", _PURPOSE)
        data = [_mileage(connection, subject, query) for subject in asked_for]
    return tagged(request, PageOfMileages(data=data, pagination=page))


def _drivers(
    connection: Connection,
    call: Call,
    query: SubjectQuery,
    after: str | None,
    limit: int,
    kind: str,
) -> tuple[list[Subject], paging.Pagination]:
    tenant = call.caller.tenant
    cursor = paging.decode(kind, after, paging.text)
    rows = subjects.drivers(
        connection, tenant, _PURPOSE, after=None if cursor is None else cursor[0], limit=limit + 1
    )
    shown, page = paging.cut(rows, limit, lambda row: paging.encode(kind, row["customer"]))
    return [
        Subject(
            f"customer:{row['customer']}",
            row["customer"],
            which(tenant, row["customer"], query),
            row["consent_id"],
        )
        for row in shown
    ], page


def _mileage(connection: Connection, subject: Subject, query: SubjectQuery) -> Mileage:
    found = driving.mileage(connection, subject.which)
    return Mileage(
        subject=subject.name,
        period=Period.model_validate(
            {"from": query.from_at or found["first_at"], "to": query.to_at or found["last_at"]}
        ),
        distance_m=found["distance_m"],
        drive_s=found["driving_s"],
        night_s=found["night_s"],
        trips=found["trips"],
        consent_ref=consent_ref(subject.consent_id),
    )
