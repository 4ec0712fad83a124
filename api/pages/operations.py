"""Pages for operators: dead letters and active playbooks."""

import re

from starlette.responses import Response

from api.http import paging
from api.http.problems import not_found
from api.pages.frame.lists import ROWS, chosen, cursor, one_page
from api.pages.frame.view import View
from api.resources.dead_letters import MAX_SHOWN_BYTES, printable
from runtime.errors import Reason
from store.pipeline import quarantine
from store.reads import pages as reads
from store.signals import decisions, playbooks

_STATES = ("open", "deferred", "retry", "retried")
_MOST_QUARANTINED = 20
_DEAD_LETTER_ID = re.compile(r"[0-9]{1,18}")


def dead_letters(view: View) -> Response:
    """GET /dead-letters"""
    state = chosen(view, "state", _STATES)
    reason = chosen(view, "reason", tuple(Reason))
    after = cursor(view, "dead", paging.number)
    found = reads.dead_letters(
        view.connection,
        view.caller.tenants,
        reason=reason,
        state=state,
        before=None if after is None else after[0],
        limit=ROWS + 1,
    )
    shown, next_ = one_page(found, "dead", "dead_letter_id")
    return view.page(
        "dead_letters.html",
        letters=shown,
        next=next_,
        state=state,
        reason=reason,
        states=_STATES,
        # On the first page only: the few devices that an operator may want to look at.
        quarantined=[]
        if after
        else quarantine.listed(view.connection, view.caller.tenants, _MOST_QUARANTINED),
    )


def dead_letter(view: View) -> Response:
    """GET /dead-letters/{letter}"""
    wanted = view.request.path_params["letter"]
    if _DEAD_LETTER_ID.fullmatch(wanted) is None:
        raise not_found()
    letter = reads.dead_letter(view.connection, view.caller.tenants, int(wanted))
    if letter is None:
        raise not_found()
    text = printable(letter["shape"])
    return view.page("dead_letter.html", letter=letter, text=text, most=MAX_SHOWN_BYTES)


def playbook_list(view: View) -> Response:
    """GET /playbooks"""
    return view.page(
        "playbooks.html",
        playbooks=playbooks.list_(view.connection, active=False),
        unused=playbooks.unused_files(view.connection),
        reasons=decisions.reasons(view.connection, view.tenant),
    )
