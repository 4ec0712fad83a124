-- Accepted readings and billing values leave by Kafka too, and are sent again from API and page.
alter table pipeline.publication
    drop constraint publication_kind_check,
    add constraint publication_kind_check check (kind in ('signal', 'dead_letter', 'meter_event')),
    add column tenant   text,
    add column customer text,
    add column event    jsonb,
    add constraint publication_event_check check ((kind = 'meter_event') = (event is not null));
comment on column pipeline.publication.tenant is 'Of a meter event.';
comment on column pipeline.publication.customer is 'Whom a meter event is about.';
comment on column pipeline.publication.event is
    'The CloudEvent of an accepted reading or billing value; null = of others, which are read.';
create index publication_of_event on pipeline.publication (ref) where kind = 'meter_event';
grant update (done_at, reason) on contacts.meter_event to tachowatt_reader;

-- API and pages see which of their events Kafka does not have yet, and nothing of other tenants.
create view shown.event_waiting with (security_barrier) as
    select p.tenant, p.ref as event_id from pipeline.publication p
    where p.kind = 'meter_event' and p.tenant = any (access.tenants());
comment on view shown.event_waiting is
    'Meter events of the transaction''s tenants that Kafka does not have yet.';
comment on column shown.event_waiting.tenant is 'Whose event.';
comment on column shown.event_waiting.event_id is 'Of contacts.meter_event.';
grant select on shown.event_waiting to tachowatt_reader, tachowatt_contacts;
create function pipeline.is_fed_by_kafka() returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as
$$ select kind = 'kafka' from pipeline.log $$;
comment on function pipeline.is_fed_by_kafka() is 'Whether events leave by Kafka, too.';
revoke all on function pipeline.is_fed_by_kafka() from public;
grant execute on function pipeline.is_fed_by_kafka()
    to tachowatt_reader, tachowatt_contacts, tachowatt_writer;
