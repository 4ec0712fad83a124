"""Trips, mileage and crashes for the API.

Two kinds of queries are separate on purpose: those for insurers read a view without positions;
`path` is for the customer only, and the database returns it to nobody else.
"""

from datetime import datetime
from typing import Any

from contracts.kinds import COUNTED_BY_SEVERITY, SignalType
from store.people.consent import DECIDED
from store.people.subjects import COVERING
from store.postgres import rows
from store.postgres.pool import Connection
from store.reads.scoring import Which, source

# Everything that an insurer may know about a trip: no column is a position.
_TRIP = (
    "f.device_id, a.vehicle, c.contract, f.start_at, f.end_at, f.distance_m, f.driving_s, "
    "f.idle_s, f.night_s, f.rush_s, f.speeding_s, f.max_speed_kmh, f.speeding_count, f.crash, "
    f"{', '.join(f'f.{column}' for column in COUNTED_BY_SEVERITY)}, f.revision, f.quality"
)


def trips(
    connection: Connection,
    which: Which,
    *,
    after: tuple[datetime, int] | None = None,
    limit: int = 50,
) -> list[dict[str, Any]]:
    """Return decided trips, newest first; after : (start_at, device_id) of the last row seen."""
    where = rows.Conditions("true")
    where.add("(f.start_at, f.device_id) < (%s, %s)", *(after or (None, None)))
    sql, parameters = source(which, where, "f.start_at desc", limit)
    return rows.all_(
        connection,
        f"select {_TRIP} from {sql} order by f.start_at desc, f.device_id desc limit %s",
        [*parameters, limit],
    )


def mileage(connection: Connection, which: Which) -> dict[str, Any]:
    """Return sums over decided trips: trips, distance_m, driving_s, night_s, first_at, last_at."""
    sql, parameters = source(which)
    found = rows.one(
        connection,
        "select count(*) as trips, coalesce(sum(f.distance_m), 0) as distance_m, "
        "coalesce(sum(f.driving_s), 0) as driving_s, coalesce(sum(f.night_s), 0) as night_s, "
        f"min(f.start_at) as first_at, max(f.end_at) as last_at from {sql}",
        parameters,
    )
    assert found is not None
    return found


def trip(
    connection: Connection, which: Which, device_id: int, start_at: datetime
) -> dict[str, Any] | None:
    """Return one decided trip, if it belongs to `which`."""
    where = rows.Conditions("f.device_id = %s and f.start_at = %s", device_id, start_at)
    sql, parameters = source(which, where)
    return rows.one(connection, f"select {_TRIP} from {sql}", parameters)


def path(
    connection: Connection, device_id: int, start_at: datetime, end_at: datetime, limit: int
) -> list[dict[str, Any]]:
    """Return a device's positions on the trip [start, end] by time.

    Rows: observed_at, lat_deg, lon_deg, speed_kmh. Empty unless the transaction's scope is the
    customer who made the trip.
    """
    return rows.all_(
        connection,
        "select observed_at, lat_deg, lon_deg, speed_kmh from shown.vehicle_path "
        "where device_id = %s and trip_start_at = %s and observed_at between %s and %s "
        "and lat_deg is not null and lon_deg is not null order by observed_at limit %s",
        (device_id, start_at, start_at, end_at, limit),
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
    """Return crashes, newest first, of vehicles under a motor contract.

    The contract's customer must grant the purpose now. Rows have the newest revision of the signal,
    customer, contract, consent_id and case_id. Retracted crashes are included (`data.retracted`).
    after : (time, id) of the last row seen.
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
        f"cross join lateral ({decided}) as d where s.type = %s and {where.sql} "
        "and d.state = 'granted' and not exists (select 1 from pipeline.signal later "
        "where later.id = s.id and later.revision > s.revision) "
        "order by s.time desc, s.id desc limit %s",
        [purpose, SignalType.VEHICLE_CRASH, *where.values, limit],
    )
