-- One device never stops the others (docs/adr/0028): what is kept of messages that cannot be used,
-- which devices are in quarantine, and which sources have stopped.

-- A message may wait in the dead letter until it is due, and then is processed by itself.
alter table pipeline.dead_letter
    add column device_id  bigint,
    add column size_bytes bigint,
    add column shape      text,
    add column due_at     timestamptz;
comment on column pipeline.dead_letter.device_id is
    'The registered device; null = nobody registered it, or from before this column.';
comment on column pipeline.dead_letter.size_bytes is
    'Bytes of a body whose content is not kept (an unregistered device); null = body is complete.';
comment on column pipeline.dead_letter.shape is
    'Names and punctuation of a body whose content is not kept, without any value.';
comment on column pipeline.dead_letter.due_at is
    'When a deferred message is processed by itself; null = it is not deferred.';
alter table pipeline.dead_letter drop constraint dead_letter_state_check;
alter table pipeline.dead_letter add constraint dead_letter_state_check
    check (state in ('open', 'retry', 'retried', 'deferred'));
create index dead_letter_deferred on pipeline.dead_letter (home, due_at, dead_letter_id)
    where state = 'deferred';
create index dead_letter_of_device on pipeline.dead_letter (device_id, state)
    where device_id is not null;

-- Nobody has agreed to these: their size stays, their content goes.
update pipeline.dead_letter
set size_bytes = octet_length(body), body = '', user_properties = null, state = 'open'
where state <> 'retried' and (reason in ('unknown_device', 'unknown_topic') or tenant = '-');

create table pipeline.not_kept (
    tenant   text not null,
    dialect  text not null,
    address  text not null,
    reason   text not null,
    messages bigint not null,
    bytes    bigint not null,
    first_at timestamptz not null,
    last_at  timestamptz not null,
    primary key (tenant, dialect, address, reason)
);
comment on table pipeline.not_kept is
    'Dead letters that are only counted, because their device or tenant has used up its quota.';
comment on column pipeline.not_kept.address is
    'The address of the device in its dialect; empty = of devices beyond those that are listed.';
comment on column pipeline.not_kept.reason is 'As in pipeline.dead_letter.';
comment on column pipeline.not_kept.bytes is 'Sum of the bodies.';

create table pipeline.quarantine (
    device_id bigint not null,
    reason    text not null check (reason in ('over_limit', 'nothing_usable')),
    tenant    text not null,
    dialect   text not null,
    address   text not null,
    detail    text not null,
    since     timestamptz not null,
    last_at   timestamptz not null,
    primary key (device_id, reason)
);
comment on table pipeline.quarantine is
    'Devices that are put aside at present; ingest releases them by itself.';
comment on column pipeline.quarantine.reason is
    'over_limit: its messages are deferred; nothing_usable: its newest messages are dead letters.';
comment on column pipeline.quarantine.detail is 'For people: which limit, or the newest reason.';
comment on column pipeline.quarantine.last_at is 'Arrival of its newest message with this reason.';
create index quarantine_of_tenant on pipeline.quarantine (tenant);

create table pipeline.stopped_source (
    tenant    text not null,
    dialect   text not null,
    partition integer not null,
    why       text not null,
    since     timestamptz not null,
    probe_at  timestamptz not null,
    tries     integer not null default 0,
    primary key (tenant, dialect, partition)
);
comment on table pipeline.stopped_source is
    'Sources (a dialect of a tenant) whose messages are deferred, because those of many devices '
    'could not be used.';
comment on column pipeline.stopped_source.probe_at is
    'When some of its messages are processed again, to find out whether it is mended.';
comment on column pipeline.stopped_source.tries is 'How often this has failed.';

-- A stopped partition of an earlier version goes on: only sources stop now.
update pipeline.partition set stopped_because = null;
comment on column pipeline.partition.stopped_because is 'No longer used: see stopped_source.';

alter table pipeline.ledger add column ignored bigint not null default 0;
comment on column pipeline.ledger.ignored is
    'Messages without a body: somebody has cleared a retained message.';
create table pipeline.ledger_warning (
    tenant    text not null,
    dialect   text not null,
    partition integer not null,
    warning   text not null,
    messages  bigint not null,
    primary key (tenant, dialect, partition, warning)
);
comment on table pipeline.ledger_warning is
    'Messages that were read although something about them is wrong.';

do $$
declare
    name text;
begin
    foreach name in array array[
        'pipeline.not_kept', 'pipeline.quarantine', 'pipeline.stopped_source',
        'pipeline.ledger_warning'] loop
        execute format('alter table %s enable row level security', name);
        execute format(
            'create policy tenant on %s to tachowatt_reader using (tenant = any (access.tenants()))',
            name);
        execute format(
            'create policy everything on %s to tachowatt_writer, tachowatt_migrator using (true)',
            name);
        execute format('grant select on %s to tachowatt_reader', name);
        execute format('grant select, insert, update, delete on %s to tachowatt_writer', name);
        execute format('grant all on %s to tachowatt_migrator', name);
    end loop;
end $$;

-- How many sources have stopped, and of nobody in particular: GET /ready tells nothing of tenants.
create function pipeline.stopped_sources() returns bigint
language sql stable security definer set search_path = pg_catalog, pg_temp as
$$ select count(*) from (select distinct tenant, dialect from pipeline.stopped_source) s $$;
revoke all on function pipeline.stopped_sources() from public;
grant execute on function pipeline.stopped_sources() to tachowatt_reader, tachowatt_writer;
