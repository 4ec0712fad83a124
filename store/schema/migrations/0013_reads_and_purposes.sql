-- A case says for which purpose it was opened, so that it can be hidden with it; the log of reads
-- says which object was read; a stored answer says whom it tells of, so that its replay is logged.

-- The playbook's purpose; null where no contact of the case tells it. The type of its signal has a
-- purpose too (contracts/kinds.py), and a case is shown while both are granted.
alter table contacts.service_case add column purpose text;
update contacts.service_case s set purpose = (
    select c.purpose from contacts.contact c where c.case_id = s.case_id and c.playbook = s.playbook
    order by c.created_at limit 1);

-- Null: entries of the time before.
alter table access.read_log add column object_kind text, add column object_id text;

-- reads: [{"what", "why", "objects": [[customer, kind, id], …]}, …], as they were logged with the
-- first answer; decisions: how many consent decisions of these customers there were then.
alter table access.idempotency
    add column reads jsonb not null default '[]',
    add column decisions bigint not null default 0;
grant update (reads, decisions) on access.idempotency to tachowatt_reader;
