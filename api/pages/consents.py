"""The consents of a customer as a matrix with history: for the customer, agents and supervision."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from api.http.problems import not_found
from api.http.scopes import Scope
from api.pages.frame.view import View
from contracts.purposes import Purpose
from customer_context.consent.matrix import Cell
from services import consent
from store.people import merges, subjects
from store.people.read_log import of_customers


@dataclass(frozen=True, slots=True)
class Shown:
    """A cell with the rows of its decisions. rows : newest first; row : the one that it shows."""

    cell: Cell
    row: Mapping[str, Any] | None
    rows: list[Mapping[str, Any]]


def own(view: View) -> Response:
    """GET /me/consents: a customer's own."""
    return _page(view, str(view.caller.customer))


def of_customer(view: View) -> Response:
    """GET /customers/{customer}/consents: for agents and the data-protection officer."""
    customer = view.request.path_params["customer"]
    if subjects.customer(view.connection, view.tenant, customer) is None:
        raise not_found()
    view.log(of_customers([customer]), "consents", "service")
    return _page(view, customer)


def _page(view: View, customer: str) -> Response:
    found = consent.matrix(view.connection, view.tenant, customer, view.now_us)
    rows = {row["consent_id"]: row for row in found.rows}
    own = view.caller.customer == customer
    view.load_names([f"customer:{customer}"])
    return view.page(
        "consents.html",
        customer=customer,
        own=own,
        back=merges.survivor_of(view.connection, view.tenant, customer) or customer,
        writes=own and view.may(Scope.CONSENTS_WRITE),
        uses=tuple(Purpose),
        matrix={
            purpose: [
                Shown(
                    cell,
                    None if cell.decision is None else rows[cell.decision.consent_id],
                    [rows[one.consent_id] for one in cell.history],
                )
                for cell in cells
            ]
            for purpose, cells in found.cells.items()
        },
        notices=[
            (digest, row)
            for digest, row in {
                row["notice_digest"]: row for row in found.rows if row["notice"] is not None
            }.items()
        ],
    )
