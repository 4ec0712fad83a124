-- Files of playbooks that are not used and have no earlier valid text. A file that has one carries
-- its error in contacts.playbook.
create table contacts.playbook_error (
    file  text primary key,
    error text not null
);
comment on table contacts.playbook_error is
    'Playbook files that no service can use: invalid, and without an earlier valid text.';
comment on column contacts.playbook_error.file is
    'Name of the file; "." is the folder TACHOWATT_PLAYBOOKS_DIR itself.';
comment on column contacts.playbook_error.error is 'What is wrong: file, field, what is expected.';
grant select on contacts.playbook_error to tachowatt_reader;
grant select, insert, update, delete on contacts.playbook_error to tachowatt_writer;

-- When an anomaly could first be known: the time of its signal. Where an alert came much later, it
-- is shown as past (customer_context/playbooks/freshness.py).
alter table contacts.alert add column known_at timestamptz;
update contacts.alert a set known_at = (
    select min(s.time) from pipeline.signal s where s.id = a.alert_id);
update contacts.alert set known_at = happened_at where known_at is null;
alter table contacts.alert alter column known_at set not null;
comment on column contacts.alert.known_at is
    'Time of the reading that decided the anomaly; from then on it could be known.';
