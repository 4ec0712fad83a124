-- Events of a back office, custom attributes of customers and their things, and partners
-- (docs/adr/0057-merged-customers.md says what of identity; docs/registry.md the rest).

-- ── events received ─────────────────────────────────────────────────────────────────────────────
create table customers.received_event (
    tenant        text not null,
    source        text not null,
    event_id      text not null,
    type          text not null,
    object        text,
    state         text not null check (state in ('applied', 'unchanged', 'refused')),
    reason        text,
    body          bytea,
    log_partition integer not null,
    log_offset    bigint not null,
    received_at   timestamptz not null,
    primary key (tenant, source, event_id),
    check ((state = 'refused') = (reason is not null) and (state = 'refused') = (body is not null))
);
comment on table customers.received_event is
    'CloudEvents of back offices that were received, each once; refused ones are the dead letters.';
comment on column customers.received_event.tenant is
    'Whose objects; ''-'' where the event does not say it.';
comment on column customers.received_event.source is
    'The event''s source; the topic where it cannot be read.';
comment on column customers.received_event.event_id is
    'The event''s id within its source; partition and offset where it cannot be read.';
comment on column customers.received_event.type is 'The event''s type; empty where it cannot be read.';
comment on column customers.received_event.object is 'Id of the object that it writes, or null.';
comment on column customers.received_event.state is
    'applied, unchanged (it said nothing new) or refused.';
comment on column customers.received_event.reason is 'Why it was refused.';
comment on column customers.received_event.body is 'The untouched bytes of what was refused.';
comment on column customers.received_event.log_partition is 'Partition of the topic.';
comment on column customers.received_event.log_offset is 'Offset in the partition.';
comment on column customers.received_event.received_at is 'When it was processed.';
create index received_event_refused on customers.received_event (tenant, received_at)
    where state = 'refused';
create index received_event_by_time on customers.received_event using brin (received_at);

-- ── changes published ───────────────────────────────────────────────────────────────────────────
create table customers.change_publication (
    name       text primary key,
    xid        bigint not null,
    change_id  bigint not null,
    updated_at timestamptz not null
);
comment on table customers.change_publication is
    'Up to which change each publisher has sent what it follows.';
comment on column customers.change_publication.name is 'The publisher: kafka:<topic>.';
comment on column customers.change_publication.xid is 'Transaction of the last change that was sent.';
comment on column customers.change_publication.change_id is 'Its order within the transaction.';
comment on column customers.change_publication.updated_at is 'When it was sent.';

-- ── custom attributes ───────────────────────────────────────────────────────────────────────────
create table customers.attribute (
    tenant      text not null references customers.tenant,
    kind        text not null check (kind in ('customer', 'contract', 'vehicle', 'meter')),
    name        text not null,
    type        text not null check (type in ('text', 'number', 'boolean', 'date', 'choice')),
    choices     text[] not null default '{}',
    purpose     text,
    label       jsonb not null,
    declared_at timestamptz not null default customers.recorded_now(),
    primary key (tenant, kind, name),
    check ((type = 'choice') = (choices <> '{}'))
);
comment on table customers.attribute is
    'Attributes that a tenant has declared for its own fields, with type and purpose.';
comment on column customers.attribute.tenant is 'Whose attribute.';
comment on column customers.attribute.kind is 'Of what: customer, contract, vehicle or meter.';
comment on column customers.attribute.name is 'Its name in the API and in files.';
comment on column customers.attribute.type is 'text, number, boolean, date or choice.';
comment on column customers.attribute.choices is 'The values of a choice.';
comment on column customers.attribute.purpose is
    'For what it may be used: it is shown while this is granted; null = it rests on the contract.';
comment on column customers.attribute.label is 'Its name for people: {"de": …, "en": …}.';
comment on column customers.attribute.declared_at is 'When it was declared.';

create table customers.attribute_value (
    tenant      text not null,
    kind        text not null,
    object      text not null,
    name        text not null,
    value       jsonb not null,
    recorded_at timestamptz not null default customers.recorded_now(),
    primary key (tenant, kind, object, name),
    foreign key (tenant, kind, name) references customers.attribute
);
comment on table customers.attribute_value is 'Values of custom attributes.';
comment on column customers.attribute_value.tenant is 'Whose object.';
comment on column customers.attribute_value.kind is 'customer, contract, vehicle or meter.';
comment on column customers.attribute_value.object is 'Its id.';
comment on column customers.attribute_value.name is 'The attribute.';
comment on column customers.attribute_value.value is 'Text, number, boolean, or a date as text.';
comment on column customers.attribute_value.recorded_at is 'When it was recorded.';
create function customers.note_attribute() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    insert into customers.change (tenant, kind, object, operation)
        select distinct tenant, kind, object, 'updated' from after_change;
    return null;
end $$;
comment on function customers.note_attribute() is
    'Note that the object of a changed attribute has changed.';
create trigger note_insert after insert on customers.attribute_value
    referencing new table as after_change for each statement
    execute function customers.note_attribute();
create trigger note_update after update on customers.attribute_value
    referencing new table as after_change for each statement
    execute function customers.note_attribute();
create trigger note_delete after delete on customers.attribute_value
    referencing old table as after_change for each statement
    execute function customers.note_attribute();

-- ── partners ────────────────────────────────────────────────────────────────────────────────────
create table access.partner (
    tenant   text not null references customers.tenant,
    partner  text not null,
    name     text not null,
    kind     text not null check (kind in ('broker', 'garage', 'dealer', 'other')),
    added_at timestamptz not null,
    ended_at timestamptz,
    primary key (tenant, partner)
);
comment on table access.partner is
    'Companies outside, who see customers only where these have granted it: a consent with the '
    'recipient partner:<id>, a purpose and an end.';
comment on column access.partner.tenant is 'With whom it works.';
comment on column access.partner.partner is 'Its id, as in the recipient of consents.';
comment on column access.partner.name is 'Its name, which customers see.';
comment on column access.partner.kind is 'broker, garage, dealer or other.';
comment on column access.partner.added_at is 'Since when.';
comment on column access.partner.ended_at is 'Until when; null = still.';
create table access.partner_member (
    member  text primary key,
    tenant  text not null,
    partner text not null,
    foreign key (tenant, partner) references access.partner
);
comment on table access.partner_member is 'Which people and keys act for a partner.';
comment on column access.partner_member.member is 'Id of a person or key of the role partner.';
comment on column access.partner_member.tenant is 'The partner''s tenant.';
comment on column access.partner_member.partner is 'For whom they act.';
create index consent_to_partner on customers.consent (tenant, recipient, customer)
    where starts_with(recipient, 'partner:');

-- Who writes for several tenants, each within its own scope, has to know which there are.
create function customers.tenants() returns setof text
language sql stable security definer set search_path = pg_catalog, pg_temp as
$$ select tenant from customers.tenant order by 1 $$;
comment on function customers.tenants() is 'The tenants, also for roles that see only their own.';
revoke all on function customers.tenants() from public;
grant execute on function customers.tenants() to tachowatt_reader, tachowatt_migrator;

-- ── rights ──────────────────────────────────────────────────────────────────────────────────────
do $$
declare
    name text;
begin
    foreach name in array array['customers.received_event', 'customers.attribute',
            'customers.attribute_value', 'access.partner', 'access.partner_member'] loop
        execute format('alter table %s enable row level security', name);
        execute format('create policy tenant on %s to tachowatt_reader '
            'using (tenant = any (access.tenants()))', name);
        execute format('create policy everything on %s '
            'to tachowatt_writer, tachowatt_migrator using (true)', name);
        execute format('grant select on %s to tachowatt_reader', name);
        execute format('grant all on %s to tachowatt_migrator', name);
    end loop;
end $$;
alter table customers.change_publication enable row level security;
create policy everything on customers.change_publication
    to tachowatt_reader, tachowatt_migrator using (true);
grant select, insert, update on customers.change_publication to tachowatt_reader;
grant all on customers.change_publication to tachowatt_migrator;
grant insert on customers.received_event to tachowatt_reader;
grant insert, update on customers.attribute to tachowatt_reader;
grant insert, update, delete on customers.attribute_value to tachowatt_reader;
