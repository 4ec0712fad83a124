-- What a login of one process could do that the process never does (docs/roles.md, docs/security.md).

-- ── a group for contacts ────────────────────────────────────────────────────────────────────────
-- Contacts may do what ingest may, and more: it delivers. Ingest loses what only contacts needs.
do $$
declare
    todo text[] := '{}';
begin
    if not exists (select from pg_roles where rolname = 'tachowatt_contacts') then
        begin
            create role tachowatt_contacts nologin;
        exception
            when duplicate_object or unique_violation then
                raise notice 'role tachowatt_contacts was made by another migration just now';
            when insufficient_privilege then
                todo := todo || 'create role tachowatt_contacts;'::text;
        end;
    end if;
    if todo = '{}' and not pg_has_role('tachowatt_contacts', 'tachowatt_writer', 'member') then
        begin
            grant tachowatt_writer to tachowatt_contacts;
        exception
            when unique_violation then
                raise notice 'tachowatt_contacts was made a member just now';
            when insufficient_privilege then
                todo := todo || 'grant tachowatt_writer to tachowatt_contacts;'::text;
        end;
    elsif todo <> '{}' then
        todo := todo || 'grant tachowatt_writer to tachowatt_contacts;'::text;
    end if;
    if todo <> '{}' then
        raise insufficient_privilege using message = format(
            'the login %s may not make roles. Let an administrator run: %s '
            'and then migrate again (docs/roles.md)', current_user, array_to_string(todo, ' '));
    end if;
    if not pg_has_role(current_user, 'tachowatt_contacts', 'member') then
        begin
            execute format('grant tachowatt_contacts to %I', current_user);
        exception when insufficient_privilege or unique_violation then
            raise notice '% is no member of tachowatt_contacts: see docs/roles.md', current_user;
        end;
    end if;
end $$;

-- Ingest needs no name, address, message, case, playbook or secret. What it had of them is for
-- contacts: all tables of the schema contacts that this database has, of whichever migration.
do $$
declare
    had record;
begin
    for had in select c.oid::regclass as place, string_agg(a.privilege_type, ', ') as rights
            from pg_class c cross join lateral aclexplode(c.relacl) a
            where c.relnamespace = 'contacts'::regnamespace and c.relkind in ('r', 'p', 'v')
                and a.grantee = 'tachowatt_writer'::regrole group by c.oid loop
        execute format('grant %s on %s to tachowatt_contacts', had.rights, had.place);
        execute format('revoke all on %s from tachowatt_writer', had.place);
    end loop;
end $$;
grant usage on schema customers, contacts, access to tachowatt_contacts;
grant select on customers.customer, customers.address to tachowatt_contacts;
revoke all on customers.customer, customers.address from tachowatt_writer;
grant usage on sequence contacts.worker to tachowatt_contacts;
revoke all on sequence contacts.worker from tachowatt_writer;
do $$
declare
    made regprocedure;
begin
    -- Links that wait to be sent by e-mail, where this database has them.
    for made in select p.oid from pg_proc p where p.pronamespace = 'access'::regnamespace
            and p.proname in ('due_mail', 'mail_sent') loop
        execute format('revoke all on function %s from tachowatt_writer', made);
        execute format('grant execute on function %s to tachowatt_contacts', made);
    end loop;
end $$;

-- ── keys and sessions: nothing that the reader learns from the database opens a session ─────────
create type access.known_key as (
    key_id text, tenant text, role text, customer text, name text, scopes text[],
    created_at timestamptz, expires_at timestamptz, revoked_at timestamptz,
    last_used_at timestamptz);
comment on type access.known_key is 'A key as the API may know it: without its hash.';

-- The key whose secret has this hash; no row where the secret is wrong.
create function access.check_key(id text, key_hash bytea) returns setof access.known_key
language sql stable security definer set search_path = pg_catalog, pg_temp as
$$ select k.key_id, k.tenant, k.role, k.customer, k.name, k.scopes, k.created_at, k.expires_at,
       k.revoked_at, k.last_used_at
   from access.api_key k where k.key_id = id and k.hash = key_hash $$;

drop function access.key_of(text);
create function access.key_of(id text) returns setof access.known_key
language sql stable security definer set search_path = pg_catalog, pg_temp as
$$ select k.key_id, k.tenant, k.role, k.customer, k.name, k.scopes, k.created_at, k.expires_at,
       k.revoked_at, k.last_used_at
   from access.api_key k where k.key_id = id $$;

-- A session of who has the key's secret, and of nobody else; for twelve hours at most, and no longer
-- than the key. False where the key is unknown, revoked or expired.
drop function access.open_session(bytea, text, text, timestamptz, timestamptz);
create function access.open_session(
    token_hash bytea, id text, key_hash bytea, csrf text, at timestamptz, until timestamptz)
    returns boolean
language sql security definer set search_path = pg_catalog, pg_temp as
$$ with opened as (
       insert into access.session (hash, key_id, csrf, created_at, expires_at)
       select token_hash, k.key_id, csrf, at,
           least(until, at + interval '12 hours', k.expires_at)
       from access.api_key k
       where k.key_id = id and k.hash = key_hash and k.revoked_at is null
           and (k.expires_at is null or k.expires_at > at)
       returning 1)
   select exists (select from opened) $$;
drop function access.session_of(bytea, timestamptz);  -- since 0012 use_session is asked
revoke all on function access.check_key(text, bytea), access.key_of(text),
    access.open_session(bytea, text, bytea, text, timestamptz, timestamptz) from public;
grant execute on function access.check_key(text, bytea), access.key_of(text),
    access.open_session(bytea, text, bytea, text, timestamptz, timestamptz) to tachowatt_reader;
-- Which roles there are is the program's business (api/http/scopes.py).
alter table access.api_key drop constraint if exists api_key_role_check;

-- ── dead letters: the reader sees no body, and no property ──────────────────────────────────────
-- The first 4,096 bytes as text, each digit replaced by 0; null where they are no text. A digit may
-- be a place, or data without consent.
create function pipeline.shape_of(body bytea) returns text
language plpgsql immutable strict parallel safe set search_path = pg_catalog, pg_temp as
$$
declare
    head  bytea := substring(body for 4096);
    found text;
begin
    if position('\x00'::bytea in head) > 0 then  -- no text; at the end it is no cut-off character
        return null;
    end if;
    for cut in 0 .. least(3, length(head)) loop  -- a character may be cut off at the end
        begin
            found := convert_from(substring(head for length(head) - cut), 'UTF8');
            exit;
        exception when character_not_in_repertoire or untranslatable_character then
            found := null;
        end;
    end loop;
    if found ~ '[\x01-\x08\x0b\x0c\x0e-\x1f]' then
        return null;
    end if;
    return regexp_replace(found, '[[:digit:]]', '0', 'g');
end
$$;
comment on function pipeline.shape_of(bytea) is
    'The first 4,096 bytes of a body as text without digits; null where they are no text.';
-- Of one letter, of a tenant of the transaction. Functions and not a view: a list is read by an index
-- of the table, and asks these for the rows that it shows.
create function pipeline.dead_letter_bytes(id bigint) returns bigint
language sql stable security definer set search_path = pg_catalog, pg_temp as
$$ select coalesce(l.size_bytes, octet_length(l.body))::bigint from pipeline.dead_letter l
   where l.dead_letter_id = id and l.tenant = any (access.tenants()) $$;
create function pipeline.dead_letter_shape(id bigint) returns text
language sql stable security definer set search_path = pg_catalog, pg_temp as
$$ select coalesce(l.shape, pipeline.shape_of(l.body)) from pipeline.dead_letter l
   where l.dead_letter_id = id and l.tenant = any (access.tenants()) $$;
revoke all on function pipeline.shape_of(bytea), pipeline.dead_letter_bytes(bigint),
    pipeline.dead_letter_shape(bigint) from public;
grant execute on function pipeline.dead_letter_bytes(bigint), pipeline.dead_letter_shape(bigint)
    to tachowatt_reader;
do $$
declare
    shown_columns text;
begin
    select string_agg(quote_ident(attname), ', ' order by attnum) into shown_columns
    from pg_attribute where attrelid = 'pipeline.dead_letter'::regclass and attnum > 0
        and not attisdropped and attname not in ('body', 'user_properties');
    revoke select on pipeline.dead_letter from tachowatt_reader;
    execute format('grant select (%s) on pipeline.dead_letter to tachowatt_reader', shown_columns);
end $$;

-- ── notifications name nobody ───────────────────────────────────────────────────────────────────
-- Every login of a database may listen. A notification only wakes, and says what has changed by a
-- hash with this key, which our roles alone can read.
create table access.wake_key (
    one boolean primary key default true check (one),
    key bytea not null
);
comment on table access.wake_key is
    'Key of the names in notifications, so that a stranger who listens learns nothing.';
insert into access.wake_key (key)
    values (sha256(convert_to(gen_random_uuid()::text || gen_random_uuid()::text, 'UTF8')));
alter table access.wake_key enable row level security;
create policy everything on access.wake_key
    to tachowatt_reader, tachowatt_writer, tachowatt_migrator using (true);
grant select on access.wake_key to tachowatt_reader, tachowatt_writer, tachowatt_migrator;
