"""Cases: the queue, and one case with its deadline, diary, signals and contacts."""

from starlette.responses import Response

from api.http import paging
from api.http.problems import not_found
from api.http.scopes import Scope
from api.pages.alerts import form_version
from api.pages.frame.lists import ROWS, Row, chosen, cursor, one_page
from api.pages.frame.view import View
from customer_context.cases.states import ACTIONS, STATES
from services import alert_flow, case_flow, contact_flow
from store.people.read_log import of_rows

_MAX_TEXT = 4_000


def case_list(view: View) -> Response:
    """GET /cases"""
    state = chosen(view, "state", STATES)
    found = case_flow.list_(
        view.connection,
        view.tenant,
        side=view.caller.side,
        state=state,
        after=cursor(view, "cases", paging.instant, paging.text),
        limit=ROWS + 1,
    )
    shown, next_ = one_page(found, "cases", "opened_at", "case_id")
    view.load_names(row["subject"] for row in shown)
    view.log(of_rows(shown, "case", "case_id"), "cases", "cases")
    return view.page("cases.html", cases=shown, next=next_, state=state, states=STATES)


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
    return view.page(
        "case.html",
        case=row,
        entries=case_flow.diary(view.connection, row),
        signal=signal,
        alert=alert_flow.visible(view.connection, view.tenant, row["signal_id"])
        if signal is not None and view.may(Scope.ALERTS_READ)
        else None,
        contacts=sent,
        writes=view.may(Scope.CASES_WRITE),
    )


def act(view: View) -> Response:
    """POST /cases/{case}: take up, add a note, resolve or reopen."""
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
    done = {"take": "taken", "resolve": "case_resolved", "reopen": "reopened"}
    return view.go(f"/cases/{case_id}", done[action])
