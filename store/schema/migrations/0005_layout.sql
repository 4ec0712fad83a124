-- How samples, intervals and rollups are laid out depends on the engine: hypertables and continuous
-- aggregates where TimescaleDB is, native partitions and maintained tables elsewhere. That is done
-- by store/layout.py right behind this migration, under the same names on both.
create schema rollup;
create table pipeline.layout (
    one         boolean primary key default true check (one),
    engine      text not null check (engine in ('timescale', 'plain')),
    rollup_zone text,           -- calendar of the rollups as they are built; NULL = not built yet
    rollup_form integer,        -- which form of their definition (store/rollup_objects.py)
    secured_at  timestamptz,    -- samples before it are no longer needed to compute features again
    dropped_at  timestamptz,    -- samples before it have been dropped
    arranged_at timestamptz not null
);
-- What retention may drop on TimescaleDB: called by its scheduler, as DDL of ours is elsewhere
-- (store/partitions.py). It never drops what the features may still be computed from.
create procedure pipeline.drop_old_samples(job_id integer, config jsonb)
language plpgsql as $$
declare
    chunk  constant interval := (config ->> 'chunk')::interval;
    cutoff constant timestamptz := date_bin(
        chunk, now() - (config ->> 'keep')::interval, timestamptz '1970-01-01 00:00:00+00');
    until  timestamptz;
begin
    select least(cutoff, secured_at) into until from pipeline.layout where secured_at is not null;
    if until is null then
        return;
    end if;
    perform public.drop_chunks(name::regclass, older_than => until)
    from unnest(array['telemetry.vehicle_sample', 'telemetry.meter_sample']) as name;
    update pipeline.layout set dropped_at = until where dropped_at is distinct from until;
end $$;
