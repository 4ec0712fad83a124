-- Identity in two times: when it was so (valid) and when we knew it (recorded); and what has changed,
-- in an order in which nothing can be missed (docs/adr/0039-identity-in-two-times.md).

-- ── the time of recording ───────────────────────────────────────────────────────────────────────
-- A transaction may say when it records (store/people/recording.py): the program has one clock.
create function customers.recorded_now() returns timestamptz
language sql stable parallel safe set search_path = pg_catalog, pg_temp as
$$ select coalesce(nullif(current_setting('tachowatt.recorded_at', true), '')::timestamptz, now()) $$;
comment on function customers.recorded_now() is
    'When this transaction records: tachowatt.recorded_at where it is set, else its own start.';

-- ── customers are persons, households and companies ─────────────────────────────────────────────
alter table customers.customer add column kind text not null default 'person'
    check (kind in ('person', 'household', 'company'));
comment on column customers.customer.kind is 'person, household or company.';

-- ── assignments: a device is in one place at a time ─────────────────────────────────────────────
-- Rows from before this constraint: the assignment that begins next ends the one before.
update customers.assignment a set valid_to = n.next_from from (
    select device_id, valid_from,
        lead(valid_from) over (partition by device_id order by valid_from) as next_from
    from customers.assignment) n
where n.device_id = a.device_id and n.valid_from = a.valid_from and n.next_from is not null
    and (a.valid_to is null or a.valid_to > n.next_from);
-- A range of one number compares like the number, and needs no extension. Checked at the end of the
-- transaction, so that the order of its statements does not matter.
alter table customers.assignment add constraint assignment_in_one_place
    exclude using gist (int8range(device_id, device_id, '[]') with &&,
        tstzrange(valid_from, valid_to) with &&) deferrable initially deferred;

-- ── who drives a vehicle: said by somebody, never guessed ───────────────────────────────────────
create type customers.text_range as range (subtype = text, collation = "C");
create table customers.driver (
    tenant     text not null,
    vehicle    text not null,
    relation   text not null check (relation in ('owner', 'family', 'fleet', 'unknown')),
    customer   text,
    source     text not null check (source in ('customer', 'fleet_plan', 'driver_tag', 'correction')),
    valid_from timestamptz not null,
    valid_to   timestamptz,
    primary key (tenant, vehicle, valid_from),
    foreign key (tenant, vehicle) references customers.vehicle,
    foreign key (tenant, customer) references customers.customer,
    check (valid_to is null or valid_to > valid_from),
    check (customer is null or relation <> 'unknown'),
    constraint driver_one_at_a_time exclude using gist (
        customers.text_range(tenant, tenant, '[]') with &&,
        customers.text_range(vehicle, vehicle, '[]') with &&,
        tstzrange(valid_from, valid_to) with &&) deferrable initially deferred
);
create index driver_of_customer on customers.driver (tenant, customer) where customer is not null;
comment on table customers.driver is
    'Who drives a vehicle in a period, of one trip or of years, as it was said. Without a row the '
    'driver is unknown.';
comment on column customers.driver.tenant is 'The vehicle''s tenant.';
comment on column customers.driver.vehicle is 'Which vehicle.';
comment on column customers.driver.relation is
    'owner, family, fleet (a driver of the fleet) or unknown (somebody said that it is not known).';
comment on column customers.driver.customer is 'The customer who drives; null = not one of ours.';
comment on column customers.driver.source is
    'Who said it: customer, fleet_plan, driver_tag, or correction by the back office.';
comment on column customers.driver.valid_from is 'From when it is so.';
comment on column customers.driver.valid_to is 'Until when, exclusive; null = still so.';

-- ── what was known before ───────────────────────────────────────────────────────────────────────
-- A table has what we know now. Its `_past` has each row that was changed or removed, with the period
-- in which we knew it so: [recorded_from, recorded_to). Rows from before have the year 1.
create function customers.keep_past() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    at timestamptz := greatest(customers.recorded_now(), old.recorded_from);
begin
    if tg_op = 'UPDATE' then
        if to_jsonb(new) - 'recorded_from' = to_jsonb(old) - 'recorded_from' then
            new.recorded_from := old.recorded_from;
            return new;
        end if;
        new.recorded_from := at;
    end if;
    if at > old.recorded_from then
        execute format('insert into customers.%1$I select (jsonb_populate_record('
            'null::customers.%1$I, $1)).*', tg_table_name || '_past')
            using to_jsonb(old) || jsonb_build_object('recorded_to', at);
    end if;
    return case when tg_op = 'UPDATE' then new else old end;
end $$;
comment on function customers.keep_past() is
    'Keep what a row said before it is changed or removed, in the table''s _past.';

do $$
declare
    name text;
begin
    foreach name in array array['contract', 'assignment', 'driver'] loop
        execute format('alter table customers.%I add column recorded_from timestamptz '
            'not null default ''0001-01-01 00:00:00+00''', name);
        execute format('alter table customers.%I alter column recorded_from '
            'set default customers.recorded_now()', name);
        execute format('comment on column customers.%I.recorded_from is %L', name,
            'Since when we know it so; the year 1 for rows from before this was recorded.');
        execute format('create table customers.%I (like customers.%I including comments, '
            'recorded_to timestamptz not null, check (recorded_to > recorded_from))',
            name || '_past', name);
        execute format('comment on table customers.%I is %L', name || '_past',
            format('What customers.%s said before it was corrected: known in [recorded_from, '
                'recorded_to).', name));
        execute format('comment on column customers.%I.recorded_to is %L', name || '_past',
            'Until when we knew it so, exclusive.');
        execute format('create trigger keep_past before update or delete on customers.%I '
            'for each row execute function customers.keep_past()', name);
        execute format('alter table customers.%I enable row level security', name || '_past');
        execute format('create policy tenant on customers.%I to tachowatt_reader '
            'using (tenant = any (access.tenants()))', name || '_past');
        execute format('create policy everything on customers.%I '
            'to tachowatt_writer, tachowatt_migrator using (true)', name || '_past');
        execute format('grant select on customers.%I to tachowatt_reader, tachowatt_writer',
            name || '_past');
        execute format('grant all on customers.%I to tachowatt_migrator', name || '_past');
    end loop;
end $$;
create index contract_past_of_contract on customers.contract_past (tenant, contract);
create index contract_past_of_vehicle on customers.contract_past (tenant, vehicle)
    where vehicle is not null;
create index contract_past_of_meter on customers.contract_past (tenant, meter)
    where meter is not null;
create index contract_past_of_customer on customers.contract_past (tenant, customer);
create index assignment_past_of_device on customers.assignment_past (device_id);
create index driver_past_of_vehicle on customers.driver_past (tenant, vehicle);
alter table customers.driver enable row level security;
create policy tenant on customers.driver to tachowatt_reader
    using (tenant = any (access.tenants()));
create policy everything on customers.driver to tachowatt_writer, tachowatt_migrator using (true);
grant select on customers.driver to tachowatt_reader, tachowatt_writer;
grant all on customers.driver to tachowatt_migrator;

-- ── what has changed ────────────────────────────────────────────────────────────────────────────
-- One row a changed object and statement, written by triggers: no writer can forget it. Readers take
-- rows of transactions below the oldest that still runs, in the order (xid, change_id): whatever is
-- added later comes after it.
create table customers.change (
    xid         xid8 not null default pg_current_xact_id(),
    change_id   bigint generated always as identity,
    tenant      text not null,
    kind        text not null,
    object      text not null,
    operation   text not null check (operation in ('created', 'updated', 'deleted')),
    recorded_at timestamptz not null default customers.recorded_now(),
    primary key (xid, change_id)
);
comment on table customers.change is
    'Which objects of the registry have changed, in an order that no transaction can write into '
    'behind a reader (store/people/changes.py).';
comment on column customers.change.xid is 'The transaction that changed it.';
comment on column customers.change.change_id is 'Order within the transaction.';
comment on column customers.change.tenant is 'Whose object.';
comment on column customers.change.kind is
    'tenant, customer, contract, vehicle, meter, device, assignment, driver, contact_point or consent.';
comment on column customers.change.object is
    'Its id; of an assignment the device, of a driver the vehicle, of a contact point or consent the '
    'customer.';
comment on column customers.change.operation is 'created, updated or deleted.';
comment on column customers.change.recorded_at is 'When it was recorded.';
create index change_of_tenant on customers.change (tenant, xid, change_id);
create index change_by_time on customers.change using brin (recorded_at);

create table customers.change_horizon (
    one       boolean primary key default true check (one),
    forgotten xid8 not null
);
comment on table customers.change_horizon is
    'Up to which transaction changes were forgotten. A reader that is behind it needs a snapshot.';
comment on column customers.change_horizon.one is 'There is one row.';
comment on column customers.change_horizon.forgotten is 'The last transaction whose changes are gone.';
-- The time before this migration has no changes.
insert into customers.change_horizon (forgotten) values (pg_current_xact_id());

create function customers.note_change() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    rows_changed text := case when tg_op = 'UPDATE'
        then '(select a.* from after_change a except select b.* from before_change b)'
        else 'after_change' end;
begin
    execute format('insert into customers.change (tenant, kind, object, operation) '
        'select tenant, %L, object, %L from (select distinct tenant, %s as object from %s as r) as o '
        'where object is not null',
        tg_argv[0], case tg_op when 'INSERT' then 'created' when 'UPDATE' then 'updated'
            else 'deleted' end, tg_argv[1], rows_changed);
    return null;
end $$;
comment on function customers.note_change() is
    'Note the objects that a statement changed. Arguments: kind, and the expression of the id.';
do $$
declare
    noted text[];
begin
    foreach noted slice 1 in array array[
        ['tenant', 'tenant', 'r.tenant'],
        ['customer', 'customer', 'r.customer'],
        ['contract', 'contract', 'r.contract'],
        ['vehicle', 'vehicle', 'r.vehicle'],
        ['meter', 'meter', 'r.meter'],
        ['device', 'device', 'r.device'],
        ['assignment', 'assignment',
            '(select d.device from customers.device d where d.device_id = r.device_id)'],
        ['driver', 'driver', 'r.vehicle'],
        ['address', 'customer', 'r.customer'],
        ['contact_point', 'contact_point', 'r.customer'],
        ['consent', 'consent', 'r.customer']] loop
        execute format('create trigger note_insert after insert on customers.%I '
            'referencing new table as after_change for each statement '
            'execute function customers.note_change(%L, %L)', noted[1], noted[2], noted[3]);
        execute format('create trigger note_update after update on customers.%I '
            'referencing old table as before_change new table as after_change for each statement '
            'execute function customers.note_change(%L, %L)', noted[1], noted[2], noted[3]);
        execute format('create trigger note_delete after delete on customers.%I '
            'referencing old table as after_change for each statement '
            'execute function customers.note_change(%L, %L)', noted[1], noted[2], noted[3]);
    end loop;
end $$;

alter table customers.change enable row level security;
create policy tenant on customers.change to tachowatt_reader
    using (tenant = any (access.tenants()));
create policy everything on customers.change to tachowatt_writer, tachowatt_migrator using (true);
grant select on customers.change to tachowatt_reader, tachowatt_writer;
grant all on customers.change to tachowatt_migrator;
alter table customers.change_horizon enable row level security;
create policy everything on customers.change_horizon
    to tachowatt_reader, tachowatt_writer, tachowatt_migrator using (true);
grant select on customers.change_horizon to tachowatt_reader, tachowatt_writer;
grant all on customers.change_horizon to tachowatt_migrator;
