"""A customer's first page: what is unusual, what it means and what to do; score and consumption."""

from datetime import timedelta
from statistics import fmean
from typing import Any

from starlette.responses import Response

from api.http.problems import not_found
from api.http.scopes import Scope
from api.pages.frame.lists import Row
from api.pages.frame.view import View
from api.pages.meters import own_days, own_meters
from api.resources import scores
from api.resources.subjects import Subject
from contracts.purposes import Purpose
from customer_context.cases.outcomes import ANSWERS, CRASH_CALL
from services import alert_flow, bills, case_flow, contact_flow, meter_use
from services.one_customer import granting
from store.people import consent, customers
from store.people import subjects as people
from store.reads import pages as reads
from store.reads.scoring import Which

_NEWEST = 4
_UNUSUAL = 4
_CRASH_DAYS = timedelta(days=7)
_USUAL_DAYS = 28
_FEWEST_DAYS = 7


def today(view: View) -> Response:
    """GET / for customers."""
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
        also = granting(view.connection, view.tenant, customer, Purpose.DRIVING_SCORE)
        which = Which(view.tenant, customer, also=also)
        subject = Subject(f"customer:{customer}", customer, which, consent_id)
        score = scores.explained(view.connection, subject)
    meters = own_meters(view) if all_ else []
    unusual = _unusual(view, customer) if all_ else []
    crashes = _crashes(view, customer) if mail else []
    view.load_names(row["subject"] for row in [*unusual, *crashes])
    return view.page(
        "today.html",
        person=customers.person(view.connection, view.tenant, customer),
        crashes=crashes,
        answers=tuple(ANSWERS) if view.may(Scope.INBOX_WRITE) else (),
        unusual=unusual,
        messages=contact_flow.inbox(view.connection, view.tenant, customer, limit=_NEWEST)
        if mail
        else [],
        vehicles=vehicles,
        meters=[{**meter, "use": _use(view, meter)} for meter in meters],
        score=score,
        dearest=_dearest(score),
    )


def _unusual(view: View, customer: str) -> list[Row]:
    """Return the customer's anomalies that nobody has resolved, those that last first."""
    found = alert_flow.list_(
        view.connection, view.tenant, reader=customer, customer=customer, limit=20
    )
    open_ = [row for row in found if not row["retracted"] and row["state"] != "resolved"]
    return sorted(open_, key=lambda row: (row["cleared"], -row["severity"]))[:_UNUSUAL]


def _crashes(view: View, customer: str) -> list[Row]:
    """Return the cases of the customer's crashes of the last days."""
    found = case_flow.list_(
        view.connection, view.tenant, reader=customer, customer=customer, limit=20
    )
    return [
        row
        for row in found
        if row["kind"] == CRASH_CALL
        and row["state"] != "resolved"
        and row["opened_at"] >= view.now - _CRASH_DAYS
    ]


def _use(view: View, meter: Row) -> dict[str, Any] | None:
    """Return the last day of a meter beside its usual day, the month and its cost; None without."""
    days = own_days(view, meter["meter"], _USUAL_DAYS + 1)
    if not days:
        return None
    before = [day["energy_kwh"] for day in days[1:] if day["energy_kwh"] is not None]
    month = cost = outlook = None
    if meter["timezone"] is not None:
        at = (view.connection, view.tenant)
        month = meter_use.month(*at, meter, view.now, view.caller.customer)
        outlook = bills.outlook(
            *at, meter["customer"], view.now_us, view.caller.customer, meter["contract"]
        )
    if month is not None:
        ends = month.until + timedelta(days=1)
        cost = bills.cost(
            view.connection, view.tenant, meter["customer"], meter["contract"],
            meter["meter"], meter["timezone"], month.since, ends, month.kwh,
        )  # fmt: skip
    return {
        "day": days[0],
        "usual_kwh": fmean(before) if len(before) >= _FEWEST_DAYS else None,
        "month": month,
        "cost": cost,
        "outlook": outlook,
    }


def _dearest(score: scores.DrivingScore | None) -> str | None:
    """Return the factor that took most points of a score; None without a score."""
    if score is None or score.score is None:
        return None
    return max(score.components, key=lambda part: part.points or 0.0).factor


def answer(view: View) -> Response:
    """POST /answer: a customer's answer to the notice of a crash."""
    customer = view.caller.customer
    said, case_id = view.form.get("answer", ""), view.form.get("case", "")[:64]
    if (
        customer is None
        or said not in ANSWERS
        or not people.customer(view.connection, view.tenant, customer)
    ):
        raise not_found()
    case_flow.answer(view.connection, view.tenant, customer, case_id, said, view.now_us)
    return view.go("/", f"answer_{said}")
