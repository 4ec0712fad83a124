-- The consent ledger: scope, notice, validity and double opt-in of each decision, and a chain of
-- hashes for each tenant (docs/adr/0041). What is hashed: customer_context/consent/chain.py.

create table customers.consent_notice (
    tenant         text not null references customers.tenant,
    digest         text not null check (digest = encode(sha256(convert_to(body, 'UTF8')), 'hex')),
    notice_version text not null,
    language       text not null,
    body           text not null,
    recorded_at    timestamptz not null,
    primary key (tenant, digest)
);
comment on table customers.consent_notice is
    'Texts that were shown when somebody decided, named by their digest. Rows are only added.';

drop trigger consent_is_append_only on customers.consent;
alter table customers.consent
    add column channel        text,
    add column data_category  text,
    add column recipient      text,
    add column notice_digest  text,
    add column language       text,
    add column method         text,
    add column valid_from     timestamptz,
    add column valid_to       timestamptz,
    add column opt_in         text check (opt_in in ('pending', 'confirmed')),
    add column confirms       bigint,
    add column seq            bigint,
    add column salt           bytea,
    add column content_digest bytea,
    add column digest         bytea,
    add constraint consent_notice_known foreign key (tenant, notice_digest)
        references customers.consent_notice (tenant, digest),
    -- A withdrawal takes effect at once, for good, and needs no confirmation.
    add constraint withdrawal_is_unconditional check (state = 'granted'
        or (valid_from is null and valid_to is null and opt_in is null)),
    add constraint consent_valid_in_order check (valid_to > valid_from),
    -- Null: the content was erased; the chain goes on.
    alter column customer drop not null;

-- ── the chain ───────────────────────────────────────────────────────────────────────────────────
-- Canonical JSON (RFC 8785) of texts and numbers: PostgreSQL escapes a text exactly so.
create function customers.consent_json(value text) returns text
language sql immutable parallel safe set search_path = pg_catalog, pg_temp as
$$ select coalesce(to_json(value)::text, 'null') $$;
create function customers.consent_time(at timestamptz) returns text
language sql stable parallel safe set search_path = pg_catalog, pg_temp as
$$ select to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') $$;
create function customers.consent_content(c customers.consent) returns text
language sql stable parallel safe set search_path = pg_catalog, pg_temp as
$$ select concat(
    '{"channel":', customers.consent_json(c.channel),
    ',"confirms":', coalesce(c.confirms::text, 'null'),
    ',"consent_id":', c.consent_id,
    ',"customer":', customers.consent_json(c.customer),
    ',"data_category":', customers.consent_json(c.data_category),
    ',"decided_at":', customers.consent_json(customers.consent_time(c.decided_at)),
    ',"language":', customers.consent_json(c.language),
    ',"legal_basis":', customers.consent_json(c.legal_basis),
    ',"method":', customers.consent_json(c.method),
    ',"notice_digest":', customers.consent_json(c.notice_digest),
    ',"notice_version":', customers.consent_json(c.notice_version),
    ',"opt_in":', customers.consent_json(c.opt_in),
    ',"purpose":', customers.consent_json(c.purpose),
    ',"recipient":', customers.consent_json(c.recipient),
    ',"recorded_at":', customers.consent_json(customers.consent_time(c.recorded_at)),
    ',"salt":"', encode(c.salt, 'hex'),
    '","source":', customers.consent_json(c.source),
    ',"state":', customers.consent_json(c.state),
    ',"tenant":', customers.consent_json(c.tenant),
    ',"valid_from":', customers.consent_json(customers.consent_time(c.valid_from)),
    ',"valid_to":', customers.consent_json(customers.consent_time(c.valid_to)), '}') $$;
create function customers.consent_link(previous bytea, c customers.consent) returns bytea
language sql immutable parallel safe set search_path = pg_catalog, pg_temp as
$$ select sha256(convert_to(concat(
    '{"content":"', encode(c.content_digest, 'hex'),
    '","previous":', coalesce('"' || encode(previous, 'hex') || '"', 'null'),
    ',"seq":', c.seq, ',"tenant":', customers.consent_json(c.tenant), '}'), 'UTF8')) $$;

-- Whoever inserts a decision: its place, salt and digests are ours. The lock, to the end of the
-- transaction, lets one writer after the other extend a tenant's chain; a transaction with an older
-- snapshot fails on the unique index instead of forking it.
create function customers.chain_consent() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as
$$
declare
    last record;
begin
    perform pg_advisory_xact_lock(hashtextextended('tachowatt.consent:' || new.tenant, 0));
    select c.seq, c.digest into last from customers.consent c
        where c.tenant = new.tenant order by c.seq desc nulls last limit 1;
    new.seq := coalesce(last.seq, 0) + 1;
    new.salt := decode(replace(gen_random_uuid()::text, '-', ''), 'hex');
    new.content_digest := sha256(convert_to(customers.consent_content(new), 'UTF8'));
    new.digest := customers.consent_link(last.digest, new);
    return new;
end
$$;
revoke all on function customers.chain_consent() from public;

create function customers.chain_consents_of_before() returns void
language plpgsql set search_path = pg_catalog, pg_temp as
$$
declare
    c       customers.consent;
    before  bytea;
    place   bigint := 0;
    of_whom text;
begin
    for c in select * from customers.consent order by tenant, consent_id loop
        if of_whom is distinct from c.tenant then
            of_whom := c.tenant;
            place := 0;
            before := null;
        end if;
        place := place + 1;
        c.seq := place;
        c.salt := decode(replace(gen_random_uuid()::text, '-', ''), 'hex');
        c.content_digest := sha256(convert_to(customers.consent_content(c), 'UTF8'));
        c.digest := customers.consent_link(before, c);
        before := c.digest;
        update customers.consent t set seq = c.seq, salt = c.salt,
            content_digest = c.content_digest, digest = c.digest
            where t.consent_id = c.consent_id;
    end loop;
end
$$;
select customers.chain_consents_of_before();
drop function customers.chain_consents_of_before();
alter table customers.consent
    alter column seq set not null,
    alter column content_digest set not null,
    alter column digest set not null;
create unique index consent_chain on customers.consent (tenant, seq);
create index consent_bounded on customers.consent (valid_to)
    where valid_to is not null or valid_from is not null;
create index consent_of_channel on customers.consent (tenant, customer)
    where channel is not null;
create trigger consent_is_chained before insert on customers.consent
    for each row execute function customers.chain_consent();

-- Rows stay as they are. One change is allowed: an erasure empties who decided, and the salt, so
-- that nobody can find the customer by trying; the digests stay, and with them the chain.
create function customers.refuse_changed_consent() returns trigger language plpgsql as $$
begin
    old.customer := null;
    old.salt := null;
    if new is distinct from old then
        raise exception 'customers.consent is append-only: record a new decision instead';
    end if;
    return new;
end $$;
-- Whoever erases a customer deletes the rows; what they leave is the place in the chain. Only the
-- owner comes this far: customers.refuse_change.
create function customers.erase_consent() returns trigger language plpgsql as $$
begin
    update customers.consent set customer = null, salt = null where consent_id = old.consent_id;
    return null;
end $$;
create trigger consent_is_erased before delete on customers.consent
    for each row execute function customers.erase_consent();
create trigger consent_is_append_only before delete or truncate on customers.consent
    for each statement execute function customers.refuse_change();
create trigger consent_stays before update on customers.consent
    for each row execute function customers.refuse_changed_consent();
create function customers.refuse_changed_notice() returns trigger language plpgsql as $$
begin
    raise exception 'customers.consent_notice is append-only: record a new text instead';
end $$;
create trigger notice_is_append_only before update or delete or truncate
    on customers.consent_notice for each statement
    execute function customers.refuse_changed_notice();

-- ── keys that sign heads and receipts ───────────────────────────────────────────────────────────
create table access.signing_key (
    key_id     text primary key,
    public_key jsonb not null,
    secret     text not null check (starts_with(secret, 'sealed1:')),
    created_at timestamptz not null,
    retired_at timestamptz
);
comment on table access.signing_key is
    'Ed25519 keys that sign heads of the consent ledger and receipts; the newest one signs.';
comment on column access.signing_key.key_id is 'Thumbprint of the public key (RFC 7638).';
comment on column access.signing_key.public_key is 'The public key as a JWK (RFC 8037).';
comment on column access.signing_key.secret is
    'The private key as a JWK, sealed and bound to access.signing_key.secret:<key_id>.';
comment on column access.signing_key.retired_at is 'Since when it signs no more; null = it may sign.';

-- ── rights ──────────────────────────────────────────────────────────────────────────────────────
alter table customers.consent_notice enable row level security;
create policy tenant on customers.consent_notice to tachowatt_reader
    using (tenant = any (access.tenants()));
create policy everything on customers.consent_notice
    to tachowatt_writer, tachowatt_migrator using (true);
grant select on customers.consent_notice to tachowatt_reader;
grant select on customers.consent_notice to tachowatt_writer;
grant all on customers.consent_notice to tachowatt_migrator;
alter table access.signing_key enable row level security;
create policy everything on access.signing_key to tachowatt_migrator using (true);
grant all on access.signing_key to tachowatt_migrator;
