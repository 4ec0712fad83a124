"""Meters: the list, and what pages read of one (api/pages/meter.py shows it)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from starlette.responses import Response

from api.http import paging
from api.http.answers import finite
from api.http.scopes import Scope
from api.pages.frame.lists import ROWS, Row, chosen, counted, cursor, one_page
from api.pages.frame.view import View
from contracts.purposes import Purpose
from services import alert_flow
from store.people import subjects
from store.people.read_log import of_rows
from store.postgres.merged import same_as
from store.reads import metering
from store.reads.pages import COUNTED_SLOWLY

_PURPOSE = Purpose.ENERGY_INSIGHT
_DAYS = 30
_SILENT = timedelta(days=2)  # as the fact device.meter_silent
_MAX_INTERVALS = 10_200  # a week of minutes


def own_meters(view: View) -> list[Row]:
    """Return the meters of a customer's current contracts, including those without consent
    (`granted` is False), for which nothing is computed."""
    customer = view.caller.customer
    assert customer is not None
    found = []
    ids = same_as(view.connection, view.tenant, customer)
    for contract in subjects.contracts_of(view.connection, view.tenant, customer):
        current = contract["valid_from"] <= view.now and (
            contract["valid_to"] is None or contract["valid_to"] > view.now
        )
        if contract["meter"] and current:
            meter = metering.meter(
                view.connection, view.tenant, contract["meter"], _PURPOSE, view.now, customer
            )
            ours = meter is not None and meter["customer"] in ids
            found.append(
                {
                    "meter": contract["meter"],
                    "number": meter["number"] if meter and ours else None,
                    "timezone": meter["timezone"] if meter and ours else None,
                    "customer": customer,
                    "contract": contract["contract"],
                    "granted": meter is not None and ours and meter["granted"],
                }
            )
    return found


def meters(view: View) -> Response:
    """GET /meters"""
    next_ = None
    show = chosen(view, "show", ("unusual",))
    if view.may(Scope.CONSUMPTION_READ):
        after = cursor(view, "meters", paging.text)
        found = metering.meters(
            view.connection,
            view.tenant,
            _PURPOSE,
            view.now,
            unusual=show is not None,
            after=None if after is None else after[0],
            limit=ROWS + 1,
        )
        shown, next_ = one_page(found, "meters", "meter")
        view.log(of_rows(shown, "meter", "meter"), "consumption", _PURPOSE)
    else:
        shown = own_meters(view)
    heard_of = (view.now - _SILENT).date()
    for row in shown:
        days = _days(view, row["meter"], _DAYS)
        row["day"] = next(iter(days), None)
        row["course"] = course(days)
        row["silent"] = row["day"] is not None and row["day"]["date"] < heard_of
        row["anomaly"] = next(
            (each for each in anomalies_of(view, row["meter"]) if each["state"] != "resolved"), None
        )
    total = len(shown)
    if view.may(Scope.CONSUMPTION_READ):
        total = metering.count(
            view.connection,
            view.tenant,
            _PURPOSE,
            view.now,
            COUNTED_SLOWLY,
            unusual=show is not None,
        )
    count = counted(len(shown), total, COUNTED_SLOWLY)
    return view.page("meters.html", meters=shown, next=next_, count=count, show=show)


@dataclass(frozen=True, slots=True)
class Course:
    """Energy of a meter's days for a small line chart. low, high : kWh per day, of `days` days.

    points : of an SVG polyline, 100 wide and 24 high.
    """

    points: str
    days: int
    low: float
    high: float


def course(days: Sequence[Row]) -> Course | None:
    """Return the course of days, newest first; None for less than two with energy."""
    measured = [row for row in days[::-1] if row["energy_kwh"] is not None]
    if len(measured) < 2:
        return None
    first, last = measured[0]["date"].toordinal(), measured[-1]["date"].toordinal()
    values = [float(row["energy_kwh"]) for row in measured]
    low, high = min(values), max(values)
    top = high - min(low, 0.0) or 1.0
    points = " ".join(
        f"{100 * (row['date'].toordinal() - first) / (last - first):.1f},"
        f"{23 - 22 * (value - min(low, 0.0)) / top:.1f}"
        for row, value in zip(measured, values, strict=True)
    )
    return Course(points, len(measured), low, high)


def _own_rows(view: View, rows: list[Row]) -> list[Row]:
    """Keep a customer's own rows: those of their contract, not of previous holders."""
    own = view.caller.customer
    return rows if own is None else [row for row in rows if row["customer"] == own]


def own_days(view: View, meter_id: str, limit: int) -> list[Row]:
    """Return a customer's own days, newest first; for others those of holders who consent."""
    return _days(view, meter_id, limit)


def _days(view: View, meter_id: str, limit: int) -> list[Row]:
    found = metering.days(
        view.connection, view.tenant, meter_id, _PURPOSE, own=view.caller.customer, limit=limit
    )
    for row in _own_rows(view, found):
        row["sure"] = row["present"] / row["expected"] if row["expected"] else None
    return _own_rows(view, found)


def anomalies_of(view: View, meter_id: str) -> list[Row]:
    """Return a customer's own anomalies; for others those of holders who consented."""
    found = alert_flow.list_(
        view.connection,
        view.tenant,
        reader=view.caller.customer,
        subject=f"meter:{meter_id}",
        limit=20,
    )
    return [row for row in _own_rows(view, found) if not row["retracted"]]


def register(view: View, meter_id: str, start: Any, end: Any) -> list[Row]:
    """Return readings of the register in [start, end), by time."""
    found = metering.register(
        view.connection, view.tenant, meter_id, _PURPOSE, start, end, view.caller.customer
    )
    return _own_rows(view, found)


def intervals(view: View, meter_id: str, start: Any, end: Any) -> list[Row]:
    """Return decided intervals that start in [start, end), oldest first."""
    found = metering.intervals(
        view.connection,
        view.tenant,
        meter_id,
        _PURPOSE,
        from_at=start,
        to_at=end,
        own=view.caller.customer,
        limit=_MAX_INTERVALS,
    )
    for row in found:
        row["energy_kwh"] = finite(row["energy_kwh"])
        row["estimated"] = bool(row["estimated"])
    return _own_rows(view, found)


def as_plot_anomaly(alert: Row) -> Row:
    """Convert an alert to an anomaly of `meter_plots.power`."""
    return {
        "kind": alert["kind"],
        "start_at": alert["happened_at"],
        "end_at": alert["ended_at"],
    }
