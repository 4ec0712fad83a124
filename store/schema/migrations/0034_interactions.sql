-- Interactions of every channel, and one timeline of a customer.

-- ── interactions ────────────────────────────────────────────────────────────────────────────────
create extension if not exists btree_gin with schema public;

-- The words of a text in German and in English: each language has its own stems and stop words.
create function customers.words_of(text) returns tsvector language sql immutable parallel safe as
$$ select to_tsvector('pg_catalog.german'::regconfig, coalesce($1, ''))
       || to_tsvector('pg_catalog.english'::regconfig, coalesce($1, '')) $$;
comment on function customers.words_of(text) is 'Words of a text, for search in German and English.';
create function customers.query_of(text) returns tsquery language sql immutable parallel safe as
$$ select websearch_to_tsquery('pg_catalog.german'::regconfig, coalesce($1, ''))
       || websearch_to_tsquery('pg_catalog.english'::regconfig, coalesce($1, '')) $$;
comment on function customers.query_of(text) is 'What is searched for, as customers.words_of has it.';

create table customers.interaction (
    interaction_id text primary key,
    tenant         text not null references customers.tenant,
    source         text not null,
    external_id    text not null,
    digest         text not null,
    kind           text not null,
    channel        text not null,
    at             timestamptz not null,
    customer       text,
    visitor        text,
    anonymous      boolean not null,
    purpose        text,
    direction      text not null check (direction in ('inbound', 'outbound')),
    state          text not null check (state in ('completed', 'open', 'broken_off')),
    summary        text not null,
    body           text not null default '',
    reference      text,
    words          tsvector not null,
    recorded_at    timestamptz not null,
    recorded_by    text not null,
    unique (tenant, source, external_id),
    foreign key (tenant, customer) references customers.customer (tenant, customer),
    check (customer is not null or visitor is not null),
    check (anonymous or customer is not null),
    check (not anonymous or visitor is not null)
);
comment on table customers.interaction is
    'What customers did or said in any channel, as other systems report it: visits, orders, calls.';
comment on column customers.interaction.interaction_id is
    'Digest of tenant, source and external_id: the same event again has the same id.';
comment on column customers.interaction.source is 'System that reported it.';
comment on column customers.interaction.external_id is 'Its id in that system.';
comment on column customers.interaction.digest is 'Of what was reported; another content is refused.';
comment on column customers.interaction.kind is 'Kind of interaction (contracts/interactions.py).';
comment on column customers.interaction.channel is 'Channel of its kind.';
comment on column customers.interaction.at is 'When it happened, by the reporting system.';
comment on column customers.interaction.customer is
    'Whose it is: as reported or, where anonymous, by the next interaction of the same visitor that '
    'names a customer; null = not known yet.';
comment on column customers.interaction.visitor is
    'Pseudonym of a visitor, such as of a web session; null = none.';
comment on column customers.interaction.anonymous is 'It was reported without a customer.';
comment on column customers.interaction.purpose is
    'Purpose that it rests on (contracts/channels.py); null = the contract or the request itself.';
comment on column customers.interaction.direction is 'inbound = by the customer, outbound = by us.';
comment on column customers.interaction.state is 'completed, open or broken_off.';
comment on column customers.interaction.summary is 'One line.';
comment on column customers.interaction.body is 'Its text; empty = none.';
comment on column customers.interaction.reference is
    'Number of an order or ticket in the reporting system.';
comment on column customers.interaction.words is
    'Words of the names of its kind and channel, summary, text and reference (customers.words_of).';
comment on column customers.interaction.recorded_at is 'When it was recorded.';
comment on column customers.interaction.recorded_by is 'Name of the key or person.';

create index interaction_of_customer on customers.interaction
    (tenant, customer, at desc, interaction_id desc) where customer is not null;
create index interaction_of_visitor on customers.interaction (tenant, visitor, at, interaction_id)
    where visitor is not null;
create index interaction_words on customers.interaction using gin (customer, words)
    where customer is not null;

create policy tenant on customers.interaction to tachowatt_reader
    using (tenant = any (access.tenants()));
create policy everything on customers.interaction to tachowatt_migrator using (true);
alter table customers.interaction enable row level security;
grant select, insert on customers.interaction to tachowatt_reader;
grant update (customer) on customers.interaction to tachowatt_reader;
grant all on customers.interaction to tachowatt_migrator;

-- ── the timeline reads each table in its own order ──────────────────────────────────────────────
create index contact_of_customer_by_id on contacts.contact
    (tenant, customer, created_at desc, contact_id desc) where channel <> 'webhook';
create index case_of_customer_by_id on contacts.service_case
    (tenant, customer, opened_at desc, case_id desc);
create index decision_of_customer_by_time on contacts.decision
    (tenant, customer, decided_at desc, decision_id desc);
create index consent_of_customer_by_time on customers.consent
    (tenant, customer, recorded_at desc, consent_id desc);
create index contact_words on contacts.contact
    using gin (customer, customers.words_of(subject || ' ' || body)) where channel <> 'webhook';

-- One request reads many objects, which is one entry of the timeline: the first row of each.
alter table access.read_log add column leads boolean not null default true;
comment on column access.read_log.leads is
    'First row of its request, customer and what: the one that a timeline shows.';
create index read_log_of_customer_by_time on access.read_log
    (tenant, customer, at desc, read_id desc) where leads;

-- ── search ──────────────────────────────────────────────────────────────────────────────────────
-- Row security does not let @@ reach an index (it is not leakproof). This function looks only at
-- the tenants of the transaction.
create function customers.search_timeline(
    wanted_tenant text, wanted_customer text, words text, kinds text[], channels text[],
    purposes text[], since timestamptz, until timestamptz,
    after_at timestamptz, after_kind text, after_id text, most integer)
returns table (kind text, at timestamptz, id text)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan as $$
declare
    query tsquery := customers.query_of(words);
    walked integer;
begin
    if not wanted_tenant = any (access.tenants()) or numnode(query) = 0 then
        return;
    end if;
    if 'interaction' = any (kinds) then
        -- A word of many entries is in the newest ones: walk those first, by the index of times.
        return query
            select 'interaction'::text, w.at, w.interaction_id from (
                select i.at, i.interaction_id, i.words, i.channel, i.purpose
                from customers.interaction i
                where i.tenant = wanted_tenant and i.customer = wanted_customer
                    and i.at <= least(until, after_at) and i.at >= since
                    and (i.at < after_at or after_kind < 'interaction'
                        or after_kind = 'interaction' and i.interaction_id < after_id)
                order by i.at desc, i.interaction_id desc limit 1000) w
            where w.words @@ query and (channels is null or w.channel = any (channels))
                and (w.purpose is null or w.purpose = any (purposes))
            order by w.at desc, w.interaction_id desc limit most;
        get diagnostics walked = row_count;
        if walked < most then
            return query
                with found as materialized (
                    select i.at, i.interaction_id, i.tenant, i.channel, i.purpose
                    from customers.interaction i
                    where i.customer = wanted_customer and i.words @@ query)
                select 'interaction'::text, f.at, f.interaction_id from found f
                where f.tenant = wanted_tenant and f.at <= least(until, after_at) and f.at >= since
                    and (f.at < after_at or after_kind < 'interaction'
                        or after_kind = 'interaction' and f.interaction_id < after_id)
                    and (channels is null or f.channel = any (channels))
                    and (f.purpose is null or f.purpose = any (purposes))
                order by f.at desc, f.interaction_id desc offset walked limit most - walked;
        end if;
    end if;
    if 'contact' = any (kinds) then
        return query
            with found as materialized (
                select c.created_at as made, c.contact_id, c.tenant, c.channel, c.purpose
                from contacts.contact c
                where c.customer = wanted_customer and c.channel <> 'webhook'
                    and customers.words_of(c.subject || ' ' || c.body) @@ query)
            select 'contact'::text, f.made, f.contact_id from found f
            where f.tenant = wanted_tenant and f.made <= least(until, after_at) and f.made >= since
                and (f.made < after_at or after_kind < 'contact'
                    or after_kind = 'contact' and f.contact_id < after_id)
                and (channels is null or f.channel = any (channels))
                and (f.purpose is null or f.purpose = any (purposes))
            order by f.made desc, f.contact_id desc limit most;
    end if;
    if 'case' = any (kinds) then
        return query
            select 'case'::text, s.opened_at, s.case_id from contacts.service_case s
            where s.tenant = wanted_tenant and s.customer = wanted_customer
                and s.opened_at <= least(until, after_at) and s.opened_at >= since
                and (s.opened_at < after_at or after_kind < 'case'
                    or after_kind = 'case' and s.case_id < after_id)
                and (s.purpose is null or s.purpose = any (purposes))
                and customers.words_of(concat_ws(' ', s.title ->> 'de', s.title ->> 'en',
                    s.resolution)) @@ query
            order by s.opened_at desc, s.case_id desc limit most;
    end if;
end $$;
comment on function customers.search_timeline is
    'Entries of a customer''s timeline with these words, of a tenant of the transaction: the newest '
    'ones after (after_at, after_kind, after_id), at most so many of each kind.';
revoke all on function customers.search_timeline from public;
grant execute on function customers.search_timeline to tachowatt_reader;
