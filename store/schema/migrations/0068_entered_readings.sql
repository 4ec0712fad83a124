-- Readings of meters that people give (docs/adr/0067): the record of who gave what, its photo, and
-- the way into the stream.
create table customers.entered_reading (
    reading_id   text primary key check (reading_id ~ '^[0-9a-f]{32}$'),
    tenant       text not null,
    meter        text not null,
    customer     text,
    contract     text,
    read_at      timestamptz not null,
    kwh          double precision not null check (kwh >= 0 and kwh < 1e12),
    kind         text not null default 'read'
        check (kind in ('read', 'exchange_old', 'exchange_new')),
    source       text not null check (source in ('customer', 'utility', 'estimate')),
    author       text not null,
    entered_at   timestamptz not null,
    status       smallint not null check (status between 0 and 6),
    verdict      text not null,
    expected_kwh double precision,
    low_kwh      double precision,
    high_kwh     double precision,
    confirmed    boolean not null,
    counts       boolean not null,
    replaces     text unique references customers.entered_reading,
    version      integer not null default 1 check (version > 0),
    reason       text not null default '',
    case_id      text,
    key          text not null,
    unique (tenant, meter, key),
    foreign key (tenant, meter) references customers.meter
);
comment on table customers.entered_reading is
    'Readings that people gave, and estimates in their place. Rows never change: a correction is a '
    'row that replaces another. The value goes into the stream as a message as well.';
comment on column customers.entered_reading.meter is 'Which meter was read.';
comment on column customers.entered_reading.customer is
    'Whose contract covered the meter at read_at; null = nobody''s.';
comment on column customers.entered_reading.read_at is 'When it was read.';
comment on column customers.entered_reading.kwh is 'The register as it was read, kWh.';
comment on column customers.entered_reading.kind is
    'read; of an exchange the last reading of the old meter and the first of the new one.';
comment on column customers.entered_reading.source is 'Who determined it: customer, utility, estimate.';
comment on column customers.entered_reading.author is 'customer:<id>, a person or key.';
comment on column customers.entered_reading.status is 'Messwertstatus: code of contracts.quality.Quality.';
comment on column customers.entered_reading.verdict is 'Of the check when it was entered.';
comment on column customers.entered_reading.expected_kwh is 'What the check expected; null = unknown.';
comment on column customers.entered_reading.low_kwh is 'Least that the check expected.';
comment on column customers.entered_reading.high_kwh is 'Most that the check expected.';
comment on column customers.entered_reading.confirmed is 'The person confirmed a value that was questioned.';
comment on column customers.entered_reading.counts is
    'The stream counts it as a read of the register; false = it stands beside what a device sends, '
    'or waits for a decision.';
comment on column customers.entered_reading.replaces is 'The reading that this one corrects.';
comment on column customers.entered_reading.version is '1, and one more with each correction.';
comment on column customers.entered_reading.reason is 'Why it was corrected, or how it was estimated.';
comment on column customers.entered_reading.case_id is 'The dispute about it.';
comment on column customers.entered_reading.key is 'Names the request: the same one enters it once.';
create index entered_reading_of_meter on customers.entered_reading (tenant, meter, read_at desc);
create index entered_reading_of_customer on customers.entered_reading (tenant, customer);

create table customers.reading_photo (
    file_id    text primary key check (file_id ~ '^[0-9a-f]{32}$'),
    tenant     text not null references customers.tenant,
    reading_id text not null references customers.entered_reading on delete cascade,
    customer   text,
    added_at   timestamptz not null,
    size_bytes integer not null check (size_bytes between 1 and 8388608),
    digest     bytea not null check (length(digest) = 32),
    key        text not null check (starts_with(key, 'own1:')),
    content    bytea not null check (length(content) between 1 and 8388700),
    unique (reading_id, digest)
);
comment on table customers.reading_photo is
    'Photos of meters beside their readings, each encrypted with a key of its own.';
comment on column customers.reading_photo.digest is 'SHA-256 of the clear content as it is handed out.';
comment on column customers.reading_photo.key is
    'Key of the content (base64), sealed with the customer''s key, bound to '
    'customers.reading_photo.key:<file_id>.';
comment on column customers.reading_photo.content is 'Nonce, ciphertext and tag (AES-256-GCM); JPEG.';

do $$
declare
    name text;
begin
    foreach name in array array['entered_reading', 'reading_photo'] loop
        execute format('alter table customers.%I enable row level security', name);
        execute format('create policy everything on customers.%I '
            'to tachowatt_writer, tachowatt_migrator using (true)', name);
        execute format('create policy tenant on customers.%I to tachowatt_reader '
            'using (tenant = any (access.tenants()))', name);
        execute format('grant select, insert on customers.%I to tachowatt_reader, tachowatt_contacts',
            name);
        execute format('grant all on customers.%I to tachowatt_migrator', name);
    end loop;
end $$;

-- ── into the stream ─────────────────────────────────────────────────────────────────────────────
-- The device whose messages are the readings of a meter at a time. A meter that nobody reads by
-- machine has one by hand, made here: nobody has its credentials, so only people enter by it.
create function customers.device_of_readings(of_tenant text, of_meter text, at timestamptz)
    returns table (device_id bigint, device text, by_hand boolean)
language plpgsql security definer set search_path = pg_catalog, pg_temp as
$$
#variable_conflict use_column
declare
    found record;
    begins timestamptz;
    by_machine boolean;
begin
    if not coalesce(of_tenant = any (access.tenants()), false) then
        raise insufficient_privilege using message = 'another tenant';
    end if;
    select exists (select from customers.assignment a join customers.device d using (device_id)
        where a.tenant = of_tenant and a.meter = of_meter and not starts_with(d.device, 'by-hand-')
            and a.valid_from <= at and (a.valid_to is null or at < a.valid_to)) into by_machine;
    select d.device_id, d.device into found
        from customers.assignment a join customers.device d using (device_id)
        where a.tenant = of_tenant and a.meter = of_meter and d.dialect = 'native'
            and a.valid_from <= at and (a.valid_to is null or at < a.valid_to)
        order by starts_with(d.device, 'by-hand-'), a.valid_from desc limit 1;
    if found.device_id is not null then
        return query select found.device_id, found.device, not by_machine;
        return;
    end if;
    select min(c.valid_from) into begins from customers.contract c
        where c.tenant = of_tenant and c.meter = of_meter;
    if begins is null or begins > at then
        return;  -- nobody's
    end if;
    insert into customers.device (tenant, device, kind, dialect, address)
        values (of_tenant, 'by-hand-' || left(encode(sha256(convert_to(of_meter, 'UTF8')), 'hex'), 24),
            'meter', 'native', of_tenant || '/by-hand-'
            || left(encode(sha256(convert_to(of_meter, 'UTF8')), 'hex'), 24))
        on conflict do nothing;
    select d.device_id, d.device into found from customers.device d
        where d.tenant = of_tenant and d.device
            = 'by-hand-' || left(encode(sha256(convert_to(of_meter, 'UTF8')), 'hex'), 24);
    insert into customers.assignment (device_id, tenant, meter, valid_from)
        select found.device_id, of_tenant, of_meter, begins
        where not exists (select from customers.assignment a where a.device_id = found.device_id);
    update customers.version set version = version + 1;
    return query select found.device_id, found.device, not by_machine;
end
$$;
comment on function customers.device_of_readings(text, text, timestamptz) is
    'The device by which people enter readings of a meter; none where no contract covers it.';

-- A reading that somebody has entered becomes a message of its device: received, and deferred until
-- the owner of its partition takes it through the same steps as any other. The ledger counts it.
create function pipeline.enter_reading(
    of_tenant text, of_device bigint, home integer, at timestamptz, kwh double precision,
    quality integer, source text, received_at timestamptz, number text) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as
$$
declare
    name text;
begin
    select d.device into name from customers.device d
        where d.device_id = of_device and d.tenant = of_tenant and d.kind = 'meter'
            and d.dialect = 'native' and of_tenant = any (access.tenants());
    if name is null then
        raise insufficient_privilege using message = 'no such device of the tenant';
    end if;
    if home < 0 or home >= (select partitions from pipeline.log) or quality not between 0 and 6
            or kwh < 0 or source not in ('customer', 'utility', 'estimate') then
        raise invalid_parameter_value using message = 'home, kwh, quality or source';
    end if;
    insert into pipeline.dead_letter (tenant, dialect, topic, content_type, user_properties, body,
            received_at, partition, log_offset, reason, detail, home, state, device_id, due_at)
        values (of_tenant, 'native', format('tw/v1/%s/%s/reading', of_tenant, name),
            'application/json', jsonb_build_array(jsonb_build_array('source', source)),
            convert_to(jsonb_strip_nulls(jsonb_build_object('v', 1,
                't0', floor(extract(epoch from at) * 1000), 'register_kwh', jsonb_build_array(kwh),
                'quality', jsonb_build_array(quality), 'meter_number', number))::text, 'UTF8'),
            received_at, home, 0, 'entered', 'entered by ' || source, home, 'deferred', of_device,
            received_at);
    insert into pipeline.ledger as l (tenant, dialect, partition, received, dead_lettered)
        values (of_tenant, 'native', home, 1, 1)
        on conflict (tenant, dialect, partition) do update
        set received = l.received + 1, dead_lettered = l.dead_lettered + 1;
    update pipeline.log set counted_before = counted_before + 1;
end
$$;
comment on function pipeline.enter_reading(
    text, bigint, integer, timestamptz, double precision, integer, text, timestamptz, text) is
    'Make a message of a reading that somebody has entered; ingest takes it at once.';
create function pipeline.partitions() returns integer
language sql stable security definer set search_path = pg_catalog, pg_temp as
$$ select partitions from pipeline.log $$;
comment on function pipeline.partitions() is 'Of the log; who enters a message names the one of its device.';
revoke all on function customers.device_of_readings(text, text, timestamptz), pipeline.partitions(),
    pipeline.enter_reading(
        text, bigint, integer, timestamptz, double precision, integer, text, timestamptz, text)
    from public;
grant execute on function customers.device_of_readings(text, text, timestamptz), pipeline.partitions(),
    pipeline.enter_reading(
        text, bigint, integer, timestamptz, double precision, integer, text, timestamptz, text)
    to tachowatt_reader;
