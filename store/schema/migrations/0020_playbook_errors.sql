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
