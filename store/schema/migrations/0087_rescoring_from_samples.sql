-- Trips computed again from samples for another version of the score: beside the stored ones.
create table contacts.rescore_run (
    run_id   bigint generated always as identity primary key,
    tenant   text not null references customers.tenant,
    version  text not null,
    began_at timestamptz not null,
    done_at  timestamptz
);
comment on table contacts.rescore_run is
    'A computation of trips from samples, to be scored by a version (tachowatt rescore --samples).';
comment on column contacts.rescore_run.run_id is 'Number, ascending.';
comment on column contacts.rescore_run.version is 'The version of the score that is looked at.';
comment on column contacts.rescore_run.began_at is 'When it began.';
comment on column contacts.rescore_run.done_at is 'When it ended; null = it goes on when it is asked for again.';
create unique index open_rescore_run on contacts.rescore_run (tenant, version) where done_at is null;

create table features.rescored_trip (like features.trip including comments);
alter table features.rescored_trip
    drop column start_lat_deg, drop column start_lon_deg, drop column end_lat_deg, drop column end_lon_deg,
    add column run_id bigint not null references contacts.rescore_run on delete cascade,
    add primary key (run_id, device_id, start_at);
comment on table features.rescored_trip is
    'Trips as this program computes them from the samples, without places. Nothing reads them but the '
    'comparison of versions; features.trip stays as it is.';
comment on column features.rescored_trip.run_id is 'The computation.';
create index rescored_trip_of_device on features.rescored_trip (device_id, start_at);

alter table contacts.rescore_run enable row level security;
create policy everything on contacts.rescore_run to tachowatt_writer, tachowatt_migrator using (true);
create policy tenant on contacts.rescore_run to tachowatt_reader using (tenant = any (access.tenants()));
grant select on contacts.rescore_run to tachowatt_reader;
grant all on contacts.rescore_run, features.rescored_trip to tachowatt_migrator;
