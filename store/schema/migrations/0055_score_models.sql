-- Versions of the driving score that a tenant has made from its claims, and which one it uses.
create table contacts.score_model (
    tenant   text not null references customers.tenant,
    version  text not null,
    base     text not null,
    model    jsonb not null,
    report   jsonb not null,
    made_at  timestamptz not null,
    primary key (tenant, version)
);
comment on table contacts.score_model is
    'Versions of the driving score fitted to a tenant''s claims (docs/score.md). Rows are only added: '
    'a version never changes.';
comment on column contacts.score_model.version is 'Name of the version, as answers have it.';
comment on column contacts.score_model.base is 'The version that it was fitted from.';
comment on column contacts.score_model.model is 'Factors with their numbers, and the span of risk.';
comment on column contacts.score_model.report is
    'Claims and drivers it was fitted to (counts), lift, Gini and calibration.';
comment on column contacts.score_model.made_at is 'When it was fitted.';

create table contacts.score_activation (
    activation_id bigint generated always as identity primary key,
    tenant        text not null references customers.tenant,
    version       text not null,
    activated_at  timestamptz not null
);
comment on table contacts.score_activation is
    'Which version of the driving score a tenant uses: its newest row; without one the version that '
    'comes with the program. Going back is a new row.';
comment on column contacts.score_activation.activation_id is 'Number, ascending.';
comment on column contacts.score_activation.version is
    'A version of score_model, or one that comes with the program.';
comment on column contacts.score_activation.activated_at is 'Since when.';
create index score_in_use on contacts.score_activation (tenant, activation_id desc);

do $$
declare
    name text;
begin
    foreach name in array array['score_model', 'score_activation'] loop
        execute format('alter table contacts.%I enable row level security', name);
        execute format('create policy everything on contacts.%I '
            'to tachowatt_writer, tachowatt_migrator using (true)', name);
        execute format('create policy tenant on contacts.%I to tachowatt_reader '
            'using (tenant = any (access.tenants()))', name);
        execute format('grant select on contacts.%I to tachowatt_reader, tachowatt_contacts', name);
        execute format('grant all on contacts.%I to tachowatt_migrator', name);
    end loop;
end $$;
