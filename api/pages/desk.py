"""The agent's desk: calls that wait; one call with the questions first, then what matters."""

from urllib.parse import quote

from starlette.responses import Response

from api.http.problems import not_found
from api.pages import case_steps, next_actions
from api.pages.frame.view import View
from api.pages.timeline import name_of_type
from api.resources import contact_points, context
from contracts.interactions import TIMELINE_CHANNELS
from services import calls, customer_search, desk
from services import timeline as timelines
from store.people.read_log import of_rows

_FOUND = 8


def calls_waiting(view: View) -> Response:
    """GET /desk: calls of this agent that have not ended, and a form for one without a system."""
    found = calls.waiting(view.connection, view.tenant, view.caller.name)
    return view.page("calls.html", calls=found)


def ring(view: View) -> Response:
    """POST /desk: begin a call by its number."""
    made = calls.open_(
        view.connection,
        contact_points.points(view.deps),
        view.tenant,
        view.form.get("number", "").replace("\x00", "")[:40],
        view.caller.name,
        view.now_us,
    )
    return view.go(f"/desk/{made.call_id}")


def call(view: View) -> Response:
    """GET /desk/{call}: before the caller is verified nothing of the customer."""
    call_id = view.request.path_params["call"]
    return _show(
        view, calls.answer(view.connection, view.tenant, call_id, view.caller.name, view.now_us)
    )


def act(view: View) -> Response:
    """POST /desk/{call}: look for the caller, choose, verify, send a code, end the call."""
    connection, tenant, now_us = view.connection, view.tenant, view.now_us
    call_id = view.request.path_params["call"]
    action, form = view.form.get("action", ""), view.form
    path = f"/desk/{quote(call_id, safe='')}"
    if action == "look":
        found = calls.get(connection, tenant, call_id, now_us)
        return _look(view, found, path, form.get("q", "").strip().replace("\x00", "")[:100])
    if action == "verify":
        said = {name.removeprefix("said."): text[:200] for name, text in form.items()}
        after = calls.verify(connection, tenant, call_id, view.caller.name, said, now_us)
        return view.go(path, "verified" if after.customer else "wrong_answer")
    if action == "send":
        calls.send_code(connection, view.deps.box, tenant, call_id, now_us)
        return view.go(path, "code_sent")
    if action == "code":
        code = form.get("code", "")[:20]
        after = calls.enter_code(
            connection, view.deps.box, tenant, call_id, view.caller.name, code, now_us
        )
        return view.go(path, "verified" if after.customer else "wrong_answer")
    if action == "close":
        calls.close(connection, tenant, call_id, now_us)
        return view.go("/desk", "call_ended")
    return view.go(path)


def _look(view: View, found: calls.Call, path: str, text: str) -> Response:
    """Choose who is named, if it is one only: no list of names is shown to find somebody in."""
    rows = customer_search.find(
        view.connection,
        contact_points.points(view.deps),
        view.tenant,
        text,
        view.now_us,
        limit=_FOUND,
    ) if text else []  # fmt: skip
    exact = [row for row in rows if row["rank"] == 0] or rows
    if len(exact) != 1:
        return view.go(path, "several_found" if exact else "nobody_found")
    calls.choose(view.connection, view.tenant, found.call_id, exact[0]["customer"], view.now_us)
    return view.go(path, "chosen")


def _show(view: View, found: calls.Call) -> Response:
    if found.customer is None:
        return view.page("call.html", call=found)
    side = view.caller.side
    shown = desk.of_customer(
        view.connection, view.deps.box, view.tenant, found.customer, side, view.now_us
    )
    if shown is None:
        raise not_found()
    facts = context.as_resource(shown.context)
    view.log(context.reads(facts), "customer context", "call")
    view.log(of_rows([one.row for one in shown.cases], "case", "case_id"), "cases", "call")
    view.log(timelines.reads(found.customer, shown.last), "timeline", "call")
    numbers = contact_points.points(view.deps).of_customer(
        view.connection, view.tenant, found.customer, view.now
    )
    view.log(contact_points.reads(found.customer, numbers), "contact points", "call")
    view.load_names(item.subject for item in facts.relevant)
    speaks = facts.language if facts.language in ("de", "en") else view.language
    return view.page(
        "call_desk.html",
        call=found,
        context=facts,
        next_action=next_actions.of_customer(view, found.customer),
        points=numbers,
        cases=shown.cases,
        last=shown.last,
        speaks=speaks,
        type_name=lambda entry: name_of_type(view, entry),
        channels={name: text.title(view.language) for name, text in TIMELINE_CHANNELS.items()},
        case_types=case_steps.types_for(view),
        sides=() if side else ("insurer", "utility"),
    )
