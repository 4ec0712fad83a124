-- A version of the driving score is frozen for a tariff year, and a version is retired.
create table contacts.score_freeze (
    tenant     text not null references customers.tenant,
    name       text not null check (name ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$'),
    version    text not null,
    model      jsonb not null,
    valid_from timestamptz not null,
    valid_to   timestamptz not null,
    frozen_by  text not null,
    frozen_at  timestamptz not null,
    primary key (tenant, name),
    check (valid_from < valid_to)
);
comment on table contacts.score_freeze is
    'Versions of the driving score that a tenant has frozen for a tariff year. Rows are only added.';
comment on column contacts.score_freeze.name is 'Name of the tariff year; files of a portfolio are made by it.';
comment on column contacts.score_freeze.version is 'The version, own or of the program.';
comment on column contacts.score_freeze.model is
    'Its numbers then: a version whose numbers are others now is refused.';
comment on column contacts.score_freeze.valid_from is 'Begin of the tariff year.';
comment on column contacts.score_freeze.valid_to is 'End of the tariff year; until then the version is not retired.';
comment on column contacts.score_freeze.frozen_by is 'Name of the person.';
comment on column contacts.score_freeze.frozen_at is 'When.';

create table contacts.score_retirement (
    tenant     text not null references customers.tenant,
    version    text not null,
    retired_by text not null,
    retired_at timestamptz not null,
    primary key (tenant, version)
);
comment on table contacts.score_retirement is
    'Versions of the driving score that a tenant does not bring into use any more. What was given out by '
    'them is still explained.';
comment on column contacts.score_retirement.version is 'The version, own or of the program.';
comment on column contacts.score_retirement.retired_by is 'Name of the person.';
comment on column contacts.score_retirement.retired_at is 'When.';

-- The database itself keeps the promise, whoever writes.
create function contacts.score_version_stays() returns trigger language plpgsql as $$
begin
    if tg_table_name = 'score_retirement' then
        if exists (select from contacts.score_freeze f where f.tenant = new.tenant
                and f.version = new.version and f.valid_to > new.retired_at) then
            raise exception 'version % is frozen for a tariff year', new.version
                using errcode = 'restrict_violation';
        end if;
        return new;
    end if;
    if tg_table_name = 'score_freeze' or tg_op = 'UPDATE' or exists (
            select from contacts.score_freeze f
            where f.tenant = old.tenant and f.version = old.version) then
        raise exception 'a version of the score, and a frozen one above all, stays as it is'
            using errcode = 'restrict_violation';
    end if;
    return old;
end $$;
create trigger frozen before update or delete on contacts.score_model
    for each row execute function contacts.score_version_stays();
create trigger frozen before update or delete on contacts.score_freeze
    for each row execute function contacts.score_version_stays();
create trigger frozen before insert or update on contacts.score_retirement
    for each row execute function contacts.score_version_stays();

do $$
declare
    name text;
begin
    foreach name in array array['score_freeze', 'score_retirement'] loop
        execute format('alter table contacts.%I enable row level security', name);
        execute format('create policy everything on contacts.%I '
            'to tachowatt_writer, tachowatt_migrator using (true)', name);
        execute format('create policy tenant on contacts.%I to tachowatt_reader '
            'using (tenant = any (access.tenants()))', name);
        execute format('grant select on contacts.%I to tachowatt_reader, tachowatt_contacts', name);
        execute format('grant all on contacts.%I to tachowatt_migrator', name);
    end loop;
end $$;
