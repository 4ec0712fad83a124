"""Customers who may be one: the queue of doubtful pairs, and what a person decides about them."""

from starlette.responses import Response

from api.http import paging
from api.http.problems import not_found
from api.pages.frame.lists import cursor
from api.pages.frame.view import View
from api.resources import contact_points
from api.resources.subjects import invalid
from contracts.identifiers import NAMES
from services import four_eyes, matching
from services.matching import Second
from store.people.read_log import of_customers

_PAIRS = 10
_FEWEST_CHARACTERS = 3
"""Of a reason."""


def queue(view: View) -> Response:
    """GET /matches"""
    after = cursor(view, "matches", paging.real, paging.text, paging.text)
    found = matching.queue(
        view.connection,
        contact_points.points(view.deps),
        view.tenant,
        view.now_us,
        after=None if after is None else (after[0], after[1], after[2]),
        limit=_PAIRS + 1,
    )
    shown, next_ = found[:_PAIRS], None
    if len(found) > _PAIRS:
        last = shown[-1]
        next_ = paging.encode("matches", last.score.hex(), last.one.customer, last.other.customer)
    ids = [side.customer for pair in shown for side in (pair.one, pair.other)]
    view.log(of_customers(ids), "doubtful pairs", "back office")
    return view.page(
        "matches.html",
        pairs=shown,
        next=next_,
        agreed=matching.AGREED,
        names={str(which): name(view.language) for which, name in NAMES.items()},
        sure_from=view.deps.settings.match_sure_from,
        below=matching.four_eyes_below(view.deps.settings, view.tenant),
        state_of=lambda row: four_eyes.state_of(row, view.now_us),
    )


def decide(view: View) -> Response:
    """POST /matches: merge a pair into one of the two, or keep it apart."""
    one, other = view.form.get("one", "")[:64], view.form.get("other", "")[:64]
    action, survivor = view.form.get("action", ""), view.form.get("survivor", "")[:64]
    by = view.caller.name
    if action == "accept":
        second = Second(
            view.caller.actor, matching.four_eyes_below(view.deps.settings, view.tenant)
        )
        matching.accept(
            view.connection, view.tenant, one, other, survivor, by, view.now_us, second=second
        )
    elif action == "ask" and survivor in (one, other):
        reason = view.form.get("reason", "").strip()[:500]
        if len(reason) < _FEWEST_CHARACTERS:
            raise invalid("body.reason", f"expected at least {_FEWEST_CHARACTERS} characters")
        merged = other if survivor == one else one
        matching.ask(view.connection, view.caller.actor, by, merged, survivor, reason, view.now_us)
        return view.go("/matches", "asked")
    elif action == "reject":
        matching.reject(view.connection, view.tenant, one, other, by, view.now_us)
    else:
        raise not_found()
    return view.go("/matches", "merged" if action == "accept" else "kept_apart")
