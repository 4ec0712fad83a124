-- The desk: how customers are reached, how agents find them, and what came of a call.

-- ── contact points ──────────────────────────────────────────────────────────────────────────────
create table customers.contact_point (
    point_id    text primary key,
    tenant      text not null,
    customer    text not null,
    kind        text not null check (kind in ('phone', 'mobile', 'email', 'postal')),
    value       text not null check (starts_with(value, 'sealed1:')),
    lookup      bytea not null,
    preferred   boolean not null default false,
    verified_at timestamptz,
    valid_from  timestamptz not null,
    valid_to    timestamptz,
    source      text not null,
    recorded_at timestamptz not null,
    foreign key (tenant, customer) references customers.customer (tenant, customer),
    check (valid_to is null or valid_to >= valid_from)
);
comment on table customers.contact_point is
    'Where a customer can be reached, valid in time. One row a number or address and period.';
comment on column customers.contact_point.point_id is 'Random; the sealed value is bound to it.';
comment on column customers.contact_point.tenant is 'The customer''s tenant.';
comment on column customers.contact_point.customer is 'Whose it is.';
comment on column customers.contact_point.kind is
    'phone, mobile, email or postal (contracts/contact_points.py).';
comment on column customers.contact_point.value is
    'Number in E.164, e-mail address or postal address, sealed by the program '
    '(runtime/secret_box.py).';
comment on column customers.contact_point.lookup is
    'HMAC-SHA-256 of the normalised value under the key in access.lookup_key: exact search '
    'without the value.';
comment on column customers.contact_point.preferred is 'The customer prefers it within its kind.';
comment on column customers.contact_point.verified_at is
    'When it was checked that it reaches the customer; null = never.';
comment on column customers.contact_point.valid_from is 'From when it is valid.';
comment on column customers.contact_point.valid_to is 'Until when, exclusive; null = still valid.';
comment on column customers.contact_point.source is
    'Who recorded it: registry, or the name of a person or key.';
comment on column customers.contact_point.recorded_at is 'When it was recorded.';
create index contact_point_of_customer on customers.contact_point (tenant, customer);
create index contact_point_by_value on customers.contact_point (tenant, lookup);

create table access.lookup_key (
    tenant text primary key references customers.tenant,
    key    text not null check (starts_with(key, 'sealed1:'))
);
comment on table access.lookup_key is
    'The key of each tenant''s keyed hashes, sealed. It stays while the sealing key is replaced, so '
    'that the stored hashes stay valid.';
comment on column access.lookup_key.tenant is 'Whose hashes.';
comment on column access.lookup_key.key is '32 random bytes as hex digits, sealed.';

-- ── the number plate ────────────────────────────────────────────────────────────────────────────
alter table customers.vehicle add column plate text;
comment on column customers.vehicle.plate is 'Number plate as it is written on the vehicle.';

-- ── cases: what came of a call ──────────────────────────────────────────────────────────────────
alter table contacts.service_case
    add column outcome text,
    add column attempts integer not null default 0,
    add column call_back_at timestamptz,
    add column due timestamptz generated always as (coalesce(deadline, '9999-12-31 00:00:00+00')) stored;
comment on column contacts.service_case.outcome is
    'What the last call came to (customer_context/cases/outcomes.py); null = no call yet.';
comment on column contacts.service_case.attempts is
    'Calls that did not reach the customer since the last one that did.';
comment on column contacts.service_case.call_back_at is
    'When the customer is called again; the deadline then. Null = not agreed.';
comment on column contacts.service_case.due is
    'The deadline; the end of 9999 without one. The order of the work queue.';
alter table contacts.case_entry drop constraint case_entry_kind_check;
alter table contacts.case_entry add constraint case_entry_kind_check
    check (kind in ('note', 'state', 'owner', 'signal', 'outcome', 'call_back', 'answer'));

create index case_queue_by_due on contacts.service_case (tenant, due, case_id)
    where state <> 'resolved';
create index case_queue_of_side on contacts.service_case (tenant, side, due, case_id)
    where state <> 'resolved';
create index case_queue_of_owner on contacts.service_case (tenant, owner, due, case_id)
    where state <> 'resolved';

-- ── search ──────────────────────────────────────────────────────────────────────────────────────
-- Row security does not let conditions with LIKE reach an index (they are not leakproof), so that
-- the reader would read all rows. This function looks only at the tenants of the transaction.
create extension if not exists pg_trgm with schema public;

-- Contract, meter and plate as people say them: no spaces, hyphens, dots and slashes, capitals.
create function customers.code_of(text) returns text language sql immutable strict parallel safe as
$$ select upper(translate($1, ' -./·', '')) $$;

create index customer_name_words on customers.customer using gin (lower(name) public.gin_trgm_ops);
create index customer_id_code on customers.customer
    using gin (customers.code_of(customer) public.gin_trgm_ops);
create index contract_code on customers.contract
    using gin (customers.code_of(contract) public.gin_trgm_ops);
create index meter_code on customers.meter
    using gin (customers.code_of(coalesce(number, meter)) public.gin_trgm_ops);
create index vehicle_code on customers.vehicle
    using gin (customers.code_of(coalesce(plate, vehicle)) public.gin_trgm_ops);
create index customer_id_exact on customers.customer (tenant, customers.code_of(customer));
create index contract_exact on customers.contract (tenant, customers.code_of(contract));
create index meter_exact on customers.meter (tenant, customers.code_of(coalesce(number, meter)));
create index vehicle_exact on customers.vehicle
    (tenant, customers.code_of(coalesce(plate, vehicle)));

create function customers.find(
    wanted_tenant text, words text[], code text, after_customer text, most integer)
returns table (customer text, exact boolean)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
    escaped text := replace(replace(replace(code, '\', '\\'), '%', '\%'), '_', '\_');
    by_name text;
    by_code text;
    after text := coalesce(after_customer, '');
begin
    if not wanted_tenant = any (access.tenants()) then
        return;
    end if;
    -- A word of one or two letters has no trigram of its own: it is looked for where words begin.
    select string_agg(
        case when length(word) > 2 then format('lower(c.name) like %L', '%' || word || '%')
        else format('(lower(c.name) like %L or lower(c.name) like %L)', word || '%', '% ' || word || '%')
        end, ' and ')
    into by_name
    from (select replace(replace(replace(lower(w), '\', '\\'), '%', '\%'), '_', '\_') as word
        from unnest(words) w) as escaped_words;
    -- Text of which nothing is left, or too little for an index, is found exactly only.
    if length(code) > 2 then
        by_code := format('like %L', '%' || escaped || '%');
    end if;
    if code <> '' then
        return query execute
            'select k.customer, true from ('
            'select c.customer from customers.customer c '
            'where c.tenant = $1 and customers.code_of(c.customer) = $2 '
            'union select c.customer from customers.contract c '
            'where c.tenant = $1 and customers.code_of(c.contract) = $2 '
            'union select c.customer from customers.meter m join customers.contract c '
            'on c.tenant = m.tenant and c.meter = m.meter '
            'where m.tenant = $1 and customers.code_of(coalesce(m.number, m.meter)) = $2 '
            'union select c.customer from customers.vehicle v join customers.contract c '
            'on c.tenant = v.tenant and c.vehicle = v.vehicle '
            'where v.tenant = $1 and customers.code_of(coalesce(v.plate, v.vehicle)) = $2'
            ') as k order by 1 limit 100'
            using wanted_tenant, code;
    end if;
    -- Each part is in the order of customers and as long as the page, so that it is planned by how
    -- much it finds: through the trigrams where that is little, in order where it is much. Meters
    -- and vehicles are found first and have their holders looked up: at most 500 of them.
    return query execute
        'select distinct k.customer, false from ('
        || coalesce('(select c.customer from customers.customer c where c.tenant = $1 '
            || 'and c.customer > $2 and ' || by_name || ' order by c.customer limit $3)',
            '(select null::text limit 0)')
        || coalesce(' union all (select c.customer from customers.customer c where c.tenant = $1 '
            || 'and c.customer > $2 and customers.code_of(c.customer) ' || by_code
            || ' order by c.customer limit $3)'
            || ' union all (select c.customer from customers.contract c where c.tenant = $1 '
            || 'and c.customer > $2 and customers.code_of(c.contract) ' || by_code
            || ' order by c.customer limit $3)'
            || ' union all (select c.customer from (select m.meter from customers.meter m '
            || 'where m.tenant = $1 and customers.code_of(coalesce(m.number, m.meter)) ' || by_code
            || ' limit 500) m join customers.contract c on c.tenant = $1 and c.meter = m.meter '
            || 'and c.customer > $2 order by c.customer limit $3)'
            || ' union all (select c.customer from (select v.vehicle from customers.vehicle v '
            || 'where v.tenant = $1 and customers.code_of(coalesce(v.plate, v.vehicle)) ' || by_code
            || ' limit 500) v join customers.contract c on c.tenant = $1 and c.vehicle = v.vehicle '
            || 'and c.customer > $2 order by c.customer limit $3)', '')
        || ') as k order by k.customer limit $3'
        using wanted_tenant, after, most;
end $$;
comment on function customers.find is
    'Customers of a tenant of the transaction, by name, id, contract, meter or plate: at most 100 '
    'exact matches of a code, and after_customer all others in the order of customers. words: parts of the name; '
    'code: as customers.code_of makes it.';
revoke all on function customers.find from public;
grant execute on function customers.find to tachowatt_reader;

-- ── rights ──────────────────────────────────────────────────────────────────────────────────────
create policy tenant on customers.contact_point to tachowatt_reader
    using (tenant = any (access.tenants()));
create policy everything on customers.contact_point to tachowatt_migrator using (true);
alter table customers.contact_point enable row level security;
grant select, insert on customers.contact_point to tachowatt_reader;
grant update (preferred, verified_at, valid_to) on customers.contact_point to tachowatt_reader;
grant all on customers.contact_point to tachowatt_migrator;
create policy tenant on access.lookup_key to tachowatt_reader
    using (tenant = any (access.tenants()));
create policy everything on access.lookup_key to tachowatt_migrator using (true);
alter table access.lookup_key enable row level security;
grant select, insert on access.lookup_key to tachowatt_reader;
grant all on access.lookup_key to tachowatt_migrator;
grant update (deadline, outcome, attempts, call_back_at) on contacts.service_case
    to tachowatt_reader;
