-- Requests to customers about their consents, sent with a link that nobody else can make: to confirm
-- a grant that somebody else has entered (double opt-in), and to renew one that ends (docs/adr/0062).
alter table customers.tenant
    add column confirm_own_grants boolean not null default false;
comment on column customers.tenant.confirm_own_grants is
    'Whether a channel is confirmed by a link also where the customer, signed in, has granted it.';

create table contacts.consent_request (
    consent_id      bigint not null,
    kind            text not null check (kind in ('opt_in', 'renewal')),
    tenant          text not null references customers.tenant,
    customer        text not null,
    asked_at        timestamptz not null,
    expires_at      timestamptz not null,
    times           integer not null default 1 check (times between 1 and 2),
    next_attempt_at timestamptz,
    attempts        integer not null default 0,
    sent_at         timestamptz,
    outcome         text not null default '',
    contact_id      text,
    primary key (consent_id, kind)
);
comment on table contacts.consent_request is
    'Requests to customers: confirm a grant, or renew one that ends. The code of a link is a MAC by '
    'the key of secrets: it is stored nowhere.';
comment on column contacts.consent_request.consent_id is 'The decision that it is about.';
comment on column contacts.consent_request.kind is 'opt_in (confirm a grant that waits) or renewal.';
comment on column contacts.consent_request.asked_at is 'When it was asked for first.';
comment on column contacts.consent_request.expires_at is 'When its link does nothing any more.';
comment on column contacts.consent_request.times is
    'How often it is to be sent: once, and once again where the grant is entered again.';
comment on column contacts.consent_request.next_attempt_at is
    'When it is to be sent; null = nothing waits.';
comment on column contacts.consent_request.attempts is 'How often sending was tried.';
comment on column contacts.consent_request.sent_at is 'When it was sent last.';
comment on column contacts.consent_request.sent_at is 'When it was sent last; null = never.';
comment on column contacts.consent_request.outcome is
    'How sending ended: delivered, or why it did not; empty = it waits.';
comment on column contacts.consent_request.contact_id is
    'Of a renewal: the message that has its link; null = it could be sent by no channel.';
create index consent_request_due on contacts.consent_request (next_attempt_at)
    where next_attempt_at is not null;
create index consent_request_of_contact on contacts.consent_request (contact_id)
    where contact_id is not null;
create index consent_request_of_customer on contacts.consent_request (tenant, customer);
create index consent_pending on customers.consent (tenant, customer) where opt_in = 'pending';
create index consent_ends on customers.consent (valid_to) where valid_to is not null;

alter table contacts.consent_request enable row level security;
create policy everything on contacts.consent_request
    to tachowatt_writer, tachowatt_migrator using (true);
create policy tenant on contacts.consent_request to tachowatt_reader
    using (tenant = any (access.tenants()));
grant select, insert on contacts.consent_request to tachowatt_reader, tachowatt_contacts;
grant update (times, next_attempt_at, outcome) on contacts.consent_request to tachowatt_reader;
grant update (times, next_attempt_at, attempts, sent_at, outcome, contact_id) on contacts.consent_request
    to tachowatt_contacts;
grant all on contacts.consent_request to tachowatt_migrator;
-- What was shown to somebody who decides on a page or by a link is kept.
grant insert on customers.consent_notice to tachowatt_reader;
