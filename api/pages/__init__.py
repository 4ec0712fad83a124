"""Server-rendered pages, one function per page, mounted beside the API."""

from collections.abc import Mapping

from fastapi import FastAPI
from starlette.routing import Route

from api.http.deps import Deps
from api.http.scopes import Scope
from api.pages import (
    account,
    alerts,
    approvals,
    bills,
    case_links,
    case_steps,
    cases,
    consent_links,
    consents,
    contacts,
    customers,
    desk,
    fleet,
    live,
    matches,
    matter,
    matter_live,
    meter,
    meter_data,
    meters,
    next_actions,
    operations,
    overview,
    partner,
    privacy,
    reading_links,
    reading_rounds,
    readings,
    rights,
    rule_trial,
    rules,
    sign_in,
    stop,
    timeline,
    today,
    work_queue,
)
from api.pages.frame import assets, session
from api.pages.frame.enter import Page, outside, page
from services import consent_links as consent_links_of
from services import stop_link

MOST_PHOTOS = 8
"""Photos in one form of a customer."""


def mount(app: FastAPI, deps: Deps) -> None:
    """Add the pages to the application, and render its errors as pages for browsers."""
    ledger_cache = live.LedgerCache(deps)
    menu: list[tuple[str, str, tuple[Scope, ...]]] = []

    def get(
        path: str,
        show: Page,
        *scopes: Scope,
        session: bool = True,
        entry: str | Mapping[str, Scope] | None = None,
    ) -> Route:
        """Route a page. entry : its name in the menu, or names with the scope that each needs."""
        if isinstance(entry, str):
            menu.append((entry, path, scopes))
        else:
            menu.extend((name, path, (scope,)) for name, scope in (entry or {}).items())
        return Route(path, page(deps, show, *scopes, session=session), methods=["GET"])

    def link(path: str, act: Page, method: str) -> Route:
        """Route a page whose URL has a code that stands for a session."""
        return Route(path, page(deps, act, by_link=True), methods=[method])

    def post(path: str, act: Page, *scopes: Scope, session: bool = True, files: int = 0) -> Route:
        """Route a form. files : most files that it may send."""
        endpoint = page(deps, act, *scopes, session=session, files=files)
        return Route(path, endpoint, methods=["POST"])

    app.router.routes += [
        Route("/static/{name}", assets.serve, methods=["GET"]),
        Route("/favicon.ico", assets.favicon, methods=["GET"]),
        Route("/favicon.svg", assets.favicon, methods=["GET"]),
        get("/login", session.login_page, session=False),
        post("/login", session.login, session=False),
        post("/login/password", sign_in.with_password, session=False),
        post("/login/link", sign_in.ask_link, session=False),
        get("/login/link", sign_in.open_link, session=False),
        post("/login/link/use", sign_in.use_link, session=False),
        post("/login/demo", sign_in.demo, session=False),
        get("/login/provider", sign_in.to_provider, session=False),
        get("/login/provider/done", sign_in.from_provider, session=False),
        get("/invitation", sign_in.invitation, session=False),
        post("/invitation", sign_in.accept, session=False),
        link(stop_link.PATH, stop.show, "GET"),
        link(stop_link.PATH, stop.stop, "POST"),
        link(consent_links_of.PATH, consent_links.show, "GET"),
        link(consent_links_of.PATH, consent_links.use, "POST"),
        post("/logout", session.logout),
        post("/logout/everywhere", session.logout_everywhere),
        Route("/live", live.stream(deps, ledger_cache), methods=["GET"]),
        get("/", overview.overview(ledger_cache), entry="overview"),
        get("/customers", customers.customer_list, Scope.CONTEXT_READ, entry="customers"),
        post("/customers", customers.search, Scope.CONTEXT_READ),
        get("/customers/{customer}", customers.customer, Scope.CONTEXT_READ, Scope.DATA_READ),
        post("/customers/{customer}", customers.record_point, Scope.CUSTOMERS_WRITE),
        post("/customers/{customer}/feedback", customers.judge, Scope.CONTEXT_READ),
        get(
            "/customers/{customer}/consents",
            consents.of_customer,
            Scope.CONTEXT_READ,
            Scope.PRIVACY_READ,
        ),
        get("/actions", next_actions.listed, Scope.PLAYBOOKS_READ, entry="actions"),
        get("/decisions/{decision}", next_actions.explanation, Scope.CONTEXT_READ),
        post("/decisions/{decision}", next_actions.outcome, Scope.INTERACTIONS_WRITE),
        get("/customers/{customer}/timeline", timeline.of_customer, Scope.CONTEXT_READ),
        post("/customers/{customer}/timeline", timeline.of_customer, Scope.CONTEXT_READ),
        get(
            "/fleet",
            fleet.fleet,
            Scope.TRIPS_READ,
            Scope.DATA_READ,
            entry={"fleet": Scope.TRIPS_READ, "own_fleet": Scope.DATA_READ},
        ),
        get("/vehicles/{vehicle}", fleet.vehicle, Scope.TRIPS_READ, Scope.DATA_READ),
        post("/vehicles/{vehicle}", fleet.count, Scope.SCORES_WRITE, Scope.INBOX_WRITE),
        get(
            "/meters",
            meters.meters,
            Scope.CONSUMPTION_READ,
            Scope.DATA_READ,
            entry={"meters": Scope.CONSUMPTION_READ, "own_meters": Scope.DATA_READ},
        ),
        get("/meters/{meter}", meter.meter, Scope.CONSUMPTION_READ, Scope.DATA_READ),
        get("/meter-data", meter_data.show, Scope.METER_DATA_READ, entry="meter_data"),
        post("/meter-data", meter_data.act, Scope.METER_DATA_WRITE),
        get("/reading-rounds", reading_rounds.list_, Scope.ROUNDS_READ, entry="rounds"),
        post("/reading-rounds", reading_rounds.create, Scope.ROUNDS_WRITE),
        get("/reading-rounds/{round}", reading_rounds.one, Scope.ROUNDS_READ),
        get("/bills", bills.list_, Scope.DATA_READ, entry="bills"),
        get("/bills/{bill}", bills.one, Scope.DATA_READ),
        get("/customers/{customer}/bills", bills.list_, Scope.CONTEXT_READ),
        get("/customers/{customer}/bills/{bill}", bills.one, Scope.CONTEXT_READ),
        get("/reading-worker.js", readings.worker, session=False),
        get("/reading/by-link/{link}", reading_links.show, session=False),
        post("/reading/by-link/{link}", reading_links.enter, session=False, files=1),
        post("/reading/by-link/{link}/check", reading_links.check, session=False),
        get("/reading/{meter}", readings.show, Scope.READINGS_READ),
        post("/reading/{meter}", readings.enter, Scope.READINGS_WRITE, files=1),
        post("/reading/{meter}/check", readings.check, Scope.READINGS_READ),
        get("/reading/{meter}/photos/{reading}", readings.photo, Scope.READINGS_READ),
        get("/alerts", alerts.alert_list, Scope.ALERTS_READ, entry="alerts"),
        get("/alerts/{alert}", alerts.alert, Scope.ALERTS_READ),
        post("/alerts/{alert}", alerts.act, Scope.ALERTS_WRITE),
        get("/desk", desk.calls_waiting, Scope.CALLS_WRITE, entry="calls"),
        post("/desk", desk.ring, Scope.CALLS_WRITE),
        get("/desk/{call}", desk.call, Scope.CONTEXT_READ),
        post("/desk/{call}", desk.act, Scope.CONTEXT_READ),
        get("/cases", cases.case_list, Scope.CASES_READ, entry="cases"),
        post("/cases/next", work_queue.next_case, Scope.CASES_WRITE),
        get("/team", work_queue.team, Scope.TEAM_READ, entry="team"),
        get("/cases/{case}", cases.case, Scope.CASES_READ),
        post("/cases/{case}", cases.act, Scope.CASES_WRITE),
        post("/cases/{case}/owner", cases.assign, Scope.CASES_WRITE),
        post("/cases/{case}/steps", cases.act_on_step, Scope.CASES_WRITE),
        post("/customers/{customer}/merge", customers.merge, Scope.CUSTOMERS_MERGE),
        post("/customers/{customer}/cases", case_steps.open_case, Scope.CASES_WRITE),
        post("/cases/{case}/link", case_links.act, Scope.CASES_WRITE),
        get("/cases/{case}/files/{file}", case_links.file, Scope.CASES_READ),
        get("/my-case/{case}", case_links.own, Scope.INBOX_READ),
        get("/matter-worker.js", matter.worker, session=False),
        get("/matter/{link}", matter.show, session=False),
        post("/matter/{link}", matter.act, session=False),
        post("/matter/{link}/files", matter.add_files, session=False, files=MOST_PHOTOS),
        get("/matter/{link}/files/{file}", matter.file, session=False),
        get("/matter/{link}/fields", matter.fields, session=False),
        post("/matter/{link}/fields", matter.fields, session=False),
        Route("/matter/{link}/live", matter_live.stream(deps), methods=["GET"]),
        get("/cases/{case}/fields", case_steps.fields, Scope.CASES_READ),
        post("/cases/{case}/fields", case_steps.fields, Scope.CASES_WRITE),
        post("/answer", today.answer, Scope.INBOX_WRITE),
        get("/inbox", contacts.inbox, Scope.INBOX_READ, entry="inbox"),
        post("/inbox/{contact}", contacts.mark_read, Scope.INBOX_WRITE),
        get("/contacts", contacts.contact_list, Scope.CONTACTS_READ, entry="contacts"),
        post("/contacts", contacts.resend_all, Scope.CONTACTS_WRITE),
        get("/contacts/{contact}", contacts.contact, Scope.CONTACTS_READ),
        post("/contacts/{contact}", contacts.resend, Scope.CONTACTS_WRITE),
        get("/me", customers.own, Scope.DATA_READ, entry="own_data"),
        get("/me/timeline", timeline.own, Scope.DATA_READ),
        post("/me/timeline", timeline.own, Scope.DATA_READ),
        post("/me/rights", rights.ask, Scope.RIGHTS_WRITE),
        get("/me/rights/{right}/copy", rights.copy, Scope.DATA_READ),
        get("/me/consents/{consent}/receipt", customers.receipt, Scope.CONSENTS_READ),
        get("/me/consents", consents.own, Scope.CONSENTS_READ),
        post("/me/consents", customers.decide, Scope.CONSENTS_WRITE),
        post("/me/channels", customers.choose_channel, Scope.CONSENTS_WRITE),
        post("/me/partners", customers.decide_partner, Scope.CONSENTS_WRITE),
        get("/partner", partner.customers, Scope.PARTNER_READ, entry="partner"),
        get("/partner/customers/{customer}", partner.customer, Scope.PARTNER_READ),
        post("/partner/customers/{customer}", partner.act, Scope.PARTNER_WRITE),
        get("/dead-letters", operations.dead_letters, Scope.OPERATIONS_READ, entry="dead_letters"),
        get("/dead-letters/{letter}", operations.dead_letter, Scope.OPERATIONS_READ),
        get("/privacy", privacy.show, Scope.PRIVACY_READ, entry="privacy"),
        post("/privacy", privacy.extend, Scope.PRIVACY_READ, Scope.RIGHTS_WRITE),
        get("/matches", matches.queue, Scope.CUSTOMERS_MERGE, entry="matches"),
        post("/matches", matches.decide, Scope.CUSTOMERS_MERGE),
        get("/approvals", approvals.list_, Scope.APPROVALS_READ, entry="approvals"),
        post("/approvals", approvals.ask, Scope.APPROVALS_WRITE),
        Route("/approvals/{request}/trial", rule_trial.stream(deps), methods=["GET"]),
        get("/approvals/{request}", approvals.one, Scope.APPROVALS_READ),
        post("/approvals/{request}", approvals.act, Scope.APPROVALS_WRITE),
        get("/rules", rules.list_, Scope.APPROVALS_READ, entry="rules"),
        get("/rules/{kind}/{rule}", rules.one, Scope.APPROVALS_READ),
        post("/rules/{kind}/{rule}", rules.act, Scope.APPROVALS_WRITE),
        get("/playbooks", operations.playbook_list, Scope.PLAYBOOKS_READ, entry="playbooks"),
        get("/account", account.show, entry="account"),
        post("/account", account.end),
        post("/account/password", account.change_password),
    ]
    app.state.menu = tuple(menu)
    app.state.problem_page = outside(deps)
