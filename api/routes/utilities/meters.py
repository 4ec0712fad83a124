"""Utilities: meters, their daily features, and their intervals with status."""

import csv
import io
from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import Field

from api.http import paging
from api.http.answers import Instant, Shape, json, prefers
from api.http.auth import Call, needs
from api.http.paging import After, Limit, Page
from api.http.problems import not_found
from api.http.scopes import Scope
from api.resources.subjects import consent_ref, invalid, ordered
from contracts.purposes import Purpose
from contracts.quality import Quality, Reason
from services.interval_formats import BO4E, GREEN_BUTTON, Value, bo4e, green_button
from store.people.read_log import ObjectRead, of_rows
from store.postgres.pool import Connection
from store.postgres.times import EPOCH, from_us, to_us
from store.reads import metering

router = APIRouter(prefix="/v1/meters", tags=["utilities"])

_PURPOSE = Purpose.ENERGY_INSIGHT
MeterId = Annotated[str, Path(max_length=64)]
ManyRows = Annotated[int, Query(ge=1, le=5_000, description="Maximum rows per page.")]


class Meter(Shape):
    """A meter under contract, with its customer's consent."""

    id: str
    number: str | None
    interval_s: int
    timezone: str
    customer: str
    contract: str
    consent_ref: str | None


class MeterDay(Shape):
    """A day of local time. Powers are from measured intervals; null = too few of them."""

    date: date
    started_at: datetime
    energy_kwh: float | None
    estimated_kwh: float | None
    intervals_expected: int
    intervals_measured: int
    intervals_estimated: int
    lowest_w: float | None
    peak_w: float | None
    peak_at: datetime | None
    base_load_w: float | None
    night_share: float | None = Field(description="Of the measured energy, 22 to 6 o'clock.")
    revision: int


class Interval(Shape):
    """The energy of an interval with its status (Messwertstatus of BO4E)."""

    start: datetime
    end: datetime
    energy_kwh: float | None
    status: str = Field(description=", ".join(quality.name for quality in Quality))
    estimated: bool
    reason: str = Field(
        description="Why it is not as read: " + ", ".join(reason.name for reason in Reason)
    )
    revision: int


PageOfMeters = Page[Meter]
PageOfDays = Page[MeterDay]
PageOfIntervals = Page[Interval]


@router.get("", responses={200: {"model": PageOfMeters}})
def list_meters(
    call: Annotated[Call, needs(Scope.CONSUMPTION_READ)],
    after: After = None,
    limit: Limit = 50,
) -> Response:
    """Meters of customers who consented."""
    cursor = paging.decode("meters", after, paging.text)
    with call.connection() as connection:
        rows = metering.meters(
            connection,
            call.caller.tenant,
            _PURPOSE,
            from_us(call.now_us),
            after=None if cursor is None else cursor[0],
            limit=limit + 1,
        )
        shown, page = paging.cut(rows, limit, lambda row: paging.encode("meters", row["meter"]))
        call.log(connection, of_rows(shown, "meter", "meter"), "meters", _PURPOSE)
    data = [
        Meter(
            id=row["meter"],
            number=row["number"],
            interval_s=row["interval_s"],
            timezone=row["timezone"],
            customer=row["customer"],
            contract=row["contract"],
            consent_ref=consent_ref(row["consent_id"]),
        )
        for row in shown
    ]
    return json(PageOfMeters(data=data, pagination=page))


@router.get("/{meter_id}/features", responses={200: {"model": PageOfDays}})
def list_meter_days(
    call: Annotated[Call, needs(Scope.CONSUMPTION_READ)],
    meter_id: MeterId,
    from_: Annotated[date | None, Query(alias="from", description="First day")] = None,
    to: Annotated[date | None, Query(description="Last day")] = None,
    after: After = None,
    limit: Limit = 50,
) -> Response:
    """Energy, base load, peak and night share of each day, newest first."""
    if from_ is not None and to is not None and to < from_:
        raise invalid("query.to", "`to` must not be before `from`")
    cursor = paging.decode("days", after, date.fromisoformat)
    with call.connection() as connection:
        _visible(connection, call, meter_id)
        rows = metering.days(
            connection,
            call.caller.tenant,
            meter_id,
            _PURPOSE,
            from_date=from_,
            to_date=to,
            after=None if cursor is None else cursor[0],
            limit=limit + 1,
        )
        shown, page = paging.cut(rows, limit, lambda row: paging.encode("days", row["date"]))
        concerned = {ObjectRead(row["customer"], "meter", meter_id) for row in shown}
        call.log(connection, concerned, "consumption features", _PURPOSE)
    return json(PageOfDays(data=[_day(row) for row in shown], pagination=page))


@router.get(
    "/{meter_id}/intervals",
    responses={
        200: {
            "model": PageOfIntervals,
            "content": {
                media_type: {"schema": {"type": "string"}}
                for media_type in ("text/csv", GREEN_BUTTON, BO4E)
            },
        }
    },
)
def list_meter_intervals(
    request: Request,
    call: Annotated[Call, needs(Scope.CONSUMPTION_READ)],
    meter_id: MeterId,
    from_: Annotated[Instant | None, Query(alias="from", description="Started at or after")] = None,
    to: Annotated[Instant | None, Query(description="Started before")] = None,
    as_of: Annotated[
        Instant | None, Query(description="As they stood at that time, before later corrections")
    ] = None,
    after: After = None,
    limit: ManyRows = 1_000,
) -> Response:
    """Intervals, oldest first, as JSON or, by the header Accept, as CSV, Green Button or BO4E.

    The next page of those is in the header Link.
    """
    ordered("to", from_, to)
    cursor = paging.decode("intervals", after, paging.instant)
    with call.connection() as connection:
        customer = _visible(connection, call, meter_id)
        rows = metering.intervals(
            connection,
            call.caller.tenant,
            meter_id,
            _PURPOSE,
            from_at=from_,
            to_at=to,
            as_of=as_of,
            after=None if cursor is None else cursor[0],
            limit=limit + 1,
        )
        shown, page = paging.cut(
            rows, limit, lambda row: paging.encode("intervals", row["start_at"])
        )
        holders = {row["customer"] for row in shown} | {customer}
        concerned = [ObjectRead(holder, "meter", meter_id) for holder in holders]
        call.log(connection, concerned, "consumption intervals", _PURPOSE)
    data = [_interval(row) for row in shown]
    if prefers(request, "text/csv"):
        return _csv(request, data, page)
    for media_type in (GREEN_BUTTON, BO4E):
        if prefers(request, media_type):
            values = [_value(row) for row in shown]
            text = bo4e(meter_id, values)
            if media_type == GREEN_BUTTON:
                text = green_button(meter_id, values, call.now_us)
            return Response(text, media_type=media_type, headers=_following(request, page))
    return json(PageOfIntervals(data=data, pagination=page))


def _visible(connection: Connection, call: Call, meter_id: str) -> str:
    """Return the customer whose contract covers the meter now and who consented. Raises 404."""
    row = metering.meter(connection, call.caller.tenant, meter_id, _PURPOSE, from_us(call.now_us))
    if row is None:
        raise not_found()
    return str(row["customer"])


def _day(row: dict[str, Any]) -> MeterDay:
    return MeterDay(
        date=row["date"],
        started_at=row["start_at"],
        energy_kwh=row["energy_kwh"],
        estimated_kwh=row["estimated_kwh"],
        intervals_expected=row["expected"],
        intervals_measured=row["present"],
        intervals_estimated=row["estimated"],
        lowest_w=row["min_w"],
        peak_w=row["max_w"],
        peak_at=None if row["peak_at"] in (None, EPOCH) else row["peak_at"],
        base_load_w=row["base_load_w"],
        night_share=row["night_share"],
        revision=row["revision"],
    )


def _interval(row: dict[str, Any]) -> Interval:
    return Interval(
        start=row["start_at"],
        end=row["end_at"],
        energy_kwh=row["energy_kwh"],
        status=Quality(row["status"]).name,
        estimated=bool(row["estimated"]),
        reason=Reason(row["reason"]).name,
        revision=row["revision"],
    )


def _value(row: dict[str, Any]) -> Value:
    return Value(
        to_us(row["start_at"]),
        to_us(row["end_at"]),
        row["energy_kwh"],
        Quality(row["status"]),
        Reason(row["reason"]),
    )


def _following(request: Request, page: paging.Pagination) -> dict[str, str]:
    """Return the header Link to the next page, if there is one."""
    if not page.has_next_page:
        return {}
    following = request.url.include_query_params(after=page.end_cursor)
    return {"Link": f'<{following.path}?{following.query}>; rel="next"'}


def _csv(request: Request, data: list[Interval], page: paging.Pagination) -> Response:
    out = io.StringIO()
    names = list(Interval.model_fields)
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(names)
    writer.writerows(row.model_dump(mode="json").values() for row in data)
    return Response(out.getvalue(), media_type="text/csv", headers=_following(request, page))
