-- Rights of customers (docs/adr/0056): what they asked for, limits on processing that a right sets,
-- copies of their data to download, and a key for each customer.

create table privacy.rights_request (
    request_id    text primary key,
    tenant        text not null,
    customer      text not null,
    kind          text not null check (kind in ('access', 'rectification', 'erasure', 'restriction',
        'portability', 'objection')),
    state         text not null check (state in ('open', 'executing', 'executed', 'answered',
        'refused', 'withdrawn')),
    details       text not null default '',
    asked_by      text not null check (asked_by in ('page', 'api', 'command', 'desk')),
    author        text not null,
    case_id       text,
    received_at   timestamptz not null,
    due_at        timestamptz not null,
    extended_at   timestamptz,
    extension     text not null default '',
    identified_at timestamptz,
    identified_by text,
    executed_at   timestamptz,
    closed_at     timestamptz,
    answer        text not null default '',
    proof         jsonb not null default '{}',
    attempts      integer not null default 0,
    foreign key (tenant, customer) references customers.customer (tenant, customer)
);
comment on table privacy.rights_request is
    'What customers asked for under the GDPR, with deadline, case, state and proof.';
comment on column privacy.rights_request.request_id is 'Random id.';
comment on column privacy.rights_request.tenant is 'Tenant of the customer.';
comment on column privacy.rights_request.customer is 'Who asked.';
comment on column privacy.rights_request.kind is 'Which right (contracts/rights.py).';
comment on column privacy.rights_request.state is 'contracts/rights.py, RequestState.';
comment on column privacy.rights_request.details is
    'In the customer''s words, sealed with the key of the customer; empty = none.';
comment on column privacy.rights_request.asked_by is 'page, api, command or desk.';
comment on column privacy.rights_request.author is 'The customer, or the person who recorded it.';
comment on column privacy.rights_request.case_id is
    'The case of it; no reference, because retention may delete the case first.';
comment on column privacy.rights_request.received_at is 'When it came in: the period begins.';
comment on column privacy.rights_request.due_at is 'By when it has to be answered (Art. 12(3)).';
comment on column privacy.rights_request.extended_at is 'When the period was extended; null = not.';
comment on column privacy.rights_request.extension is 'Why; the customer reads it.';
comment on column privacy.rights_request.identified_at is 'When the identity was clear.';
comment on column privacy.rights_request.identified_by is 'How: session, or the person who checked.';
comment on column privacy.rights_request.executed_at is 'When it was done.';
comment on column privacy.rights_request.closed_at is 'When it was answered, refused or taken back.';
comment on column privacy.rights_request.answer is
    'Grounds of a refusal, or what a person decided; sealed as details.';
comment on column privacy.rights_request.proof is
    'What was done: digest and rows of an export, a restriction, an erasure.';
comment on column privacy.rights_request.attempts is 'How often the program has tried to do it.';
create index rights_of_customer on privacy.rights_request (tenant, customer, received_at desc);
create index rights_open on privacy.rights_request (tenant, due_at)
    where state in ('open', 'executing', 'executed');
create index rights_executing on privacy.rights_request (identified_at) where state = 'executing';
create unique index rights_of_case on privacy.rights_request (case_id) where case_id is not null;

create table privacy.processing_limit (
    limit_id   bigint generated always as identity primary key,
    tenant     text not null,
    customer   text not null,
    kind       text not null check (kind in ('processing', 'automated_decisions')),
    request_id text,
    begun_at   timestamptz not null,
    ended_at   timestamptz,
    ended_by   text,
    foreign key (tenant, customer) references customers.customer (tenant, customer),
    check (ended_at is null or ended_by is not null)
);
comment on table privacy.processing_limit is
    'Customers whose data may not be processed, or not without a person (Art. 18, 21, 22).';
comment on column privacy.processing_limit.limit_id is 'Number, ascending.';
comment on column privacy.processing_limit.tenant is 'Tenant of the customer.';
comment on column privacy.processing_limit.customer is 'Whose data.';
comment on column privacy.processing_limit.kind is 'processing or automated_decisions.';
comment on column privacy.processing_limit.request_id is 'The request that set it.';
comment on column privacy.processing_limit.begun_at is 'Since when.';
comment on column privacy.processing_limit.ended_at is 'Until when; null = it is in force.';
comment on column privacy.processing_limit.ended_by is 'Who ended it.';
create unique index one_limit_in_force on privacy.processing_limit (tenant, customer, kind)
    where ended_at is null;

create table privacy.customer_key (
    key_id   text primary key,
    tenant   text not null,
    customer text not null,
    key      text not null check (starts_with(key, 'sealed1:')),
    made_at  timestamptz not null,
    unique (tenant, customer),
    foreign key (tenant, customer) references customers.customer (tenant, customer)
);
comment on table privacy.customer_key is
    'The key of each customer''s free text, sealed with the key of stored secrets; its end is theirs.';
comment on column privacy.customer_key.key_id is 'Random id.';
comment on column privacy.customer_key.tenant is 'Tenant of the customer.';
comment on column privacy.customer_key.customer is 'Whose key.';
comment on column privacy.customer_key.key is
    '32 bytes as base64, sealed and bound to privacy.customer_key.key:<key_id>.';
comment on column privacy.customer_key.made_at is 'When it was made.';

create table privacy.export (
    request_id text primary key references privacy.rights_request on delete cascade,
    tenant     text not null,
    customer   text not null,
    made_at    timestamptz not null,
    expires_at timestamptz not null,
    bytes      bigint not null,
    sha256     text not null
);
comment on table privacy.export is 'Copies of customers'' data that they can download.';
comment on column privacy.export.request_id is 'The request that it answers.';
comment on column privacy.export.tenant is 'Tenant of the customer.';
comment on column privacy.export.customer is 'Whose data; only they can download it.';
comment on column privacy.export.made_at is 'When it was made.';
comment on column privacy.export.expires_at is 'When it is deleted.';
comment on column privacy.export.bytes is 'Size of the zip, in bytes.';
comment on column privacy.export.sha256 is 'SHA-256 of the zip, in hex.';

create table privacy.export_part (
    request_id text not null references privacy.export on delete cascade,
    part       integer not null,
    content    bytea not null,
    primary key (request_id, part)
);
comment on table privacy.export_part is 'Pieces of these copies.';
comment on column privacy.export_part.request_id is 'Whose piece.';
comment on column privacy.export_part.part is 'Number, from 0.';
comment on column privacy.export_part.content is
    'Nonce, ciphertext and tag with the key of the customer, bound to request and number.';

create table privacy.retention_run (
    place    text primary key,
    category text not null,
    days     integer not null,
    ran_at   timestamptz not null,
    before   timestamptz,
    deleted  bigint not null,
    total    bigint not null
);
comment on table privacy.retention_run is
    'What the retention job did last with each table, for the data protection officer.';
comment on column privacy.retention_run.place is 'Table.';
comment on column privacy.retention_run.category is 'Category of retention.';
comment on column privacy.retention_run.days is 'Its period; 0 = no end by time.';
comment on column privacy.retention_run.ran_at is 'When the job last ran.';
comment on column privacy.retention_run.before is 'Rows before this were deleted; null = none are.';
comment on column privacy.retention_run.deleted is 'Rows that the last run deleted.';
comment on column privacy.retention_run.total is 'Rows that all runs have deleted.';
alter table privacy.retention_run enable row level security;
create policy everything on privacy.retention_run to tachowatt_migrator using (true);
create policy counts on privacy.retention_run for select to tachowatt_reader using (true);
grant all on privacy.retention_run to tachowatt_migrator;
grant select on privacy.retention_run to tachowatt_reader;

-- A limit changes what may be stored, as a consent does: who follows the changes reads it again.
create trigger note_insert after insert on privacy.processing_limit
    referencing new table as after_change for each statement
    execute function customers.note_change('consent', 'r.customer');
create trigger note_update after update on privacy.processing_limit
    referencing old table as before_change new table as after_change for each statement
    execute function customers.note_change('consent', 'r.customer');

do $$
declare
    name text;
begin
    foreach name in array array['rights_request', 'processing_limit', 'customer_key', 'export',
            'export_part'] loop
        execute format('alter table privacy.%I enable row level security', name);
        execute format('create policy everything on privacy.%I to tachowatt_migrator using (true)',
            name);
        execute format('grant all on privacy.%I to tachowatt_migrator', name);
    end loop;
    foreach name in array array['rights_request', 'processing_limit', 'customer_key'] loop
        execute format('create policy tenant on privacy.%I to tachowatt_reader '
            'using (tenant = any (access.tenants()))', name);
        execute format('grant select, insert on privacy.%I to tachowatt_reader', name);
    end loop;
end $$;
grant usage on all sequences in schema privacy to tachowatt_migrator;
grant update (state, due_at, extended_at, extension, identified_at, identified_by, executed_at,
    closed_at, answer, proof, case_id) on privacy.rights_request to tachowatt_reader;
grant update (ended_at, ended_by) on privacy.processing_limit to tachowatt_reader;
-- Only the customer reads a copy of their data.
create policy own on privacy.export to tachowatt_reader
    using (tenant = any (access.tenants()) and customer = access.customer());
create policy own on privacy.export_part to tachowatt_reader using (exists (
    select from privacy.export e where e.request_id = export_part.request_id));
grant select on privacy.export, privacy.export_part to tachowatt_reader;
-- What is stored, decided and sent depends on limits.
grant usage on schema privacy to tachowatt_writer, tachowatt_contacts;
create policy everything_to_read on privacy.processing_limit for select
    to tachowatt_writer, tachowatt_contacts using (true);
grant select on privacy.processing_limit to tachowatt_writer, tachowatt_contacts;
create policy everything_to_read on privacy.customer_key for select
    to tachowatt_contacts using (true);
grant select on privacy.customer_key to tachowatt_contacts;
-- A deadline of the case may lead to a step that the program does.
create policy everything_of_contacts on privacy.rights_request to tachowatt_contacts using (true);
grant select on privacy.rights_request to tachowatt_contacts;
grant insert on privacy.rights_request, privacy.processing_limit to tachowatt_contacts;
