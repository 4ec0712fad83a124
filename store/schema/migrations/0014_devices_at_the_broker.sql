-- Which devices have credentials at the MQTT broker, and claims by which people get them once. No
-- password is here: the broker has its hash, and a claim has it encrypted with its own code.
create table access.device_login (
    dialect    text not null,
    address    text not null,
    issued_at  timestamptz not null,
    rotated_at timestamptz,
    revoked_at timestamptz,
    claimed_at timestamptz,
    primary key (dialect, address)
);
comment on table access.device_login is
    'Devices that have or had credentials at the MQTT broker (tachowatt device add)';
comment on column access.device_login.dialect is 'Dialect of the device, as in customers.device';
comment on column access.device_login.address is
    'Address within the dialect; dialect/address is the user name at the broker. It need not be '
    'registered yet';
comment on column access.device_login.issued_at is 'When it got credentials, the last time';
comment on column access.device_login.rotated_at is
    'When its password was last replaced; null = not since issued_at';
comment on column access.device_login.revoked_at is
    'When its credentials were revoked; null = they hold';
comment on column access.device_login.claimed_at is
    'When somebody redeemed the claim of its present password; null = nobody, or there was none';

create table access.device_claim (
    code_hash  bytea primary key,
    dialect    text not null,
    address    text not null,
    sealed     bytea not null,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    unique (dialect, address),
    foreign key (dialect, address) references access.device_login on delete cascade
);
comment on table access.device_claim is
    'Claims that nobody has redeemed: who has the code gets the credentials, once. One of a device';
comment on column access.device_claim.code_hash is 'SHA-256 of the code';
comment on column access.device_claim.dialect is 'Dialect of the device';
comment on column access.device_claim.address is 'Address of the device within the dialect';
comment on column access.device_claim.sealed is
    'The settings and credentials, encrypted with a key that only the code gives (AES-GCM)';
comment on column access.device_claim.created_at is 'When the claim was made';
comment on column access.device_claim.expires_at is 'From then on it cannot be redeemed';

do $$
declare
    name text;
begin
    foreach name in array array['access.device_login', 'access.device_claim'] loop
        execute format('alter table %s enable row level security', name);
        execute format('create policy everything on %s to tachowatt_migrator using (true)', name);
        execute format('grant all on %s to tachowatt_migrator', name);
    end loop;
end $$;

-- The API can redeem a claim whose code it was sent, and see no other.
create function access.redeem_claim(hash bytea, at timestamptz) returns bytea
language sql security definer set search_path = pg_catalog, pg_temp as
$$ with redeemed as (
       delete from access.device_claim where code_hash = hash and expires_at > at
       returning dialect, address, sealed),
   noted as (
       update access.device_login l set claimed_at = at from redeemed r
       where l.dialect = r.dialect and l.address = r.address)
   select sealed from redeemed $$;
revoke all on function access.redeem_claim(bytea, timestamptz) from public;
grant execute on function access.redeem_claim(bytea, timestamptz) to tachowatt_reader;
