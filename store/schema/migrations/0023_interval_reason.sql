-- Why an interval of a meter is not as read: the code of contracts/quality.py (Reason). Of rows of
-- the time before it is known that nothing was read; the other reasons come with computing again.
alter table features.meter_interval add column reason bigint not null default 0;
comment on column features.meter_interval.reason is
    'Why the interval is not as read (contracts/quality.py, Reason): 0 as read, 1 nothing was read '
    'here, 2 more than the connection carries or the code of an error, 3 a wrong reading was left '
    'out, 4 the register jumped or fell and the use is unknown, 5 the meter was exchanged, 6 takes '
    'back what a wrong reading had booked.';
update features.meter_interval set reason = 1
    where estimated = 1 or (energy_kwh is null and status = 0);

create or replace view shown.meter_interval with (security_barrier) as
    select i.device_id, i.start_at, i.end_at, i.energy_kwh, i.status, i.estimated, i.decided_at,
        i.revision, i.reason
    from features.meter_interval i join customers.device d using (device_id)
    where d.tenant = any (access.tenants()) order by i.start_at;
