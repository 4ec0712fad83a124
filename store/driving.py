"""Trips, mileage and crashes as the API tells them.

Two kinds of reads stand apart on purpose: those for insurers name no column that holds a position;
`path` is for the customer alone.
"""

from datetime import datetime
from typing import Any

from store import rows
from store.features import PROVISIONAL_US
from store.pool import Connection
from store.scoring import Which, source
from store.subjects import COVERING, DECIDED
from store.times import from_us

# Everything an insurer may know of a trip: no column of these is a place.
_TRIP = (
    "t.device_id, a.vehicle, c.contract, t.start_at, t.end_at, t.distance_m, t.driving_s, "
    "t.idle_s, t.night_s, t.rush_s, t.speeding_s, t.max_speed_kmh, t.speeding_count, t.crash, "
    "t.harsh_braking, t.harsh_acceleration, t.harsh_cornering, t.revision"
)


def trips(
    connection: Connection,
    which: Which,
    *,
    after: tuple[datetime, int] | None = None,
    limit: int = 50,
) -> list[dict[str, Any]]:
    """Decided trips, newest first; `after` is (start_at, device_id) of the last row seen."""
    sql, parameters = source(which)
    where = rows.Conditions("t.decided_at < %s", from_us(PROVISIONAL_US))
    where.add("(t.start_at, t.device_id) < (%s, %s)", *(after or (None, None)))
    return rows.all_(
        connection,
        f"select {_TRIP} from {sql} and {where.sql} "
        "order by t.start_at desc, t.device_id desc limit %s",
        [*parameters, *where.values, limit],
    )


def mileage(connection: Connection, which: Which) -> dict[str, Any]:
    """Sums over decided trips: trips, distance_m, driving_s, night_s, first_at, last_at."""
    sql, parameters = source(which)
    found = rows.one(
        connection,
        "select count(*) as trips, coalesce(sum(t.distance_m), 0) as distance_m, "
        "coalesce(sum(t.driving_s), 0) as driving_s, coalesce(sum(t.night_s), 0) as night_s, "
        f"min(t.start_at) as first_at, max(t.end_at) as last_at from {sql} and t.decided_at < %s",
        [*parameters, from_us(PROVISIONAL_US)],
    )
    assert found is not None
    return found


def decided_until(connection: Connection, which: Which) -> datetime | None:
    """When the newest of the decided trips was decided: what a score is as of."""
    sql, parameters = source(which)
    found = rows.one(
        connection,
        f"select max(t.decided_at) as at from {sql} and t.decided_at < %s",
        [*parameters, from_us(PROVISIONAL_US)],
    )
    return None if found is None else found["at"]


def trip(
    connection: Connection, which: Which, device_id: int, start_at: datetime
) -> dict[str, Any] | None:
    """One decided trip, if it belongs to `which`."""
    sql, parameters = source(which)
    return rows.one(
        connection,
        f"select {_TRIP} from {sql} and t.decided_at < %s and t.device_id = %s and t.start_at = %s",
        [*parameters, from_us(PROVISIONAL_US), device_id, start_at],
    )


def path(
    connection: Connection, device_id: int, start_at: datetime, end_at: datetime, limit: int
) -> list[dict[str, Any]]:
    """Where a device was in [start, end], in order of time: observed_at, lat_deg, lon_deg,
    speed_kmh. For the customer whose trip it is and for nobody else."""
    return rows.all_(
        connection,
        "select observed_at, lat_deg, lon_deg, speed_kmh from telemetry.vehicle_sample "
        "where device_id = %s and observed_at between %s and %s "
        "and lat_deg is not null and lon_deg is not null order by observed_at limit %s",
        (device_id, start_at, end_at, limit),
    )


def crashes(
    connection: Connection,
    tenant: str,
    purpose: str,
    *,
    customer: str | None = None,
    vehicle: str | None = None,
    contract: str | None = None,
    from_at: datetime | None = None,
    to_at: datetime | None = None,
    after: tuple[datetime, str] | None = None,
    limit: int = 50,
) -> list[dict[str, Any]]:
    """Crashes, newest first, of vehicles under a motor contract whose customer grants the purpose
    now: the newest revision of the signal, with customer, contract, consent_id, case_id.

    `after` is (time, id) of the last row seen. A crash that was taken back is listed and says so.
    """
    covering = COVERING.format(
        tenant="s.tenant", column="vehicle", value="substr(s.subject, 9)", at="s.time"
    ).replace("where k.tenant", "where k.kind = 'motor' and k.tenant")
    decided = DECIDED.format(tenant="s.tenant", customer="k.customer", purpose="%s")
    where = rows.Conditions("s.tenant = %s", tenant)
    where.add("k.customer = %s", customer).add("k.contract = %s", contract)
    where.add("s.subject = %s", None if vehicle is None else f"vehicle:{vehicle}")
    where.add("s.time >= %s", from_at).add("s.time < %s", to_at)
    where.add("(s.time, s.id) < (%s, %s)", *(after or (None, None)))
    return rows.all_(
        connection,
        "select s.id, s.revision, s.subject, s.time, s.data, s.created_at, k.customer, k.contract, "
        "d.consent_id, (select v.case_id from contacts.service_case v where v.signal_id = s.id "
        "and v.tenant = s.tenant and v.side = 'insurer' order by v.opened_at limit 1) as case_id "
        f"from pipeline.signal s cross join lateral ({covering}) as k "
        f"cross join lateral ({decided}) as d where s.type = 'vehicle.crash' and {where.sql} "
        "and d.state = 'granted' and not exists (select 1 from pipeline.signal later "
        "where later.id = s.id and later.revision > s.revision) "
        "order by s.time desc, s.id desc limit %s",
        [purpose, *where.values, limit],
    )
