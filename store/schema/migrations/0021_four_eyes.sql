-- Changes that a second person approves (docs/adr/0036). Three tables that only grow: what was asked
-- for, what was decided, what was done. Their keys say the rest: one decision and one execution of a
-- request, a decision by somebody else than the requester, an execution after an approval only.
create table access.change_request (
    request_id     text primary key,
    tenant         text not null references customers.tenant,
    kind           text not null,
    subject        text not null,
    digest         text not null,
    reason         text not null,
    requested_by   text not null references access.person,
    requester      text not null,
    requested_at   timestamptz not null,
    expires_at     timestamptz not null,
    unique (request_id, requested_by)
);
comment on table access.change_request is 'Requests for changes that need a second person.';
comment on column access.change_request.digest is 'Of the change and the state of its subject when it was asked for; another state later needs another request.';
create index change_request_newest on access.change_request (tenant, requested_at desc, request_id desc);

create table access.change_decision (
    request_id   text primary key,
    tenant       text not null,
    requested_by text not null,
    verdict      text not null check (verdict in ('approved', 'rejected')),
    decided_by   text not null references access.person,
    decider      text not null,
    note         text not null,
    decided_at   timestamptz not null,
    foreign key (request_id, requested_by)
        references access.change_request (request_id, requested_by),
    unique (request_id, verdict),
    check (decided_by <> requested_by)
);
comment on table access.change_decision is 'The decision of the second person about a request.';

create table access.change_execution (
    request_id  text primary key,
    tenant      text not null,
    verdict     text not null default 'approved' check (verdict = 'approved'),
    executed_by text not null references access.person,
    executed_at timestamptz not null,
    foreign key (request_id, verdict) references access.change_decision (request_id, verdict)
);
comment on table access.change_execution is 'That an approved change was made, once.';

do $$
declare
    name text;
begin
    foreach name in array array['change_request', 'change_decision', 'change_execution'] loop
        execute format('alter table access.%I enable row level security', name);
        execute format('create policy tenant on access.%I to tachowatt_reader '
            'using (tenant = any (access.tenants()))', name);
        execute format('create policy everything on access.%I '
            'to tachowatt_writer, tachowatt_migrator using (true)', name);
        execute format('grant select, insert on access.%I to tachowatt_reader', name);
        execute format('grant all on access.%I to tachowatt_migrator', name);
    end loop;
end $$;

-- The body of a dead letter, once, to who asked for it, within an approval. It writes the execution.
create function access.reveal_dead_letter(request text, executor text, at timestamptz)
    returns bytea
language sql security definer set search_path = pg_catalog, pg_temp as
$$ with done as (
       insert into access.change_execution (request_id, tenant, executed_by, executed_at)
       select r.request_id, r.tenant, executor, at
       from access.change_request r
       join access.change_decision d on d.request_id = r.request_id and d.verdict = 'approved'
       where r.request_id = request and r.kind = 'dead_letter.reveal'
           and r.requested_by = executor and r.expires_at > at
           and r.tenant = any (access.tenants())
       on conflict do nothing returning request_id)
   select l.body from done
   join access.change_request r using (request_id)
   join pipeline.dead_letter l on l.tenant = r.tenant
       and l.dead_letter_id = split_part(r.subject, ':', 2)::bigint $$;
revoke all on function access.reveal_dead_letter(text, text, timestamptz) from public;
grant execute on function access.reveal_dead_letter(text, text, timestamptz) to tachowatt_reader;
