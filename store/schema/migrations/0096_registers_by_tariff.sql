-- The import registers of two tariffs stand beside the total (docs/adr/0088).
alter table telemetry.meter_sample
    add column register_t1_kwh double precision,
    add column register_t2_kwh double precision;
comment on column telemetry.meter_sample.register_t1_kwh is
    'Register of import in kWh of the first tariff (OBIS 1.8.1).';
comment on column telemetry.meter_sample.register_t2_kwh is
    'Register of import in kWh of the second tariff (OBIS 1.8.2).';

create or replace view shown.meter_register with (security_barrier) as
    select s.device_id, s.observed_at, s.register_kwh, s.register_t1_kwh, s.register_t2_kwh
    from telemetry.meter_sample s join customers.device d using (device_id)
    where d.tenant = any (access.tenants()) and s.register_kwh is not null;
comment on view shown.meter_register is
    'Import registers, kWh, of the meters of the transaction''s tenants, in all and by tariff: the '
    'evidence of a register that fell, and what a bill by tariff rests on.';
