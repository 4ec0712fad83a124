"""Alerts: the list, and one alert with its evidence and actions."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
from starlette.responses import Response

from api.http import paging
from api.http.problems import not_found
from api.http.scopes import Scope
from api.pages.frame.formats import Formats
from api.pages.frame.lists import ROWS, Row, chosen, counted, cursor, one_page
from api.pages.frame.view import View
from api.pages.meters import as_plot_anomaly, intervals, register
from api.pages.plots import meters as meter_plots
from api.resources import alerts as alert_resources
from contracts.kinds import Anomaly
from customer_context.cases.alert_states import FEEDBACK, STATES
from customer_context.metering.use import EPOCH, country_of, days_off
from services import alert_flow, contact_flow
from services.meter_use import Expected
from store.people.read_log import of_rows
from store.reads import metering

_AROUND = timedelta(days=3)
_MAX_WINDOW = timedelta(days=21)
_MAX_TEXT = 2_000
_OWN_DAYS = 7
"""Days of the anomaly beside the similar ones."""


def alert_list(view: View) -> Response:
    """GET /alerts"""
    state = chosen(view, "state", STATES)
    rows = alert_flow.list_(
        view.connection,
        view.tenant,
        state=state,
        after=cursor(view, "alerts", paging.instant, paging.text),
        limit=ROWS + 1,
    )
    shown, next_ = one_page(rows, "alerts", "happened_at", "alert_id")
    view.load_names(row["subject"] for row in shown)
    view.log(of_rows(shown, "alert", "alert_id"), "alerts", alert_resources.PURPOSE)
    return view.page(
        "alerts.html",
        alerts=shown,
        next=next_,
        count=counted(len(shown), alert_flow.count(view.connection, view.tenant, state)),
        state=state,
        states=STATES,
    )


def _visible(view: View) -> Row:
    row = alert_flow.visible(view.connection, view.tenant, view.request.path_params["alert"])
    if row is None:
        raise not_found()
    return row


def alert(view: View) -> Response:
    """GET /alerts/{alert}"""
    row = _visible(view)
    view.log(of_rows([row], "alert", "alert_id"), "alert", alert_resources.PURPOSE)
    sent = (
        contact_flow.list_(
            view.connection,
            view.tenant,
            alert_id=row["alert_id"],
            side=view.caller.side,
            limit=ROWS,
        )
        if view.may(Scope.CONTACTS_READ)
        else []
    )
    view.log(of_rows(sent, "contact", "contact_id"), "contacts", "contacts")
    shown = alert_resources.of_row(row)
    return view.page(
        "alert.html",
        alert=row,
        evidence=_evidence(view, row),
        evidence_plot="register" if row["kind"] == Anomaly.REGISTER_BACKWARDS else "power",
        figures=shown.evidence,
        confidence=shown.confidence,
        similar=_similar(view, row),
        contacts=sent,
        writes=view.may(Scope.ALERTS_WRITE),
        feedback=FEEDBACK,
    )


def _evidence(view: View, row: Row) -> dict[str, Any] | None:
    """Plot the consumption around the anomaly; None if the key may not read consumption."""
    subject = row["subject"] or ""
    if not subject.startswith("meter:") or not view.may(Scope.CONSUMPTION_READ):
        return None
    meter_id = subject.removeprefix("meter:")
    meter = metering.meter(
        view.connection, view.tenant, meter_id, alert_resources.PURPOSE, view.now
    )
    start = row["happened_at"]
    if row["kind"] == Anomaly.REGISTER_BACKWARDS:
        readings = register(view, meter_id, start - _AROUND, start + _AROUND)
        f = _formats(view, meter, start)
        shown_ = as_plot_anomaly({**row, "ended_at": row["ended_at"] or start})
        return meter_plots.register(readings, [shown_], view.text, f) if readings else None
    end = min(row["ended_at"] or start + _AROUND, start + _MAX_WINDOW)
    shown = intervals(view, meter_id, start - _AROUND, end + _AROUND / 3)
    if not shown:
        return None
    f = _formats(view, meter, start)
    usual = _usual(row["evidence"], shown, f)
    lines = {}
    if row["unit"] == "W":
        lines = {"plot.expected": None if usual else row["expected"],
                 "plot.threshold": row["threshold"]}  # fmt: skip
    return meter_plots.power(
        shown, [as_plot_anomaly(row)], view.text, f, lines, expected=usual, middle=True
    )


def _usual(evidence: Row | None, shown: Sequence[Row], f: Formats) -> list[Expected]:
    """Return what is usual in the hours of these intervals, by the stored evidence."""
    if evidence is None or evidence["usual_w"] is None:
        return []
    hours = sorted({row["start_at"].replace(minute=0, second=0, microsecond=0) for row in shown})
    walls = [hour.astimezone(f.zone) for hour in hours]
    days = np.array([(wall.date() - EPOCH).days for wall in walls], np.int64)
    off = days_off(days, country_of(f.zone.key))
    energy = evidence["energy"]
    low = high = 1.0
    if energy is not None and energy["low_kwh"] is not None and energy["expected_kwh"]:
        low, high = (energy[name] / energy["expected_kwh"] for name in ("low_kwh", "high_kwh"))
    found = []
    for hour, wall, free in zip(hours, walls, off.tolist(), strict=True):
        watt = evidence["usual_w"]["day_off" if free else "workday"][wall.hour]
        if watt is not None:
            kwh = watt / 1000.0
            found.append(Expected(hour, hour + timedelta(hours=1), kwh, low * kwh, high * kwh))
    return found


def _similar(view: View, row: Row) -> dict[str, Any] | None:
    """Return similar days and the anomaly's own as rows and plot; None where there are none."""
    before = [] if row["evidence"] is None else row["evidence"]["similar_days"]
    subject = row["subject"] or ""
    if not before or not view.may(Scope.CONSUMPTION_READ):
        return None
    meter_id = subject.removeprefix("meter:")
    meter = metering.meter(
        view.connection, view.tenant, meter_id, alert_resources.PURPOSE, view.now
    )
    f = _formats(view, meter, row["happened_at"])
    first = row["happened_at"].astimezone(f.zone).date()
    last = (row["ended_at"] or view.now).astimezone(f.zone).date()
    days = metering.days(
        view.connection, view.tenant, meter_id, alert_resources.PURPOSE, from_date=first,
        to_date=min(last, first + timedelta(days=_OWN_DAYS - 1)), own=view.caller.customer,
    )  # fmt: skip
    pairs = [(day["date"], day["energy_kwh"]) for day in before]
    own = [
        (day["date"].isoformat(), day["energy_kwh"])
        for day in reversed(days)
        if day["customer"] == row["customer"]
    ]
    return {
        "rows": [
            (date.fromisoformat(day), kwh, of_anomaly)
            for part, of_anomaly in ((pairs, False), (own, True))
            for day, kwh in part
        ],
        "plot": meter_plots.similar_days(pairs, own, view.text, f),
    }


def _formats(view: View, meter: Row | None, at: datetime) -> Formats:
    """Return formats in the meter's time zone; days have their year unless it is this one."""
    zone = meter["timezone"] if meter else view.timezone
    return Formats(view.language, zone, with_year=at.year != view.now.year)


def act(view: View) -> Response:
    """POST /alerts/{alert}: acknowledge, resolve or classify."""
    row = _visible(view)
    form = view.form
    action = form.get("action", "")
    details: dict[str, str | None] = {}
    if action == "resolve":
        details["resolution"] = form.get("resolution", "").strip()[:_MAX_TEXT] or None
    elif action == "classify":
        if form.get("feedback") not in FEEDBACK:
            return view.go(f"/alerts/{row['alert_id']}")
        details["feedback"] = form["feedback"]
        details["reason"] = form.get("reason", "").strip()[:_MAX_TEXT] or None
    alert_flow.act(
        view.connection,
        view.tenant,
        row["alert_id"],
        action,
        view.caller.name,
        view.now_us,
        expected_version=form_version(view),
        **details,
    )
    done = {"acknowledge": "acknowledged", "resolve": "resolved", "classify": "classified"}
    return view.go(f"/alerts/{row['alert_id']}", done.get(action))


def form_version(view: View) -> int | None:
    """Return the version that the form shows, so that a concurrent change is not overwritten."""
    text = view.form.get("version", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else None
