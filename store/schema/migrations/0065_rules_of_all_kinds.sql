-- Playbooks come into force as case types do (docs/adr/0065): their texts and activations stand in
-- the same two tables, with the kind of rule.
alter table contacts.case_type rename to rule;
alter table contacts.rule rename column case_type to rule_id;
alter table contacts.rule rename constraint case_type_pkey to rule_pkey;
alter table contacts.rule add column kind text not null default 'case_type';
alter table contacts.rule alter column kind drop default;
drop index contacts.case_type_by_name;
create index rule_by_name on contacts.rule (tenant, kind, rule_id, version);
comment on table contacts.rule is
    'Texts of rules that people bring into force: case types, playbooks. Rows are only added: a '
    'running matter finishes on the text that it began with.';
comment on column contacts.rule.rule_id is 'Id of the rule in its text.';
comment on column contacts.rule.kind is 'Kind of rule (contracts/approvals.py): case_type, playbook.';
comment on column contacts.rule.version is 'Version of the rule in its text.';
comment on column contacts.rule.recorded_by is
    'Name of the person or key; tachowatt for the text of a file that was in use.';

alter table contacts.case_type_activation rename to rule_activation;
alter table contacts.rule_activation rename column case_type to rule_id;
alter table contacts.rule_activation rename constraint case_type_activation_pkey to rule_activation_pkey;
alter table contacts.rule_activation add column kind text not null default 'case_type';
alter table contacts.rule_activation alter column kind drop default;
drop index contacts.case_type_in_force;
create index rule_in_force on contacts.rule_activation (tenant, kind, rule_id, activation_id desc);
comment on table contacts.rule_activation is
    'Which text of a rule is in force: the newest row of a tenant, kind and id; without one the text '
    'of its file. A rollback is a new row.';
comment on column contacts.rule_activation.rule_id is 'Id of the rule.';
comment on column contacts.rule_activation.kind is 'Kind of rule, as of its text.';
