"""Queries of the overviews: an insurer's portfolio, a utility's network.

Only what customers grant now is counted. Figures are sums over many customers; the callers keep
them for a while (services/overviews.py).
"""

import json
from datetime import datetime
from typing import Any

from contracts.kinds import ANOMALIES
from contracts.purposes import Purpose
from store.people.consent import DECIDED
from store.postgres import rows
from store.postgres.pool import Connection

_GRANTED = (
    "exists (select 1 from ("
    + DECIDED.format(tenant="{n}.tenant", customer="{n}.customer", purpose="%s")
    + ") as d where d.state = 'granted')"
)
_GRANTED_NAMED = _GRANTED.replace("%s", "%(purpose)s").format(n="c")


def score_bands(connection: Connection, tenant: str) -> list[dict[str, Any]]:
    """Return band, number of drivers and their mean score, of each driver's newest score."""
    return rows.all_(
        connection,
        "select last.band, count(*) as drivers, avg(last.score) as mean from ("
        "select distinct on (s.customer) s.tenant, s.customer, s.band, s.score "
        "from contacts.driver_score s where s.tenant = %s "
        "order by s.customer, s.week desc) as last "
        f"where {_GRANTED.format(n='last')} group by last.band order by last.band",
        (tenant, Purpose.DRIVING_SCORE),
    )


def score_weeks(connection: Connection, tenant: str, since: datetime) -> list[dict[str, Any]]:
    """Return week (Monday), number of drivers with a trip and their mean score, oldest first."""
    return rows.all_(
        connection,
        "select s.week, count(*) as drivers, avg(s.score) as mean from contacts.driver_score s "
        f"where s.tenant = %s and s.week >= %s and {_GRANTED.format(n='s')} "
        "group by s.week order by s.week",
        (tenant, since.date(), Purpose.DRIVING_SCORE),
    )


def network_days(connection: Connection, tenant: str, since: datetime) -> list[dict[str, Any]]:
    """Return date, energy_kwh, estimated_kwh and number of meters of each day, oldest first.

    Meters whose customers grant the purpose now, each under the contract of the day.
    """
    return rows.all_(
        connection,
        "select f.date, sum(f.energy_kwh) as energy_kwh, sum(f.estimated_kwh) as estimated_kwh, "
        "count(*) as meters from customers.contract c "
        "join customers.assignment a on a.tenant = c.tenant and a.meter = c.meter "
        "cross join lateral (select m.date, m.start_at, m.energy_kwh, m.estimated_kwh "
        "from shown.meter_day m where m.device_id = a.device_id "
        "and m.start_at >= greatest(a.valid_from, c.valid_from, %s) "
        "and m.start_at < least(a.valid_to, c.valid_to, 'infinity') "
        "and m.decided_at < '9999-12-31' offset 0) as f "
        f"where c.tenant = %s and c.meter is not null and {_GRANTED.format(n='c')} "
        "group by f.date order by f.date",
        (since, tenant, Purpose.ENERGY_INSIGHT),
    )


def open_anomalies(
    connection: Connection, tenant: str, kinds: list[str], since: datetime, limit: int
) -> list[dict[str, Any]]:
    """Return alerts of these kinds that are not resolved nor over, oldest first.

    Rows: alert_id, kind, severity, subject, customer, happened_at. Only granted ones.
    """
    purposes = json.dumps({kind: facts.purpose for kind, facts in ANOMALIES.items()})
    decided = DECIDED.format(
        tenant="a.tenant", customer="a.customer", purpose="(%s::jsonb ->> a.kind)"
    )
    return rows.all_(
        connection,
        "select a.alert_id, a.kind, a.severity, a.subject, a.customer, a.happened_at "
        f"from contacts.alert a cross join lateral ({decided}) as d "
        "where a.tenant = %s and a.kind = any(%s) and a.state <> 'resolved' and not a.retracted "
        "and not a.cleared and a.happened_at >= %s and d.state = 'granted' "
        "order by a.happened_at, a.alert_id limit %s",
        (purposes, tenant, kinds, since, limit),
    )


def meters_not_heard(
    connection: Connection,
    tenant: str,
    since: datetime,
    until: datetime,
    now: datetime,
    samples: int,
    limit: int,
) -> list[dict[str, Any]]:
    """Return meters whose newest sample lies between `since` and `until`, the newest first.

    Rows: meter, customer, last_at, samples (of at most `samples` that were looked at), pause and
    lag (longest, between two of them and until one was received). Only granted ones, each under
    the contract of `now`.
    """
    return rows.all_(
        connection,
        "select c.meter, c.customer, last.observed_at as last_at, s.samples, s.pause, s.lag "
        "from customers.contract c join customers.assignment a on a.tenant = c.tenant "
        "and a.meter = c.meter cross join lateral (select t.observed_at from shown.meter_time t "
        "where t.device_id = a.device_id and t.observed_at >= %(since)s "
        "order by t.observed_at desc limit 1) as last "
        "cross join lateral (select count(*) as samples, "
        "coalesce(max(x.pause), interval '0') as pause, max(x.lag) as lag from ("
        "select y.observed_at - lag(y.observed_at) over (order by y.observed_at) as pause, "
        "y.received_at - y.observed_at as lag from (select t.observed_at, t.received_at "
        "from shown.meter_time t where t.device_id = a.device_id and t.observed_at >= %(since)s "
        "order by t.observed_at desc limit %(samples)s) as y) as x) as s "
        f"where c.tenant = %(tenant)s and c.meter is not null and {_GRANTED_NAMED} "
        "and greatest(a.valid_from, c.valid_from) <= %(now)s "
        "and least(a.valid_to, c.valid_to, 'infinity') > %(now)s "
        "and last.observed_at < %(until)s "
        "order by last.observed_at desc, c.meter limit %(limit)s",
        {
            "tenant": tenant, "since": since, "until": until, "now": now, "samples": samples,
            "limit": limit, "purpose": Purpose.ENERGY_INSIGHT,
        },
    )  # fmt: skip


def gravest_alerts(connection: Connection, tenant: str, limit: int) -> list[dict[str, Any]]:
    """Return alerts that are not resolved, the gravest and newest first. Only granted ones."""
    purposes = json.dumps({kind: facts.purpose for kind, facts in ANOMALIES.items()})
    decided = DECIDED.format(
        tenant="a.tenant", customer="a.customer", purpose="(%s::jsonb ->> a.kind)"
    )
    return rows.all_(
        connection,
        f"select a.* from contacts.alert a cross join lateral ({decided}) as d "
        "where a.tenant = %s and a.state <> 'resolved' and not a.retracted "
        "and d.state = 'granted' order by a.cleared, a.severity desc, a.happened_at desc, "
        "a.alert_id limit %s",
        (purposes, tenant, limit),
    )
