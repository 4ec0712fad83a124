-- Cases with a type (docs/case-types.md): the texts of types, which one is in use, the plan of each
-- case and what happened in it.
alter table contacts.service_case alter column signal_id drop not null;  -- a person opened it
comment on column contacts.service_case.signal_id is
    'Episode of the signal that opened it; null where a person did.';

create table contacts.case_type (
    tenant      text not null references customers.tenant,
    digest      text not null,
    case_type   text not null,
    version     integer not null,
    text        text not null,
    recorded_at timestamptz not null,
    recorded_by text not null,
    primary key (tenant, digest)
);
comment on table contacts.case_type is
    'Texts of case types. Rows are only added: a case finishes on the text that it began with.';
comment on column contacts.case_type.digest is 'SHA-256 of the text.';
comment on column contacts.case_type.case_type is 'Id of the type in its text.';
comment on column contacts.case_type.version is 'Version of the type in its text.';
comment on column contacts.case_type.text is 'YAML.';
comment on column contacts.case_type.recorded_at is 'When it was recorded.';
comment on column contacts.case_type.recorded_by is
    'Name of the person or key; tachowatt for a shipped type that a case uses.';
create index case_type_by_name on contacts.case_type (tenant, case_type, version);

create table contacts.case_type_activation (
    activation_id bigint generated always as identity primary key,
    tenant        text not null,
    case_type     text not null,
    digest        text not null,
    request_id    text unique references access.change_execution on delete set null,
    activated_at  timestamptz not null,
    activated_by  text not null,
    approved_by   text not null,
    foreign key (tenant, digest) references contacts.case_type (tenant, digest),
    check (activated_by <> approved_by)
);
comment on table contacts.case_type_activation is
    'Which text of a type is in force: the newest row of a tenant and type; without one the shipped '
    'text. A rollback is a new row.';
comment on column contacts.case_type_activation.activation_id is 'Number, ascending.';
comment on column contacts.case_type_activation.case_type is 'Id of the type.';
comment on column contacts.case_type_activation.digest is 'Which text.';
comment on column contacts.case_type_activation.request_id is
    'The request that a second person approved and that was executed, once; null when it is too old '
    'to be kept.';
comment on column contacts.case_type_activation.activated_at is 'Since when.';
comment on column contacts.case_type_activation.activated_by is 'Who asked for it.';
comment on column contacts.case_type_activation.approved_by is 'The second person.';
create index case_type_in_force
    on contacts.case_type_activation (tenant, case_type, activation_id desc);

create table contacts.case_plan (
    case_id     text primary key references contacts.service_case on delete cascade,
    tenant      text not null,
    case_type   text not null,
    digest      text not null,
    state       jsonb not null,
    data        jsonb not null,
    signal      jsonb not null,
    next_due    timestamptz,
    parent      text references contacts.case_plan on delete set null,
    parent_item text,
    foreign key (tenant, digest) references contacts.case_type (tenant, digest)
);
comment on table contacts.case_plan is
    'The plan of a case with a type: states of its items, deadlines and data.';
comment on column contacts.case_plan.case_type is 'Id of the type.';
comment on column contacts.case_plan.digest is 'The text of the type that this case follows.';
comment on column contacts.case_plan.state is
    'States of items, timers, documents, exceptions (customer_context/cases/case_state.py).';
comment on column contacts.case_plan.data is 'What its forms have collected.';
comment on column contacts.case_plan.signal is 'Data of the signal that opened it.';
comment on column contacts.case_plan.next_due is 'End of the next deadline; null = none runs.';
comment on column contacts.case_plan.parent is 'The case whose sub-case it is.';
comment on column contacts.case_plan.parent_item is 'The step of that case.';
create index case_plan_due on contacts.case_plan (next_due) where next_due is not null;
create index case_plan_of_parent on contacts.case_plan (parent) where parent is not null;

create table contacts.case_event (
    case_id text not null references contacts.case_plan on delete cascade,
    number  integer not null,
    at      timestamptz not null,
    author  text not null,
    what    text not null,
    item    text not null,
    text    text not null,
    changes jsonb not null,
    effects jsonb not null,
    primary key (case_id, number)
);
comment on table contacts.case_event is
    'What happened in a case with a type: each event with the changes that it led to. Rows are only added.';
comment on column contacts.case_event.number is 'In the order of the case.';
comment on column contacts.case_event.at is 'When.';
comment on column contacts.case_event.author is 'Who: a person, a key, or tachowatt.';
comment on column contacts.case_event.what is 'The event (customer_context/cases/case_state.py).';
comment on column contacts.case_event.item is 'The step that it is about; empty = the case.';
comment on column contacts.case_event.text is 'Its reason, or the document.';
comment on column contacts.case_event.changes is 'Changed items with their new state and the reason.';
comment on column contacts.case_event.effects is 'What others had to do: reminders, sub-cases, milestones.';

do $$
declare
    name text;
begin
    foreach name in array array['case_type', 'case_type_activation', 'case_plan', 'case_event'] loop
        execute format('alter table contacts.%I enable row level security', name);
        execute format('create policy everything on contacts.%I '
            'to tachowatt_writer, tachowatt_migrator using (true)', name);
        execute format('grant select, insert on contacts.%I to tachowatt_reader, tachowatt_contacts',
            name);
        execute format('grant all on contacts.%I to tachowatt_migrator', name);
    end loop;
    foreach name in array array['case_type', 'case_type_activation', 'case_plan'] loop
        execute format('create policy tenant on contacts.%I to tachowatt_reader '
            'using (tenant = any (access.tenants()))', name);
    end loop;
end $$;
-- Events are seen with the plan that they belong to.
create policy tenant on contacts.case_event to tachowatt_reader using (exists (
    select from contacts.case_plan p where p.case_id = case_event.case_id));
grant update (state, data, next_due) on contacts.case_plan to tachowatt_reader, tachowatt_contacts;
grant insert, update (urgent) on contacts.service_case to tachowatt_reader;  -- a person opens a case
