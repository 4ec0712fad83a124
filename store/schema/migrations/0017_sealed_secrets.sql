-- Secrets that have to be read again are sealed by the program (runtime/secret_box.py): the database
-- never sees them in clear, nor the key.

-- Ids of the keys that secrets of this database may be sealed with. A process with other keys is
-- refused before it seals anything with them. An id tells nothing of its key.
create table access.secret_key (
    key_id text primary key,
    since  timestamptz not null
);
comment on table access.secret_key is
    'Ids of the keys that sealed values of this database may need; never a key.';
comment on column access.secret_key.since is 'When the key became the one that seals.';
alter table access.secret_key enable row level security;
create policy everything on access.secret_key
    to tachowatt_reader, tachowatt_writer, tachowatt_migrator using (true);
grant select on access.secret_key to tachowatt_reader, tachowatt_writer;
grant all on access.secret_key to tachowatt_migrator;
grant usage on schema access to tachowatt_writer;

-- Every new or changed value is sealed. Those that were clear before are sealed by the program after
-- this migration, which then validates the constraint.
alter table contacts.receiver_secret
    add constraint secret_is_sealed check (starts_with(secret, 'sealed1:')) not valid;
comment on column contacts.receiver_secret.secret is
    'sealed1:<key id>:<nonce, ciphertext, tag>, bound to contacts.receiver_secret.secret:<receiver_id>.';
