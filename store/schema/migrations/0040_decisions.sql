-- Next best actions: facts that other systems report, decisions with all that recomputes them, and
-- what became of them.
create table contacts.action_set (
    tenant      text not null references customers.tenant,
    digest      text not null,
    files       jsonb not null,
    recorded_at timestamptz not null,
    primary key (tenant, digest)
);
comment on table contacts.action_set is
    'Files of actions that decided. Rows are only added: a decision is explained by the files that it had.';
comment on column contacts.action_set.digest is 'SHA-256 of names and texts.';
comment on column contacts.action_set.files is 'Name of a file → its YAML.';
comment on column contacts.action_set.recorded_at is 'When they decided first.';

create table contacts.next_action (
    decision_id text primary key,
    tenant      text not null,
    customer    text not null,
    digest      text not null,
    direction   text not null check (direction in ('inbound', 'outbound')),
    place       text not null,
    purposes    text[] not null,
    request     jsonb not null,
    winners     jsonb not null,
    decided_at  timestamptz not null,
    decided_by  text not null,
    foreign key (tenant, digest) references contacts.action_set (tenant, digest),
    foreign key (tenant, customer) references customers.customer (tenant, customer)
);
comment on table contacts.next_action is
    'Decisions on the next best action, with facts, consents, contacts, reactions and draws: all candidates '
    'and why each won or fell are recomputed from these. Rows are only added.';
comment on column contacts.next_action.digest is 'The files of actions that decided.';
comment on column contacts.next_action.direction is
    'inbound = the customer came to us, outbound = we go to the customer.';
comment on column contacts.next_action.place is 'agent or portal; of an outbound one the channel.';
comment on column contacts.next_action.purposes is
    'Purposes that its facts and winners rest on: shown while all of them are granted.';
comment on column contacts.next_action.request is
    'Inputs (customer_context/next_best_action/record.py).';
comment on column contacts.next_action.winners is 'Actions that won, with their factors, by rank.';
comment on column contacts.next_action.decided_by is 'Name of the person or key; tachowatt.';
create index next_action_of_customer on contacts.next_action
    (tenant, customer, decided_at desc, decision_id);

create table contacts.outcome (
    outcome_id  bigint generated always as identity primary key,
    tenant      text not null,
    decision_id text not null references contacts.next_action on delete cascade,
    customer    text not null,
    action      text not null,
    treatment   text not null,
    channel     text not null,
    outcome     text not null check (outcome in
        ('delivered', 'opened', 'clicked', 'accepted', 'rejected', 'complaint', 'solved')),
    at          timestamptz not null,
    case_id     text,
    recorded_at timestamptz not null,
    recorded_by text not null,
    unique (decision_id, action, outcome)
);
comment on table contacts.outcome is
    'What became of an action that a decision chose: each outcome once. Rows are only added.';
comment on column contacts.outcome.outcome_id is 'Number, ascending.';
comment on column contacts.outcome.action is 'A winner of the decision.';
comment on column contacts.outcome.at is 'When it happened.';
comment on column contacts.outcome.case_id is 'The case that an acceptance opened.';
comment on column contacts.outcome.recorded_by is 'Name of the person or key.';
create index outcome_of_customer on contacts.outcome (tenant, customer, at desc);

create table contacts.reported_fact (
    tenant      text not null,
    customer    text not null,
    name        text not null,
    value       jsonb not null,
    at          timestamptz not null,
    recorded_at timestamptz not null,
    recorded_by text not null,
    primary key (tenant, customer, name),
    foreign key (tenant, customer) references customers.customer (tenant, customer)
);
comment on table contacts.reported_fact is
    'Facts about a customer that other systems report, such as the tariff: the newest of each name.';
comment on column contacts.reported_fact.name is 'Of customer_context/facts/catalogue.py.';
comment on column contacts.reported_fact.value is 'Boolean, number or text, by the fact''s type.';
comment on column contacts.reported_fact.at is 'When it was true.';
comment on column contacts.reported_fact.recorded_by is 'Name of the person or key.';

do $$
declare
    name text;
begin
    foreach name in array array['action_set', 'next_action', 'outcome', 'reported_fact'] loop
        execute format('alter table contacts.%I enable row level security', name);
        execute format('create policy everything on contacts.%I '
            'to tachowatt_writer, tachowatt_migrator, tachowatt_contacts using (true)', name);
        execute format('create policy tenant on contacts.%I to tachowatt_reader '
            'using (tenant = any (access.tenants()))', name);
        execute format('grant select, insert on contacts.%I to tachowatt_reader, tachowatt_contacts',
            name);
        execute format('grant all on contacts.%I to tachowatt_migrator', name);
    end loop;
end $$;
grant update (case_id) on contacts.outcome to tachowatt_reader, tachowatt_contacts;
grant update (value, at, recorded_at, recorded_by) on contacts.reported_fact
    to tachowatt_reader, tachowatt_contacts;
