-- Contact points and the text of interactions are sealed with the key of their customer
-- (docs/adr/0056); rows of before are sealed by the program, in the background.
alter table customers.contact_point drop constraint contact_point_value_check;
alter table customers.contact_point add constraint value_is_sealed
    check (starts_with(value, 'own1:') or starts_with(value, 'sealed1:')) not valid;
alter table customers.contact_point validate constraint value_is_sealed;
create index contact_point_not_own on customers.contact_point (point_id)
    where not starts_with(value, 'own1:');
create index interaction_not_own on customers.interaction (interaction_id)
    where customer is not null and not starts_with(summary, 'own1:');
grant update (summary, body, words) on customers.interaction to tachowatt_reader;

-- As in 0034, and: own, the same words as keyed hashes of the customer. A row of before has the
-- words, a sealed one the hashes.
drop function customers.search_timeline(text, text, text, text[], text[], text[], timestamptz,
    timestamptz, timestamptz, text, text, integer);
create function customers.search_timeline(
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
