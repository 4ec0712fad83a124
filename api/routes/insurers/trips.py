"""Insurers: trips without geometry, and crashes. No response contains a position."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends, Response
from pydantic import Field, create_model

from api.http import paging
from api.http.answers import Shape, json
from api.http.auth import Call, needs
from api.http.paging import After, Limit, Page
from api.http.scopes import Scope
from api.resources.subjects import (
    SubjectQuery,
    consent_ref,
    require_subject,
    resolve,
    subject_query,
)
from contracts.kinds import COUNTED_BY_SEVERITY
from contracts.purposes import Purpose
from services import visibility
from services.visibility import Kind
from store.people.read_log import of_rows, of_subject
from store.postgres.times import to_us
from store.reads import driving

router = APIRouter(prefix="/v1", tags=["insurers"])


class _Trip(Shape):
    id: str
    vehicle: str
    contract: str
    started_at: datetime
    ended_at: datetime
    distance_m: float | None
    drive_s: float | None
    idle_s: float | None
    night_s: float | None
    rush_s: float | None
    speeding_s: float | None
    max_speed_kmh: float | None
    speeding_count: int
    crashes: int | None = Field(description="null without consent to claims_assistance.")
    revision: int = Field(description="How often late data corrected the trip.")


if TYPE_CHECKING:
    Trip = _Trip
else:
    Trip = create_model(
        "Trip",
        __base__=_Trip,
        __doc__="A trip without positions. Counts of manoeuvres are by severity 1, 2, 3.",
        **{column: (list[int], ...) for column in COUNTED_BY_SEVERITY},
    )


class Crash(Shape):
    """A crash notice: an impact, then standstill. The newest revision counts."""

    id: str
    revision: int
    retracted: bool = Field(description="Late data showed that there was no crash.")
    subject: str = Field(description="vehicle:<id>")
    customer: str
    contract: str
    happened_at: datetime
    noticed_at: datetime
    severity: int = Field(ge=1, le=3)
    peak_mps2: float | None
    delta_v_kmh: float | None
    speed_kmh: float | None
    case_id: str | None
    consent_ref: str | None


PageOfTrips = Page[Trip]
PageOfCrashes = Page[Crash]


def trip_of(row: dict[str, Any]) -> Trip:
    """Convert a stored trip to the resource, for insurers and for its customer."""
    return Trip(
        id=f"{row['device_id']}-{to_us(row['start_at'])}",
        vehicle=row["vehicle"],
        contract=row["contract"],
        started_at=row["start_at"],
        ended_at=row["end_at"],
        distance_m=row["distance_m"],
        drive_s=row["driving_s"],
        idle_s=row["idle_s"],
        night_s=row["night_s"],
        rush_s=row["rush_s"],
        speeding_s=row["speeding_s"],
        max_speed_kmh=row["max_speed_kmh"],
        speeding_count=row["speeding_count"],
        crashes=row["crash"],
        revision=row["revision"],
        **{column: row[column] for column in COUNTED_BY_SEVERITY},
    )


def trip_cursor(row: dict[str, Any]) -> str:
    """Encode the cursor after a trip."""
    return paging.encode("trips", row["start_at"], row["device_id"])


@router.get("/trips", responses={200: {"model": PageOfTrips}})
def list_trips(
    call: Annotated[Call, needs(Scope.TRIPS_READ)],
    query: Annotated[SubjectQuery, Depends(subject_query)],
    after: After = None,
    limit: Limit = 50,
) -> Response:
    """Trips of a vehicle, driver or contract, newest first, without geometry."""
    require_subject(query)
    cursor = paging.decode("trips", after, paging.instant, paging.number)
    with call.connection() as connection:
        subject = resolve(connection, call, query, Purpose.DRIVING_SCORE)
        concerned = of_subject(subject.customer, subject.name)
        call.log(connection, concerned, "trips", Purpose.DRIVING_SCORE)
        rows = visibility.shown(
            connection,
            call.caller.tenant,
            Kind.TRIP,
            driving.trips(connection, subject.which, after=cursor, limit=limit + 1),
            reader=call.caller.customer,
            customer=subject.customer,
        )
    shown, page = paging.cut(rows, limit, trip_cursor)
    return json(PageOfTrips(data=[trip_of(row) for row in shown], pagination=page))


@router.get("/crashes", responses={200: {"model": PageOfCrashes}})
def list_crashes(
    call: Annotated[Call, needs(Scope.CRASHES_READ)],
    query: Annotated[SubjectQuery, Depends(subject_query)],
    after: After = None,
    limit: Limit = 50,
) -> Response:
    """Crash notices of customers who consented to claims assistance, newest first."""
    purpose = Purpose.CLAIMS_ASSISTANCE
    cursor = paging.decode("crashes", after, paging.instant, paging.text)
    with call.connection() as connection:
        if not query.is_empty:
            resolve(connection, call, query, purpose)
        rows = driving.crashes(
            connection,
            call.caller.tenant,
            purpose,
            customer=query.driver,
            vehicle=query.vehicle,
            contract=query.contract,
            from_at=query.from_at,
            to_at=query.to_at,
            after=cursor,
            limit=limit + 1,
        )
        shown, page = paging.cut(
            rows, limit, lambda row: paging.encode("crashes", row["time"], row["id"])
        )
        call.log(connection, of_rows(shown, "signal", "id"), "crashes", purpose)
    return json(PageOfCrashes(data=[_crash(row) for row in shown], pagination=page))


def _crash(row: dict[str, Any]) -> Crash:
    data = row["data"]
    return Crash(
        id=row["id"],
        revision=row["revision"],
        retracted=data["retracted"],
        subject=row["subject"],
        customer=row["customer"],
        contract=row["contract"],
        happened_at=row["time"],
        noticed_at=row["created_at"],
        severity=data["severity"],
        peak_mps2=data["peak_mps2"],
        delta_v_kmh=data["delta_v_kmh"],
        speed_kmh=data["speed_kmh"],
        case_id=row["case_id"],
        consent_ref=consent_ref(row["consent_id"]),
    )
