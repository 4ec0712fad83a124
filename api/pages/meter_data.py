"""The meter-data manager's page: corrections that wait; what is ready to bill or not, and why."""

import re
from datetime import date
from zoneinfo import ZoneInfo

from starlette.responses import Response

from api.http.problems import not_found
from api.http.scopes import Scope
from api.pages.frame.view import View
from api.pages.readings import kwh_of
from runtime.errors import Invalid, NotAllowed
from services import billing_periods, meter_corrections, meter_events, meter_reading
from store.people.read_log import ObjectRead, of_rows

_PATH = "/meter-data"
_CORRECTION = re.compile(r"[0-9a-f]{24}")
_READING = re.compile(r"[0-9a-f]{32}")
_MOST_CHARACTERS = 500
_MOST_EVENTS = 50
_AGAIN = (meter_events.Acknowledged.NOBODY, meter_events.Acknowledged.FAILED)


def show(view: View) -> Response:
    """GET /meter-data"""
    return _page(view)


def act(view: View) -> Response:
    """POST /meter-data: decide a correction, ask for one, release a period, send events again."""
    form, action = view.form, view.form.get("action", "")
    try:
        with view.connection.transaction():
            if action in ("approve", "reject"):
                return _decide(view, action == "approve")
            if action == "correct":
                return _ask(view)
            if action == "resend":
                meter_events.send_again(view.connection, view.tenant, view.now_us)
                return view.go(f"{_PATH}#h-events", "sent_again")
            if action in ("release", "release_anyway"):
                billing_periods.release(
                    view.connection, view.tenant, form.get("contract", "")[:64],
                    *_period(view), view.caller.name, view.now_us,
                    confirmed=action == "release_anyway",
                )  # fmt: skip
                start, end = _period(view)
                return view.go(f"{_PATH}?start={start}&end={end}", "released")
    except (Invalid, NotAllowed) as error:
        return _page(view, str(error))
    raise not_found()


def _decide(view: View, approved: bool) -> Response:
    request_id = view.form.get("correction", "")
    if not _CORRECTION.fullmatch(request_id):
        raise not_found()
    meter_corrections.decide_correction(
        view.connection, view.caller.actor, view.caller.name, request_id, approved=approved,
        note=view.form.get("note", "").strip()[:_MOST_CHARACTERS], now_us=view.now_us,
    )  # fmt: skip
    return view.go(_PATH, "corrected" if approved else "rejected")


def _ask(view: View) -> Response:
    reading, reason = view.form.get("reading_id", ""), view.form.get("reason", "").strip()
    kwh = kwh_of(view.form.get("reading", ""))
    if not _READING.fullmatch(reading):
        raise not_found()
    if kwh is None or len(reason) < 3:
        raise Invalid("reading, reason: expected a number, and why it is corrected")
    meter_corrections.ask_correction(
        view.connection, view.caller.actor, view.caller.name, reading, kwh,
        reason[:_MOST_CHARACTERS], view.now_us,
    )  # fmt: skip
    return view.go(_PATH, "correction_asked")


def _period(view: View) -> tuple[date, date]:
    """Return the period that the page shows: by default the last year. Raises `Invalid`."""
    given = view.form if view.request.method == "POST" else dict(view.query)
    year = view.now.astimezone(ZoneInfo(view.timezone)).year
    try:
        return (
            date.fromisoformat(given.get("start") or f"{year - 1}-01-01"),
            date.fromisoformat(given.get("end") or f"{year}-01-01"),
        )
    except ValueError:
        raise Invalid("expected dates like 2026-01-01") from None


def _page(view: View, problem: str | None = None) -> Response:
    start, end = date(2000, 1, 1), date(2000, 1, 2)
    periods: list[billing_periods.Period] = []
    try:
        start, end = _period(view)
        periods = billing_periods.periods(view.connection, view.tenant, start, end)
    except Invalid as error:
        problem = problem or str(error)
    corrections = meter_corrections.waiting(view.connection, view.tenant, view.now_us)
    view.log(of_rows(corrections, "meter", "meter"), "corrections", meter_reading.PURPOSE)
    read = {ObjectRead(one.customer, "meter", one.meter) for one in periods}
    view.log(read, "readiness to bill", meter_reading.PURPOSE)
    events = meter_events.shown(view.connection, view.tenant, open_only=True, limit=_MOST_EVENTS)
    view.log(of_rows(events, "meter", "meter"), "events for billing", meter_reading.PURPOSE)
    view.load_names(
        f"meter:{meter}"
        for meter in [
            *(one["meter"] for one in (*corrections, *events)),
            *(one.meter for one in periods),
        ]
    )
    return view.page(
        "meter_data.html",
        200 if problem is None else 422,
        corrections=corrections,
        events=events,
        may_resend=any(one["state"] in _AGAIN for one in events),
        missing=[one for one in periods if one.missing],
        ready=[one for one in periods if not one.missing],
        start=start,
        end=end,
        problem=problem,
        person=view.caller.person,
        may_write=view.may(Scope.METER_DATA_WRITE),
    )
