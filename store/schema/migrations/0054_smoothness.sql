-- Distributions that a score needs beside counted events (docs/score.md). Trips of the time before
-- have empty ones until they are computed again: nothing was observed.
alter table features.trip
    add column use_hist_s double precision[] not null
        default array_fill(0.0::double precision, array[40]),
    add column jerk_hist_s double precision[] not null
        default array_fill(0.0::double precision, array[30]),
    add column phone_s double precision;
comment on column features.trip.use_hist_s is
    'Histogram of acceleration, along and across, over the comfortable one at the speed, seconds in '
    'each class of 0.05 (feature_kernels/driving).';
comment on column features.trip.jerk_hist_s is
    'Histogram of jerk, seconds in each class of 0.1 m/s³ (feature_kernels/driving).';
comment on column features.trip.phone_s is
    'Driving with a phone in the hand, in s; null = not observed.';

create or replace view shown.trip with (security_barrier) as
    select t.device_id, t.start_at, t.end_at, t.decided_at, t.end_reason, t.distance_m,
        t.driving_s, t.idle_s, t.night_s, t.rush_s, t.speeding_s, t.speed_limited_s, t.measured_s,
        t.sample_count, t.rejected_count, t.max_speed_kmh, t.speeding_count, t.crash,
        t.harsh_braking, t.harsh_acceleration, t.harsh_cornering, t.accel_p95_mps2,
        t.speed_p95_kmh, t.accel_hist_s, t.speed_hist_s, t.ratio_hist_s, t.revision, t.quality,
        t.use_hist_s, t.jerk_hist_s, t.phone_s
    from features.trip t join customers.device d using (device_id)
    where d.tenant = any (access.tenants()) order by t.start_at desc;
