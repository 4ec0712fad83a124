"""GET /: each role's first page. What needs an action comes first, with its action beside it.

The ledger for operators, the portfolio for insurers, the network for utilities, the queue for
agents, today for customers; data protection and marketing begin with their own pages.
"""

from collections.abc import Callable, Iterable

from starlette.responses import Response

from api.http.scopes import Scope
from api.pages import live, next_actions, partner, privacy, today, words
from api.pages.cases import waiting
from api.pages.frame.formats import Formats
from api.pages.frame.lists import Row
from api.pages.frame.view import View
from api.pages.plots import overviews as plots
from contracts.purposes import Purpose
from services import alert_flow, case_flow, contact_flow, overviews, visibility
from services.visibility import Kind
from store.casework.filters import Queue
from store.people.read_log import of_rows
from store.reads import driving
from store.reads import pages as reads

_NEWEST = 6
_QUEUE = 6
_DESK_QUEUE = 12


def overview(ledger_cache: live.LedgerCache) -> Callable[[View], Response]:
    """Build the page: which one it is, the caller's scopes say."""
    kept = overviews.Kept(ledger_cache.clock)

    def show(view: View) -> Response:
        if view.caller.role == "customer":
            return today.today(view)
        if view.may(Scope.PARTNER_READ):
            return partner.customers(view)
        if view.may(Scope.OPERATIONS_READ):
            return _operations(view, ledger_cache)
        if view.may(Scope.CRASHES_READ, Scope.SCORES_READ):
            return _portfolio(view, kept)
        if view.may(Scope.CONSUMPTION_READ):
            return _network(view, kept)
        if not view.may(Scope.CASES_READ):
            own = privacy.show if view.may(Scope.PRIVACY_READ) else next_actions.listed
            return own(view)
        return _desk(view)

    return show


def _log(view: View, **shown: Iterable[Row]) -> None:
    """Log what an overview shows of customers: crashes, alerts, cases."""
    columns = {"crashes": ("signal", "id"), "alerts": ("alert", "alert_id")}
    columns["cases"] = ("case", "case_id")
    read = [one for name, rows in shown.items() for one in of_rows(rows, *columns[name])]
    view.log(read, "overview", "overview")


def _cases(view: View, limit: int) -> list[Row]:
    """Return the beginning of the caller's work queue."""
    if not view.may(Scope.CASES_READ):
        return []
    which = Queue(side=view.caller.side)
    found = case_flow.queue(view.connection, view.tenant, which, limit=limit)
    view.load_names(
        name
        for row in found
        for name in (row["subject"], row["customer"] and f"customer:{row['customer']}")
    )
    return found


def _portfolio(view: View, kept: overviews.Kept) -> Response:
    found = kept.get(
        "portfolio",
        view.tenant,
        lambda: overviews.portfolio(view.connection, view.tenant, view.now),
    )
    crashes, cases = _crashes(view), _cases(view, _QUEUE)
    view.load_names(row["subject"] for row in crashes)
    _log(view, crashes=crashes, cases=cases)
    f = Formats(view.language, view.timezone)
    return view.page(
        "portfolio.html",
        portfolio=found,
        crashes=crashes,
        cases=cases,
        waiting=waiting(view) if view.may(Scope.CASES_READ) else None,
        bands=plots.bands(found.bands, view.text, f) if found.drivers else None,
        weeks=plots.weeks(found.weeks, view.text, f) if found.weeks else None,
    )


def _crashes(view: View) -> list[Row]:
    found = driving.crashes(view.connection, view.tenant, Purpose.CLAIMS_ASSISTANCE, limit=_NEWEST)
    f = Formats(view.language, view.timezone)
    return [{**row, "words": words.crash(row["data"], view.text, f)} for row in found]


def _network(view: View, kept: overviews.Kept) -> Response:
    days = kept.get(
        "network",
        view.tenant,
        lambda: overviews.network_days(view.connection, view.tenant, view.now),
    )
    alerts = visibility.shown(
        view.connection,
        view.tenant,
        Kind.ALERT,
        overviews.gravest(view.connection, view.tenant),
        reader=None,
    )
    cases = _cases(view, _QUEUE)
    many = overviews.outages(view.connection, view.tenant, view.now)
    view.load_names(row["subject"] for row in [*alerts, *many.alerts])
    view.load_names(f"meter:{row['meter']}" for row in many.silent)
    _log(view, alerts=[*alerts, *many.alerts], cases=cases)
    view.log(of_rows(many.silent, "meter", "meter"), "overview", "overview")
    f = Formats(view.language, view.timezone)
    return view.page(
        "network.html",
        alerts=alerts,
        open_alerts=reads.waiting(view.connection, view.tenant, view.caller.side)["alerts"],
        clusters=many.clusters,
        silent=overviews.SILENT,
        silent_ids={overviews.silent_id(row["meter"]) for row in many.silent},
        days=days,
        energy=plots.network(days, view.text, f) if days else None,
        cases=cases,
        waiting=waiting(view) if view.may(Scope.CASES_READ) else None,
    )


def _desk(view: View) -> Response:
    cases = _cases(view, _DESK_QUEUE)
    alerts: list[Row] = []
    if view.may(Scope.ALERTS_READ):
        alerts = alert_flow.list_(view.connection, view.tenant, state="open", limit=_NEWEST)
    view.load_names(row["subject"] for row in alerts)
    _log(view, cases=cases, alerts=alerts)
    return view.page(
        "desk.html",
        cases=cases,
        alerts=alerts,
        waiting=waiting(view) if view.may(Scope.CASES_READ) else None,
    )


def _operations(view: View, ledger_cache: live.LedgerCache) -> Response:
    caller = view.caller
    figures = live.as_text(ledger_cache.figures(caller.tenants), view)
    contacts = []
    counts = {"pending": 0, "failed": 0}
    if view.may(Scope.CONTACTS_READ):
        contacts = contact_flow.list_(view.connection, view.tenant, side=caller.side, limit=_NEWEST)
        counts = reads.contacts(view.connection, view.tenant, caller.side)
    return view.page(
        "operations.html",
        figures=figures,
        counts=counts,
        counted=reads.COUNTED,
        contacts=contacts,
        by_dialect=ledger_cache.by_dialect(caller.tenants),
    )
