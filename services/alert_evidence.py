"""The evidence of an alert in energy and money: read what it rests on, explain, store.

It is computed when the alert is raised, corrected or cleared, with what was known to that signal;
while the anomaly lasts once a day with what is known then. `analyse-meter` gives the same figures
for a file that ends at that time (docs/adr/0070-evidence-is-stored-with-its-alert.md).
"""

import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from contracts.billing import Tariff
from contracts.purposes import Purpose
from customer_context.billing.tariff import gross_per_kwh
from customer_context.metering.evidence import (
    DAY_US,
    KINDS,
    METHOD,
    Episode,
    Price,
    Weather,
    explain,
)
from customer_context.metering.use import (
    Decided,
    Floats,
    Int64s,
    Use,
    country_of,
    offsets_us,
)
from customer_context.playbooks.freshness import is_past
from runtime.errors import Retry
from store.casework import alerts, weather
from store.people import bills
from store.postgres import roles
from store.postgres.merged import same_as
from store.postgres.pool import Connection, translated
from store.postgres.times import from_us, to_us
from store.reads import metering

log = logging.getLogger("services.alert_evidence")

AT_ONCE = 8
"""As many are explained with the signals that raise them; the others follow at once after."""
BATCH = 4
"""As many in one transaction after: urgent signals wait for no more."""
EVERY_US = DAY_US
"""Between two computations while an anomaly lasts."""
_WEATHER_US = 28 * DAY_US
_METER = "meter:"


def with_signals(
    connection: Connection, alert_ids: Sequence[str], now_us: int
) -> dict[str, dict[str, Any]]:
    """Explain alerts that signals have just changed, in their transaction; return alert → evidence.

    At most `AT_ONCE`, and none that is old news: `run_due` explains those.
    """
    found: dict[str, dict[str, Any]] = {}
    fresh = [
        alert
        for alert in alerts.of_ids(connection, alert_ids)
        if not alert["retracted"] and not is_past(alert["known_at"], alert["detected_at"])
    ]
    for alert in fresh[:AT_ONCE]:
        evidence = _explain(connection, alert, to_us(alert["known_until"]), now_us)
        _write(connection, alert, evidence, now_us, as_change=False)
        if evidence is not None:
            found[alert["alert_id"]] = evidence
    return found


def run_due(connection: Connection, now_us: int, limit: int = BATCH) -> int:
    """Explain alerts that wait for it, in the caller's transaction; return their number."""
    rows = alerts.evidence_due(connection, from_us(now_us), limit)
    for alert in rows:
        known_us = now_us
        if alert["cleared"] or alert["evidence"] is None:
            known_us = to_us(alert["known_until"] or alert["known_at"])
        evidence = _explain(connection, alert, known_us, now_us)
        _write(connection, alert, evidence, now_us, as_change=True)
    return len(rows)


def _write(
    connection: Connection,
    alert: Mapping[str, Any],
    evidence: Mapping[str, Any] | None,
    now_us: int,
    *,
    as_change: bool,
) -> None:
    over = alert["cleared"] or alert["retracted"] or alert["state"] == "resolved"
    again = None if over or alert["kind"] not in KINDS else from_us(now_us + EVERY_US)
    alerts.write_evidence(connection, alert, evidence, again, now_us, as_change=as_change)


def _explain(
    connection: Connection, alert: Mapping[str, Any], known_us: int, now_us: int
) -> dict[str, Any] | None:
    """Explain one alert; an error of one is logged, and stops no other."""
    try:
        with translated(), connection.transaction():
            return _evidence(connection, alert, known_us)
    except Retry:
        raise
    except Exception as error:
        log.exception("alert %s could not be explained", alert["alert_id"], exc_info=error)
        return None


def _evidence(
    connection: Connection, alert: Mapping[str, Any], known_us: int
) -> dict[str, Any] | None:
    """Return the evidence with `method` and `known_until`; None where it may not be computed.

    The customer of the alert has the meter and grants energy insight; only what was measured under
    this customer's contracts is read.
    """
    tenant, customer, subject = alert["tenant"], alert["customer"], alert["subject"] or ""
    if customer is None or not subject.startswith(_METER):
        return None
    roles.set_tenant_scope(connection, [tenant])
    meter_id = subject.removeprefix(_METER)
    meter = metering.meter(
        connection, tenant, meter_id, Purpose.ENERGY_INSIGHT, alert["happened_at"]
    )
    ids = same_as(connection, tenant, customer)
    if meter is None or meter["customer"] not in ids:
        return None
    ended = alert["ended_at"]
    episode = Episode(
        alert["kind"],
        to_us(alert["happened_at"]),
        None if ended is None else to_us(ended),
        known_us,
    )
    price, hours, use = None, None, _NOTHING
    if alert["kind"] in KINDS:
        use = _use(connection, tenant, meter_id, ids, episode, meter["timezone"])
        price = _price(connection, tenant, meter["customer"], meter["contract"])
        hours = _weather(connection, tenant, meter["customer"], episode)
    found = explain(use, episode, hours, price, country_of(meter["timezone"]))
    return {"method": METHOD, "known_until": from_us(known_us).isoformat(), **found}


_NONE = np.zeros(0, np.int64)
_NOTHING = Decided(Use(_NONE, _NONE, _NONE, np.zeros(0)), _NONE)


def _use(
    connection: Connection,
    tenant: str,
    meter_id: str,
    customers: Sequence[str],
    episode: Episode,
    timezone: str,
) -> Decided:
    found = metering.measured(
        connection, tenant, meter_id, customers,
        from_us(episode.since_us), from_us(episode.known_us),
    )  # fmt: skip
    start = found.start_us
    local = start + offsets_us(start, ZoneInfo(timezone))
    return Decided(Use(start, found.end_us, local, found.energy_kwh), found.decided_us)


def _price(connection: Connection, tenant: str, customer: str, contract: str) -> Price | None:
    """Return the prices of the tariff of the contract's newest bill; None without one."""
    bill = bills.newest(connection, tenant, customer, contract)
    if bill is None:
        return None
    tariff = Tariff.model_validate(bill["body"]["tariff"])

    def at(local_us: Int64s) -> Floats:
        walls = [
            datetime.fromtimestamp(us / 1e6, UTC).replace(tzinfo=None) for us in local_us.tolist()
        ]
        prices = [gross_per_kwh(tariff, wall) for wall in walls]
        return np.array([np.nan if one is None else float(one) for one in prices], np.float64)

    return Price(tariff.name, at)


def _weather(
    connection: Connection, tenant: str, customer: str, episode: Episode
) -> Weather | None:
    rows = weather.at_customer(
        connection, tenant, customer,
        from_us(episode.start_us - _WEATHER_US), from_us(episode.known_us),
    )  # fmt: skip
    known = sorted(
        (to_us(r["at"]), r["temperature_c"]) for r in rows if r["temperature_c"] is not None
    )
    if not known:
        return None
    return Weather(
        np.array([at for at, _ in known], np.int64), np.array([c for _, c in known], np.float64)
    )
