"""A large store for `tachowatt bench query`, mostly made by the database itself."""

from collections.abc import Sequence

from store.pipeline.telemetry import VEHICLE
from store.postgres.engine import Engine, engine_of
from store.postgres.pool import Connection, scalar
from store.postgres.times import from_us

TENANT = "bench"
SAMPLES_OF_A_TRIP, SAMPLE_EVERY_S = 90, 10
INTERVAL_S = 900


def register(connection: Connection, vehicles: int, meters: int) -> None:
    """The rows that `tachowatt import` would write: customer c<i> has vehicle v<i> and contract
    k<i>, the first `meters` of them also meter m<i>, and everybody has agreed to everything.
    """
    connection.execute(
        "insert into customers.tenant values (%s, 'Benchmark', 'Europe/Berlin')", (TENANT,)
    )
    for count, into in (
        (vehicles, "customers.customer (tenant, customer, name) "
                   "select {t}, 'c' || i, 'Person ' || i"),
        (vehicles, "customers.vehicle select {t}, 'v' || i, 'Car ' || i"),
        (meters, "customers.meter (tenant, meter) select {t}, 'm' || i"),
        (vehicles, "customers.contract select {t}, 'k' || i, 'c' || i, 'motor', 'v' || i, null, "
                   "'2000-01-01'"),
        (meters, "customers.contract select {t}, 'e' || i, 'c' || i, 'electricity', null, "
                 "'m' || i, '2000-01-01'"),
        (vehicles, "customers.device (tenant, device, kind, dialect, address) "
                   "select {t}, 'd' || i, 'vehicle', 'native', {t} || '/d' || i"),
        (meters, "customers.device (tenant, device, kind, dialect, address) "
                 "select {t}, 'g' || i, 'meter', 'native', {t} || '/g' || i"),
    ):  # fmt: skip
        statement = into.format(t=f"'{TENANT}'")
        connection.execute(
            f"insert into {statement} from generate_series(0, {count - 1}) i".encode()
        )
    connection.execute(
        "insert into customers.assignment (device_id, tenant, vehicle, meter, valid_from) "
        "select device_id, tenant, case kind when 'vehicle' then 'v' || substr(device, 2) end, "
        "case kind when 'meter' then 'm' || substr(device, 2) end, '2000-01-01' "
        "from customers.device where tenant = %s order by device_id",
        (TENANT,),
    )
    connection.execute(
        "insert into customers.consent (tenant, customer, purpose, state, legal_basis, "
        "notice_version, source, decided_at, recorded_at) select tenant, customer, purpose, "
        "'granted', 'consent', '1', 'bench', '2026-01-01', '2026-01-01' from customers.customer, "
        "unnest(array['driving_score', 'claims_assistance', 'energy_insight']) as purpose "
        "where tenant = %s",
        (TENANT,),
    )


def device_ids(connection: Connection, kind: str) -> list[int]:
    """The devices of vehicles ('d') or meters ('g'), in the order of their numbers."""
    rows = connection.execute(
        "select device_id from customers.device where tenant = %s and kind = %s "
        "order by substr(device, 2)::integer",
        (TENANT, kind),
    )
    return [row[0] for row in rows.fetchall()]


def samples_of_trips(connection: Connection) -> int:
    """Samples for each stored trip, ten seconds apart; returns how many."""
    return connection.execute(
        "insert into telemetry.vehicle_sample "
        "(device_id, observed_at, received_at, speed_kmh, lat_deg, lon_deg, speed_limit_kmh) "
        "select t.device_id, t.start_at + i * s, t.start_at + i * s, 50 + i %% 13, "
        "52.2 + i * 1e-4, 10.5 + i * 1e-4, 100 "
        "from (select device_id, start_at from features.trip order by start_at) t, "
        "generate_series(0, %s) i, make_interval(secs => %s) s",
        (SAMPLES_OF_A_TRIP - 1, SAMPLE_EVERY_S),
    ).rowcount


def samples_of_intervals(connection: Connection) -> int:
    """A sample for each stored interval of a meter; returns how many."""
    return connection.execute(
        "insert into telemetry.meter_sample "
        "(device_id, observed_at, received_at, energy_kwh, interval_s) "
        "select device_id, end_at, end_at, energy_kwh, %s from features.meter_interval",
        (INTERVAL_S,),
    ).rowcount


def vacuum_analyze(connection: Connection) -> None:
    """Statistics and visibility, as autovacuum would leave them. Outside a transaction."""
    connection.commit()
    connection.autocommit = True
    connection.execute("vacuum (analyze)")
    connection.autocommit = False


def table_sizes(connection: Connection) -> dict[str, int]:
    """Rows of the tables that history fills."""
    return {
        table: int(connection.execute(f"select count(*) from {table}".encode()).fetchone()[0])  # type: ignore[index]
        for table in (
            "telemetry.vehicle_sample",
            "telemetry.meter_sample",
            "features.trip",
            "features.meter_interval",
            "features.meter_day",
        )
    }


def device_id(connection: Connection, device: str) -> int:
    """Of a device whose name no other tenant uses."""
    return int(
        scalar(connection, "select device_id from customers.device where device = %s", (device,))
    )


def count_moving_samples(connection: Connection, device: str) -> int:
    """Samples of one car that move: those of `parked` are left out."""
    return int(
        scalar(
            connection,
            f"select count(*) from {VEHICLE.name} where device_id = %s and speed_kmh > 0",
            (device_id(connection, device),),
        )
    )


def add_parked_samples(
    connection: Connection,
    tenant: str,
    devices: Sequence[str],
    since_us: int,
    until_us: int,
    every_s: int,
) -> int:
    """Samples of cars that stand, and so have no features, in [since, until); commits. Returns how
    many."""
    written = connection.execute(
        f"insert into {VEHICLE.name} (device_id, observed_at, received_at, speed_kmh, ignition) "
        "select device_id, at, at, 0, 0 from customers.device, "
        "generate_series(%s::timestamptz, %s, make_interval(secs => %s)) at "
        "where tenant = %s and device = any(%s) order by device_id, at",
        (from_us(since_us), from_us(until_us - 1), every_s, tenant, list(devices)),
    ).rowcount
    connection.commit()
    return written


def compress(connection: Connection, before_us: int) -> int:
    """Put the chunks that end before into the columnstore; commits. Returns how many; 0 without
    TimescaleDB."""
    if engine_of(connection) is not Engine.TIMESCALE:
        return 0
    chunks = connection.execute(
        "select compress_chunk(c, if_not_compressed => true) "
        "from show_chunks(%s::regclass, older_than => %s::timestamptz) c",
        (VEHICLE.name, from_us(before_us)),
    ).fetchall()
    connection.commit()
    return len(chunks)
