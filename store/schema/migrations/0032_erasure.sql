-- Erasure of customers (docs/adr/0044): who was erased, by keyed hash only; the times in which devices
-- were theirs, so that what comes late ends as well; and what the law keeps, under a pseudonym.
create schema privacy;

create table privacy.erasure (
    erasure_id    text primary key,
    tenant        text not null references customers.tenant,
    digest        bytea not null,
    pseudonym     text not null unique,
    reason        text not null,
    erased_by     text not null,
    erased_at     timestamptz not null,
    physically_by timestamptz not null,
    proof         jsonb not null
);
comment on table privacy.erasure is 'Customers that were erased, and the proof of each erasure.';
comment on column privacy.erasure.erasure_id is 'Random id of the erasure.';
comment on column privacy.erasure.tenant is 'Tenant of the customer.';
comment on column privacy.erasure.digest is
    'HMAC-SHA-256 of the customer''s id under the tenant''s key in access.lookup_key.';
comment on column privacy.erasure.pseudonym is 'Stands for the customer in privacy.kept.';
comment on column privacy.erasure.reason is 'Why, in the words of who erased; no name.';
comment on column privacy.erasure.erased_by is 'Person or command that erased.';
comment on column privacy.erasure.erased_at is 'When the data were gone for every reader.';
comment on column privacy.erasure.physically_by is
    'When nothing is left in logs of Kafka, the write-ahead log and backups.';
comment on column privacy.erasure.proof is 'Rows by table that were deleted and archived.';
create index erasure_of_customer on privacy.erasure (tenant, digest);

create table privacy.erased_span (
    erasure_id text not null references privacy.erasure,
    device_id  bigint not null,
    begin_at   timestamptz not null,
    end_at     timestamptz not null,
    primary key (erasure_id, device_id, begin_at)
);
comment on table privacy.erased_span is
    'Times in which a device was an erased customer''s: nothing of it may be stored.';
comment on column privacy.erased_span.erasure_id is 'The erasure.';
comment on column privacy.erased_span.device_id is 'Device of the tenant.';
comment on column privacy.erased_span.begin_at is 'Begin, inclusive.';
comment on column privacy.erased_span.end_at is 'End, exclusive.';

create table privacy.kept (
    kept_id    bigint generated always as identity primary key,
    erasure_id text not null references privacy.erasure,
    place      text not null,
    content    jsonb not null,
    until      timestamptz not null
);
comment on table privacy.kept is
    'Rows of the erased that the law keeps, under a pseudonym. No role of the program reads it.';
comment on column privacy.kept.kept_id is 'Number of the row.';
comment on column privacy.kept.erasure_id is 'The erasure.';
comment on column privacy.kept.place is 'Table that the row was in.';
comment on column privacy.kept.content is 'The row, with the pseudonym in the place of the customer.';
comment on column privacy.kept.until is 'When it is deleted.';
create index kept_until on privacy.kept (until);

-- Decisions about consent never change. Only erasure removes them, into privacy.kept.
create or replace function customers.refuse_change() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' and current_setting('tachowatt.erasing', true) = 'on'
            and pg_has_role((select relowner from pg_class where oid = tg_relid), 'usage') then
        return null;
    end if;
    raise exception 'customers.consent is append-only: record a new decision instead';
end $$;

grant usage on schema privacy to tachowatt_migrator, tachowatt_reader;
grant all on privacy.erasure, privacy.erased_span, privacy.kept to tachowatt_migrator;
grant usage on all sequences in schema privacy to tachowatt_migrator;
grant select (erasure_id, tenant, pseudonym, reason, erased_by, erased_at, physically_by, proof)
    on privacy.erasure to tachowatt_reader;
alter table privacy.erasure enable row level security;
alter table privacy.erased_span enable row level security;
alter table privacy.kept enable row level security;
create policy tenant on privacy.erasure to tachowatt_reader
    using (tenant = any (access.tenants()));
create policy everything on privacy.erasure to tachowatt_migrator using (true);
create policy everything on privacy.erased_span to tachowatt_migrator using (true);
create policy everything on privacy.kept to tachowatt_migrator using (true);
