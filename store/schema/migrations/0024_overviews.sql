-- What the overviews of insurer and utility show, and evidence without positions.

-- ── driving scores by week ──────────────────────────────────────────────────────────────────────
create table contacts.driver_score (
    tenant            text not null,
    customer          text not null,
    week              date not null,
    score             double precision not null check (score between 0 and 100),
    band              text not null check (band in ('A', 'B', 'C', 'D', 'E')),
    trusted           boolean not null,
    distance_m        double precision not null,
    algorithm_version text not null,
    computed_at       timestamptz not null,
    primary key (tenant, customer, week),
    foreign key (tenant, customer) references customers.customer (tenant, customer)
);
comment on table contacts.driver_score is
    'The last driving score of each driver in each week with a trip: distribution and trend.';
comment on column contacts.driver_score.tenant is 'The driver''s tenant.';
comment on column contacts.driver_score.customer is 'The driver.';
comment on column contacts.driver_score.week is
    'Monday, UTC, of the week of the trip after which it was computed.';
comment on column contacts.driver_score.score is 'Points, 0 to 100, over all trips until then.';
comment on column contacts.driver_score.band is 'A (best) to E (customer_context/scoring/bands.py).';
comment on column contacts.driver_score.trusted is 'It rests on enough exposure.';
comment on column contacts.driver_score.distance_m is 'The exposure it rests on, m.';
comment on column contacts.driver_score.algorithm_version is 'The version that computed it.';
comment on column contacts.driver_score.computed_at is 'When it was computed.';
create index driver_score_by_week on contacts.driver_score (tenant, week);
create policy tenant on contacts.driver_score to tachowatt_reader
    using (tenant = any (access.tenants()));
create policy everything on contacts.driver_score to tachowatt_writer, tachowatt_migrator
    using (true);
alter table contacts.driver_score enable row level security;
grant select on contacts.driver_score to tachowatt_reader;
-- A database that had migration 0025 first has a role for contacts, which has the rights of the
-- writer; else 0025 moves them.
do $$
begin
    execute format('grant select, insert, update, delete on contacts.driver_score to %I', coalesce(
        (select rolname from pg_roles where rolname = 'tachowatt_contacts'
            and to_regclass('access.wake_key') is not null), 'tachowatt_writer'));
end $$;
grant all on contacts.driver_score to tachowatt_migrator;

-- ── a trip's speed without positions ────────────────────────────────────────────────────────────
-- Means of 30 s and no single samples: from the speed of each second a route can be recognised on a
-- map (docs/adr/0034).
create view shown.trip_speed with (security_barrier) as
    select t.device_id, t.start_at as trip_start_at,
        date_bin('30 seconds', s.observed_at, t.start_at) as at,
        avg(s.speed_kmh) as speed_kmh
    from features.trip t
    join customers.device d using (device_id)
    join telemetry.vehicle_sample s
        on s.device_id = t.device_id and s.observed_at between t.start_at and t.end_at
    where d.tenant = any (access.tenants()) and s.speed_kmh is not null
        and t.decided_at < '9999-12-31 00:00:00+00'
    group by t.device_id, t.start_at, date_bin('30 seconds', s.observed_at, t.start_at);
comment on view shown.trip_speed is
    'Mean speed, km/h, of each 30 s of the decided trips of the transaction''s tenants.';

-- ── the register of a meter ─────────────────────────────────────────────────────────────────────
create view shown.meter_register with (security_barrier) as
    select s.device_id, s.observed_at, s.register_kwh
    from telemetry.meter_sample s join customers.device d using (device_id)
    where d.tenant = any (access.tenants()) and s.register_kwh is not null;
comment on view shown.meter_register is
    'Import registers, kWh, of the meters of the transaction''s tenants: the evidence of a register '
    'that fell.';
grant select on shown.trip_speed, shown.meter_register to tachowatt_reader;
