-- A key of its own signs receipts: the API signs them, and must not be able to sign heads of the
-- consent ledger (docs/adr/0055).
alter table access.signing_key
    add column use text not null default 'head' check (use in ('head', 'receipt'));
comment on column access.signing_key.use is 'What it signs: head (of the consent ledger), or receipt (of a decision, and claim files).';
comment on table access.signing_key is
    'Ed25519 keys that sign heads of the consent ledger, or receipts; the newest one of a use signs.';

create function access.receipt_key() returns table (key_id text, secret text)
language sql stable security definer set search_path = pg_catalog, pg_temp as
$$ select k.key_id, k.secret from access.signing_key k
   where k.use = 'receipt' and k.retired_at is null order by k.created_at desc, k.key_id limit 1 $$;
comment on function access.receipt_key is
    'The key that signs receipts, sealed: who may ask needs the key of secrets too.';
create function access.receipt_public_keys() returns table (key_id text, public_key jsonb)
language sql stable security definer set search_path = pg_catalog, pg_temp as
$$ select k.key_id, k.public_key from access.signing_key k where k.use = 'receipt' $$;
comment on function access.receipt_public_keys is 'Public keys of receipts, retired ones too.';
revoke all on function access.receipt_key(), access.receipt_public_keys() from public;
grant execute on function access.receipt_key(), access.receipt_public_keys()
    to tachowatt_reader, tachowatt_contacts, tachowatt_migrator;
