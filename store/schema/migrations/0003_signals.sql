-- The outbox: what features found, written with them in one transaction (contracts/signals.py).
-- A signal that is corrected gets another row with the next revision; rows are never changed.
create table pipeline.signal (
    id         text not null,
    revision   integer not null,
    sequence   bigint generated always as identity,
    tenant     text not null,
    device_id  bigint not null,
    type       text not null,
    subject    text,
    time       timestamptz not null,
    data       jsonb not null,
    created_at timestamptz not null,
    primary key (id, revision)
);
create unique index signal_by_sequence on pipeline.signal (sequence);
create index signal_of_device on pipeline.signal (device_id, time);
create view pipeline.current_signal as
    select distinct on (id) * from pipeline.signal order by id, revision desc;
