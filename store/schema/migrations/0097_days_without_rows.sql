-- A day on which a meter sent nothing, in a hole that the stream leaves open, has no row of the stream;
-- where its intervals were estimated afterwards (features.interval_estimate) it is a day of estimates.
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
    where d.tenant = any (access.tenants())
    union all
    select x.device_id, x.day, date '1970-01-01' + x.day::integer, min(x.start_at), 0::float8,
        sum(x.energy_kwh), count(*), 0::bigint, count(x.energy_kwh), null, null, null, null, null,
        null, max(i.decided_at), 0::bigint
    from features.interval_estimate x join customers.device d using (device_id)
        join features.meter_interval i on i.device_id = x.device_id and i.start_at = x.of_start_at
            and i.end_at = x.of_end_at and i.energy_kwh is not distinct from x.of_kwh
            and i.status = x.of_status
    where d.tenant = any (access.tenants()) and x.replaced_at = 'infinity' and not exists (
        select from features.meter_day m where m.device_id = x.device_id and m.day = x.day)
    group by x.device_id, x.day
    order by start_at desc;
comment on view shown.meter_day is
    'Decided days of the transaction''s tenants: features.meter_day with settled estimates, and days of '
    'estimates alone, on which the meter sent nothing.';

-- A message has whole milliseconds. A reading that was entered with a finer time was another one than its
-- sample: a correction did not take the sample's register back.
update customers.entered_reading set read_at = date_trunc('milliseconds', read_at)
    where read_at <> date_trunc('milliseconds', read_at);
