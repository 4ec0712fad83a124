-- Database roles, and tenants kept apart in the database (docs/roles.md, docs/adr/0016).
--
-- Groups without a login; logins are made their members. They belong to the whole server, so another
-- database may be making them at this moment: then they are there, which is all that is wanted.
do $$
declare
    role    text;
    missing text[] := '{}';
begin
    foreach role in array array['tachowatt_migrator', 'tachowatt_writer', 'tachowatt_reader'] loop
        if not exists (select from pg_roles where rolname = role) then
            begin
                execute format('create role %I nologin', role);
            exception
                when duplicate_object or unique_violation then
                    raise notice 'role % was made by another migration just now', role;
                when insufficient_privilege then
                    missing := missing || role;
                    continue;
            end;
        end if;
        if not pg_has_role(current_user, role, 'member') then
            begin
                execute format('grant %I to %I', role, current_user);
            exception when insufficient_privilege or unique_violation then
                raise notice '% is no member of %: see docs/roles.md', current_user, role;
            end;
        end if;
    end loop;
    if missing <> '{}' then
        raise insufficient_privilege using message = format(
            'the login %s may not create roles. Let an administrator run: %s grant %s to %I; '
            'and then migrate again (docs/roles.md)',
            current_user,
            (select string_agg(format('create role %I;', m), ' ') from unnest(missing) m),
            (select string_agg(format('%I', m), ', ') from unnest(missing) m),
            current_user);
    end if;
end $$;

-- ── whose data a transaction is about ───────────────────────────────────────────────────────────
-- Set for one transaction (store/roles.py, `see`): an array, so that no name of a tenant can look
-- like two. Where nothing is set there is nothing to see.
create function access.tenants() returns text[] language sql stable parallel safe as
$$ select nullif(current_setting('tachowatt.tenants', true), '')::text[] $$;
create function access.customer() returns text language sql stable parallel safe as
$$ select nullif(current_setting('tachowatt.customer', true), '') $$;

-- ── keys and sessions: found before a tenant is known, so by these functions only ───────────────
create function access.key_of(id text) returns setof access.api_key
language sql stable security definer set search_path = pg_catalog, pg_temp as
$$ select * from access.api_key where key_id = id $$;
create function access.key_used(id text, at timestamptz, unless_after timestamptz) returns void
language sql security definer set search_path = pg_catalog, pg_temp as
$$ update access.api_key set last_used_at = at
   where key_id = id and (last_used_at is null or last_used_at <= unless_after) $$;
create function access.session_of(token_hash bytea, at timestamptz) returns setof access.session
language sql stable security definer set search_path = pg_catalog, pg_temp as
$$ select * from access.session where hash = token_hash and expires_at > at $$;
create function access.open_session(
    token_hash bytea, id text, csrf text, at timestamptz, until timestamptz) returns void
language sql security definer set search_path = pg_catalog, pg_temp as
$$ insert into access.session (hash, key_id, csrf, created_at, expires_at)
   values (token_hash, id, csrf, at, until) $$;
create function access.close_session(token_hash bytea) returns void
language sql security definer set search_path = pg_catalog, pg_temp as
$$ delete from access.session where hash = token_hash $$;
create function access.forget_expired(at timestamptz, answers_before timestamptz) returns void
language sql security definer set search_path = pg_catalog, pg_temp as
$$ delete from access.session where expires_at <= at;
   delete from access.idempotency where created_at <= answers_before $$;
revoke all on all functions in schema access from public;
grant execute on function access.tenants(), access.customer() to public;
grant execute on all functions in schema access to tachowatt_reader;

-- A stored answer belongs to a tenant, as its key does.
alter table access.idempotency add column tenant text;
update access.idempotency i set tenant = k.tenant from access.api_key k where k.key_id = i.key_id;
delete from access.idempotency where tenant is null;
alter table access.idempotency alter column tenant set not null;

-- ── what is shown of features and samples ───────────────────────────────────────────────────────
-- The reader has no right on telemetry and features: what it may see of them are these views. Row
-- security on those tables themselves would forbid continuous aggregates and the columnstore.
create schema shown;
-- No column of these is a place. What is asked for by its newest or first rows is ordered here: a
-- view with security_barrier is planned on its own, and an index's order would not come out of it
-- otherwise. Where a device is given, as in all questions of ours, the order costs nothing.
create view shown.trip with (security_barrier) as
    select t.device_id, t.start_at, t.end_at, t.decided_at, t.end_reason, t.distance_m,
        t.driving_s, t.idle_s, t.night_s, t.rush_s, t.speeding_s, t.speed_limited_s, t.measured_s,
        t.sample_count, t.rejected_count, t.max_speed_kmh, t.speeding_count, t.crash,
        t.harsh_braking, t.harsh_acceleration, t.harsh_cornering, t.accel_p95_mps2,
        t.speed_p95_kmh, t.accel_hist_s, t.speed_hist_s, t.ratio_hist_s, t.revision
    from features.trip t join customers.device d using (device_id)
    where d.tenant = any (access.tenants()) order by t.start_at desc;
create view shown.driving_event with (security_barrier) as
    select e.device_id, e.kind, e.start_at, e.end_at, e.decided_at, e.severity, e.trip_start_at,
        e.duration_s, e.peak_mps2, e.delta_v_kmh, e.speed_kmh, e.excess_kmh, e.speed_limit_kmh,
        e.revision
    from features.driving_event e join customers.device d using (device_id)
    where d.tenant = any (access.tenants());
create view shown.meter_interval with (security_barrier) as
    select i.device_id, i.start_at, i.end_at, i.energy_kwh, i.status, i.estimated, i.decided_at,
        i.revision
    from features.meter_interval i join customers.device d using (device_id)
    where d.tenant = any (access.tenants()) order by i.start_at;
create view shown.meter_day with (security_barrier) as
    select m.device_id, m.day, m.date, m.start_at, m.energy_kwh, m.estimated_kwh, m.expected,
        m.present, m.estimated, m.min_w, m.max_w, m.peak_at, m.floor_w, m.base_load_w,
        m.night_share, m.decided_at, m.revision
    from features.meter_day m join customers.device d using (device_id)
    where d.tenant = any (access.tenants()) order by m.start_at desc;
create view shown.meter_anomaly with (security_barrier) as
    select m.device_id, m.kind, m.phase, m.start_at, m.end_at, m.since_at, m.observed, m.expected,
        m.threshold, m.severity, m.decided_at, m.revision
    from features.meter_anomaly m join customers.device d using (device_id)
    where d.tenant = any (access.tenants());
-- When something was measured, and not what: customers are told how much is stored of them.
create view shown.vehicle_time with (security_barrier) as
    select s.device_id, s.observed_at
    from telemetry.vehicle_sample s join customers.device d using (device_id)
    where d.tenant = any (access.tenants());
create view shown.meter_time with (security_barrier) as
    select s.device_id, s.observed_at
    from telemetry.meter_sample s join customers.device d using (device_id)
    where d.tenant = any (access.tenants());
-- Places: of the decided trips of the customer for whom the transaction is, and of nobody else. A
-- trip is theirs whose contract covered the vehicle when it began; where contracts overlap, the one
-- that began last. Only the two views behind it are granted.
create view shown.own_trip as
    select t.device_id, t.start_at, t.end_at
    from features.trip t
    join customers.device d using (device_id)
    join customers.assignment a on a.device_id = t.device_id and a.tenant = d.tenant
        and a.valid_from <= t.start_at and (a.valid_to is null or t.start_at < a.valid_to)
    join customers.contract c on c.tenant = a.tenant and c.vehicle = a.vehicle
        and c.valid_from <= t.start_at and (c.valid_to is null or t.start_at < c.valid_to)
    where d.tenant = any (access.tenants()) and c.customer = access.customer()
        and t.decided_at < '9999-12-31 00:00:00+00'
        and not exists (
            select from customers.contract later
            where later.tenant = c.tenant and later.vehicle = c.vehicle
                and later.valid_from > c.valid_from and later.valid_from <= t.start_at
                and (later.valid_to is null or t.start_at < later.valid_to));
create view shown.vehicle_path with (security_barrier) as
    select t.device_id, t.start_at as trip_start_at, s.observed_at, s.lat_deg, s.lon_deg,
        s.speed_kmh, s.speed_limit_kmh
    from shown.own_trip t join telemetry.vehicle_sample s
        on s.device_id = t.device_id and s.observed_at between t.start_at and t.end_at;
create view shown.event_place with (security_barrier) as
    select t.device_id, t.start_at as trip_start_at, e.kind, e.start_at, e.end_at, e.severity,
        e.duration_s, e.peak_mps2, e.delta_v_kmh, e.speed_kmh, e.excess_kmh, e.decided_at,
        e.lat_deg, e.lon_deg
    from shown.own_trip t join features.driving_event e
        on e.device_id = t.device_id and e.start_at between t.start_at and t.end_at;

-- ── rows of a tenant only ───────────────────────────────────────────────────────────────────────
do $$
declare
    name text;
begin
    foreach name in array array[
        'customers.tenant', 'customers.customer', 'customers.vehicle', 'customers.meter',
        'customers.contract', 'customers.device', 'customers.assignment', 'customers.consent',
        'contacts.decision', 'contacts.receiver', 'contacts.service_case', 'contacts.alert',
        'contacts.alert_change', 'contacts.contact', 'pipeline.signal', 'pipeline.dead_letter',
        'pipeline.ledger', 'access.idempotency', 'access.read_log'] loop
        execute format(
            'create policy tenant on %s to tachowatt_reader using (tenant = any (access.tenants()))',
            name);
    end loop;
    foreach name in array array[
        'customers.tenant', 'customers.customer', 'customers.vehicle', 'customers.meter',
        'customers.contract', 'customers.device', 'customers.assignment', 'customers.consent',
        'contacts.decision', 'contacts.receiver', 'contacts.service_case', 'contacts.alert',
        'contacts.alert_change', 'contacts.contact', 'pipeline.signal', 'pipeline.dead_letter',
        'pipeline.ledger', 'access.idempotency', 'access.read_log', 'contacts.case_entry',
        'contacts.attempt'] loop
        execute format('alter table %s enable row level security', name);
        -- Ingest and contacts work for all tenants; so does who migrates without owning.
        execute format(
            'create policy everything on %s to tachowatt_writer, tachowatt_migrator using (true)',
            name);
    end loop;
end $$;
-- Rows without a tenant of their own are seen with the row that they belong to.
create policy tenant on contacts.case_entry to tachowatt_reader using (exists (
    select from contacts.service_case s where s.case_id = case_entry.case_id));
create policy tenant on contacts.attempt to tachowatt_reader using (exists (
    select from contacts.contact c where c.contact_id = attempt.contact_id));

-- ── reader: API and pages ───────────────────────────────────────────────────────────────────────
grant usage on schema customers, contacts, pipeline, access, shown to tachowatt_reader;
grant select on customers.tenant, customers.customer, customers.vehicle, customers.meter,
    customers.contract, customers.device, customers.assignment, customers.consent,
    customers.version, contacts.playbook, contacts.decision, contacts.receiver,
    contacts.service_case, contacts.case_entry, contacts.alert, contacts.alert_change,
    contacts.contact, contacts.attempt, pipeline.signal, pipeline.dead_letter, pipeline.ledger,
    access.idempotency, access.read_log, public.tachowatt_migration,
    shown.trip, shown.driving_event, shown.meter_interval, shown.meter_day, shown.meter_anomaly,
    shown.vehicle_time, shown.meter_time, shown.vehicle_path, shown.event_place
    to tachowatt_reader;
grant insert on customers.consent, contacts.case_entry, contacts.alert_change, access.read_log,
    access.idempotency to tachowatt_reader;
grant update (version) on customers.version to tachowatt_reader;
grant update (state, acknowledged_at, acknowledged_by, resolved_at, resolved_by, resolution,
    feedback, feedback_reason, updated_at, version) on contacts.alert to tachowatt_reader;
grant update (state, owner, resolution, resolved_at, updated_at, version)
    on contacts.service_case to tachowatt_reader;
grant update (state, reason, retry_from, next_attempt_at, finished_at, claimed_by, read_at)
    on contacts.contact to tachowatt_reader;
grant update (fingerprint, status, headers, body, created_at)
    on access.idempotency to tachowatt_reader;

-- ── writer: ingest and contacts ─────────────────────────────────────────────────────────────────
grant usage on schema customers, telemetry, features, pipeline, contacts, access, shown
    to tachowatt_writer;
grant select, insert, update, delete on all tables in schema telemetry, features, pipeline
    to tachowatt_writer;
alter default privileges in schema telemetry, features, pipeline
    grant select, insert, update, delete on tables to tachowatt_writer; -- of later migrations
revoke insert, update, delete on pipeline.layout from tachowatt_writer;
grant update (secured_at) on pipeline.layout to tachowatt_writer;
grant select, insert, update, delete on contacts.playbook, contacts.decision, contacts.score_told,
    contacts.receiver, contacts.service_case, contacts.case_entry, contacts.alert,
    contacts.alert_change, contacts.contact, contacts.attempt to tachowatt_writer;
grant select on contacts.receiver_secret to tachowatt_writer;
grant usage on sequence contacts.worker to tachowatt_writer;
grant select on all tables in schema customers to tachowatt_writer;
grant select on public.tachowatt_migration, shown.trip to tachowatt_writer;

-- ── migrator ────────────────────────────────────────────────────────────────────────────────────
-- May make new things and work on all rows. What is there already can be changed by its owner, who
-- is the login of the first migration: docs/roles.md says how others become as good.
grant usage, create on schema customers, telemetry, features, pipeline, contacts, access, shown,
    rollup to tachowatt_migrator;
grant all on all tables in schema customers, telemetry, features, pipeline, contacts, access, shown,
    public to tachowatt_migrator;
grant all on all sequences in schema customers, telemetry, features, pipeline, contacts, access
    to tachowatt_migrator;

-- ── questions whose cost must follow the answer and not the history ─────────────────────────────
create index alert_waiting on contacts.alert (tenant) where state <> 'resolved' and not retracted;
create index alert_by_kind on contacts.alert (tenant, kind, happened_at desc, alert_id desc);
create index case_waiting on contacts.service_case (tenant, side) where state <> 'resolved';
create index case_by_state on contacts.service_case (tenant, state, opened_at desc, case_id desc);
create index case_of_owner on contacts.service_case (tenant, owner, opened_at desc, case_id desc)
    where owner is not null;
create index dead_letter_of_tenant on pipeline.dead_letter (tenant, state, dead_letter_id);
