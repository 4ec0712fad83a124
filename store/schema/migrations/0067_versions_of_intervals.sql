-- What a correction replaced stays, so that what was billed can be reproduced as of a time
-- (store/pipeline/features.py). No column says when a row was stored at first: that is when the
-- sample that decided it was received, while samples are kept.
create table features.meter_interval_past (
    device_id   bigint not null,
    start_at    timestamptz not null,
    end_at      timestamptz not null,
    energy_kwh  double precision,
    status      bigint not null,
    estimated   bigint not null,
    reason      bigint not null,
    decided_at  timestamptz not null,
    revision    bigint not null,
    existed     bigint not null check (existed in (0, 1)),
    replaced_at timestamptz not null
);
create index meter_interval_past_started on features.meter_interval_past (device_id, start_at);
comment on table features.meter_interval_past is
    'Versions of intervals that a correction has replaced or removed, and marks of those that it added.';
comment on column features.meter_interval_past.existed is
    '1 = this row stood until replaced_at, 0 = none stood there: a correction has added it.';
comment on column features.meter_interval_past.replaced_at is 'When the correction was stored.';

create view shown.meter_interval_version with (security_barrier) as
    select v.device_id, v.start_at, v.end_at, v.energy_kwh, v.status, v.estimated, v.decided_at,
        v.revision, v.reason, v.existed, v.replaced_at,
        coalesce((select min(s.received_at) from telemetry.meter_sample s
            where s.device_id = v.device_id and s.observed_at = v.decided_at),
            v.decided_at) as recorded_at
    from (
        select i.device_id, i.start_at, i.end_at, i.energy_kwh, i.status, i.estimated,
            i.decided_at, i.revision, i.reason, 1::bigint as existed,
            'infinity'::timestamptz as replaced_at
        from features.meter_interval i
        union all
        select p.device_id, p.start_at, p.end_at, p.energy_kwh, p.status, p.estimated,
            p.decided_at, p.revision, p.reason, p.existed, p.replaced_at
        from features.meter_interval_past p
    ) v join customers.device d using (device_id)
    where d.tenant = any (access.tenants()) order by v.start_at;
comment on view shown.meter_interval_version is
    'All versions of intervals of the transaction''s tenants. As of a time the one counts that was replaced next after it, if it existed and was recorded by then.';
grant select on shown.meter_interval_version to tachowatt_reader;
