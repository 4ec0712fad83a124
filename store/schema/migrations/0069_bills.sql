-- Tariffs and bills of the billing system, kept in versions, and what leaves as events: accepted
-- readings and billing values (docs/billing.md).
create table customers.tariff (
    tenant      text not null references customers.tenant,
    tariff      text not null check (tariff <> '' and length(tariff) <= 64),
    version     integer not null check (version > 0),
    body        jsonb not null,
    recorded_at timestamptz not null,
    recorded_by text not null,
    primary key (tenant, tariff, version)
);
comment on table customers.tariff is
    'Tariffs as the back office sent them: prices valid in time. A change is a new version.';
comment on column customers.tariff.body is 'contracts.billing.Tariff.';
comment on column customers.tariff.recorded_by is 'Name of the key or person.';

create table customers.bill (
    tenant      text not null,
    bill        text not null check (bill <> '' and length(bill) <= 64),
    version     integer not null check (version > 0),
    customer    text not null,
    contract    text not null,
    start_on    date not null,
    end_on      date not null check (end_on > start_on),
    body        jsonb not null,
    instalment  numeric check (instalment >= 0),
    recorded_at timestamptz not null,
    recorded_by text not null,
    primary key (tenant, bill, version),
    foreign key (tenant, customer) references customers.customer
);
comment on table customers.bill is
    'Bills as the billing system sent them, with tariff and readings. A correction is a new version, so '
    'that what was billed can be shown again.';
comment on column customers.bill.start_on is 'First day of the period.';
comment on column customers.bill.end_on is 'The day after its last.';
comment on column customers.bill.body is 'contracts.billing.Billed, with its tariff as it was.';
comment on column customers.bill.instalment is 'What the customer pays a month now, gross; null = not known.';
comment on column customers.bill.recorded_by is 'Name of the key or person.';
create index bill_of_customer on customers.bill (tenant, customer, end_on desc);
create index bill_of_contract on customers.bill (tenant, contract, end_on desc);

create table contacts.meter_event (
    event_id   bigint generated always as identity primary key,
    tenant     text not null references customers.tenant,
    kind       text not null check (kind in ('reading.accepted', 'billing.value.released')),
    customer   text,
    ref        text not null,
    version    integer not null,
    due_at     timestamptz not null,
    done_at    timestamptz,
    reason     text not null default '',
    unique (tenant, kind, ref, version)
);
comment on table contacts.meter_event is
    'Accepted readings and billing values that leave to the systems of the utility. One contact for each '
    'receiver is made of a row, in the transaction that marks it; the contact''s delivery is the '
    'acknowledgement.';
comment on column contacts.meter_event.ref is 'Id of the reading, or of the release.';
comment on column contacts.meter_event.version is 'Of the reading or release.';
comment on column contacts.meter_event.done_at is 'When it was handed over; null = it waits.';
comment on column contacts.meter_event.reason is 'Why nobody gets it.';
create index meter_event_due on contacts.meter_event (due_at) where done_at is null;

do $$
declare
    name text;
begin
    foreach name in array array['customers.tariff', 'customers.bill', 'contacts.meter_event'] loop
        execute format('alter table %s enable row level security', name);
        execute format('create policy everything on %s to tachowatt_writer, tachowatt_migrator '
            'using (true)', name);
        execute format('create policy tenant on %s to tachowatt_reader '
            'using (tenant = any (access.tenants()))', name);
        execute format('grant select, insert on %s to tachowatt_reader, tachowatt_contacts', name);
        execute format('grant all on %s to tachowatt_migrator', name);
    end loop;
end $$;
grant update (done_at, reason) on contacts.meter_event to tachowatt_contacts;
