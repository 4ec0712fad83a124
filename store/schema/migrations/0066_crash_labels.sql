-- What was said about a noticed crash, for the evaluation of the kernels (docs/kernels.md).
create table contacts.crash_label (
    case_id text primary key references contacts.service_case on delete cascade,
    tenant  text not null references customers.tenant,
    label   text check (label in ('crash', 'false_alarm')),
    cause   text,
    said_by text not null,
    said_at timestamptz not null
);
comment on table contacts.crash_label is
    'Whether a noticed crash was one, as the driver or an agent says in its case.';
comment on column contacts.crash_label.label is
    'crash or false_alarm; null = what was said is taken back.';
comment on column contacts.crash_label.cause is 'Of a false alarm: pothole, parking, device, other.';
comment on column contacts.crash_label.said_by is 'Who: a person, a key, or customer:<id>.';
comment on column contacts.crash_label.said_at is 'When it was said last.';
create index crash_label_of_tenant on contacts.crash_label (tenant) where label is not null;
alter table contacts.crash_label enable row level security;
create policy tenant on contacts.crash_label to tachowatt_reader
    using (tenant = any (access.tenants()));
create policy everything on contacts.crash_label
    to tachowatt_writer, tachowatt_migrator using (true);
grant select, insert on contacts.crash_label to tachowatt_reader, tachowatt_contacts;
grant update (label, cause, said_by, said_at) on contacts.crash_label
    to tachowatt_reader, tachowatt_contacts;
grant all on contacts.crash_label to tachowatt_migrator;
