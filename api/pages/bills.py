"""Bills: the list with the running period, and one bill as steps that add up."""

from dataclasses import dataclass
from decimal import Decimal

from starlette.responses import Response

from api.http.problems import not_found
from api.pages.frame.view import View
from services import bills
from services.bills import Explained
from store.people import customers
from store.people.read_log import of_customers

_WHY = "contract"
WIDE = 200.0
"""Of a step's bar, in units of its view box."""


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the way from one amount to the next. start, width : of its bar.

    total : it is an amount, and not a difference.
    """

    cause: str
    amount: Decimal
    start: float
    width: float
    total: bool = False


def steps(found: Explained) -> list[Step]:
    """Return the way from the bill before to this one; empty without one before."""
    if found.difference is None:
        return []
    gross = found.computed.gross if found.billed.gross is None else found.billed.gross
    before = gross - Decimal(found.difference["amount"])
    shares = {c: Decimal(s) for c, s in found.difference["shares"].items() if Decimal(s) != 0}
    at, edges = before, [Decimal(0), before, gross]
    for share in shares.values():
        at += share
        edges.append(at)
    scale = WIDE / float(max(edges) - min(edges) or 1)
    least = min(edges)

    def bar(begin: Decimal, end: Decimal) -> tuple[float, float]:
        low, high = min(begin, end), max(begin, end)
        return round(float(low - least) * scale, 1), max(round(float(high - low) * scale, 1), 1.0)

    made = [Step("before", before, *bar(Decimal(0), before), total=True)]
    at = before
    for cause, share in shares.items():
        made.append(Step(cause, share, *bar(at, at + share)))
        at += share
    return [*made, Step("now", gross, *bar(Decimal(0), gross), total=True)]


def _customer(view: View) -> tuple[str, str]:
    """Return the customer of the page, and the path of their bills."""
    given = view.request.path_params.get("customer")
    if given is None:
        if view.caller.customer is None:
            raise not_found()
        return view.caller.customer, "/bills"
    customer = str(given)[:64]
    if view.caller.role == "customer" or not customers.customer_exists(
        view.connection, view.tenant, customer
    ):
        raise not_found()
    return customer, f"/customers/{customer}/bills"


def list_(view: View) -> Response:
    """GET /bills and /customers/{customer}/bills"""
    customer, path = _customer(view)
    found = bills.list_(view.connection, view.tenant, customer)
    outlook = bills.outlook(
        view.connection, view.tenant, customer, view.now_us, view.caller.customer
    )
    view.log(of_customers([customer]), "bills", _WHY)
    return view.page("bills.html", bills=found, outlook=outlook, path=path, customer=customer)


def one(view: View) -> Response:
    """GET /bills/{bill} and /customers/{customer}/bills/{bill}"""
    customer, path = _customer(view)
    found = bills.one(view.connection, view.tenant, customer, view.request.path_params["bill"][:64])
    view.log(of_customers([customer]), "bills", _WHY)
    return view.page("bill.html", bill=found, steps=steps(found), path=path)
