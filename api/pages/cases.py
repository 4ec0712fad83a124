"""Cases: the work queue, and one case with whom to call, what happened and what to write down."""

from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from starlette.responses import Response

from api.http import paging
from api.http.problems import Problem, not_found
from api.http.scopes import Scope
from api.pages import case_steps, words
from api.pages import work_queue as work_queue_pages
from api.pages.alerts import form_version
from api.pages.frame.formats import Formats
from api.pages.frame.lists import ROWS, Row, chosen, counted, cursor, one_page
from api.pages.frame.view import View
from api.resources import contact_points
from api.resources.work_queue import asking
from contracts.kinds import SignalType
from customer_context.cases import outcomes
from customer_context.cases.states import ACTIONS, STATES
from services import (
    alert_flow,
    case_about,
    case_files,
    case_flow,
    case_links,
    contact_flow,
    work_queue,
)
from store.casework.filters import Queue
from store.people.read_log import of_rows

_MAX_TEXT = 4_000
KINDS = ("crash-call-back", "meter-anomaly")
"""Kinds of the shipped playbooks, in the filter; any other can stand in the URL."""
WHO = ("fits", "mine", "nobody")
SIDES = ("insurer", "utility")


def _queue(view: View) -> Queue:
    """Return the filters of the URL."""
    who = chosen(view, "who", WHO)
    owner = (view.request.query_params.get("owner") or "")[:200].replace("\x00", "")
    overdue = view.request.query_params.get("overdue") == "1"
    return Queue(
        side=view.caller.side or chosen(view, "side", SIDES),
        state=chosen(view, "state", STATES),
        kind=(view.request.query_params.get("kind") or "")[:64].replace("\x00", "") or None,
        owner=view.caller.name if who == "mine" else owner or None,
        nobody=who == "nobody",
        due_before=view.now if overdue else None,
    )


def case_list(view: View) -> Response:
    """GET /cases: the work queue, most urgent first; resolved cases newest first."""
    which, fits = _queue(view), chosen(view, "who", WHO) == "fits"
    if fits:
        found = work_queue.fitting(
            view.connection,
            view.tenant,
            asking(view.caller),
            view.now,
            side=which.side,
            kind=which.kind,
            after=cursor(view, "queue", paging.instant, paging.text),
            limit=ROWS + 1,
        )
        shown, next_ = one_page(found, "queue", "rank_at", "case_id")
    elif which.state == "resolved":
        found = case_flow.list_(
            view.connection,
            view.tenant,
            side=which.side,
            state="resolved",
            owner=which.owner,
            after=cursor(view, "cases", paging.instant, paging.text),
            limit=ROWS + 1,
        )
        shown, next_ = one_page(found, "cases", "opened_at", "case_id")
    else:
        found = case_flow.queue(
            view.connection,
            view.tenant,
            which,
            after=cursor(view, "queue", paging.instant, paging.text),
            limit=ROWS + 1,
        )
        shown, next_ = one_page(found, "queue", "rank_at", "case_id")
    view.load_names(
        name
        for row in shown
        for name in (row["subject"], row["customer"] and f"customer:{row['customer']}")
    )
    view.log(of_rows(shown, "case", "case_id"), "cases", "cases")
    return view.page(
        "cases.html",
        cases=shown,
        next=next_,
        which=which,
        who=chosen(view, "who", WHO),
        states=STATES,
        kinds=sorted({*KINDS, *([which.kind] if which.kind else [])}),
        sides=() if view.caller.side else SIDES,
        count=None
        if fits
        else counted(len(shown), case_flow.count(view.connection, view.tenant, which)),
        queues=_queues(view, which, fits),
    )


def _queues(view: View, which: Queue, fits: bool) -> list[tuple[str, str, int | None, bool]]:
    """Return the queues above the list: name, path, number of cases, whether it is shown."""
    counts = waiting(view)
    now = "fits" if fits else "overdue" if which.due_before else "mine" if which.owner else "all"
    now = "nobody" if which.nobody else now
    paths = {"all": "", "fits": "?who=fits", "mine": "?who=mine", "overdue": "?overdue=1",
             "nobody": "?who=nobody"}  # fmt: skip
    return [(name, f"/cases{path}", counts.get(name), name == now) for name, path in paths.items()]


def waiting(view: View) -> dict[str, int]:
    """Count what waits: all, overdue, mine, nobody's."""
    all_ = Queue(side=view.caller.side)
    return {
        name: case_flow.count(view.connection, view.tenant, which)
        for name, which in (
            ("all", all_),
            ("overdue", replace(all_, due_before=view.now)),
            ("mine", replace(all_, owner=view.caller.name)),
            ("nobody", replace(all_, nobody=True)),
        )
    }


def _visible(view: View) -> Row:
    row = case_flow.visible(
        view.connection, view.tenant, view.caller.side, view.request.path_params["case"]
    )
    if row is None:
        raise not_found()
    return row


def case(view: View) -> Response:
    """GET /cases/{case}"""
    row = _visible(view)
    view.log(of_rows([row], "case", "case_id"), "case", "cases")
    view.load_names([row["subject"], row["customer"] and f"customer:{row['customer']}"])
    signal = case_flow.signal_of(view.connection, row)
    sent = (
        contact_flow.list_(
            view.connection,
            view.tenant,
            case_id=row["case_id"],
            side=view.caller.side,
            limit=ROWS,
        )
        if view.may(Scope.CONTACTS_READ)
        else []
    )
    view.log(of_rows(sent, "contact", "contact_id"), "contacts", "contacts")
    about = case_about.of_case(view.connection, row)
    points = contact_points.to_call(view.connection, view.deps, row, view.now_us)
    if points:
        view.log(contact_points.reads(row["customer"], points), "contact points", "cases")
    return view.page(
        "case.html",
        case=row,
        about=about,
        plan=case_steps.shown(view, row, about.language),
        points=points,
        outcomes=outcomes.possible(row),
        entries=case_flow.diary(view.connection, row),
        signal=signal,
        crash=_crash(view, signal),
        alert=alert_flow.visible(view.connection, view.tenant, row["signal_id"])
        if signal is not None and view.may(Scope.ALERTS_READ)
        else None,
        contacts=sent,
        links=case_links.of_case(view.connection, view.tenant, row["case_id"]),
        files=[]
        if row["withdrawn"] is not None
        else case_files.of_case(view.connection, view.tenant, row["case_id"]),
        writes=view.may(Scope.CASES_WRITE),
        whose=work_queue_pages.owner_of(view, row) if view.may(Scope.CASES_WRITE) else None,
    )


def _crash(view: View, signal: dict[str, Any] | None) -> str | None:
    if signal is None or signal["type"] != SignalType.VEHICLE_CRASH:
        return None
    return words.crash(signal["data"], view.text, Formats(view.language, view.timezone))


def act(view: View) -> Response:
    """POST /cases/{case}: take up, add a note or an outcome, resolve or reopen."""
    row = _visible(view)
    form, case_id = view.form, row["case_id"]
    action = form.get("action", "")
    text = form.get("text", "").strip()[:_MAX_TEXT]
    who, now_us = view.caller.name, view.now_us
    if action == "note":
        if text:
            case_flow.note(view.connection, view.tenant, case_id, who, text, now_us)
        return view.go(f"/cases/{case_id}", "noted" if text else None)
    version = form_version(view)
    if action in outcomes.possible(row):
        after = case_flow.outcome(
            view.connection,
            view.tenant,
            case_id,
            who,
            now_us,
            action,
            call_back_at=_call_back_at(view),
            note=text or None,
            expected_version=version,
        )
        done = "case_resolved" if after["state"] == "resolved" else "call_again"
        return view.go(f"/cases/{case_id}", done)
    if action not in ACTIONS:
        return view.go(f"/cases/{case_id}")
    case_flow.change(
        view.connection,
        view.tenant,
        case_id,
        who,
        now_us,
        state=ACTIONS[action],
        owner=who if action == "take" else None,
        resolution=(text or None) if action == "resolve" else None,
        expected_version=version,
    )
    done_of = {"take": "taken", "resolve": "case_resolved", "reopen": "reopened"}
    return view.go(f"/cases/{case_id}", done_of[action])


def _call_back_at(view: View) -> datetime | None:
    """Return the time of the form, in the tenant's time zone. Raises the problem `invalid`."""
    text = view.form.get("call_back_at", "").strip()
    if not text:
        return None
    try:
        return datetime.fromisoformat(text[:25]).replace(tzinfo=ZoneInfo(view.timezone))
    except ValueError:
        raise Problem(422, "invalid", "no time", "Give date and time.") from None
