-- What of a trip a device could see (docs/score.md, driving-score/4), and its course, by which a drive
-- that is sent again with noise is known. Of trips of the time before nothing is known until they are
-- computed again.
alter table features.trip
    add column along_hist_s double precision[] not null
        default array_fill(0.0::double precision, array[40]),
    add column sparse_hist_s double precision[] not null
        default array_fill(0.0::double precision, array[25]),
    add column course_m double precision[] not null
        default array_fill(0.0::double precision, array[32]),
    add column longitudinal_s double precision,
    add column lateral_s double precision;
comment on column features.trip.along_hist_s is
    'Histogram of acceleration along the car over the comfortable one at the speed, seconds in each '
    'class of 0.05 (feature_kernels/driving).';
comment on column features.trip.sparse_hist_s is
    'Histogram of acceleration from speeds 3 to 12 s apart, seconds in each class of 0.2 m/s² '
    '(feature_kernels/driving).';
comment on column features.trip.course_m is 'Distance in each of the first 32 minutes, in m.';
comment on column features.trip.longitudinal_s is
    'Driving in which acceleration along the car was seen, in s; null = not noted.';
comment on column features.trip.lateral_s is
    'Driving in which acceleration across the car was seen, in s; null = not noted.';

alter table features.rescored_trip
    add column along_hist_s double precision[] not null
        default array_fill(0.0::double precision, array[40]),
    add column sparse_hist_s double precision[] not null
        default array_fill(0.0::double precision, array[25]),
    add column course_m double precision[] not null
        default array_fill(0.0::double precision, array[32]),
    add column longitudinal_s double precision,
    add column lateral_s double precision;
comment on column features.rescored_trip.along_hist_s is
    'Histogram of acceleration along the car over the comfortable one at the speed, seconds in each '
    'class of 0.05 (feature_kernels/driving).';
comment on column features.rescored_trip.sparse_hist_s is
    'Histogram of acceleration from speeds 3 to 12 s apart, seconds in each class of 0.2 m/s² '
    '(feature_kernels/driving).';
comment on column features.rescored_trip.course_m is 'Distance in each of the first 32 minutes, in m.';
comment on column features.rescored_trip.longitudinal_s is
    'Driving in which acceleration along the car was seen, in s; null = not noted.';
comment on column features.rescored_trip.lateral_s is
    'Driving in which acceleration across the car was seen, in s; null = not noted.';

create or replace view shown.trip with (security_barrier) as
    select t.device_id, t.start_at, t.end_at, t.decided_at, t.end_reason, t.distance_m,
        t.driving_s, t.idle_s, t.night_s, t.rush_s, t.speeding_s, t.speed_limited_s, t.measured_s,
        t.sample_count, t.rejected_count, t.max_speed_kmh, t.speeding_count, t.crash,
        t.harsh_braking, t.harsh_acceleration, t.harsh_cornering, t.accel_p95_mps2,
        t.speed_p95_kmh, t.accel_hist_s, t.speed_hist_s, t.ratio_hist_s, t.revision, t.quality,
        t.use_hist_s, t.jerk_hist_s, t.phone_s, t.along_hist_s, t.sparse_hist_s, t.course_m,
        t.longitudinal_s, t.lateral_s
    from features.trip t join customers.device d using (device_id)
    where d.tenant = any (access.tenants()) order by t.start_at desc;
