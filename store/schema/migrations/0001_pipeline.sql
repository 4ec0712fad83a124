-- Schemas keep apart what different roles may see (DESIGN §6): who people are, what their devices
-- measured, what was computed from it, and the pipeline's own books.
create schema customers;
create schema telemetry;
create schema features;
create schema pipeline;

-- ── customers: identity, valid in time, and consent ─────────────────────────────────────────────
create table customers.tenant (
    tenant   text primary key,
    name     text not null,
    timezone text not null default 'UTC'
);
create table customers.customer (
    tenant   text not null references customers.tenant,
    customer text not null,
    name     text not null,
    language text not null default 'en',
    primary key (tenant, customer)
);
create table customers.vehicle (
    tenant  text not null references customers.tenant,
    vehicle text not null,
    name    text not null,
    primary key (tenant, vehicle)
);
create table customers.meter (
    tenant          text not null references customers.tenant,
    meter           text not null,
    number          text,
    interval_s      integer not null default 900 check (interval_s between 1 and 2764800),
    timezone        text,
    register_digits integer not null default 6 check (register_digits between 1 and 12),
    primary key (tenant, meter)
);
create table customers.contract (
    tenant     text not null,
    contract   text not null,
    customer   text not null,
    kind       text not null check (kind in ('motor', 'electricity')),
    vehicle    text,
    meter      text,
    valid_from timestamptz not null,
    valid_to   timestamptz,
    primary key (tenant, contract),
    foreign key (tenant, customer) references customers.customer,
    foreign key (tenant, vehicle) references customers.vehicle,
    foreign key (tenant, meter) references customers.meter,
    check ((vehicle is null) <> (meter is null)),
    check (valid_to is null or valid_to > valid_from)
);
create table customers.device (
    device_id bigint generated always as identity primary key,
    tenant    text not null references customers.tenant,
    device    text not null,
    kind      text not null check (kind in ('vehicle', 'meter')),
    dialect   text not null,
    address   text not null,
    unique (tenant, device),
    unique (dialect, address)
);
create table customers.assignment (
    device_id  bigint not null references customers.device,
    tenant     text not null,
    vehicle    text,
    meter      text,
    valid_from timestamptz not null,
    valid_to   timestamptz,
    primary key (device_id, valid_from),
    foreign key (tenant, vehicle) references customers.vehicle,
    foreign key (tenant, meter) references customers.meter,
    check ((vehicle is null) <> (meter is null)),
    check (valid_to is null or valid_to > valid_from)
);
-- Append-only: what was decided, on which basis, shown by which notice, where and when.
create table customers.consent (
    consent_id     bigint generated always as identity primary key,
    tenant         text not null,
    customer       text not null,
    purpose        text not null,
    state          text not null check (state in ('granted', 'withdrawn')),
    legal_basis    text not null,
    notice_version text not null,
    source         text not null,
    decided_at     timestamptz not null,
    recorded_at    timestamptz not null,
    foreign key (tenant, customer) references customers.customer
);
create index consent_of_customer on customers.consent (tenant, customer, purpose, decided_at desc);
create function customers.refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'customers.consent is append-only: record a new decision instead';
end $$;
create trigger consent_is_append_only before update or delete or truncate on customers.consent
    for each statement execute function customers.refuse_change();

-- Raised by every change to the registry or to a consent, in the same transaction, so that ingest
-- sees with one small read whether what it holds in memory is still true.
create table customers.version (version bigint not null);
insert into customers.version values (0);

-- ── telemetry: what was measured. One row a (device, time), kept so by the one writer of a device
-- and proven by `tachowatt verify`; a unique index would halve the rate of loading (DESIGN §1).
create table telemetry.vehicle_sample (
    device_id       bigint not null,
    observed_at     timestamptz not null,
    received_at     timestamptz not null,
    speed_kmh       double precision,
    lat_deg         double precision,
    lon_deg         double precision,
    heading_deg     double precision,
    altitude_m      double precision,
    accuracy_m      double precision,
    accel_long_mps2 double precision,
    accel_lat_mps2  double precision,
    accel_vert_mps2 double precision,
    accel_x_mps2    double precision,
    accel_y_mps2    double precision,
    accel_z_mps2    double precision,
    gyro_x_radps    double precision,
    gyro_y_radps    double precision,
    gyro_z_radps    double precision,
    speed_limit_kmh double precision,
    ignition        double precision
);
create index vehicle_sample_device_time on telemetry.vehicle_sample (device_id, observed_at);
create table telemetry.meter_sample (
    device_id           bigint not null,
    observed_at         timestamptz not null,
    received_at         timestamptz not null,
    register_kwh        double precision,
    register_export_kwh double precision,
    energy_kwh          double precision,
    power_w             double precision,
    voltage_v           double precision,
    interval_s          double precision,
    quality             double precision,
    meter_key           double precision
);
create index meter_sample_device_time on telemetry.meter_sample (device_id, observed_at);
create table telemetry.meter_number (
    meter_key double precision primary key,
    number    text not null
);
-- Device events and states are rare: the key itself keeps them single.
create table telemetry.device_event (
    device_id   bigint not null,
    observed_at timestamptz not null,
    kind        text not null,
    digest      text not null,
    received_at timestamptz not null,
    detail      jsonb not null,
    primary key (device_id, observed_at, kind, digest)
);

-- ── pipeline: the books ─────────────────────────────────────────────────────────────────────────
create table pipeline.partition (
    partition   integer primary key,
    next_offset bigint not null
);
-- received = stored + duplicate + dead_lettered + refused; received is counted where a batch
-- enters, the others where its messages end, and the sum over all rows equals the offsets.
create table pipeline.ledger (
    tenant            text not null,
    dialect           text not null,
    received          bigint not null default 0,
    stored            bigint not null default 0,
    duplicate         bigint not null default 0,
    dead_lettered     bigint not null default 0,
    refused           bigint not null default 0,
    samples_received  bigint not null default 0,
    samples_stored    bigint not null default 0,
    samples_merged    bigint not null default 0,
    samples_duplicate bigint not null default 0,
    samples_refused   bigint not null default 0,
    primary key (tenant, dialect)
);
create table pipeline.dead_letter (
    dead_letter_id bigint generated always as identity primary key,
    tenant         text not null,
    dialect        text not null,
    topic          text not null,
    content_type   text,
    body           bytea not null,
    received_at    timestamptz not null,
    partition      integer not null,
    log_offset     bigint not null,
    reason         text not null,
    detail         text not null,
    state          text not null default 'open' check (state in ('open', 'retry', 'retried')),
    retried_at     timestamptz,
    outcome        text
);
create index dead_letter_by_state on pipeline.dead_letter (state, dead_letter_id);
create index dead_letter_by_reason on pipeline.dead_letter (reason, dead_letter_id);
-- A kernel's carry after all samples up to as_of: a cache, rebuilt from the samples at any time.
create table pipeline.checkpoint (
    device_id     bigint not null,
    as_of         timestamptz not null,
    carry_version integer not null,
    carry         bytea not null,
    primary key (device_id, as_of)
);
-- Timezone, grid and digits that a device's features were computed with. Where the registry says
-- otherwise by now, they are computed again from the beginning.
create table pipeline.computed_with (
    device_id  bigint primary key,
    parameters text not null
);
create table pipeline.reconcile (
    device_id    bigint primary key,
    from_at      timestamptz not null,
    until_at     timestamptz not null,
    requested_at timestamptz not null
);
-- How far a device's numbered messages have been dealt with; ahead holds those beyond a hole. By
-- address (tenant/device) and not by id: also an unknown device is told that its messages are kept.
create table pipeline.device_seq (
    address   text primary key,
    run       bigint not null,
    through   bigint not null,
    ahead     bigint[] not null
);
