"""The reading of a meter on a phone: answers while typing, confirmed or corrected, kept offline."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote
from uuid import uuid4

from starlette.responses import JSONResponse, Response

from api.http.problems import Problem
from api.http.scopes import Scope
from api.pages.frame import assets
from api.pages.frame.formats import Formats
from api.pages.frame.view import HEADERS, View
from customer_context.metering import words
from customer_context.metering.reading_check import Judgement, Verdict
from runtime.errors import Invalid, NotAllowed, NotFound
from services import matter, meter_reading
from services.meter_reading import Given, MeterRead, Questioned
from store.people import readings
from store.people.read_log import ObjectRead
from store.postgres.merged import same_as
from store.postgres.pool import Connection

PATH = "/reading/"
_KEY = re.compile(r"[0-9a-f-]{8,64}")
_NUMBER = re.compile(r"\d{1,9}(?:[.,]\d{1,3})?")
_SANDBOX = "default-src 'none'; sandbox; frame-ancestors 'none'"
_SHOWN = 5
WIDE, MARGIN = 320.0, 12.0
"""Of the drawn range, in units of its view box."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """The expected range on an axis of kWh: positions in the view box. at : of the reading."""

    begin: float
    end: float
    low: float
    high: float
    at: float | None


def drawn(found: Judgement) -> Drawn | None:
    """Draw the expected range of a reading; None where nothing is expected."""
    if found.low is None or found.high is None:
        return None
    span = max(found.high - found.low, 1.0)
    begin, end = found.low - span, found.high + span
    scale = (WIDE - 2 * MARGIN) / (end - begin)

    def place(kwh: float) -> float:
        return round(MARGIN + (min(max(kwh, begin), end) - begin) * scale, 1)

    return Drawn(begin, end, place(found.low), place(found.high), place(found.reading))


def _meter(view: View) -> MeterRead:
    """Return the meter of the path. Raises `NotFound`."""
    caller = view.caller
    found = meter_reading.meter_at(
        view.connection, view.tenant, view.request.path_params["meter"][:64], view.now,
        caller.customer if caller.role == "customer" else None,
    )  # fmt: skip
    read = ObjectRead(found.customer, "meter", found.meter)
    view.log({read}, "reading", meter_reading.PURPOSE)
    return found


def show(view: View) -> Response:
    """GET /reading/{meter}"""
    return _page(view, _meter(view))


def check(view: View) -> Response:
    """POST /reading/{meter}/check: what the page shows while somebody types, as JSON."""
    return judged(view, view.connection, _meter(view))


def judged(view: View, connection: Connection, meter: MeterRead) -> Response:
    """Judge what somebody has typed."""
    kwh = kwh_of(view.form.get("reading", ""))
    if kwh is None:
        return view.finish(JSONResponse({"verdict": None}, 422))
    found = meter_reading.check(connection, meter, view.now, kwh)
    question = words.question(found, meter.number)
    place = drawn(found)
    return view.finish(
        JSONResponse(
            {
                "verdict": found.verdict,
                "says": view.text.of("reading.verdict", found.verdict),
                "reason": _reason(view, found),
                "question": question and question[view.language],
                "fine": found.verdict in (Verdict.PLAUSIBLE, Verdict.UNKNOWN),
                "at": None if place is None else place.at,
            }
        )
    )


def enter(view: View) -> Response:
    """POST /reading/{meter}: enter it; by the page's worker with a key of its own."""
    meter, form = _meter(view), view.form
    own = view.caller.customer if view.caller.role == "customer" else None
    source = "customer" if own or form.get("by_customer") == "1" else "utility"
    author = view.caller.name if own is None else matter.author_of(own)

    def work() -> None:
        given = given_in(view, source, author, f"page\0{view.caller.key_id}")
        with view.connection.transaction():
            meter_reading.enter(view.connection, view.deps.box, meter, given, view.now_us)

    return sent(
        view,
        work,
        lambda asked, problem, status: _page(view, meter, asked, problem=problem, status=status),
        _path(meter),
    )


def given_in(view: View, source: str, author: str, of: str) -> Given:
    """Return what the form says. of : begins the key of the entry. Raises `Invalid`."""
    key = view.form.get("key") or view.form.get("once", "")
    kwh = kwh_of(view.form.get("reading", ""))
    if kwh is None or not _KEY.fullmatch(key):
        raise Invalid("reading: expected a number")
    return Given(
        at=view.now, kwh=kwh, source=source, author=author, key=f"{of}\0{key}",
        confirmed=view.form.get("confirmed") == "1",
        photo=view.uploads[0] if view.uploads else None,
    )  # fmt: skip


def sent(
    view: View,
    work: Callable[[], None],
    page: Callable[[Judgement | None, str | None, int], Response],
    path: str,
) -> Response:
    """Enter a reading and answer the form, or the page's worker, which sends until it is answered.

    page : shows the form again, with a question or a problem. path : where it leads then.
    """
    by_worker = "key" in view.form
    try:
        work()
    except Questioned as error:
        if by_worker:
            return view.finish(JSONResponse({"result": "questioned"}, 422))
        return page(error.judgement, None, 409)
    except (Invalid, NotAllowed, NotFound, Problem) as error:
        if by_worker:
            return view.finish(JSONResponse({"result": "refused"}, 422))
        return page(None, _problem(view, error), 422)
    if by_worker:
        return view.finish(JSONResponse({"result": "done"}))
    return view.go(path, "reading_entered")


def photo(view: View) -> Response:
    """GET /reading/{meter}/photos/{reading}"""
    meter = _meter(view)
    reading = view.request.path_params["reading"][:64]
    row = readings.get(view.connection, view.tenant, reading)
    mine = same_as(view.connection, view.tenant, meter.customer)
    if row is None or row["meter"] != meter.meter or row["customer"] not in mine:
        raise NotFound(f"there is no reading {reading!r}")
    content = meter_reading.photo_of(view.connection, view.deps.box, view.tenant, reading)
    headers = {**HEADERS, "Content-Security-Policy": _SANDBOX, "Content-Disposition": "inline"}
    return Response(content, media_type="image/jpeg", headers=headers)


def worker(view: View) -> Response:
    """GET /reading-worker.js: the service worker of these pages."""
    asset = assets.own()["matter-worker.js"]
    answer = Response(asset.body, media_type=asset.media_type)
    answer.headers.update(HEADERS)
    answer.headers.update({"Service-Worker-Allowed": PATH, "Cache-Control": "no-cache"})
    return answer


def _path(meter: MeterRead) -> str:
    return PATH + quote(meter.meter, safe="")


def kwh_of(text: str) -> float | None:
    """Return a reading as people write it: 34507, 034507, 34507,8."""
    bare = text.replace(" ", "").replace("\u202f", "").replace("\u00a0", "")
    return float(bare.replace(",", ".")) if _NUMBER.fullmatch(bare) else None


def _reason(view: View, found: Judgement) -> str:
    return words.reason(found)[view.language]


def _problem(view: View, error: Exception) -> str:
    if isinstance(error, Invalid | Problem):
        return str(view.text("reading.invalid"))
    return str(view.text("reading.not_now"))


def _page(
    view: View,
    meter: MeterRead,
    asked: Judgement | None = None,
    *,
    problem: str | None = None,
    status: int = 200,
) -> Response:
    mine = same_as(view.connection, view.tenant, meter.customer)
    given: list[dict[str, Any]] = readings.of_meter(
        view.connection, view.tenant, meter.meter, customers=mine, limit=_SHOWN
    )
    return view.page(
        "reading.html",
        status,
        path=_path(meter),
        staff=view.caller.role != "customer",
        problem=problem,
        given=given,
        may_open=view.may(Scope.INBOX_READ),
        may_correct=view.may(Scope.METER_DATA_WRITE) and view.caller.person is not None,
        **form_of(view, view.connection, meter, asked),
    )


def form_of(
    view: View, connection: Connection, meter: MeterRead, asked: Judgement | None
) -> dict[str, Any]:
    """Return what the form shows (reading_form.html). asked : a judgement to confirm."""
    expected = meter_reading.check(connection, meter, view.now, 0.0)
    question = None if asked is None else words.question(asked, meter.number)
    return {
        "meter": meter,
        "once": view.form.get("once") or str(uuid4()),
        "entered": view.form.get("reading", ""),
        "expected": expected,
        "drawn": drawn(asked or expected),
        "asked": asked,
        "reason": None if asked is None else _reason(view, asked),
        "question": question and question[view.language],
        "fm": Formats(view.language, meter.timezone),
    }
