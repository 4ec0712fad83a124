-- When a sample was received says how late a meter usually sends: one that is silent for longer is
-- seen while it is silent (services/overviews.py).
create or replace view shown.meter_time with (security_barrier) as
    select s.device_id, s.observed_at, s.received_at
    from telemetry.meter_sample s join customers.device d using (device_id)
    where d.tenant = any (access.tenants());
comment on view shown.meter_time is
    'Times of the samples of meters of the transaction''s tenants, without what was measured: when '
    'it was measured, and when it was received.';
