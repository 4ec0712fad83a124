"""Readings that people give of a meter: customers of their own, agents and utilities of all."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from pydantic import Field

from api.http.answers import Instant, Shape, json
from api.http.auth import Call, needs
from api.http.idempotency import IdempotencyKey, once
from api.http.problems import Problem
from api.http.scopes import Scope
from api.routes.utilities.meters import MeterId
from contracts.quality import Quality
from customer_context.metering import words
from customer_context.metering.reading_check import Judgement, Verdict
from services import matter, meter_reading
from services.meter_reading import Given, MeterRead, Questioned
from store.people import readings
from store.people.read_log import ObjectRead
from store.postgres.merged import same_as
from store.postgres.pool import Connection
from store.postgres.times import from_us

router = APIRouter(prefix="/v1/meters/{meter_id}/readings", tags=["readings"])

_WHY = meter_reading.PURPOSE
_VERDICTS = ", ".join(Verdict)


class ReadingToCheck(Shape):
    """A reading of the import register. number : that stands on the meter, if it was read."""

    reading: float = Field(ge=0, lt=1e9, allow_inf_nan=False, description="kWh")
    at: Instant | None = Field(default=None, description="When it was read; null = now.")
    number: str | None = Field(default=None, max_length=64)


class ReadingToEnter(ReadingToCheck):
    """A reading to enter. A questioned one is entered only if it is confirmed."""

    confirmed: bool = Field(
        default=False, description="The person was asked, and the meter shows this."
    )
    by_customer: bool = Field(
        default=True, description="The customer read it; of a customer always true."
    )


class CheckedReading(Shape):
    """The verdict about a reading. expected, low, high : kWh; null where nothing is known."""

    verdict: str = Field(description=_VERDICTS)
    reading: float
    expected: float | None
    low: float | None
    high: float | None
    reason: dict[str, str] = Field(description="In German (de) and English (en).")
    question: dict[str, str] | None = Field(description="What to ask; null if it is plausible.")
    number: str | None = Field(description="Of the meter that was meant.")
    digits: int = Field(description="Whole digits that the meter shows.")


class EnteredReading(Shape):
    """A reading that somebody gave. It never changes: a correction replaces it."""

    id: str
    meter: str
    at: datetime
    reading: float
    source: str = Field(description="customer, utility or estimate")
    status: str = Field(description=", ".join(quality.name for quality in Quality))
    verdict: str = Field(description=_VERDICTS)
    counts: bool = Field(description="The use is computed from it.")
    confirmed: bool
    entered_at: datetime
    replaces: str | None
    version: int
    reason: str
    case_id: str | None = Field(description="The case in which the utility decides about it.")


class EnteredReadings(Shape):
    """Readings of a meter that nothing replaces, newest first."""

    data: list[EnteredReading]


def reader_of(call: Call) -> str | None:
    """Return the customer who asks; None for the utility and its agents."""
    return call.caller.customer if call.caller.role == "customer" else None


def _meter(connection: Connection, call: Call, meter_id: str, at: datetime, what: str) -> MeterRead:
    found = meter_reading.meter_at(connection, call.caller.tenant, meter_id, at, reader_of(call))
    call.log(connection, {ObjectRead(found.customer, "meter", meter_id)}, what, _WHY)
    return found


@router.post("/check", responses={200: {"model": CheckedReading}})
def check_reading(
    call: Annotated[Call, needs(Scope.READINGS_READ)], meter_id: MeterId, body: ReadingToCheck
) -> Response:
    """Is a reading plausible? The expected range, the verdict and the question to ask."""
    at = body.at or from_us(call.now_us)
    with call.connection() as connection:
        meter = _meter(connection, call, meter_id, at, "check of a reading")
        found = meter_reading.check(connection, meter, at, body.reading, body.number)
    return json(as_checked(found, meter))


@router.post("", status_code=201, responses={201: {"model": EnteredReading}})
def enter_reading(
    request: Request,
    call: Annotated[Call, needs(Scope.READINGS_WRITE)],
    meter_id: MeterId,
    body: ReadingToEnter,
    key: IdempotencyKey = None,
) -> Response:
    """Enter a reading. It takes the way of any other: a message of the meter, with its source.

    409 `reading_questioned` where it is not plausible and not confirmed; a confirmed one opens a
    case for the utility.
    """
    at = body.at or from_us(call.now_us)
    own = reader_of(call)
    given = Given(
        at=at,
        kwh=body.reading,
        source="customer" if body.by_customer or own is not None else "utility",
        author=call.caller.name if own is None else matter.author_of(own),
        key=f"{call.caller.key_id}\0{key}",
        confirmed=body.confirmed,
        number=body.number,
    )

    def work(connection: Connection) -> Response:
        meter = _meter(connection, call, meter_id, at, "reading")
        try:
            row = meter_reading.enter(connection, call.deps.box, meter, given, call.now_us)
        except Questioned as error:
            raise questioned(error.judgement) from None
        return json(as_entered(row), 201)

    return once(request, call, key, body, work, work)  # the same key enters it once


@router.get("", responses={200: {"model": EnteredReadings}})
def list_readings(call: Annotated[Call, needs(Scope.READINGS_READ)], meter_id: MeterId) -> Response:
    """Readings that people gave under the contract that covers the meter now, newest first."""
    with call.connection() as connection:
        meter = _meter(connection, call, meter_id, from_us(call.now_us), "readings")
        mine = same_as(connection, meter.tenant, meter.customer)
        rows = readings.of_meter(connection, meter.tenant, meter_id, customers=mine)
    return json(EnteredReadings(data=[as_entered(row) for row in rows]))


def questioned(found: Judgement) -> Problem:
    """Return the problem of a reading that has to be confirmed."""
    return Problem(
        409,
        "reading_questioned",
        words.reason(found)["en"],
        "Ask the person; send it again, corrected or with `confirmed`.",
        user_message="This reading is unusual. Please look at the meter again.",
    )


def as_checked(found: Judgement, meter: MeterRead) -> CheckedReading:
    """Return a judgement as the API answers it."""
    return CheckedReading(
        verdict=found.verdict,
        reading=found.reading,
        expected=_rounded(found.expected),
        low=_rounded(found.low),
        high=_rounded(found.high),
        reason=words.reason(found),
        question=words.question(found, meter.number),
        number=meter.number,
        digits=meter.digits,
    )


def _rounded(kwh: float | None) -> float | None:
    return None if kwh is None else round(kwh, 3)


def as_entered(row: dict[str, Any]) -> EnteredReading:
    """Return a stored reading as the API answers it."""
    return EnteredReading(
        id=row["reading_id"],
        meter=row["meter"],
        at=row["read_at"],
        reading=row["kwh"],
        source=row["source"],
        status=Quality(row["status"]).name,
        verdict=row["verdict"],
        counts=row["counts"],
        confirmed=row["confirmed"],
        entered_at=row["entered_at"],
        replaces=row["replaces"],
        version=row["version"],
        reason=row["reason"],
        case_id=row["case_id"],
    )
