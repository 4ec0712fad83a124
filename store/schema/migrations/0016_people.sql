-- People who sign in as themselves (docs/security.md, docs/adr/0029). Keys stay for machines.

-- A key may be of every role, and of a person: then its role is 'person', and what it may do follows
-- from that person's role at each request.
alter table access.api_key drop constraint if exists api_key_role_check;
alter table access.api_key add column person_id text;

create table access.person (
    person_id   text primary key,
    tenant      text not null references customers.tenant,
    role        text not null,
    customer    text,
    name        text not null,
    email       text,
    team        text not null default '',
    skills      text[] not null default '{}',
    languages   text[] not null default '{}',
    absent_from date,
    absent_to   date,
    demo        boolean not null default false,
    created_at  timestamptz not null,
    disabled_at timestamptz,
    check ((role = 'customer') = (customer is not null)),
    check (absent_to >= absent_from),
    foreign key (tenant, customer) references customers.customer
);
comment on table access.person is
    'Who may sign in: staff and partners of a tenant, and customers. A leaver is disabled, not deleted: logs and diaries name the person.';
comment on column access.person.email is 'In lower case. Staff sign in with it; customers get one-time links there.';
comment on column access.person.demo is 'Made by the demo: may sign in by one click where that is allowed.';
create unique index person_by_email on access.person (email) where customer is null;
create unique index person_of_customer on access.person (tenant, customer) where customer is not null;
create index person_with_email on access.person (email) where customer is not null;
alter table access.api_key add foreign key (person_id) references access.person on delete cascade;
create index key_of_person on access.api_key (person_id) where person_id is not null;

create table access.credential (
    person_id     text primary key references access.person on delete cascade,
    salt          bytea not null,
    parameters    text not null,
    verifier      bytea not null,
    totp          text not null check (totp ~ '^sealed1:[0-9a-f]{16}:[A-Za-z0-9_-]+$'),
    totp_step     bigint not null default 0,
    recovery      bytea[] not null default '{}',
    failures      integer not null default 0,
    blocked_until timestamptz,
    changed_at    timestamptz not null
);
comment on table access.credential is 'Password and second factor of a person.';
comment on column access.credential.verifier is 'SHA-256 of the Argon2id hash: whoever reads salt and parameters learns nothing to compare with.';
comment on column access.credential.totp is 'Secret of RFC 6238, sealed (runtime/secret_box.py).';
comment on column access.credential.totp_step is 'The newest time step whose code was used: a code counts once.';
comment on column access.credential.recovery is 'SHA-256 of the recovery codes that are left.';

create table access.identity (
    identity_id text primary key,
    issuer      text not null,
    subject     text not null,
    person_id   text not null references access.person on delete cascade,
    -- Sealing with another key also seals what is clear: nobody may put a clear text here.
    seal        text not null check (seal ~ '^sealed1:[0-9a-f]{16}:[A-Za-z0-9_-]+$'),
    linked_at   timestamptz not null,
    unique (issuer, subject)
);
comment on table access.identity is 'Which account of an OpenID provider is which person.';
comment on column access.identity.identity_id is 'Digest of issuer, subject and person, to which the seal is bound.';
comment on column access.identity.seal is 'Made by the API with its key: a row without it counts for nothing.';

create table access.person_session (
    hash       bytea primary key,
    person_id  text not null references access.person on delete cascade,
    role       text,
    csrf       text not null,
    method     text not null,
    device     text not null,
    seal       text not null,
    created_at timestamptz not null,
    used_at    timestamptz,
    expires_at timestamptz not null
);
comment on table access.person_session is 'Sessions of the pages that people opened. The cookie''s token is stored as its SHA-256.';
comment on column access.person_session.role is 'The role that the OpenID provider stated at the sign-in; null = that of the person.';
comment on column access.person_session.seal is 'Made by the API with its key: whoever can only write here opens no session.';
create index person_session_by_person on access.person_session (person_id);

create table access.link (
    hash       bytea primary key,
    person_id  text not null references access.person on delete cascade,
    purpose    text not null check (purpose in ('sign_in', 'invitation')),
    created_at timestamptz not null,
    expires_at timestamptz not null
);
comment on table access.link is 'One-time links: to sign in, or to set password and second factor. Deleted with their use.';
create index link_of_person on access.link (person_id, created_at);

create table access.mail (
    mail_id         bigint generated always as identity primary key,
    person_id       text not null references access.person on delete cascade,
    purpose         text not null,
    token           text not null,
    base_url        text not null,
    created_at      timestamptz not null,
    expires_at      timestamptz not null,
    next_attempt_at timestamptz not null,
    attempts        integer not null default 0
);
comment on table access.mail is 'Links that wait to be sent by e-mail. The only place with their text, and only until it is sent; the role of API and pages cannot read it.';
create index mail_due on access.mail (next_attempt_at);

-- ── who may do what ─────────────────────────────────────────────────────────────────────────────
alter table access.person enable row level security;
create policy tenant on access.person to tachowatt_reader using (tenant = any (access.tenants()));
create policy everything on access.person to tachowatt_writer, tachowatt_migrator using (true);
grant select (person_id, tenant, role, customer, name, team, skills, languages, absent_from,
    absent_to, demo, created_at, disabled_at) on access.person to tachowatt_reader;
grant all on access.person, access.credential, access.identity, access.person_session, access.link,
    access.mail to tachowatt_migrator;
grant usage on all sequences in schema access to tachowatt_migrator;

-- ── found before a tenant is known: by these functions only ─────────────────────────────────────
create type access.session_of_person as (
    person_id text, tenant text, role text, customer text, name text, stated_role text, csrf text,
    method text, seal text, expires_at timestamptz);
create function access.use_person_session(
    token_hash bytea, at timestamptz, idle interval, touch boolean)
    returns setof access.session_of_person
language sql security definer set search_path = pg_catalog, pg_temp as
$$ update access.person_session set used_at = at
   where touch and hash = token_hash and expires_at > at
       and coalesce(used_at, created_at) + idle > at
       and coalesce(used_at, created_at) <= at - interval '1 minute';
   select p.person_id, p.tenant, p.role, p.customer, p.name, s.role, s.csrf, s.method, s.seal,
       s.expires_at
   from access.person_session s join access.person p using (person_id)
   where s.hash = token_hash and s.expires_at > at and coalesce(s.used_at, s.created_at) + idle > at
       and p.disabled_at is null $$;

-- False where the person is unknown or disabled. No session is longer than twelve hours.
create function access.open_person_session(
    token_hash bytea, who text, stated_role text, csrf text, method text, device text, seal text,
    at timestamptz, until timestamptz) returns boolean
language sql security definer set search_path = pg_catalog, pg_temp as
$$ with opened as (
       insert into access.person_session (
           hash, person_id, role, csrf, method, device, seal, created_at, expires_at)
       select token_hash, p.person_id, stated_role, csrf, method, device, seal, at, until
       from access.person p
       where p.person_id = who and p.disabled_at is null and until <= at + interval '12 hours'
       returning 1)
   select exists (select from opened) $$;
create function access.close_person_session(token_hash bytea) returns void
language sql security definer set search_path = pg_catalog, pg_temp as
$$ delete from access.person_session where hash = token_hash $$;

-- Whoever has a token of a session sees and ends all sessions of its person.
create function access.sessions_beside(token_hash bytea, at timestamptz)
    returns table (id text, method text, device text, created_at timestamptz, used_at timestamptz,
        current boolean)
language sql stable security definer set search_path = pg_catalog, pg_temp as
$$ select left(encode(s.hash, 'hex'), 16), s.method, s.device, s.created_at,
       coalesce(s.used_at, s.created_at), s.hash = token_hash
   from access.person_session s
   where s.expires_at > at and s.person_id = (
       select own.person_id from access.person_session own where own.hash = token_hash)
   order by 5 desc, 1 $$;
create function access.close_sessions_beside(token_hash bytea, only_id text) returns void
language sql security definer set search_path = pg_catalog, pg_temp as
$$ delete from access.person_session s
   where (only_id is null or left(encode(s.hash, 'hex'), 16) = only_id) and s.person_id = (
       select own.person_id from access.person_session own where own.hash = token_hash) $$;

create type access.account as (
    person_id text, tenant text, role text, customer text, name text);
create function access.person_of_key(id text) returns setof access.account
language sql stable security definer set search_path = pg_catalog, pg_temp as
$$ select p.person_id, p.tenant, p.role, p.customer, p.name
   from access.api_key k join access.person p using (person_id)
   where k.key_id = id and p.disabled_at is null $$;
create function access.active_person(who text) returns setof access.account
language sql stable security definer set search_path = pg_catalog, pg_temp as
$$ select p.person_id, p.tenant, p.role, p.customer, p.name from access.person p
   where p.person_id = who and p.disabled_at is null $$;
create function access.demo_people() returns setof access.account
language sql stable security definer set search_path = pg_catalog, pg_temp as
$$ select p.person_id, p.tenant, p.role, p.customer, p.name from access.person p
   where p.demo and p.disabled_at is null order by p.created_at, p.person_id $$;

-- ── password and second factor ──────────────────────────────────────────────────────────────────
create function access.credential_of(address text)
    returns table (person_id text, salt bytea, parameters text, totp text, blocked_until timestamptz)
language sql stable security definer set search_path = pg_catalog, pg_temp as
$$ select c.person_id, c.salt, c.parameters, c.totp, c.blocked_until
   from access.person p join access.credential c using (person_id)
   where p.email = lower(address) and p.customer is null and p.disabled_at is null $$;

-- True, once, where the password is right, nothing blocks the person, and either the time step is
-- newer than the last one or the recovery code is left. A failure counts; from the fifth in a row
-- on the person waits, twice as long each time, for a quarter of an hour at most.
create function access.check_credential(
    who text, derived bytea, step bigint, code_hash bytea, at timestamptz) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as
$$
declare
    stored access.credential;
begin
    select * into stored from access.credential c where c.person_id = who for update;
    if not found or stored.blocked_until > at then
        return false;
    end if;
    if stored.verifier = sha256(derived)
            and (step > stored.totp_step or code_hash = any (stored.recovery)) then
        update access.credential c set failures = 0, blocked_until = null,
            totp_step = greatest(c.totp_step, step),
            recovery = array_remove(c.recovery, code_hash)
        where c.person_id = who;
        return true;
    end if;
    update access.credential c set failures = c.failures + 1,
        blocked_until = case when c.failures >= 4 then
            at + least(interval '15 minutes', interval '30 seconds' * 2 ^ least(c.failures - 4, 9))
            end
    where c.person_id = who;
    return false;
end
$$;

-- Who has a session and the old password sets a new one; the other sessions end. A failure counts.
create function access.password_beside(token_hash bytea)
    returns table (salt bytea, parameters text)
language sql stable security definer set search_path = pg_catalog, pg_temp as
$$ select c.salt, c.parameters from access.person_session s join access.credential c using (person_id)
   where s.hash = token_hash $$;
create function access.change_password(
    token_hash bytea, derived bytea, new_salt bytea, new_parameters text, new_verifier bytea,
    at timestamptz) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as
$$
declare
    stored access.credential;
begin
    select c.* into stored from access.credential c join access.person_session s using (person_id)
    where s.hash = token_hash for update of c;
    if not found or stored.blocked_until > at then
        return false;
    end if;
    if stored.verifier <> sha256(derived) then
        update access.credential c set failures = c.failures + 1,
            blocked_until = case when c.failures >= 4 then at + interval '5 minutes' end
        where c.person_id = stored.person_id;
        return false;
    end if;
    update access.credential c set salt = new_salt, parameters = new_parameters,
        verifier = new_verifier, failures = 0, changed_at = at
    where c.person_id = stored.person_id;
    delete from access.person_session s
    where s.person_id = stored.person_id and s.hash <> token_hash;
    return true;
end
$$;

-- ── one-time links ──────────────────────────────────────────────────────────────────────────────
create function access.link_of(token_hash bytea, at timestamptz)
    returns table (purpose text, person_id text, tenant_name text, name text, email text)
language sql stable security definer set search_path = pg_catalog, pg_temp as
$$ select l.purpose, p.person_id, t.name, p.name, p.email
   from access.link l join access.person p using (person_id) join customers.tenant t using (tenant)
   where l.hash = token_hash and l.expires_at > at and p.disabled_at is null $$;
create function access.redeem_link(token_hash bytea, at timestamptz) returns text
language sql security definer set search_path = pg_catalog, pg_temp as
$$ delete from access.link l where l.hash = token_hash and l.purpose = 'sign_in'
       and l.expires_at > at returning l.person_id $$;

-- A link for each customer with this address, at most three in a quarter of an hour. The token is
-- made here and read by who sends it only, so that a login of the API can make itself no link.
create function access.request_links(
    address text, url text, at timestamptz, until timestamptz) returns void
language sql security definer set search_path = pg_catalog, pg_temp as
$$ with made as (
       insert into access.mail (
           person_id, purpose, token, base_url, created_at, expires_at, next_attempt_at)
       select p.person_id, 'sign_in',
           replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), url, at, until, at
       from access.person p
       where p.email = lower(address) and p.customer is not null and p.disabled_at is null
           and (select count(*) from access.link l where l.person_id = p.person_id
               and l.created_at > at - interval '15 minutes') < 3
       returning person_id, token, created_at, expires_at)
   insert into access.link (hash, person_id, purpose, created_at, expires_at)
   select sha256(convert_to(token, 'UTF8')), person_id, 'sign_in', created_at, expires_at from made $$;

-- Who has an invitation sets password and second factor; all sessions from before end.
create function access.set_credential(
    token_hash bytea, salt bytea, parameters text, verifier bytea, totp text, step bigint,
    recovery bytea[], at timestamptz) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as
$$
declare
    who text;
begin
    delete from access.link l using access.person p
    where l.hash = token_hash and l.purpose = 'invitation' and l.expires_at > at
        and p.person_id = l.person_id and p.disabled_at is null
    returning l.person_id into who;
    if who is null then
        return null;
    end if;
    delete from access.link l where l.person_id = who;
    delete from access.person_session s where s.person_id = who;
    insert into access.credential as c (
        person_id, salt, parameters, verifier, totp, totp_step, recovery, changed_at)
    values (who, salt, parameters, verifier, totp, step, recovery, at)
    on conflict (person_id) do update set salt = excluded.salt, parameters = excluded.parameters,
        verifier = excluded.verifier, totp = excluded.totp, totp_step = excluded.totp_step,
        recovery = excluded.recovery, failures = 0, blocked_until = null,
        changed_at = excluded.changed_at;
    return who;
end
$$;

-- ── accounts of an OpenID provider ──────────────────────────────────────────────────────────────
create function access.identity_of(of_issuer text, of_subject text)
    returns table (person_id text, seal text)
language sql stable security definer set search_path = pg_catalog, pg_temp as
$$ select i.person_id, i.seal from access.identity i
   where i.issuer = of_issuer and i.subject = of_subject $$;
-- Staff only: several customers may share an address.
create function access.person_to_link(of_issuer text, address text) returns text
language sql stable security definer set search_path = pg_catalog, pg_temp as
$$ select p.person_id from access.person p
   where p.email = lower(address) and p.customer is null and p.disabled_at is null
       and not exists (select from access.identity i
           where i.issuer = of_issuer and i.person_id = p.person_id) $$;
create function access.link_identity(
    id text, of_issuer text, of_subject text, who text, with_seal text, at timestamptz)
    returns void
language sql security definer set search_path = pg_catalog, pg_temp as
$$ insert into access.identity (identity_id, issuer, subject, person_id, seal, linked_at)
   values (id, of_issuer, of_subject, who, with_seal, at) on conflict do nothing $$;

create function access.forget_expired_people(at timestamptz) returns void
language sql security definer set search_path = pg_catalog, pg_temp as
$$ delete from access.person_session where expires_at <= at;
   delete from access.link where expires_at <= at;
   delete from access.mail where expires_at <= at $$;

-- ── sent by the process of contacts ─────────────────────────────────────────────────────────────
create function access.due_mail(at timestamptz)
    returns table (mail_id bigint, purpose text, token text, base_url text, address text, name text,
        language text, tenant_name text, attempts integer, expires_at timestamptz)
language sql security definer set search_path = pg_catalog, pg_temp as
$$ delete from access.mail m where m.expires_at <= at;
   with due as (
       update access.mail m set attempts = m.attempts + 1,
           next_attempt_at = at + interval '20 seconds' * (m.attempts + 1)
       where m.mail_id = (select d.mail_id from access.mail d where d.next_attempt_at <= at
           order by d.mail_id limit 1 for update skip locked)
       returning m.*)
   select due.mail_id, due.purpose, due.token, due.base_url, p.email, p.name,
       coalesce(p.languages[1], c.language, 'en'), t.name, due.attempts, due.expires_at
   from due join access.person p using (person_id) join customers.tenant t using (tenant)
       left join customers.customer c on c.tenant = p.tenant and c.customer = p.customer
   where p.disabled_at is null $$;
create function access.mail_sent(id bigint) returns void
language sql security definer set search_path = pg_catalog, pg_temp as
$$ delete from access.mail where mail_id = id $$;

do $$
declare
    made regprocedure;
begin
    for made in select p.oid from pg_proc p where p.pronamespace = 'access'::regnamespace
            and p.proname = any (array['use_person_session', 'open_person_session',
                'close_person_session', 'sessions_beside', 'close_sessions_beside', 'person_of_key',
                'active_person', 'demo_people', 'credential_of', 'check_credential', 'link_of',
                'redeem_link', 'request_links', 'set_credential', 'identity_of', 'person_to_link',
                'link_identity', 'forget_expired_people', 'password_beside',
                'change_password']) loop
        execute format('revoke all on function %s from public', made);
        execute format('grant execute on function %s to tachowatt_reader', made);
    end loop;
end $$;
revoke all on function access.due_mail(timestamptz), access.mail_sent(bigint) from public;
do $$
declare
    sender text := 'tachowatt_writer';
begin
    -- A database that was brought up to date before this migration was known has a group for contacts.
    if exists (select from pg_roles where rolname = 'tachowatt_contacts')
            and to_regclass('access.wake_key') is not null then
        sender := 'tachowatt_contacts';
    end if;
    execute format('grant execute on function access.due_mail(timestamptz), '
        'access.mail_sent(bigint) to %I', sender);
end $$;
