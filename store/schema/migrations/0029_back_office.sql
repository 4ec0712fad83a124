-- What a back office writes: ids of other systems, and the API's rights on the registry.

create table customers.external_id (
    tenant      text not null references customers.tenant,
    kind        text not null check (kind in ('customer', 'contract', 'vehicle', 'meter')),
    object      text not null,
    system      text not null,
    external_id text not null,
    recorded_at timestamptz not null default customers.recorded_now(),
    primary key (tenant, kind, object, system),
    unique (tenant, kind, system, external_id)
);
comment on table customers.external_id is
    'The ids that an object has in other systems, one for each system.';
comment on column customers.external_id.tenant is 'Whose object.';
comment on column customers.external_id.kind is 'customer, contract, vehicle or meter.';
comment on column customers.external_id.object is 'Its id here.';
comment on column customers.external_id.system is 'The other system, such as crm or billing.';
comment on column customers.external_id.external_id is 'Its id there; no other object has it.';
comment on column customers.external_id.recorded_at is 'When it was recorded.';
create trigger note_insert after insert on customers.external_id
    referencing new table as after_change for each statement
    execute function customers.note_change('external_id', 'r.kind || '':'' || r.object');
create trigger note_update after update on customers.external_id
    referencing old table as before_change new table as after_change for each statement
    execute function customers.note_change('external_id', 'r.kind || '':'' || r.object');
create trigger note_delete after delete on customers.external_id
    referencing old table as after_change for each statement
    execute function customers.note_change('external_id', 'r.kind || '':'' || r.object');
comment on column customers.change.kind is
    'tenant, customer, contract, vehicle, meter, device, assignment, driver, contact_point, consent '
    'or external_id.';

-- How far an import has come, so that one that was killed goes on.
create table customers.import_run (
    digest      bytea primary key,
    tenant      text not null references customers.tenant,
    rows        bigint not null,
    finished    boolean not null,
    recorded_at timestamptz not null default customers.recorded_now()
);
comment on table customers.import_run is 'How far each import of a file with a mapping has come.';
comment on column customers.import_run.digest is 'SHA-256 of file, mapping and tenant.';
comment on column customers.import_run.tenant is 'Into which tenant.';
comment on column customers.import_run.rows is 'Rows of the file that are written, from its beginning.';
comment on column customers.import_run.finished is 'The whole file is written.';
comment on column customers.import_run.recorded_at is 'When the last rows were written.';
alter table customers.import_run enable row level security;
create policy everything on customers.import_run to tachowatt_migrator using (true);
grant all on customers.import_run to tachowatt_migrator;

-- Retention forgets changes; a reader that is behind them is told to take a snapshot.
create function customers.forget_changes() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    -- Erasure removes changes of objects whose deletion is a later change: nothing is missed.
    if current_setting('tachowatt.erasing', true) = 'on' then
        return null;
    end if;
    update customers.change_horizon set forgotten = greatest(forgotten,
        coalesce((select xid from gone order by xid desc limit 1), forgotten));
    return null;
end $$;
comment on function customers.forget_changes() is 'Move the horizon of changes with what was deleted.';
create trigger forget_changes after delete on customers.change
    referencing old table as gone for each statement execute function customers.forget_changes();

alter table customers.external_id enable row level security;
create policy tenant on customers.external_id to tachowatt_reader
    using (tenant = any (access.tenants()));
create policy everything on customers.external_id to tachowatt_migrator using (true);
grant all on customers.external_id to tachowatt_migrator;
grant select, insert, update on customers.external_id to tachowatt_reader;

-- The API writes for a back office, within the tenant of its caller (row security). A correction
-- removes assignments; what they said stays in assignment_past.
grant insert, update on customers.customer, customers.vehicle, customers.meter, customers.contract
    to tachowatt_reader;
grant insert, delete on customers.assignment to tachowatt_reader;
