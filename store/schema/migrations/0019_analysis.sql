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
grant all on access.stream_token to tachowatt_migrator;
