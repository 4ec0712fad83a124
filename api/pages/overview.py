"""GET /: ledger figures, findings and open work for staff; the home page of a customer."""

from collections.abc import Callable
from typing import Any

from starlette.responses import Response

from api.http.scopes import Scope
from api.pages import live, words
from api.pages.frame.formats import Formats
from api.pages.frame.lists import Row
from api.pages.frame.view import View
from api.pages.meters import own_meters
from api.resources import scores
from api.resources.subjects import Subject
from contracts.purposes import Purpose
from services import alert_flow, case_flow, contact_flow
from store.people import consent, customers
from store.people.read_log import of_rows
from store.reads import driving
from store.reads import pages as reads
from store.reads.scoring import Which

_NEWEST = 6


def overview(ledger_cache: live.LedgerCache) -> Callable[[View], Response]:
    """Build the page: the overview for staff, the home page for customers."""

    def show(view: View) -> Response:
        return _home(view) if view.caller.role == "customer" else _overview(view, ledger_cache)

    return show


def _overview(view: View, ledger_cache: live.LedgerCache) -> Response:
    caller = view.caller
    found: dict[str, Any] = {
        "crashes": _crashes(view) if view.may(Scope.CRASHES_READ) else None,
        "alerts": _alerts(view) if view.may(Scope.ALERTS_READ) else None,
        "cases": None,
        "contacts": None,
        "by_dialect": None,
    }
    if view.may(Scope.CASES_READ):
        newest = case_flow.list_(view.connection, view.tenant, side=caller.side, limit=_NEWEST)
        found["cases"] = sorted(
            newest, key=lambda case: _queue_position(case["state"], case["urgent"])
        )
    if view.may(Scope.CONTACTS_READ):
        found["contacts"] = contact_flow.list_(
            view.connection, view.tenant, side=caller.side, limit=_NEWEST
        )
    if view.may(Scope.OPERATIONS_READ):
        found["by_dialect"] = ledger_cache.by_dialect(caller.tenants)
    shown = [*(found["crashes"] or []), *(found["alerts"] or []), *(found["cases"] or [])]
    view.load_names(row["subject"] for row in shown)
    view.log(
        [
            *of_rows(found["crashes"] or [], "signal", "id"),
            *of_rows(found["alerts"] or [], "alert", "alert_id"),
            *of_rows(found["cases"] or [], "case", "case_id"),
            *(
                []
                if view.may(Scope.OPERATIONS_READ)  # operators see no customers
                else of_rows(found["contacts"] or [], "contact", "contact_id")
            ),
        ],
        "overview",
        "overview",
    )
    figures = live.as_text(ledger_cache.figures(caller.tenants), view)
    return view.page("overview.html", figures=figures, tiles=_tiles(view), **found)


def _queue_position(state: str, urgent: bool) -> int:
    """Return the sort key among the newest cases: urgent first, resolved last."""
    return 2 if state == "resolved" else 0 if urgent else 1


def _crashes(view: View) -> list[Row]:
    found = driving.crashes(view.connection, view.tenant, Purpose.CLAIMS_ASSISTANCE, limit=_NEWEST)
    f = Formats(view.language, view.timezone)
    return [{**row, "words": words.crash(row["data"], view.text, f)} for row in found]


def _alerts(view: View) -> list[Row]:
    return alert_flow.list_(view.connection, view.tenant, limit=_NEWEST)


def _tiles(view: View) -> list[dict[str, Any]]:
    waiting = reads.waiting(view.connection, view.tenant, view.caller.side)
    tiles = []
    if view.may(Scope.CASES_READ):
        tiles.append(("open_cases", waiting["cases"], "/cases"))
    if view.may(Scope.ALERTS_READ):
        tiles.append(("open_alerts", waiting["alerts"], "/alerts"))
    if view.may(Scope.CONTACTS_READ):
        counts = reads.contacts(view.connection, view.tenant, view.caller.side)
        tiles += [
            (state, counts[state], f"/contacts?state={state}") for state in ("pending", "failed")
        ]
    return [
        {"name": name, "value": value, "path": path, "more": value >= reads.COUNTED}
        for name, value, path in tiles
    ]


def _home(view: View) -> Response:
    customer = view.caller.customer
    assert customer is not None
    granted = consent.granted_of(view.connection, view.tenant, customer)
    all_, mail = view.may(Scope.DATA_READ), view.may(Scope.INBOX_READ)
    vehicles = (
        reads.vehicles(
            view.connection, view.tenant, Purpose.DRIVING_SCORE, view.now, customer=customer
        )
        if all_
        else []
    )
    consent_id = granted.get(Purpose.DRIVING_SCORE)
    score = None
    if vehicles and consent_id is not None:
        which = Which(view.tenant, customer)
        subject = Subject(f"customer:{customer}", customer, which, consent_id)
        score = scores.explained(view.connection, subject)
    return view.page(
        "home.html",
        person=customers.person(view.connection, view.tenant, customer),
        messages=contact_flow.inbox(view.connection, view.tenant, customer, limit=_NEWEST)
        if mail
        else [],
        vehicles=vehicles,
        meters=own_meters(view) if all_ else [],
        score=score,
    )
