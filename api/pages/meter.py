"""One meter in a period: its use with what was expected, anomalies, last year, and a forecast."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from starlette.responses import Response

from api.http.answers import finite
from api.http.problems import not_found
from api.http.scopes import Scope
from api.pages.frame.formats import Formats
from api.pages.frame.lists import Row
from api.pages.frame.view import View
from api.pages.meter_period import SPANS, Period, period_of
from api.pages.meters import anomalies_of, as_plot_anomaly, intervals, own_meters
from api.pages.plots import meters as meter_plots
from contracts.purposes import Purpose
from contracts.quality import Quality, Reason
from feature_kernels import consumption
from services import bills, meter_use
from services.meter_use import Expected, Hours
from store.people.read_log import of_rows
from store.postgres.merged import same_as
from store.reads import metering

_PURPOSE = Purpose.ENERGY_INSIGHT
_PROFILE_DAYS = 28
_INTERVAL_DAYS = 7
"""The most known days of a period of which intervals are shown; of more the days."""


def meter(view: View) -> Response:
    """GET /meters/{meter}"""
    meter_id = view.request.path_params["meter"]
    found = metering.meter(
        view.connection, view.tenant, meter_id, _PURPOSE, view.now, view.caller.customer
    )
    if view.may(Scope.CONSUMPTION_READ):
        if found is None:
            raise not_found()
        view.log(of_rows([found], "meter", "meter"), "consumption", _PURPOSE)
    else:
        own = next((row for row in own_meters(view) if row["meter"] == meter_id), None)
        if own is None or found is None:
            raise not_found()
    return _show(view, found)


def _show(view: View, found: Row) -> Response:
    zone, reader = ZoneInfo(found["timezone"]), view.caller.customer
    at = (view.connection, view.tenant, found)
    last = meter_use.newest_day(*at, reader)
    newest = _newest(view, found, last, zone)
    period = period_of(view.request.query_params, newest)
    until = min(period.until, newest)
    detailed = 0 < (until - period.since).days + 1 <= _INTERVAL_DAYS
    rows: list[Row] = []
    if detailed:
        ends = period.until + timedelta(days=1)
        rows = _mine(
            view,
            found,
            intervals(
                view, found["meter"],
                meter_use.begin_of(period.since, zone), meter_use.begin_of(ends, zone),
            ),
        )  # fmt: skip
    days = meter_use.days_of(*at, period.since - meter_use.PAST, period.until, reader)
    shown = [row for row in days if row["date"] >= period.since]
    for row in shown:
        row["sure"] = row["present"] / row["expected"] if row["expected"] else None
    past = None
    if last is not None and period.since <= until:
        first = max(period.since, until - timedelta(days=_PROFILE_DAYS - 1))
        past = meter_use.hours(*at, first, until, reader)
    anomalies = _mine(view, found, anomalies_of(view, found["meter"]))
    spans = [(row["happened_at"], row["ended_at"]) for row in anomalies]
    odd = meter_use.odd_days(spans, zone, view.now)
    by_day = meter_use.expected_days(days, zone, period.since, until, odd)
    by_hour = []
    if past is not None and detailed:
        by_hour = meter_use.expected_hours(past, period.since, until, odd)
    next_ = newest + timedelta(days=1)
    latest = past if until == newest else meter_use.hours(*at, newest, newest, reader)
    tomorrow: list[Expected] = []
    if latest is not None:
        tomorrow = meter_use.expected_hours(latest, next_, next_, odd)
    before = meter_use.energy_year_before(*at, period.since, period.until, reader)
    before_by_hour = None
    if rows and before:
        before_by_hour = meter_use.hours_year_before(*at, period.since, period.until, reader)
    f = Formats(view.language, found["timezone"], period.since.year != view.now.year)
    plotted = [row for row in map(as_plot_anomaly, anomalies) if _overlaps(row, period, zone)]
    compared = meter_use.compared(*at, shown, reader, corrected=True)
    outlook = bills.outlook(*at[:2], found["customer"], view.now_us, reader, found["contract"])
    workdays, weekends = _profile(past, until)
    known = {row["date"]: value for row in shown if (value := meter_use.energy_of(row)) is not None}
    usual = {each.start_at.astimezone(zone).date(): each.kwh for each in by_day}
    power = None
    if rows:
        power = meter_plots.power(
            rows, plotted, view.text, f, days=shown, expected=by_hour, before=before_by_hour
        )
    return view.page(
        "meter.html",
        meter=found,
        last=last,
        newest=newest,
        period=period,
        spans=SPANS,
        fm=f,
        days=shown[::-1],
        used=sum(known.values()) if known else _energy_of_intervals(rows),
        usual=_of_same(known, usual),
        compared=compared,
        anomalies=[row for row in anomalies if _overlaps(as_plot_anomaly(row), period, zone)],
        counts=_statuses(rows) if rows else _counts(shown),
        reasons=_reasons(rows),
        power=power,
        profiled=None if past is None else (max(until - timedelta(days=27), _first(past)), until),
        profile=meter_plots.profile(workdays, weekends, view.text, f)
        if workdays and weekends
        else None,
        by_day=meter_plots.days(shown, view.text, f, expected=by_day, before=before)
        if len(shown) > 1
        else None,
        tomorrow=meter_plots.next_day(tomorrow, view.text, f) if tomorrow else None,
        tomorrow_kwh=sum(each.kwh for each in tomorrow),
        next_day=next_,
        outlook=outlook,
        shows_bill=view.may(Scope.CONTEXT_READ) or view.shows_path,
    )


def _mine(view: View, meter: Row, rows: list[Row]) -> list[Row]:
    """Keep rows of the customer who has the meter now: others had another use."""
    ids = same_as(view.connection, view.tenant, meter["customer"])
    return [row for row in rows if row["customer"] in ids]


def _newest(view: View, meter: Row, last: Row | None, zone: ZoneInfo) -> date:
    """Return the newest local day of which something is known: the last one, or today in part."""
    if last is None:
        return view.now.astimezone(zone).date()
    after = last["date"] + timedelta(days=1)
    begins = meter_use.begin_of(after, zone)
    more = metering.intervals(
        view.connection, view.tenant, meter["meter"], _PURPOSE, from_at=begins,
        to_at=begins + timedelta(days=1), own=view.caller.customer, limit=1,
    )  # fmt: skip
    return after if more else last["date"]  # type: ignore[no-any-return]


def _first(past: Hours) -> date:
    return date(1970, 1, 1) + timedelta(days=int(past.days[0]))


def _of_same(known: dict[date, float], usual: dict[date, float]) -> float | None:
    """Return what the known days were expected to use; None where that is not known of each."""
    if not known or known.keys() - usual.keys():
        return None
    return sum(usual[day] for day in known)


def _overlaps(anomaly: Row, period: Period, zone: ZoneInfo) -> bool:
    begins = meter_use.begin_of(period.since, zone)
    ends = meter_use.begin_of(period.until + timedelta(days=1), zone)
    return bool(anomaly["start_at"] < ends and (anomaly["end_at"] or ends) >= begins)


def _profile(
    past: Hours | None, until: date
) -> tuple[list[float | None], list[float | None]] | tuple[None, None]:
    """Compute the load profile: mean power by local hour, W, of workdays and of weekends."""
    if past is None:
        return None, None
    last = (until - date(1970, 1, 1)).days
    keep = (past.days <= last) & (past.days > last - _PROFILE_DAYS)
    kwh = past.kwh[keep].reshape(-1)
    table = np.zeros(kwh.size, consumption.INTERVAL_DTYPE)
    hours = past.days[keep][:, None] * 24 + np.arange(24)
    table["local_us"] = hours.reshape(-1) * 3_600_000_000
    table["start_us"] = table["local_us"]
    table["end_us"] = table["start_us"] + 3_600_000_000
    table["energy_kwh"] = kwh
    table["status"] = Quality.ABGELESEN
    workdays, weekends = ([finite(v) for v in part] for part in consumption.load_profile(table))
    return workdays, weekends


def _reasons(rows: Sequence[Row]) -> dict[str, int]:
    """Count intervals by the reason why they are not as read; reason → number, only known ones."""
    known = [reason for reason in Reason if reason is not Reason.AS_READ]
    counts = {reason.name: sum(row["reason"] == reason for row in rows) for reason in known}
    return {name: n for name, n in counts.items() if n}


def _energy_of_intervals(rows: list[Row]) -> float | None:
    """Return the energy of the intervals of a day that is not complete yet; None without one."""
    found = [row["energy_kwh"] for row in rows if row["energy_kwh"] is not None]
    return sum(found) if found else None


def _statuses(rows: Sequence[Row]) -> dict[str, int]:
    """Count intervals by status: read, estimated, missing."""
    counts = {"read": 0, "estimated": 0, "missing": 0}
    for row in rows:
        if row["estimated"]:
            counts["estimated"] += 1
        elif row["energy_kwh"] is None or row["status"] == Quality.FEHLT:
            counts["missing"] += 1
        else:
            counts["read"] += 1
    return counts


def _counts(days: Sequence[Row]) -> dict[str, int]:
    """Count the intervals of days by status."""
    read, estimated, all_ = (
        int(sum(row[name] for row in days)) for name in ("present", "estimated", "expected")
    )
    counts: dict[str, Any] = {"read": read, "estimated": estimated}
    return {**counts, "missing": max(all_ - read - estimated, 0)}
