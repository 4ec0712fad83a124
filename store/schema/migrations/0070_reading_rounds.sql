-- Reading rounds, corrections of readings that a second person approves, and the release for billing
-- (docs/readings.md).
create table customers.reading_round (
    round_id   text primary key check (round_id ~ '^[0-9a-f]{32}$'),
    tenant     text not null references customers.tenant,
    name       text not null check (name <> '' and length(name) <= 120),
    opens_at   timestamptz not null,
    remind_at  timestamptz not null,
    closes_at  timestamptz not null,
    created_at timestamptz not null,
    created_by text not null,
    check (opens_at <= remind_at and remind_at <= closes_at)
);
comment on table customers.reading_round is
    'A window in which customers read a group of meters: invited, reminded, thanked, or estimated.';
comment on column customers.reading_round.remind_at is 'When those who have not read are reminded, once.';
comment on column customers.reading_round.closes_at is 'What is missing then is estimated.';
comment on column customers.reading_round.created_by is 'Name of the key or person.';

create table customers.reading_round_meter (
    round_id    text not null references customers.reading_round on delete cascade,
    tenant      text not null,
    meter       text not null,
    customer    text not null,
    next        text not null default 'invite'
        check (next in ('invite', 'remind', 'close', 'done')),
    due_at      timestamptz not null,
    invited_at  timestamptz,
    invited_by  text,
    reminded_at timestamptz,
    reminded_by text,
    thanked_by  text,
    reading_id  text,
    estimated   boolean not null default false,
    reason      text not null default '',
    primary key (round_id, meter),
    foreign key (tenant, meter) references customers.meter
);
comment on table customers.reading_round_meter is
    'A meter of a reading round: what was sent to its customer, and the reading that came.';
comment on column customers.reading_round_meter.customer is 'Whose contract covered it when the round was made.';
comment on column customers.reading_round_meter.next is
    'What is done at due_at: invite, remind, close (estimate); done = nothing more.';
comment on column customers.reading_round_meter.invited_by is 'The channel; null = none could be.';
comment on column customers.reading_round_meter.reminded_by is 'The channel; null = none could be.';
comment on column customers.reading_round_meter.thanked_by is 'The channel of the thanks.';
comment on column customers.reading_round_meter.reading_id is 'That was given in the window, or estimated.';
comment on column customers.reading_round_meter.reason is 'Why nothing was sent or estimated.';
create index reading_round_due on customers.reading_round_meter (due_at) where next <> 'done';
create index reading_round_of_meter on customers.reading_round_meter (tenant, meter)
    where next <> 'done';

create table customers.reading_correction (
    request_id text primary key,
    tenant     text not null references customers.tenant,
    reading_id text not null references customers.entered_reading on delete cascade,
    customer   text,
    kwh        double precision not null check (kwh >= 0 and kwh < 1e12),
    reason     text not null check (reason <> ''),
    asked_at   timestamptz not null
);
comment on table customers.reading_correction is
    'What a correction of a reading or estimate asks for; a second person approves the request.';
comment on column customers.reading_correction.request_id is 'Of access.change_request.';
comment on column customers.reading_correction.kwh is 'The register as it is to be, kWh.';
create index reading_correction_of_reading on customers.reading_correction (reading_id);

create table customers.billing_value (
    tenant      text not null,
    contract    text not null,
    start_on    date not null,
    end_on      date not null check (end_on > start_on),
    version     integer not null check (version > 0),
    meter       text not null,
    customer    text not null,
    body        jsonb not null,
    released_at timestamptz not null,
    released_by text not null,
    primary key (tenant, contract, start_on, end_on, version),
    foreign key (tenant, customer) references customers.customer
);
comment on table customers.billing_value is
    'Use of a contract in a period, released for billing, with the readings that it rests on. A later '
    'release of the same period is a new version.';
comment on column customers.billing_value.end_on is 'The day after the last.';
comment on column customers.billing_value.body is 'Readings at both ends with status and source, and kWh.';
comment on column customers.billing_value.released_by is 'Name of the key or person.';
create index billing_value_of_customer on customers.billing_value (tenant, customer);

do $$
declare
    name text;
begin
    foreach name in array array['reading_round', 'reading_round_meter', 'reading_correction',
            'billing_value'] loop
        execute format('alter table customers.%I enable row level security', name);
        execute format('create policy everything on customers.%I '
            'to tachowatt_writer, tachowatt_migrator using (true)', name);
        execute format('create policy tenant on customers.%I to tachowatt_reader '
            'using (tenant = any (access.tenants()))', name);
        execute format('grant select, insert on customers.%I to tachowatt_reader', name);
        execute format('grant select on customers.%I to tachowatt_contacts', name);
        execute format('grant all on customers.%I to tachowatt_migrator', name);
    end loop;
end $$;
grant update (next, due_at, invited_at, invited_by, reminded_at, reminded_by, thanked_by, reading_id,
    estimated, reason) on customers.reading_round_meter to tachowatt_contacts;
-- The contacts process estimates what is missing at the end of a round.
grant select on shown.meter_day, shown.meter_register to tachowatt_contacts;

-- A correction replaces what somebody entered: the sample's register is taken away here, in the
-- transaction that enters the corrected one, because of two values of one instant the greater wins.
create function pipeline.withdraw_reading(of_tenant text, of_device bigint, at timestamptz)
    returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as
$$
begin
    if not coalesce(of_tenant = any (access.tenants()), false) or not exists (
            select from customers.entered_reading e join customers.assignment a
                on a.tenant = e.tenant and a.meter = e.meter
            where a.device_id = of_device and e.tenant = of_tenant and e.read_at = at and e.counts) then
        return false;
    end if;
    update telemetry.meter_sample set register_kwh = null, quality = null
        where device_id = of_device and observed_at = at;
    return true;
end
$$;
comment on function pipeline.withdraw_reading(text, bigint, timestamptz) is
    'Take away the register of a sample that somebody entered; its correction follows as a message.';
revoke all on function pipeline.withdraw_reading(text, bigint, timestamptz) from public;
grant execute on function pipeline.withdraw_reading(text, bigint, timestamptz) to tachowatt_reader;
