-- A person decides that a trip, or an event of one, does not count in the score, or counts again; and
-- what tells a drive that is sent a second time.
create table contacts.trip_counting (
    counting_id bigint generated always as identity primary key,
    tenant      text not null references customers.tenant,
    customer    text not null,
    device_id   bigint not null references customers.device,
    at          timestamptz not null,
    event       text,
    severity    integer check (severity between 1 and 3),
    duration_s  double precision,
    counts      boolean not null,
    reason      text not null check (reason in ('passenger', 'not_driving', 'pothole', 'emergency',
        'wrong_limit', 'wrong_data', 'replayed', 'counts_again')),
    case_id     text,
    decided_by  text not null,
    decided_at  timestamptz not null,
    foreign key (tenant, customer) references customers.customer (tenant, customer),
    check ((event is null) = (severity is null)),
    check ((event is null) = (duration_s is null))
);
comment on table contacts.trip_counting is
    'Decisions whether a trip or an event counts in the driving score. Rows are only added; the newest '
    'of a trip or event holds. Without one it counts, unless its data were made up or changed.';
comment on column contacts.trip_counting.counting_id is 'Number, ascending.';
comment on column contacts.trip_counting.customer is 'Whose trip it was.';
comment on column contacts.trip_counting.device_id is 'The device that recorded the trip.';
comment on column contacts.trip_counting.at is
    'An instant within the trip: its middle, or when the event began. Late data may move a trip''s begin.';
comment on column contacts.trip_counting.event is 'The kind of the event; null = the whole trip.';
comment on column contacts.trip_counting.severity is 'Of the event.';
comment on column contacts.trip_counting.duration_s is 'Of the event, in s.';
comment on column contacts.trip_counting.counts is 'False = it does not count in the score.';
comment on column contacts.trip_counting.reason is
    'Why: passenger, not_driving (ferry, tow, train), pothole, emergency, wrong_limit, wrong_data, '
    'replayed (found by the program), counts_again.';
comment on column contacts.trip_counting.case_id is 'The case in which it was decided.';
comment on column contacts.trip_counting.decided_by is 'Name of the person; system = the program.';
comment on column contacts.trip_counting.decided_at is 'When. Scores as of before ignore it.';
create index counting_of_device on contacts.trip_counting (tenant, device_id, counting_id);
create index counting_of_customer on contacts.trip_counting (tenant, customer, decided_at);

create table contacts.trip_print (
    tenant      text not null references customers.tenant,
    print       bytea not null check (octet_length(print) = 32),
    device_id   bigint not null references customers.device,
    start_at    timestamptz not null,
    recorded_at timestamptz not null,
    primary key (tenant, print)
);
comment on table contacts.trip_print is
    'The first trip with each fingerprint (customer_context/scoring/fingerprint.py): a later one with '
    'the same is the same drive, sent again.';
comment on column contacts.trip_print.print is 'SHA-256 of the dynamics of the trip, without time and place.';
comment on column contacts.trip_print.device_id is 'The device of that trip.';
comment on column contacts.trip_print.start_at is 'Begin of that trip.';
comment on column contacts.trip_print.recorded_at is 'When it was seen.';
create index print_of_device on contacts.trip_print (device_id, start_at);

do $$
declare
    name text;
begin
    foreach name in array array['trip_counting', 'trip_print'] loop
        execute format('alter table contacts.%I enable row level security', name);
        execute format('create policy everything on contacts.%I '
            'to tachowatt_writer, tachowatt_migrator using (true)', name);
        execute format('create policy tenant on contacts.%I to tachowatt_reader '
            'using (tenant = any (access.tenants()))', name);
        execute format('grant select on contacts.%I to tachowatt_reader', name);
        execute format('grant select, insert on contacts.%I to tachowatt_contacts', name);
        execute format('grant all on contacts.%I to tachowatt_migrator', name);
    end loop;
end $$;
grant insert on contacts.trip_counting to tachowatt_reader;
-- A decision records the score after it.
grant insert, update on contacts.driver_score to tachowatt_reader;
