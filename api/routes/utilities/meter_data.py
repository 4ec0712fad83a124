"""The meter-data manager: corrections with a second person, exchanges, release for billing."""

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import Field

from api.http.answers import Instant, Shape, json
from api.http.auth import Call, needs
from api.http.idempotency import IdempotencyKey, once
from api.http.problems import not_found
from api.http.scopes import Scope
from api.routes.utilities.meters import MeterId
from api.routes.utilities.readings import EnteredReading, EnteredReadings, as_entered
from contracts.quality import Quality
from customer_context.metering.ready import End, Missing, SumCheck
from runtime.errors import NotAllowed
from services import billing_periods, meter_corrections, meter_reading
from store.people import meter_data as stored
from store.people import readings
from store.people.read_log import ObjectRead, of_rows
from store.postgres.pool import Connection
from store.postgres.times import from_us

router = APIRouter(prefix="/v1", tags=["readings"])

ReadingId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]
CorrectionId = Annotated[str, Path(pattern=r"^[0-9a-f]{24}$")]
_WHY = meter_reading.PURPOSE


class CorrectionToAsk(Shape):
    """How a reading or estimate is to be."""

    reading: float = Field(ge=0, lt=1e9, allow_inf_nan=False, description="kWh")
    reason: str = Field(min_length=3, max_length=500, description="The second person reads it.")


class CorrectionNote(Shape):
    """A note with a decision."""

    note: str = Field(default="", max_length=500)


class ReadingCorrection(Shape):
    """A correction that waits for a second person."""

    id: str
    reading_id: str
    meter: str
    at: datetime
    before: float
    after: float
    status: str = Field(description="Of the reading as it is.")
    reason: str
    requested_by: str
    expires_at: datetime


class ReadingCorrections(Shape):
    """Corrections that wait, oldest first."""

    data: list[ReadingCorrection]


class CorrectionDecided(Shape):
    """What became of it. reading : the new version; null where it was rejected."""

    id: str
    reading: EnteredReading | None


class MeterExchange(Shape):
    """The last reading of the old meter and the first of the new one."""

    at: Instant
    old_reading: float = Field(ge=0, lt=1e9, allow_inf_nan=False)
    new_number: str = Field(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f\x7f]*$")
    new_reading: float = Field(ge=0, lt=1e9, allow_inf_nan=False)


class ByTariff(Shape):
    """Registers, or use, of two tariffs, kWh: t1 is OBIS 1.8.1, t2 is 1.8.2."""

    t1: float
    t2: float


class PeriodEnd(Shape):
    """The read that stands for an end of a period. reading : null = sent by the meter."""

    at: datetime
    kwh: float
    status: str
    source: str
    reading: str | None
    tariffs: ByTariff | None = Field(default=None, description="Null where one is not known.")


class IntervalSum(Shape):
    """The intervals of a period beside its register, kWh."""

    verdict: str = Field(
        description="fits, differs (look at both readings), or not_covered: intervals are missing"
    )
    intervals_kwh: float
    register_kwh: float
    tolerance_kwh: float = Field(description="By how much they may differ by rounding.")
    intervals_missing: int


class BillingPeriod(Shape):
    """A contract in a period. missing : why it is not ready to bill; empty = it is."""

    contract: str
    meter: str
    customer: str
    start: PeriodEnd | None
    end: PeriodEnd | None
    kwh: float | None
    missing: list[str] = Field(description=", ".join(Missing))
    released: int | None = Field(description="Version that was released; null = none.")
    sum_of_intervals: IntervalSum | None = Field(description="Null where it is not ready.")
    tariffs: ByTariff | None = Field(
        default=None, description="Use of each tariff; null where it is not ready or not known."
    )


class BillingPeriods(Shape):
    """Contracts of meters that cover a period."""

    data: list[BillingPeriod]


class ValueToRelease(Shape):
    """A contract and its period. end_on : the day after the last."""

    contract: str = Field(min_length=1, max_length=64)
    start_on: date
    end_on: date
    confirmed: bool = Field(
        default=False, description="Also where the intervals do not add up to the register."
    )


class BillingValue(Shape):
    """A released value, with the reads that it rests on."""

    contract: str
    meter: str
    version: int
    kwh: float
    start: PeriodEnd
    end: PeriodEnd
    tariffs: ByTariff | None = None


@router.post(
    "/readings/{reading_id}/corrections",
    status_code=201,
    responses={201: {"model": ReadingCorrection}},
)
def ask_correction(
    request: Request,
    call: Annotated[Call, needs(Scope.METER_DATA_WRITE)],
    reading_id: ReadingId,
    body: CorrectionToAsk,
    key: IdempotencyKey = None,
) -> Response:
    """Ask to correct a reading or an estimate. A second person approves it; the old one is kept."""

    def work(connection: Connection) -> Response:
        _visible(connection, call, reading_id)
        asked = meter_corrections.ask_correction(
            connection, call.caller.actor, call.caller.name, reading_id, body.reading,
            body.reason, call.now_us,
        )  # fmt: skip
        row = stored.correction(connection, call.caller.tenant, asked.request_id)
        assert row is not None, "it was stored just now"
        return json(_correction(row), 201)

    def again(connection: Connection) -> Response:
        _visible(connection, call, reading_id)
        raise NotAllowed("this correction was asked for already")

    return once(request, call, key, body, work, again)


@router.get("/reading-corrections", responses={200: {"model": ReadingCorrections}})
def list_corrections(call: Annotated[Call, needs(Scope.METER_DATA_READ)]) -> Response:
    """Corrections that wait for a second person, oldest first."""
    with call.connection() as connection:
        rows = meter_corrections.waiting(connection, call.caller.tenant, call.now_us)
        call.log(connection, of_rows(rows, "meter", "meter"), "corrections of readings", _WHY)
    return json(ReadingCorrections(data=[_correction(row) for row in rows]))


@router.post(
    "/reading-corrections/{correction_id}/approve", responses={200: {"model": CorrectionDecided}}
)
def approve_correction(
    call: Annotated[Call, needs(Scope.METER_DATA_WRITE)],
    correction_id: CorrectionId,
    body: CorrectionNote,
) -> Response:
    """Approve a correction of another person: it is made at once."""
    return _decide(call, correction_id, approved=True, note=body.note)


@router.post(
    "/reading-corrections/{correction_id}/reject", responses={200: {"model": CorrectionDecided}}
)
def reject_correction(
    call: Annotated[Call, needs(Scope.METER_DATA_WRITE)],
    correction_id: CorrectionId,
    body: CorrectionNote,
) -> Response:
    """Reject a correction of another person."""
    return _decide(call, correction_id, approved=False, note=body.note)


@router.post(
    "/meters/{meter_id}/exchange", status_code=201, responses={201: {"model": EnteredReadings}}
)
def record_exchange(
    request: Request,
    call: Annotated[Call, needs(Scope.METER_DATA_WRITE)],
    meter_id: MeterId,
    body: MeterExchange,
    key: IdempotencyKey = None,
) -> Response:
    """Record the exchange of a meter with both readings."""

    def work(connection: Connection) -> Response:
        rows = meter_corrections.exchange(
            connection, call.caller.tenant, meter_id, body.at, body.old_reading, body.new_number,
            body.new_reading, call.caller.name, call.now_us,
        )  # fmt: skip
        return json(EnteredReadings(data=[as_entered(row) for row in rows]), 201)

    return once(request, call, key, body, work, work)  # an exchange is recorded once


@router.get("/billing-periods", responses={200: {"model": BillingPeriods}})
def list_billing_periods(
    call: Annotated[Call, needs(Scope.METER_DATA_READ)],
    start_on: Annotated[date | None, Query(description="First day; default: of last year")] = None,
    end_on: Annotated[date | None, Query(description="The day after the last")] = None,
    ready: Annotated[bool | None, Query(description="Only those that are, or are not.")] = None,
) -> Response:
    """What is ready to bill in a period, and what is not and why; at most 200 contracts."""
    year = from_us(call.now_us).year
    start, end = start_on or date(year - 1, 1, 1), end_on or date(year, 1, 1)
    with call.connection() as connection:
        found = billing_periods.periods(connection, call.caller.tenant, start, end)
        shown = [one for one in found if ready is None or ready == (not one.missing)]
        read = {ObjectRead(one.customer, "meter", one.meter) for one in shown}
        call.log(connection, read, "readiness to bill", _WHY)
    data = [
        BillingPeriod(
            contract=one.contract, meter=one.meter, customer=one.customer, start=_end(one.start),
            end=_end(one.end), kwh=one.kwh, missing=list(one.missing), released=one.released,
            sum_of_intervals=_sum(one.sum), tariffs=_by_tariff(one.tariffs),
        )
        for one in shown
    ]  # fmt: skip
    return json(BillingPeriods(data=data))


@router.post("/billing-values", status_code=201, responses={201: {"model": BillingValue}})
def send_billing_value(
    request: Request,
    call: Annotated[Call, needs(Scope.METER_DATA_WRITE)],
    body: ValueToRelease,
    key: IdempotencyKey = None,
) -> Response:
    """Release the use of a period for billing: it leaves as `billing.value.released`."""

    def work(connection: Connection) -> Response:
        found = billing_periods.release(
            connection, call.caller.tenant, body.contract, body.start_on, body.end_on,
            call.caller.name, call.now_us, confirmed=body.confirmed,
        )  # fmt: skip
        return json(BillingValue.model_validate(found), 201)

    return once(request, call, key, body, work, work)  # the same value is released once


def _visible(connection: Connection, call: Call, reading_id: str) -> None:
    """Raise 404 unless the customer of the reading's meter agrees."""
    row = readings.get(connection, call.caller.tenant, reading_id)
    if row is None:
        raise not_found()
    meter_reading.meter_at(connection, call.caller.tenant, row["meter"], row["read_at"], None)


def _decide(call: Call, correction_id: str, *, approved: bool, note: str) -> Response:
    with call.connection() as connection:
        row = meter_corrections.decide_correction(
            connection, call.caller.actor, call.caller.name, correction_id, approved=approved,
            note=note, now_us=call.now_us,
        )  # fmt: skip
    entered = None if row is None else as_entered(row)
    return json(CorrectionDecided(id=correction_id, reading=entered))


def _correction(row: dict[str, Any]) -> ReadingCorrection:
    return ReadingCorrection(
        id=row["request_id"],
        reading_id=row["reading_id"],
        meter=row["meter"],
        at=row["read_at"],
        before=row["old_kwh"],
        after=row["kwh"],
        status=Quality(row["status"]).name,
        reason=row["reason"],
        requested_by=row["requester"],
        expires_at=row["expires_at"],
    )


def _sum(found: SumCheck | None) -> IntervalSum | None:
    if found is None:
        return None
    return IntervalSum(
        verdict=found.verdict, intervals_kwh=found.intervals_kwh, register_kwh=found.register_kwh,
        tolerance_kwh=found.tolerance_kwh, intervals_missing=found.missing,
    )  # fmt: skip


def _end(end: End | None) -> PeriodEnd | None:
    if end is None:
        return None
    return PeriodEnd(
        at=end.at, kwh=end.kwh, status=end.status.name, source=end.source, reading=end.reading_id,
        tariffs=_by_tariff(end.tariffs),
    )  # fmt: skip


def _by_tariff(kwh: tuple[float, float] | None) -> ByTariff | None:
    return None if kwh is None else ByTariff(t1=kwh[0], t2=kwh[1])
