"""Pages for operators: dead letters and active playbooks."""

import codecs
import re

from starlette.responses import Response

from api.http import paging
from api.http.problems import not_found
from api.pages.frame.lists import ROWS, chosen, cursor, one_page
from api.pages.frame.view import View
from runtime.errors import Reason
from store.reads import pages as reads
from store.signals import decisions, playbooks

_STATES = ("open", "retry", "retried")
_MAX_BYTES = 4_096
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
        "dead_letters.html", letters=shown, next=next_, state=state, reason=reason, states=_STATES
    )


def dead_letter(view: View) -> Response:
    """GET /dead-letters/{letter}"""
    wanted = view.request.path_params["letter"]
    if _DEAD_LETTER_ID.fullmatch(wanted) is None:
        raise not_found()
    letter = reads.dead_letter(view.connection, view.caller.tenants, int(wanted), _MAX_BYTES)
    if letter is None:
        raise not_found()
    text = mask_digits(letter["body"])
    return view.page("dead_letter.html", letter=letter, text=text, most=_MAX_BYTES)


def mask_digits(body: bytes) -> str | None:
    """Return a body as text with each digit replaced by 0; None if it is not displayable text.

    The structure shows the fault. The numbers may be positions or data without consent, so only
    `tachowatt dead-letter show` displays them. A character cut off at the end is dropped; invisible
    and direction-changing characters become U+FFFD.
    """
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(body)
    except UnicodeDecodeError:
        return None
    if any(ord(c) < 32 and c not in "\t\r\n" for c in text):
        return None
    return "".join(
        "0" if c.isdigit() else c if c.isprintable() or c in "\t\r\n" else "\ufffd" for c in text
    )


def playbook_list(view: View) -> Response:
    """GET /playbooks"""
    return view.page(
        "playbooks.html",
        playbooks=playbooks.list_(view.connection, active=False),
        reasons=decisions.reasons(view.connection, view.tenant),
    )
