-- The last decision of a tenant's chain is read from the end of its index. With "nulls last" the
-- index did not serve the order, and each new decision read and sorted all of its tenant. Without
-- sorts the planner takes the end of the index even where statistics lag behind an import.
create or replace function customers.chain_consent() returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp set enable_sort = off as
$$
declare
    last record;
begin
    perform pg_advisory_xact_lock(hashtextextended('tachowatt.consent:' || new.tenant, 0));
    select c.seq, c.digest into last from customers.consent c
        where c.tenant = new.tenant order by c.seq desc limit 1;
    new.seq := coalesce(last.seq, 0) + 1;
    new.salt := decode(replace(gen_random_uuid()::text, '-', ''), 'hex');
    new.content_digest := sha256(convert_to(customers.consent_content(new), 'UTF8'));
    new.digest := customers.consent_link(last.digest, new);
    return new;
end
$$;
