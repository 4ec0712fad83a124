-- What was not computed of a trip, and why (contracts/trip_quality.py). Trips of the time before
-- have no marks until they are computed again.
alter table features.trip add column quality bigint not null default 0;
comment on column features.trip.quality is
    'Why something of the trip was not computed, as a sum of bits: 1 sparse (the device reports less '
    'often than every 30 s), 2 rate too low for harsh events, 4 no speed measured (derived from '
    'places), 8 no places.';

create or replace view shown.trip with (security_barrier) as
    select t.device_id, t.start_at, t.end_at, t.decided_at, t.end_reason, t.distance_m,
        t.driving_s, t.idle_s, t.night_s, t.rush_s, t.speeding_s, t.speed_limited_s, t.measured_s,
        t.sample_count, t.rejected_count, t.max_speed_kmh, t.speeding_count, t.crash,
        t.harsh_braking, t.harsh_acceleration, t.harsh_cornering, t.accel_p95_mps2,
        t.speed_p95_kmh, t.accel_hist_s, t.speed_hist_s, t.ratio_hist_s, t.revision, t.quality
    from features.trip t join customers.device d using (device_id)
    where d.tenant = any (access.tenants()) order by t.start_at desc;
