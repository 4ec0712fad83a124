"""Queries of pages that the API does not need: names, overviews, lists over many subjects.

As in store/reads/driving.py, queries for others than the customer read views without positions;
`own_samples` and `own_events` are for the customer only.
"""

import json
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from contracts.kinds import ANOMALIES
from contracts.purposes import INSURERS
from store.people.consent import DECIDED
from store.people.subjects import COVERING
from store.pipeline.feature_tables import EVENT_NAMES
from store.pipeline.features import PROVISIONAL_US
from store.postgres import rows
from store.postgres.merged import only, same_as
from store.postgres.pool import Connection, scalar
from store.postgres.times import from_us

COUNTED_SLOWLY = 200
"""Maximum where each row has to look for its contract and consent."""
COUNTED = 1_000
"""Maximum that is counted: above it a page shows "more than"."""


def tenant(connection: Connection, tenant_id: str) -> tuple[str, str]:
    """Return name and time zone."""
    row = connection.execute(
        "select name, timezone from customers.tenant where tenant = %s", (tenant_id,)
    ).fetchone()
    return (tenant_id, "UTC") if row is None else (row[0], row[1])


_VEHICLES = (
    "select v.vehicle, v.name, k.customer, k.contract, n.state = 'granted' as granted, "
    "last.start_at as last_start_at, last.distance_m as last_distance_m, "
    "last.crash as last_crash "
    "from customers.vehicle v cross join lateral ("
    + COVERING.format(tenant="v.tenant", column="vehicle", value="v.vehicle", at="%s")
    + ") as k left join lateral ("
    + DECIDED.format(tenant="v.tenant", customer="k.customer", purpose="%s")
    + ") as n on true left join lateral ("
    "select t.start_at, t.distance_m, t.crash from customers.assignment a cross join lateral ("
    "select f.start_at, f.distance_m, f.crash from shown.trip f where f.device_id = a.device_id "
    "and f.start_at >= greatest(a.valid_from, k.valid_from) "
    "and f.start_at < least(a.valid_to, k.valid_to, 'infinity') "
    # as in store/people/contract_scope.py
    "and f.decided_at < %s order by f.start_at desc limit 1) as t "
    "where a.tenant = v.tenant and a.vehicle = v.vehicle "
    "order by t.start_at desc limit 1) as last on true where "
)


def vehicles(
    connection: Connection,
    tenant_id: str,
    purpose: str,
    at: datetime,
    *,
    customer: str | None = None,
    vehicle: str | None = None,
    after: str | None = None,
    limit: int = 50,
) -> list[dict[str, Any]]:
    """Return vehicles by id that a contract covers at `at`.

    Rows: vehicle, name, customer, contract, and the last decided trip under it. Only vehicles whose
    customer grants the purpose now; with `customer`, that customer's vehicles without this
    condition (customers need no purpose for their own data).
    """
    where = rows.Conditions("v.tenant = %s", tenant_id)
    where.add("v.vehicle = %s", vehicle).add("v.vehicle > %s", after)
    if customer is None:
        where.add("n.state = 'granted' and %s", True)
    else:
        only(where, "k.customer", connection, tenant_id, customer)
    return rows.all_(
        connection,
        f"{_VEHICLES} {where.sql} order by v.vehicle limit %s",
        [at, at, purpose, from_us(PROVISIONAL_US), *where.values, limit],
    )


def count_vehicles(
    connection: Connection, tenant_id: str, purpose: str, at: datetime, most: int
) -> int:
    """Count the vehicles of `vehicles` without a customer, up to `most`."""
    covering = COVERING.format(tenant="v.tenant", column="vehicle", value="v.vehicle", at="%s")
    decided = DECIDED.format(tenant="v.tenant", customer="k.customer", purpose="%s")
    return int(
        scalar(
            connection,
            "select count(*) from (select 1 from customers.vehicle v "
            f"cross join lateral ({covering}) as k cross join lateral ({decided}) as n "
            "where v.tenant = %s and n.state = 'granted' limit %s) as counted",
            (at, at, purpose, tenant_id, most),
        )
    )


_EVENT = (
    "e.device_id, e.kind, e.start_at, e.end_at, e.severity, e.duration_s, e.peak_mps2, "
    "e.delta_v_kmh, e.speed_kmh, e.excess_kmh"
)


def _named(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    for event in events:
        event["kind"] = EVENT_NAMES[event["kind"]]
    return events


def events(
    connection: Connection, trips: Sequence[tuple[int, datetime, datetime]]
) -> list[dict[str, Any]]:
    """Return driving events in trips (device_id, start_at, end_at), newest first, no positions."""
    found = rows.all_(
        connection,
        f"select {_EVENT} from unnest(%s::bigint[], %s::timestamptz[], %s::timestamptz[]) "
        "as t (device_id, start_at, end_at) cross join lateral ("
        "select f.* from shown.driving_event f where f.device_id = t.device_id "
        "and f.start_at between t.start_at and t.end_at "
        # as in store/people/contract_scope.py
        "and f.decided_at < %s offset 0) as e order by e.start_at desc",
        (
            [device_id for device_id, _, _ in trips],
            [start for _, start, _ in trips],
            [end for _, _, end in trips],
            from_us(PROVISIONAL_US),
        ),
    )
    return _named(found)


def own_events(
    connection: Connection, device_id: int, start_at: datetime, end_at: datetime
) -> list[dict[str, Any]]:
    """Return the events of a trip with positions.

    Empty unless the transaction's scope is the customer who made the trip.
    """
    found = rows.all_(
        connection,
        f"select {_EVENT}, e.lat_deg, e.lon_deg from shown.event_place e where e.device_id = %s "
        "and e.trip_start_at = %s and e.start_at between %s and %s and e.decided_at < %s "
        "order by e.start_at desc",
        (device_id, start_at, start_at, end_at, from_us(PROVISIONAL_US)),
    )
    return _named(found)


_OF_A_PATH = (
    "speed_kmh", "speed_limit_kmh", "lat_deg", "lon_deg", "heading_deg",
    "accel_long_mps2", "accel_lat_mps2", "accel_x_mps2", "accel_y_mps2", "accel_z_mps2",
    "gyro_x_radps", "gyro_y_radps", "gyro_z_radps",
)  # fmt: skip


def own_samples(
    connection: Connection, device_id: int, start_at: datetime, end_at: datetime, limit: int
) -> dict[str, list[Any]]:
    """Return samples of a trip by column: at, speed and its limit, place, course, accelerations,
    turn rates.

    Empty unless the transaction's scope is the customer who made the trip.
    """
    names_ = ("at", *_OF_A_PATH)
    found = connection.execute(
        f"select observed_at, {', '.join(_OF_A_PATH)} "
        "from shown.vehicle_path where device_id = %s and trip_start_at = %s "
        "and observed_at between %s and %s order by observed_at limit %s".encode(),
        (device_id, start_at, start_at, end_at, limit),
    ).fetchall()
    columns = list(zip(*found, strict=True)) if found else [()] * len(names_)
    return {name: list(column) for name, column in zip(names_, columns, strict=True)}


def trip_speed(connection: Connection, device_id: int, start_at: datetime) -> dict[str, list[Any]]:
    """Return a trip's speed for others than its customer, by column: at, speed_kmh (means of 30 s),
    speed_limit_kmh (all None)."""
    found = connection.execute(
        "select at, speed_kmh from shown.trip_speed where device_id = %s and trip_start_at = %s "
        "order by at",
        (device_id, start_at),
    ).fetchall()
    return {
        "at": [row[0] for row in found],
        "speed_kmh": [row[1] for row in found],
        "speed_limit_kmh": [None] * len(found),
    }


def signal(connection: Connection, tenant_id: str, id_: str) -> dict[str, Any] | None:
    """Return the newest revision of a signal."""
    return rows.one(
        connection,
        "select id, revision, type, subject, time, data, created_at from pipeline.signal "
        "where tenant = %s and id = %s order by revision desc limit 1",
        (tenant_id, id_),
    )


def waiting(connection: Connection, tenant_id: str, side: str | None) -> dict[str, int]:
    """Count unresolved cases (of a side), and alerts whose purpose is granted, up to COUNTED each.

    As in `services.visibility`, an alert of a withdrawn purpose is not there.
    """
    cases = scalar(
        connection,
        "select count(*) from (select 1 from contacts.service_case where tenant = %s "
        "and state <> 'resolved' and (%s::text is null or side = %s) limit %s) as counted",
        (tenant_id, side, side, COUNTED),
    )
    open_ = "a.state <> 'resolved' and not a.retracted"
    alerts = _count_alerts(connection, rows.Conditions("a.tenant = %s", tenant_id).add(open_))
    return {"cases": int(cases), "alerts": alerts}


def count_alerts(connection: Connection, tenant_id: str, state: str | None) -> int:
    """Count the alerts whose purpose is granted, in this state if one is given, up to COUNTED."""
    where = rows.Conditions("a.tenant = %s", tenant_id).add("a.state = %s", state)
    return _count_alerts(connection, where)


def _count_alerts(connection: Connection, where: rows.Conditions) -> int:
    purposes = json.dumps({kind: facts.purpose for kind, facts in ANOMALIES.items()})
    decided = DECIDED.format(
        tenant="a.tenant", customer="a.customer", purpose="(%s::jsonb ->> a.kind)"
    )
    return int(
        scalar(
            connection,
            "select count(*) from (select 1 from contacts.alert a "
            f"cross join lateral ({decided}) as d "
            f"where d.state = 'granted' and {where.sql} limit %s) as counted",
            [purposes, *where.values, COUNTED],
        )
    )


def unread(connection: Connection, tenant_id: str, customer: str) -> tuple[int, datetime | None]:
    """Return the number of unread messages in a customer's inbox, and the time of the newest."""
    row = connection.execute(
        "select count(*) filter (where read_at is null), max(created_at) from contacts.contact "
        "where tenant = %s and customer = any(%s) and channel = 'inbox' and state = 'delivered'",
        (tenant_id, same_as(connection, tenant_id, customer)),
    ).fetchone()
    assert row is not None
    return int(row[0]), row[1]


_DEAD_LETTER = (
    "dead_letter_id, tenant, dialect, topic, content_type, received_at, partition, log_offset, "
    "reason, detail, state, retried_at, outcome, size_bytes, "
    "pipeline.dead_letter_bytes(dead_letter_id) as size"
)
"""The reader has no right on a body: functions say its length and its shape."""


def dead_letters(
    connection: Connection,
    tenants: Collection[str],
    *,
    reason: str | None = None,
    state: str | None = None,
    before: int | None = None,
    after: int | None = None,
    limit: int = 50,
) -> list[dict[str, Any]]:
    """Return dead letters of some tenants without their bodies: newest first, or with an id above
    `after` in the order of arrival."""
    where = rows.Conditions("tenant = any(%s)", list(tenants))
    where.add("reason = %s", reason).add("state = %s", state)
    where.add("dead_letter_id < %s", before).add("dead_letter_id > %s", after)
    return rows.all_(
        connection,
        f"select {_DEAD_LETTER} from pipeline.dead_letter where {where.sql} "
        f"order by dead_letter_id {'desc' if after is None else 'asc'} limit %s",
        [*where.values, limit],
    )


def dead_letter(
    connection: Connection, tenants: Collection[str], dead_letter_id: int
) -> dict[str, Any] | None:
    """Return one dead letter, with the `shape` of its body (None where it is no text)."""
    return rows.one(
        connection,
        f"select {_DEAD_LETTER}, pipeline.dead_letter_shape(dead_letter_id) as shape "
        "from pipeline.dead_letter "
        "where tenant = any(%s) and dead_letter_id = %s",
        (list(tenants), dead_letter_id),
    )


def contacts(connection: Connection, tenant_id: str, side: str | None) -> dict[str, int]:
    """Count pending and failed contacts, each up to COUNTED; side : see contracts.purposes."""
    found = {}
    for state in ("pending", "failed"):
        where = rows.Conditions("tenant = %s and state = %s", tenant_id, state)
        if side is not None:
            where.add("(purpose = any(%s)) = %s", list(map(str, INSURERS)), side == "insurer")
        found[state] = int(
            scalar(
                connection,
                f"select count(*) from (select 1 from contacts.contact where {where.sql} "
                "limit %s) as counted",
                [*where.values, COUNTED],
            )
        )
    return found
