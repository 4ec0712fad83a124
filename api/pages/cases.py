"""Cases: the work queue, and one case with whom to call, what happened and what to write down."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from starlette.responses import Response

from api.http import paging, problems
from api.http.problems import Problem, not_found
from api.http.scopes import Scope
from api.pages import case_steps, words
from api.pages import work_queue as work_queue_pages
from api.pages.alerts import form_version
from api.pages.frame.formats import Formats
from api.pages.frame.lists import ROWS, Row, chosen, counted, cursor, one_page
from api.pages.frame.view import View
from api.pages.matter import sent_by_worker
from api.resources import contact_points
from api.resources.work_queue import asking
from contracts.kinds import SignalType
from customer_context.cases import outcomes
from customer_context.cases.states import ACTIONS, STATES
from runtime.errors import NotAllowed, Stale
from services import (
    alert_flow,
    case_about,
    case_actions,
    case_files,
    case_flow,
    case_links,
    contact_flow,
    crash_labels,
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


@dataclass(frozen=True, slots=True)
class Refused:
    """A form that was refused. Its texts stay on the page. problem : why; form : what was sent."""

    problem: Problem
    form: Mapping[str, str]

    def text(self, name: str, *actions: str) -> str:
        """Return the text of a field, where its form's action is one of these."""
        return self.form.get(name, "") if self.form.get("action") in actions else ""


def _or_refused(view: View, act: Callable[[View], Response]) -> Response:
    """Do what a form asks; where it is refused, show the case with what was entered."""
    try:
        with view.connection.transaction():  # what was done before the refusal is undone
            return act(view)
    except (NotAllowed, Stale, Problem) as error:
        problem = problems.of(error)
        if problem.status not in (409, 412, 422):
            raise
        return _show(view, Refused(problem, view.form))


def case(view: View) -> Response:
    """GET /cases/{case}"""
    return _show(view)


def act(view: View) -> Response:
    """POST /cases/{case}: take up, add a note or an outcome, resolve, reopen, undo."""
    if "key" in view.form:
        return _kept(view)
    return _or_refused(view, _act)


def _kept(view: View) -> Response:
    """Do a note or an outcome that the page's worker has kept while there was no connection."""
    row, form = _visible(view), view.form
    view.log(of_rows([row], "case", "case_id"), "case", "cases")
    case_id, who, action = row["case_id"], view.caller.name, form.get("action", "")
    text = form.get("text", "").strip()[:_MAX_TEXT].replace("\x00", "")

    def says(now: Mapping[str, Any]) -> str:
        said = [view.text.of("case.outcome", action)]
        said.append(
            view.text.of("case.outcome", now["outcome"])
            if now["outcome"]
            else view.text.of("case.state", now["state"])
        )
        return f"{said[0]} ({who}) | {said[1]} ({now['owner'] or view.text('case.nobody')})"

    def work() -> str:
        if action == "note" and text:
            case_flow.note(view.connection, view.tenant, case_id, who, text, view.now_us)
            return case_actions.DONE
        if action not in outcomes.possible(row):
            raise not_found()
        return case_actions.outcome(
            view.connection, view.tenant, case_id, who, action, form.get("base", ""), says,
            view.now_us, call_back_at=_call_back_at(view), note=text,
        )  # fmt: skip

    def notice() -> str:
        if action == "note":
            return "noted"
        now = _visible(view)
        if now["state"] == "resolved":
            return "case_resolved"
        return "outcome_sent" if now["call_back_at"] is None else "call_again"

    return sent_by_worker(view, view.connection, view.tenant, case_id, work, notice)


def act_on_step(view: View) -> Response:
    """POST /cases/{case}/steps: complete or change a step, or report what fits no rule."""
    return _or_refused(view, case_steps.act)


def assign(view: View) -> Response:
    """POST /cases/{case}/owner: take it, pass it on or give it back."""
    return _or_refused(view, work_queue_pages.assign)


def _show(view: View, refused: Refused | None = None) -> Response:
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
        200 if refused is None else refused.problem.status,
        case=row,
        about=about,
        refused=refused,
        undo=_undo(view, row),
        base=case_actions.base_of(row),
        plan=case_steps.shown(view, row, about.language, refused.form if refused else None),
        points=points,
        outcomes=outcomes.possible(row),
        entries=case_flow.diary(view.connection, row),
        signal=signal,
        crash=_crash(view, signal),
        label=None
        if signal is None
        else crash_labels.of_case(view.connection, view.tenant, row["case_id"]),
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


def _undo(view: View, row: Row) -> bool:
    """Return whether the viewer can undo the last outcome."""
    if row["withdrawn"] is not None or not view.may(Scope.CASES_WRITE):
        return False
    who = asking(view.caller)
    try:
        outcomes.undo(row, who.name, view.now, leads=who.leads)
    except NotAllowed:
        return False
    return True


def _act(view: View) -> Response:
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
    if action == "undo":
        leads = asking(view.caller).leads
        case_flow.undo_outcome(
            view.connection, view.tenant, case_id, who, now_us, leads=leads,
            expected_version=version,
        )  # fmt: skip
        return view.go(f"/cases/{case_id}", "outcome_undone")
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
