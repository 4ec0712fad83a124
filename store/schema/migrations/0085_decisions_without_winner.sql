-- Outbound decisions for which no action won: rules are tried on them, as on those that had a winner.
create table contacts.no_action (
    decision_id text primary key,
    tenant      text not null,
    customer    text not null,
    digest      text not null,
    purposes    text[] not null,
    facts       text not null,
    fact_values float8[] not null,
    fact_at     timestamptz[] not null,
    request     jsonb not null,
    decided_at  timestamptz not null,
    foreign key (tenant, digest) references contacts.action_set (tenant, digest),
    foreign key (tenant, customer) references customers.customer (tenant, customer)
);
comment on table contacts.no_action is
    'Outbound decisions for which no action won, with all that recomputes them: a changed action is tried '
    'on all customers who were decided about. Rows are only added; they are kept for some weeks.';
comment on column contacts.no_action.digest is 'The files of actions that decided.';
comment on column contacts.no_action.purposes is
    'Purposes that its facts rest on: used while all of them are granted.';
comment on column contacts.no_action.facts is
    'Names of the facts that existed, with spaces; of a choice with its value, such as anomaly.kind=spike.';
comment on column contacts.no_action.fact_values is
    'Their values in this order: 0 or 1 of a boolean, 1 of a choice.';
comment on column contacts.no_action.fact_at is 'When each of them was true.';
comment on column contacts.no_action.request is
    'All other inputs, and facts that are no exact float8 (customer_context/next_best_action/compact.py).';
create index no_action_by_time on contacts.no_action (tenant, decided_at, decision_id);
create index no_action_of_customer on contacts.no_action (tenant, customer);
create index next_action_by_time on contacts.next_action (tenant, decided_at, decision_id);

alter table contacts.no_action enable row level security;
create policy everything on contacts.no_action
    to tachowatt_writer, tachowatt_migrator, tachowatt_contacts using (true);
create policy tenant on contacts.no_action to tachowatt_reader
    using (tenant = any (access.tenants()));
grant select on contacts.no_action to tachowatt_reader;
grant select, insert on contacts.no_action to tachowatt_contacts;
grant all on contacts.no_action to tachowatt_migrator;
