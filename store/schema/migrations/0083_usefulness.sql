-- Learned usefulness: what agents and customers did with items of a customer's context, and the counts of it.
create table contacts.item_feedback (
    feedback_id bigint generated always as identity primary key,
    tenant      text not null,
    customer    text not null,
    kind        text not null,
    item_id     text not null,
    topic       text not null,
    reader      text not null check (reader in ('agent', 'customer')),
    reaction    text not null check (reaction in ('opened', 'used', 'dismissed')),
    purpose     text,
    at          timestamptz not null,
    recorded_by text not null,
    unique (tenant, customer, kind, item_id, reader, reaction, recorded_by),
    foreign key (tenant, customer) references customers.customer (tenant, customer)
);
comment on table contacts.item_feedback is
    'What a reader did with an item of a customer''s context: each once. Rows are only added.';
comment on column contacts.item_feedback.feedback_id is 'Number, ascending.';
comment on column contacts.item_feedback.kind is 'case, crash, alert, score, contact or contract.';
comment on column contacts.item_feedback.item_id is 'Id of the item within its kind.';
comment on column contacts.item_feedback.topic is 'Kind of the case or anomaly, playbook, action or type of signal.';
comment on column contacts.item_feedback.reader is 'agent or customer.';
comment on column contacts.item_feedback.reaction is 'opened, used or dismissed.';
comment on column contacts.item_feedback.purpose is 'Purpose that the item rests on; null = the contract.';
comment on column contacts.item_feedback.at is 'When.';
comment on column contacts.item_feedback.recorded_by is 'Name of the person or key.';

create table contacts.item_usefulness (
    tenant   text not null references customers.tenant,
    month    date not null,
    kind     text not null,
    topic    text not null,
    reader   text not null,
    reaction text not null,
    number   bigint not null,
    primary key (tenant, month, kind, topic, reader, reaction)
);
comment on table contacts.item_usefulness is
    'Counts of reactions by topic and month, of all customers: the ranking learns from these. They name nobody.';
comment on column contacts.item_usefulness.month is 'First day of the month (UTC).';
comment on column contacts.item_usefulness.kind is 'Kind of the item.';
comment on column contacts.item_usefulness.topic is 'Topic of the item.';
comment on column contacts.item_usefulness.reader is 'agent or customer.';
comment on column contacts.item_usefulness.reaction is 'opened, used or dismissed.';
comment on column contacts.item_usefulness.number is 'How often.';

do $$
declare
    name text;
begin
    foreach name in array array['item_feedback', 'item_usefulness'] loop
        execute format('alter table contacts.%I enable row level security', name);
        execute format('create policy everything on contacts.%I to tachowatt_migrator using (true)', name);
        execute format('create policy tenant on contacts.%I to tachowatt_reader '
            'using (tenant = any (access.tenants()))', name);
        execute format('grant select, insert on contacts.%I to tachowatt_reader', name);
        execute format('grant all on contacts.%I to tachowatt_migrator', name);
    end loop;
end $$;
grant update (number) on contacts.item_usefulness to tachowatt_reader;
