-- Which names of a device's bodies are meant (`mapping` of the registry file): `object` and columns.
alter table customers.device add column mapping jsonb not null default '{}';
