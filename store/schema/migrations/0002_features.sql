-- Features: what the kernels found (feature_kernels/*/rows.py names the fields; `x_us` there is
-- `x_at` here). decided_at is the time of the sample at which a row was decided: rows decided after
-- a point are replaced by a replay from that point (store/features.py), and revision counts how
-- often a row was corrected. Positions of trips and events stand here too: the roles of the next
-- issues get views without them.
create table features.trip (
    device_id          bigint not null,
    start_at           timestamptz not null,
    end_at             timestamptz not null,
    decided_at         timestamptz not null,
    end_reason         bigint not null,
    distance_m         double precision,
    driving_s          double precision,
    idle_s             double precision,
    night_s            double precision,
    rush_s             double precision,
    speeding_s         double precision,
    speed_limited_s    double precision,
    measured_s         double precision,
    sample_count       bigint not null,
    rejected_count     bigint not null,
    max_speed_kmh      double precision,
    speeding_count     bigint not null,
    crash              bigint not null,
    harsh_braking      bigint[] not null,
    harsh_acceleration bigint[] not null,
    harsh_cornering    bigint[] not null,
    accel_p95_mps2     double precision,
    speed_p95_kmh      double precision,
    start_lat_deg      double precision,
    start_lon_deg      double precision,
    end_lat_deg        double precision,
    end_lon_deg        double precision,
    accel_hist_s       double precision[] not null,
    speed_hist_s       double precision[] not null,
    ratio_hist_s       double precision[] not null,
    revision           bigint not null
);
create index trip_decided on features.trip (device_id, decided_at);
create table features.driving_event (
    device_id       bigint not null,
    kind            bigint not null,
    start_at        timestamptz not null,
    end_at          timestamptz not null,
    decided_at      timestamptz not null,
    severity        bigint not null,
    trip_start_at   timestamptz,
    duration_s      double precision,
    peak_mps2       double precision,
    delta_v_kmh     double precision,
    speed_kmh       double precision,
    excess_kmh      double precision,
    speed_limit_kmh double precision,
    lat_deg         double precision,
    lon_deg         double precision,
    revision        bigint not null
);
create index driving_event_decided on features.driving_event (device_id, decided_at);
create table features.meter_interval (
    device_id  bigint not null,
    start_at   timestamptz not null,
    end_at     timestamptz not null,
    energy_kwh double precision,
    status     bigint not null,
    estimated  bigint not null,
    decided_at timestamptz not null,
    revision   bigint not null
);
create index meter_interval_decided on features.meter_interval (device_id, decided_at);
create table features.meter_day (
    device_id     bigint not null,
    day           bigint not null,
    date          date generated always as (date '1970-01-01' + day::integer) stored,
    start_at      timestamptz not null,
    energy_kwh    double precision,
    estimated_kwh double precision,
    expected      bigint not null,
    present       bigint not null,
    estimated     bigint not null,
    min_w         double precision,
    max_w         double precision,
    peak_at       timestamptz,
    floor_w       double precision,
    base_load_w   double precision,
    night_share   double precision,
    decided_at    timestamptz not null,
    revision      bigint not null
);
create index meter_day_decided on features.meter_day (device_id, decided_at);
create table features.meter_anomaly (
    device_id  bigint not null,
    kind       bigint not null,
    phase      bigint not null,
    start_at   timestamptz not null,
    end_at     timestamptz,
    since_at   timestamptz,
    observed   double precision,
    expected   double precision,
    threshold  double precision,
    severity   bigint not null,
    decided_at timestamptz not null,
    revision   bigint not null
);
create index meter_anomaly_decided on features.meter_anomaly (device_id, decided_at);
