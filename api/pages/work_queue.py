"""Whose a case is: take the next one, pass one on, give it back; for supervisors who has what."""

from typing import Any
from urllib.parse import quote

from starlette.responses import Response

from api.http.problems import not_found
from api.pages.alerts import form_version
from api.pages.frame.formats import Formats
from api.pages.frame.view import View
from api.pages.plots import service_levels as plots
from api.resources.work_queue import asking
from services import case_flow, work_queue
from store.people.read_log import of_rows

_MAX_TEXT = 4_000


def next_case(view: View) -> Response:
    """POST /cases/next: take the case to do next and open it; the queue where there is none."""
    but = view.form.get("but", "")[:64].replace("\x00", "")
    row = work_queue.next_(view.connection, view.tenant, asking(view.caller), view.now_us, but)
    if row is None:
        return view.go("/cases", "nothing_next")
    return view.go(f"/cases/{quote(row['case_id'])}")


def assign(view: View) -> Response:
    """POST /cases/{case}/owner: take it, pass it on or give it back."""
    connection, case_id = view.connection, view.request.path_params["case"]
    row = case_flow.visible(connection, view.tenant, view.caller.side, case_id)
    if row is None:
        raise not_found()
    view.log(of_rows([row], "case", "case_id"), "case", "cases")
    who, now_us, version = asking(view.caller), view.now_us, form_version(view)
    note = view.form.get("text", "").strip()[:_MAX_TEXT].replace("\x00", "")
    path, action = f"/cases/{quote(case_id)}", view.form.get("action")
    if action == "take":
        work_queue.take(connection, view.tenant, case_id, who, now_us, expected_version=version)
        return view.go(path, "taken")
    if action == "delegate":
        to = view.form.get("to", "")[:200].replace("\x00", "")
        work_queue.delegate(
            connection, view.tenant, case_id, who, now_us, to, note, expected_version=version
        )
        return view.go(path, "delegated")
    if action == "return":
        work_queue.give_back(
            connection, view.tenant, case_id, who, now_us, note, expected_version=version
        )
        return view.go("/cases", "returned")
    return view.go(path)


def owner_of(view: View, row: dict[str, Any]) -> dict[str, Any]:
    """Return what the page of a case offers about whose it is."""
    who = asking(view.caller)
    mine, free = row["owner"] == who.name, row["owner"] is None
    works = row["state"] != "resolved" and (mine or free or who.leads)
    colleagues = work_queue.delegates(view.connection, row, view.now) if works else []
    return {
        "takes": works and not mine,
        "returns": works and not free,
        "colleagues": [one for one in colleagues if one.name != who.name],
    }


def team(view: View) -> Response:
    """GET /team: who has what, what nobody can do, and what became of the last 30 days' cases."""
    side = view.caller.side
    found = work_queue.team(view.connection, view.tenant, side, view.now)
    level = work_queue.service_level(view.connection, view.tenant, side, view.now)
    f = Formats(view.language, view.timezone)
    return view.page(
        "team.html",
        team=found,
        level=level,
        kept=plots.kept(level.days, view.text, f) if level.days else None,
        first=plots.first_action(level.days, view.text, f) if level.days else None,
    )
