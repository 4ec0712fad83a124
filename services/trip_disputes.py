"""Disputes: a driver says that a trip, or an event of one, should not count; a person decides."""

from datetime import datetime
from typing import Any

from customer_context.cases.case_state import What
from runtime.errors import NotFound
from services import case_flow, case_steps, dispute_progress, trip_counting
from services.dispute_progress import CASE_TYPE, CLAIMED, WHOLE_TRIP
from store.people import customers
from store.postgres.merged import same_as
from store.postgres.pool import Connection

_OVER = "resolved"


def open_(
    connection: Connection,
    tenant: str,
    customer: str,
    trip: str,
    event: tuple[str, datetime] | None,
    reason: str,
    words: str,
    author: str,
    now_us: int,
) -> dict[str, Any]:
    """Open the case about a trip or an event, or add to the one that is open; return the case.

    trip : its id. event : kind and begin; None = the whole trip. reason : one of
    contracts.trip_counting.REASONS. Raises `NotFound` for what is not the customer's, or without
    consent to the score.
    """
    row = trip_counting.find(connection, tenant, trip)
    person = customers.person(connection, tenant, customer)
    if person is None or row["customer"] not in same_as(connection, tenant, customer):
        raise NotFound(f"there is no trip {trip!r}")
    at = row["start_at"] + (row["end_at"] - row["start_at"]) / 2 if event is None else event[1]
    data = {
        **dispute_progress.said_at(at, person.timezone),
        "disputed": WHOLE_TRIP if event is None else event[0],
        "disputed_because": reason,
    }
    subject = f"vehicle:{row['vehicle']}"
    case = _open_one(connection, tenant, customer, subject, data)
    if case is None:
        case = case_steps.open_(
            connection, tenant, CASE_TYPE, author, now_us, customer=customer, subject=subject
        )
        case_steps.act(
            connection, tenant, case["case_id"], author, now_us, What.COMPLETE, item=CLAIMED,
            data=data,
        )  # fmt: skip
    elif not words:
        words = f"disputed again: {reason}"
    if words:
        case_flow.note(connection, tenant, case["case_id"], author, words, now_us)
    return case


def _open_one(
    connection: Connection, tenant: str, customer: str, subject: str, data: dict[str, str]
) -> dict[str, Any] | None:
    """Return the open case about the same trip or event."""
    for case in case_flow.list_(connection, tenant, reader=customer, customer=customer):
        if (case["kind"], case["subject"]) == (CASE_TYPE, subject) and case["state"] != _OVER:
            plan = case_steps.plan_of(connection, tenant, case["case_id"])
            same = ("trip_day", "trip_time", "disputed")
            if plan is not None and all(plan.state.data.get(k) == data[k] for k in same):
                return case
    return None
