"""Decide whether a trip, or an event of one, counts in the driving score: disputes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from contracts.purposes import Purpose
from contracts.trip_counting import REASONS, CountingReason
from customer_context.scoring.counting import EVENTS as EVENTS
from runtime.errors import NotFound, Usage
from services import case_texts, driving_scores
from store.casework import cases, trip_counting
from store.people import consent
from store.postgres import roles
from store.postgres.merged import same_as
from store.postgres.pool import Connection
from store.postgres.times import from_us, to_us
from store.reads import pages, scoring


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be decided.

    trip : its id as answers have it, device and begin in µs. event : kind and begin; None = the
    whole trip. reason : one of REASONS; of `counts` nothing. case_id : where it was decided.
    """

    tenant: str
    trip: str
    event: tuple[str, datetime] | None
    counts: bool
    reason: str | None = None
    case_id: str | None = None


def decide(connection: Connection, asked: Asked, by: str, now_us: int) -> dict[str, Any]:
    """Record the decision and the customer's score after it; write it into the case, if any.

    Returns the decision, and `score` before and after it, None = no score.

    Raises `NotFound` for a trip or event that is not the customer's, a case that is another
    customer's, or without consent to the score, and `Usage` for a reason or kind nobody knows.
    """
    if not asked.counts and asked.reason not in REASONS:
        raise Usage(f"reason: expected one of {', '.join(REASONS)}")
    trip = find(connection, asked.tenant, asked.trip)
    device, start, end = trip["device_id"], trip["start_at"], trip["end_at"]
    which = scoring.Which(asked.tenant, trip["customer"])
    at, event = start + (end - start) / 2, None
    if asked.event is not None:
        at, event = _event(connection, (device, start, end), *asked.event)
    case = None
    if asked.case_id is not None:
        case = cases.lock(connection, asked.tenant, asked.case_id)
        if case["customer"] not in same_as(connection, asked.tenant, which.customer):
            raise NotFound(f"there is no case {asked.case_id!r} of this driver")
    before = driving_scores.of_subject(connection, which)[1].score
    reason = CountingReason.COUNTS_AGAIN if asked.counts else CountingReason(str(asked.reason))
    trip_counting.put(
        connection, asked.tenant, which.customer, device, at, event, asked.counts, reason,
        asked.case_id, by, from_us(now_us),
    )  # fmt: skip
    after = driving_scores.record(connection, asked.tenant, which.customer, from_us(now_us), now_us)
    if case is not None:
        what = f"{asked.event[0]} of {asked.event[1]:%Y-%m-%d %H:%M}" if asked.event else "trip"
        counts = "counts again" if asked.counts else f"does not count ({asked.reason})"
        text = f"driving score: {what} of trip {asked.trip} {counts}"
        text += f"; score {_said(before)} before, {_said(after.score)} after"
        case_texts.write(connection, case, by, now_us, entries=[("note", text)])
    row = decided(connection, asked.tenant, [(device, start, end)])[asked.trip][-1]
    return {**row, "score_before": _known(before), "score_after": _known(after.score)}


def decided(
    connection: Connection, tenant: str, trips: Sequence[tuple[int, datetime, datetime]]
) -> dict[str, list[dict[str, Any]]]:
    """Return trip id → the decisions about it, in order. trips : device_id, start_at, end_at."""
    rows = trip_counting.of_devices(connection, tenant, sorted({device for device, *_ in trips}))
    return {
        f"{device}-{to_us(start)}": [
            row for row in rows if row["device_id"] == device and start <= row["at"] <= end
        ]
        for device, start, end in trips
    }


def taken_out(decisions: Sequence[dict[str, Any]]) -> str | None:
    """Return why a whole trip does not count by its decisions; None = nobody has decided so."""
    last = [row for row in decisions if row["event"] is None][-1:]
    return last[0]["reason"] if last and not last[0]["counts"] else None


def find(connection: Connection, tenant: str, trip: str) -> dict[str, Any]:
    """Return customer, vehicle, device_id, start_at and end_at of a trip that may be scored.

    Raises `NotFound`.
    """
    roles.set_tenant_scope(connection, (tenant,))
    device, _, start = trip.partition("-")
    try:
        row = scoring.trip_of(connection, tenant, int(device), from_us(int(start)))
    except (ValueError, OverflowError):
        row = None
    if row is not None:
        granted = consent.granted_of(connection, tenant, row["customer"])
        if Purpose.DRIVING_SCORE in granted:
            return row
    raise NotFound(f"there is no trip {trip!r}")


def _event(
    connection: Connection, span: tuple[int, datetime, datetime], kind: str, start: datetime
) -> tuple[datetime, tuple[str, int, float]]:
    if kind not in EVENTS:
        raise Usage(f"event: expected one of {', '.join(EVENTS)}")
    for row in pages.events(connection, [span]):
        if row["kind"] == kind and row["start_at"] == start:
            return start, (kind, int(row["severity"]), float(row["duration_s"]))
    raise NotFound(f"there is no {kind} at {start.isoformat()} in this trip")


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _said(score: float) -> str:
    return "unknown" if np.isnan(score) else f"{score:.1f}"
