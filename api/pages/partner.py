"""Partners (broker, garage, dealer): the customers who have granted them something, and no others.

Each request asks again what is granted: what has ended is gone with the next one.
"""

from urllib.parse import quote

from starlette.responses import Response

from api.http import paging
from api.http.problems import not_found
from api.http.scopes import Scope
from api.pages import case_steps as steps
from api.pages.frame.lists import ROWS, cursor
from api.pages.frame.view import View
from services import partners
from store.people.partners import Partner, of_member
from store.people.read_log import ObjectRead, of_customers

_WHY = "granted to the partner"


def customers(view: View) -> Response:
    """GET /partner: who has granted something now, and what waits for the partner."""
    after = cursor(view, "partner", paging.text)
    partner = _partner(view)
    found = (
        []
        if partner is None
        else partners.seen_by(
            view.connection, view.tenant, partner.partner, view.now_us,
            after="" if after is None else after[0], limit=ROWS + 1,
        )
    )  # fmt: skip
    shown, next_ = found[:ROWS], None
    if len(found) > ROWS:
        next_ = paging.encode("partner", shown[-1].customer)
    tasks = {
        one.customer: partners.tasks(view.connection, view.tenant, one, view.now_us)
        for one in shown
    }
    reads = [
        ObjectRead(task.customer, "case", task.case_id) for of in tasks.values() for task in of
    ]
    view.log(of_customers(one.customer for one in shown) + reads, "customer list", _WHY)
    return view.page("partner.html", partner=partner, customers=shown, tasks=tasks, next=next_)


def customer(view: View) -> Response:
    """GET /partner/customers/{customer}: one customer, within what is granted."""
    return _page(view, view.request.path_params["customer"])


def act(view: View) -> Response:
    """POST /partner/customers/{customer}: complete a step that is the partner's."""
    customer_id, form = view.request.path_params["customer"], view.form
    partner = _partner(view)
    if partner is None or form.get("action") != "complete":
        raise not_found()
    case_id, step = form.get("case", "")[:64], form.get("step", "")[:64]
    task = partners.task(
        view.connection, view.tenant, partner.partner, customer_id, case_id, step, view.now_us
    )
    data = steps.entered(task.item, form)
    partners.complete(view.connection, view.tenant, task, view.caller.name, data, view.now_us)
    view.log([ObjectRead(task.customer, "case", case_id)], "case step", _WHY)
    return view.go(f"/partner/customers/{quote(customer_id, safe='')}", "step_done")


def _page(view: View, customer_id: str) -> Response:
    partner = _partner(view)
    if partner is None:
        raise not_found()
    seen, contracts, findings = partners.see(
        view.connection, view.tenant, partner.partner, customer_id, view.now_us
    )
    tasks = partners.tasks(view.connection, view.tenant, seen, view.now_us)
    reads = [ObjectRead(customer_id, "signal", one.id) for one in findings]
    reads += [ObjectRead(task.customer, "case", task.case_id) for task in tasks]
    view.log(of_customers([customer_id]) + reads, "partner's view", _WHY)
    subjects = dict.fromkeys(
        f"vehicle:{row['vehicle']}" if row["vehicle"] is not None else f"meter:{row['meter']}"
        for row in contracts
    )
    view.load_names([*subjects, *(one.subject for one in findings)])
    return view.page(
        "partner_customer.html",
        seen=seen,
        subjects=list(subjects),
        findings=findings,
        tasks=[(task, steps.of_partner(view, task.plan)) for task in tasks],
        may_act=view.may(Scope.PARTNER_WRITE),
    )


def _partner(view: View) -> Partner | None:
    """Return the partner for whom the caller acts; None = for none."""
    return of_member(view.connection, view.tenant, view.caller.key_id)
