-- Where customers can be reached, one row a kind of address (contracts/channels.py names the kinds),
-- so that a new channel needs no column. Which channels there are is the program's business.
create table customers.address (
    tenant    text not null,
    customer  text not null,
    kind      text not null,
    value     text not null,
    primary key (tenant, customer, kind),
    foreign key (tenant, customer) references customers.customer (tenant, customer)
);
insert into customers.address (tenant, customer, kind, value)
    select tenant, customer, 'email', email from customers.customer where email is not null;
alter table customers.customer drop column email;
alter table contacts.contact drop constraint contact_channel_check;

create policy tenant on customers.address to tachowatt_reader
    using (tenant = any (access.tenants()));
create policy everything on customers.address to tachowatt_writer, tachowatt_migrator using (true);
alter table customers.address enable row level security;
grant select on customers.address to tachowatt_reader, tachowatt_writer;
grant all on customers.address to tachowatt_migrator;
