-- One contact policy for every message: households, and what the policy said of a message.
create table customers.household_member (
    tenant     text not null,
    household  text not null,
    customer   text not null,
    valid_from timestamptz not null,
    valid_to   timestamptz,
    primary key (tenant, customer, valid_from),
    foreign key (tenant, customer) references customers.customer (tenant, customer),
    check (valid_to is null or valid_to > valid_from),
    constraint household_one_at_a_time exclude using gist (
        customers.text_range(tenant, tenant, '[]') with &&,
        customers.text_range(customer, customer, '[]') with &&,
        tstzrange(valid_from, valid_to) with &&) deferrable initially deferred
);
create index household_members on customers.household_member (tenant, household, valid_from);
comment on table customers.household_member is
    'Which household a customer belongs to in a period, as the back office says: caps of a household count '
    'the messages to all its members.';
comment on column customers.household_member.household is 'Id of the household in the back office.';
comment on column customers.household_member.customer is 'Who belongs to it.';
comment on column customers.household_member.valid_from is 'From when it is so.';
comment on column customers.household_member.valid_to is 'Until when, exclusive; null = still so.';
alter table customers.household_member enable row level security;
create policy everything on customers.household_member
    to tachowatt_migrator, tachowatt_contacts using (true);
create policy tenant on customers.household_member to tachowatt_reader
    using (tenant = any (access.tenants()));
grant select on customers.household_member to tachowatt_contacts;
grant select, insert, delete, update (household, valid_to) on customers.household_member
    to tachowatt_reader;
grant all on customers.household_member to tachowatt_migrator;

alter table contacts.contact
    add column counted_at timestamptz,
    add column exempt text[] not null default '{}';
comment on column contacts.contact.counted_at is
    'When the contact policy let it go, or will: caps and distance count it at this time; null = of before '
    'there was one, or it is not to a customer.';
comment on column contacts.contact.exempt is
    'Ids of rules of the contact policy that do not apply to it, and do not count it.';
grant update (counted_at) on contacts.contact to tachowatt_reader;
