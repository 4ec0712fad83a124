-- What else the publisher said of a message (contracts/raw.py, Properties); null where nothing.
-- user_properties: [[name, value], …] in their order; expiry_s: what was left when it came to us.
alter table pipeline.dead_letter
    add column user_properties jsonb,
    add column expiry_s bigint;
