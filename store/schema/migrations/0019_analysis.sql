-- Which names of a device's bodies are meant (`mapping` of the registry file): `object` and columns.
alter table customers.device add column mapping jsonb not null default '{}';

-- Tokens by which a browser's EventSource, which sends no header, opens one stream. Only the SHA-256
-- is stored; a token is found before a tenant is known, so by these functions only.
create table access.stream_token (
    hash       bytea primary key,
    key_id     text not null references access.api_key on delete cascade,
    stream     text not null,
    expires_at timestamptz not null
);
create index stream_token_expires on access.stream_token (expires_at);
create function access.open_stream_token(
    token_hash bytea, id text, name text, at timestamptz, until timestamptz) returns void
language sql security definer set search_path = pg_catalog, pg_temp as
$$ delete from access.stream_token where expires_at <= at;
   insert into access.stream_token (hash, key_id, stream, expires_at)
   values (token_hash, id, name, until) $$;
create function access.stream_token_of(token_hash bytea, name text, at timestamptz)
returns setof access.stream_token
language sql stable security definer set search_path = pg_catalog, pg_temp as
$$ select * from access.stream_token
   where hash = token_hash and stream = name and expires_at > at $$;
revoke all on function access.open_stream_token(bytea, text, text, timestamptz, timestamptz),
    access.stream_token_of(bytea, text, timestamptz) from public;
grant execute on function
    access.open_stream_token(bytea, text, text, timestamptz, timestamptz),
    access.stream_token_of(bytea, text, timestamptz) to tachowatt_reader;
-- The owner's functions alone reach its rows, as those of sessions.
alter table access.stream_token enable row level security;
create policy everything on access.stream_token to tachowatt_migrator using (true);
grant all on access.stream_token to tachowatt_migrator;

-- Views for analysts (store/schema/analysis_views.py, docs/analysis.md). A login sees the tenants
-- that are granted to it here; one that acts for the API those of its transaction.
create table access.analyst (
    login  text not null,
    tenant text not null references customers.tenant,
    primary key (login, tenant)
);
alter table access.analyst enable row level security;
create policy everything on access.analyst to tachowatt_migrator using (true);
grant all on access.analyst to tachowatt_migrator;
create schema analysis;
create function analysis.tenants() returns text[]
language sql stable security definer set search_path = pg_catalog, pg_temp as
$$ select case when pg_has_role(session_user, 'tachowatt_reader', 'member') then access.tenants()
    else (select array_agg(a.tenant) from access.analyst a where a.login = session_user) end $$;
grant usage on schema analysis to tachowatt_reader, tachowatt_migrator;
