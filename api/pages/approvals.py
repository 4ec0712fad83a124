"""Changes that a second person approves: the list, one request, and what may be done with it."""

import re
from typing import Any

from starlette.responses import Response

from api.http import paging
from api.http.problems import not_found
from api.http.scopes import Scope
from api.pages import rule_trial
from api.pages.frame.lists import ROWS, cursor
from api.pages.frame.view import View
from api.resources import contact_points
from contracts.approvals import ACTIVATE, ACTIVATE_SCORE, MERGE_CUSTOMERS, REVEAL_DEAD_LETTER
from contracts.identifiers import NAMES
from services import four_eyes, matching, rule_kinds, rule_versions
from services.matching import Doubtful, Second
from store.people.approvals import ChangeRow
from store.people.read_log import of_customers

_ID = re.compile(r"[0-9a-f]{24}")
_DEAD_LETTER = re.compile(r"[0-9]{1,18}")
_MOST_CHARACTERS = 500


def list_(view: View) -> Response:
    """GET /approvals"""
    after = cursor(view, "approvals", paging.instant, paging.text)
    rows = four_eyes.list_(
        view.connection,
        view.tenant,
        waiting=False,
        now_us=view.now_us,
        after=after,
        limit=ROWS + 1,
    )
    shown = rows[:ROWS]
    next_ = None
    if len(rows) > ROWS:
        next_ = paging.encode("approvals", shown[-1].requested_at, shown[-1].request_id)
    found = [(row, four_eyes.state_of(row, view.now_us)) for row in shown]
    return view.page("approvals.html", requests=found, next=next_)


def one(view: View) -> Response:
    """GET /approvals/{request}"""
    return _page(view, _found(view))


def ask(view: View) -> Response:
    """POST /approvals: ask to see a dead letter's body in full."""
    letter, reason = view.form.get("letter", ""), view.form.get("reason", "").strip()
    if not _DEAD_LETTER.fullmatch(letter):
        raise not_found()
    if not reason:
        return view.go(f"/dead-letters/{letter}")
    row = four_eyes.ask(
        view.connection,
        view.caller.actor,
        view.caller.name,
        REVEAL_DEAD_LETTER,
        f"dead_letter:{letter}",
        reason[:_MOST_CHARACTERS],
        view.now_us,
    )
    return view.go(f"/approvals/{row.request_id}", "asked")


def act(view: View) -> Response:
    """POST /approvals/{request}: approve, reject, or execute."""
    row, action = _found(view), view.form.get("action", "")
    if action == "reveal":
        _, body = four_eyes.reveal_dead_letter(
            view.connection, view.caller.actor, row.request_id, view.now_us
        )
        return _page(view, _found(view), body)
    if action == "activate":
        four_eyes.activate_rule(view.connection, view.caller.actor, row.request_id, view.now_us)
        return view.go(f"/approvals/{row.request_id}", "activated")
    if action == "merge" and row.kind == MERGE_CUSTOMERS:
        _, merged, survivor = row.subject.split(":")
        second = Second(
            view.caller.actor, matching.four_eyes_below(view.deps.settings, view.tenant)
        )
        matching.accept(
            view.connection, view.tenant, merged, survivor, survivor, view.caller.name,
            view.now_us, second=second,
        )  # fmt: skip
        view.log(of_customers([merged, survivor]), "merge", "approval")
        return view.go(f"/approvals/{row.request_id}", "merged")
    verdict = {"approve": "approved", "reject": "rejected"}.get(action)
    if verdict is None:
        raise not_found()
    note = view.form.get("note", "").strip()[:_MOST_CHARACTERS]
    four_eyes.decide(
        view.connection,
        view.caller.actor,
        view.caller.name,
        row.request_id,
        verdict,
        note,
        view.now_us,
    )
    return view.go(f"/approvals/{row.request_id}", verdict)


def _page(view: View, row: ChangeRow, body: bytes | None = None) -> Response:
    actor = view.caller.actor
    may = view.may(Scope.APPROVALS_WRITE)
    decide = four_eyes.refusal_to_decide(view.connection, actor, row, view.now_us)
    execute = four_eyes.refusal_to_execute(view.connection, actor, row, view.now_us)
    return view.page(
        "approval.html",
        change=row,
        state=four_eyes.state_of(row, view.now_us),
        letter=row.subject.partition(":")[2] if row.kind == REVEAL_DEAD_LETTER else None,
        pair=_pair(view, row),
        survivor=row.subject.rpartition(":")[2],
        names={str(which): name(view.language) for which, name in NAMES.items()},
        agreed=matching.AGREED,
        rule=_rule(view, row),
        tried=rule_trial.shown(view, row),
        tried_days=rule_trial.DAYS,
        may_try=rule_trial.may(row),
        score=row.subject.partition(":")[2] if row.kind == ACTIVATE_SCORE else None,
        may_decide=may and decide is None,
        may_execute=may and execute is None,
        refusal=decide if row.verdict is None else None,
        body=None if body is None else _printable(body),
    )


def _rule(view: View, row: ChangeRow) -> dict[str, Any] | None:
    """Return name, version and difference of the rule that a request is about."""
    if row.kind not in ACTIVATE.values():
        return None
    kind, _, digest = row.subject.partition(":")
    return rule_versions.compared(view.connection, view.tenant, rule_kinds.KINDS[kind], digest)


def _pair(view: View, row: ChangeRow) -> Doubtful | None:
    """Return the pair that a request is about, while it waits; who reads it is logged."""
    if row.kind != MERGE_CUSTOMERS:
        return None
    _, merged, survivor = row.subject.split(":")
    points = contact_points.points(view.deps)
    found = matching.one(view.connection, points, view.tenant, merged, survivor, view.now_us)
    if found is not None:
        view.log(of_customers([merged, survivor]), "doubtful pairs", "approval")
    return found


def _found(view: View) -> ChangeRow:
    wanted = view.request.path_params["request"]
    if not _ID.fullmatch(wanted):
        raise not_found()
    return four_eyes.find(view.connection, view.tenant, wanted)


def _printable(body: bytes) -> str:
    """Return a body as text, or in hexadecimal where it is none."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        return body.hex(" ")
    return "".join(c if c.isprintable() or c in "\n\t" else "\ufffd" for c in text)
