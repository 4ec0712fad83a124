-- Which log the store is fed from, and what its partitions have been through.
--
-- The partition of a device follows from its address and the number of partitions, so this number
-- stands here, and a worker that finds another one refuses to work (docs/operations.md).
create table pipeline.log (
    one            boolean primary key default true check (one),
    kind           text not null check (kind in ('direct', 'kafka')),
    topic          text,               -- of the messages; null for the direct log
    cluster_id     text,               -- of Kafka: offsets mean nothing in another one
    partitions     integer not null check (partitions > 0),
    counted_before bigint not null default 0, -- messages committed by way of earlier logs
    chosen_at      timestamptz not null
);
insert into pipeline.log (kind, partitions, chosen_at) values ('direct', 1, now());
revoke insert, update, delete on pipeline.log from tachowatt_writer;

alter table pipeline.partition
    add column begin_offset bigint not null default 0, -- where this log began for this store
    add column secured_at   timestamptz;               -- as layout.secured_at, of its devices
update pipeline.partition set secured_at = (select secured_at from pipeline.layout);

-- Each partition books on its own rows: owners that commit at once do not wait for each other.
alter table pipeline.ledger add column partition integer not null default 0;
alter table pipeline.ledger drop constraint ledger_pkey;
alter table pipeline.ledger add primary key (tenant, dialect, partition);

-- The partition whose owner takes the message again; where it came from stands in `partition`.
alter table pipeline.dead_letter add column home integer not null default 0;
create index dead_letter_to_retry on pipeline.dead_letter (home, dead_letter_id)
    where state = 'retry';

-- Signals and dead letters that other systems are still to be told of, by way of Kafka.
create table pipeline.publication (
    publication_id bigint generated always as identity primary key,
    kind           text not null check (kind in ('signal', 'dead_letter')),
    ref            bigint not null -- signal.sequence, or dead_letter_id
);
