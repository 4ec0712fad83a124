-- Outbound decisions: on a schedule and on signals, each once for a customer and occasion; the message of
-- a winner knows its decision.
alter table contacts.contact
    add column decision_id text references contacts.next_action on delete set null,
    add column action text;
comment on column contacts.contact.decision_id is
    'The outbound decision that chose it (contacts.next_action); null = of a playbook or case.';
comment on column contacts.contact.action is 'The action that won; null = of a playbook or case.';
create index contact_of_decision on contacts.contact (decision_id) where decision_id is not null;

create table contacts.outbound_run (
    tenant     text not null references customers.tenant,
    period_at  timestamptz not null,
    shard      smallint not null,
    after      text not null default '',
    decided    integer not null default 0,
    won        integer not null default 0,
    done_at    timestamptz,
    primary key (tenant, period_at, shard)
);
comment on table contacts.outbound_run is
    'Runs of outbound decisions over all customers of a tenant, in shards: how far each is.';
comment on column contacts.outbound_run.period_at is 'Begin of the period, within which each customer is decided about once.';
comment on column contacts.outbound_run.shard is 'Part of the customers, by a hash of their ids.';
comment on column contacts.outbound_run.after is 'The last customer who was decided about.';
comment on column contacts.outbound_run.decided is 'Customers who were decided about.';
comment on column contacts.outbound_run.won is 'Those for whom an action won; these decisions are stored.';
comment on column contacts.outbound_run.done_at is 'When it ended; null = it has not.';

create table contacts.outbound_signal (
    tenant    text not null,
    customer  text not null,
    signal_id text not null,
    asked_at  timestamptz not null,
    primary key (tenant, customer, signal_id),
    foreign key (tenant, customer) references customers.customer (tenant, customer) on delete cascade
);
comment on table contacts.outbound_signal is
    'Signals about customers on which an outbound decision waits; the row goes with it.';
comment on column contacts.outbound_signal.asked_at is 'When the signal was decided on by playbooks.';

do $$
declare
    name text;
begin
    foreach name in array array['outbound_run', 'outbound_signal'] loop
        execute format('alter table contacts.%I enable row level security', name);
        execute format('create policy everything on contacts.%I '
            'to tachowatt_migrator, tachowatt_contacts using (true)', name);
        execute format('create policy tenant on contacts.%I to tachowatt_reader '
            'using (tenant = any (access.tenants()))', name);
        execute format('grant select on contacts.%I to tachowatt_reader', name);
        execute format('grant select, insert, update, delete on contacts.%I to tachowatt_contacts', name);
        execute format('grant all on contacts.%I to tachowatt_migrator', name);
    end loop;
end $$;

-- What outbound decisions know of a customer: days of meters, and when the customer spoke to us.
grant select on shown.meter_day to tachowatt_contacts;
create policy contacts on customers.interaction for select to tachowatt_contacts using (true);
grant select (tenant, customer, at, direction, purpose) on customers.interaction to tachowatt_contacts;
