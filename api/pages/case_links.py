"""What an agent does about a case's customer: give them a link, take it back, see their photos."""

from urllib.parse import quote

import segno
from starlette.responses import Response

from api.http.problems import Problem, not_found
from api.pages import matter
from api.pages.frame.enter import LANGUAGE
from api.pages.frame.lists import Row
from api.pages.frame.session import external_url
from api.pages.frame.view import View
from services import case_flow, case_links, case_notices
from services import matter as matters
from store.people.read_log import of_rows

OWN_H = 12
"""Hours of a customer's own link: as long as their session at most."""


def _visible(view: View) -> Row:
    row = case_flow.visible(
        view.connection, view.tenant, view.caller.side, view.request.path_params["case"]
    )
    if row is None:
        raise not_found()
    return row


def act(view: View) -> Response:
    """POST /cases/{case}/link: show a link, send it by e-mail, or take all links back."""
    row = _visible(view)
    view.log(of_rows([row], "case", "case_id"), "case", "cases")
    case_id, action = row["case_id"], view.form.get("action", "")
    path = f"/cases/{quote(case_id)}"
    if action == "revoke":
        case_links.revoke(view.connection, view.tenant, case_id, view.caller.name, view.now_us)
        return view.go(path, "links_revoked")
    base = external_url(view)
    if base is None:
        raise Problem(409, "not_allowed_now", "TACHOWATT_API_BASE_URL is not set.", "")
    seed = view.form.get("seed", "")[:64]
    settings = view.deps.settings
    if action == "email":
        why = case_notices.send_link(
            view.connection, settings, view.tenant, case_id, f"{view.caller.key_id} {seed}",
            view.now_us,
        )  # fmt: skip
        return view.go(path, "link_sent" if why is None else "link_not_sent")
    link, rest = case_links.make(
        view.connection, view.deps.box, view.tenant, case_id, view.caller.name,
        f"{view.caller.key_id}\0{seed}", view.now_us, settings.case_link_h,
    )  # fmt: skip
    return view.page(
        "case_link.html",
        case=row,
        link=link,
        url=base + rest,
        qr=segno.make(base + rest, error="m").svg_data_uri(scale=4, border=3),
    )


def own(view: View) -> Response:
    """GET /my-case/{case}: open a signed-in customer's own case on its page, in the language that
    they read now."""
    customer, case_id = view.caller.customer, view.request.path_params["case"][:64]
    assert customer is not None, "only customers have the scope"
    found = matters.of_case(view.connection, view.tenant, case_id, customer)
    _, path = case_links.make(
        view.connection, view.deps.box, view.tenant, found.case["case_id"],
        matters.author_of(customer), f"session {view.caller.key_id}", view.now_us, OWN_H,
    )  # fmt: skip
    view.cookies[LANGUAGE] = (view.language, None)
    return view.go(path)


def file(view: View) -> Response:
    """GET /cases/{case}/files/{file}"""
    row = _visible(view)
    if row["withdrawn"] is not None:
        raise not_found()
    view.log(of_rows([row], "case", "case_id"), "photo of a case", "cases")
    return matter.photo(view, view.connection, view.tenant, row["case_id"])
