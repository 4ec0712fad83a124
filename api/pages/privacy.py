"""The page of data protection: requests by their dates, retention, recipients, erasures."""

from starlette.responses import Response

from api.http import paging
from api.http.problems import not_found
from api.pages.frame.lists import ROWS, cursor
from api.pages.frame.view import View
from api.resources import rights as resources
from services import privacy_report, retention
from store.people.read_log import of_customers


def show(view: View) -> Response:
    """GET /privacy"""
    after = cursor(view, "rights", paging.instant, paging.text)
    found = resources.rights(view.deps).list_(
        view.connection,
        view.tenant,
        open_only=True,
        after=None if after is None else (after[0], after[1]),
        limit=ROWS + 1,
    )
    shown = found[:ROWS]
    next_ = None
    if len(found) > ROWS:
        next_ = paging.encode("rights", shown[-1].due_at, shown[-1].request_id)
    view.load_names(f"customer:{one.customer}" for one in shown)
    view.log(of_customers([one.customer for one in shown]), "rights", "supervision")
    settings = view.deps.settings
    return view.page(
        "privacy.html",
        requests=shown,
        next=next_,
        report=privacy_report.read(
            view.connection,
            view.tenant,
            retention.days_by_category(settings),
            settings.retention_days,
            view.now_us,
        ),
    )


def extend(view: View) -> Response:
    """POST /privacy: extend the period of a request."""
    customer, right_id = view.form.get("customer", "")[:64], view.form.get("right", "")[:64]
    if not customer or not right_id:
        raise not_found()
    resources.rights(view.deps).extend(
        view.connection, view.tenant, customer, right_id,
        view.form.get("reason", "").replace("\x00", "")[:1_000], view.caller.name, view.now_us,
    )  # fmt: skip
    return view.go("/privacy", "right_extended")
