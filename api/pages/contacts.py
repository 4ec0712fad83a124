"""Contacts: the list, one contact with its delivery attempts, and a customer's inbox."""

from starlette.responses import Response

from api.http import paging
from api.http.problems import not_found
from api.http.scopes import Scope
from api.pages.frame.lists import ROWS, Row, chosen, counted, cursor, one_page
from api.pages.frame.view import View
from customer_context.relevance.usefulness import Reaction
from runtime.errors import NotAllowed
from services import contact_flow
from store.people.read_log import of_rows

_STATES = ("pending", "delivered", "failed", "refused", "cancelled")


def contact_list(view: View) -> Response:
    """GET /contacts"""
    state = chosen(view, "state", _STATES)
    found = contact_flow.list_(
        view.connection,
        view.tenant,
        state=state,
        side=view.caller.side,
        after=cursor(view, "contacts", paging.instant, paging.text),
        limit=ROWS + 1,
    )
    shown, next_ = one_page(found, "contacts", "created_at", "contact_id")
    total = contact_flow.count(view.connection, view.tenant, state=state, side=view.caller.side)
    if _sees_customers(view):
        view.load_names(f"customer:{row['customer']}" for row in shown if row["customer"])
        view.log(of_rows(shown, "contact", "contact_id"), "contacts", "contacts")
    return view.page(
        "contacts.html",
        contacts=shown,
        next=next_,
        count=counted(len(shown), total),
        state=state,
        states=_STATES,
        people=_sees_customers(view),
        failed=any(row["state"] == "failed" for row in shown),
        writes=view.may(Scope.CONTACTS_WRITE),
    )


def _sees_customers(view: View) -> bool:
    """Return False for operators: they see delivery states, not customers or subjects."""
    return not view.may(Scope.OPERATIONS_READ)


def _visible(view: View) -> Row:
    row = contact_flow.visible(
        view.connection, view.tenant, view.caller.side, view.request.path_params["contact"]
    )
    if row is None:
        raise not_found()
    return row


def contact(view: View) -> Response:
    """GET /contacts/{contact}"""
    row = _visible(view)
    people = _sees_customers(view)
    if people and row["customer"]:
        view.load_names([f"customer:{row['customer']}"])
        view.log(of_rows([row], "contact", "contact_id"), "contact", "contacts")
    return view.page(
        "contact.html",
        contact=row,
        attempts=contact_flow.attempts(view.connection, row),
        people=people,
        writes=view.may(Scope.CONTACTS_WRITE),
    )


def resend(view: View) -> Response:
    """POST /contacts/{contact}: resend it under the same id; consent is checked again first."""
    row = _visible(view)
    try:
        contact_flow.resend(view.connection, row, view.now_us)
    except NotAllowed:
        return view.go(f"/contacts/{row['contact_id']}", "not_resent")
    return view.go(f"/contacts/{row['contact_id']}", "resent")


def resend_all(view: View) -> Response:
    """POST /contacts: resend all failed contacts."""
    if view.caller.side is not None:
        raise not_found()
    sent = contact_flow.resend_many(view.connection, view.tenant, None, view.now_us)
    return view.go("/contacts", "resent" if sent else "not_resent")


def inbox(view: View) -> Response:
    """GET /inbox"""
    found = contact_flow.inbox(
        view.connection,
        view.tenant,
        str(view.caller.customer),
        after=cursor(view, "inbox", paging.instant, paging.text),
        limit=ROWS + 1,
    )
    shown, next_ = one_page(found, "inbox", "created_at", "contact_id")
    return view.page("inbox.html", messages=shown, next=next_)


def mark_read(view: View) -> Response:
    """POST /inbox/{contact}: it is read; `reaction` says whether it was useful."""
    own = (view.tenant, str(view.caller.customer), view.request.path_params["contact"])
    reaction = view.form.get("reaction")
    if reaction is None:
        done = contact_flow.mark_read(view.connection, *own, view.now_us)
    elif reaction in (Reaction.USED, Reaction.DISMISSED):
        done = contact_flow.judge_message(view.connection, *own, Reaction(reaction), view.now_us)
    else:
        done = False
    if not done:
        raise not_found()
    return view.go("/inbox", None if reaction is None else "feedback_recorded")
