-- Sessions of the pages end when nobody uses them, and all of a key at once (docs/security.md).
alter table access.session add column used_at timestamptz;  -- null = not since it was opened

-- The session of a token, unless it has expired or nobody used it for longer than `idle`. With
-- `touch` this is a use of it, which is written at most once a minute.
create function access.use_session(
    token_hash bytea, at timestamptz, idle interval, touch boolean) returns setof access.session
language sql security definer set search_path = pg_catalog, pg_temp as
$$ update access.session set used_at = at
   where touch and hash = token_hash and expires_at > at
       and coalesce(used_at, created_at) + idle > at
       and coalesce(used_at, created_at) <= at - interval '1 minute';
   select * from access.session
   where hash = token_hash and expires_at > at and coalesce(used_at, created_at) + idle > at $$;

-- Whoever has a token of a session may end all sessions of its key.
create function access.close_sessions(token_hash bytea) returns void
language sql security definer set search_path = pg_catalog, pg_temp as
$$ delete from access.session
   where key_id = (select s.key_id from access.session s where s.hash = token_hash) $$;

revoke all on function access.use_session(bytea, timestamptz, interval, boolean),
    access.close_sessions(bytea) from public;
grant execute on function access.use_session(bytea, timestamptz, interval, boolean),
    access.close_sessions(bytea) to tachowatt_reader;
