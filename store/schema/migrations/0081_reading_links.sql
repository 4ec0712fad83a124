-- A link in an invitation opens one meter of one reading round without signing in (docs/adr/0072).
alter table customers.reading_round_meter
    add column link_id text generated always as (md5(round_id || ' ' || meter)) stored,
    add column opened_at timestamptz;
comment on column customers.reading_round_meter.link_id is
    'Stands in the address of the link, and opens nothing alone: its secret is stored nowhere.';
comment on column customers.reading_round_meter.opened_at is 'When the link was first opened.';
create unique index reading_round_link on customers.reading_round_meter (link_id);

-- Recorded by the API; who may write a column may also lock the row: one link enters one reading.
grant update (opened_at) on customers.reading_round_meter to tachowatt_reader;

-- A link is found before its tenant is known, as a key is.
create function access.reading_link_of(id text) returns table (
    link_id text, tenant text, round_id text, meter text, customer text, opened_at timestamptz,
    opens_at timestamptz, closes_at timestamptz)
language sql stable security definer set search_path = pg_catalog, pg_temp as
$$
    select m.link_id, m.tenant, m.round_id, m.meter, m.customer, m.opened_at, r.opens_at, r.closes_at
    from customers.reading_round_meter m join customers.reading_round r using (round_id)
    where m.link_id = id
$$;
comment on function access.reading_link_of(text) is
    'The meter of a reading round that a link names, of any tenant; the caller checks its secret.';
revoke all on function access.reading_link_of(text) from public;
grant execute on function access.reading_link_of(text) to tachowatt_reader;
