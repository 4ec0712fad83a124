-- The contacts process signs claims with the key of receipts, by access.receipt_key(): it reads no
-- other signing key.
drop policy contacts on access.signing_key;
revoke select on access.signing_key from tachowatt_contacts;
