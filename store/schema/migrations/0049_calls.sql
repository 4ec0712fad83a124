-- Orders to the back office; a wrong outcome can be undone; incoming calls: who may be calling, whether
-- they were verified, by whom and how.
alter table contacts.service_case add column before_outcome jsonb;
comment on column contacts.service_case.before_outcome is
    'What the last outcome has changed, who recorded it and when (customer_context/cases/outcomes.py); '
    'null = there is none to undo.';
alter table contacts.case_entry drop constraint case_entry_kind_check;
alter table contacts.case_entry add constraint case_entry_kind_check check (kind in (
    'note', 'state', 'owner', 'signal', 'outcome', 'call_back', 'answer', 'undone'));
grant update (before_outcome) on contacts.service_case to tachowatt_reader;

create table contacts.call (
    call_id        text primary key,
    tenant         text not null references customers.tenant,
    agent          text not null,
    customer       text,
    lookup         bytea not null,
    state          text not null check (state in ('ringing', 'open', 'closed')),
    started_at     timestamptz not null,
    closed_at      timestamptz,
    verified_at    timestamptz,
    verified_by    text,
    verified_how   text check (verified_how in ('questions', 'code')),
    version        integer not null default 1,
    foreign key (tenant, customer) references customers.customer (tenant, customer),
    check ((verified_at is null) = (verified_by is null)),
    check ((verified_at is null) = (verified_how is null)),
    check (verified_at is null or customer is not null)
);
comment on table contacts.call is
    'Incoming calls. The number is not stored: customers are found by its keyed hash.';
comment on column contacts.call.call_id is 'Random.';
comment on column contacts.call.agent is 'Name of the person whose telephone rings.';
comment on column contacts.call.customer is
    'Who is said to call: the only customer with the number, or whom the agent has chosen.';
comment on column contacts.call.lookup is
    'HMAC-SHA-256 of the number under the key in access.lookup_key: who has it, without the number.';
comment on column contacts.call.state is 'ringing; open = the agent has it on the desk; closed.';
comment on column contacts.call.started_at is 'When it began.';
comment on column contacts.call.closed_at is 'When it ended.';
comment on column contacts.call.verified_at is
    'When the caller was verified as the customer; null = not. Nothing of the customer is shown before.';
comment on column contacts.call.verified_by is 'Name of the person who asked.';
comment on column contacts.call.verified_how is
    'questions = from the record; code = sent to an address that was known.';
comment on column contacts.call.version is 'Grows with each change.';
create index call_waiting on contacts.call (tenant, agent, started_at) where state <> 'closed';
create index call_of_customer on contacts.call (tenant, customer, started_at);

create table contacts.call_try (
    try_id   bigint generated always as identity primary key,
    call_id  text not null references contacts.call on delete cascade,
    tenant   text not null,
    customer text not null,
    at       timestamptz not null,
    by_whom  text not null,
    how      text not null check (how in ('questions', 'code')),
    good     boolean not null,
    foreign key (tenant, customer) references customers.customer (tenant, customer)
);
comment on table contacts.call_try is
    'Each try to verify a caller, with its result; what was said is not stored. Rows are only added.';
comment on column contacts.call_try.at is 'When.';
comment on column contacts.call_try.by_whom is 'Name of the person who asked.';
comment on column contacts.call_try.how is 'questions or code.';
comment on column contacts.call_try.good is 'All was right.';
create index call_try_of_customer on contacts.call_try (tenant, customer, at);
create index call_try_of_call on contacts.call_try (call_id);

create table contacts.call_code (
    call_id         text primary key references contacts.call on delete cascade,
    tenant          text not null,
    customer        text not null,
    code            text not null check (starts_with(code, 'sealed1:')),
    address         text not null check (starts_with(address, 'sealed1:')),
    language        text not null,
    expires_at      timestamptz not null,
    next_attempt_at timestamptz,
    attempts        integer not null default 0
);
comment on table contacts.call_code is
    'The code that was sent to verify a caller; deleted when it is used. Agents never see it.';
comment on column contacts.call_code.code is 'Six digits, sealed by the program.';
comment on column contacts.call_code.address is 'The known e-mail address that it goes to, sealed.';
comment on column contacts.call_code.language is 'Of the mail.';
comment on column contacts.call_code.expires_at is 'Until when it verifies.';
comment on column contacts.call_code.next_attempt_at is 'When it is sent; null = it was sent.';
comment on column contacts.call_code.attempts is 'How often sending was tried.';
create index call_code_due on contacts.call_code (next_attempt_at)
    where next_attempt_at is not null;

create table contacts.case_order (
    case_id text not null references contacts.service_case on delete cascade,
    item    text not null,
    times   integer not null,
    action  text not null,
    tenant  text not null references customers.tenant,
    due_at  timestamptz not null,
    done_at timestamptz,
    reason  text not null default '',
    primary key (case_id, item, times, due_at)
);
comment on table contacts.case_order is
    'Automatic steps to run: written with the event that activates them, once for each attempt. One '
    'event goes to each receiver of the case''s side.';
comment on column contacts.case_order.item is 'The step.';
comment on column contacts.case_order.times is 'Its instance, 1 = the first.';
comment on column contacts.case_order.action is 'What it runs.';
comment on column contacts.case_order.due_at is 'When it was activated, or tried again.';
comment on column contacts.case_order.done_at is 'When it was handed over; null = it waits.';
comment on column contacts.case_order.reason is 'Why it was not handed over; empty = it was.';
create index case_order_due on contacts.case_order (due_at) where done_at is null;
grant insert on contacts.case_order to tachowatt_contacts;
grant update (done_at, reason) on contacts.case_order to tachowatt_contacts;

do $$
declare
    name text;
begin
    foreach name in array array['call', 'call_try', 'call_code', 'case_order'] loop
        execute format('alter table contacts.%I enable row level security', name);
        execute format('create policy everything on contacts.%I '
            'to tachowatt_writer, tachowatt_migrator using (true)', name);
        execute format('create policy tenant on contacts.%I to tachowatt_reader '
            'using (tenant = any (access.tenants()))', name);
        execute format('grant select, insert on contacts.%I to tachowatt_reader', name);
        execute format('grant all on contacts.%I to tachowatt_migrator', name);
    end loop;
end $$;
grant update (customer, state, closed_at, verified_at, verified_by, verified_how, version)
    on contacts.call to tachowatt_reader;
grant update (code, address, language, expires_at, next_attempt_at, attempts) on contacts.call_code
    to tachowatt_reader;
grant delete on contacts.call_code to tachowatt_reader;
grant select, update (next_attempt_at, attempts), delete on contacts.call_code
    to tachowatt_contacts;
grant select on contacts.call to tachowatt_contacts;
