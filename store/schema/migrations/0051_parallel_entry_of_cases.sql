-- What two people enter in one form at once, actions that a phone sends again until they are answered,
-- and claim files that were signed (docs/adr/0059).
create table contacts.case_field (
    tenant   text not null references customers.tenant,
    case_id  text not null references contacts.service_case on delete cascade,
    step     text not null,
    times    integer not null,
    field    text not null,
    number   integer not null check (number > 0),
    base     integer not null,
    value    text not null check (length(value) <= 4000),
    accepted boolean not null,
    author   text not null,
    at       timestamptz not null,
    primary key (case_id, step, times, field, number)
);
comment on table contacts.case_field is
    'What was entered in the forms of open steps, before they are done. A value whose author had not '
    'seen the latest one stands beside it until somebody chooses.';
comment on column contacts.case_field.times is 'Instance of the step, 1 = the first.';
comment on column contacts.case_field.number is 'Version of the field, ascending.';
comment on column contacts.case_field.base is 'The version that the author had seen; 0 = none.';
comment on column contacts.case_field.value is 'As it was entered; empty = taken out.';
comment on column contacts.case_field.accepted is
    'Whether it is the value of the field; else it waits beside the one before it.';

create table contacts.case_action (
    tenant      text not null references customers.tenant,
    case_id     text not null references contacts.service_case on delete cascade,
    action_key  text not null check (length(action_key) between 8 and 64),
    fingerprint bytea not null,
    status      integer not null,
    result      text not null,
    at          timestamptz not null,
    primary key (case_id, action_key)
);
comment on table contacts.case_action is
    'Actions of a customer in a case that were answered: one that is sent again gets its answer again.';
comment on column contacts.case_action.action_key is 'Chosen by the phone for each action.';
comment on column contacts.case_action.fingerprint is 'SHA-256 of what was sent.';
comment on column contacts.case_action.result is 'done, conflict or refused.';

create table contacts.claim_file (
    case_id   text primary key references contacts.service_case on delete cascade,
    tenant    text not null references customers.tenant,
    jws       text not null,
    digest    bytea not null check (length(digest) = 32),
    public_key jsonb not null,
    signed_at timestamptz not null
);
comment on table contacts.claim_file is 'Claims as they were handed to the insurer, signed.';
comment on column contacts.claim_file.jws is
    'Compact JWS (Ed25519, typ claim+jws); its payload is the claim as JSON.';
comment on column contacts.claim_file.digest is 'SHA-256 of the JWS.';
comment on column contacts.claim_file.public_key is 'The key that verifies it, as a JWK.';

-- An automatic step of ours is done by whoever takes its row; one that fails is tried again later.
alter table contacts.case_notice drop constraint case_notice_kind_check;
alter table contacts.case_notice add constraint case_notice_kind_check
    check (kind in ('milestone', 'reminder', 'link', 'run'));
comment on column contacts.case_notice.name is
    'Of a reminder: the deadline that asks for it; of a link: the request; of a step that runs: its '
    'action.';

do $$
declare
    name text;
begin
    foreach name in array array['case_field', 'case_action', 'claim_file'] loop
        execute format('alter table contacts.%I enable row level security', name);
        execute format('create policy everything on contacts.%I '
            'to tachowatt_writer, tachowatt_migrator using (true)', name);
        execute format('create policy tenant on contacts.%I to tachowatt_reader '
            'using (tenant = any (access.tenants()))', name);
        execute format('grant select, insert on contacts.%I to tachowatt_contacts', name);
        execute format('grant select on contacts.%I to tachowatt_reader', name);
        execute format('grant all on contacts.%I to tachowatt_migrator', name);
    end loop;
end $$;
grant insert on contacts.case_field, contacts.case_action to tachowatt_reader;
grant update (due_at) on contacts.case_notice to tachowatt_contacts;
grant update (number, value, at) on contacts.case_field to tachowatt_reader;

-- The contacts process signs claims; the private key stays sealed.
create policy contacts on access.signing_key for select to tachowatt_contacts using (true);
grant select on access.signing_key to tachowatt_contacts;
