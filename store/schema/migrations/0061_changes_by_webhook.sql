-- Changes of the registry and of consents by webhook: what a receiver wants, and up to where it has it
-- (docs/adr/0063-changes-by-webhook.md).
create table contacts.change_subscription (
    receiver_id     bigint primary key references contacts.receiver on delete cascade,
    tenant          text not null references customers.tenant,
    registry        boolean not null,
    consents        boolean not null,
    snapshot        boolean not null,
    snapshot_number integer not null default 0,
    xid             bigint not null,
    change_id       bigint not null,
    kind            text not null default '',
    object          text not null default '',
    ahead           text[] not null default '{}',
    attempts        integer not null default 0,
    next_attempt_at timestamptz not null,
    outcome         text not null default '',
    status          integer,
    detail          text not null default '',
    delivered       bigint not null default 0,
    delivered_at    timestamptz,
    created_at      timestamptz not null,
    check (registry or consents)
);
comment on table contacts.change_subscription is
    'Receivers of webhooks that follow what changes in the registry, and up to where each has it.';
comment on column contacts.change_subscription.receiver_id is 'The receiver.';
comment on column contacts.change_subscription.tenant is 'Its tenant.';
comment on column contacts.change_subscription.registry is
    'It gets changes of customers, contracts, vehicles, meters, assignments and so on.';
comment on column contacts.change_subscription.consents is 'It gets changes of consents.';
comment on column contacts.change_subscription.snapshot is
    'A snapshot is being sent; the changes since it began follow.';
comment on column contacts.change_subscription.snapshot_number is
    'Number of the newest snapshot, so that no two have the same ids.';
comment on column contacts.change_subscription.xid is
    'Transaction of the last change that it has; in a snapshot, the one from which to follow afterwards.';
comment on column contacts.change_subscription.change_id is 'Order of that change within the transaction.';
comment on column contacts.change_subscription.kind is
    'In a snapshot: kind of the last object that it has; empty before the first.';
comment on column contacts.change_subscription.object is 'In a snapshot: id of that object.';
comment on column contacts.change_subscription.ahead is
    'Ids of webhooks behind that place which it has already: they are not sent again.';
comment on column contacts.change_subscription.attempts is 'Failed attempts since the last success.';
comment on column contacts.change_subscription.next_attempt_at is 'When to try again.';
comment on column contacts.change_subscription.outcome is
    'What the last failed attempt came to; empty after a success.';
comment on column contacts.change_subscription.status is 'HTTP status of that attempt.';
comment on column contacts.change_subscription.detail is 'What the receiver said.';
comment on column contacts.change_subscription.delivered is 'Webhooks delivered since it subscribed.';
comment on column contacts.change_subscription.delivered_at is 'When the last one was delivered.';
comment on column contacts.change_subscription.created_at is 'When it subscribed.';

alter table contacts.change_subscription enable row level security;
create policy tenant on contacts.change_subscription to tachowatt_reader
    using (tenant = any (access.tenants()));
create policy everything on contacts.change_subscription
    to tachowatt_contacts, tachowatt_migrator using (true);
grant select on contacts.change_subscription to tachowatt_reader;
grant select, update on contacts.change_subscription to tachowatt_contacts;
grant all on contacts.change_subscription to tachowatt_migrator;

-- Contacts sends what the API shows: it reads the same objects, and logs whose data it sent.
create policy contacts on customers.external_id to tachowatt_contacts using (true);
grant select on customers.external_id, customers.attribute, customers.attribute_value
    to tachowatt_contacts;
grant insert on access.read_log to tachowatt_contacts;
