-- The channel that a customer has chosen for a matter: no message about it goes by another one.
create table customers.channel_choice (
    choice_id bigint generated always as identity primary key,
    tenant    text not null,
    customer  text not null,
    matter    text not null,
    channel   text,
    chosen_at timestamptz not null,
    source    text not null,
    foreign key (tenant, customer) references customers.customer (tenant, customer)
);
create index channel_choice_of_customer on customers.channel_choice
    (tenant, customer, matter, chosen_at desc);
comment on table customers.channel_choice is
    'Channels that customers have chosen for their matters: of each matter the newest. Rows are only added.';
comment on column customers.channel_choice.choice_id is 'Number, ascending.';
comment on column customers.channel_choice.matter is 'motor, electricity or contract (contracts/matters.py).';
comment on column customers.channel_choice.channel is
    'Channel to the customer (contracts/channels.py); null = no channel is preferred.';
comment on column customers.channel_choice.chosen_at is 'From when it counts.';
comment on column customers.channel_choice.source is 'Who has recorded it: page, api, import.';
alter table customers.channel_choice enable row level security;
create policy everything on customers.channel_choice
    to tachowatt_migrator, tachowatt_contacts using (true);
create policy tenant on customers.channel_choice to tachowatt_reader
    using (tenant = any (access.tenants()));
grant select on customers.channel_choice to tachowatt_contacts;
grant select, insert on customers.channel_choice to tachowatt_reader;
grant all on customers.channel_choice to tachowatt_migrator;
