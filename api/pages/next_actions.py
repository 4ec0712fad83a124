"""The next best action on the page of a customer, and why each action won, lost or fell."""

from typing import Any
from urllib.parse import quote

from starlette.responses import Response

from api.http.problems import not_found
from api.pages.frame.view import View
from customer_context.contact_policy.policy import Outcome
from customer_context.next_best_action.rules import Rules
from services import actions, decisions
from services.decisions import Made
from store.people.read_log import ObjectRead

_SAID = (Outcome.ACCEPTED, Outcome.REJECTED)
"""What an agent records of an offer that was made."""


def in_force(view: View) -> Rules:
    """Return the actions of the caller's tenant."""
    return actions.in_force(view.connection, view.tenant, view.deps.settings.actions_dir)


def of_customer(view: View, customer: str) -> Made:
    """Decide what an agent says to this customer now, and log the read."""
    made = decisions.make(
        view.connection,
        view.tenant,
        customer,
        in_force(view),
        place="agent",
        by=view.caller.name,
        now_us=view.now_us,
    )
    if made.id is not None:
        view.log([ObjectRead(customer, "decision", made.id)], "decision", "service")
    return made


def listed(view: View) -> Response:
    """GET /actions: all actions with their levers, and what was decided in the last 30 days."""
    rules = in_force(view)
    return view.page(
        "actions.html",
        actions=rules.actions,
        digest=rules.set.digest,
        figures=decisions.figures(view.connection, view.tenant, view.now_us),
    )


def explanation(view: View) -> Response:
    """GET /decisions/{decision}: all actions, recomputed from what was stored."""
    id_ = view.request.path_params["decision"]
    found = decisions.explain(view.connection, view.tenant, id_, language=view.language)
    view.log([ObjectRead(found["customer"], "decision", id_)], "decision", "service")
    titles = {
        action.id: str(getattr(action.spec.title, view.language))
        for action in in_force(view).actions
    }
    return view.page("decision.html", decision=found, titles=titles)


def outcome(view: View) -> Response:
    """POST /decisions/{decision}: the customer has accepted or rejected an action."""
    id_ = view.request.path_params["decision"]
    said = view.form.get("outcome", "")
    if said not in _SAID:
        raise not_found()
    found: dict[str, Any] = decisions.explain(view.connection, view.tenant, id_)
    recorded = decisions.outcome(
        view.connection,
        view.tenant,
        id_,
        view.form.get("action", "")[:64],
        Outcome(said),
        at_us=view.now_us,
        by=view.caller.name,
        now_us=view.now_us,
    )
    if recorded.case_id is not None:
        return view.go(f"/cases/{quote(recorded.case_id)}", "case_opened")
    return view.go(f"/customers/{quote(found['customer'], safe='')}", "outcome_recorded")
