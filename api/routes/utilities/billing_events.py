"""What leaves to the billing system, and whether it has acknowledged it."""

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from api.http.answers import Shape, json
from api.http.auth import Call, needs
from api.http.idempotency import IdempotencyKey, once
from api.http.scopes import Scope
from services import meter_events, meter_reading
from services.meter_events import Acknowledged
from store.people.read_log import of_rows
from store.postgres.pool import Connection

router = APIRouter(prefix="/v1/billing-events", tags=["readings"])


class BillingEvent(Shape):
    """An accepted reading, or a released value, on its way to the billing system."""

    id: int
    type: str = Field(description="reading.accepted or billing.value.released")
    meter: str
    contract: str | None
    version: int
    at: datetime = Field(description="When it was accepted or released.")
    kwh: float | None = Field(description="Register of the reading, or use of the period.")
    read_at: datetime | None
    start_on: date | None
    end_on: date | None
    state: str = Field(description=", ".join(Acknowledged))
    reason: str = Field(description="Why no system took it.")


class BillingEvents(Shape):
    """Events, newest first."""

    data: list[BillingEvent]


class SentAgain(Shape):
    """How many events are sent again."""

    events: int


@router.get("", responses={200: {"model": BillingEvents}})
def list_billing_events(
    call: Annotated[Call, needs(Scope.METER_DATA_READ)],
    unacknowledged: Annotated[
        bool, Query(description="Only what some receiver has not acknowledged.")
    ] = False,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 200,
) -> Response:
    """Accepted readings and released values, and whether the billing system has acknowledged each.

    A 2xx of a receiver acknowledges one; until then it is sent again, and fails after the last try.
    """
    with call.connection() as connection:
        rows = meter_events.shown(
            connection, call.caller.tenant, open_only=unacknowledged, limit=limit
        )
        concerned = of_rows(rows, "meter", "meter")
        call.log(connection, concerned, "events for billing", meter_reading.PURPOSE)
    return json(BillingEvents(data=[_event(row) for row in rows]))


@router.post("/resend", status_code=202, responses={202: {"model": SentAgain}})
def resend_billing_events(
    request: Request,
    call: Annotated[Call, needs(Scope.METER_DATA_WRITE)],
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Send what nobody took, and what has failed, once more under the same ids."""

    def work(connection: Connection) -> Response:
        count = meter_events.send_again(connection, call.caller.tenant, call.now_us)
        return json(SentAgain(events=count), 202)

    return once(request, call, idempotency_key, None, work, work)


def _event(row: dict[str, Any]) -> BillingEvent:
    return BillingEvent(
        id=row["event_id"],
        type=row["kind"],
        at=row["due_at"],
        **{
            name: row[name]
            for name in (
                "meter", "contract", "version", "kwh", "read_at", "start_on", "end_on", "state",
                "reason",
            )
        },
    )  # fmt: skip
