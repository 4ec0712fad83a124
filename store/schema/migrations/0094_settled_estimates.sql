-- Estimates of the stream, settled with registers and weather (docs/adr/0080). The stream's own rows
-- stay as they are, bit for bit; what settles them stands beside them, in versions.
create table features.interval_estimate (
    estimate_id bigint generated always as identity primary key,
    device_id   bigint not null,
    day         bigint not null,
    start_at    timestamptz not null,
    end_at      timestamptz not null,
    energy_kwh  double precision,
    status      bigint not null,
    estimated   bigint not null,
    reason      bigint not null,
    adds_kwh    double precision not null,
    of_start_at timestamptz not null,
    of_end_at   timestamptz not null,
    of_kwh      double precision,
    of_status   bigint not null,
    recorded_at timestamptz not null,
    replaced_at timestamptz not null default 'infinity'
);
comment on table features.interval_estimate is
    'Intervals as they are after registers and weather are known: estimates that were scaled, and what '
    'is provisional because a sum differs. Versions stay; a row counts while the stream''s interval is '
    'the one that it settles.';
comment on column features.interval_estimate.estimate_id is 'Number of the row.';
comment on column features.interval_estimate.day is 'Days since 1970 of the local day of start_at.';
comment on column features.interval_estimate.energy_kwh is 'kWh; null = it stays unknown.';
comment on column features.interval_estimate.status is
    'Messwertstatus of BO4E as a number (contracts/quality.py), 6 = read.';
comment on column features.interval_estimate.estimated is '1 = we estimated it.';
comment on column features.interval_estimate.reason is
    'Why it is not as read (contracts/quality.py).';
comment on column features.interval_estimate.adds_kwh is
    'By how much the estimates of its day change, kWh.';
comment on column features.interval_estimate.of_start_at is
    'Begin of the stream''s interval that it settles, or is a piece of.';
comment on column features.interval_estimate.of_end_at is 'End of that interval.';
comment on column features.interval_estimate.of_kwh is 'Energy of that interval, kWh; null = missing.';
comment on column features.interval_estimate.of_status is 'Status of that interval.';
comment on column features.interval_estimate.recorded_at is 'When it was stored.';
comment on column features.interval_estimate.replaced_at is
    'When another version took its place; infinity = it counts.';
create index interval_estimate_started on features.interval_estimate (device_id, start_at);
create index interval_estimate_of on features.interval_estimate (device_id, of_start_at);
create index interval_estimate_day on features.interval_estimate (device_id, day)
    where replaced_at = 'infinity';
grant all on features.interval_estimate to tachowatt_migrator;

-- A settled interval takes the place of the stream's while that is still the same.
create or replace view shown.meter_interval with (security_barrier) as
    select i.device_id, i.start_at, i.end_at, i.energy_kwh, i.status, i.estimated, i.decided_at,
        i.revision, i.reason
    from features.meter_interval i join customers.device d using (device_id)
    where d.tenant = any (access.tenants()) and not exists (
        select from features.interval_estimate e
        where e.device_id = i.device_id and e.of_start_at = i.start_at
            and e.replaced_at = 'infinity' and e.of_end_at = i.end_at
            and e.of_kwh is not distinct from i.energy_kwh and e.of_status = i.status)
    union all
    select e.device_id, e.start_at, e.end_at, e.energy_kwh, e.status, e.estimated, i.decided_at,
        i.revision, e.reason
    from features.interval_estimate e join customers.device d using (device_id)
        join features.meter_interval i on i.device_id = e.device_id and i.start_at = e.of_start_at
            and i.end_at = e.of_end_at and i.energy_kwh is not distinct from e.of_kwh
            and i.status = e.of_status
    where d.tenant = any (access.tenants()) and e.replaced_at = 'infinity'
    order by start_at;
comment on view shown.meter_interval is
    'Intervals of the transaction''s tenants: features.meter_interval, settled where registers or weather '
    'are known (features.interval_estimate).';

create or replace view shown.meter_day with (security_barrier) as
    select m.device_id, m.day, m.date, m.start_at, m.energy_kwh,
        case when e.rows_ > 0 then coalesce(m.estimated_kwh, 0) + e.adds_kwh
            else m.estimated_kwh end as estimated_kwh,
        m.expected, m.present, m.estimated + e.more as estimated, m.min_w, m.max_w, m.peak_at,
        m.floor_w, m.base_load_w, m.night_share, m.decided_at, m.revision
    from features.meter_day m join customers.device d using (device_id)
        cross join lateral (
            select count(*) as rows_, sum(x.adds_kwh) as adds_kwh,
                count(*) filter (where x.of_kwh is null and x.energy_kwh is not null) as more
            from features.interval_estimate x join features.meter_interval i
                on i.device_id = x.device_id and i.start_at = x.of_start_at
                    and i.end_at = x.of_end_at and i.energy_kwh is not distinct from x.of_kwh
                    and i.status = x.of_status
            where x.device_id = m.device_id and x.day = m.day and x.replaced_at = 'infinity') e
    where d.tenant = any (access.tenants()) order by m.start_at desc;

-- As of a time the settled row of that time takes the place of the stream's version of that time. It
-- ends with that version, when the stream corrected it.
create or replace view shown.meter_interval_version with (security_barrier) as
    select v.device_id, v.start_at, v.end_at, v.energy_kwh, v.status, v.estimated, v.decided_at,
        v.revision, v.reason, v.existed, v.replaced_at,
        coalesce(v.recorded_at, (select min(s.received_at) from telemetry.meter_sample s
            where s.device_id = v.device_id and s.observed_at = v.decided_at),
            v.decided_at) as recorded_at, v.settles_at
    from (
        select i.device_id, i.start_at, i.end_at, i.energy_kwh, i.status, i.estimated,
            i.decided_at, i.revision, i.reason, 1::bigint as existed,
            'infinity'::timestamptz as replaced_at, null::timestamptz as recorded_at,
            null::timestamptz as settles_at
        from features.meter_interval i
        union all
        select p.device_id, p.start_at, p.end_at, p.energy_kwh, p.status, p.estimated,
            p.decided_at, p.revision, p.reason, p.existed, p.replaced_at, null, null
        from features.meter_interval_past p
        union all
        select e.device_id, e.start_at, e.end_at, e.energy_kwh, e.status, e.estimated,
            e.recorded_at, 0::bigint, e.reason, 1::bigint,
            least(e.replaced_at, (select min(p.replaced_at) from features.meter_interval_past p
                where p.device_id = e.device_id and p.start_at = e.of_start_at
                    and p.replaced_at > e.recorded_at)),
            e.recorded_at, e.of_start_at
        from features.interval_estimate e
    ) v join customers.device d using (device_id)
    where d.tenant = any (access.tenants()) order by v.start_at;
comment on column shown.meter_interval_version.settles_at is
    'Begin of the stream''s interval that it settles; null = it is the stream''s.';

-- Meters whose intervals are to be settled: after an accepted reading at once, after a hole when the
-- meters are looked through.
create table contacts.estimate_due (
    tenant text not null references customers.tenant,
    meter  text not null,
    due_at timestamptz not null,
    primary key (tenant, meter)
);
comment on table contacts.estimate_due is
    'Meters whose estimates are to be settled with registers and weather, and from when on.';
comment on column contacts.estimate_due.due_at is 'From when on it may be done.';
create index estimate_due_at on contacts.estimate_due (due_at);
alter table contacts.estimate_due enable row level security;
create policy everything on contacts.estimate_due to tachowatt_writer, tachowatt_migrator using (true);
create policy tenant on contacts.estimate_due to tachowatt_reader
    using (tenant = any (access.tenants()));
grant select, insert, update (due_at) on contacts.estimate_due to tachowatt_reader;
grant select, insert, update, delete on contacts.estimate_due to tachowatt_contacts;
grant all on contacts.estimate_due to tachowatt_migrator;

create table contacts.estimate_sweep (
    one     boolean primary key default true check (one),
    device  bigint not null,
    due_at  timestamptz not null
);
comment on table contacts.estimate_sweep is
    'How far the meters were looked through for holes; one row.';
comment on column contacts.estimate_sweep.one is 'Always true: there is one row.';
comment on column contacts.estimate_sweep.device is 'The last device that was looked at.';
comment on column contacts.estimate_sweep.due_at is 'When it goes on.';
insert into contacts.estimate_sweep (device, due_at) values (0, '-infinity');
alter table contacts.estimate_sweep enable row level security;
create policy everything on contacts.estimate_sweep
    to tachowatt_writer, tachowatt_migrator using (true);
grant select, update on contacts.estimate_sweep to tachowatt_contacts;
grant all on contacts.estimate_sweep to tachowatt_migrator;
