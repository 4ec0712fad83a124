"""Views for analysts (schema `analysis`, docs/analysis.md): names instead of numbers, each row with
vehicle or meter, customer and contract at its time, only where the customer grants the purpose now.

They are made at the end of a migration whose sources differ from those of the last one, from the
tables of codes, so that a new kind has its name in them. Rows are limited to `analysis.tenants()`
(migration 0019). No column is a place.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from psycopg import sql

from contracts.kinds import COUNTED_BY_SEVERITY
from contracts.purposes import Purpose
from contracts.quality import Quality
from store.postgres import consent_order
from store.postgres.pool import Connection, scalar
from store.postgres.roles import READER
from store.postgres.times import PROVISIONAL_US, from_us

_PHASES = {0: "raised", 1: "cleared"}

_OF = """
    join analysis.device d using (device_id)
    join lateral (
        select h.* from analysis.holding h
        where h.device_id = d.device_id and h.valid_from <= x.start_at
            and (h.valid_to is null or x.start_at < h.valid_to)
        order by h.contract_from desc, h.contract limit 1) h on true
    where exists (
        select from analysis.granted g where g.tenant = h.tenant and g.customer = h.customer
            and g.purpose = {purpose})"""
"""Who held the device of a row `x` when it began; of overlapping contracts the one that began last
(customer_context/identity/holders.py)."""

_VIEWS: Mapping[str, str] = {
    "granted": """
        select tenant, customer, purpose from (
            select distinct on (tenant, customer, purpose) tenant, customer, purpose,
                {state} as state
            from customers.consent where tenant = any (analysis.tenants())
                and customer is not null and {about}
            order by tenant, customer, purpose, {newest}) c
        where state = 'granted'""",
    "device": """
        select d.device_id, d.tenant, d.device, d.kind,
            t.timezone as tenant_timezone from customers.device d
        join customers.tenant t using (tenant) where d.tenant = any (analysis.tenants())""",
    "holding": """
        select d.tenant, d.device_id, d.device, d.kind, a.vehicle, a.meter, c.customer, c.contract,
            greatest(a.valid_from, c.valid_from) as valid_from,
            least(a.valid_to, c.valid_to) as valid_to, c.valid_from as contract_from
        from customers.assignment a join analysis.device d using (device_id)
        join customers.contract c on c.tenant = d.tenant
            and (c.vehicle = a.vehicle or c.meter = a.meter)
            and c.valid_from < coalesce(a.valid_to, 'infinity')
            and a.valid_from < coalesce(c.valid_to, 'infinity')""",
    "trip": """
        select h.tenant, h.customer, h.contract, h.vehicle, d.device, x.device_id,
            x.start_at, x.end_at, (x.start_at at time zone d.tenant_timezone)::date as local_date,
            x.decided_at <> {provisional} as decided,
            nullif(x.decided_at, {provisional}) as decided_at, {end_reason} as end_reason,
            x.distance_m, x.driving_s, x.idle_s, x.night_s, x.rush_s, x.speeding_s,
            x.speed_limited_s, x.measured_s, x.sample_count, x.rejected_count, x.max_speed_kmh,
            x.speeding_count, x.crash, {counts}, x.revision
        from features.trip x {of_driver}""",
    "driving_event": """
        select h.tenant, h.customer, h.contract, h.vehicle, d.device, x.device_id,
            {event_kind} as kind, x.start_at, x.end_at, x.severity, x.trip_start_at, x.duration_s,
            x.peak_mps2, x.delta_v_kmh, x.speed_kmh, x.excess_kmh, x.speed_limit_kmh, x.revision
        from features.driving_event x {of_driver}""",
    "driver_month": """
        select tenant, customer, vehicle, date_trunc('month', local_date)::date as month,
            count(*) as trips, sum(distance_m) as distance_m, sum(driving_s) as driving_s,
            sum(idle_s) as idle_s, sum(night_s) as night_s, sum(rush_s) as rush_s,
            sum(speeding_s) as speeding_s, max(max_speed_kmh) as max_speed_kmh,
            {sums}, sum(crash) as crashes
        from analysis.trip where decided group by 1, 2, 3, 4""",
    "meter_interval": """
        select h.tenant, h.customer, h.contract, h.meter, d.device, x.device_id, x.start_at,
            x.end_at, x.energy_kwh, {status} as status, x.estimated <> 0 as estimated, x.revision
        from features.meter_interval x {of_home}""",
    "meter_day": """
        select h.tenant, h.customer, h.contract, h.meter, d.device, x.device_id,
            x.date as local_date, x.start_at, x.energy_kwh, x.estimated_kwh, x.expected, x.present,
            x.estimated, x.min_w, x.max_w, x.peak_at, x.base_load_w, x.night_share, x.revision
        from features.meter_day x {of_home}""",
    "meter_month": """
        select tenant, customer, meter, date_trunc('month', local_date)::date as month,
            count(*) as days, sum(energy_kwh) as energy_kwh, sum(estimated_kwh) as estimated_kwh,
            sum(expected) as expected, sum(present) as present, sum(estimated) as estimated,
            max(max_w) as max_w, avg(base_load_w) as base_load_w
        from analysis.meter_day group by 1, 2, 3, 4""",
    "meter_anomaly": """
        select h.tenant, h.customer, h.contract, h.meter, d.device, x.device_id,
            {anomaly_kind} as kind, {phase} as phase, x.start_at, x.end_at, x.since_at, x.observed,
            x.expected, x.threshold, x.severity, x.revision
        from features.meter_anomaly x {of_home}""",
}
"""Name → query, in the order in which they are made."""


_FORM = 26
"""The migration from which on the form of the views is stored."""
_MIGRATED = "select max(version) >= %s from public.tachowatt_migration"
_MADE = (
    "select (select count(*) from pg_views where schemaname = 'analysis') >= %s "
    "and analysis_form = %s from pipeline.layout"
)


def made(connection: Connection) -> bool:
    """Return whether the views, and the comments on all tables, are there and of this program."""
    if not scalar(connection, _MIGRATED, (_FORM,)):
        return False
    return bool(scalar(connection, _MADE, (len(_VIEWS), _form())))


def make(connection: Connection) -> None:
    """Create or replace the views, in the caller's transaction. Idempotent."""
    if not scalar(connection, "select to_regnamespace('analysis') is not null"):
        return  # before migration 0019
    # They load a compiler, and most starts of a command find the views made.
    from feature_kernels.driving import END_REASONS
    from store.pipeline.feature_tables import ANOMALY_NAMES, EVENT_NAMES

    parts: dict[str, sql.Composable] = {
        "newest": sql.SQL(consent_order.NEWEST_FIRST.format(n="")),
        "state": sql.SQL(consent_order.STATE.format(n="", now=consent_order.NOW)),
        "about": sql.SQL(consent_order.TO_READ.format(n="", now=consent_order.NOW)),
        "provisional": sql.Literal(from_us(PROVISIONAL_US)),
        "end_reason": _named("x.end_reason", {code: name for name, code in END_REASONS.items()}),
        "event_kind": _named("x.kind", EVENT_NAMES),
        "anomaly_kind": _named("x.kind", ANOMALY_NAMES),
        "phase": _named("x.phase", _PHASES),
        "status": _named("x.status", {quality.value: quality.name for quality in Quality}),
        "counts": sql.SQL(", ").join(
            sql.SQL("(select sum(n) from unnest(x.{0}) n)::bigint as {0}").format(
                sql.Identifier(column)
            )
            for column in COUNTED_BY_SEVERITY
        ),
        "sums": sql.SQL(", ").join(
            sql.SQL("sum({0})::bigint as {0}").format(sql.Identifier(column))
            for column in COUNTED_BY_SEVERITY
        ),
        "of_driver": sql.SQL(_OF).format(purpose=sql.Literal(str(Purpose.DRIVING_SCORE))),
        "of_home": sql.SQL(_OF).format(purpose=sql.Literal(str(Purpose.ENERGY_INSIGHT))),
    }
    for name, query in _VIEWS.items():
        connection.execute(
            sql.SQL(
                "create or replace view {view} with (security_barrier) as {query}; "
                "grant select on {view} to {reader}"
            ).format(
                view=sql.Identifier("analysis", name),
                query=sql.SQL(query).format(**parts),
                reader=sql.Identifier(READER),
            )
        )
    if scalar(connection, _MIGRATED, (_FORM,)):
        connection.execute("update pipeline.layout set analysis_form = %s", (_form(),))


def sources() -> list[Path]:
    """Return the files that views and comments are made from. A migration counts: its new columns
    get the comments that a name has everywhere."""
    root = Path(__file__).parents[2]
    folders = [root / "contracts", root / "feature_kernels", root / "store" / "schema"]
    files = [file for folder in folders for file in folder.rglob("*.py")]
    files += (root / "store" / "schema" / "migrations").glob("*.sql")
    files += [Path(__file__).with_name("comments.yaml"), Path(consent_order.__file__)]
    return sorted(files)


def _form() -> str:
    """Return a digest of the sources, unloaded: kernels load a compiler."""
    digest = hashlib.blake2b(digest_size=16)
    for file in sources():
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _named(column: str, names: Mapping[int, str]) -> sql.Composed:
    """Return the name of a code; 'other' for one that has none."""
    return sql.SQL("case {} {} else 'other' end").format(
        sql.SQL(column),
        sql.SQL(" ").join(
            sql.SQL("when {} then {}").format(sql.Literal(code), sql.Literal(name))
            for code, name in names.items()
        ),
    )
