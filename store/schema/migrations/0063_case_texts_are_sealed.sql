-- What people write into cases, and what the forms of cases collect, is sealed with the key of the
-- case's customer (docs/adr/0064); rows of before are sealed by the program, in the background. A case
-- that is nobody's stays clear.
alter table contacts.case_field drop constraint case_field_value_check;
alter table contacts.case_field add constraint case_field_value_check
    check (length(value) <= 24000);
alter table contacts.case_file drop constraint case_file_key_check;
alter table contacts.case_file add constraint case_file_key_check
    check (starts_with(key, 'sealed1:') or starts_with(key, 'own1:'));
alter table contacts.case_file drop constraint case_file_position_check;
alter table contacts.case_file add constraint case_file_position_check
    check (starts_with(position, 'sealed1:') or starts_with(position, 'own1:'));
alter table contacts.service_case add column words tsvector;
comment on column contacts.service_case.words is
    'Words of title and resolution as keyed hashes of the customer, where the resolution is sealed.';
grant update (words) on contacts.service_case to tachowatt_reader, tachowatt_contacts;

-- A form that the contacts process completes may be the first that a customer's key seals.
create policy made_by_contacts on privacy.customer_key for insert
    to tachowatt_contacts with check (true);
grant insert on privacy.customer_key to tachowatt_contacts;

-- What waits to be sealed.
create index case_entry_not_own on contacts.case_entry (entry_id)
    where kind = 'note' and not starts_with(text, 'own1:');
create index case_field_not_own on contacts.case_field (case_id)
    where value <> '' and not starts_with(value, 'own1:');
create index case_event_not_own on contacts.case_event (case_id)
    where text <> '' and not starts_with(text, 'own1:');
create index case_plan_not_own on contacts.case_plan (case_id)
    where jsonb_typeof(data) = 'object' and data <> '{}';
create index service_case_not_own on contacts.service_case (case_id)
    where resolution <> '' and not starts_with(resolution, 'own1:');
create index case_file_not_own on contacts.case_file (file_id) where not starts_with(key, 'own1:');
create index claim_file_not_own on contacts.claim_file (case_id) where not starts_with(jws, 'own1:');

-- As in 0045; a case with a sealed resolution has its words as hashes too.
create or replace function customers.search_timeline(
    wanted_tenant text, wanted_customer text, words text, own tsquery, kinds text[], channels text[],
    purposes text[], since timestamptz, until timestamptz,
    after_at timestamptz, after_kind text, after_id text, most integer)
returns table (kind text, at timestamptz, id text)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan as $$
declare
    query tsquery := customers.query_of(words);
    hashed tsquery := coalesce(own, query);
    either tsquery := query || coalesce(own, query);
    walked integer;
begin
    if not wanted_tenant = any (access.tenants()) or numnode(query) = 0 then
        return;
    end if;
    if 'interaction' = any (kinds) then
        -- A word of many entries is in the newest ones: walk those first, by the index of times.
        return query
            select 'interaction'::text, w.at, w.interaction_id from (
                select i.at, i.interaction_id, i.words, i.channel, i.purpose,
                    starts_with(i.summary, 'own1:') as sealed
                from customers.interaction i
                where i.tenant = wanted_tenant and i.customer = wanted_customer
                    and i.at <= least(until, after_at) and i.at >= since
                    and (i.at < after_at or after_kind < 'interaction'
                        or after_kind = 'interaction' and i.interaction_id < after_id)
                order by i.at desc, i.interaction_id desc limit 1000) w
            where w.words @@ case when w.sealed then hashed else query end and (channels is null or w.channel = any (channels))
                and (w.purpose is null or w.purpose = any (purposes))
            order by w.at desc, w.interaction_id desc limit most;
        get diagnostics walked = row_count;
        if walked < most then
            return query
                with found as materialized (
                    select i.at, i.interaction_id, i.tenant, i.channel, i.purpose
                    from customers.interaction i
                    where i.customer = wanted_customer and i.words @@ either
                        and i.words @@ case when starts_with(i.summary, 'own1:') then hashed
                            else query end)
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
                and case when s.words is null then customers.words_of(concat_ws(' ',
                        s.title ->> 'de', s.title ->> 'en', s.resolution)) @@ query
                    else s.words @@ hashed end
            order by s.opened_at desc, s.case_id desc limit most;
    end if;
end $$;
