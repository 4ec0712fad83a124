-- Customers that are one and the same: merges that can be undone, proposed pairs, and identifiers that
-- say nothing about who somebody is (docs/adr/0057-merged-customers.md).

alter table customers.customer add column birth_date date;
comment on column customers.customer.birth_date is 'Day of birth of a person; null = not known.';

-- ── merges ──────────────────────────────────────────────────────────────────────────────────────
-- A merge moves no row: what was recorded under the merged id stays there, and whoever reads the
-- survivor reads both. A split ends the merge.
create table customers.merge (
    merge_id     text primary key,
    tenant       text not null,
    merged       text not null,
    survivor     text not null,
    reason       text not null,
    merged_at    timestamptz not null,
    merged_by    text not null,
    split_at     timestamptz,
    split_by     text,
    split_reason text,
    foreign key (tenant, merged) references customers.customer,
    foreign key (tenant, survivor) references customers.customer,
    check (merged <> survivor),
    check ((split_at is null) = (split_by is null) and (split_at is null) = (split_reason is null)),
    check (split_at >= merged_at)
);
comment on table customers.merge is
    'Customers who are the same person, household or company, and when that was so.';
comment on column customers.merge.merge_id is 'Its id.';
comment on column customers.merge.tenant is 'Whose customers.';
comment on column customers.merge.merged is 'The id that now stands for the survivor.';
comment on column customers.merge.survivor is 'The id under which both are read.';
comment on column customers.merge.reason is 'Why they are the same, in the words of who merged them.';
comment on column customers.merge.merged_at is 'Since when.';
comment on column customers.merge.merged_by is 'Who merged them.';
comment on column customers.merge.split_at is 'When they were split again; null = still merged.';
comment on column customers.merge.split_by is 'Who split them.';
comment on column customers.merge.split_reason is 'Why they are not the same.';
create unique index merge_in_force on customers.merge (tenant, merged) where split_at is null;
create index merge_of_survivor on customers.merge (tenant, survivor) where split_at is null;
create index merge_of_merged on customers.merge (tenant, merged);

create function customers.same_as(of_tenant text, of_customer text) returns text[]
language sql stable parallel safe set search_path = pg_catalog, pg_temp as
$$ select array[s.id] || array(select m.merged from customers.merge m where m.tenant = of_tenant
    and m.survivor = s.id and m.split_at is null order by m.merged)
    from (select coalesce((select m.survivor from customers.merge m where m.tenant = of_tenant
        and m.merged = of_customer and m.split_at is null), of_customer) as id) s $$;
comment on function customers.same_as(text, text) is
    'The ids of a customer: the survivor first, then those that are merged into it.';

-- What a customer decides while ids are merged is decided for each of them: nobody can write a
-- decision and forget it. The copy is a decision of its own in the chain.
create function customers.decide_for_merged() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    if not exists (select from decided d join customers.merge m on m.tenant = d.tenant
            and m.split_at is null and d.customer in (m.merged, m.survivor)
            where d.method is distinct from 'merge') then
        return null;
    end if;
    insert into customers.consent (tenant, customer, purpose, state, legal_basis, notice_version,
        source, decided_at, recorded_at, channel, data_category, recipient, notice_digest, language,
        method, valid_from, valid_to, opt_in)
    select d.tenant, o.id, d.purpose, d.state, d.legal_basis, d.notice_version,
        'said for ' || coalesce(
            (select m.merge_id from customers.merge m where m.tenant = d.tenant
                and m.merged = o.id and m.split_at is null),
            (select m.merge_id from customers.merge m where m.tenant = d.tenant
                and m.merged = d.customer and m.split_at is null)),
        d.decided_at, d.recorded_at, d.channel, d.data_category, d.recipient, d.notice_digest,
        d.language, 'merge', d.valid_from, d.valid_to, d.opt_in
    from decided d cross join lateral unnest(customers.same_as(d.tenant, d.customer)) as o (id)
    where d.method is distinct from 'merge' and o.id <> d.customer
    order by d.consent_id, o.id;
    return null;
end $$;
revoke all on function customers.decide_for_merged() from public;
create trigger consent_of_merged after insert on customers.consent
    referencing new table as decided for each statement
    execute function customers.decide_for_merged();

create trigger note_insert after insert on customers.merge
    referencing new table as after_change for each statement
    execute function customers.note_change('merge', 'r.merged');
create trigger note_update after update on customers.merge
    referencing old table as before_change new table as after_change for each statement
    execute function customers.note_change('merge', 'r.merged');
create trigger note_delete after delete on customers.merge
    referencing old table as after_change for each statement
    execute function customers.note_change('merge', 'r.merged');
comment on column customers.change.kind is
    'tenant, customer, contract, vehicle, meter, device, assignment, driver, contact_point, consent, '
    'external_id or merge.';

-- ── a customer's own places: of all their ids ───────────────────────────────────────────────────
create function access.customers() returns text[] language sql stable parallel safe
set search_path = pg_catalog, pg_temp as
$$ select case when access.customer() is null then '{}' else customers.same_as(
    (access.tenants())[1], access.customer()) end $$;
comment on function access.customers() is
    'The ids of the customer for whom the transaction is; empty = for nobody.';
create or replace view shown.own_trip as
    select t.device_id, t.start_at, t.end_at
    from features.trip t
    join customers.device d using (device_id)
    join customers.assignment a on a.device_id = t.device_id and a.tenant = d.tenant
        and a.valid_from <= t.start_at and (a.valid_to is null or t.start_at < a.valid_to)
    join customers.contract c on c.tenant = a.tenant and c.vehicle = a.vehicle
        and c.valid_from <= t.start_at and (c.valid_to is null or t.start_at < c.valid_to)
    where d.tenant = any (access.tenants()) and c.customer = any (access.customers())
        and t.decided_at < '9999-12-31 00:00:00+00'
        and not exists (
            select from customers.contract later
            where later.tenant = c.tenant and later.vehicle = c.vehicle
                and later.valid_from > c.valid_from and later.valid_from <= t.start_at
                and (later.valid_to is null or t.start_at < later.valid_to));

-- ── pairs that may be the same ──────────────────────────────────────────────────────────────────
create table customers.match_pair (
    tenant      text not null,
    one         text not null,
    other       text not null,
    score       double precision not null check (score between 0 and 1),
    agreement   jsonb not null,
    state       text not null check (state in ('proposed', 'accepted', 'rejected')),
    proposed_at timestamptz not null,
    decided_at  timestamptz,
    decided_by  text,
    primary key (tenant, one, other),
    foreign key (tenant, one) references customers.customer,
    foreign key (tenant, other) references customers.customer,
    check (one < other),
    check ((state = 'proposed') = (decided_at is null) and (decided_at is null) = (decided_by is null))
);
comment on table customers.match_pair is
    'Pairs of customers that may be the same. What a person rejected is not proposed again.';
comment on column customers.match_pair.tenant is 'Whose customers.';
comment on column customers.match_pair.one is 'The id that sorts first.';
comment on column customers.match_pair.other is 'The other id.';
comment on column customers.match_pair.score is 'How sure it is, 0 to 1.';
comment on column customers.match_pair.agreement is
    'Identifier (contracts/identifiers.py) → how far both agree on it, 0 to 1.';
comment on column customers.match_pair.state is
    'proposed, accepted (they were merged) or rejected (they are not the same).';
comment on column customers.match_pair.proposed_at is 'When it was found.';
comment on column customers.match_pair.decided_at is 'When a person decided.';
comment on column customers.match_pair.decided_by is 'Who decided.';
create index match_queue on customers.match_pair (tenant, score desc, one, other)
    where state = 'proposed';
create index match_of_other on customers.match_pair (tenant, other);

create table customers.shared_identifier (
    tenant     text not null references customers.tenant,
    digest     bytea not null,
    reason     text not null,
    flagged_at timestamptz not null,
    flagged_by text not null,
    primary key (tenant, digest)
);
comment on table customers.shared_identifier is
    'Numbers and addresses that several people use: they are no sign that two customers are one.';
comment on column customers.shared_identifier.tenant is 'For whose customers.';
comment on column customers.shared_identifier.digest is
    'Keyed hash of the value, as of customers.contact_point.lookup.';
comment on column customers.shared_identifier.reason is 'Why it is shared.';
comment on column customers.shared_identifier.flagged_at is 'Since when.';
comment on column customers.shared_identifier.flagged_by is 'Who said so.';

-- ── rights ──────────────────────────────────────────────────────────────────────────────────────
do $$
declare
    name text;
begin
    foreach name in array array['merge', 'match_pair', 'shared_identifier'] loop
        execute format('alter table customers.%I enable row level security', name);
        execute format('create policy tenant on customers.%I to tachowatt_reader '
            'using (tenant = any (access.tenants()))', name);
        execute format('create policy everything on customers.%I '
            'to tachowatt_writer, tachowatt_migrator using (true)', name);
        execute format('grant select, insert on customers.%I to tachowatt_reader', name);
        execute format('grant all on customers.%I to tachowatt_migrator', name);
    end loop;
end $$;
grant update (split_at, split_by, split_reason) on customers.merge to tachowatt_reader;
grant update (state, decided_at, decided_by) on customers.match_pair to tachowatt_reader;
grant select on customers.merge to tachowatt_writer, tachowatt_contacts;
grant execute on function access.customers() to tachowatt_reader;
