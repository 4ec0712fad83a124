"""Vehicles: the list, and one vehicle with trips, events and score; paths for its customer only.

Others see the speed of a trip as means of 30 s (docs/adr/0034).
"""

from datetime import datetime
from typing import Any

import numpy as np
from starlette.responses import Response

from api.http import paging
from api.http.problems import not_found
from api.http.scopes import Scope
from api.pages.frame.formats import Formats
from api.pages.frame.lists import ROWS, Row, counted, cursor, one_page
from api.pages.frame.view import View
from api.pages.plots import driving as driving_plots
from api.resources import scores
from api.resources.subjects import Subject
from contracts.kinds import COUNTED_BY_SEVERITY
from contracts.purposes import Purpose
from contracts.trip_counting import REASONS
from contracts.trip_quality import TripQuality, marks
from services import car_axes, trip_counting, trip_disputes, visibility
from services.score_average import SETTLED_M
from services.visibility import Kind
from store.people import consent
from store.people.read_log import of_rows
from store.postgres.merged import same_as
from store.postgres.times import to_us
from store.reads import driving
from store.reads import pages as reads
from store.reads.scoring import Which

_PURPOSE = Purpose.DRIVING_SCORE
_TRIPS = 15
_EVENTS = 12
_MAX_SAMPLES = 50_000
_MAX_WORDS = 2_000


def _own(view: View) -> str | None:
    """Return the customer to restrict the list to; None if the role sees all consented vehicles."""
    return None if view.may(Scope.TRIPS_READ) else view.caller.customer


def fleet(view: View) -> Response:
    """GET /fleet"""
    after = cursor(view, "vehicles", paging.text)
    found = reads.vehicles(
        view.connection,
        view.tenant,
        _PURPOSE,
        view.now,
        customer=_own(view),
        after=None if after is None else after[0],
        limit=ROWS + 1,
    )
    shown, next_ = one_page(found, "vehicles", "vehicle")
    shown = _shown(view, Kind.LAST_TRIP, shown)
    view.log(of_rows(shown, "vehicle", "vehicle"), "driving scores", _PURPOSE)
    _add_scores(view, shown)
    total = len(shown)
    if _own(view) is None:
        most = reads.COUNTED_SLOWLY
        total = reads.count_vehicles(view.connection, view.tenant, _PURPOSE, view.now, most)
    count = counted(len(shown), total, reads.COUNTED_SLOWLY)
    return view.page("fleet.html", vehicles=shown, next=next_, count=count)


def _shown(view: View, kind: Kind, rows: list[Row], customer: str | None = None) -> list[Row]:
    return visibility.shown(
        view.connection,
        view.tenant,
        kind,
        rows,
        reader=view.caller.customer,
        customer=customer,
    )


def _scored(view: View) -> bool:
    return view.may(Scope.SCORES_READ) or view.may(Scope.DATA_READ)


def _add_scores(view: View, rows: list[Row]) -> None:
    """Add each vehicle's `score`; None without the scope or the consent."""
    scored = [row for row in rows if row["granted"] and _scored(view)]
    pairs = [(row["customer"], row["vehicle"]) for row in scored]
    found = scores.explained_vehicles(view.connection, view.tenant, pairs)
    for row in rows:
        row["score"] = None
    for row, score in zip(scored, found, strict=True):
        row["score"] = score


def _score(view: View, row: Row) -> scores.DrivingScore | None:
    """Return the driver's score in this vehicle; None without the scope or the consent."""
    if not row["granted"] or not _scored(view):
        return None
    which = Which(view.tenant, row["customer"], vehicle=row["vehicle"])
    granted = consent.granted_of(view.connection, view.tenant, row["customer"])
    name = f"vehicle:{row['vehicle']}"
    return scores.explained(
        view.connection, Subject(name, row["customer"], which, granted.get(_PURPOSE))
    )


def vehicle(view: View) -> Response:
    """GET /vehicles/{vehicle}"""
    found = reads.vehicles(
        view.connection,
        view.tenant,
        _PURPOSE,
        view.now,
        customer=_own(view),
        vehicle=view.request.path_params["vehicle"],
        limit=1,
    )
    if not found:
        raise not_found()
    row = found[0]
    which = Which(view.tenant, row["customer"], vehicle=row["vehicle"])
    after = cursor(view, "trips", paging.instant, paging.number)
    read = driving.trips(view.connection, which, after=after, limit=_TRIPS + 1)
    trips, next_ = one_page(read, "trips", "start_at", "device_id", size=_TRIPS)
    trips = _shown(view, Kind.TRIP, trips, row["customer"])
    for trip in trips:
        trip["key"] = f"{trip['device_id']}-{to_us(trip['start_at'])}"
        trip["marks"] = marks(trip["quality"])
        trip["harsh"] = sum(sum(trip[column]) for column in COUNTED_BY_SEVERITY)
    view.log(of_rows([row], "vehicle", "vehicle"), "trips and score", _PURPOSE)
    spans = [(trip["device_id"], trip["start_at"], trip["end_at"]) for trip in trips]
    decisions = trip_counting.decided(view.connection, view.tenant, spans)
    for trip in trips:
        trip["taken_out"] = trip_counting.taken_out(decisions[trip["key"]])
    events = _shown(view, Kind.EVENT, reads.events(view.connection, spans), row["customer"])
    score = _score(view, row)
    f = Formats(view.language, view.timezone)
    return view.page(
        "vehicle.html",
        vehicle=row,
        trips=trips,
        next=next_,
        marks=[mark for mark in TripQuality if any(mark in trip["marks"] for trip in trips)],
        events=events[:_EVENTS],
        more_events=max(0, len(events) - _EVENTS),
        mileage=driving.mileage(view.connection, which),
        scored=_scored(view),
        score=score,
        factors=driving_plots.factors(
            [part.model_dump() for part in score.components], view.text, f
        )
        if score is not None and score.score is not None
        else None,
        settled_m=SETTLED_M,
        average=sum(part.points_of_average or 0.0 for part in score.components)
        if score is not None
        else 0.0,
        drive=_drive(view, which, trips, f),
    )


def _drive(view: View, which: Which, trips: list[Row], f: Formats) -> dict[str, Any] | None:
    """Plot the speed of one trip, for its own customer also path and accelerations."""
    wanted = view.request.query_params.get("trip")
    trip = next((each for each in trips if each["key"] == wanted), None)
    if trip is None and wanted:
        trip = _earlier_trip(view, which, wanted)
    if trip is None:
        trip = trips[0] if trips else None
    if trip is None:
        return None
    span = (trip["device_id"], trip["start_at"], trip["end_at"])
    own = view.caller.customer
    if own is not None and which.customer in same_as(view.connection, view.tenant, own):
        samples = reads.own_samples(view.connection, *span, _MAX_SAMPLES)
        events = reads.own_events(view.connection, *span)
        path = driving_plots.path(samples, events, view.text, f)
        felt = _felt(samples)
    else:
        samples = reads.trip_speed(view.connection, *span[:2])
        events = _shown(view, Kind.EVENT, reads.events(view.connection, [span]), which.customer)
        path, felt = None, None
    return {
        "trip": trip,
        "counting": _counting(view, trip, events),
        "events": len(events),
        "speed": driving_plots.speed(samples, events, view.text, f) if samples["at"] else None,
        "path": path,
        "felt": None if felt is None else driving_plots.accelerations(felt, events, view.text, f),
        "felt_source": None if felt is None else felt.source,
    }


def _felt(samples: dict[str, list[Any]]) -> car_axes.Accelerations | None:
    """Find the accelerations of a trip in its samples."""
    t_us = np.array([to_us(at) for at in samples["at"]], np.int64)
    columns = {
        name: np.array(samples[name], np.float64)
        for name in car_axes.COLUMNS
        if name in samples and t_us.size
    }
    return car_axes.accelerations(t_us, columns)


def _counting(view: View, trip: Row, events: list[Row]) -> dict[str, Any]:
    """What has been decided about a trip and its events, and what may be chosen."""
    span = (trip["device_id"], trip["start_at"], trip["end_at"])
    key = f"{trip['device_id']}-{to_us(trip['start_at'])}"
    return {
        "key": key,
        "decisions": trip_counting.decided(view.connection, view.tenant, [span])[key],
        "events": [event for event in events if event["kind"] in trip_counting.EVENTS],
        "reasons": REASONS,
        "writes": view.may(Scope.SCORES_WRITE),
        "disputes": view.caller.customer is not None and view.may(Scope.INBOX_WRITE),
    }


def count(view: View) -> Response:
    """POST /vehicles/{vehicle}: take a trip or an event out of the score, or put it back.

    Of a customer it opens a case, in which a person decides.
    """
    vehicle_, form = view.request.path_params["vehicle"], view.form
    key, what = form.get("trip", ""), form.get("what", "")
    trip = trip_counting.find(view.connection, view.tenant, key)
    if trip["vehicle"] != vehicle_:
        raise not_found()
    kind, _, start = what.partition(" ")
    at = view.instant(start) if what else None
    counts = form.get("action") == "again"
    reason = form.get("reason", "")
    if (what and at is None) or not (counts or reason in REASONS):
        return view.go(f"/vehicles/{vehicle_}?trip={key}")
    if view.caller.customer is not None:
        words = form.get("words", "").strip()[:_MAX_WORDS].replace("\x00", "")
        case = trip_disputes.open_(
            view.connection, view.tenant, view.caller.customer, key,
            None if at is None else (kind, at), reason, words,
            f"customer:{view.caller.customer}", view.now_us,
        )  # fmt: skip
        return view.go(f"/my-case/{case['case_id']}", "disputed")
    asked = trip_counting.Asked(
        view.tenant, key, None if at is None else (kind, at), counts, None if counts else reason
    )
    trip_counting.decide(view.connection, asked, view.caller.name, view.now_us)
    done = "counts_again" if counts else "taken_out"
    return view.go(f"/vehicles/{vehicle_}?trip={key}", done)


def _earlier_trip(view: View, which: Which, key: str) -> Row | None:
    device, _, start = key.partition("-")
    try:
        at = datetime.fromtimestamp(int(start) / 1e6, view.now.tzinfo)
        return driving.trip(view.connection, which, int(device), at)
    except (ValueError, OverflowError, OSError):
        return None
