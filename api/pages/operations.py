"""For operators: messages that could not be used, and the playbooks in force."""

import codecs

from starlette.responses import Response

from api import paging
from api.pages.lists import ROWS, chosen, cursor, one_page
from api.pages.live import tenants_of
from api.pages.view import View
from api.problems import not_found
from runtime.errors import Reason
from store import decisions, playbooks
from store import pages as reads

_STATES = ("open", "retry", "retried")
_MOST_BYTES = 4_096
_ACROSS = 16


def dead_letters(view: View) -> Response:
    """GET /dead-letters"""
    state = chosen(view, "state", _STATES)
    reason = chosen(view, "reason", tuple(Reason))
    after = cursor(view, "dead", paging.number)
    found = reads.dead_letters(
        view.connection,
        tenants_of(view.caller),
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
    letter = reads.dead_letter(
        view.connection, tenants_of(view.caller), view.request.path_params["letter"], _MOST_BYTES
    )
    if letter is None:
        raise not_found()
    text, dump = as_text(letter["body"]), as_hex(letter["body"])
    return view.page("dead_letter.html", letter=letter, text=text, hex=dump, most=_MOST_BYTES)


def as_text(body: bytes) -> str | None:
    """The bytes as text where they are UTF-8 that can be shown, else None.

    A cut in the middle of a character is forgiven. What cannot be seen, or would turn the text
    around, is shown as a symbol.
    """
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(body)
    except UnicodeDecodeError:
        return None
    if any(ord(c) < 32 and c not in "\t\r\n" for c in text):
        return None
    return "".join(c if c.isprintable() or c in "\t\r\n" else "\ufffd" for c in text)


def as_hex(body: bytes) -> str:
    """Offset, bytes and their ASCII, sixteen a line."""
    lines = []
    for at in range(0, len(body), _ACROSS):
        part = body[at : at + _ACROSS]
        letters = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in part)
        lines.append(f"{at:06x}  {part.hex(' '):<{3 * _ACROSS - 1}}  {letters}")
    return "\n".join(lines)


def playbook_list(view: View) -> Response:
    """GET /playbooks"""
    return view.page(
        "playbooks.html",
        playbooks=playbooks.list_(view.connection, active=False),
        reasons=decisions.reasons(view.connection, view.tenant),
    )
