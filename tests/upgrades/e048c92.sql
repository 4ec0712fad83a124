--
-- PostgreSQL database dump
--


-- Dumped from database version 18.6
-- Dumped by pg_dump version 18.6

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET transaction_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

--
-- Name: access; Type: SCHEMA; Schema: -; Owner: -
--

CREATE SCHEMA access;


--
-- Name: contacts; Type: SCHEMA; Schema: -; Owner: -
--

CREATE SCHEMA contacts;


--
-- Name: customers; Type: SCHEMA; Schema: -; Owner: -
--

CREATE SCHEMA customers;


--
-- Name: features; Type: SCHEMA; Schema: -; Owner: -
--

CREATE SCHEMA features;


--
-- Name: pipeline; Type: SCHEMA; Schema: -; Owner: -
--

CREATE SCHEMA pipeline;


--
-- Name: rollup; Type: SCHEMA; Schema: -; Owner: -
--

CREATE SCHEMA rollup;


--
-- Name: shown; Type: SCHEMA; Schema: -; Owner: -
--

CREATE SCHEMA shown;


--
-- Name: telemetry; Type: SCHEMA; Schema: -; Owner: -
--

CREATE SCHEMA telemetry;


--
-- Name: close_session(bytea); Type: FUNCTION; Schema: access; Owner: -
--

CREATE FUNCTION access.close_session(token_hash bytea) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$ delete from access.session where hash = token_hash $$;


--
-- Name: customer(); Type: FUNCTION; Schema: access; Owner: -
--

CREATE FUNCTION access.customer() RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ select nullif(current_setting('tachowatt.customer', true), '') $$;


--
-- Name: forget_expired(timestamp with time zone, timestamp with time zone); Type: FUNCTION; Schema: access; Owner: -
--

CREATE FUNCTION access.forget_expired(at timestamp with time zone, answers_before timestamp with time zone) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$ delete from access.session where expires_at <= at;
   delete from access.idempotency where created_at <= answers_before $$;


SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: api_key; Type: TABLE; Schema: access; Owner: -
--

CREATE TABLE access.api_key (
    key_id text NOT NULL,
    tenant text NOT NULL,
    role text NOT NULL,
    customer text,
    name text NOT NULL,
    hash bytea NOT NULL,
    scopes text[] NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone,
    revoked_at timestamp with time zone,
    last_used_at timestamp with time zone,
    CONSTRAINT api_key_check CHECK (((role = 'customer'::text) = (customer IS NOT NULL))),
    CONSTRAINT api_key_role_check CHECK ((role = ANY (ARRAY['insurer'::text, 'utility'::text, 'agent'::text, 'customer'::text, 'operator'::text])))
);


--
-- Name: key_of(text); Type: FUNCTION; Schema: access; Owner: -
--

CREATE FUNCTION access.key_of(id text) RETURNS SETOF access.api_key
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$ select * from access.api_key where key_id = id $$;


--
-- Name: key_used(text, timestamp with time zone, timestamp with time zone); Type: FUNCTION; Schema: access; Owner: -
--

CREATE FUNCTION access.key_used(id text, at timestamp with time zone, unless_after timestamp with time zone) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$ update access.api_key set last_used_at = at
   where key_id = id and (last_used_at is null or last_used_at <= unless_after) $$;


--
-- Name: open_session(bytea, text, text, timestamp with time zone, timestamp with time zone); Type: FUNCTION; Schema: access; Owner: -
--

CREATE FUNCTION access.open_session(token_hash bytea, id text, csrf text, at timestamp with time zone, until timestamp with time zone) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$ insert into access.session (hash, key_id, csrf, created_at, expires_at)
   values (token_hash, id, csrf, at, until) $$;


--
-- Name: session; Type: TABLE; Schema: access; Owner: -
--

CREATE TABLE access.session (
    hash bytea NOT NULL,
    key_id text NOT NULL,
    csrf text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL
);


--
-- Name: session_of(bytea, timestamp with time zone); Type: FUNCTION; Schema: access; Owner: -
--

CREATE FUNCTION access.session_of(token_hash bytea, at timestamp with time zone) RETURNS SETOF access.session
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$ select * from access.session where hash = token_hash and expires_at > at $$;


--
-- Name: tenants(); Type: FUNCTION; Schema: access; Owner: -
--

CREATE FUNCTION access.tenants() RETURNS text[]
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ select nullif(current_setting('tachowatt.tenants', true), '')::text[] $$;


--
-- Name: refuse_change(); Type: FUNCTION; Schema: customers; Owner: -
--

CREATE FUNCTION customers.refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    raise exception 'customers.consent is append-only: record a new decision instead';
end $$;


--
-- Name: drop_old_samples(integer, jsonb); Type: PROCEDURE; Schema: pipeline; Owner: -
--

CREATE PROCEDURE pipeline.drop_old_samples(IN job_id integer, IN config jsonb)
    LANGUAGE plpgsql
    AS $$
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


--
-- Name: _note_interval(); Type: FUNCTION; Schema: rollup; Owner: -
--

CREATE FUNCTION rollup._note_interval() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$ begin insert into rollup._interval_dirty select distinct device_id, date_bin('1 day', start_at, '1970-01-01 00:00:00+00') from changed; return null; end $$;


--
-- Name: _note_trip(); Type: FUNCTION; Schema: rollup; Owner: -
--

CREATE FUNCTION rollup._note_trip() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$ begin insert into rollup._trip_dirty select distinct device_id, date_bin('1 day', start_at, '1970-01-01 00:00:00+00') from changed; return null; end $$;


--
-- Name: idempotency; Type: TABLE; Schema: access; Owner: -
--

CREATE TABLE access.idempotency (
    key_id text NOT NULL,
    key text NOT NULL,
    fingerprint bytea NOT NULL,
    status integer,
    headers jsonb,
    body bytea,
    created_at timestamp with time zone NOT NULL,
    tenant text NOT NULL
);


--
-- Name: read_log; Type: TABLE; Schema: access; Owner: -
--

CREATE TABLE access.read_log (
    read_id bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    tenant text NOT NULL,
    customer text NOT NULL,
    key_id text NOT NULL,
    role text NOT NULL,
    reader text NOT NULL,
    what text NOT NULL,
    why text NOT NULL,
    request_id text NOT NULL
);


--
-- Name: read_log_read_id_seq; Type: SEQUENCE; Schema: access; Owner: -
--

ALTER TABLE access.read_log ALTER COLUMN read_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME access.read_log_read_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: alert; Type: TABLE; Schema: contacts; Owner: -
--

CREATE TABLE contacts.alert (
    alert_id text NOT NULL,
    tenant text NOT NULL,
    kind text NOT NULL,
    severity integer NOT NULL,
    subject text,
    customer text,
    happened_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    detected_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    observed double precision,
    expected double precision,
    threshold double precision,
    unit text NOT NULL,
    revision integer NOT NULL,
    cleared boolean DEFAULT false NOT NULL,
    retracted boolean DEFAULT false NOT NULL,
    state text DEFAULT 'open'::text NOT NULL,
    acknowledged_at timestamp with time zone,
    acknowledged_by text,
    resolved_at timestamp with time zone,
    resolved_by text,
    resolution text,
    feedback text,
    feedback_reason text,
    case_id text,
    version integer DEFAULT 1 NOT NULL,
    CONSTRAINT alert_state_check CHECK ((state = ANY (ARRAY['open'::text, 'acknowledged'::text, 'resolved'::text])))
);


--
-- Name: alert_change; Type: TABLE; Schema: contacts; Owner: -
--

CREATE TABLE contacts.alert_change (
    sequence bigint NOT NULL,
    tenant text NOT NULL,
    alert_id text NOT NULL,
    at timestamp with time zone NOT NULL,
    what text NOT NULL
);


--
-- Name: alert_change_sequence_seq; Type: SEQUENCE; Schema: contacts; Owner: -
--

ALTER TABLE contacts.alert_change ALTER COLUMN sequence ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME contacts.alert_change_sequence_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: attempt; Type: TABLE; Schema: contacts; Owner: -
--

CREATE TABLE contacts.attempt (
    contact_id text NOT NULL,
    number integer NOT NULL,
    at timestamp with time zone NOT NULL,
    outcome text NOT NULL,
    status integer,
    detail text DEFAULT ''::text NOT NULL,
    duration_ms integer NOT NULL
);


--
-- Name: case_entry; Type: TABLE; Schema: contacts; Owner: -
--

CREATE TABLE contacts.case_entry (
    entry_id bigint NOT NULL,
    case_id text NOT NULL,
    at timestamp with time zone NOT NULL,
    author text NOT NULL,
    kind text NOT NULL,
    text text NOT NULL,
    CONSTRAINT case_entry_kind_check CHECK ((kind = ANY (ARRAY['note'::text, 'state'::text, 'owner'::text, 'signal'::text])))
);


--
-- Name: case_entry_entry_id_seq; Type: SEQUENCE; Schema: contacts; Owner: -
--

ALTER TABLE contacts.case_entry ALTER COLUMN entry_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME contacts.case_entry_entry_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: contact; Type: TABLE; Schema: contacts; Owner: -
--

CREATE TABLE contacts.contact (
    contact_id text NOT NULL,
    tenant text NOT NULL,
    customer text,
    channel text NOT NULL,
    receiver_id bigint,
    address text,
    purpose text,
    language text DEFAULT 'en'::text NOT NULL,
    type text NOT NULL,
    subject text DEFAULT ''::text NOT NULL,
    body text DEFAULT ''::text NOT NULL,
    payload jsonb,
    urgent boolean DEFAULT false NOT NULL,
    signal_id text,
    signal_revision integer,
    playbook text NOT NULL,
    treatment text NOT NULL,
    case_id text,
    alert_id text,
    state text DEFAULT 'pending'::text NOT NULL,
    reason text DEFAULT ''::text NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    retry_from integer DEFAULT 0 NOT NULL,
    created_at timestamp with time zone NOT NULL,
    next_attempt_at timestamp with time zone,
    first_attempt_at timestamp with time zone,
    delivered_at timestamp with time zone,
    finished_at timestamp with time zone,
    read_at timestamp with time zone,
    claimed_by integer,
    CONSTRAINT contact_channel_check CHECK ((channel = ANY (ARRAY['webhook'::text, 'inbox'::text, 'email'::text]))),
    CONSTRAINT contact_state_check CHECK ((state = ANY (ARRAY['pending'::text, 'delivered'::text, 'failed'::text, 'refused'::text, 'cancelled'::text])))
);


--
-- Name: decision; Type: TABLE; Schema: contacts; Owner: -
--

CREATE TABLE contacts.decision (
    decision_id bigint NOT NULL,
    tenant text NOT NULL,
    signal_id text NOT NULL,
    signal_revision integer NOT NULL,
    signal_type text NOT NULL,
    subject text,
    customer text,
    playbook text NOT NULL,
    digest text NOT NULL,
    treatment text DEFAULT ''::text NOT NULL,
    outcome text NOT NULL,
    reason text NOT NULL,
    detail text DEFAULT ''::text NOT NULL,
    decided_at timestamp with time zone NOT NULL,
    CONSTRAINT decision_outcome_check CHECK ((outcome = ANY (ARRAY['contact'::text, 'case'::text, 'nothing'::text])))
);


--
-- Name: decision_decision_id_seq; Type: SEQUENCE; Schema: contacts; Owner: -
--

ALTER TABLE contacts.decision ALTER COLUMN decision_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME contacts.decision_decision_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: playbook; Type: TABLE; Schema: contacts; Owner: -
--

CREATE TABLE contacts.playbook (
    playbook text NOT NULL,
    digest text NOT NULL,
    text text NOT NULL,
    file text NOT NULL,
    error text,
    loaded_at timestamp with time zone NOT NULL,
    active boolean DEFAULT true NOT NULL
);


--
-- Name: receiver; Type: TABLE; Schema: contacts; Owner: -
--

CREATE TABLE contacts.receiver (
    receiver_id bigint NOT NULL,
    tenant text NOT NULL,
    name text NOT NULL,
    audience text NOT NULL,
    url text NOT NULL,
    state text DEFAULT 'active'::text NOT NULL,
    reason text DEFAULT ''::text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT receiver_audience_check CHECK ((audience = ANY (ARRAY['insurer'::text, 'utility'::text]))),
    CONSTRAINT receiver_state_check CHECK ((state = ANY (ARRAY['active'::text, 'disabled'::text])))
);


--
-- Name: receiver_receiver_id_seq; Type: SEQUENCE; Schema: contacts; Owner: -
--

ALTER TABLE contacts.receiver ALTER COLUMN receiver_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME contacts.receiver_receiver_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: receiver_secret; Type: TABLE; Schema: contacts; Owner: -
--

CREATE TABLE contacts.receiver_secret (
    secret_id bigint NOT NULL,
    receiver_id bigint NOT NULL,
    secret text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone
);


--
-- Name: receiver_secret_secret_id_seq; Type: SEQUENCE; Schema: contacts; Owner: -
--

ALTER TABLE contacts.receiver_secret ALTER COLUMN secret_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME contacts.receiver_secret_secret_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: score_told; Type: TABLE; Schema: contacts; Owner: -
--

CREATE TABLE contacts.score_told (
    tenant text NOT NULL,
    customer text NOT NULL,
    score double precision NOT NULL,
    band text NOT NULL,
    told_at timestamp with time zone NOT NULL
);


--
-- Name: service_case; Type: TABLE; Schema: contacts; Owner: -
--

CREATE TABLE contacts.service_case (
    case_id text NOT NULL,
    tenant text NOT NULL,
    side text NOT NULL,
    kind text NOT NULL,
    title jsonb NOT NULL,
    urgent boolean DEFAULT false NOT NULL,
    customer text,
    subject text,
    signal_id text NOT NULL,
    playbook text NOT NULL,
    state text DEFAULT 'open'::text NOT NULL,
    owner text,
    resolution text,
    deadline timestamp with time zone,
    opened_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    resolved_at timestamp with time zone,
    version integer DEFAULT 1 NOT NULL,
    CONSTRAINT service_case_side_check CHECK ((side = ANY (ARRAY['insurer'::text, 'utility'::text]))),
    CONSTRAINT service_case_state_check CHECK ((state = ANY (ARRAY['open'::text, 'in_progress'::text, 'resolved'::text])))
);


--
-- Name: worker; Type: SEQUENCE; Schema: contacts; Owner: -
--

CREATE SEQUENCE contacts.worker
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


--
-- Name: assignment; Type: TABLE; Schema: customers; Owner: -
--

CREATE TABLE customers.assignment (
    device_id bigint NOT NULL,
    tenant text NOT NULL,
    vehicle text,
    meter text,
    valid_from timestamp with time zone NOT NULL,
    valid_to timestamp with time zone,
    CONSTRAINT assignment_check CHECK (((vehicle IS NULL) <> (meter IS NULL))),
    CONSTRAINT assignment_check1 CHECK (((valid_to IS NULL) OR (valid_to > valid_from)))
);


--
-- Name: consent; Type: TABLE; Schema: customers; Owner: -
--

CREATE TABLE customers.consent (
    consent_id bigint NOT NULL,
    tenant text NOT NULL,
    customer text NOT NULL,
    purpose text NOT NULL,
    state text NOT NULL,
    legal_basis text NOT NULL,
    notice_version text NOT NULL,
    source text NOT NULL,
    decided_at timestamp with time zone NOT NULL,
    recorded_at timestamp with time zone NOT NULL,
    CONSTRAINT consent_state_check CHECK ((state = ANY (ARRAY['granted'::text, 'withdrawn'::text])))
);


--
-- Name: consent_consent_id_seq; Type: SEQUENCE; Schema: customers; Owner: -
--

ALTER TABLE customers.consent ALTER COLUMN consent_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME customers.consent_consent_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: contract; Type: TABLE; Schema: customers; Owner: -
--

CREATE TABLE customers.contract (
    tenant text NOT NULL,
    contract text NOT NULL,
    customer text NOT NULL,
    kind text NOT NULL,
    vehicle text,
    meter text,
    valid_from timestamp with time zone NOT NULL,
    valid_to timestamp with time zone,
    CONSTRAINT contract_check CHECK (((vehicle IS NULL) <> (meter IS NULL))),
    CONSTRAINT contract_check1 CHECK (((valid_to IS NULL) OR (valid_to > valid_from))),
    CONSTRAINT contract_kind_check CHECK ((kind = ANY (ARRAY['motor'::text, 'electricity'::text])))
);


--
-- Name: customer; Type: TABLE; Schema: customers; Owner: -
--

CREATE TABLE customers.customer (
    tenant text NOT NULL,
    customer text NOT NULL,
    name text NOT NULL,
    language text DEFAULT 'en'::text NOT NULL,
    email text
);


--
-- Name: device; Type: TABLE; Schema: customers; Owner: -
--

CREATE TABLE customers.device (
    device_id bigint NOT NULL,
    tenant text NOT NULL,
    device text NOT NULL,
    kind text NOT NULL,
    dialect text NOT NULL,
    address text NOT NULL,
    CONSTRAINT device_kind_check CHECK ((kind = ANY (ARRAY['vehicle'::text, 'meter'::text])))
);


--
-- Name: device_device_id_seq; Type: SEQUENCE; Schema: customers; Owner: -
--

ALTER TABLE customers.device ALTER COLUMN device_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME customers.device_device_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: meter; Type: TABLE; Schema: customers; Owner: -
--

CREATE TABLE customers.meter (
    tenant text NOT NULL,
    meter text NOT NULL,
    number text,
    interval_s integer DEFAULT 900 NOT NULL,
    timezone text,
    register_digits integer DEFAULT 6 NOT NULL,
    CONSTRAINT meter_interval_s_check CHECK (((interval_s >= 1) AND (interval_s <= 2764800))),
    CONSTRAINT meter_register_digits_check CHECK (((register_digits >= 1) AND (register_digits <= 12)))
);


--
-- Name: tenant; Type: TABLE; Schema: customers; Owner: -
--

CREATE TABLE customers.tenant (
    tenant text NOT NULL,
    name text NOT NULL,
    timezone text DEFAULT 'UTC'::text NOT NULL
);


--
-- Name: vehicle; Type: TABLE; Schema: customers; Owner: -
--

CREATE TABLE customers.vehicle (
    tenant text NOT NULL,
    vehicle text NOT NULL,
    name text NOT NULL
);


--
-- Name: version; Type: TABLE; Schema: customers; Owner: -
--

CREATE TABLE customers.version (
    version bigint NOT NULL
);


--
-- Name: driving_event; Type: TABLE; Schema: features; Owner: -
--

CREATE TABLE features.driving_event (
    device_id bigint NOT NULL,
    kind bigint NOT NULL,
    start_at timestamp with time zone NOT NULL,
    end_at timestamp with time zone NOT NULL,
    decided_at timestamp with time zone NOT NULL,
    severity bigint NOT NULL,
    trip_start_at timestamp with time zone,
    duration_s double precision,
    peak_mps2 double precision,
    delta_v_kmh double precision,
    speed_kmh double precision,
    excess_kmh double precision,
    speed_limit_kmh double precision,
    lat_deg double precision,
    lon_deg double precision,
    revision bigint NOT NULL
);


--
-- Name: meter_anomaly; Type: TABLE; Schema: features; Owner: -
--

CREATE TABLE features.meter_anomaly (
    device_id bigint NOT NULL,
    kind bigint NOT NULL,
    phase bigint NOT NULL,
    start_at timestamp with time zone NOT NULL,
    end_at timestamp with time zone,
    since_at timestamp with time zone,
    observed double precision,
    expected double precision,
    threshold double precision,
    severity bigint NOT NULL,
    decided_at timestamp with time zone NOT NULL,
    revision bigint NOT NULL
);


--
-- Name: meter_day; Type: TABLE; Schema: features; Owner: -
--

CREATE TABLE features.meter_day (
    device_id bigint NOT NULL,
    day bigint NOT NULL,
    date date GENERATED ALWAYS AS (('1970-01-01'::date + (day)::integer)) STORED,
    start_at timestamp with time zone NOT NULL,
    energy_kwh double precision,
    estimated_kwh double precision,
    expected bigint NOT NULL,
    present bigint NOT NULL,
    estimated bigint NOT NULL,
    min_w double precision,
    max_w double precision,
    peak_at timestamp with time zone,
    floor_w double precision,
    base_load_w double precision,
    night_share double precision,
    decided_at timestamp with time zone NOT NULL,
    revision bigint NOT NULL
);


--
-- Name: meter_interval; Type: TABLE; Schema: features; Owner: -
--

CREATE TABLE features.meter_interval (
    device_id bigint NOT NULL,
    start_at timestamp with time zone NOT NULL,
    end_at timestamp with time zone NOT NULL,
    energy_kwh double precision,
    status bigint NOT NULL,
    estimated bigint NOT NULL,
    decided_at timestamp with time zone NOT NULL,
    revision bigint NOT NULL
);


--
-- Name: trip; Type: TABLE; Schema: features; Owner: -
--

CREATE TABLE features.trip (
    device_id bigint NOT NULL,
    start_at timestamp with time zone NOT NULL,
    end_at timestamp with time zone NOT NULL,
    decided_at timestamp with time zone NOT NULL,
    end_reason bigint NOT NULL,
    distance_m double precision,
    driving_s double precision,
    idle_s double precision,
    night_s double precision,
    rush_s double precision,
    speeding_s double precision,
    speed_limited_s double precision,
    measured_s double precision,
    sample_count bigint NOT NULL,
    rejected_count bigint NOT NULL,
    max_speed_kmh double precision,
    speeding_count bigint NOT NULL,
    crash bigint NOT NULL,
    harsh_braking bigint[] NOT NULL,
    harsh_acceleration bigint[] NOT NULL,
    harsh_cornering bigint[] NOT NULL,
    accel_p95_mps2 double precision,
    speed_p95_kmh double precision,
    start_lat_deg double precision,
    start_lon_deg double precision,
    end_lat_deg double precision,
    end_lon_deg double precision,
    accel_hist_s double precision[] NOT NULL,
    speed_hist_s double precision[] NOT NULL,
    ratio_hist_s double precision[] NOT NULL,
    revision bigint NOT NULL
);


--
-- Name: checkpoint; Type: TABLE; Schema: pipeline; Owner: -
--

CREATE TABLE pipeline.checkpoint (
    device_id bigint NOT NULL,
    as_of timestamp with time zone NOT NULL,
    carry_version integer NOT NULL,
    carry bytea NOT NULL
);


--
-- Name: computed_with; Type: TABLE; Schema: pipeline; Owner: -
--

CREATE TABLE pipeline.computed_with (
    device_id bigint NOT NULL,
    parameters text NOT NULL
);


--
-- Name: signal; Type: TABLE; Schema: pipeline; Owner: -
--

CREATE TABLE pipeline.signal (
    id text NOT NULL,
    revision integer NOT NULL,
    sequence bigint NOT NULL,
    tenant text NOT NULL,
    device_id bigint,
    type text NOT NULL,
    subject text,
    "time" timestamp with time zone NOT NULL,
    data jsonb NOT NULL,
    created_at timestamp with time zone NOT NULL
);


--
-- Name: current_signal; Type: VIEW; Schema: pipeline; Owner: -
--

CREATE VIEW pipeline.current_signal AS
 SELECT DISTINCT ON (id) id,
    revision,
    sequence,
    tenant,
    device_id,
    type,
    subject,
    "time",
    data,
    created_at
   FROM pipeline.signal
  ORDER BY id, revision DESC;


--
-- Name: dead_letter; Type: TABLE; Schema: pipeline; Owner: -
--

CREATE TABLE pipeline.dead_letter (
    dead_letter_id bigint NOT NULL,
    tenant text NOT NULL,
    dialect text NOT NULL,
    topic text NOT NULL,
    content_type text,
    body bytea NOT NULL,
    received_at timestamp with time zone NOT NULL,
    partition integer NOT NULL,
    log_offset bigint NOT NULL,
    reason text NOT NULL,
    detail text NOT NULL,
    state text DEFAULT 'open'::text NOT NULL,
    retried_at timestamp with time zone,
    outcome text,
    user_properties jsonb,
    expiry_s bigint,
    home integer DEFAULT 0 NOT NULL,
    CONSTRAINT dead_letter_state_check CHECK ((state = ANY (ARRAY['open'::text, 'retry'::text, 'retried'::text])))
);


--
-- Name: dead_letter_dead_letter_id_seq; Type: SEQUENCE; Schema: pipeline; Owner: -
--

ALTER TABLE pipeline.dead_letter ALTER COLUMN dead_letter_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME pipeline.dead_letter_dead_letter_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: device_seq; Type: TABLE; Schema: pipeline; Owner: -
--

CREATE TABLE pipeline.device_seq (
    address text NOT NULL,
    run bigint NOT NULL,
    through bigint NOT NULL,
    ahead bigint[] NOT NULL
)
WITH (fillfactor='50');


--
-- Name: layout; Type: TABLE; Schema: pipeline; Owner: -
--

CREATE TABLE pipeline.layout (
    one boolean DEFAULT true NOT NULL,
    engine text NOT NULL,
    rollup_zone text,
    rollup_form integer,
    secured_at timestamp with time zone,
    dropped_at timestamp with time zone,
    arranged_at timestamp with time zone NOT NULL,
    CONSTRAINT layout_engine_check CHECK ((engine = ANY (ARRAY['timescale'::text, 'plain'::text]))),
    CONSTRAINT layout_one_check CHECK (one)
);


--
-- Name: ledger; Type: TABLE; Schema: pipeline; Owner: -
--

CREATE TABLE pipeline.ledger (
    tenant text NOT NULL,
    dialect text NOT NULL,
    received bigint DEFAULT 0 NOT NULL,
    stored bigint DEFAULT 0 NOT NULL,
    duplicate bigint DEFAULT 0 NOT NULL,
    dead_lettered bigint DEFAULT 0 NOT NULL,
    refused bigint DEFAULT 0 NOT NULL,
    samples_received bigint DEFAULT 0 NOT NULL,
    samples_stored bigint DEFAULT 0 NOT NULL,
    samples_merged bigint DEFAULT 0 NOT NULL,
    samples_duplicate bigint DEFAULT 0 NOT NULL,
    samples_refused bigint DEFAULT 0 NOT NULL,
    partition integer DEFAULT 0 NOT NULL
);


--
-- Name: log; Type: TABLE; Schema: pipeline; Owner: -
--

CREATE TABLE pipeline.log (
    one boolean DEFAULT true NOT NULL,
    kind text NOT NULL,
    topic text,
    cluster_id text,
    partitions integer NOT NULL,
    counted_before bigint DEFAULT 0 NOT NULL,
    chosen_at timestamp with time zone NOT NULL,
    CONSTRAINT log_kind_check CHECK ((kind = ANY (ARRAY['direct'::text, 'kafka'::text]))),
    CONSTRAINT log_one_check CHECK (one),
    CONSTRAINT log_partitions_check CHECK ((partitions > 0))
);


--
-- Name: partition; Type: TABLE; Schema: pipeline; Owner: -
--

CREATE TABLE pipeline.partition (
    partition integer NOT NULL,
    next_offset bigint NOT NULL,
    begin_offset bigint DEFAULT 0 NOT NULL,
    secured_at timestamp with time zone,
    stopped_because text
);


--
-- Name: publication; Type: TABLE; Schema: pipeline; Owner: -
--

CREATE TABLE pipeline.publication (
    publication_id bigint NOT NULL,
    kind text NOT NULL,
    ref bigint NOT NULL,
    CONSTRAINT publication_kind_check CHECK ((kind = ANY (ARRAY['signal'::text, 'dead_letter'::text])))
);


--
-- Name: publication_publication_id_seq; Type: SEQUENCE; Schema: pipeline; Owner: -
--

ALTER TABLE pipeline.publication ALTER COLUMN publication_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME pipeline.publication_publication_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: reconcile; Type: TABLE; Schema: pipeline; Owner: -
--

CREATE TABLE pipeline.reconcile (
    device_id bigint NOT NULL,
    from_at timestamp with time zone NOT NULL,
    until_at timestamp with time zone NOT NULL,
    requested_at timestamp with time zone NOT NULL
);


--
-- Name: signal_queue; Type: TABLE; Schema: pipeline; Owner: -
--

CREATE TABLE pipeline.signal_queue (
    sequence bigint NOT NULL
);


--
-- Name: signal_sequence_seq; Type: SEQUENCE; Schema: pipeline; Owner: -
--

ALTER TABLE pipeline.signal ALTER COLUMN sequence ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME pipeline.signal_sequence_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: tachowatt_migration; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.tachowatt_migration (
    version integer NOT NULL,
    name text NOT NULL,
    digest text NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL
);


--
-- Name: _interval_dirty; Type: TABLE; Schema: rollup; Owner: -
--

CREATE TABLE rollup._interval_dirty (
    device_id bigint NOT NULL,
    day timestamp with time zone NOT NULL
);


--
-- Name: _meter_day; Type: TABLE; Schema: rollup; Owner: -
--

CREATE TABLE rollup._meter_day (
    device_id bigint NOT NULL,
    day timestamp with time zone NOT NULL,
    energy_kwh double precision,
    estimated_kwh double precision,
    max_w double precision,
    intervals bigint,
    measured bigint,
    estimated bigint,
    missing bigint
);


--
-- Name: _meter_hour; Type: TABLE; Schema: rollup; Owner: -
--

CREATE TABLE rollup._meter_hour (
    device_id bigint NOT NULL,
    hour timestamp with time zone NOT NULL,
    energy_kwh double precision,
    estimated_kwh double precision,
    max_w double precision,
    intervals bigint,
    measured bigint,
    estimated bigint,
    missing bigint
);


--
-- Name: _meter_month; Type: TABLE; Schema: rollup; Owner: -
--

CREATE TABLE rollup._meter_month (
    device_id bigint NOT NULL,
    month timestamp with time zone NOT NULL,
    energy_kwh double precision,
    estimated_kwh double precision,
    max_w double precision,
    intervals bigint,
    measured bigint,
    estimated bigint,
    missing bigint
);


--
-- Name: _trip_dirty; Type: TABLE; Schema: rollup; Owner: -
--

CREATE TABLE rollup._trip_dirty (
    device_id bigint NOT NULL,
    day timestamp with time zone NOT NULL
);


--
-- Name: _vehicle_day; Type: TABLE; Schema: rollup; Owner: -
--

CREATE TABLE rollup._vehicle_day (
    device_id bigint NOT NULL,
    day timestamp with time zone NOT NULL,
    trips bigint,
    distance_m double precision,
    driving_s double precision,
    idle_s double precision,
    night_s double precision,
    rush_s double precision,
    speeding_s double precision,
    harsh_braking bigint,
    harsh_acceleration bigint,
    harsh_cornering bigint,
    crashes bigint,
    max_speed_kmh double precision
);


--
-- Name: meter_day; Type: VIEW; Schema: rollup; Owner: -
--

CREATE VIEW rollup.meter_day AS
 SELECT s.device_id,
    s.day,
    s.energy_kwh,
    s.estimated_kwh,
    s.max_w,
    s.intervals,
    s.measured,
    s.estimated,
    s.missing
   FROM rollup._meter_day s
  WHERE (NOT (EXISTS ( SELECT
           FROM rollup._interval_dirty d
          WHERE ((d.device_id = s.device_id) AND (d.day > (s.day - '24:00:00'::interval)) AND (d.day < date_trunc('day'::text, (s.day + '26:00:00'::interval), 'UTC'::text))))))
UNION ALL
 SELECT b.device_id,
    b.day,
    a.energy_kwh,
    a.estimated_kwh,
    a.max_w,
    a.intervals,
    a.measured,
    a.estimated,
    a.missing
   FROM (( SELECT DISTINCT d.device_id,
            date_trunc('day'::text, (d.day + o.o), 'UTC'::text) AS day
           FROM (rollup._interval_dirty d
             CROSS JOIN unnest(ARRAY['00:00:00'::interval, '12:00:00'::interval, '23:59:59.999999'::interval]) o(o))) b
     CROSS JOIN LATERAL ( SELECT (sum((f.energy_kwh)::numeric) FILTER (WHERE ((NOT ((f.energy_kwh IS NULL) OR (f.status <= 1))) AND (NOT ((NOT ((f.energy_kwh IS NULL) OR (f.status <= 1))) AND ((f.status < 6) OR (f.estimated > 0)))))))::double precision AS energy_kwh,
            (sum((f.energy_kwh)::numeric) FILTER (WHERE ((NOT ((f.energy_kwh IS NULL) OR (f.status <= 1))) AND ((f.status < 6) OR (f.estimated > 0)))))::double precision AS estimated_kwh,
            max(((f.energy_kwh * (3600000.0)::double precision) / (EXTRACT(epoch FROM (f.end_at - f.start_at)))::double precision)) FILTER (WHERE ((NOT ((f.energy_kwh IS NULL) OR (f.status <= 1))) AND (NOT ((NOT ((f.energy_kwh IS NULL) OR (f.status <= 1))) AND ((f.status < 6) OR (f.estimated > 0)))) AND (f.end_at > f.start_at))) AS max_w,
            count(*) AS intervals,
            count(*) FILTER (WHERE ((NOT ((f.energy_kwh IS NULL) OR (f.status <= 1))) AND (NOT ((NOT ((f.energy_kwh IS NULL) OR (f.status <= 1))) AND ((f.status < 6) OR (f.estimated > 0)))))) AS measured,
            count(*) FILTER (WHERE ((NOT ((f.energy_kwh IS NULL) OR (f.status <= 1))) AND ((f.status < 6) OR (f.estimated > 0)))) AS estimated,
            count(*) FILTER (WHERE ((f.energy_kwh IS NULL) OR (f.status <= 1))) AS missing
           FROM features.meter_interval f
          WHERE ((f.device_id = b.device_id) AND (f.start_at >= b.day) AND (f.start_at < date_trunc('day'::text, (b.day + '26:00:00'::interval), 'UTC'::text)) AND (f.decided_at < '9999-12-31 00:00:00+00'::timestamp with time zone))
         HAVING (count(*) > 0)) a);


--
-- Name: meter_hour; Type: VIEW; Schema: rollup; Owner: -
--

CREATE VIEW rollup.meter_hour AS
 SELECT s.device_id,
    s.hour,
    s.energy_kwh,
    s.estimated_kwh,
    s.max_w,
    s.intervals,
    s.measured,
    s.estimated,
    s.missing
   FROM rollup._meter_hour s
  WHERE (NOT (EXISTS ( SELECT
           FROM rollup._interval_dirty d
          WHERE ((d.device_id = s.device_id) AND (d.day > (s.hour - '24:00:00'::interval)) AND (d.day < date_trunc('hour'::text, (s.hour + '01:00:00'::interval), 'UTC'::text))))))
UNION ALL
 SELECT b.device_id,
    a.hour,
    a.energy_kwh,
    a.estimated_kwh,
    a.max_w,
    a.intervals,
    a.measured,
    a.estimated,
    a.missing
   FROM (( SELECT DISTINCT d.device_id,
            d.day
           FROM rollup._interval_dirty d) b
     CROSS JOIN LATERAL ( SELECT date_trunc('hour'::text, f.start_at, 'UTC'::text) AS hour,
            (sum((f.energy_kwh)::numeric) FILTER (WHERE ((NOT ((f.energy_kwh IS NULL) OR (f.status <= 1))) AND (NOT ((NOT ((f.energy_kwh IS NULL) OR (f.status <= 1))) AND ((f.status < 6) OR (f.estimated > 0)))))))::double precision AS energy_kwh,
            (sum((f.energy_kwh)::numeric) FILTER (WHERE ((NOT ((f.energy_kwh IS NULL) OR (f.status <= 1))) AND ((f.status < 6) OR (f.estimated > 0)))))::double precision AS estimated_kwh,
            max(((f.energy_kwh * (3600000.0)::double precision) / (EXTRACT(epoch FROM (f.end_at - f.start_at)))::double precision)) FILTER (WHERE ((NOT ((f.energy_kwh IS NULL) OR (f.status <= 1))) AND (NOT ((NOT ((f.energy_kwh IS NULL) OR (f.status <= 1))) AND ((f.status < 6) OR (f.estimated > 0)))) AND (f.end_at > f.start_at))) AS max_w,
            count(*) AS intervals,
            count(*) FILTER (WHERE ((NOT ((f.energy_kwh IS NULL) OR (f.status <= 1))) AND (NOT ((NOT ((f.energy_kwh IS NULL) OR (f.status <= 1))) AND ((f.status < 6) OR (f.estimated > 0)))))) AS measured,
            count(*) FILTER (WHERE ((NOT ((f.energy_kwh IS NULL) OR (f.status <= 1))) AND ((f.status < 6) OR (f.estimated > 0)))) AS estimated,
            count(*) FILTER (WHERE ((f.energy_kwh IS NULL) OR (f.status <= 1))) AS missing
           FROM features.meter_interval f
          WHERE ((f.device_id = b.device_id) AND (f.start_at >= b.day) AND (f.start_at < (b.day + '24:00:00'::interval)) AND (f.decided_at < '9999-12-31 00:00:00+00'::timestamp with time zone))
          GROUP BY (date_trunc('hour'::text, f.start_at, 'UTC'::text))) a);


--
-- Name: meter_month; Type: VIEW; Schema: rollup; Owner: -
--

CREATE VIEW rollup.meter_month AS
 SELECT s.device_id,
    s.month,
    s.energy_kwh,
    s.estimated_kwh,
    s.max_w,
    s.intervals,
    s.measured,
    s.estimated,
    s.missing
   FROM rollup._meter_month s
  WHERE (NOT (EXISTS ( SELECT
           FROM rollup._interval_dirty d
          WHERE ((d.device_id = s.device_id) AND (d.day > (s.month - '24:00:00'::interval)) AND (d.day < date_trunc('month'::text, (s.month + '32 days'::interval), 'UTC'::text))))))
UNION ALL
 SELECT b.device_id,
    b.month,
    a.energy_kwh,
    a.estimated_kwh,
    a.max_w,
    a.intervals,
    a.measured,
    a.estimated,
    a.missing
   FROM (( SELECT DISTINCT d.device_id,
            date_trunc('month'::text, (d.day + o.o), 'UTC'::text) AS month
           FROM (rollup._interval_dirty d
             CROSS JOIN unnest(ARRAY['00:00:00'::interval, '23:59:59.999999'::interval]) o(o))) b
     CROSS JOIN LATERAL ( SELECT (sum((f.energy_kwh)::numeric) FILTER (WHERE ((NOT ((f.energy_kwh IS NULL) OR (f.status <= 1))) AND (NOT ((NOT ((f.energy_kwh IS NULL) OR (f.status <= 1))) AND ((f.status < 6) OR (f.estimated > 0)))))))::double precision AS energy_kwh,
            (sum((f.energy_kwh)::numeric) FILTER (WHERE ((NOT ((f.energy_kwh IS NULL) OR (f.status <= 1))) AND ((f.status < 6) OR (f.estimated > 0)))))::double precision AS estimated_kwh,
            max(((f.energy_kwh * (3600000.0)::double precision) / (EXTRACT(epoch FROM (f.end_at - f.start_at)))::double precision)) FILTER (WHERE ((NOT ((f.energy_kwh IS NULL) OR (f.status <= 1))) AND (NOT ((NOT ((f.energy_kwh IS NULL) OR (f.status <= 1))) AND ((f.status < 6) OR (f.estimated > 0)))) AND (f.end_at > f.start_at))) AS max_w,
            count(*) AS intervals,
            count(*) FILTER (WHERE ((NOT ((f.energy_kwh IS NULL) OR (f.status <= 1))) AND (NOT ((NOT ((f.energy_kwh IS NULL) OR (f.status <= 1))) AND ((f.status < 6) OR (f.estimated > 0)))))) AS measured,
            count(*) FILTER (WHERE ((NOT ((f.energy_kwh IS NULL) OR (f.status <= 1))) AND ((f.status < 6) OR (f.estimated > 0)))) AS estimated,
            count(*) FILTER (WHERE ((f.energy_kwh IS NULL) OR (f.status <= 1))) AS missing
           FROM features.meter_interval f
          WHERE ((f.device_id = b.device_id) AND (f.start_at >= b.month) AND (f.start_at < date_trunc('month'::text, (b.month + '32 days'::interval), 'UTC'::text)) AND (f.decided_at < '9999-12-31 00:00:00+00'::timestamp with time zone))
         HAVING (count(*) > 0)) a);


--
-- Name: vehicle_day; Type: VIEW; Schema: rollup; Owner: -
--

CREATE VIEW rollup.vehicle_day AS
 SELECT s.device_id,
    s.day,
    s.trips,
    s.distance_m,
    s.driving_s,
    s.idle_s,
    s.night_s,
    s.rush_s,
    s.speeding_s,
    s.harsh_braking,
    s.harsh_acceleration,
    s.harsh_cornering,
    s.crashes,
    s.max_speed_kmh
   FROM rollup._vehicle_day s
  WHERE (NOT (EXISTS ( SELECT
           FROM rollup._trip_dirty d
          WHERE ((d.device_id = s.device_id) AND (d.day > (s.day - '24:00:00'::interval)) AND (d.day < date_trunc('day'::text, (s.day + '26:00:00'::interval), 'UTC'::text))))))
UNION ALL
 SELECT b.device_id,
    b.day,
    a.trips,
    a.distance_m,
    a.driving_s,
    a.idle_s,
    a.night_s,
    a.rush_s,
    a.speeding_s,
    a.harsh_braking,
    a.harsh_acceleration,
    a.harsh_cornering,
    a.crashes,
    a.max_speed_kmh
   FROM (( SELECT DISTINCT d.device_id,
            date_trunc('day'::text, (d.day + o.o), 'UTC'::text) AS day
           FROM (rollup._trip_dirty d
             CROSS JOIN unnest(ARRAY['00:00:00'::interval, '12:00:00'::interval, '23:59:59.999999'::interval]) o(o))) b
     CROSS JOIN LATERAL ( SELECT count(*) AS trips,
            (sum((f.distance_m)::numeric))::double precision AS distance_m,
            (sum((f.driving_s)::numeric))::double precision AS driving_s,
            (sum((f.idle_s)::numeric))::double precision AS idle_s,
            (sum((f.night_s)::numeric))::double precision AS night_s,
            (sum((f.rush_s)::numeric))::double precision AS rush_s,
            (sum((f.speeding_s)::numeric))::double precision AS speeding_s,
            (sum(((f.harsh_braking[1] + f.harsh_braking[2]) + f.harsh_braking[3])))::bigint AS harsh_braking,
            (sum(((f.harsh_acceleration[1] + f.harsh_acceleration[2]) + f.harsh_acceleration[3])))::bigint AS harsh_acceleration,
            (sum(((f.harsh_cornering[1] + f.harsh_cornering[2]) + f.harsh_cornering[3])))::bigint AS harsh_cornering,
            (sum(f.crash))::bigint AS crashes,
            max(f.max_speed_kmh) AS max_speed_kmh
           FROM features.trip f
          WHERE ((f.device_id = b.device_id) AND (f.start_at >= b.day) AND (f.start_at < date_trunc('day'::text, (b.day + '26:00:00'::interval), 'UTC'::text)) AND (f.decided_at < '9999-12-31 00:00:00+00'::timestamp with time zone))
         HAVING (count(*) > 0)) a);


--
-- Name: driving_event; Type: VIEW; Schema: shown; Owner: -
--

CREATE VIEW shown.driving_event WITH (security_barrier='true') AS
 SELECT e.device_id,
    e.kind,
    e.start_at,
    e.end_at,
    e.decided_at,
    e.severity,
    e.trip_start_at,
    e.duration_s,
    e.peak_mps2,
    e.delta_v_kmh,
    e.speed_kmh,
    e.excess_kmh,
    e.speed_limit_kmh,
    e.revision
   FROM (features.driving_event e
     JOIN customers.device d USING (device_id))
  WHERE (d.tenant = ANY (access.tenants()));


--
-- Name: own_trip; Type: VIEW; Schema: shown; Owner: -
--

CREATE VIEW shown.own_trip AS
 SELECT t.device_id,
    t.start_at,
    t.end_at
   FROM (((features.trip t
     JOIN customers.device d USING (device_id))
     JOIN customers.assignment a ON (((a.device_id = t.device_id) AND (a.tenant = d.tenant) AND (a.valid_from <= t.start_at) AND ((a.valid_to IS NULL) OR (t.start_at < a.valid_to)))))
     JOIN customers.contract c ON (((c.tenant = a.tenant) AND (c.vehicle = a.vehicle) AND (c.valid_from <= t.start_at) AND ((c.valid_to IS NULL) OR (t.start_at < c.valid_to)))))
  WHERE ((d.tenant = ANY (access.tenants())) AND (c.customer = access.customer()) AND (t.decided_at < '9999-12-31 00:00:00+00'::timestamp with time zone) AND (NOT (EXISTS ( SELECT
           FROM customers.contract later
          WHERE ((later.tenant = c.tenant) AND (later.vehicle = c.vehicle) AND (later.valid_from > c.valid_from) AND (later.valid_from <= t.start_at) AND ((later.valid_to IS NULL) OR (t.start_at < later.valid_to)))))));


--
-- Name: event_place; Type: VIEW; Schema: shown; Owner: -
--

CREATE VIEW shown.event_place WITH (security_barrier='true') AS
 SELECT t.device_id,
    t.start_at AS trip_start_at,
    e.kind,
    e.start_at,
    e.end_at,
    e.severity,
    e.duration_s,
    e.peak_mps2,
    e.delta_v_kmh,
    e.speed_kmh,
    e.excess_kmh,
    e.decided_at,
    e.lat_deg,
    e.lon_deg
   FROM (shown.own_trip t
     JOIN features.driving_event e ON (((e.device_id = t.device_id) AND ((e.start_at >= t.start_at) AND (e.start_at <= t.end_at)))));


--
-- Name: meter_anomaly; Type: VIEW; Schema: shown; Owner: -
--

CREATE VIEW shown.meter_anomaly WITH (security_barrier='true') AS
 SELECT m.device_id,
    m.kind,
    m.phase,
    m.start_at,
    m.end_at,
    m.since_at,
    m.observed,
    m.expected,
    m.threshold,
    m.severity,
    m.decided_at,
    m.revision
   FROM (features.meter_anomaly m
     JOIN customers.device d USING (device_id))
  WHERE (d.tenant = ANY (access.tenants()));


--
-- Name: meter_day; Type: VIEW; Schema: shown; Owner: -
--

CREATE VIEW shown.meter_day WITH (security_barrier='true') AS
 SELECT m.device_id,
    m.day,
    m.date,
    m.start_at,
    m.energy_kwh,
    m.estimated_kwh,
    m.expected,
    m.present,
    m.estimated,
    m.min_w,
    m.max_w,
    m.peak_at,
    m.floor_w,
    m.base_load_w,
    m.night_share,
    m.decided_at,
    m.revision
   FROM (features.meter_day m
     JOIN customers.device d USING (device_id))
  WHERE (d.tenant = ANY (access.tenants()))
  ORDER BY m.start_at DESC;


--
-- Name: meter_interval; Type: VIEW; Schema: shown; Owner: -
--

CREATE VIEW shown.meter_interval WITH (security_barrier='true') AS
 SELECT i.device_id,
    i.start_at,
    i.end_at,
    i.energy_kwh,
    i.status,
    i.estimated,
    i.decided_at,
    i.revision
   FROM (features.meter_interval i
     JOIN customers.device d USING (device_id))
  WHERE (d.tenant = ANY (access.tenants()))
  ORDER BY i.start_at;


--
-- Name: meter_sample; Type: TABLE; Schema: telemetry; Owner: -
--

CREATE TABLE telemetry.meter_sample (
    device_id bigint NOT NULL,
    observed_at timestamp with time zone NOT NULL,
    received_at timestamp with time zone NOT NULL,
    register_kwh double precision,
    register_export_kwh double precision,
    energy_kwh double precision,
    power_w double precision,
    voltage_v double precision,
    interval_s double precision,
    quality double precision,
    meter_key double precision
)
PARTITION BY RANGE (observed_at);


--
-- Name: meter_time; Type: VIEW; Schema: shown; Owner: -
--

CREATE VIEW shown.meter_time WITH (security_barrier='true') AS
 SELECT s.device_id,
    s.observed_at
   FROM (telemetry.meter_sample s
     JOIN customers.device d USING (device_id))
  WHERE (d.tenant = ANY (access.tenants()));


--
-- Name: rollup_meter_day; Type: VIEW; Schema: shown; Owner: -
--

CREATE VIEW shown.rollup_meter_day WITH (security_barrier='true') AS
 SELECT r.device_id,
    r.day,
    r.energy_kwh,
    r.estimated_kwh,
    r.max_w,
    r.intervals,
    r.measured,
    r.estimated,
    r.missing
   FROM (rollup.meter_day r
     JOIN customers.device d USING (device_id))
  WHERE (d.tenant = ANY (access.tenants()));


--
-- Name: rollup_meter_hour; Type: VIEW; Schema: shown; Owner: -
--

CREATE VIEW shown.rollup_meter_hour WITH (security_barrier='true') AS
 SELECT r.device_id,
    r.hour,
    r.energy_kwh,
    r.estimated_kwh,
    r.max_w,
    r.intervals,
    r.measured,
    r.estimated,
    r.missing
   FROM (rollup.meter_hour r
     JOIN customers.device d USING (device_id))
  WHERE (d.tenant = ANY (access.tenants()));


--
-- Name: rollup_meter_month; Type: VIEW; Schema: shown; Owner: -
--

CREATE VIEW shown.rollup_meter_month WITH (security_barrier='true') AS
 SELECT r.device_id,
    r.month,
    r.energy_kwh,
    r.estimated_kwh,
    r.max_w,
    r.intervals,
    r.measured,
    r.estimated,
    r.missing
   FROM (rollup.meter_month r
     JOIN customers.device d USING (device_id))
  WHERE (d.tenant = ANY (access.tenants()));


--
-- Name: rollup_vehicle_day; Type: VIEW; Schema: shown; Owner: -
--

CREATE VIEW shown.rollup_vehicle_day WITH (security_barrier='true') AS
 SELECT r.device_id,
    r.day,
    r.trips,
    r.distance_m,
    r.driving_s,
    r.idle_s,
    r.night_s,
    r.rush_s,
    r.speeding_s,
    r.harsh_braking,
    r.harsh_acceleration,
    r.harsh_cornering,
    r.crashes,
    r.max_speed_kmh
   FROM (rollup.vehicle_day r
     JOIN customers.device d USING (device_id))
  WHERE (d.tenant = ANY (access.tenants()));


--
-- Name: trip; Type: VIEW; Schema: shown; Owner: -
--

CREATE VIEW shown.trip WITH (security_barrier='true') AS
 SELECT t.device_id,
    t.start_at,
    t.end_at,
    t.decided_at,
    t.end_reason,
    t.distance_m,
    t.driving_s,
    t.idle_s,
    t.night_s,
    t.rush_s,
    t.speeding_s,
    t.speed_limited_s,
    t.measured_s,
    t.sample_count,
    t.rejected_count,
    t.max_speed_kmh,
    t.speeding_count,
    t.crash,
    t.harsh_braking,
    t.harsh_acceleration,
    t.harsh_cornering,
    t.accel_p95_mps2,
    t.speed_p95_kmh,
    t.accel_hist_s,
    t.speed_hist_s,
    t.ratio_hist_s,
    t.revision
   FROM (features.trip t
     JOIN customers.device d USING (device_id))
  WHERE (d.tenant = ANY (access.tenants()))
  ORDER BY t.start_at DESC;


--
-- Name: vehicle_sample; Type: TABLE; Schema: telemetry; Owner: -
--

CREATE TABLE telemetry.vehicle_sample (
    device_id bigint NOT NULL,
    observed_at timestamp with time zone NOT NULL,
    received_at timestamp with time zone NOT NULL,
    speed_kmh double precision,
    lat_deg double precision,
    lon_deg double precision,
    heading_deg double precision,
    altitude_m double precision,
    accuracy_m double precision,
    accel_long_mps2 double precision,
    accel_lat_mps2 double precision,
    accel_vert_mps2 double precision,
    accel_x_mps2 double precision,
    accel_y_mps2 double precision,
    accel_z_mps2 double precision,
    gyro_x_radps double precision,
    gyro_y_radps double precision,
    gyro_z_radps double precision,
    speed_limit_kmh double precision,
    ignition double precision
)
PARTITION BY RANGE (observed_at);


--
-- Name: vehicle_path; Type: VIEW; Schema: shown; Owner: -
--

CREATE VIEW shown.vehicle_path WITH (security_barrier='true') AS
 SELECT t.device_id,
    t.start_at AS trip_start_at,
    s.observed_at,
    s.lat_deg,
    s.lon_deg,
    s.speed_kmh,
    s.speed_limit_kmh
   FROM (shown.own_trip t
     JOIN telemetry.vehicle_sample s ON (((s.device_id = t.device_id) AND ((s.observed_at >= t.start_at) AND (s.observed_at <= t.end_at)))));


--
-- Name: vehicle_time; Type: VIEW; Schema: shown; Owner: -
--

CREATE VIEW shown.vehicle_time WITH (security_barrier='true') AS
 SELECT s.device_id,
    s.observed_at
   FROM (telemetry.vehicle_sample s
     JOIN customers.device d USING (device_id))
  WHERE (d.tenant = ANY (access.tenants()));


--
-- Name: device_event; Type: TABLE; Schema: telemetry; Owner: -
--

CREATE TABLE telemetry.device_event (
    device_id bigint NOT NULL,
    observed_at timestamp with time zone NOT NULL,
    kind text NOT NULL,
    digest text NOT NULL,
    received_at timestamp with time zone NOT NULL,
    detail jsonb NOT NULL
);


--
-- Name: meter_number; Type: TABLE; Schema: telemetry; Owner: -
--

CREATE TABLE telemetry.meter_number (
    meter_key double precision NOT NULL,
    number text NOT NULL
);


--
-- Name: meter_sample_20261126; Type: TABLE; Schema: telemetry; Owner: -
--

CREATE TABLE telemetry.meter_sample_20261126 (
    device_id bigint CONSTRAINT meter_sample_device_id_not_null NOT NULL,
    observed_at timestamp with time zone CONSTRAINT meter_sample_observed_at_not_null NOT NULL,
    received_at timestamp with time zone CONSTRAINT meter_sample_received_at_not_null NOT NULL,
    register_kwh double precision,
    register_export_kwh double precision,
    energy_kwh double precision,
    power_w double precision,
    voltage_v double precision,
    interval_s double precision,
    quality double precision,
    meter_key double precision
);


--
-- Name: meter_sample_20261203; Type: TABLE; Schema: telemetry; Owner: -
--

CREATE TABLE telemetry.meter_sample_20261203 (
    device_id bigint CONSTRAINT meter_sample_device_id_not_null NOT NULL,
    observed_at timestamp with time zone CONSTRAINT meter_sample_observed_at_not_null NOT NULL,
    received_at timestamp with time zone CONSTRAINT meter_sample_received_at_not_null NOT NULL,
    register_kwh double precision,
    register_export_kwh double precision,
    energy_kwh double precision,
    power_w double precision,
    voltage_v double precision,
    interval_s double precision,
    quality double precision,
    meter_key double precision
);


--
-- Name: meter_sample_20261210; Type: TABLE; Schema: telemetry; Owner: -
--

CREATE TABLE telemetry.meter_sample_20261210 (
    device_id bigint CONSTRAINT meter_sample_device_id_not_null NOT NULL,
    observed_at timestamp with time zone CONSTRAINT meter_sample_observed_at_not_null NOT NULL,
    received_at timestamp with time zone CONSTRAINT meter_sample_received_at_not_null NOT NULL,
    register_kwh double precision,
    register_export_kwh double precision,
    energy_kwh double precision,
    power_w double precision,
    voltage_v double precision,
    interval_s double precision,
    quality double precision,
    meter_key double precision
);


--
-- Name: meter_sample_default; Type: TABLE; Schema: telemetry; Owner: -
--

CREATE TABLE telemetry.meter_sample_default (
    device_id bigint CONSTRAINT meter_sample_device_id_not_null NOT NULL,
    observed_at timestamp with time zone CONSTRAINT meter_sample_observed_at_not_null NOT NULL,
    received_at timestamp with time zone CONSTRAINT meter_sample_received_at_not_null NOT NULL,
    register_kwh double precision,
    register_export_kwh double precision,
    energy_kwh double precision,
    power_w double precision,
    voltage_v double precision,
    interval_s double precision,
    quality double precision,
    meter_key double precision
);


--
-- Name: meter_sample_past; Type: TABLE; Schema: telemetry; Owner: -
--

CREATE TABLE telemetry.meter_sample_past (
    device_id bigint CONSTRAINT meter_sample_device_id_not_null NOT NULL,
    observed_at timestamp with time zone CONSTRAINT meter_sample_observed_at_not_null NOT NULL,
    received_at timestamp with time zone CONSTRAINT meter_sample_received_at_not_null NOT NULL,
    register_kwh double precision,
    register_export_kwh double precision,
    energy_kwh double precision,
    power_w double precision,
    voltage_v double precision,
    interval_s double precision,
    quality double precision,
    meter_key double precision
);


--
-- Name: vehicle_sample_20261126; Type: TABLE; Schema: telemetry; Owner: -
--

CREATE TABLE telemetry.vehicle_sample_20261126 (
    device_id bigint CONSTRAINT vehicle_sample_device_id_not_null NOT NULL,
    observed_at timestamp with time zone CONSTRAINT vehicle_sample_observed_at_not_null NOT NULL,
    received_at timestamp with time zone CONSTRAINT vehicle_sample_received_at_not_null NOT NULL,
    speed_kmh double precision,
    lat_deg double precision,
    lon_deg double precision,
    heading_deg double precision,
    altitude_m double precision,
    accuracy_m double precision,
    accel_long_mps2 double precision,
    accel_lat_mps2 double precision,
    accel_vert_mps2 double precision,
    accel_x_mps2 double precision,
    accel_y_mps2 double precision,
    accel_z_mps2 double precision,
    gyro_x_radps double precision,
    gyro_y_radps double precision,
    gyro_z_radps double precision,
    speed_limit_kmh double precision,
    ignition double precision
);


--
-- Name: vehicle_sample_20261203; Type: TABLE; Schema: telemetry; Owner: -
--

CREATE TABLE telemetry.vehicle_sample_20261203 (
    device_id bigint CONSTRAINT vehicle_sample_device_id_not_null NOT NULL,
    observed_at timestamp with time zone CONSTRAINT vehicle_sample_observed_at_not_null NOT NULL,
    received_at timestamp with time zone CONSTRAINT vehicle_sample_received_at_not_null NOT NULL,
    speed_kmh double precision,
    lat_deg double precision,
    lon_deg double precision,
    heading_deg double precision,
    altitude_m double precision,
    accuracy_m double precision,
    accel_long_mps2 double precision,
    accel_lat_mps2 double precision,
    accel_vert_mps2 double precision,
    accel_x_mps2 double precision,
    accel_y_mps2 double precision,
    accel_z_mps2 double precision,
    gyro_x_radps double precision,
    gyro_y_radps double precision,
    gyro_z_radps double precision,
    speed_limit_kmh double precision,
    ignition double precision
);


--
-- Name: vehicle_sample_20261210; Type: TABLE; Schema: telemetry; Owner: -
--

CREATE TABLE telemetry.vehicle_sample_20261210 (
    device_id bigint CONSTRAINT vehicle_sample_device_id_not_null NOT NULL,
    observed_at timestamp with time zone CONSTRAINT vehicle_sample_observed_at_not_null NOT NULL,
    received_at timestamp with time zone CONSTRAINT vehicle_sample_received_at_not_null NOT NULL,
    speed_kmh double precision,
    lat_deg double precision,
    lon_deg double precision,
    heading_deg double precision,
    altitude_m double precision,
    accuracy_m double precision,
    accel_long_mps2 double precision,
    accel_lat_mps2 double precision,
    accel_vert_mps2 double precision,
    accel_x_mps2 double precision,
    accel_y_mps2 double precision,
    accel_z_mps2 double precision,
    gyro_x_radps double precision,
    gyro_y_radps double precision,
    gyro_z_radps double precision,
    speed_limit_kmh double precision,
    ignition double precision
);


--
-- Name: vehicle_sample_default; Type: TABLE; Schema: telemetry; Owner: -
--

CREATE TABLE telemetry.vehicle_sample_default (
    device_id bigint CONSTRAINT vehicle_sample_device_id_not_null NOT NULL,
    observed_at timestamp with time zone CONSTRAINT vehicle_sample_observed_at_not_null NOT NULL,
    received_at timestamp with time zone CONSTRAINT vehicle_sample_received_at_not_null NOT NULL,
    speed_kmh double precision,
    lat_deg double precision,
    lon_deg double precision,
    heading_deg double precision,
    altitude_m double precision,
    accuracy_m double precision,
    accel_long_mps2 double precision,
    accel_lat_mps2 double precision,
    accel_vert_mps2 double precision,
    accel_x_mps2 double precision,
    accel_y_mps2 double precision,
    accel_z_mps2 double precision,
    gyro_x_radps double precision,
    gyro_y_radps double precision,
    gyro_z_radps double precision,
    speed_limit_kmh double precision,
    ignition double precision
);


--
-- Name: vehicle_sample_past; Type: TABLE; Schema: telemetry; Owner: -
--

CREATE TABLE telemetry.vehicle_sample_past (
    device_id bigint CONSTRAINT vehicle_sample_device_id_not_null NOT NULL,
    observed_at timestamp with time zone CONSTRAINT vehicle_sample_observed_at_not_null NOT NULL,
    received_at timestamp with time zone CONSTRAINT vehicle_sample_received_at_not_null NOT NULL,
    speed_kmh double precision,
    lat_deg double precision,
    lon_deg double precision,
    heading_deg double precision,
    altitude_m double precision,
    accuracy_m double precision,
    accel_long_mps2 double precision,
    accel_lat_mps2 double precision,
    accel_vert_mps2 double precision,
    accel_x_mps2 double precision,
    accel_y_mps2 double precision,
    accel_z_mps2 double precision,
    gyro_x_radps double precision,
    gyro_y_radps double precision,
    gyro_z_radps double precision,
    speed_limit_kmh double precision,
    ignition double precision
);


--
-- Name: meter_sample_20261126; Type: TABLE ATTACH; Schema: telemetry; Owner: -
--

ALTER TABLE ONLY telemetry.meter_sample ATTACH PARTITION telemetry.meter_sample_20261126 FOR VALUES FROM ('2026-11-26 00:00:00+00') TO ('2026-12-03 00:00:00+00');


--
-- Name: meter_sample_20261203; Type: TABLE ATTACH; Schema: telemetry; Owner: -
--

ALTER TABLE ONLY telemetry.meter_sample ATTACH PARTITION telemetry.meter_sample_20261203 FOR VALUES FROM ('2026-12-03 00:00:00+00') TO ('2026-12-10 00:00:00+00');


--
-- Name: meter_sample_20261210; Type: TABLE ATTACH; Schema: telemetry; Owner: -
--

ALTER TABLE ONLY telemetry.meter_sample ATTACH PARTITION telemetry.meter_sample_20261210 FOR VALUES FROM ('2026-12-10 00:00:00+00') TO ('2026-12-17 00:00:00+00');


--
-- Name: meter_sample_default; Type: TABLE ATTACH; Schema: telemetry; Owner: -
--

ALTER TABLE ONLY telemetry.meter_sample ATTACH PARTITION telemetry.meter_sample_default DEFAULT;


--
-- Name: meter_sample_past; Type: TABLE ATTACH; Schema: telemetry; Owner: -
--

ALTER TABLE ONLY telemetry.meter_sample ATTACH PARTITION telemetry.meter_sample_past FOR VALUES FROM (MINVALUE) TO ('2026-11-26 00:00:00+00');


--
-- Name: vehicle_sample_20261126; Type: TABLE ATTACH; Schema: telemetry; Owner: -
--

ALTER TABLE ONLY telemetry.vehicle_sample ATTACH PARTITION telemetry.vehicle_sample_20261126 FOR VALUES FROM ('2026-11-26 00:00:00+00') TO ('2026-12-03 00:00:00+00');


--
-- Name: vehicle_sample_20261203; Type: TABLE ATTACH; Schema: telemetry; Owner: -
--

ALTER TABLE ONLY telemetry.vehicle_sample ATTACH PARTITION telemetry.vehicle_sample_20261203 FOR VALUES FROM ('2026-12-03 00:00:00+00') TO ('2026-12-10 00:00:00+00');


--
-- Name: vehicle_sample_20261210; Type: TABLE ATTACH; Schema: telemetry; Owner: -
--

ALTER TABLE ONLY telemetry.vehicle_sample ATTACH PARTITION telemetry.vehicle_sample_20261210 FOR VALUES FROM ('2026-12-10 00:00:00+00') TO ('2026-12-17 00:00:00+00');


--
-- Name: vehicle_sample_default; Type: TABLE ATTACH; Schema: telemetry; Owner: -
--

ALTER TABLE ONLY telemetry.vehicle_sample ATTACH PARTITION telemetry.vehicle_sample_default DEFAULT;


--
-- Name: vehicle_sample_past; Type: TABLE ATTACH; Schema: telemetry; Owner: -
--

ALTER TABLE ONLY telemetry.vehicle_sample ATTACH PARTITION telemetry.vehicle_sample_past FOR VALUES FROM (MINVALUE) TO ('2026-11-26 00:00:00+00');


--
-- Data for Name: api_key; Type: TABLE DATA; Schema: access; Owner: -
--

INSERT INTO access.api_key VALUES
	('9bb32efe15f0b8d9', 't1', 'insurer', NULL, 'own insurer', '\xe9a40ff87a6c34bcc25fd5282dffb48dca4bdfa1a2d4ae322d2e58e57195219a', '{cases:read,cases:write,contacts:read,crashes:read,mileage:read,scores:read,trips:read}', '2026-11-18 11:06:40+00', NULL, NULL, NULL),
	('782434295416c561', 't1', 'utility', NULL, 'own utility', '\xb27ddfe941fce91e538269f89a65c83888c9330c78886e6bfb99f4283b28a2c9', '{alerts:read,alerts:write,cases:read,cases:write,consumption:read,contacts:read}', '2026-11-18 11:06:40+00', NULL, NULL, NULL),
	('bb536280f5d3e6af', 't1', 'customer', 'c0', 'own customer', '\x253eb4ede2ce40ebf28e9cbd524d906418ca34d325a609f4e2bd1980fd1e4c01', '{consents:read,consents:write,data:read,inbox:read,inbox:write}', '2026-11-18 11:06:40+00', NULL, NULL, NULL),
	('a385e510faa41177', 't1', 'customer', 'c3', 'own customer', '\xa21d88703e2852586250d6908abb04e6232ad2fc930594636845d6b6a766c4f0', '{consents:read,consents:write,data:read,inbox:read,inbox:write}', '2026-11-18 11:06:40+00', NULL, NULL, NULL),
	('9a877bf4d458011e', 't1', 'operator', NULL, 'own operator', '\x12efac71af177f1ec01c66bdd4b032f4a403ec5e39328e56f2ecdfe71e6eb369', '{contacts:read,contacts:write,operations:read}', '2026-11-18 11:06:40+00', NULL, NULL, NULL),
	('2e54b2ecf038dab2', 't2', 'insurer', NULL, 'zz insurer', '\xda7442e1f57809918815a2277b25bf1c25aad50414e394a77732932c33e46c5d', '{cases:read,cases:write,contacts:read,crashes:read,mileage:read,scores:read,trips:read}', '2026-11-18 11:06:40+00', NULL, NULL, NULL),
	('fa593d6559adaa52', 't2', 'utility', NULL, 'zz utility', '\x0f12245bf610863fb2d9c31a0824ee6e5e9cb0e9d4c9c5bde2fb7d5baebc60f0', '{alerts:read,alerts:write,cases:read,cases:write,consumption:read,contacts:read}', '2026-11-18 11:06:40+00', NULL, NULL, NULL),
	('533831e65a58bbf1', 't2', 'agent', NULL, 'zz agent', '\x390197c55120a37cf1f3c704af66604cd1e0c2050c1061f73425ba2492b811d5', '{alerts:read,cases:read,cases:write,contacts:read,contacts:write,context:read}', '2026-11-18 11:06:40+00', NULL, NULL, NULL),
	('b16e0dcf118d704d', 't2', 'customer', 'zz-driver', 'zz customer', '\xdabbb893ba931c143d967025bfc9fdff8d71849f46523f10463defc39cd759a3', '{consents:read,consents:write,data:read,inbox:read,inbox:write}', '2026-11-18 11:06:40+00', NULL, NULL, NULL),
	('f1486fa785196cfd', 't2', 'customer', 'zz-home', 'zz customer', '\x4ae523931009aac98f6415fdbc0f1370126bd52af17a2cc9b9fd82243259f83c', '{consents:read,consents:write,data:read,inbox:read,inbox:write}', '2026-11-18 11:06:40+00', NULL, NULL, NULL),
	('24243522ff00281a', 't2', 'operator', NULL, 'zz operator', '\xb7b9e571567b343350f79e9515c2e9c1b2699fb788a76d41402750c4ed7d8e33', '{contacts:read,contacts:write,operations:read}', '2026-11-18 11:06:40+00', NULL, NULL, NULL),
	('8a6089c50f54c4be', 't1', 'agent', NULL, 'own agent', '\x84e5419a6fe88d7c6ae843adefaed10a29954b8c537d0117721a0b7c2c02df2e', '{alerts:read,cases:read,cases:write,contacts:read,contacts:write,context:read}', '2026-11-18 11:06:40+00', NULL, NULL, '2026-11-18 11:06:40+00'),
	('22310b277958f3a3', 't1', 'agent', NULL, 'gone', '\x97153e140313445f4be38639c0670909879825f159473beaef154562cf5195ac', '{cases:read}', '2026-11-18 11:06:40+00', NULL, '2026-11-18 11:06:40+00', NULL);


--
-- Data for Name: idempotency; Type: TABLE DATA; Schema: access; Owner: -
--



--
-- Data for Name: read_log; Type: TABLE DATA; Schema: access; Owner: -
--

INSERT INTO access.read_log OVERRIDING SYSTEM VALUE VALUES
	(1, '2026-11-18 11:06:35+00', 't1', 'c0', '8a6089c50f54c4be', 'agent', 'own agent', 'context', 'service', 'request-1'),
	(2, '2026-11-18 11:06:35+00', 't1', 'omar-driver', '8a6089c50f54c4be', 'agent', 'own agent', 'context', 'service', 'request-1');


--
-- Data for Name: session; Type: TABLE DATA; Schema: access; Owner: -
--

INSERT INTO access.session VALUES
	('\x1aa1d81a39aae39136637f9d97e931e65129b8eac5203eea1bc6a3033460d145', '8a6089c50f54c4be', 'Hp50kkFnNeYnYmJJfllB-eGYVAx55WjTVnsvv9ILDOg', '2026-11-18 11:06:40+00', '2026-11-18 23:06:40+00');


--
-- Data for Name: alert; Type: TABLE DATA; Schema: contacts; Owner: -
--

INSERT INTO contacts.alert VALUES
	('69c252a5a7771beee9497723a21fa4ed', 't1', 'base_load_rise', 2, 'meter:m0', 'c3', '2026-11-15 11:06:40+00', NULL, '2026-11-18 10:06:40+00', '2026-11-18 10:06:40+00', 240, 95, 165, 'W', 0, false, false, 'open', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 1),
	('3d66ba9b41bb2a5d506fc1722776181c', 't1', 'base_load_rise', 2, 'meter:omar-meter', 'omar-home', '2026-11-15 11:06:40+00', NULL, '2026-11-18 10:06:40+00', '2026-11-18 10:06:40+00', 240, 95, 165, 'W', 0, false, false, 'open', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 1),
	('f963798a628261eee09deb6b7d56ea42', 't1', 'base_load_rise', 2, 'meter:quiet-meter', 'quiet-home', '2026-11-15 11:06:40+00', NULL, '2026-11-18 10:06:40+00', '2026-11-18 10:06:40+00', 240, 95, 165, 'W', 0, false, false, 'open', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 1),
	('c71cea6dae25d986c69126b6d890256f', 't2', 'base_load_rise', 2, 'meter:zz-meter', 'zz-home', '2026-11-15 11:06:40+00', NULL, '2026-11-18 10:06:40+00', '2026-11-18 10:06:40+00', 240, 95, 165, 'W', 0, false, false, 'open', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 1);


--
-- Data for Name: alert_change; Type: TABLE DATA; Schema: contacts; Owner: -
--

INSERT INTO contacts.alert_change OVERRIDING SYSTEM VALUE VALUES
	(1, 't1', '69c252a5a7771beee9497723a21fa4ed', '2026-11-18 10:06:40+00', 'raised'),
	(2, 't1', '3d66ba9b41bb2a5d506fc1722776181c', '2026-11-18 10:06:40+00', 'raised'),
	(3, 't1', 'f963798a628261eee09deb6b7d56ea42', '2026-11-18 10:06:40+00', 'raised'),
	(4, 't2', 'c71cea6dae25d986c69126b6d890256f', '2026-11-18 10:06:40+00', 'raised');


--
-- Data for Name: attempt; Type: TABLE DATA; Schema: contacts; Owner: -
--



--
-- Data for Name: case_entry; Type: TABLE DATA; Schema: contacts; Owner: -
--

INSERT INTO contacts.case_entry OVERRIDING SYSTEM VALUE VALUES
	(1, 'de2480872c5564251c3eaa1953eec630', '2026-11-18 10:06:40+00', 'tachowatt', 'signal', 'opened'),
	(2, '2046c2f0c6e412c2e6dcf1b5edce801b', '2026-11-18 10:06:40+00', 'tachowatt', 'signal', 'opened'),
	(3, 'fad06671cb8d46ef76840b033b1b1fef', '2026-11-18 10:06:40+00', 'tachowatt', 'signal', 'opened'),
	(4, '97877a43e3460b5872cf23ea180f2735', '2026-11-18 10:06:40+00', 'tachowatt', 'signal', 'opened'),
	(5, '1f54b1c895f715bb0c0ea7569f54992e', '2026-11-18 10:06:40+00', 'tachowatt', 'signal', 'opened'),
	(6, '42f34495056e63cd871b9cf0139d6827', '2026-11-18 10:06:40+00', 'tachowatt', 'signal', 'opened'),
	(7, '6b78bee9661218ce015e122acb2c8878', '2026-11-18 10:06:40+00', 'tachowatt', 'signal', 'opened'),
	(8, 'ee5559beb8d8042d254daedfe5f955ec', '2026-11-18 10:06:40+00', 'tachowatt', 'signal', 'opened');


--
-- Data for Name: contact; Type: TABLE DATA; Schema: contacts; Owner: -
--

INSERT INTO contacts.contact VALUES
	('d556582c924839244f7f2fc26c245bad', 't1', 'c0', 'inbox', NULL, NULL, 'driving_score', 'en', 'message', 'own-secret message', 'own-secret text', NULL, false, NULL, NULL, 'test-playbook', 'message', 'de2480872c5564251c3eaa1953eec630', NULL, 'delivered', '', 0, 0, '2026-11-18 10:06:40+00', NULL, NULL, '2026-11-18 10:06:40+00', '2026-11-18 10:06:40+00', NULL, NULL),
	('7450b029f8ab4d87a630ac10f4eb5c3d', 't1', 'c3', 'inbox', NULL, NULL, 'energy_insight', 'en', 'message', 'own-secret notice', 'own-secret text', NULL, false, NULL, NULL, 'test-playbook', 'notice', '2046c2f0c6e412c2e6dcf1b5edce801b', NULL, 'delivered', '', 0, 0, '2026-11-18 10:06:40+00', NULL, NULL, '2026-11-18 10:06:40+00', '2026-11-18 10:06:40+00', NULL, NULL),
	('c22a9cc0d22827ae2e1940cc114bcf83', 't1', 'c0', 'email', NULL, 'own@example.org', 'driving_score', 'en', 'message', 'own-secret mail', 'own-secret text', NULL, false, NULL, NULL, 'test-playbook', 'mail', 'de2480872c5564251c3eaa1953eec630', NULL, 'failed', 'gave up', 1, 0, '2026-11-18 10:06:40+00', '2026-11-18 10:06:40+00', NULL, NULL, NULL, NULL, NULL),
	('d1e38bab41f5457380ea9f29e0556503', 't1', 'omar-driver', 'inbox', NULL, NULL, 'driving_score', 'en', 'message', 'omar-secret message', 'omar-secret text', NULL, false, NULL, NULL, 'test-playbook', 'message', 'fad06671cb8d46ef76840b033b1b1fef', NULL, 'delivered', '', 0, 0, '2026-11-18 10:06:40+00', NULL, NULL, '2026-11-18 10:06:40+00', '2026-11-18 10:06:40+00', NULL, NULL),
	('3c8b8066a7b6ee206b0d8ef4bca2f151', 't1', 'omar-home', 'inbox', NULL, NULL, 'energy_insight', 'en', 'message', 'omar-secret notice', 'omar-secret text', NULL, false, NULL, NULL, 'test-playbook', 'notice', '97877a43e3460b5872cf23ea180f2735', NULL, 'delivered', '', 0, 0, '2026-11-18 10:06:40+00', NULL, NULL, '2026-11-18 10:06:40+00', '2026-11-18 10:06:40+00', NULL, NULL),
	('0c737eaaee1e4fd26875b3871c73e5ad', 't1', 'omar-driver', 'email', NULL, 'omar@example.org', 'driving_score', 'en', 'message', 'omar-secret mail', 'omar-secret text', NULL, false, NULL, NULL, 'test-playbook', 'mail', 'fad06671cb8d46ef76840b033b1b1fef', NULL, 'failed', 'gave up', 1, 0, '2026-11-18 10:06:40+00', '2026-11-18 10:06:40+00', NULL, NULL, NULL, NULL, NULL),
	('8d8318741103762f7184168d8699fe75', 't1', 'quiet-driver', 'inbox', NULL, NULL, 'driving_score', 'en', 'message', 'quiet-secret message', 'quiet-secret text', NULL, false, NULL, NULL, 'test-playbook', 'message', '1f54b1c895f715bb0c0ea7569f54992e', NULL, 'delivered', '', 0, 0, '2026-11-18 10:06:40+00', NULL, NULL, '2026-11-18 10:06:40+00', '2026-11-18 10:06:40+00', NULL, NULL),
	('378cdbdd53c1530fdedd3c3377e20b20', 't1', 'quiet-home', 'inbox', NULL, NULL, 'energy_insight', 'en', 'message', 'quiet-secret notice', 'quiet-secret text', NULL, false, NULL, NULL, 'test-playbook', 'notice', '42f34495056e63cd871b9cf0139d6827', NULL, 'delivered', '', 0, 0, '2026-11-18 10:06:40+00', NULL, NULL, '2026-11-18 10:06:40+00', '2026-11-18 10:06:40+00', NULL, NULL),
	('f32956964a4fb8d757f740ca43d6bda3', 't1', 'quiet-driver', 'email', NULL, 'quiet@example.org', 'driving_score', 'en', 'message', 'quiet-secret mail', 'quiet-secret text', NULL, false, NULL, NULL, 'test-playbook', 'mail', '1f54b1c895f715bb0c0ea7569f54992e', NULL, 'failed', 'gave up', 1, 0, '2026-11-18 10:06:40+00', '2026-11-18 10:06:40+00', NULL, NULL, NULL, NULL, NULL),
	('0b432b04a4a06676dff3be1b57f773f3', 't2', 'zz-driver', 'inbox', NULL, NULL, 'driving_score', 'en', 'message', 'zz-secret message', 'zz-secret text', NULL, false, NULL, NULL, 'test-playbook', 'message', '6b78bee9661218ce015e122acb2c8878', NULL, 'delivered', '', 0, 0, '2026-11-18 10:06:40+00', NULL, NULL, '2026-11-18 10:06:40+00', '2026-11-18 10:06:40+00', NULL, NULL),
	('7e5addd2f9256d0f4a518a2ab2558e1e', 't2', 'zz-home', 'inbox', NULL, NULL, 'energy_insight', 'en', 'message', 'zz-secret notice', 'zz-secret text', NULL, false, NULL, NULL, 'test-playbook', 'notice', 'ee5559beb8d8042d254daedfe5f955ec', NULL, 'delivered', '', 0, 0, '2026-11-18 10:06:40+00', NULL, NULL, '2026-11-18 10:06:40+00', '2026-11-18 10:06:40+00', NULL, NULL),
	('c54ecde2c0e47d167a25c3fd51f876cc', 't2', 'zz-driver', 'email', NULL, 'zz@example.org', 'driving_score', 'en', 'message', 'zz-secret mail', 'zz-secret text', NULL, false, NULL, NULL, 'test-playbook', 'mail', '6b78bee9661218ce015e122acb2c8878', NULL, 'failed', 'gave up', 1, 0, '2026-11-18 10:06:40+00', '2026-11-18 10:06:40+00', NULL, NULL, NULL, NULL, NULL);


--
-- Data for Name: decision; Type: TABLE DATA; Schema: contacts; Owner: -
--



--
-- Data for Name: playbook; Type: TABLE DATA; Schema: contacts; Owner: -
--



--
-- Data for Name: receiver; Type: TABLE DATA; Schema: contacts; Owner: -
--

INSERT INTO contacts.receiver OVERRIDING SYSTEM VALUE VALUES
	(1, 't1', 'claims', 'insurer', 'https://claims.example/hooks', 'active', '', '2026-11-18 11:06:40+00'),
	(2, 't1', 'grid', 'utility', 'https://grid.example/hooks', 'active', '', '2026-11-18 11:06:40+00'),
	(3, 't2', 'other', 'insurer', 'https://other.example/hooks', 'active', '', '2026-11-18 11:06:40+00');


--
-- Data for Name: receiver_secret; Type: TABLE DATA; Schema: contacts; Owner: -
--

INSERT INTO contacts.receiver_secret OVERRIDING SYSTEM VALUE VALUES
	(2, 2, 'whsec_bS5nqynme8UeYlB2v5QyYiQ/MblNpP6MScJ50HHWj6Y=', '2026-11-18 11:06:40+00', NULL),
	(3, 3, 'whsec_YnEgvrdTkna2FJLG3Ad+ux5rcBtcK/QjzeVpRHOig+g=', '2026-11-18 11:06:40+00', NULL),
	(1, 1, 'whsec_STnys1nHVOfdcwOPj+xW3hD2rta6zjeIKNYRIG4zpo0=', '2026-11-18 11:06:40+00', '2026-11-19 11:06:40+00'),
	(4, 1, 'whsec_KbhuXv8VjGaNxwfixhRi+6/QNAmZGsZ++iFmVflXS38=', '2026-11-18 11:06:40+00', NULL);


--
-- Data for Name: score_told; Type: TABLE DATA; Schema: contacts; Owner: -
--



--
-- Data for Name: service_case; Type: TABLE DATA; Schema: contacts; Owner: -
--

INSERT INTO contacts.service_case VALUES
	('de2480872c5564251c3eaa1953eec630', 't1', 'insurer', 'call-back', '{"de": "Anrufen", "en": "Call"}', true, 'c0', 'vehicle:v0', '1c9c927757d50aa328b72b49c18292af', 'test-playbook', 'open', NULL, NULL, '2026-11-18 11:16:40+00', '2026-11-18 10:06:40+00', '2026-11-18 10:06:40+00', NULL, 1),
	('2046c2f0c6e412c2e6dcf1b5edce801b', 't1', 'utility', 'call-back', '{"de": "Anrufen", "en": "Call"}', false, 'c3', 'meter:m0', '69c252a5a7771beee9497723a21fa4ed', 'test-playbook', 'open', NULL, NULL, '2026-11-18 11:16:40+00', '2026-11-18 10:06:40+00', '2026-11-18 10:06:40+00', NULL, 1),
	('fad06671cb8d46ef76840b033b1b1fef', 't1', 'insurer', 'call-back', '{"de": "Anrufen", "en": "Call"}', true, 'omar-driver', 'vehicle:omar-car', '76a66c368ecca84885b7171deafd04c5', 'test-playbook', 'open', NULL, NULL, '2026-11-18 11:16:40+00', '2026-11-18 10:06:40+00', '2026-11-18 10:06:40+00', NULL, 1),
	('97877a43e3460b5872cf23ea180f2735', 't1', 'utility', 'call-back', '{"de": "Anrufen", "en": "Call"}', false, 'omar-home', 'meter:omar-meter', '3d66ba9b41bb2a5d506fc1722776181c', 'test-playbook', 'open', NULL, NULL, '2026-11-18 11:16:40+00', '2026-11-18 10:06:40+00', '2026-11-18 10:06:40+00', NULL, 1),
	('1f54b1c895f715bb0c0ea7569f54992e', 't1', 'insurer', 'call-back', '{"de": "Anrufen", "en": "Call"}', true, 'quiet-driver', 'vehicle:quiet-car', '80fbc9857df8a599d41de4d478e957a7', 'test-playbook', 'open', NULL, NULL, '2026-11-18 11:16:40+00', '2026-11-18 10:06:40+00', '2026-11-18 10:06:40+00', NULL, 1),
	('42f34495056e63cd871b9cf0139d6827', 't1', 'utility', 'call-back', '{"de": "Anrufen", "en": "Call"}', false, 'quiet-home', 'meter:quiet-meter', 'f963798a628261eee09deb6b7d56ea42', 'test-playbook', 'open', NULL, NULL, '2026-11-18 11:16:40+00', '2026-11-18 10:06:40+00', '2026-11-18 10:06:40+00', NULL, 1),
	('6b78bee9661218ce015e122acb2c8878', 't2', 'insurer', 'call-back', '{"de": "Anrufen", "en": "Call"}', true, 'zz-driver', 'vehicle:zz-car', '36a503d4a0ff421a3ec6fb3f4d27a0d5', 'test-playbook', 'open', NULL, NULL, '2026-11-18 11:16:40+00', '2026-11-18 10:06:40+00', '2026-11-18 10:06:40+00', NULL, 1),
	('ee5559beb8d8042d254daedfe5f955ec', 't2', 'utility', 'call-back', '{"de": "Anrufen", "en": "Call"}', false, 'zz-home', 'meter:zz-meter', 'c71cea6dae25d986c69126b6d890256f', 'test-playbook', 'open', NULL, NULL, '2026-11-18 11:16:40+00', '2026-11-18 10:06:40+00', '2026-11-18 10:06:40+00', NULL, 1);


--
-- Data for Name: assignment; Type: TABLE DATA; Schema: customers; Owner: -
--

INSERT INTO customers.assignment VALUES
	(1, 't1', 'v0', NULL, '2000-01-01 00:00:00+00', NULL),
	(2, 't1', 'v1', NULL, '2000-01-01 00:00:00+00', NULL),
	(3, 't1', 'v2', NULL, '2000-01-01 00:00:00+00', NULL),
	(4, 't1', NULL, 'm0', '2000-01-01 00:00:00+00', NULL),
	(5, 't1', NULL, 'm1', '2000-01-01 00:00:00+00', NULL),
	(6, 't1', NULL, 'm2', '2000-01-01 00:00:00+00', NULL),
	(7, 't1', 'omar-car', NULL, '2000-01-01 00:00:00+00', NULL),
	(8, 't1', NULL, 'omar-meter', '2000-01-01 00:00:00+00', NULL),
	(9, 't1', 'quiet-car', NULL, '2000-01-01 00:00:00+00', NULL),
	(10, 't1', NULL, 'quiet-meter', '2000-01-01 00:00:00+00', NULL),
	(11, 't2', 'zz-car', NULL, '2000-01-01 00:00:00+00', NULL),
	(12, 't2', NULL, 'zz-meter', '2000-01-01 00:00:00+00', NULL);


--
-- Data for Name: consent; Type: TABLE DATA; Schema: customers; Owner: -
--

INSERT INTO customers.consent OVERRIDING SYSTEM VALUE VALUES
	(1, 't1', 'c0', 'driving_score', 'granted', 'consent', '2026-01', 'test', '2026-01-01 00:00:00+00', '2026-11-18 11:06:40+00'),
	(2, 't1', 'c1', 'driving_score', 'granted', 'consent', '2026-01', 'test', '2026-01-01 00:00:00+00', '2026-11-18 11:06:40+00'),
	(3, 't1', 'c2', 'driving_score', 'granted', 'consent', '2026-01', 'test', '2026-01-01 00:00:00+00', '2026-11-18 11:06:40+00'),
	(4, 't1', 'c3', 'energy_insight', 'granted', 'consent', '2026-01', 'test', '2026-01-01 00:00:00+00', '2026-11-18 11:06:40+00'),
	(5, 't1', 'c4', 'energy_insight', 'granted', 'consent', '2026-01', 'test', '2026-01-01 00:00:00+00', '2026-11-18 11:06:40+00'),
	(6, 't1', 'c5', 'energy_insight', 'granted', 'consent', '2026-01', 'test', '2026-01-01 00:00:00+00', '2026-11-18 11:06:40+00'),
	(7, 't1', 'omar-driver', 'driving_score', 'granted', 'consent', '2026-01', 'test', '2026-01-02 00:00:00+00', '2026-11-18 11:06:40+00'),
	(8, 't1', 'omar-driver', 'claims_assistance', 'granted', 'consent', '2026-01', 'test', '2026-01-02 00:00:00+00', '2026-11-18 11:06:40+00'),
	(9, 't1', 'omar-home', 'energy_insight', 'granted', 'consent', '2026-01', 'test', '2026-01-02 00:00:00+00', '2026-11-18 11:06:40+00'),
	(10, 't2', 'zz-driver', 'driving_score', 'granted', 'consent', '2026-01', 'test', '2026-01-02 00:00:00+00', '2026-11-18 11:06:40+00'),
	(11, 't2', 'zz-driver', 'claims_assistance', 'granted', 'consent', '2026-01', 'test', '2026-01-02 00:00:00+00', '2026-11-18 11:06:40+00'),
	(12, 't2', 'zz-home', 'energy_insight', 'granted', 'consent', '2026-01', 'test', '2026-01-02 00:00:00+00', '2026-11-18 11:06:40+00'),
	(13, 't1', 'c0', 'claims_assistance', 'granted', 'consent', '2026-01', 'test', '2026-01-02 00:00:00+00', '2026-11-18 11:06:40+00'),
	(14, 't1', 'omar-driver', 'driving_score', 'granted', 'consent', '1', 'crm', '2026-11-18 11:10:40+00', '2026-11-18 11:06:40+00'),
	(15, 't1', 'omar-driver', 'driving_score', 'withdrawn', 'consent', '1', 'own', '2026-11-18 11:07:40+00', '2026-11-18 11:07:40+00');


--
-- Data for Name: contract; Type: TABLE DATA; Schema: customers; Owner: -
--

INSERT INTO customers.contract VALUES
	('t1', 'k0', 'c0', 'motor', 'v0', NULL, '2000-01-01 00:00:00+00', NULL),
	('t1', 'k1', 'c1', 'motor', 'v1', NULL, '2000-01-01 00:00:00+00', NULL),
	('t1', 'k2', 'c2', 'motor', 'v2', NULL, '2000-01-01 00:00:00+00', NULL),
	('t1', 'k3', 'c3', 'electricity', NULL, 'm0', '2000-01-01 00:00:00+00', NULL),
	('t1', 'k4', 'c4', 'electricity', NULL, 'm1', '2000-01-01 00:00:00+00', NULL),
	('t1', 'k5', 'c5', 'electricity', NULL, 'm2', '2000-01-01 00:00:00+00', NULL),
	('t1', 'omar-k', 'omar-driver', 'motor', 'omar-car', NULL, '2000-01-01 00:00:00+00', NULL),
	('t1', 'omar-e', 'omar-home', 'electricity', NULL, 'omar-meter', '2000-01-01 00:00:00+00', NULL),
	('t1', 'quiet-k', 'quiet-driver', 'motor', 'quiet-car', NULL, '2000-01-01 00:00:00+00', NULL),
	('t1', 'quiet-e', 'quiet-home', 'electricity', NULL, 'quiet-meter', '2000-01-01 00:00:00+00', NULL),
	('t2', 'zz-k', 'zz-driver', 'motor', 'zz-car', NULL, '2000-01-01 00:00:00+00', NULL),
	('t2', 'zz-e', 'zz-home', 'electricity', NULL, 'zz-meter', '2000-01-01 00:00:00+00', NULL);


--
-- Data for Name: customer; Type: TABLE DATA; Schema: customers; Owner: -
--

INSERT INTO customers.customer VALUES
	('t1', 'c0', 'Customer 0', 'en', NULL),
	('t1', 'c1', 'Customer 1', 'en', NULL),
	('t1', 'c2', 'Customer 2', 'en', NULL),
	('t1', 'c3', 'Customer 3', 'en', NULL),
	('t1', 'c4', 'Customer 4', 'en', NULL),
	('t1', 'c5', 'Customer 5', 'en', NULL),
	('t1', 'omar-driver', 'OMAR Driver', 'en', 'omar@example.org'),
	('t1', 'omar-home', 'OMAR Home', 'de', NULL),
	('t1', 'quiet-driver', 'QUIET Driver', 'en', 'quiet@example.org'),
	('t1', 'quiet-home', 'QUIET Home', 'de', NULL),
	('t2', 'zz-driver', 'ZZ Driver', 'en', 'zz@example.org'),
	('t2', 'zz-home', 'ZZ Home', 'de', NULL);


--
-- Data for Name: device; Type: TABLE DATA; Schema: customers; Owner: -
--

INSERT INTO customers.device OVERRIDING SYSTEM VALUE VALUES
	(1, 't1', 'car0', 'vehicle', 'native', 't1/car0'),
	(2, 't1', 'car1', 'vehicle', 'native', 't1/car1'),
	(3, 't1', 'phone', 'vehicle', 'owntracks', 'jane/phone'),
	(4, 't1', 'meter0', 'meter', 'native', 't1/meter0'),
	(5, 't1', 'meter1', 'meter', 'native', 't1/meter1'),
	(6, 't1', 'tasmota', 'meter', 'tasmota', 'cellar'),
	(7, 't1', 'omar-box', 'vehicle', 'native', 't1/omar-box'),
	(8, 't1', 'omar-reader', 'meter', 'native', 't1/omar-reader'),
	(9, 't1', 'quiet-box', 'vehicle', 'native', 't1/quiet-box'),
	(10, 't1', 'quiet-reader', 'meter', 'native', 't1/quiet-reader'),
	(11, 't2', 'zz-box', 'vehicle', 'native', 't2/zz-box'),
	(12, 't2', 'zz-reader', 'meter', 'native', 't2/zz-reader');


--
-- Data for Name: meter; Type: TABLE DATA; Schema: customers; Owner: -
--

INSERT INTO customers.meter VALUES
	('t1', 'm0', 'N0', 900, NULL, 6),
	('t1', 'm1', 'N1', 900, NULL, 6),
	('t1', 'm2', 'N2', 900, NULL, 6),
	('t1', 'omar-meter', 'OMAR-number', 900, NULL, 6),
	('t1', 'quiet-meter', 'QUIET-number', 900, NULL, 6),
	('t2', 'zz-meter', 'ZZ-number', 900, NULL, 6);


--
-- Data for Name: tenant; Type: TABLE DATA; Schema: customers; Owner: -
--

INSERT INTO customers.tenant VALUES
	('t1', 'Tenant one', 'Europe/Berlin'),
	('t2', 'Tenant zz', 'Europe/Berlin');


--
-- Data for Name: vehicle; Type: TABLE DATA; Schema: customers; Owner: -
--

INSERT INTO customers.vehicle VALUES
	('t1', 'v0', 'Car 0'),
	('t1', 'v1', 'Car 1'),
	('t1', 'v2', 'Car 2'),
	('t1', 'omar-car', 'OMAR Car'),
	('t1', 'quiet-car', 'QUIET Car'),
	('t2', 'zz-car', 'ZZ Car');


--
-- Data for Name: version; Type: TABLE DATA; Schema: customers; Owner: -
--

INSERT INTO customers.version VALUES
	(1);


--
-- Data for Name: driving_event; Type: TABLE DATA; Schema: features; Owner: -
--



--
-- Data for Name: meter_anomaly; Type: TABLE DATA; Schema: features; Owner: -
--



--
-- Data for Name: meter_day; Type: TABLE DATA; Schema: features; Owner: -
--

INSERT INTO features.meter_day VALUES
	(4, 20765, DEFAULT, '2026-11-08 00:00:00+00', 8.4, 0, 96, 96, 0, 80, 2400, '2026-11-08 12:00:00+00', 90, 95, 0.21, '2026-11-09 00:00:00+00', 0),
	(4, 20766, DEFAULT, '2026-11-09 00:00:00+00', 8.4, 0, 96, 96, 0, 80, 2400, '2026-11-09 12:00:00+00', 90, 95, 0.21, '2026-11-10 00:00:00+00', 0),
	(4, 20767, DEFAULT, '2026-11-10 00:00:00+00', 8.4, 0, 96, 96, 0, 80, 2400, '2026-11-10 12:00:00+00', 90, 95, 0.21, '2026-11-11 00:00:00+00', 0),
	(4, 20768, DEFAULT, '2026-11-11 00:00:00+00', 8.4, 0, 96, 96, 0, 80, 2400, '2026-11-11 12:00:00+00', 90, 95, 0.21, '2026-11-12 00:00:00+00', 0),
	(4, 20769, DEFAULT, '2026-11-12 00:00:00+00', 8.4, 0, 96, 96, 0, 80, 2400, '2026-11-12 12:00:00+00', 90, 95, 0.21, '2026-11-13 00:00:00+00', 0),
	(4, 20770, DEFAULT, '2026-11-13 00:00:00+00', 8.4, 0, 96, 96, 0, 80, 2400, '2026-11-13 12:00:00+00', 90, 95, 0.21, '2026-11-14 00:00:00+00', 0),
	(4, 20771, DEFAULT, '2026-11-14 00:00:00+00', 8.4, 0, 96, 96, 0, 80, 2400, '2026-11-14 12:00:00+00', 90, 95, 0.21, '2026-11-15 00:00:00+00', 0),
	(4, 20772, DEFAULT, '2026-11-15 00:00:00+00', 8.4, 0, 96, 96, 0, 80, 2400, '2026-11-15 12:00:00+00', 90, 95, 0.21, '2026-11-16 00:00:00+00', 0),
	(4, 20773, DEFAULT, '2026-11-16 00:00:00+00', 8.4, 0, 96, 96, 0, 80, 2400, '2026-11-16 12:00:00+00', 90, 95, 0.21, '2026-11-17 00:00:00+00', 0),
	(4, 20774, DEFAULT, '2026-11-17 00:00:00+00', 8.4, 0, 96, 96, 0, 80, 2400, '2026-11-17 12:00:00+00', 90, 95, 0.21, '2026-11-18 00:00:00+00', 0),
	(8, 20765, DEFAULT, '2026-11-08 00:00:00+00', 8.4, 0, 96, 96, 0, 80, 2400, '2026-11-08 12:00:00+00', 90, 95, 0.21, '2026-11-09 00:00:00+00', 0),
	(8, 20766, DEFAULT, '2026-11-09 00:00:00+00', 8.4, 0, 96, 96, 0, 80, 2400, '2026-11-09 12:00:00+00', 90, 95, 0.21, '2026-11-10 00:00:00+00', 0),
	(8, 20767, DEFAULT, '2026-11-10 00:00:00+00', 8.4, 0, 96, 96, 0, 80, 2400, '2026-11-10 12:00:00+00', 90, 95, 0.21, '2026-11-11 00:00:00+00', 0),
	(8, 20768, DEFAULT, '2026-11-11 00:00:00+00', 8.4, 0, 96, 96, 0, 80, 2400, '2026-11-11 12:00:00+00', 90, 95, 0.21, '2026-11-12 00:00:00+00', 0),
	(8, 20769, DEFAULT, '2026-11-12 00:00:00+00', 8.4, 0, 96, 96, 0, 80, 2400, '2026-11-12 12:00:00+00', 90, 95, 0.21, '2026-11-13 00:00:00+00', 0),
	(8, 20770, DEFAULT, '2026-11-13 00:00:00+00', 8.4, 0, 96, 96, 0, 80, 2400, '2026-11-13 12:00:00+00', 90, 95, 0.21, '2026-11-14 00:00:00+00', 0),
	(8, 20771, DEFAULT, '2026-11-14 00:00:00+00', 8.4, 0, 96, 96, 0, 80, 2400, '2026-11-14 12:00:00+00', 90, 95, 0.21, '2026-11-15 00:00:00+00', 0),
	(8, 20772, DEFAULT, '2026-11-15 00:00:00+00', 8.4, 0, 96, 96, 0, 80, 2400, '2026-11-15 12:00:00+00', 90, 95, 0.21, '2026-11-16 00:00:00+00', 0),
	(8, 20773, DEFAULT, '2026-11-16 00:00:00+00', 8.4, 0, 96, 96, 0, 80, 2400, '2026-11-16 12:00:00+00', 90, 95, 0.21, '2026-11-17 00:00:00+00', 0),
	(8, 20774, DEFAULT, '2026-11-17 00:00:00+00', 8.4, 0, 96, 96, 0, 80, 2400, '2026-11-17 12:00:00+00', 90, 95, 0.21, '2026-11-18 00:00:00+00', 0),
	(10, 20765, DEFAULT, '2026-11-08 00:00:00+00', 8.4, 0, 96, 96, 0, 80, 2400, '2026-11-08 12:00:00+00', 90, 95, 0.21, '2026-11-09 00:00:00+00', 0),
	(10, 20766, DEFAULT, '2026-11-09 00:00:00+00', 8.4, 0, 96, 96, 0, 80, 2400, '2026-11-09 12:00:00+00', 90, 95, 0.21, '2026-11-10 00:00:00+00', 0),
	(10, 20767, DEFAULT, '2026-11-10 00:00:00+00', 8.4, 0, 96, 96, 0, 80, 2400, '2026-11-10 12:00:00+00', 90, 95, 0.21, '2026-11-11 00:00:00+00', 0),
	(10, 20768, DEFAULT, '2026-11-11 00:00:00+00', 8.4, 0, 96, 96, 0, 80, 2400, '2026-11-11 12:00:00+00', 90, 95, 0.21, '2026-11-12 00:00:00+00', 0),
	(10, 20769, DEFAULT, '2026-11-12 00:00:00+00', 8.4, 0, 96, 96, 0, 80, 2400, '2026-11-12 12:00:00+00', 90, 95, 0.21, '2026-11-13 00:00:00+00', 0),
	(10, 20770, DEFAULT, '2026-11-13 00:00:00+00', 8.4, 0, 96, 96, 0, 80, 2400, '2026-11-13 12:00:00+00', 90, 95, 0.21, '2026-11-14 00:00:00+00', 0),
	(10, 20771, DEFAULT, '2026-11-14 00:00:00+00', 8.4, 0, 96, 96, 0, 80, 2400, '2026-11-14 12:00:00+00', 90, 95, 0.21, '2026-11-15 00:00:00+00', 0),
	(10, 20772, DEFAULT, '2026-11-15 00:00:00+00', 8.4, 0, 96, 96, 0, 80, 2400, '2026-11-15 12:00:00+00', 90, 95, 0.21, '2026-11-16 00:00:00+00', 0),
	(10, 20773, DEFAULT, '2026-11-16 00:00:00+00', 8.4, 0, 96, 96, 0, 80, 2400, '2026-11-16 12:00:00+00', 90, 95, 0.21, '2026-11-17 00:00:00+00', 0),
	(10, 20774, DEFAULT, '2026-11-17 00:00:00+00', 8.4, 0, 96, 96, 0, 80, 2400, '2026-11-17 12:00:00+00', 90, 95, 0.21, '2026-11-18 00:00:00+00', 0),
	(12, 20765, DEFAULT, '2026-11-08 00:00:00+00', 8.4, 0, 96, 96, 0, 80, 2400, '2026-11-08 12:00:00+00', 90, 95, 0.21, '2026-11-09 00:00:00+00', 0),
	(12, 20766, DEFAULT, '2026-11-09 00:00:00+00', 8.4, 0, 96, 96, 0, 80, 2400, '2026-11-09 12:00:00+00', 90, 95, 0.21, '2026-11-10 00:00:00+00', 0),
	(12, 20767, DEFAULT, '2026-11-10 00:00:00+00', 8.4, 0, 96, 96, 0, 80, 2400, '2026-11-10 12:00:00+00', 90, 95, 0.21, '2026-11-11 00:00:00+00', 0),
	(12, 20768, DEFAULT, '2026-11-11 00:00:00+00', 8.4, 0, 96, 96, 0, 80, 2400, '2026-11-11 12:00:00+00', 90, 95, 0.21, '2026-11-12 00:00:00+00', 0),
	(12, 20769, DEFAULT, '2026-11-12 00:00:00+00', 8.4, 0, 96, 96, 0, 80, 2400, '2026-11-12 12:00:00+00', 90, 95, 0.21, '2026-11-13 00:00:00+00', 0),
	(12, 20770, DEFAULT, '2026-11-13 00:00:00+00', 8.4, 0, 96, 96, 0, 80, 2400, '2026-11-13 12:00:00+00', 90, 95, 0.21, '2026-11-14 00:00:00+00', 0),
	(12, 20771, DEFAULT, '2026-11-14 00:00:00+00', 8.4, 0, 96, 96, 0, 80, 2400, '2026-11-14 12:00:00+00', 90, 95, 0.21, '2026-11-15 00:00:00+00', 0),
	(12, 20772, DEFAULT, '2026-11-15 00:00:00+00', 8.4, 0, 96, 96, 0, 80, 2400, '2026-11-15 12:00:00+00', 90, 95, 0.21, '2026-11-16 00:00:00+00', 0),
	(12, 20773, DEFAULT, '2026-11-16 00:00:00+00', 8.4, 0, 96, 96, 0, 80, 2400, '2026-11-16 12:00:00+00', 90, 95, 0.21, '2026-11-17 00:00:00+00', 0),
	(12, 20774, DEFAULT, '2026-11-17 00:00:00+00', 8.4, 0, 96, 96, 0, 80, 2400, '2026-11-17 12:00:00+00', 90, 95, 0.21, '2026-11-18 00:00:00+00', 0);


--
-- Data for Name: meter_interval; Type: TABLE DATA; Schema: features; Owner: -
--

INSERT INTO features.meter_interval VALUES
	(4, '2026-11-13 00:00:00+00', '2026-11-13 00:15:00+00', 0.0875, 6, 0, '2026-11-13 00:15:00+00', 0),
	(4, '2026-11-13 00:15:00+00', '2026-11-13 00:30:00+00', 0.0875, 6, 0, '2026-11-13 00:30:00+00', 0),
	(4, '2026-11-13 00:30:00+00', '2026-11-13 00:45:00+00', 0.0875, 6, 0, '2026-11-13 00:45:00+00', 0),
	(4, '2026-11-13 00:45:00+00', '2026-11-13 01:00:00+00', 0.0875, 5, 1, '2026-11-13 01:00:00+00', 0),
	(4, '2026-11-13 01:00:00+00', '2026-11-13 01:15:00+00', NULL, 0, 0, '2026-11-13 01:15:00+00', 0),
	(4, '2026-11-13 01:15:00+00', '2026-11-13 01:30:00+00', 0.0875, 6, 0, '2026-11-13 01:30:00+00', 0),
	(4, '2026-11-13 01:30:00+00', '2026-11-13 01:45:00+00', 0.0875, 6, 0, '2026-11-13 01:45:00+00', 0),
	(4, '2026-11-13 01:45:00+00', '2026-11-13 02:00:00+00', 0.0875, 6, 0, '2026-11-13 02:00:00+00', 0),
	(4, '2026-11-13 02:00:00+00', '2026-11-13 02:15:00+00', 0.0875, 6, 0, '2026-11-13 02:15:00+00', 0),
	(4, '2026-11-13 02:15:00+00', '2026-11-13 02:30:00+00', 0.0875, 6, 0, '2026-11-13 02:30:00+00', 0),
	(4, '2026-11-13 02:30:00+00', '2026-11-13 02:45:00+00', 0.0875, 6, 0, '2026-11-13 02:45:00+00', 0),
	(4, '2026-11-13 02:45:00+00', '2026-11-13 03:00:00+00', 0.0875, 6, 0, '2026-11-13 03:00:00+00', 0),
	(4, '2026-11-13 03:00:00+00', '2026-11-13 03:15:00+00', 0.0875, 6, 0, '2026-11-13 03:15:00+00', 0),
	(4, '2026-11-13 03:15:00+00', '2026-11-13 03:30:00+00', 0.0875, 6, 0, '2026-11-13 03:30:00+00', 0),
	(4, '2026-11-13 03:30:00+00', '2026-11-13 03:45:00+00', 0.0875, 6, 0, '2026-11-13 03:45:00+00', 0),
	(4, '2026-11-13 03:45:00+00', '2026-11-13 04:00:00+00', 0.0875, 6, 0, '2026-11-13 04:00:00+00', 0),
	(4, '2026-11-13 04:00:00+00', '2026-11-13 04:15:00+00', 0.0875, 6, 0, '2026-11-13 04:15:00+00', 0),
	(4, '2026-11-13 04:15:00+00', '2026-11-13 04:30:00+00', 0.0875, 6, 0, '2026-11-13 04:30:00+00', 0),
	(4, '2026-11-13 04:30:00+00', '2026-11-13 04:45:00+00', 0.0875, 6, 0, '2026-11-13 04:45:00+00', 0),
	(4, '2026-11-13 04:45:00+00', '2026-11-13 05:00:00+00', 0.0875, 6, 0, '2026-11-13 05:00:00+00', 0),
	(4, '2026-11-13 05:00:00+00', '2026-11-13 05:15:00+00', 0.0875, 6, 0, '2026-11-13 05:15:00+00', 0),
	(4, '2026-11-13 05:15:00+00', '2026-11-13 05:30:00+00', 0.0875, 6, 0, '2026-11-13 05:30:00+00', 0),
	(4, '2026-11-13 05:30:00+00', '2026-11-13 05:45:00+00', 0.0875, 6, 0, '2026-11-13 05:45:00+00', 0),
	(4, '2026-11-13 05:45:00+00', '2026-11-13 06:00:00+00', 0.0875, 6, 0, '2026-11-13 06:00:00+00', 0),
	(4, '2026-11-13 06:00:00+00', '2026-11-13 06:15:00+00', 0.0875, 6, 0, '2026-11-13 06:15:00+00', 0),
	(4, '2026-11-13 06:15:00+00', '2026-11-13 06:30:00+00', 0.0875, 6, 0, '2026-11-13 06:30:00+00', 0),
	(4, '2026-11-13 06:30:00+00', '2026-11-13 06:45:00+00', 0.0875, 6, 0, '2026-11-13 06:45:00+00', 0),
	(4, '2026-11-13 06:45:00+00', '2026-11-13 07:00:00+00', 0.0875, 6, 0, '2026-11-13 07:00:00+00', 0),
	(4, '2026-11-13 07:00:00+00', '2026-11-13 07:15:00+00', 0.0875, 6, 0, '2026-11-13 07:15:00+00', 0),
	(4, '2026-11-13 07:15:00+00', '2026-11-13 07:30:00+00', 0.0875, 6, 0, '2026-11-13 07:30:00+00', 0),
	(4, '2026-11-13 07:30:00+00', '2026-11-13 07:45:00+00', 0.0875, 6, 0, '2026-11-13 07:45:00+00', 0),
	(4, '2026-11-13 07:45:00+00', '2026-11-13 08:00:00+00', 0.0875, 6, 0, '2026-11-13 08:00:00+00', 0),
	(4, '2026-11-13 08:00:00+00', '2026-11-13 08:15:00+00', 0.0875, 6, 0, '2026-11-13 08:15:00+00', 0),
	(4, '2026-11-13 08:15:00+00', '2026-11-13 08:30:00+00', 0.0875, 6, 0, '2026-11-13 08:30:00+00', 0),
	(4, '2026-11-13 08:30:00+00', '2026-11-13 08:45:00+00', 0.0875, 6, 0, '2026-11-13 08:45:00+00', 0),
	(4, '2026-11-13 08:45:00+00', '2026-11-13 09:00:00+00', 0.0875, 6, 0, '2026-11-13 09:00:00+00', 0),
	(4, '2026-11-13 09:00:00+00', '2026-11-13 09:15:00+00', 0.0875, 6, 0, '2026-11-13 09:15:00+00', 0),
	(4, '2026-11-13 09:15:00+00', '2026-11-13 09:30:00+00', 0.0875, 6, 0, '2026-11-13 09:30:00+00', 0),
	(4, '2026-11-13 09:30:00+00', '2026-11-13 09:45:00+00', 0.0875, 6, 0, '2026-11-13 09:45:00+00', 0),
	(4, '2026-11-13 09:45:00+00', '2026-11-13 10:00:00+00', 0.0875, 6, 0, '2026-11-13 10:00:00+00', 0),
	(4, '2026-11-13 10:00:00+00', '2026-11-13 10:15:00+00', 0.0875, 6, 0, '2026-11-13 10:15:00+00', 0),
	(4, '2026-11-13 10:15:00+00', '2026-11-13 10:30:00+00', 0.0875, 6, 0, '2026-11-13 10:30:00+00', 0),
	(4, '2026-11-13 10:30:00+00', '2026-11-13 10:45:00+00', 0.0875, 6, 0, '2026-11-13 10:45:00+00', 0),
	(4, '2026-11-13 10:45:00+00', '2026-11-13 11:00:00+00', 0.0875, 6, 0, '2026-11-13 11:00:00+00', 0),
	(4, '2026-11-13 11:00:00+00', '2026-11-13 11:15:00+00', 0.0875, 6, 0, '2026-11-13 11:15:00+00', 0),
	(4, '2026-11-13 11:15:00+00', '2026-11-13 11:30:00+00', 0.0875, 6, 0, '2026-11-13 11:30:00+00', 0),
	(4, '2026-11-13 11:30:00+00', '2026-11-13 11:45:00+00', 0.0875, 6, 0, '2026-11-13 11:45:00+00', 0),
	(4, '2026-11-13 11:45:00+00', '2026-11-13 12:00:00+00', 0.0875, 6, 0, '2026-11-13 12:00:00+00', 0),
	(4, '2026-11-13 12:00:00+00', '2026-11-13 12:15:00+00', 0.0875, 6, 0, '2026-11-13 12:15:00+00', 0),
	(4, '2026-11-13 12:15:00+00', '2026-11-13 12:30:00+00', 0.0875, 6, 0, '2026-11-13 12:30:00+00', 0),
	(4, '2026-11-13 12:30:00+00', '2026-11-13 12:45:00+00', 0.0875, 6, 0, '2026-11-13 12:45:00+00', 0),
	(4, '2026-11-13 12:45:00+00', '2026-11-13 13:00:00+00', 0.0875, 6, 0, '2026-11-13 13:00:00+00', 0),
	(4, '2026-11-13 13:00:00+00', '2026-11-13 13:15:00+00', 0.0875, 6, 0, '2026-11-13 13:15:00+00', 0),
	(4, '2026-11-13 13:15:00+00', '2026-11-13 13:30:00+00', 0.0875, 6, 0, '2026-11-13 13:30:00+00', 0),
	(4, '2026-11-13 13:30:00+00', '2026-11-13 13:45:00+00', 0.0875, 6, 0, '2026-11-13 13:45:00+00', 0),
	(4, '2026-11-13 13:45:00+00', '2026-11-13 14:00:00+00', 0.0875, 6, 0, '2026-11-13 14:00:00+00', 0),
	(4, '2026-11-13 14:00:00+00', '2026-11-13 14:15:00+00', 0.0875, 6, 0, '2026-11-13 14:15:00+00', 0),
	(4, '2026-11-13 14:15:00+00', '2026-11-13 14:30:00+00', 0.0875, 6, 0, '2026-11-13 14:30:00+00', 0),
	(4, '2026-11-13 14:30:00+00', '2026-11-13 14:45:00+00', 0.0875, 6, 0, '2026-11-13 14:45:00+00', 0),
	(4, '2026-11-13 14:45:00+00', '2026-11-13 15:00:00+00', 0.0875, 6, 0, '2026-11-13 15:00:00+00', 0),
	(4, '2026-11-13 15:00:00+00', '2026-11-13 15:15:00+00', 0.0875, 6, 0, '2026-11-13 15:15:00+00', 0),
	(4, '2026-11-13 15:15:00+00', '2026-11-13 15:30:00+00', 0.0875, 6, 0, '2026-11-13 15:30:00+00', 0),
	(4, '2026-11-13 15:30:00+00', '2026-11-13 15:45:00+00', 0.0875, 6, 0, '2026-11-13 15:45:00+00', 0),
	(4, '2026-11-13 15:45:00+00', '2026-11-13 16:00:00+00', 0.0875, 6, 0, '2026-11-13 16:00:00+00', 0),
	(4, '2026-11-13 16:00:00+00', '2026-11-13 16:15:00+00', 0.0875, 6, 0, '2026-11-13 16:15:00+00', 0),
	(4, '2026-11-13 16:15:00+00', '2026-11-13 16:30:00+00', 0.0875, 6, 0, '2026-11-13 16:30:00+00', 0),
	(4, '2026-11-13 16:30:00+00', '2026-11-13 16:45:00+00', 0.0875, 6, 0, '2026-11-13 16:45:00+00', 0),
	(4, '2026-11-13 16:45:00+00', '2026-11-13 17:00:00+00', 0.0875, 6, 0, '2026-11-13 17:00:00+00', 0),
	(4, '2026-11-13 17:00:00+00', '2026-11-13 17:15:00+00', 0.0875, 6, 0, '2026-11-13 17:15:00+00', 0),
	(4, '2026-11-13 17:15:00+00', '2026-11-13 17:30:00+00', 0.0875, 6, 0, '2026-11-13 17:30:00+00', 0),
	(4, '2026-11-13 17:30:00+00', '2026-11-13 17:45:00+00', 0.0875, 6, 0, '2026-11-13 17:45:00+00', 0),
	(4, '2026-11-13 17:45:00+00', '2026-11-13 18:00:00+00', 0.0875, 6, 0, '2026-11-13 18:00:00+00', 0),
	(4, '2026-11-13 18:00:00+00', '2026-11-13 18:15:00+00', 0.0875, 6, 0, '2026-11-13 18:15:00+00', 0),
	(4, '2026-11-13 18:15:00+00', '2026-11-13 18:30:00+00', 0.0875, 6, 0, '2026-11-13 18:30:00+00', 0),
	(4, '2026-11-13 18:30:00+00', '2026-11-13 18:45:00+00', 0.0875, 6, 0, '2026-11-13 18:45:00+00', 0),
	(4, '2026-11-13 18:45:00+00', '2026-11-13 19:00:00+00', 0.0875, 6, 0, '2026-11-13 19:00:00+00', 0),
	(4, '2026-11-13 19:00:00+00', '2026-11-13 19:15:00+00', 0.0875, 6, 0, '2026-11-13 19:15:00+00', 0),
	(4, '2026-11-13 19:15:00+00', '2026-11-13 19:30:00+00', 0.0875, 6, 0, '2026-11-13 19:30:00+00', 0),
	(4, '2026-11-13 19:30:00+00', '2026-11-13 19:45:00+00', 0.0875, 6, 0, '2026-11-13 19:45:00+00', 0),
	(4, '2026-11-13 19:45:00+00', '2026-11-13 20:00:00+00', 0.0875, 6, 0, '2026-11-13 20:00:00+00', 0),
	(4, '2026-11-13 20:00:00+00', '2026-11-13 20:15:00+00', 0.0875, 6, 0, '2026-11-13 20:15:00+00', 0),
	(4, '2026-11-13 20:15:00+00', '2026-11-13 20:30:00+00', 0.0875, 6, 0, '2026-11-13 20:30:00+00', 0),
	(4, '2026-11-13 20:30:00+00', '2026-11-13 20:45:00+00', 0.0875, 6, 0, '2026-11-13 20:45:00+00', 0),
	(4, '2026-11-13 20:45:00+00', '2026-11-13 21:00:00+00', 0.0875, 6, 0, '2026-11-13 21:00:00+00', 0),
	(4, '2026-11-13 21:00:00+00', '2026-11-13 21:15:00+00', 0.0875, 6, 0, '2026-11-13 21:15:00+00', 0),
	(4, '2026-11-13 21:15:00+00', '2026-11-13 21:30:00+00', 0.0875, 6, 0, '2026-11-13 21:30:00+00', 0),
	(4, '2026-11-13 21:30:00+00', '2026-11-13 21:45:00+00', 0.0875, 6, 0, '2026-11-13 21:45:00+00', 0),
	(4, '2026-11-13 21:45:00+00', '2026-11-13 22:00:00+00', 0.0875, 6, 0, '2026-11-13 22:00:00+00', 0),
	(4, '2026-11-13 22:00:00+00', '2026-11-13 22:15:00+00', 0.0875, 6, 0, '2026-11-13 22:15:00+00', 0),
	(4, '2026-11-13 22:15:00+00', '2026-11-13 22:30:00+00', 0.0875, 6, 0, '2026-11-13 22:30:00+00', 0),
	(4, '2026-11-13 22:30:00+00', '2026-11-13 22:45:00+00', 0.0875, 6, 0, '2026-11-13 22:45:00+00', 0),
	(4, '2026-11-13 22:45:00+00', '2026-11-13 23:00:00+00', 0.0875, 6, 0, '2026-11-13 23:00:00+00', 0),
	(4, '2026-11-13 23:00:00+00', '2026-11-13 23:15:00+00', 0.0875, 6, 0, '2026-11-13 23:15:00+00', 0),
	(4, '2026-11-13 23:15:00+00', '2026-11-13 23:30:00+00', 0.0875, 6, 0, '2026-11-13 23:30:00+00', 0),
	(4, '2026-11-13 23:30:00+00', '2026-11-13 23:45:00+00', 0.0875, 6, 0, '2026-11-13 23:45:00+00', 0),
	(4, '2026-11-13 23:45:00+00', '2026-11-14 00:00:00+00', 0.0875, 6, 0, '2026-11-14 00:00:00+00', 0),
	(4, '2026-11-14 00:00:00+00', '2026-11-14 00:15:00+00', 0.0875, 6, 0, '2026-11-14 00:15:00+00', 0),
	(4, '2026-11-14 00:15:00+00', '2026-11-14 00:30:00+00', 0.0875, 6, 0, '2026-11-14 00:30:00+00', 0),
	(4, '2026-11-14 00:30:00+00', '2026-11-14 00:45:00+00', 0.0875, 6, 0, '2026-11-14 00:45:00+00', 0),
	(4, '2026-11-14 00:45:00+00', '2026-11-14 01:00:00+00', 0.0875, 6, 0, '2026-11-14 01:00:00+00', 0),
	(4, '2026-11-14 01:00:00+00', '2026-11-14 01:15:00+00', 0.0875, 6, 0, '2026-11-14 01:15:00+00', 0),
	(4, '2026-11-14 01:15:00+00', '2026-11-14 01:30:00+00', 0.0875, 6, 0, '2026-11-14 01:30:00+00', 0),
	(4, '2026-11-14 01:30:00+00', '2026-11-14 01:45:00+00', 0.0875, 6, 0, '2026-11-14 01:45:00+00', 0),
	(4, '2026-11-14 01:45:00+00', '2026-11-14 02:00:00+00', 0.0875, 6, 0, '2026-11-14 02:00:00+00', 0),
	(4, '2026-11-14 02:00:00+00', '2026-11-14 02:15:00+00', 0.0875, 6, 0, '2026-11-14 02:15:00+00', 0),
	(4, '2026-11-14 02:15:00+00', '2026-11-14 02:30:00+00', 0.0875, 6, 0, '2026-11-14 02:30:00+00', 0),
	(4, '2026-11-14 02:30:00+00', '2026-11-14 02:45:00+00', 0.0875, 6, 0, '2026-11-14 02:45:00+00', 0),
	(4, '2026-11-14 02:45:00+00', '2026-11-14 03:00:00+00', 0.0875, 6, 0, '2026-11-14 03:00:00+00', 0),
	(4, '2026-11-14 03:00:00+00', '2026-11-14 03:15:00+00', 0.0875, 6, 0, '2026-11-14 03:15:00+00', 0),
	(4, '2026-11-14 03:15:00+00', '2026-11-14 03:30:00+00', 0.0875, 6, 0, '2026-11-14 03:30:00+00', 0),
	(4, '2026-11-14 03:30:00+00', '2026-11-14 03:45:00+00', 0.0875, 6, 0, '2026-11-14 03:45:00+00', 0),
	(4, '2026-11-14 03:45:00+00', '2026-11-14 04:00:00+00', 0.0875, 6, 0, '2026-11-14 04:00:00+00', 0),
	(4, '2026-11-14 04:00:00+00', '2026-11-14 04:15:00+00', 0.0875, 6, 0, '2026-11-14 04:15:00+00', 0),
	(4, '2026-11-14 04:15:00+00', '2026-11-14 04:30:00+00', 0.0875, 6, 0, '2026-11-14 04:30:00+00', 0),
	(4, '2026-11-14 04:30:00+00', '2026-11-14 04:45:00+00', 0.0875, 6, 0, '2026-11-14 04:45:00+00', 0),
	(4, '2026-11-14 04:45:00+00', '2026-11-14 05:00:00+00', 0.0875, 6, 0, '2026-11-14 05:00:00+00', 0),
	(4, '2026-11-14 05:00:00+00', '2026-11-14 05:15:00+00', 0.0875, 6, 0, '2026-11-14 05:15:00+00', 0),
	(4, '2026-11-14 05:15:00+00', '2026-11-14 05:30:00+00', 0.0875, 6, 0, '2026-11-14 05:30:00+00', 0),
	(4, '2026-11-14 05:30:00+00', '2026-11-14 05:45:00+00', 0.0875, 6, 0, '2026-11-14 05:45:00+00', 0),
	(4, '2026-11-14 05:45:00+00', '2026-11-14 06:00:00+00', 0.0875, 6, 0, '2026-11-14 06:00:00+00', 0),
	(4, '2026-11-14 06:00:00+00', '2026-11-14 06:15:00+00', 0.0875, 6, 0, '2026-11-14 06:15:00+00', 0),
	(4, '2026-11-14 06:15:00+00', '2026-11-14 06:30:00+00', 0.0875, 6, 0, '2026-11-14 06:30:00+00', 0),
	(4, '2026-11-14 06:30:00+00', '2026-11-14 06:45:00+00', 0.0875, 6, 0, '2026-11-14 06:45:00+00', 0),
	(4, '2026-11-14 06:45:00+00', '2026-11-14 07:00:00+00', 0.0875, 6, 0, '2026-11-14 07:00:00+00', 0),
	(4, '2026-11-14 07:00:00+00', '2026-11-14 07:15:00+00', 0.0875, 6, 0, '2026-11-14 07:15:00+00', 0),
	(4, '2026-11-14 07:15:00+00', '2026-11-14 07:30:00+00', 0.0875, 6, 0, '2026-11-14 07:30:00+00', 0),
	(4, '2026-11-14 07:30:00+00', '2026-11-14 07:45:00+00', 0.0875, 6, 0, '2026-11-14 07:45:00+00', 0),
	(4, '2026-11-14 07:45:00+00', '2026-11-14 08:00:00+00', 0.0875, 6, 0, '2026-11-14 08:00:00+00', 0),
	(4, '2026-11-14 08:00:00+00', '2026-11-14 08:15:00+00', 0.0875, 6, 0, '2026-11-14 08:15:00+00', 0),
	(4, '2026-11-14 08:15:00+00', '2026-11-14 08:30:00+00', 0.0875, 6, 0, '2026-11-14 08:30:00+00', 0),
	(4, '2026-11-14 08:30:00+00', '2026-11-14 08:45:00+00', 0.0875, 6, 0, '2026-11-14 08:45:00+00', 0),
	(4, '2026-11-14 08:45:00+00', '2026-11-14 09:00:00+00', 0.0875, 6, 0, '2026-11-14 09:00:00+00', 0),
	(4, '2026-11-14 09:00:00+00', '2026-11-14 09:15:00+00', 0.0875, 6, 0, '2026-11-14 09:15:00+00', 0),
	(4, '2026-11-14 09:15:00+00', '2026-11-14 09:30:00+00', 0.0875, 6, 0, '2026-11-14 09:30:00+00', 0),
	(4, '2026-11-14 09:30:00+00', '2026-11-14 09:45:00+00', 0.0875, 6, 0, '2026-11-14 09:45:00+00', 0),
	(4, '2026-11-14 09:45:00+00', '2026-11-14 10:00:00+00', 0.0875, 6, 0, '2026-11-14 10:00:00+00', 0),
	(4, '2026-11-14 10:00:00+00', '2026-11-14 10:15:00+00', 0.0875, 6, 0, '2026-11-14 10:15:00+00', 0),
	(4, '2026-11-14 10:15:00+00', '2026-11-14 10:30:00+00', 0.0875, 6, 0, '2026-11-14 10:30:00+00', 0),
	(4, '2026-11-14 10:30:00+00', '2026-11-14 10:45:00+00', 0.0875, 6, 0, '2026-11-14 10:45:00+00', 0),
	(4, '2026-11-14 10:45:00+00', '2026-11-14 11:00:00+00', 0.0875, 6, 0, '2026-11-14 11:00:00+00', 0),
	(4, '2026-11-14 11:00:00+00', '2026-11-14 11:15:00+00', 0.0875, 6, 0, '2026-11-14 11:15:00+00', 0),
	(4, '2026-11-14 11:15:00+00', '2026-11-14 11:30:00+00', 0.0875, 6, 0, '2026-11-14 11:30:00+00', 0),
	(4, '2026-11-14 11:30:00+00', '2026-11-14 11:45:00+00', 0.0875, 6, 0, '2026-11-14 11:45:00+00', 0),
	(4, '2026-11-14 11:45:00+00', '2026-11-14 12:00:00+00', 0.0875, 6, 0, '2026-11-14 12:00:00+00', 0),
	(4, '2026-11-14 12:00:00+00', '2026-11-14 12:15:00+00', 0.0875, 6, 0, '2026-11-14 12:15:00+00', 0),
	(4, '2026-11-14 12:15:00+00', '2026-11-14 12:30:00+00', 0.0875, 6, 0, '2026-11-14 12:30:00+00', 0),
	(4, '2026-11-14 12:30:00+00', '2026-11-14 12:45:00+00', 0.0875, 6, 0, '2026-11-14 12:45:00+00', 0),
	(4, '2026-11-14 12:45:00+00', '2026-11-14 13:00:00+00', 0.0875, 6, 0, '2026-11-14 13:00:00+00', 0),
	(4, '2026-11-14 13:00:00+00', '2026-11-14 13:15:00+00', 0.0875, 6, 0, '2026-11-14 13:15:00+00', 0),
	(4, '2026-11-14 13:15:00+00', '2026-11-14 13:30:00+00', 0.0875, 6, 0, '2026-11-14 13:30:00+00', 0),
	(4, '2026-11-14 13:30:00+00', '2026-11-14 13:45:00+00', 0.0875, 6, 0, '2026-11-14 13:45:00+00', 0),
	(4, '2026-11-14 13:45:00+00', '2026-11-14 14:00:00+00', 0.0875, 6, 0, '2026-11-14 14:00:00+00', 0),
	(4, '2026-11-14 14:00:00+00', '2026-11-14 14:15:00+00', 0.0875, 6, 0, '2026-11-14 14:15:00+00', 0),
	(4, '2026-11-14 14:15:00+00', '2026-11-14 14:30:00+00', 0.0875, 6, 0, '2026-11-14 14:30:00+00', 0),
	(4, '2026-11-14 14:30:00+00', '2026-11-14 14:45:00+00', 0.0875, 6, 0, '2026-11-14 14:45:00+00', 0),
	(4, '2026-11-14 14:45:00+00', '2026-11-14 15:00:00+00', 0.0875, 6, 0, '2026-11-14 15:00:00+00', 0),
	(4, '2026-11-14 15:00:00+00', '2026-11-14 15:15:00+00', 0.0875, 6, 0, '2026-11-14 15:15:00+00', 0),
	(4, '2026-11-14 15:15:00+00', '2026-11-14 15:30:00+00', 0.0875, 6, 0, '2026-11-14 15:30:00+00', 0),
	(4, '2026-11-14 15:30:00+00', '2026-11-14 15:45:00+00', 0.0875, 6, 0, '2026-11-14 15:45:00+00', 0),
	(4, '2026-11-14 15:45:00+00', '2026-11-14 16:00:00+00', 0.0875, 6, 0, '2026-11-14 16:00:00+00', 0),
	(4, '2026-11-14 16:00:00+00', '2026-11-14 16:15:00+00', 0.0875, 6, 0, '2026-11-14 16:15:00+00', 0),
	(4, '2026-11-14 16:15:00+00', '2026-11-14 16:30:00+00', 0.0875, 6, 0, '2026-11-14 16:30:00+00', 0),
	(4, '2026-11-14 16:30:00+00', '2026-11-14 16:45:00+00', 0.0875, 6, 0, '2026-11-14 16:45:00+00', 0),
	(4, '2026-11-14 16:45:00+00', '2026-11-14 17:00:00+00', 0.0875, 6, 0, '2026-11-14 17:00:00+00', 0),
	(4, '2026-11-14 17:00:00+00', '2026-11-14 17:15:00+00', 0.0875, 6, 0, '2026-11-14 17:15:00+00', 0),
	(4, '2026-11-14 17:15:00+00', '2026-11-14 17:30:00+00', 0.0875, 6, 0, '2026-11-14 17:30:00+00', 0),
	(4, '2026-11-14 17:30:00+00', '2026-11-14 17:45:00+00', 0.0875, 6, 0, '2026-11-14 17:45:00+00', 0),
	(4, '2026-11-14 17:45:00+00', '2026-11-14 18:00:00+00', 0.0875, 6, 0, '2026-11-14 18:00:00+00', 0),
	(4, '2026-11-14 18:00:00+00', '2026-11-14 18:15:00+00', 0.0875, 6, 0, '2026-11-14 18:15:00+00', 0),
	(4, '2026-11-14 18:15:00+00', '2026-11-14 18:30:00+00', 0.0875, 6, 0, '2026-11-14 18:30:00+00', 0),
	(4, '2026-11-14 18:30:00+00', '2026-11-14 18:45:00+00', 0.0875, 6, 0, '2026-11-14 18:45:00+00', 0),
	(4, '2026-11-14 18:45:00+00', '2026-11-14 19:00:00+00', 0.0875, 6, 0, '2026-11-14 19:00:00+00', 0),
	(4, '2026-11-14 19:00:00+00', '2026-11-14 19:15:00+00', 0.0875, 6, 0, '2026-11-14 19:15:00+00', 0),
	(4, '2026-11-14 19:15:00+00', '2026-11-14 19:30:00+00', 0.0875, 6, 0, '2026-11-14 19:30:00+00', 0),
	(4, '2026-11-14 19:30:00+00', '2026-11-14 19:45:00+00', 0.0875, 6, 0, '2026-11-14 19:45:00+00', 0),
	(4, '2026-11-14 19:45:00+00', '2026-11-14 20:00:00+00', 0.0875, 6, 0, '2026-11-14 20:00:00+00', 0),
	(4, '2026-11-14 20:00:00+00', '2026-11-14 20:15:00+00', 0.0875, 6, 0, '2026-11-14 20:15:00+00', 0),
	(4, '2026-11-14 20:15:00+00', '2026-11-14 20:30:00+00', 0.0875, 6, 0, '2026-11-14 20:30:00+00', 0),
	(4, '2026-11-14 20:30:00+00', '2026-11-14 20:45:00+00', 0.0875, 6, 0, '2026-11-14 20:45:00+00', 0),
	(4, '2026-11-14 20:45:00+00', '2026-11-14 21:00:00+00', 0.0875, 6, 0, '2026-11-14 21:00:00+00', 0),
	(4, '2026-11-14 21:00:00+00', '2026-11-14 21:15:00+00', 0.0875, 6, 0, '2026-11-14 21:15:00+00', 0),
	(4, '2026-11-14 21:15:00+00', '2026-11-14 21:30:00+00', 0.0875, 6, 0, '2026-11-14 21:30:00+00', 0),
	(4, '2026-11-14 21:30:00+00', '2026-11-14 21:45:00+00', 0.0875, 6, 0, '2026-11-14 21:45:00+00', 0),
	(4, '2026-11-14 21:45:00+00', '2026-11-14 22:00:00+00', 0.0875, 6, 0, '2026-11-14 22:00:00+00', 0),
	(4, '2026-11-14 22:00:00+00', '2026-11-14 22:15:00+00', 0.0875, 6, 0, '2026-11-14 22:15:00+00', 0),
	(4, '2026-11-14 22:15:00+00', '2026-11-14 22:30:00+00', 0.0875, 6, 0, '2026-11-14 22:30:00+00', 0),
	(4, '2026-11-14 22:30:00+00', '2026-11-14 22:45:00+00', 0.0875, 6, 0, '2026-11-14 22:45:00+00', 0),
	(4, '2026-11-14 22:45:00+00', '2026-11-14 23:00:00+00', 0.0875, 6, 0, '2026-11-14 23:00:00+00', 0),
	(4, '2026-11-14 23:00:00+00', '2026-11-14 23:15:00+00', 0.0875, 6, 0, '2026-11-14 23:15:00+00', 0),
	(4, '2026-11-14 23:15:00+00', '2026-11-14 23:30:00+00', 0.0875, 6, 0, '2026-11-14 23:30:00+00', 0),
	(4, '2026-11-14 23:30:00+00', '2026-11-14 23:45:00+00', 0.0875, 6, 0, '2026-11-14 23:45:00+00', 0),
	(4, '2026-11-14 23:45:00+00', '2026-11-15 00:00:00+00', 0.0875, 6, 0, '2026-11-15 00:00:00+00', 0),
	(4, '2026-11-15 00:00:00+00', '2026-11-15 00:15:00+00', 0.0875, 6, 0, '2026-11-15 00:15:00+00', 0),
	(4, '2026-11-15 00:15:00+00', '2026-11-15 00:30:00+00', 0.0875, 6, 0, '2026-11-15 00:30:00+00', 0),
	(4, '2026-11-15 00:30:00+00', '2026-11-15 00:45:00+00', 0.0875, 6, 0, '2026-11-15 00:45:00+00', 0),
	(4, '2026-11-15 00:45:00+00', '2026-11-15 01:00:00+00', 0.0875, 6, 0, '2026-11-15 01:00:00+00', 0),
	(4, '2026-11-15 01:00:00+00', '2026-11-15 01:15:00+00', 0.0875, 6, 0, '2026-11-15 01:15:00+00', 0),
	(4, '2026-11-15 01:15:00+00', '2026-11-15 01:30:00+00', 0.0875, 6, 0, '2026-11-15 01:30:00+00', 0),
	(4, '2026-11-15 01:30:00+00', '2026-11-15 01:45:00+00', 0.0875, 6, 0, '2026-11-15 01:45:00+00', 0),
	(4, '2026-11-15 01:45:00+00', '2026-11-15 02:00:00+00', 0.0875, 6, 0, '2026-11-15 02:00:00+00', 0);
INSERT INTO features.meter_interval VALUES
	(8, '2026-11-13 00:00:00+00', '2026-11-13 00:15:00+00', 0.0875, 6, 0, '2026-11-13 00:15:00+00', 0),
	(8, '2026-11-13 00:15:00+00', '2026-11-13 00:30:00+00', 0.0875, 6, 0, '2026-11-13 00:30:00+00', 0),
	(8, '2026-11-13 00:30:00+00', '2026-11-13 00:45:00+00', 0.0875, 6, 0, '2026-11-13 00:45:00+00', 0),
	(8, '2026-11-13 00:45:00+00', '2026-11-13 01:00:00+00', 0.0875, 5, 1, '2026-11-13 01:00:00+00', 0),
	(8, '2026-11-13 01:00:00+00', '2026-11-13 01:15:00+00', NULL, 0, 0, '2026-11-13 01:15:00+00', 0),
	(8, '2026-11-13 01:15:00+00', '2026-11-13 01:30:00+00', 0.0875, 6, 0, '2026-11-13 01:30:00+00', 0),
	(8, '2026-11-13 01:30:00+00', '2026-11-13 01:45:00+00', 0.0875, 6, 0, '2026-11-13 01:45:00+00', 0),
	(8, '2026-11-13 01:45:00+00', '2026-11-13 02:00:00+00', 0.0875, 6, 0, '2026-11-13 02:00:00+00', 0),
	(8, '2026-11-13 02:00:00+00', '2026-11-13 02:15:00+00', 0.0875, 6, 0, '2026-11-13 02:15:00+00', 0),
	(8, '2026-11-13 02:15:00+00', '2026-11-13 02:30:00+00', 0.0875, 6, 0, '2026-11-13 02:30:00+00', 0),
	(8, '2026-11-13 02:30:00+00', '2026-11-13 02:45:00+00', 0.0875, 6, 0, '2026-11-13 02:45:00+00', 0),
	(8, '2026-11-13 02:45:00+00', '2026-11-13 03:00:00+00', 0.0875, 6, 0, '2026-11-13 03:00:00+00', 0),
	(8, '2026-11-13 03:00:00+00', '2026-11-13 03:15:00+00', 0.0875, 6, 0, '2026-11-13 03:15:00+00', 0),
	(8, '2026-11-13 03:15:00+00', '2026-11-13 03:30:00+00', 0.0875, 6, 0, '2026-11-13 03:30:00+00', 0),
	(8, '2026-11-13 03:30:00+00', '2026-11-13 03:45:00+00', 0.0875, 6, 0, '2026-11-13 03:45:00+00', 0),
	(8, '2026-11-13 03:45:00+00', '2026-11-13 04:00:00+00', 0.0875, 6, 0, '2026-11-13 04:00:00+00', 0),
	(8, '2026-11-13 04:00:00+00', '2026-11-13 04:15:00+00', 0.0875, 6, 0, '2026-11-13 04:15:00+00', 0),
	(8, '2026-11-13 04:15:00+00', '2026-11-13 04:30:00+00', 0.0875, 6, 0, '2026-11-13 04:30:00+00', 0),
	(8, '2026-11-13 04:30:00+00', '2026-11-13 04:45:00+00', 0.0875, 6, 0, '2026-11-13 04:45:00+00', 0),
	(8, '2026-11-13 04:45:00+00', '2026-11-13 05:00:00+00', 0.0875, 6, 0, '2026-11-13 05:00:00+00', 0),
	(8, '2026-11-13 05:00:00+00', '2026-11-13 05:15:00+00', 0.0875, 6, 0, '2026-11-13 05:15:00+00', 0),
	(8, '2026-11-13 05:15:00+00', '2026-11-13 05:30:00+00', 0.0875, 6, 0, '2026-11-13 05:30:00+00', 0),
	(8, '2026-11-13 05:30:00+00', '2026-11-13 05:45:00+00', 0.0875, 6, 0, '2026-11-13 05:45:00+00', 0),
	(8, '2026-11-13 05:45:00+00', '2026-11-13 06:00:00+00', 0.0875, 6, 0, '2026-11-13 06:00:00+00', 0),
	(8, '2026-11-13 06:00:00+00', '2026-11-13 06:15:00+00', 0.0875, 6, 0, '2026-11-13 06:15:00+00', 0),
	(8, '2026-11-13 06:15:00+00', '2026-11-13 06:30:00+00', 0.0875, 6, 0, '2026-11-13 06:30:00+00', 0),
	(8, '2026-11-13 06:30:00+00', '2026-11-13 06:45:00+00', 0.0875, 6, 0, '2026-11-13 06:45:00+00', 0),
	(8, '2026-11-13 06:45:00+00', '2026-11-13 07:00:00+00', 0.0875, 6, 0, '2026-11-13 07:00:00+00', 0),
	(8, '2026-11-13 07:00:00+00', '2026-11-13 07:15:00+00', 0.0875, 6, 0, '2026-11-13 07:15:00+00', 0),
	(8, '2026-11-13 07:15:00+00', '2026-11-13 07:30:00+00', 0.0875, 6, 0, '2026-11-13 07:30:00+00', 0),
	(8, '2026-11-13 07:30:00+00', '2026-11-13 07:45:00+00', 0.0875, 6, 0, '2026-11-13 07:45:00+00', 0),
	(8, '2026-11-13 07:45:00+00', '2026-11-13 08:00:00+00', 0.0875, 6, 0, '2026-11-13 08:00:00+00', 0),
	(8, '2026-11-13 08:00:00+00', '2026-11-13 08:15:00+00', 0.0875, 6, 0, '2026-11-13 08:15:00+00', 0),
	(8, '2026-11-13 08:15:00+00', '2026-11-13 08:30:00+00', 0.0875, 6, 0, '2026-11-13 08:30:00+00', 0),
	(8, '2026-11-13 08:30:00+00', '2026-11-13 08:45:00+00', 0.0875, 6, 0, '2026-11-13 08:45:00+00', 0),
	(8, '2026-11-13 08:45:00+00', '2026-11-13 09:00:00+00', 0.0875, 6, 0, '2026-11-13 09:00:00+00', 0),
	(8, '2026-11-13 09:00:00+00', '2026-11-13 09:15:00+00', 0.0875, 6, 0, '2026-11-13 09:15:00+00', 0),
	(8, '2026-11-13 09:15:00+00', '2026-11-13 09:30:00+00', 0.0875, 6, 0, '2026-11-13 09:30:00+00', 0),
	(8, '2026-11-13 09:30:00+00', '2026-11-13 09:45:00+00', 0.0875, 6, 0, '2026-11-13 09:45:00+00', 0),
	(8, '2026-11-13 09:45:00+00', '2026-11-13 10:00:00+00', 0.0875, 6, 0, '2026-11-13 10:00:00+00', 0),
	(8, '2026-11-13 10:00:00+00', '2026-11-13 10:15:00+00', 0.0875, 6, 0, '2026-11-13 10:15:00+00', 0),
	(8, '2026-11-13 10:15:00+00', '2026-11-13 10:30:00+00', 0.0875, 6, 0, '2026-11-13 10:30:00+00', 0),
	(8, '2026-11-13 10:30:00+00', '2026-11-13 10:45:00+00', 0.0875, 6, 0, '2026-11-13 10:45:00+00', 0),
	(8, '2026-11-13 10:45:00+00', '2026-11-13 11:00:00+00', 0.0875, 6, 0, '2026-11-13 11:00:00+00', 0),
	(8, '2026-11-13 11:00:00+00', '2026-11-13 11:15:00+00', 0.0875, 6, 0, '2026-11-13 11:15:00+00', 0),
	(8, '2026-11-13 11:15:00+00', '2026-11-13 11:30:00+00', 0.0875, 6, 0, '2026-11-13 11:30:00+00', 0),
	(8, '2026-11-13 11:30:00+00', '2026-11-13 11:45:00+00', 0.0875, 6, 0, '2026-11-13 11:45:00+00', 0),
	(8, '2026-11-13 11:45:00+00', '2026-11-13 12:00:00+00', 0.0875, 6, 0, '2026-11-13 12:00:00+00', 0),
	(8, '2026-11-13 12:00:00+00', '2026-11-13 12:15:00+00', 0.0875, 6, 0, '2026-11-13 12:15:00+00', 0),
	(8, '2026-11-13 12:15:00+00', '2026-11-13 12:30:00+00', 0.0875, 6, 0, '2026-11-13 12:30:00+00', 0),
	(8, '2026-11-13 12:30:00+00', '2026-11-13 12:45:00+00', 0.0875, 6, 0, '2026-11-13 12:45:00+00', 0),
	(8, '2026-11-13 12:45:00+00', '2026-11-13 13:00:00+00', 0.0875, 6, 0, '2026-11-13 13:00:00+00', 0),
	(8, '2026-11-13 13:00:00+00', '2026-11-13 13:15:00+00', 0.0875, 6, 0, '2026-11-13 13:15:00+00', 0),
	(8, '2026-11-13 13:15:00+00', '2026-11-13 13:30:00+00', 0.0875, 6, 0, '2026-11-13 13:30:00+00', 0),
	(8, '2026-11-13 13:30:00+00', '2026-11-13 13:45:00+00', 0.0875, 6, 0, '2026-11-13 13:45:00+00', 0),
	(8, '2026-11-13 13:45:00+00', '2026-11-13 14:00:00+00', 0.0875, 6, 0, '2026-11-13 14:00:00+00', 0),
	(8, '2026-11-13 14:00:00+00', '2026-11-13 14:15:00+00', 0.0875, 6, 0, '2026-11-13 14:15:00+00', 0),
	(8, '2026-11-13 14:15:00+00', '2026-11-13 14:30:00+00', 0.0875, 6, 0, '2026-11-13 14:30:00+00', 0),
	(8, '2026-11-13 14:30:00+00', '2026-11-13 14:45:00+00', 0.0875, 6, 0, '2026-11-13 14:45:00+00', 0),
	(8, '2026-11-13 14:45:00+00', '2026-11-13 15:00:00+00', 0.0875, 6, 0, '2026-11-13 15:00:00+00', 0),
	(8, '2026-11-13 15:00:00+00', '2026-11-13 15:15:00+00', 0.0875, 6, 0, '2026-11-13 15:15:00+00', 0),
	(8, '2026-11-13 15:15:00+00', '2026-11-13 15:30:00+00', 0.0875, 6, 0, '2026-11-13 15:30:00+00', 0),
	(8, '2026-11-13 15:30:00+00', '2026-11-13 15:45:00+00', 0.0875, 6, 0, '2026-11-13 15:45:00+00', 0),
	(8, '2026-11-13 15:45:00+00', '2026-11-13 16:00:00+00', 0.0875, 6, 0, '2026-11-13 16:00:00+00', 0),
	(8, '2026-11-13 16:00:00+00', '2026-11-13 16:15:00+00', 0.0875, 6, 0, '2026-11-13 16:15:00+00', 0),
	(8, '2026-11-13 16:15:00+00', '2026-11-13 16:30:00+00', 0.0875, 6, 0, '2026-11-13 16:30:00+00', 0),
	(8, '2026-11-13 16:30:00+00', '2026-11-13 16:45:00+00', 0.0875, 6, 0, '2026-11-13 16:45:00+00', 0),
	(8, '2026-11-13 16:45:00+00', '2026-11-13 17:00:00+00', 0.0875, 6, 0, '2026-11-13 17:00:00+00', 0),
	(8, '2026-11-13 17:00:00+00', '2026-11-13 17:15:00+00', 0.0875, 6, 0, '2026-11-13 17:15:00+00', 0),
	(8, '2026-11-13 17:15:00+00', '2026-11-13 17:30:00+00', 0.0875, 6, 0, '2026-11-13 17:30:00+00', 0),
	(8, '2026-11-13 17:30:00+00', '2026-11-13 17:45:00+00', 0.0875, 6, 0, '2026-11-13 17:45:00+00', 0),
	(8, '2026-11-13 17:45:00+00', '2026-11-13 18:00:00+00', 0.0875, 6, 0, '2026-11-13 18:00:00+00', 0),
	(8, '2026-11-13 18:00:00+00', '2026-11-13 18:15:00+00', 0.0875, 6, 0, '2026-11-13 18:15:00+00', 0),
	(8, '2026-11-13 18:15:00+00', '2026-11-13 18:30:00+00', 0.0875, 6, 0, '2026-11-13 18:30:00+00', 0),
	(8, '2026-11-13 18:30:00+00', '2026-11-13 18:45:00+00', 0.0875, 6, 0, '2026-11-13 18:45:00+00', 0),
	(8, '2026-11-13 18:45:00+00', '2026-11-13 19:00:00+00', 0.0875, 6, 0, '2026-11-13 19:00:00+00', 0),
	(8, '2026-11-13 19:00:00+00', '2026-11-13 19:15:00+00', 0.0875, 6, 0, '2026-11-13 19:15:00+00', 0),
	(8, '2026-11-13 19:15:00+00', '2026-11-13 19:30:00+00', 0.0875, 6, 0, '2026-11-13 19:30:00+00', 0),
	(8, '2026-11-13 19:30:00+00', '2026-11-13 19:45:00+00', 0.0875, 6, 0, '2026-11-13 19:45:00+00', 0),
	(8, '2026-11-13 19:45:00+00', '2026-11-13 20:00:00+00', 0.0875, 6, 0, '2026-11-13 20:00:00+00', 0),
	(8, '2026-11-13 20:00:00+00', '2026-11-13 20:15:00+00', 0.0875, 6, 0, '2026-11-13 20:15:00+00', 0),
	(8, '2026-11-13 20:15:00+00', '2026-11-13 20:30:00+00', 0.0875, 6, 0, '2026-11-13 20:30:00+00', 0),
	(8, '2026-11-13 20:30:00+00', '2026-11-13 20:45:00+00', 0.0875, 6, 0, '2026-11-13 20:45:00+00', 0),
	(8, '2026-11-13 20:45:00+00', '2026-11-13 21:00:00+00', 0.0875, 6, 0, '2026-11-13 21:00:00+00', 0),
	(8, '2026-11-13 21:00:00+00', '2026-11-13 21:15:00+00', 0.0875, 6, 0, '2026-11-13 21:15:00+00', 0),
	(8, '2026-11-13 21:15:00+00', '2026-11-13 21:30:00+00', 0.0875, 6, 0, '2026-11-13 21:30:00+00', 0),
	(8, '2026-11-13 21:30:00+00', '2026-11-13 21:45:00+00', 0.0875, 6, 0, '2026-11-13 21:45:00+00', 0),
	(8, '2026-11-13 21:45:00+00', '2026-11-13 22:00:00+00', 0.0875, 6, 0, '2026-11-13 22:00:00+00', 0),
	(8, '2026-11-13 22:00:00+00', '2026-11-13 22:15:00+00', 0.0875, 6, 0, '2026-11-13 22:15:00+00', 0),
	(8, '2026-11-13 22:15:00+00', '2026-11-13 22:30:00+00', 0.0875, 6, 0, '2026-11-13 22:30:00+00', 0),
	(8, '2026-11-13 22:30:00+00', '2026-11-13 22:45:00+00', 0.0875, 6, 0, '2026-11-13 22:45:00+00', 0),
	(8, '2026-11-13 22:45:00+00', '2026-11-13 23:00:00+00', 0.0875, 6, 0, '2026-11-13 23:00:00+00', 0),
	(8, '2026-11-13 23:00:00+00', '2026-11-13 23:15:00+00', 0.0875, 6, 0, '2026-11-13 23:15:00+00', 0),
	(8, '2026-11-13 23:15:00+00', '2026-11-13 23:30:00+00', 0.0875, 6, 0, '2026-11-13 23:30:00+00', 0),
	(8, '2026-11-13 23:30:00+00', '2026-11-13 23:45:00+00', 0.0875, 6, 0, '2026-11-13 23:45:00+00', 0),
	(8, '2026-11-13 23:45:00+00', '2026-11-14 00:00:00+00', 0.0875, 6, 0, '2026-11-14 00:00:00+00', 0),
	(8, '2026-11-14 00:00:00+00', '2026-11-14 00:15:00+00', 0.0875, 6, 0, '2026-11-14 00:15:00+00', 0),
	(8, '2026-11-14 00:15:00+00', '2026-11-14 00:30:00+00', 0.0875, 6, 0, '2026-11-14 00:30:00+00', 0),
	(8, '2026-11-14 00:30:00+00', '2026-11-14 00:45:00+00', 0.0875, 6, 0, '2026-11-14 00:45:00+00', 0),
	(8, '2026-11-14 00:45:00+00', '2026-11-14 01:00:00+00', 0.0875, 6, 0, '2026-11-14 01:00:00+00', 0),
	(8, '2026-11-14 01:00:00+00', '2026-11-14 01:15:00+00', 0.0875, 6, 0, '2026-11-14 01:15:00+00', 0),
	(8, '2026-11-14 01:15:00+00', '2026-11-14 01:30:00+00', 0.0875, 6, 0, '2026-11-14 01:30:00+00', 0),
	(8, '2026-11-14 01:30:00+00', '2026-11-14 01:45:00+00', 0.0875, 6, 0, '2026-11-14 01:45:00+00', 0),
	(8, '2026-11-14 01:45:00+00', '2026-11-14 02:00:00+00', 0.0875, 6, 0, '2026-11-14 02:00:00+00', 0),
	(8, '2026-11-14 02:00:00+00', '2026-11-14 02:15:00+00', 0.0875, 6, 0, '2026-11-14 02:15:00+00', 0),
	(8, '2026-11-14 02:15:00+00', '2026-11-14 02:30:00+00', 0.0875, 6, 0, '2026-11-14 02:30:00+00', 0),
	(8, '2026-11-14 02:30:00+00', '2026-11-14 02:45:00+00', 0.0875, 6, 0, '2026-11-14 02:45:00+00', 0),
	(8, '2026-11-14 02:45:00+00', '2026-11-14 03:00:00+00', 0.0875, 6, 0, '2026-11-14 03:00:00+00', 0),
	(8, '2026-11-14 03:00:00+00', '2026-11-14 03:15:00+00', 0.0875, 6, 0, '2026-11-14 03:15:00+00', 0),
	(8, '2026-11-14 03:15:00+00', '2026-11-14 03:30:00+00', 0.0875, 6, 0, '2026-11-14 03:30:00+00', 0),
	(8, '2026-11-14 03:30:00+00', '2026-11-14 03:45:00+00', 0.0875, 6, 0, '2026-11-14 03:45:00+00', 0),
	(8, '2026-11-14 03:45:00+00', '2026-11-14 04:00:00+00', 0.0875, 6, 0, '2026-11-14 04:00:00+00', 0),
	(8, '2026-11-14 04:00:00+00', '2026-11-14 04:15:00+00', 0.0875, 6, 0, '2026-11-14 04:15:00+00', 0),
	(8, '2026-11-14 04:15:00+00', '2026-11-14 04:30:00+00', 0.0875, 6, 0, '2026-11-14 04:30:00+00', 0),
	(8, '2026-11-14 04:30:00+00', '2026-11-14 04:45:00+00', 0.0875, 6, 0, '2026-11-14 04:45:00+00', 0),
	(8, '2026-11-14 04:45:00+00', '2026-11-14 05:00:00+00', 0.0875, 6, 0, '2026-11-14 05:00:00+00', 0),
	(8, '2026-11-14 05:00:00+00', '2026-11-14 05:15:00+00', 0.0875, 6, 0, '2026-11-14 05:15:00+00', 0),
	(8, '2026-11-14 05:15:00+00', '2026-11-14 05:30:00+00', 0.0875, 6, 0, '2026-11-14 05:30:00+00', 0),
	(8, '2026-11-14 05:30:00+00', '2026-11-14 05:45:00+00', 0.0875, 6, 0, '2026-11-14 05:45:00+00', 0),
	(8, '2026-11-14 05:45:00+00', '2026-11-14 06:00:00+00', 0.0875, 6, 0, '2026-11-14 06:00:00+00', 0),
	(8, '2026-11-14 06:00:00+00', '2026-11-14 06:15:00+00', 0.0875, 6, 0, '2026-11-14 06:15:00+00', 0),
	(8, '2026-11-14 06:15:00+00', '2026-11-14 06:30:00+00', 0.0875, 6, 0, '2026-11-14 06:30:00+00', 0),
	(8, '2026-11-14 06:30:00+00', '2026-11-14 06:45:00+00', 0.0875, 6, 0, '2026-11-14 06:45:00+00', 0),
	(8, '2026-11-14 06:45:00+00', '2026-11-14 07:00:00+00', 0.0875, 6, 0, '2026-11-14 07:00:00+00', 0),
	(8, '2026-11-14 07:00:00+00', '2026-11-14 07:15:00+00', 0.0875, 6, 0, '2026-11-14 07:15:00+00', 0),
	(8, '2026-11-14 07:15:00+00', '2026-11-14 07:30:00+00', 0.0875, 6, 0, '2026-11-14 07:30:00+00', 0),
	(8, '2026-11-14 07:30:00+00', '2026-11-14 07:45:00+00', 0.0875, 6, 0, '2026-11-14 07:45:00+00', 0),
	(8, '2026-11-14 07:45:00+00', '2026-11-14 08:00:00+00', 0.0875, 6, 0, '2026-11-14 08:00:00+00', 0),
	(8, '2026-11-14 08:00:00+00', '2026-11-14 08:15:00+00', 0.0875, 6, 0, '2026-11-14 08:15:00+00', 0),
	(8, '2026-11-14 08:15:00+00', '2026-11-14 08:30:00+00', 0.0875, 6, 0, '2026-11-14 08:30:00+00', 0),
	(8, '2026-11-14 08:30:00+00', '2026-11-14 08:45:00+00', 0.0875, 6, 0, '2026-11-14 08:45:00+00', 0),
	(8, '2026-11-14 08:45:00+00', '2026-11-14 09:00:00+00', 0.0875, 6, 0, '2026-11-14 09:00:00+00', 0),
	(8, '2026-11-14 09:00:00+00', '2026-11-14 09:15:00+00', 0.0875, 6, 0, '2026-11-14 09:15:00+00', 0),
	(8, '2026-11-14 09:15:00+00', '2026-11-14 09:30:00+00', 0.0875, 6, 0, '2026-11-14 09:30:00+00', 0),
	(8, '2026-11-14 09:30:00+00', '2026-11-14 09:45:00+00', 0.0875, 6, 0, '2026-11-14 09:45:00+00', 0),
	(8, '2026-11-14 09:45:00+00', '2026-11-14 10:00:00+00', 0.0875, 6, 0, '2026-11-14 10:00:00+00', 0),
	(8, '2026-11-14 10:00:00+00', '2026-11-14 10:15:00+00', 0.0875, 6, 0, '2026-11-14 10:15:00+00', 0),
	(8, '2026-11-14 10:15:00+00', '2026-11-14 10:30:00+00', 0.0875, 6, 0, '2026-11-14 10:30:00+00', 0),
	(8, '2026-11-14 10:30:00+00', '2026-11-14 10:45:00+00', 0.0875, 6, 0, '2026-11-14 10:45:00+00', 0),
	(8, '2026-11-14 10:45:00+00', '2026-11-14 11:00:00+00', 0.0875, 6, 0, '2026-11-14 11:00:00+00', 0),
	(8, '2026-11-14 11:00:00+00', '2026-11-14 11:15:00+00', 0.0875, 6, 0, '2026-11-14 11:15:00+00', 0),
	(8, '2026-11-14 11:15:00+00', '2026-11-14 11:30:00+00', 0.0875, 6, 0, '2026-11-14 11:30:00+00', 0),
	(8, '2026-11-14 11:30:00+00', '2026-11-14 11:45:00+00', 0.0875, 6, 0, '2026-11-14 11:45:00+00', 0),
	(8, '2026-11-14 11:45:00+00', '2026-11-14 12:00:00+00', 0.0875, 6, 0, '2026-11-14 12:00:00+00', 0),
	(8, '2026-11-14 12:00:00+00', '2026-11-14 12:15:00+00', 0.0875, 6, 0, '2026-11-14 12:15:00+00', 0),
	(8, '2026-11-14 12:15:00+00', '2026-11-14 12:30:00+00', 0.0875, 6, 0, '2026-11-14 12:30:00+00', 0),
	(8, '2026-11-14 12:30:00+00', '2026-11-14 12:45:00+00', 0.0875, 6, 0, '2026-11-14 12:45:00+00', 0),
	(8, '2026-11-14 12:45:00+00', '2026-11-14 13:00:00+00', 0.0875, 6, 0, '2026-11-14 13:00:00+00', 0),
	(8, '2026-11-14 13:00:00+00', '2026-11-14 13:15:00+00', 0.0875, 6, 0, '2026-11-14 13:15:00+00', 0),
	(8, '2026-11-14 13:15:00+00', '2026-11-14 13:30:00+00', 0.0875, 6, 0, '2026-11-14 13:30:00+00', 0),
	(8, '2026-11-14 13:30:00+00', '2026-11-14 13:45:00+00', 0.0875, 6, 0, '2026-11-14 13:45:00+00', 0),
	(8, '2026-11-14 13:45:00+00', '2026-11-14 14:00:00+00', 0.0875, 6, 0, '2026-11-14 14:00:00+00', 0),
	(8, '2026-11-14 14:00:00+00', '2026-11-14 14:15:00+00', 0.0875, 6, 0, '2026-11-14 14:15:00+00', 0),
	(8, '2026-11-14 14:15:00+00', '2026-11-14 14:30:00+00', 0.0875, 6, 0, '2026-11-14 14:30:00+00', 0),
	(8, '2026-11-14 14:30:00+00', '2026-11-14 14:45:00+00', 0.0875, 6, 0, '2026-11-14 14:45:00+00', 0),
	(8, '2026-11-14 14:45:00+00', '2026-11-14 15:00:00+00', 0.0875, 6, 0, '2026-11-14 15:00:00+00', 0),
	(8, '2026-11-14 15:00:00+00', '2026-11-14 15:15:00+00', 0.0875, 6, 0, '2026-11-14 15:15:00+00', 0),
	(8, '2026-11-14 15:15:00+00', '2026-11-14 15:30:00+00', 0.0875, 6, 0, '2026-11-14 15:30:00+00', 0),
	(8, '2026-11-14 15:30:00+00', '2026-11-14 15:45:00+00', 0.0875, 6, 0, '2026-11-14 15:45:00+00', 0),
	(8, '2026-11-14 15:45:00+00', '2026-11-14 16:00:00+00', 0.0875, 6, 0, '2026-11-14 16:00:00+00', 0),
	(8, '2026-11-14 16:00:00+00', '2026-11-14 16:15:00+00', 0.0875, 6, 0, '2026-11-14 16:15:00+00', 0),
	(8, '2026-11-14 16:15:00+00', '2026-11-14 16:30:00+00', 0.0875, 6, 0, '2026-11-14 16:30:00+00', 0),
	(8, '2026-11-14 16:30:00+00', '2026-11-14 16:45:00+00', 0.0875, 6, 0, '2026-11-14 16:45:00+00', 0),
	(8, '2026-11-14 16:45:00+00', '2026-11-14 17:00:00+00', 0.0875, 6, 0, '2026-11-14 17:00:00+00', 0),
	(8, '2026-11-14 17:00:00+00', '2026-11-14 17:15:00+00', 0.0875, 6, 0, '2026-11-14 17:15:00+00', 0),
	(8, '2026-11-14 17:15:00+00', '2026-11-14 17:30:00+00', 0.0875, 6, 0, '2026-11-14 17:30:00+00', 0),
	(8, '2026-11-14 17:30:00+00', '2026-11-14 17:45:00+00', 0.0875, 6, 0, '2026-11-14 17:45:00+00', 0),
	(8, '2026-11-14 17:45:00+00', '2026-11-14 18:00:00+00', 0.0875, 6, 0, '2026-11-14 18:00:00+00', 0),
	(8, '2026-11-14 18:00:00+00', '2026-11-14 18:15:00+00', 0.0875, 6, 0, '2026-11-14 18:15:00+00', 0),
	(8, '2026-11-14 18:15:00+00', '2026-11-14 18:30:00+00', 0.0875, 6, 0, '2026-11-14 18:30:00+00', 0),
	(8, '2026-11-14 18:30:00+00', '2026-11-14 18:45:00+00', 0.0875, 6, 0, '2026-11-14 18:45:00+00', 0),
	(8, '2026-11-14 18:45:00+00', '2026-11-14 19:00:00+00', 0.0875, 6, 0, '2026-11-14 19:00:00+00', 0),
	(8, '2026-11-14 19:00:00+00', '2026-11-14 19:15:00+00', 0.0875, 6, 0, '2026-11-14 19:15:00+00', 0),
	(8, '2026-11-14 19:15:00+00', '2026-11-14 19:30:00+00', 0.0875, 6, 0, '2026-11-14 19:30:00+00', 0),
	(8, '2026-11-14 19:30:00+00', '2026-11-14 19:45:00+00', 0.0875, 6, 0, '2026-11-14 19:45:00+00', 0),
	(8, '2026-11-14 19:45:00+00', '2026-11-14 20:00:00+00', 0.0875, 6, 0, '2026-11-14 20:00:00+00', 0),
	(8, '2026-11-14 20:00:00+00', '2026-11-14 20:15:00+00', 0.0875, 6, 0, '2026-11-14 20:15:00+00', 0),
	(8, '2026-11-14 20:15:00+00', '2026-11-14 20:30:00+00', 0.0875, 6, 0, '2026-11-14 20:30:00+00', 0),
	(8, '2026-11-14 20:30:00+00', '2026-11-14 20:45:00+00', 0.0875, 6, 0, '2026-11-14 20:45:00+00', 0),
	(8, '2026-11-14 20:45:00+00', '2026-11-14 21:00:00+00', 0.0875, 6, 0, '2026-11-14 21:00:00+00', 0),
	(8, '2026-11-14 21:00:00+00', '2026-11-14 21:15:00+00', 0.0875, 6, 0, '2026-11-14 21:15:00+00', 0),
	(8, '2026-11-14 21:15:00+00', '2026-11-14 21:30:00+00', 0.0875, 6, 0, '2026-11-14 21:30:00+00', 0),
	(8, '2026-11-14 21:30:00+00', '2026-11-14 21:45:00+00', 0.0875, 6, 0, '2026-11-14 21:45:00+00', 0),
	(8, '2026-11-14 21:45:00+00', '2026-11-14 22:00:00+00', 0.0875, 6, 0, '2026-11-14 22:00:00+00', 0),
	(8, '2026-11-14 22:00:00+00', '2026-11-14 22:15:00+00', 0.0875, 6, 0, '2026-11-14 22:15:00+00', 0),
	(8, '2026-11-14 22:15:00+00', '2026-11-14 22:30:00+00', 0.0875, 6, 0, '2026-11-14 22:30:00+00', 0),
	(8, '2026-11-14 22:30:00+00', '2026-11-14 22:45:00+00', 0.0875, 6, 0, '2026-11-14 22:45:00+00', 0),
	(8, '2026-11-14 22:45:00+00', '2026-11-14 23:00:00+00', 0.0875, 6, 0, '2026-11-14 23:00:00+00', 0),
	(8, '2026-11-14 23:00:00+00', '2026-11-14 23:15:00+00', 0.0875, 6, 0, '2026-11-14 23:15:00+00', 0),
	(8, '2026-11-14 23:15:00+00', '2026-11-14 23:30:00+00', 0.0875, 6, 0, '2026-11-14 23:30:00+00', 0),
	(8, '2026-11-14 23:30:00+00', '2026-11-14 23:45:00+00', 0.0875, 6, 0, '2026-11-14 23:45:00+00', 0),
	(8, '2026-11-14 23:45:00+00', '2026-11-15 00:00:00+00', 0.0875, 6, 0, '2026-11-15 00:00:00+00', 0),
	(8, '2026-11-15 00:00:00+00', '2026-11-15 00:15:00+00', 0.0875, 6, 0, '2026-11-15 00:15:00+00', 0),
	(8, '2026-11-15 00:15:00+00', '2026-11-15 00:30:00+00', 0.0875, 6, 0, '2026-11-15 00:30:00+00', 0),
	(8, '2026-11-15 00:30:00+00', '2026-11-15 00:45:00+00', 0.0875, 6, 0, '2026-11-15 00:45:00+00', 0),
	(8, '2026-11-15 00:45:00+00', '2026-11-15 01:00:00+00', 0.0875, 6, 0, '2026-11-15 01:00:00+00', 0),
	(8, '2026-11-15 01:00:00+00', '2026-11-15 01:15:00+00', 0.0875, 6, 0, '2026-11-15 01:15:00+00', 0),
	(8, '2026-11-15 01:15:00+00', '2026-11-15 01:30:00+00', 0.0875, 6, 0, '2026-11-15 01:30:00+00', 0),
	(8, '2026-11-15 01:30:00+00', '2026-11-15 01:45:00+00', 0.0875, 6, 0, '2026-11-15 01:45:00+00', 0),
	(8, '2026-11-15 01:45:00+00', '2026-11-15 02:00:00+00', 0.0875, 6, 0, '2026-11-15 02:00:00+00', 0);
INSERT INTO features.meter_interval VALUES
	(10, '2026-11-13 00:00:00+00', '2026-11-13 00:15:00+00', 0.0875, 6, 0, '2026-11-13 00:15:00+00', 0),
	(10, '2026-11-13 00:15:00+00', '2026-11-13 00:30:00+00', 0.0875, 6, 0, '2026-11-13 00:30:00+00', 0),
	(10, '2026-11-13 00:30:00+00', '2026-11-13 00:45:00+00', 0.0875, 6, 0, '2026-11-13 00:45:00+00', 0),
	(10, '2026-11-13 00:45:00+00', '2026-11-13 01:00:00+00', 0.0875, 5, 1, '2026-11-13 01:00:00+00', 0),
	(10, '2026-11-13 01:00:00+00', '2026-11-13 01:15:00+00', NULL, 0, 0, '2026-11-13 01:15:00+00', 0),
	(10, '2026-11-13 01:15:00+00', '2026-11-13 01:30:00+00', 0.0875, 6, 0, '2026-11-13 01:30:00+00', 0),
	(10, '2026-11-13 01:30:00+00', '2026-11-13 01:45:00+00', 0.0875, 6, 0, '2026-11-13 01:45:00+00', 0),
	(10, '2026-11-13 01:45:00+00', '2026-11-13 02:00:00+00', 0.0875, 6, 0, '2026-11-13 02:00:00+00', 0),
	(10, '2026-11-13 02:00:00+00', '2026-11-13 02:15:00+00', 0.0875, 6, 0, '2026-11-13 02:15:00+00', 0),
	(10, '2026-11-13 02:15:00+00', '2026-11-13 02:30:00+00', 0.0875, 6, 0, '2026-11-13 02:30:00+00', 0),
	(10, '2026-11-13 02:30:00+00', '2026-11-13 02:45:00+00', 0.0875, 6, 0, '2026-11-13 02:45:00+00', 0),
	(10, '2026-11-13 02:45:00+00', '2026-11-13 03:00:00+00', 0.0875, 6, 0, '2026-11-13 03:00:00+00', 0),
	(10, '2026-11-13 03:00:00+00', '2026-11-13 03:15:00+00', 0.0875, 6, 0, '2026-11-13 03:15:00+00', 0),
	(10, '2026-11-13 03:15:00+00', '2026-11-13 03:30:00+00', 0.0875, 6, 0, '2026-11-13 03:30:00+00', 0),
	(10, '2026-11-13 03:30:00+00', '2026-11-13 03:45:00+00', 0.0875, 6, 0, '2026-11-13 03:45:00+00', 0),
	(10, '2026-11-13 03:45:00+00', '2026-11-13 04:00:00+00', 0.0875, 6, 0, '2026-11-13 04:00:00+00', 0),
	(10, '2026-11-13 04:00:00+00', '2026-11-13 04:15:00+00', 0.0875, 6, 0, '2026-11-13 04:15:00+00', 0),
	(10, '2026-11-13 04:15:00+00', '2026-11-13 04:30:00+00', 0.0875, 6, 0, '2026-11-13 04:30:00+00', 0),
	(10, '2026-11-13 04:30:00+00', '2026-11-13 04:45:00+00', 0.0875, 6, 0, '2026-11-13 04:45:00+00', 0),
	(10, '2026-11-13 04:45:00+00', '2026-11-13 05:00:00+00', 0.0875, 6, 0, '2026-11-13 05:00:00+00', 0),
	(10, '2026-11-13 05:00:00+00', '2026-11-13 05:15:00+00', 0.0875, 6, 0, '2026-11-13 05:15:00+00', 0),
	(10, '2026-11-13 05:15:00+00', '2026-11-13 05:30:00+00', 0.0875, 6, 0, '2026-11-13 05:30:00+00', 0),
	(10, '2026-11-13 05:30:00+00', '2026-11-13 05:45:00+00', 0.0875, 6, 0, '2026-11-13 05:45:00+00', 0),
	(10, '2026-11-13 05:45:00+00', '2026-11-13 06:00:00+00', 0.0875, 6, 0, '2026-11-13 06:00:00+00', 0),
	(10, '2026-11-13 06:00:00+00', '2026-11-13 06:15:00+00', 0.0875, 6, 0, '2026-11-13 06:15:00+00', 0),
	(10, '2026-11-13 06:15:00+00', '2026-11-13 06:30:00+00', 0.0875, 6, 0, '2026-11-13 06:30:00+00', 0),
	(10, '2026-11-13 06:30:00+00', '2026-11-13 06:45:00+00', 0.0875, 6, 0, '2026-11-13 06:45:00+00', 0),
	(10, '2026-11-13 06:45:00+00', '2026-11-13 07:00:00+00', 0.0875, 6, 0, '2026-11-13 07:00:00+00', 0),
	(10, '2026-11-13 07:00:00+00', '2026-11-13 07:15:00+00', 0.0875, 6, 0, '2026-11-13 07:15:00+00', 0),
	(10, '2026-11-13 07:15:00+00', '2026-11-13 07:30:00+00', 0.0875, 6, 0, '2026-11-13 07:30:00+00', 0),
	(10, '2026-11-13 07:30:00+00', '2026-11-13 07:45:00+00', 0.0875, 6, 0, '2026-11-13 07:45:00+00', 0),
	(10, '2026-11-13 07:45:00+00', '2026-11-13 08:00:00+00', 0.0875, 6, 0, '2026-11-13 08:00:00+00', 0),
	(10, '2026-11-13 08:00:00+00', '2026-11-13 08:15:00+00', 0.0875, 6, 0, '2026-11-13 08:15:00+00', 0),
	(10, '2026-11-13 08:15:00+00', '2026-11-13 08:30:00+00', 0.0875, 6, 0, '2026-11-13 08:30:00+00', 0),
	(10, '2026-11-13 08:30:00+00', '2026-11-13 08:45:00+00', 0.0875, 6, 0, '2026-11-13 08:45:00+00', 0),
	(10, '2026-11-13 08:45:00+00', '2026-11-13 09:00:00+00', 0.0875, 6, 0, '2026-11-13 09:00:00+00', 0),
	(10, '2026-11-13 09:00:00+00', '2026-11-13 09:15:00+00', 0.0875, 6, 0, '2026-11-13 09:15:00+00', 0),
	(10, '2026-11-13 09:15:00+00', '2026-11-13 09:30:00+00', 0.0875, 6, 0, '2026-11-13 09:30:00+00', 0),
	(10, '2026-11-13 09:30:00+00', '2026-11-13 09:45:00+00', 0.0875, 6, 0, '2026-11-13 09:45:00+00', 0),
	(10, '2026-11-13 09:45:00+00', '2026-11-13 10:00:00+00', 0.0875, 6, 0, '2026-11-13 10:00:00+00', 0),
	(10, '2026-11-13 10:00:00+00', '2026-11-13 10:15:00+00', 0.0875, 6, 0, '2026-11-13 10:15:00+00', 0),
	(10, '2026-11-13 10:15:00+00', '2026-11-13 10:30:00+00', 0.0875, 6, 0, '2026-11-13 10:30:00+00', 0),
	(10, '2026-11-13 10:30:00+00', '2026-11-13 10:45:00+00', 0.0875, 6, 0, '2026-11-13 10:45:00+00', 0),
	(10, '2026-11-13 10:45:00+00', '2026-11-13 11:00:00+00', 0.0875, 6, 0, '2026-11-13 11:00:00+00', 0),
	(10, '2026-11-13 11:00:00+00', '2026-11-13 11:15:00+00', 0.0875, 6, 0, '2026-11-13 11:15:00+00', 0),
	(10, '2026-11-13 11:15:00+00', '2026-11-13 11:30:00+00', 0.0875, 6, 0, '2026-11-13 11:30:00+00', 0),
	(10, '2026-11-13 11:30:00+00', '2026-11-13 11:45:00+00', 0.0875, 6, 0, '2026-11-13 11:45:00+00', 0),
	(10, '2026-11-13 11:45:00+00', '2026-11-13 12:00:00+00', 0.0875, 6, 0, '2026-11-13 12:00:00+00', 0),
	(10, '2026-11-13 12:00:00+00', '2026-11-13 12:15:00+00', 0.0875, 6, 0, '2026-11-13 12:15:00+00', 0),
	(10, '2026-11-13 12:15:00+00', '2026-11-13 12:30:00+00', 0.0875, 6, 0, '2026-11-13 12:30:00+00', 0),
	(10, '2026-11-13 12:30:00+00', '2026-11-13 12:45:00+00', 0.0875, 6, 0, '2026-11-13 12:45:00+00', 0),
	(10, '2026-11-13 12:45:00+00', '2026-11-13 13:00:00+00', 0.0875, 6, 0, '2026-11-13 13:00:00+00', 0),
	(10, '2026-11-13 13:00:00+00', '2026-11-13 13:15:00+00', 0.0875, 6, 0, '2026-11-13 13:15:00+00', 0),
	(10, '2026-11-13 13:15:00+00', '2026-11-13 13:30:00+00', 0.0875, 6, 0, '2026-11-13 13:30:00+00', 0),
	(10, '2026-11-13 13:30:00+00', '2026-11-13 13:45:00+00', 0.0875, 6, 0, '2026-11-13 13:45:00+00', 0),
	(10, '2026-11-13 13:45:00+00', '2026-11-13 14:00:00+00', 0.0875, 6, 0, '2026-11-13 14:00:00+00', 0),
	(10, '2026-11-13 14:00:00+00', '2026-11-13 14:15:00+00', 0.0875, 6, 0, '2026-11-13 14:15:00+00', 0),
	(10, '2026-11-13 14:15:00+00', '2026-11-13 14:30:00+00', 0.0875, 6, 0, '2026-11-13 14:30:00+00', 0),
	(10, '2026-11-13 14:30:00+00', '2026-11-13 14:45:00+00', 0.0875, 6, 0, '2026-11-13 14:45:00+00', 0),
	(10, '2026-11-13 14:45:00+00', '2026-11-13 15:00:00+00', 0.0875, 6, 0, '2026-11-13 15:00:00+00', 0),
	(10, '2026-11-13 15:00:00+00', '2026-11-13 15:15:00+00', 0.0875, 6, 0, '2026-11-13 15:15:00+00', 0),
	(10, '2026-11-13 15:15:00+00', '2026-11-13 15:30:00+00', 0.0875, 6, 0, '2026-11-13 15:30:00+00', 0),
	(10, '2026-11-13 15:30:00+00', '2026-11-13 15:45:00+00', 0.0875, 6, 0, '2026-11-13 15:45:00+00', 0),
	(10, '2026-11-13 15:45:00+00', '2026-11-13 16:00:00+00', 0.0875, 6, 0, '2026-11-13 16:00:00+00', 0),
	(10, '2026-11-13 16:00:00+00', '2026-11-13 16:15:00+00', 0.0875, 6, 0, '2026-11-13 16:15:00+00', 0),
	(10, '2026-11-13 16:15:00+00', '2026-11-13 16:30:00+00', 0.0875, 6, 0, '2026-11-13 16:30:00+00', 0),
	(10, '2026-11-13 16:30:00+00', '2026-11-13 16:45:00+00', 0.0875, 6, 0, '2026-11-13 16:45:00+00', 0),
	(10, '2026-11-13 16:45:00+00', '2026-11-13 17:00:00+00', 0.0875, 6, 0, '2026-11-13 17:00:00+00', 0),
	(10, '2026-11-13 17:00:00+00', '2026-11-13 17:15:00+00', 0.0875, 6, 0, '2026-11-13 17:15:00+00', 0),
	(10, '2026-11-13 17:15:00+00', '2026-11-13 17:30:00+00', 0.0875, 6, 0, '2026-11-13 17:30:00+00', 0),
	(10, '2026-11-13 17:30:00+00', '2026-11-13 17:45:00+00', 0.0875, 6, 0, '2026-11-13 17:45:00+00', 0),
	(10, '2026-11-13 17:45:00+00', '2026-11-13 18:00:00+00', 0.0875, 6, 0, '2026-11-13 18:00:00+00', 0),
	(10, '2026-11-13 18:00:00+00', '2026-11-13 18:15:00+00', 0.0875, 6, 0, '2026-11-13 18:15:00+00', 0),
	(10, '2026-11-13 18:15:00+00', '2026-11-13 18:30:00+00', 0.0875, 6, 0, '2026-11-13 18:30:00+00', 0),
	(10, '2026-11-13 18:30:00+00', '2026-11-13 18:45:00+00', 0.0875, 6, 0, '2026-11-13 18:45:00+00', 0),
	(10, '2026-11-13 18:45:00+00', '2026-11-13 19:00:00+00', 0.0875, 6, 0, '2026-11-13 19:00:00+00', 0),
	(10, '2026-11-13 19:00:00+00', '2026-11-13 19:15:00+00', 0.0875, 6, 0, '2026-11-13 19:15:00+00', 0),
	(10, '2026-11-13 19:15:00+00', '2026-11-13 19:30:00+00', 0.0875, 6, 0, '2026-11-13 19:30:00+00', 0),
	(10, '2026-11-13 19:30:00+00', '2026-11-13 19:45:00+00', 0.0875, 6, 0, '2026-11-13 19:45:00+00', 0),
	(10, '2026-11-13 19:45:00+00', '2026-11-13 20:00:00+00', 0.0875, 6, 0, '2026-11-13 20:00:00+00', 0),
	(10, '2026-11-13 20:00:00+00', '2026-11-13 20:15:00+00', 0.0875, 6, 0, '2026-11-13 20:15:00+00', 0),
	(10, '2026-11-13 20:15:00+00', '2026-11-13 20:30:00+00', 0.0875, 6, 0, '2026-11-13 20:30:00+00', 0),
	(10, '2026-11-13 20:30:00+00', '2026-11-13 20:45:00+00', 0.0875, 6, 0, '2026-11-13 20:45:00+00', 0),
	(10, '2026-11-13 20:45:00+00', '2026-11-13 21:00:00+00', 0.0875, 6, 0, '2026-11-13 21:00:00+00', 0),
	(10, '2026-11-13 21:00:00+00', '2026-11-13 21:15:00+00', 0.0875, 6, 0, '2026-11-13 21:15:00+00', 0),
	(10, '2026-11-13 21:15:00+00', '2026-11-13 21:30:00+00', 0.0875, 6, 0, '2026-11-13 21:30:00+00', 0),
	(10, '2026-11-13 21:30:00+00', '2026-11-13 21:45:00+00', 0.0875, 6, 0, '2026-11-13 21:45:00+00', 0),
	(10, '2026-11-13 21:45:00+00', '2026-11-13 22:00:00+00', 0.0875, 6, 0, '2026-11-13 22:00:00+00', 0),
	(10, '2026-11-13 22:00:00+00', '2026-11-13 22:15:00+00', 0.0875, 6, 0, '2026-11-13 22:15:00+00', 0),
	(10, '2026-11-13 22:15:00+00', '2026-11-13 22:30:00+00', 0.0875, 6, 0, '2026-11-13 22:30:00+00', 0),
	(10, '2026-11-13 22:30:00+00', '2026-11-13 22:45:00+00', 0.0875, 6, 0, '2026-11-13 22:45:00+00', 0),
	(10, '2026-11-13 22:45:00+00', '2026-11-13 23:00:00+00', 0.0875, 6, 0, '2026-11-13 23:00:00+00', 0),
	(10, '2026-11-13 23:00:00+00', '2026-11-13 23:15:00+00', 0.0875, 6, 0, '2026-11-13 23:15:00+00', 0),
	(10, '2026-11-13 23:15:00+00', '2026-11-13 23:30:00+00', 0.0875, 6, 0, '2026-11-13 23:30:00+00', 0),
	(10, '2026-11-13 23:30:00+00', '2026-11-13 23:45:00+00', 0.0875, 6, 0, '2026-11-13 23:45:00+00', 0),
	(10, '2026-11-13 23:45:00+00', '2026-11-14 00:00:00+00', 0.0875, 6, 0, '2026-11-14 00:00:00+00', 0),
	(10, '2026-11-14 00:00:00+00', '2026-11-14 00:15:00+00', 0.0875, 6, 0, '2026-11-14 00:15:00+00', 0),
	(10, '2026-11-14 00:15:00+00', '2026-11-14 00:30:00+00', 0.0875, 6, 0, '2026-11-14 00:30:00+00', 0),
	(10, '2026-11-14 00:30:00+00', '2026-11-14 00:45:00+00', 0.0875, 6, 0, '2026-11-14 00:45:00+00', 0),
	(10, '2026-11-14 00:45:00+00', '2026-11-14 01:00:00+00', 0.0875, 6, 0, '2026-11-14 01:00:00+00', 0),
	(10, '2026-11-14 01:00:00+00', '2026-11-14 01:15:00+00', 0.0875, 6, 0, '2026-11-14 01:15:00+00', 0),
	(10, '2026-11-14 01:15:00+00', '2026-11-14 01:30:00+00', 0.0875, 6, 0, '2026-11-14 01:30:00+00', 0),
	(10, '2026-11-14 01:30:00+00', '2026-11-14 01:45:00+00', 0.0875, 6, 0, '2026-11-14 01:45:00+00', 0),
	(10, '2026-11-14 01:45:00+00', '2026-11-14 02:00:00+00', 0.0875, 6, 0, '2026-11-14 02:00:00+00', 0),
	(10, '2026-11-14 02:00:00+00', '2026-11-14 02:15:00+00', 0.0875, 6, 0, '2026-11-14 02:15:00+00', 0),
	(10, '2026-11-14 02:15:00+00', '2026-11-14 02:30:00+00', 0.0875, 6, 0, '2026-11-14 02:30:00+00', 0),
	(10, '2026-11-14 02:30:00+00', '2026-11-14 02:45:00+00', 0.0875, 6, 0, '2026-11-14 02:45:00+00', 0),
	(10, '2026-11-14 02:45:00+00', '2026-11-14 03:00:00+00', 0.0875, 6, 0, '2026-11-14 03:00:00+00', 0),
	(10, '2026-11-14 03:00:00+00', '2026-11-14 03:15:00+00', 0.0875, 6, 0, '2026-11-14 03:15:00+00', 0),
	(10, '2026-11-14 03:15:00+00', '2026-11-14 03:30:00+00', 0.0875, 6, 0, '2026-11-14 03:30:00+00', 0),
	(10, '2026-11-14 03:30:00+00', '2026-11-14 03:45:00+00', 0.0875, 6, 0, '2026-11-14 03:45:00+00', 0),
	(10, '2026-11-14 03:45:00+00', '2026-11-14 04:00:00+00', 0.0875, 6, 0, '2026-11-14 04:00:00+00', 0),
	(10, '2026-11-14 04:00:00+00', '2026-11-14 04:15:00+00', 0.0875, 6, 0, '2026-11-14 04:15:00+00', 0),
	(10, '2026-11-14 04:15:00+00', '2026-11-14 04:30:00+00', 0.0875, 6, 0, '2026-11-14 04:30:00+00', 0),
	(10, '2026-11-14 04:30:00+00', '2026-11-14 04:45:00+00', 0.0875, 6, 0, '2026-11-14 04:45:00+00', 0),
	(10, '2026-11-14 04:45:00+00', '2026-11-14 05:00:00+00', 0.0875, 6, 0, '2026-11-14 05:00:00+00', 0),
	(10, '2026-11-14 05:00:00+00', '2026-11-14 05:15:00+00', 0.0875, 6, 0, '2026-11-14 05:15:00+00', 0),
	(10, '2026-11-14 05:15:00+00', '2026-11-14 05:30:00+00', 0.0875, 6, 0, '2026-11-14 05:30:00+00', 0),
	(10, '2026-11-14 05:30:00+00', '2026-11-14 05:45:00+00', 0.0875, 6, 0, '2026-11-14 05:45:00+00', 0),
	(10, '2026-11-14 05:45:00+00', '2026-11-14 06:00:00+00', 0.0875, 6, 0, '2026-11-14 06:00:00+00', 0),
	(10, '2026-11-14 06:00:00+00', '2026-11-14 06:15:00+00', 0.0875, 6, 0, '2026-11-14 06:15:00+00', 0),
	(10, '2026-11-14 06:15:00+00', '2026-11-14 06:30:00+00', 0.0875, 6, 0, '2026-11-14 06:30:00+00', 0),
	(10, '2026-11-14 06:30:00+00', '2026-11-14 06:45:00+00', 0.0875, 6, 0, '2026-11-14 06:45:00+00', 0),
	(10, '2026-11-14 06:45:00+00', '2026-11-14 07:00:00+00', 0.0875, 6, 0, '2026-11-14 07:00:00+00', 0),
	(10, '2026-11-14 07:00:00+00', '2026-11-14 07:15:00+00', 0.0875, 6, 0, '2026-11-14 07:15:00+00', 0),
	(10, '2026-11-14 07:15:00+00', '2026-11-14 07:30:00+00', 0.0875, 6, 0, '2026-11-14 07:30:00+00', 0),
	(10, '2026-11-14 07:30:00+00', '2026-11-14 07:45:00+00', 0.0875, 6, 0, '2026-11-14 07:45:00+00', 0),
	(10, '2026-11-14 07:45:00+00', '2026-11-14 08:00:00+00', 0.0875, 6, 0, '2026-11-14 08:00:00+00', 0),
	(10, '2026-11-14 08:00:00+00', '2026-11-14 08:15:00+00', 0.0875, 6, 0, '2026-11-14 08:15:00+00', 0),
	(10, '2026-11-14 08:15:00+00', '2026-11-14 08:30:00+00', 0.0875, 6, 0, '2026-11-14 08:30:00+00', 0),
	(10, '2026-11-14 08:30:00+00', '2026-11-14 08:45:00+00', 0.0875, 6, 0, '2026-11-14 08:45:00+00', 0),
	(10, '2026-11-14 08:45:00+00', '2026-11-14 09:00:00+00', 0.0875, 6, 0, '2026-11-14 09:00:00+00', 0),
	(10, '2026-11-14 09:00:00+00', '2026-11-14 09:15:00+00', 0.0875, 6, 0, '2026-11-14 09:15:00+00', 0),
	(10, '2026-11-14 09:15:00+00', '2026-11-14 09:30:00+00', 0.0875, 6, 0, '2026-11-14 09:30:00+00', 0),
	(10, '2026-11-14 09:30:00+00', '2026-11-14 09:45:00+00', 0.0875, 6, 0, '2026-11-14 09:45:00+00', 0),
	(10, '2026-11-14 09:45:00+00', '2026-11-14 10:00:00+00', 0.0875, 6, 0, '2026-11-14 10:00:00+00', 0),
	(10, '2026-11-14 10:00:00+00', '2026-11-14 10:15:00+00', 0.0875, 6, 0, '2026-11-14 10:15:00+00', 0),
	(10, '2026-11-14 10:15:00+00', '2026-11-14 10:30:00+00', 0.0875, 6, 0, '2026-11-14 10:30:00+00', 0),
	(10, '2026-11-14 10:30:00+00', '2026-11-14 10:45:00+00', 0.0875, 6, 0, '2026-11-14 10:45:00+00', 0),
	(10, '2026-11-14 10:45:00+00', '2026-11-14 11:00:00+00', 0.0875, 6, 0, '2026-11-14 11:00:00+00', 0),
	(10, '2026-11-14 11:00:00+00', '2026-11-14 11:15:00+00', 0.0875, 6, 0, '2026-11-14 11:15:00+00', 0),
	(10, '2026-11-14 11:15:00+00', '2026-11-14 11:30:00+00', 0.0875, 6, 0, '2026-11-14 11:30:00+00', 0),
	(10, '2026-11-14 11:30:00+00', '2026-11-14 11:45:00+00', 0.0875, 6, 0, '2026-11-14 11:45:00+00', 0),
	(10, '2026-11-14 11:45:00+00', '2026-11-14 12:00:00+00', 0.0875, 6, 0, '2026-11-14 12:00:00+00', 0),
	(10, '2026-11-14 12:00:00+00', '2026-11-14 12:15:00+00', 0.0875, 6, 0, '2026-11-14 12:15:00+00', 0),
	(10, '2026-11-14 12:15:00+00', '2026-11-14 12:30:00+00', 0.0875, 6, 0, '2026-11-14 12:30:00+00', 0),
	(10, '2026-11-14 12:30:00+00', '2026-11-14 12:45:00+00', 0.0875, 6, 0, '2026-11-14 12:45:00+00', 0),
	(10, '2026-11-14 12:45:00+00', '2026-11-14 13:00:00+00', 0.0875, 6, 0, '2026-11-14 13:00:00+00', 0),
	(10, '2026-11-14 13:00:00+00', '2026-11-14 13:15:00+00', 0.0875, 6, 0, '2026-11-14 13:15:00+00', 0),
	(10, '2026-11-14 13:15:00+00', '2026-11-14 13:30:00+00', 0.0875, 6, 0, '2026-11-14 13:30:00+00', 0),
	(10, '2026-11-14 13:30:00+00', '2026-11-14 13:45:00+00', 0.0875, 6, 0, '2026-11-14 13:45:00+00', 0),
	(10, '2026-11-14 13:45:00+00', '2026-11-14 14:00:00+00', 0.0875, 6, 0, '2026-11-14 14:00:00+00', 0),
	(10, '2026-11-14 14:00:00+00', '2026-11-14 14:15:00+00', 0.0875, 6, 0, '2026-11-14 14:15:00+00', 0),
	(10, '2026-11-14 14:15:00+00', '2026-11-14 14:30:00+00', 0.0875, 6, 0, '2026-11-14 14:30:00+00', 0),
	(10, '2026-11-14 14:30:00+00', '2026-11-14 14:45:00+00', 0.0875, 6, 0, '2026-11-14 14:45:00+00', 0),
	(10, '2026-11-14 14:45:00+00', '2026-11-14 15:00:00+00', 0.0875, 6, 0, '2026-11-14 15:00:00+00', 0),
	(10, '2026-11-14 15:00:00+00', '2026-11-14 15:15:00+00', 0.0875, 6, 0, '2026-11-14 15:15:00+00', 0),
	(10, '2026-11-14 15:15:00+00', '2026-11-14 15:30:00+00', 0.0875, 6, 0, '2026-11-14 15:30:00+00', 0),
	(10, '2026-11-14 15:30:00+00', '2026-11-14 15:45:00+00', 0.0875, 6, 0, '2026-11-14 15:45:00+00', 0),
	(10, '2026-11-14 15:45:00+00', '2026-11-14 16:00:00+00', 0.0875, 6, 0, '2026-11-14 16:00:00+00', 0),
	(10, '2026-11-14 16:00:00+00', '2026-11-14 16:15:00+00', 0.0875, 6, 0, '2026-11-14 16:15:00+00', 0),
	(10, '2026-11-14 16:15:00+00', '2026-11-14 16:30:00+00', 0.0875, 6, 0, '2026-11-14 16:30:00+00', 0),
	(10, '2026-11-14 16:30:00+00', '2026-11-14 16:45:00+00', 0.0875, 6, 0, '2026-11-14 16:45:00+00', 0),
	(10, '2026-11-14 16:45:00+00', '2026-11-14 17:00:00+00', 0.0875, 6, 0, '2026-11-14 17:00:00+00', 0),
	(10, '2026-11-14 17:00:00+00', '2026-11-14 17:15:00+00', 0.0875, 6, 0, '2026-11-14 17:15:00+00', 0),
	(10, '2026-11-14 17:15:00+00', '2026-11-14 17:30:00+00', 0.0875, 6, 0, '2026-11-14 17:30:00+00', 0),
	(10, '2026-11-14 17:30:00+00', '2026-11-14 17:45:00+00', 0.0875, 6, 0, '2026-11-14 17:45:00+00', 0),
	(10, '2026-11-14 17:45:00+00', '2026-11-14 18:00:00+00', 0.0875, 6, 0, '2026-11-14 18:00:00+00', 0),
	(10, '2026-11-14 18:00:00+00', '2026-11-14 18:15:00+00', 0.0875, 6, 0, '2026-11-14 18:15:00+00', 0),
	(10, '2026-11-14 18:15:00+00', '2026-11-14 18:30:00+00', 0.0875, 6, 0, '2026-11-14 18:30:00+00', 0),
	(10, '2026-11-14 18:30:00+00', '2026-11-14 18:45:00+00', 0.0875, 6, 0, '2026-11-14 18:45:00+00', 0),
	(10, '2026-11-14 18:45:00+00', '2026-11-14 19:00:00+00', 0.0875, 6, 0, '2026-11-14 19:00:00+00', 0),
	(10, '2026-11-14 19:00:00+00', '2026-11-14 19:15:00+00', 0.0875, 6, 0, '2026-11-14 19:15:00+00', 0),
	(10, '2026-11-14 19:15:00+00', '2026-11-14 19:30:00+00', 0.0875, 6, 0, '2026-11-14 19:30:00+00', 0),
	(10, '2026-11-14 19:30:00+00', '2026-11-14 19:45:00+00', 0.0875, 6, 0, '2026-11-14 19:45:00+00', 0),
	(10, '2026-11-14 19:45:00+00', '2026-11-14 20:00:00+00', 0.0875, 6, 0, '2026-11-14 20:00:00+00', 0),
	(10, '2026-11-14 20:00:00+00', '2026-11-14 20:15:00+00', 0.0875, 6, 0, '2026-11-14 20:15:00+00', 0),
	(10, '2026-11-14 20:15:00+00', '2026-11-14 20:30:00+00', 0.0875, 6, 0, '2026-11-14 20:30:00+00', 0),
	(10, '2026-11-14 20:30:00+00', '2026-11-14 20:45:00+00', 0.0875, 6, 0, '2026-11-14 20:45:00+00', 0),
	(10, '2026-11-14 20:45:00+00', '2026-11-14 21:00:00+00', 0.0875, 6, 0, '2026-11-14 21:00:00+00', 0),
	(10, '2026-11-14 21:00:00+00', '2026-11-14 21:15:00+00', 0.0875, 6, 0, '2026-11-14 21:15:00+00', 0),
	(10, '2026-11-14 21:15:00+00', '2026-11-14 21:30:00+00', 0.0875, 6, 0, '2026-11-14 21:30:00+00', 0),
	(10, '2026-11-14 21:30:00+00', '2026-11-14 21:45:00+00', 0.0875, 6, 0, '2026-11-14 21:45:00+00', 0),
	(10, '2026-11-14 21:45:00+00', '2026-11-14 22:00:00+00', 0.0875, 6, 0, '2026-11-14 22:00:00+00', 0),
	(10, '2026-11-14 22:00:00+00', '2026-11-14 22:15:00+00', 0.0875, 6, 0, '2026-11-14 22:15:00+00', 0),
	(10, '2026-11-14 22:15:00+00', '2026-11-14 22:30:00+00', 0.0875, 6, 0, '2026-11-14 22:30:00+00', 0),
	(10, '2026-11-14 22:30:00+00', '2026-11-14 22:45:00+00', 0.0875, 6, 0, '2026-11-14 22:45:00+00', 0),
	(10, '2026-11-14 22:45:00+00', '2026-11-14 23:00:00+00', 0.0875, 6, 0, '2026-11-14 23:00:00+00', 0),
	(10, '2026-11-14 23:00:00+00', '2026-11-14 23:15:00+00', 0.0875, 6, 0, '2026-11-14 23:15:00+00', 0),
	(10, '2026-11-14 23:15:00+00', '2026-11-14 23:30:00+00', 0.0875, 6, 0, '2026-11-14 23:30:00+00', 0),
	(10, '2026-11-14 23:30:00+00', '2026-11-14 23:45:00+00', 0.0875, 6, 0, '2026-11-14 23:45:00+00', 0),
	(10, '2026-11-14 23:45:00+00', '2026-11-15 00:00:00+00', 0.0875, 6, 0, '2026-11-15 00:00:00+00', 0),
	(10, '2026-11-15 00:00:00+00', '2026-11-15 00:15:00+00', 0.0875, 6, 0, '2026-11-15 00:15:00+00', 0),
	(10, '2026-11-15 00:15:00+00', '2026-11-15 00:30:00+00', 0.0875, 6, 0, '2026-11-15 00:30:00+00', 0),
	(10, '2026-11-15 00:30:00+00', '2026-11-15 00:45:00+00', 0.0875, 6, 0, '2026-11-15 00:45:00+00', 0),
	(10, '2026-11-15 00:45:00+00', '2026-11-15 01:00:00+00', 0.0875, 6, 0, '2026-11-15 01:00:00+00', 0),
	(10, '2026-11-15 01:00:00+00', '2026-11-15 01:15:00+00', 0.0875, 6, 0, '2026-11-15 01:15:00+00', 0),
	(10, '2026-11-15 01:15:00+00', '2026-11-15 01:30:00+00', 0.0875, 6, 0, '2026-11-15 01:30:00+00', 0),
	(10, '2026-11-15 01:30:00+00', '2026-11-15 01:45:00+00', 0.0875, 6, 0, '2026-11-15 01:45:00+00', 0),
	(10, '2026-11-15 01:45:00+00', '2026-11-15 02:00:00+00', 0.0875, 6, 0, '2026-11-15 02:00:00+00', 0);
INSERT INTO features.meter_interval VALUES
	(12, '2026-11-13 00:00:00+00', '2026-11-13 00:15:00+00', 0.0875, 6, 0, '2026-11-13 00:15:00+00', 0),
	(12, '2026-11-13 00:15:00+00', '2026-11-13 00:30:00+00', 0.0875, 6, 0, '2026-11-13 00:30:00+00', 0),
	(12, '2026-11-13 00:30:00+00', '2026-11-13 00:45:00+00', 0.0875, 6, 0, '2026-11-13 00:45:00+00', 0),
	(12, '2026-11-13 00:45:00+00', '2026-11-13 01:00:00+00', 0.0875, 5, 1, '2026-11-13 01:00:00+00', 0),
	(12, '2026-11-13 01:00:00+00', '2026-11-13 01:15:00+00', NULL, 0, 0, '2026-11-13 01:15:00+00', 0),
	(12, '2026-11-13 01:15:00+00', '2026-11-13 01:30:00+00', 0.0875, 6, 0, '2026-11-13 01:30:00+00', 0),
	(12, '2026-11-13 01:30:00+00', '2026-11-13 01:45:00+00', 0.0875, 6, 0, '2026-11-13 01:45:00+00', 0),
	(12, '2026-11-13 01:45:00+00', '2026-11-13 02:00:00+00', 0.0875, 6, 0, '2026-11-13 02:00:00+00', 0),
	(12, '2026-11-13 02:00:00+00', '2026-11-13 02:15:00+00', 0.0875, 6, 0, '2026-11-13 02:15:00+00', 0),
	(12, '2026-11-13 02:15:00+00', '2026-11-13 02:30:00+00', 0.0875, 6, 0, '2026-11-13 02:30:00+00', 0),
	(12, '2026-11-13 02:30:00+00', '2026-11-13 02:45:00+00', 0.0875, 6, 0, '2026-11-13 02:45:00+00', 0),
	(12, '2026-11-13 02:45:00+00', '2026-11-13 03:00:00+00', 0.0875, 6, 0, '2026-11-13 03:00:00+00', 0),
	(12, '2026-11-13 03:00:00+00', '2026-11-13 03:15:00+00', 0.0875, 6, 0, '2026-11-13 03:15:00+00', 0),
	(12, '2026-11-13 03:15:00+00', '2026-11-13 03:30:00+00', 0.0875, 6, 0, '2026-11-13 03:30:00+00', 0),
	(12, '2026-11-13 03:30:00+00', '2026-11-13 03:45:00+00', 0.0875, 6, 0, '2026-11-13 03:45:00+00', 0),
	(12, '2026-11-13 03:45:00+00', '2026-11-13 04:00:00+00', 0.0875, 6, 0, '2026-11-13 04:00:00+00', 0),
	(12, '2026-11-13 04:00:00+00', '2026-11-13 04:15:00+00', 0.0875, 6, 0, '2026-11-13 04:15:00+00', 0),
	(12, '2026-11-13 04:15:00+00', '2026-11-13 04:30:00+00', 0.0875, 6, 0, '2026-11-13 04:30:00+00', 0),
	(12, '2026-11-13 04:30:00+00', '2026-11-13 04:45:00+00', 0.0875, 6, 0, '2026-11-13 04:45:00+00', 0),
	(12, '2026-11-13 04:45:00+00', '2026-11-13 05:00:00+00', 0.0875, 6, 0, '2026-11-13 05:00:00+00', 0),
	(12, '2026-11-13 05:00:00+00', '2026-11-13 05:15:00+00', 0.0875, 6, 0, '2026-11-13 05:15:00+00', 0),
	(12, '2026-11-13 05:15:00+00', '2026-11-13 05:30:00+00', 0.0875, 6, 0, '2026-11-13 05:30:00+00', 0),
	(12, '2026-11-13 05:30:00+00', '2026-11-13 05:45:00+00', 0.0875, 6, 0, '2026-11-13 05:45:00+00', 0),
	(12, '2026-11-13 05:45:00+00', '2026-11-13 06:00:00+00', 0.0875, 6, 0, '2026-11-13 06:00:00+00', 0),
	(12, '2026-11-13 06:00:00+00', '2026-11-13 06:15:00+00', 0.0875, 6, 0, '2026-11-13 06:15:00+00', 0),
	(12, '2026-11-13 06:15:00+00', '2026-11-13 06:30:00+00', 0.0875, 6, 0, '2026-11-13 06:30:00+00', 0),
	(12, '2026-11-13 06:30:00+00', '2026-11-13 06:45:00+00', 0.0875, 6, 0, '2026-11-13 06:45:00+00', 0),
	(12, '2026-11-13 06:45:00+00', '2026-11-13 07:00:00+00', 0.0875, 6, 0, '2026-11-13 07:00:00+00', 0),
	(12, '2026-11-13 07:00:00+00', '2026-11-13 07:15:00+00', 0.0875, 6, 0, '2026-11-13 07:15:00+00', 0),
	(12, '2026-11-13 07:15:00+00', '2026-11-13 07:30:00+00', 0.0875, 6, 0, '2026-11-13 07:30:00+00', 0),
	(12, '2026-11-13 07:30:00+00', '2026-11-13 07:45:00+00', 0.0875, 6, 0, '2026-11-13 07:45:00+00', 0),
	(12, '2026-11-13 07:45:00+00', '2026-11-13 08:00:00+00', 0.0875, 6, 0, '2026-11-13 08:00:00+00', 0),
	(12, '2026-11-13 08:00:00+00', '2026-11-13 08:15:00+00', 0.0875, 6, 0, '2026-11-13 08:15:00+00', 0),
	(12, '2026-11-13 08:15:00+00', '2026-11-13 08:30:00+00', 0.0875, 6, 0, '2026-11-13 08:30:00+00', 0),
	(12, '2026-11-13 08:30:00+00', '2026-11-13 08:45:00+00', 0.0875, 6, 0, '2026-11-13 08:45:00+00', 0),
	(12, '2026-11-13 08:45:00+00', '2026-11-13 09:00:00+00', 0.0875, 6, 0, '2026-11-13 09:00:00+00', 0),
	(12, '2026-11-13 09:00:00+00', '2026-11-13 09:15:00+00', 0.0875, 6, 0, '2026-11-13 09:15:00+00', 0),
	(12, '2026-11-13 09:15:00+00', '2026-11-13 09:30:00+00', 0.0875, 6, 0, '2026-11-13 09:30:00+00', 0),
	(12, '2026-11-13 09:30:00+00', '2026-11-13 09:45:00+00', 0.0875, 6, 0, '2026-11-13 09:45:00+00', 0),
	(12, '2026-11-13 09:45:00+00', '2026-11-13 10:00:00+00', 0.0875, 6, 0, '2026-11-13 10:00:00+00', 0),
	(12, '2026-11-13 10:00:00+00', '2026-11-13 10:15:00+00', 0.0875, 6, 0, '2026-11-13 10:15:00+00', 0),
	(12, '2026-11-13 10:15:00+00', '2026-11-13 10:30:00+00', 0.0875, 6, 0, '2026-11-13 10:30:00+00', 0),
	(12, '2026-11-13 10:30:00+00', '2026-11-13 10:45:00+00', 0.0875, 6, 0, '2026-11-13 10:45:00+00', 0),
	(12, '2026-11-13 10:45:00+00', '2026-11-13 11:00:00+00', 0.0875, 6, 0, '2026-11-13 11:00:00+00', 0),
	(12, '2026-11-13 11:00:00+00', '2026-11-13 11:15:00+00', 0.0875, 6, 0, '2026-11-13 11:15:00+00', 0),
	(12, '2026-11-13 11:15:00+00', '2026-11-13 11:30:00+00', 0.0875, 6, 0, '2026-11-13 11:30:00+00', 0),
	(12, '2026-11-13 11:30:00+00', '2026-11-13 11:45:00+00', 0.0875, 6, 0, '2026-11-13 11:45:00+00', 0),
	(12, '2026-11-13 11:45:00+00', '2026-11-13 12:00:00+00', 0.0875, 6, 0, '2026-11-13 12:00:00+00', 0),
	(12, '2026-11-13 12:00:00+00', '2026-11-13 12:15:00+00', 0.0875, 6, 0, '2026-11-13 12:15:00+00', 0),
	(12, '2026-11-13 12:15:00+00', '2026-11-13 12:30:00+00', 0.0875, 6, 0, '2026-11-13 12:30:00+00', 0),
	(12, '2026-11-13 12:30:00+00', '2026-11-13 12:45:00+00', 0.0875, 6, 0, '2026-11-13 12:45:00+00', 0),
	(12, '2026-11-13 12:45:00+00', '2026-11-13 13:00:00+00', 0.0875, 6, 0, '2026-11-13 13:00:00+00', 0),
	(12, '2026-11-13 13:00:00+00', '2026-11-13 13:15:00+00', 0.0875, 6, 0, '2026-11-13 13:15:00+00', 0),
	(12, '2026-11-13 13:15:00+00', '2026-11-13 13:30:00+00', 0.0875, 6, 0, '2026-11-13 13:30:00+00', 0),
	(12, '2026-11-13 13:30:00+00', '2026-11-13 13:45:00+00', 0.0875, 6, 0, '2026-11-13 13:45:00+00', 0),
	(12, '2026-11-13 13:45:00+00', '2026-11-13 14:00:00+00', 0.0875, 6, 0, '2026-11-13 14:00:00+00', 0),
	(12, '2026-11-13 14:00:00+00', '2026-11-13 14:15:00+00', 0.0875, 6, 0, '2026-11-13 14:15:00+00', 0),
	(12, '2026-11-13 14:15:00+00', '2026-11-13 14:30:00+00', 0.0875, 6, 0, '2026-11-13 14:30:00+00', 0),
	(12, '2026-11-13 14:30:00+00', '2026-11-13 14:45:00+00', 0.0875, 6, 0, '2026-11-13 14:45:00+00', 0),
	(12, '2026-11-13 14:45:00+00', '2026-11-13 15:00:00+00', 0.0875, 6, 0, '2026-11-13 15:00:00+00', 0),
	(12, '2026-11-13 15:00:00+00', '2026-11-13 15:15:00+00', 0.0875, 6, 0, '2026-11-13 15:15:00+00', 0),
	(12, '2026-11-13 15:15:00+00', '2026-11-13 15:30:00+00', 0.0875, 6, 0, '2026-11-13 15:30:00+00', 0),
	(12, '2026-11-13 15:30:00+00', '2026-11-13 15:45:00+00', 0.0875, 6, 0, '2026-11-13 15:45:00+00', 0),
	(12, '2026-11-13 15:45:00+00', '2026-11-13 16:00:00+00', 0.0875, 6, 0, '2026-11-13 16:00:00+00', 0),
	(12, '2026-11-13 16:00:00+00', '2026-11-13 16:15:00+00', 0.0875, 6, 0, '2026-11-13 16:15:00+00', 0),
	(12, '2026-11-13 16:15:00+00', '2026-11-13 16:30:00+00', 0.0875, 6, 0, '2026-11-13 16:30:00+00', 0),
	(12, '2026-11-13 16:30:00+00', '2026-11-13 16:45:00+00', 0.0875, 6, 0, '2026-11-13 16:45:00+00', 0),
	(12, '2026-11-13 16:45:00+00', '2026-11-13 17:00:00+00', 0.0875, 6, 0, '2026-11-13 17:00:00+00', 0),
	(12, '2026-11-13 17:00:00+00', '2026-11-13 17:15:00+00', 0.0875, 6, 0, '2026-11-13 17:15:00+00', 0),
	(12, '2026-11-13 17:15:00+00', '2026-11-13 17:30:00+00', 0.0875, 6, 0, '2026-11-13 17:30:00+00', 0),
	(12, '2026-11-13 17:30:00+00', '2026-11-13 17:45:00+00', 0.0875, 6, 0, '2026-11-13 17:45:00+00', 0),
	(12, '2026-11-13 17:45:00+00', '2026-11-13 18:00:00+00', 0.0875, 6, 0, '2026-11-13 18:00:00+00', 0),
	(12, '2026-11-13 18:00:00+00', '2026-11-13 18:15:00+00', 0.0875, 6, 0, '2026-11-13 18:15:00+00', 0),
	(12, '2026-11-13 18:15:00+00', '2026-11-13 18:30:00+00', 0.0875, 6, 0, '2026-11-13 18:30:00+00', 0),
	(12, '2026-11-13 18:30:00+00', '2026-11-13 18:45:00+00', 0.0875, 6, 0, '2026-11-13 18:45:00+00', 0),
	(12, '2026-11-13 18:45:00+00', '2026-11-13 19:00:00+00', 0.0875, 6, 0, '2026-11-13 19:00:00+00', 0),
	(12, '2026-11-13 19:00:00+00', '2026-11-13 19:15:00+00', 0.0875, 6, 0, '2026-11-13 19:15:00+00', 0),
	(12, '2026-11-13 19:15:00+00', '2026-11-13 19:30:00+00', 0.0875, 6, 0, '2026-11-13 19:30:00+00', 0),
	(12, '2026-11-13 19:30:00+00', '2026-11-13 19:45:00+00', 0.0875, 6, 0, '2026-11-13 19:45:00+00', 0),
	(12, '2026-11-13 19:45:00+00', '2026-11-13 20:00:00+00', 0.0875, 6, 0, '2026-11-13 20:00:00+00', 0),
	(12, '2026-11-13 20:00:00+00', '2026-11-13 20:15:00+00', 0.0875, 6, 0, '2026-11-13 20:15:00+00', 0),
	(12, '2026-11-13 20:15:00+00', '2026-11-13 20:30:00+00', 0.0875, 6, 0, '2026-11-13 20:30:00+00', 0),
	(12, '2026-11-13 20:30:00+00', '2026-11-13 20:45:00+00', 0.0875, 6, 0, '2026-11-13 20:45:00+00', 0),
	(12, '2026-11-13 20:45:00+00', '2026-11-13 21:00:00+00', 0.0875, 6, 0, '2026-11-13 21:00:00+00', 0),
	(12, '2026-11-13 21:00:00+00', '2026-11-13 21:15:00+00', 0.0875, 6, 0, '2026-11-13 21:15:00+00', 0),
	(12, '2026-11-13 21:15:00+00', '2026-11-13 21:30:00+00', 0.0875, 6, 0, '2026-11-13 21:30:00+00', 0),
	(12, '2026-11-13 21:30:00+00', '2026-11-13 21:45:00+00', 0.0875, 6, 0, '2026-11-13 21:45:00+00', 0),
	(12, '2026-11-13 21:45:00+00', '2026-11-13 22:00:00+00', 0.0875, 6, 0, '2026-11-13 22:00:00+00', 0),
	(12, '2026-11-13 22:00:00+00', '2026-11-13 22:15:00+00', 0.0875, 6, 0, '2026-11-13 22:15:00+00', 0),
	(12, '2026-11-13 22:15:00+00', '2026-11-13 22:30:00+00', 0.0875, 6, 0, '2026-11-13 22:30:00+00', 0),
	(12, '2026-11-13 22:30:00+00', '2026-11-13 22:45:00+00', 0.0875, 6, 0, '2026-11-13 22:45:00+00', 0),
	(12, '2026-11-13 22:45:00+00', '2026-11-13 23:00:00+00', 0.0875, 6, 0, '2026-11-13 23:00:00+00', 0),
	(12, '2026-11-13 23:00:00+00', '2026-11-13 23:15:00+00', 0.0875, 6, 0, '2026-11-13 23:15:00+00', 0),
	(12, '2026-11-13 23:15:00+00', '2026-11-13 23:30:00+00', 0.0875, 6, 0, '2026-11-13 23:30:00+00', 0),
	(12, '2026-11-13 23:30:00+00', '2026-11-13 23:45:00+00', 0.0875, 6, 0, '2026-11-13 23:45:00+00', 0),
	(12, '2026-11-13 23:45:00+00', '2026-11-14 00:00:00+00', 0.0875, 6, 0, '2026-11-14 00:00:00+00', 0),
	(12, '2026-11-14 00:00:00+00', '2026-11-14 00:15:00+00', 0.0875, 6, 0, '2026-11-14 00:15:00+00', 0),
	(12, '2026-11-14 00:15:00+00', '2026-11-14 00:30:00+00', 0.0875, 6, 0, '2026-11-14 00:30:00+00', 0),
	(12, '2026-11-14 00:30:00+00', '2026-11-14 00:45:00+00', 0.0875, 6, 0, '2026-11-14 00:45:00+00', 0),
	(12, '2026-11-14 00:45:00+00', '2026-11-14 01:00:00+00', 0.0875, 6, 0, '2026-11-14 01:00:00+00', 0),
	(12, '2026-11-14 01:00:00+00', '2026-11-14 01:15:00+00', 0.0875, 6, 0, '2026-11-14 01:15:00+00', 0),
	(12, '2026-11-14 01:15:00+00', '2026-11-14 01:30:00+00', 0.0875, 6, 0, '2026-11-14 01:30:00+00', 0),
	(12, '2026-11-14 01:30:00+00', '2026-11-14 01:45:00+00', 0.0875, 6, 0, '2026-11-14 01:45:00+00', 0),
	(12, '2026-11-14 01:45:00+00', '2026-11-14 02:00:00+00', 0.0875, 6, 0, '2026-11-14 02:00:00+00', 0),
	(12, '2026-11-14 02:00:00+00', '2026-11-14 02:15:00+00', 0.0875, 6, 0, '2026-11-14 02:15:00+00', 0),
	(12, '2026-11-14 02:15:00+00', '2026-11-14 02:30:00+00', 0.0875, 6, 0, '2026-11-14 02:30:00+00', 0),
	(12, '2026-11-14 02:30:00+00', '2026-11-14 02:45:00+00', 0.0875, 6, 0, '2026-11-14 02:45:00+00', 0),
	(12, '2026-11-14 02:45:00+00', '2026-11-14 03:00:00+00', 0.0875, 6, 0, '2026-11-14 03:00:00+00', 0),
	(12, '2026-11-14 03:00:00+00', '2026-11-14 03:15:00+00', 0.0875, 6, 0, '2026-11-14 03:15:00+00', 0),
	(12, '2026-11-14 03:15:00+00', '2026-11-14 03:30:00+00', 0.0875, 6, 0, '2026-11-14 03:30:00+00', 0),
	(12, '2026-11-14 03:30:00+00', '2026-11-14 03:45:00+00', 0.0875, 6, 0, '2026-11-14 03:45:00+00', 0),
	(12, '2026-11-14 03:45:00+00', '2026-11-14 04:00:00+00', 0.0875, 6, 0, '2026-11-14 04:00:00+00', 0),
	(12, '2026-11-14 04:00:00+00', '2026-11-14 04:15:00+00', 0.0875, 6, 0, '2026-11-14 04:15:00+00', 0),
	(12, '2026-11-14 04:15:00+00', '2026-11-14 04:30:00+00', 0.0875, 6, 0, '2026-11-14 04:30:00+00', 0),
	(12, '2026-11-14 04:30:00+00', '2026-11-14 04:45:00+00', 0.0875, 6, 0, '2026-11-14 04:45:00+00', 0),
	(12, '2026-11-14 04:45:00+00', '2026-11-14 05:00:00+00', 0.0875, 6, 0, '2026-11-14 05:00:00+00', 0),
	(12, '2026-11-14 05:00:00+00', '2026-11-14 05:15:00+00', 0.0875, 6, 0, '2026-11-14 05:15:00+00', 0),
	(12, '2026-11-14 05:15:00+00', '2026-11-14 05:30:00+00', 0.0875, 6, 0, '2026-11-14 05:30:00+00', 0),
	(12, '2026-11-14 05:30:00+00', '2026-11-14 05:45:00+00', 0.0875, 6, 0, '2026-11-14 05:45:00+00', 0),
	(12, '2026-11-14 05:45:00+00', '2026-11-14 06:00:00+00', 0.0875, 6, 0, '2026-11-14 06:00:00+00', 0),
	(12, '2026-11-14 06:00:00+00', '2026-11-14 06:15:00+00', 0.0875, 6, 0, '2026-11-14 06:15:00+00', 0),
	(12, '2026-11-14 06:15:00+00', '2026-11-14 06:30:00+00', 0.0875, 6, 0, '2026-11-14 06:30:00+00', 0),
	(12, '2026-11-14 06:30:00+00', '2026-11-14 06:45:00+00', 0.0875, 6, 0, '2026-11-14 06:45:00+00', 0),
	(12, '2026-11-14 06:45:00+00', '2026-11-14 07:00:00+00', 0.0875, 6, 0, '2026-11-14 07:00:00+00', 0),
	(12, '2026-11-14 07:00:00+00', '2026-11-14 07:15:00+00', 0.0875, 6, 0, '2026-11-14 07:15:00+00', 0),
	(12, '2026-11-14 07:15:00+00', '2026-11-14 07:30:00+00', 0.0875, 6, 0, '2026-11-14 07:30:00+00', 0),
	(12, '2026-11-14 07:30:00+00', '2026-11-14 07:45:00+00', 0.0875, 6, 0, '2026-11-14 07:45:00+00', 0),
	(12, '2026-11-14 07:45:00+00', '2026-11-14 08:00:00+00', 0.0875, 6, 0, '2026-11-14 08:00:00+00', 0),
	(12, '2026-11-14 08:00:00+00', '2026-11-14 08:15:00+00', 0.0875, 6, 0, '2026-11-14 08:15:00+00', 0),
	(12, '2026-11-14 08:15:00+00', '2026-11-14 08:30:00+00', 0.0875, 6, 0, '2026-11-14 08:30:00+00', 0),
	(12, '2026-11-14 08:30:00+00', '2026-11-14 08:45:00+00', 0.0875, 6, 0, '2026-11-14 08:45:00+00', 0),
	(12, '2026-11-14 08:45:00+00', '2026-11-14 09:00:00+00', 0.0875, 6, 0, '2026-11-14 09:00:00+00', 0),
	(12, '2026-11-14 09:00:00+00', '2026-11-14 09:15:00+00', 0.0875, 6, 0, '2026-11-14 09:15:00+00', 0),
	(12, '2026-11-14 09:15:00+00', '2026-11-14 09:30:00+00', 0.0875, 6, 0, '2026-11-14 09:30:00+00', 0),
	(12, '2026-11-14 09:30:00+00', '2026-11-14 09:45:00+00', 0.0875, 6, 0, '2026-11-14 09:45:00+00', 0),
	(12, '2026-11-14 09:45:00+00', '2026-11-14 10:00:00+00', 0.0875, 6, 0, '2026-11-14 10:00:00+00', 0),
	(12, '2026-11-14 10:00:00+00', '2026-11-14 10:15:00+00', 0.0875, 6, 0, '2026-11-14 10:15:00+00', 0),
	(12, '2026-11-14 10:15:00+00', '2026-11-14 10:30:00+00', 0.0875, 6, 0, '2026-11-14 10:30:00+00', 0),
	(12, '2026-11-14 10:30:00+00', '2026-11-14 10:45:00+00', 0.0875, 6, 0, '2026-11-14 10:45:00+00', 0),
	(12, '2026-11-14 10:45:00+00', '2026-11-14 11:00:00+00', 0.0875, 6, 0, '2026-11-14 11:00:00+00', 0),
	(12, '2026-11-14 11:00:00+00', '2026-11-14 11:15:00+00', 0.0875, 6, 0, '2026-11-14 11:15:00+00', 0),
	(12, '2026-11-14 11:15:00+00', '2026-11-14 11:30:00+00', 0.0875, 6, 0, '2026-11-14 11:30:00+00', 0),
	(12, '2026-11-14 11:30:00+00', '2026-11-14 11:45:00+00', 0.0875, 6, 0, '2026-11-14 11:45:00+00', 0),
	(12, '2026-11-14 11:45:00+00', '2026-11-14 12:00:00+00', 0.0875, 6, 0, '2026-11-14 12:00:00+00', 0),
	(12, '2026-11-14 12:00:00+00', '2026-11-14 12:15:00+00', 0.0875, 6, 0, '2026-11-14 12:15:00+00', 0),
	(12, '2026-11-14 12:15:00+00', '2026-11-14 12:30:00+00', 0.0875, 6, 0, '2026-11-14 12:30:00+00', 0),
	(12, '2026-11-14 12:30:00+00', '2026-11-14 12:45:00+00', 0.0875, 6, 0, '2026-11-14 12:45:00+00', 0),
	(12, '2026-11-14 12:45:00+00', '2026-11-14 13:00:00+00', 0.0875, 6, 0, '2026-11-14 13:00:00+00', 0),
	(12, '2026-11-14 13:00:00+00', '2026-11-14 13:15:00+00', 0.0875, 6, 0, '2026-11-14 13:15:00+00', 0),
	(12, '2026-11-14 13:15:00+00', '2026-11-14 13:30:00+00', 0.0875, 6, 0, '2026-11-14 13:30:00+00', 0),
	(12, '2026-11-14 13:30:00+00', '2026-11-14 13:45:00+00', 0.0875, 6, 0, '2026-11-14 13:45:00+00', 0),
	(12, '2026-11-14 13:45:00+00', '2026-11-14 14:00:00+00', 0.0875, 6, 0, '2026-11-14 14:00:00+00', 0),
	(12, '2026-11-14 14:00:00+00', '2026-11-14 14:15:00+00', 0.0875, 6, 0, '2026-11-14 14:15:00+00', 0),
	(12, '2026-11-14 14:15:00+00', '2026-11-14 14:30:00+00', 0.0875, 6, 0, '2026-11-14 14:30:00+00', 0),
	(12, '2026-11-14 14:30:00+00', '2026-11-14 14:45:00+00', 0.0875, 6, 0, '2026-11-14 14:45:00+00', 0),
	(12, '2026-11-14 14:45:00+00', '2026-11-14 15:00:00+00', 0.0875, 6, 0, '2026-11-14 15:00:00+00', 0),
	(12, '2026-11-14 15:00:00+00', '2026-11-14 15:15:00+00', 0.0875, 6, 0, '2026-11-14 15:15:00+00', 0),
	(12, '2026-11-14 15:15:00+00', '2026-11-14 15:30:00+00', 0.0875, 6, 0, '2026-11-14 15:30:00+00', 0),
	(12, '2026-11-14 15:30:00+00', '2026-11-14 15:45:00+00', 0.0875, 6, 0, '2026-11-14 15:45:00+00', 0),
	(12, '2026-11-14 15:45:00+00', '2026-11-14 16:00:00+00', 0.0875, 6, 0, '2026-11-14 16:00:00+00', 0),
	(12, '2026-11-14 16:00:00+00', '2026-11-14 16:15:00+00', 0.0875, 6, 0, '2026-11-14 16:15:00+00', 0),
	(12, '2026-11-14 16:15:00+00', '2026-11-14 16:30:00+00', 0.0875, 6, 0, '2026-11-14 16:30:00+00', 0),
	(12, '2026-11-14 16:30:00+00', '2026-11-14 16:45:00+00', 0.0875, 6, 0, '2026-11-14 16:45:00+00', 0),
	(12, '2026-11-14 16:45:00+00', '2026-11-14 17:00:00+00', 0.0875, 6, 0, '2026-11-14 17:00:00+00', 0),
	(12, '2026-11-14 17:00:00+00', '2026-11-14 17:15:00+00', 0.0875, 6, 0, '2026-11-14 17:15:00+00', 0),
	(12, '2026-11-14 17:15:00+00', '2026-11-14 17:30:00+00', 0.0875, 6, 0, '2026-11-14 17:30:00+00', 0),
	(12, '2026-11-14 17:30:00+00', '2026-11-14 17:45:00+00', 0.0875, 6, 0, '2026-11-14 17:45:00+00', 0),
	(12, '2026-11-14 17:45:00+00', '2026-11-14 18:00:00+00', 0.0875, 6, 0, '2026-11-14 18:00:00+00', 0),
	(12, '2026-11-14 18:00:00+00', '2026-11-14 18:15:00+00', 0.0875, 6, 0, '2026-11-14 18:15:00+00', 0),
	(12, '2026-11-14 18:15:00+00', '2026-11-14 18:30:00+00', 0.0875, 6, 0, '2026-11-14 18:30:00+00', 0),
	(12, '2026-11-14 18:30:00+00', '2026-11-14 18:45:00+00', 0.0875, 6, 0, '2026-11-14 18:45:00+00', 0),
	(12, '2026-11-14 18:45:00+00', '2026-11-14 19:00:00+00', 0.0875, 6, 0, '2026-11-14 19:00:00+00', 0),
	(12, '2026-11-14 19:00:00+00', '2026-11-14 19:15:00+00', 0.0875, 6, 0, '2026-11-14 19:15:00+00', 0),
	(12, '2026-11-14 19:15:00+00', '2026-11-14 19:30:00+00', 0.0875, 6, 0, '2026-11-14 19:30:00+00', 0),
	(12, '2026-11-14 19:30:00+00', '2026-11-14 19:45:00+00', 0.0875, 6, 0, '2026-11-14 19:45:00+00', 0),
	(12, '2026-11-14 19:45:00+00', '2026-11-14 20:00:00+00', 0.0875, 6, 0, '2026-11-14 20:00:00+00', 0),
	(12, '2026-11-14 20:00:00+00', '2026-11-14 20:15:00+00', 0.0875, 6, 0, '2026-11-14 20:15:00+00', 0),
	(12, '2026-11-14 20:15:00+00', '2026-11-14 20:30:00+00', 0.0875, 6, 0, '2026-11-14 20:30:00+00', 0),
	(12, '2026-11-14 20:30:00+00', '2026-11-14 20:45:00+00', 0.0875, 6, 0, '2026-11-14 20:45:00+00', 0),
	(12, '2026-11-14 20:45:00+00', '2026-11-14 21:00:00+00', 0.0875, 6, 0, '2026-11-14 21:00:00+00', 0),
	(12, '2026-11-14 21:00:00+00', '2026-11-14 21:15:00+00', 0.0875, 6, 0, '2026-11-14 21:15:00+00', 0),
	(12, '2026-11-14 21:15:00+00', '2026-11-14 21:30:00+00', 0.0875, 6, 0, '2026-11-14 21:30:00+00', 0),
	(12, '2026-11-14 21:30:00+00', '2026-11-14 21:45:00+00', 0.0875, 6, 0, '2026-11-14 21:45:00+00', 0),
	(12, '2026-11-14 21:45:00+00', '2026-11-14 22:00:00+00', 0.0875, 6, 0, '2026-11-14 22:00:00+00', 0),
	(12, '2026-11-14 22:00:00+00', '2026-11-14 22:15:00+00', 0.0875, 6, 0, '2026-11-14 22:15:00+00', 0),
	(12, '2026-11-14 22:15:00+00', '2026-11-14 22:30:00+00', 0.0875, 6, 0, '2026-11-14 22:30:00+00', 0),
	(12, '2026-11-14 22:30:00+00', '2026-11-14 22:45:00+00', 0.0875, 6, 0, '2026-11-14 22:45:00+00', 0),
	(12, '2026-11-14 22:45:00+00', '2026-11-14 23:00:00+00', 0.0875, 6, 0, '2026-11-14 23:00:00+00', 0),
	(12, '2026-11-14 23:00:00+00', '2026-11-14 23:15:00+00', 0.0875, 6, 0, '2026-11-14 23:15:00+00', 0),
	(12, '2026-11-14 23:15:00+00', '2026-11-14 23:30:00+00', 0.0875, 6, 0, '2026-11-14 23:30:00+00', 0),
	(12, '2026-11-14 23:30:00+00', '2026-11-14 23:45:00+00', 0.0875, 6, 0, '2026-11-14 23:45:00+00', 0),
	(12, '2026-11-14 23:45:00+00', '2026-11-15 00:00:00+00', 0.0875, 6, 0, '2026-11-15 00:00:00+00', 0),
	(12, '2026-11-15 00:00:00+00', '2026-11-15 00:15:00+00', 0.0875, 6, 0, '2026-11-15 00:15:00+00', 0),
	(12, '2026-11-15 00:15:00+00', '2026-11-15 00:30:00+00', 0.0875, 6, 0, '2026-11-15 00:30:00+00', 0),
	(12, '2026-11-15 00:30:00+00', '2026-11-15 00:45:00+00', 0.0875, 6, 0, '2026-11-15 00:45:00+00', 0),
	(12, '2026-11-15 00:45:00+00', '2026-11-15 01:00:00+00', 0.0875, 6, 0, '2026-11-15 01:00:00+00', 0),
	(12, '2026-11-15 01:00:00+00', '2026-11-15 01:15:00+00', 0.0875, 6, 0, '2026-11-15 01:15:00+00', 0),
	(12, '2026-11-15 01:15:00+00', '2026-11-15 01:30:00+00', 0.0875, 6, 0, '2026-11-15 01:30:00+00', 0),
	(12, '2026-11-15 01:30:00+00', '2026-11-15 01:45:00+00', 0.0875, 6, 0, '2026-11-15 01:45:00+00', 0),
	(12, '2026-11-15 01:45:00+00', '2026-11-15 02:00:00+00', 0.0875, 6, 0, '2026-11-15 02:00:00+00', 0);


--
-- Data for Name: trip; Type: TABLE DATA; Schema: features; Owner: -
--

INSERT INTO features.trip VALUES
	(1, '2026-11-06 11:06:40+00', '2026-11-06 11:26:40+00', '2026-11-06 11:31:40+00', 1, 15000, 1100, 100, 60, 300, 20, 1000, 1190, 1200, 0, 88, 1, 0, '{1,0,0}', '{0,0,0}', '{0,0,0}', 1.1, 62, 51.70123457, 7.30765431, 51.70123457, 7.30765431, '{200,200,200,200,200,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', '{0,0,0,300,300,300,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', '{0,0,0,0,0,250,250,250,250,0,0,0,0,0,0,0}', 0),
	(1, '2026-11-07 11:06:40+00', '2026-11-07 11:26:40+00', '2026-11-07 11:31:40+00', 1, 15000, 1100, 100, 60, 300, 20, 1000, 1190, 1200, 0, 88, 1, 0, '{1,0,0}', '{0,0,0}', '{0,0,0}', 1.1, 62, 51.70123457, 7.30765431, 51.70123457, 7.30765431, '{200,200,200,200,200,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', '{0,0,0,300,300,300,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', '{0,0,0,0,0,250,250,250,250,0,0,0,0,0,0,0}', 0),
	(1, '2026-11-08 11:06:40+00', '2026-11-08 11:26:40+00', '2026-11-08 11:31:40+00', 1, 15000, 1100, 100, 60, 300, 20, 1000, 1190, 1200, 0, 88, 1, 0, '{1,0,0}', '{0,0,0}', '{0,0,0}', 1.1, 62, 51.70123457, 7.30765431, 51.70123457, 7.30765431, '{200,200,200,200,200,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', '{0,0,0,300,300,300,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', '{0,0,0,0,0,250,250,250,250,0,0,0,0,0,0,0}', 0),
	(1, '2026-11-09 11:06:40+00', '2026-11-09 11:26:40+00', '2026-11-09 11:31:40+00', 1, 15000, 1100, 100, 60, 300, 20, 1000, 1190, 1200, 0, 88, 1, 0, '{1,0,0}', '{0,0,0}', '{0,0,0}', 1.1, 62, 51.70123457, 7.30765431, 51.70123457, 7.30765431, '{200,200,200,200,200,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', '{0,0,0,300,300,300,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', '{0,0,0,0,0,250,250,250,250,0,0,0,0,0,0,0}', 0),
	(1, '2026-11-10 11:06:40+00', '2026-11-10 11:26:40+00', '2026-11-10 11:31:40+00', 1, 15000, 1100, 100, 60, 300, 20, 1000, 1190, 1200, 0, 88, 1, 0, '{1,0,0}', '{0,0,0}', '{0,0,0}', 1.1, 62, 51.70123457, 7.30765431, 51.70123457, 7.30765431, '{200,200,200,200,200,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', '{0,0,0,300,300,300,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', '{0,0,0,0,0,250,250,250,250,0,0,0,0,0,0,0}', 0),
	(1, '2026-11-11 11:06:40+00', '2026-11-11 11:26:40+00', '2026-11-11 11:31:40+00', 1, 15000, 1100, 100, 60, 300, 20, 1000, 1190, 1200, 0, 88, 1, 0, '{1,0,0}', '{0,0,0}', '{0,0,0}', 1.1, 62, 51.70123457, 7.30765431, 51.70123457, 7.30765431, '{200,200,200,200,200,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', '{0,0,0,300,300,300,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', '{0,0,0,0,0,250,250,250,250,0,0,0,0,0,0,0}', 0),
	(1, '2026-11-12 11:06:40+00', '2026-11-12 11:26:40+00', '2026-11-12 11:31:40+00', 1, 15000, 1100, 100, 60, 300, 20, 1000, 1190, 1200, 0, 88, 1, 0, '{1,0,0}', '{0,0,0}', '{0,0,0}', 1.1, 62, 51.70123457, 7.30765431, 51.70123457, 7.30765431, '{200,200,200,200,200,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', '{0,0,0,300,300,300,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', '{0,0,0,0,0,250,250,250,250,0,0,0,0,0,0,0}', 0),
	(1, '2026-11-13 11:06:40+00', '2026-11-13 11:26:40+00', '2026-11-13 11:31:40+00', 1, 15000, 1100, 100, 60, 300, 20, 1000, 1190, 1200, 0, 88, 1, 0, '{1,0,0}', '{0,0,0}', '{0,0,0}', 1.1, 62, 51.70123457, 7.30765431, 51.70123457, 7.30765431, '{200,200,200,200,200,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', '{0,0,0,300,300,300,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', '{0,0,0,0,0,250,250,250,250,0,0,0,0,0,0,0}', 0),
	(1, '2026-11-14 11:06:40+00', '2026-11-14 11:26:40+00', '2026-11-14 11:31:40+00', 1, 15000, 1100, 100, 60, 300, 20, 1000, 1190, 1200, 0, 88, 1, 0, '{1,0,0}', '{0,0,0}', '{0,0,0}', 1.1, 62, 51.70123457, 7.30765431, 51.70123457, 7.30765431, '{200,200,200,200,200,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', '{0,0,0,300,300,300,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', '{0,0,0,0,0,250,250,250,250,0,0,0,0,0,0,0}', 0),
	(1, '2026-11-15 11:06:40+00', '2026-11-15 11:26:40+00', '2026-11-15 11:31:40+00', 1, 15000, 1100, 100, 60, 300, 20, 1000, 1190, 1200, 0, 88, 1, 0, '{1,0,0}', '{0,0,0}', '{0,0,0}', 1.1, 62, 51.70123457, 7.30765431, 51.70123457, 7.30765431, '{200,200,200,200,200,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', '{0,0,0,300,300,300,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', '{0,0,0,0,0,250,250,250,250,0,0,0,0,0,0,0}', 0),
	(1, '2026-11-16 11:06:40+00', '2026-11-16 11:26:40+00', '2026-11-16 11:31:40+00', 1, 15000, 1100, 100, 60, 300, 20, 1000, 1190, 1200, 0, 88, 1, 0, '{1,0,0}', '{0,0,0}', '{0,0,0}', 1.1, 62, 51.70123457, 7.30765431, 51.70123457, 7.30765431, '{200,200,200,200,200,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', '{0,0,0,300,300,300,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', '{0,0,0,0,0,250,250,250,250,0,0,0,0,0,0,0}', 0),
	(1, '2026-11-17 11:06:40+00', '2026-11-17 11:26:40+00', '2026-11-17 11:31:40+00', 1, 15000, 1100, 100, 60, 300, 20, 1000, 1190, 1200, 0, 88, 1, 0, '{1,0,0}', '{0,0,0}', '{0,0,0}', 1.1, 62, 51.70123457, 7.30765431, 51.70123457, 7.30765431, '{200,200,200,200,200,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', '{0,0,0,300,300,300,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', '{0,0,0,0,0,250,250,250,250,0,0,0,0,0,0,0}', 0),
	(7, '2026-11-06 11:06:40+00', '2026-11-06 11:26:40+00', '2026-11-06 11:31:40+00', 1, 15000, 1100, 100, 60, 300, 20, 1000, 1190, 1200, 0, 88, 1, 0, '{1,0,0}', '{0,0,0}', '{0,0,0}', 1.1, 62, 51.70123457, 7.30765431, 51.70123457, 7.30765431, '{200,200,200,200,200,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', '{0,0,0,300,300,300,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', '{0,0,0,0,0,250,250,250,250,0,0,0,0,0,0,0}', 0),
	(7, '2026-11-07 11:06:40+00', '2026-11-07 11:26:40+00', '2026-11-07 11:31:40+00', 1, 15000, 1100, 100, 60, 300, 20, 1000, 1190, 1200, 0, 88, 1, 0, '{1,0,0}', '{0,0,0}', '{0,0,0}', 1.1, 62, 51.70123457, 7.30765431, 51.70123457, 7.30765431, '{200,200,200,200,200,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', '{0,0,0,300,300,300,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', '{0,0,0,0,0,250,250,250,250,0,0,0,0,0,0,0}', 0),
	(7, '2026-11-08 11:06:40+00', '2026-11-08 11:26:40+00', '2026-11-08 11:31:40+00', 1, 15000, 1100, 100, 60, 300, 20, 1000, 1190, 1200, 0, 88, 1, 0, '{1,0,0}', '{0,0,0}', '{0,0,0}', 1.1, 62, 51.70123457, 7.30765431, 51.70123457, 7.30765431, '{200,200,200,200,200,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', '{0,0,0,300,300,300,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', '{0,0,0,0,0,250,250,250,250,0,0,0,0,0,0,0}', 0),
	(7, '2026-11-09 11:06:40+00', '2026-11-09 11:26:40+00', '2026-11-09 11:31:40+00', 1, 15000, 1100, 100, 60, 300, 20, 1000, 1190, 1200, 0, 88, 1, 0, '{1,0,0}', '{0,0,0}', '{0,0,0}', 1.1, 62, 51.70123457, 7.30765431, 51.70123457, 7.30765431, '{200,200,200,200,200,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', '{0,0,0,300,300,300,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', '{0,0,0,0,0,250,250,250,250,0,0,0,0,0,0,0}', 0),
	(7, '2026-11-10 11:06:40+00', '2026-11-10 11:26:40+00', '2026-11-10 11:31:40+00', 1, 15000, 1100, 100, 60, 300, 20, 1000, 1190, 1200, 0, 88, 1, 0, '{1,0,0}', '{0,0,0}', '{0,0,0}', 1.1, 62, 51.70123457, 7.30765431, 51.70123457, 7.30765431, '{200,200,200,200,200,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', '{0,0,0,300,300,300,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', '{0,0,0,0,0,250,250,250,250,0,0,0,0,0,0,0}', 0),
	(7, '2026-11-11 11:06:40+00', '2026-11-11 11:26:40+00', '2026-11-11 11:31:40+00', 1, 15000, 1100, 100, 60, 300, 20, 1000, 1190, 1200, 0, 88, 1, 0, '{1,0,0}', '{0,0,0}', '{0,0,0}', 1.1, 62, 51.70123457, 7.30765431, 51.70123457, 7.30765431, '{200,200,200,200,200,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', '{0,0,0,300,300,300,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', '{0,0,0,0,0,250,250,250,250,0,0,0,0,0,0,0}', 0),
	(7, '2026-11-12 11:06:40+00', '2026-11-12 11:26:40+00', '2026-11-12 11:31:40+00', 1, 15000, 1100, 100, 60, 300, 20, 1000, 1190, 1200, 0, 88, 1, 0, '{1,0,0}', '{0,0,0}', '{0,0,0}', 1.1, 62, 51.70123457, 7.30765431, 51.70123457, 7.30765431, '{200,200,200,200,200,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', '{0,0,0,300,300,300,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', '{0,0,0,0,0,250,250,250,250,0,0,0,0,0,0,0}', 0),
	(7, '2026-11-13 11:06:40+00', '2026-11-13 11:26:40+00', '2026-11-13 11:31:40+00', 1, 15000, 1100, 100, 60, 300, 20, 1000, 1190, 1200, 0, 88, 1, 0, '{1,0,0}', '{0,0,0}', '{0,0,0}', 1.1, 62, 51.70123457, 7.30765431, 51.70123457, 7.30765431, '{200,200,200,200,200,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', '{0,0,0,300,300,300,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', '{0,0,0,0,0,250,250,250,250,0,0,0,0,0,0,0}', 0),
	(7, '2026-11-14 11:06:40+00', '2026-11-14 11:26:40+00', '2026-11-14 11:31:40+00', 1, 15000, 1100, 100, 60, 300, 20, 1000, 1190, 1200, 0, 88, 1, 0, '{1,0,0}', '{0,0,0}', '{0,0,0}', 1.1, 62, 51.70123457, 7.30765431, 51.70123457, 7.30765431, '{200,200,200,200,200,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', '{0,0,0,300,300,300,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', '{0,0,0,0,0,250,250,250,250,0,0,0,0,0,0,0}', 0),
	(7, '2026-11-15 11:06:40+00', '2026-11-15 11:26:40+00', '2026-11-15 11:31:40+00', 1, 15000, 1100, 100, 60, 300, 20, 1000, 1190, 1200, 0, 88, 1, 0, '{1,0,0}', '{0,0,0}', '{0,0,0}', 1.1, 62, 51.70123457, 7.30765431, 51.70123457, 7.30765431, '{200,200,200,200,200,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', '{0,0,0,300,300,300,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', '{0,0,0,0,0,250,250,250,250,0,0,0,0,0,0,0}', 0),
	(7, '2026-11-16 11:06:40+00', '2026-11-16 11:26:40+00', '2026-11-16 11:31:40+00', 1, 15000, 1100, 100, 60, 300, 20, 1000, 1190, 1200, 0, 88, 1, 0, '{1,0,0}', '{0,0,0}', '{0,0,0}', 1.1, 62, 51.70123457, 7.30765431, 51.70123457, 7.30765431, '{200,200,200,200,200,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', '{0,0,0,300,300,300,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', '{0,0,0,0,0,250,250,250,250,0,0,0,0,0,0,0}', 0),
	(7, '2026-11-17 11:06:40+00', '2026-11-17 11:26:40+00', '2026-11-17 11:31:40+00', 1, 15000, 1100, 100, 60, 300, 20, 1000, 1190, 1200, 0, 88, 1, 0, '{1,0,0}', '{0,0,0}', '{0,0,0}', 1.1, 62, 51.70123457, 7.30765431, 51.70123457, 7.30765431, '{200,200,200,200,200,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', '{0,0,0,300,300,300,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', '{0,0,0,0,0,250,250,250,250,0,0,0,0,0,0,0}', 0),
	(9, '2026-11-06 11:06:40+00', '2026-11-06 11:26:40+00', '2026-11-06 11:31:40+00', 1, 15000, 1100, 100, 60, 300, 20, 1000, 1190, 1200, 0, 88, 1, 0, '{1,0,0}', '{0,0,0}', '{0,0,0}', 1.1, 62, 51.70123457, 7.30765431, 51.70123457, 7.30765431, '{200,200,200,200,200,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', '{0,0,0,300,300,300,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', '{0,0,0,0,0,250,250,250,250,0,0,0,0,0,0,0}', 0),
	(9, '2026-11-07 11:06:40+00', '2026-11-07 11:26:40+00', '2026-11-07 11:31:40+00', 1, 15000, 1100, 100, 60, 300, 20, 1000, 1190, 1200, 0, 88, 1, 0, '{1,0,0}', '{0,0,0}', '{0,0,0}', 1.1, 62, 51.70123457, 7.30765431, 51.70123457, 7.30765431, '{200,200,200,200,200,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', '{0,0,0,300,300,300,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', '{0,0,0,0,0,250,250,250,250,0,0,0,0,0,0,0}', 0),
	(9, '2026-11-08 11:06:40+00', '2026-11-08 11:26:40+00', '2026-11-08 11:31:40+00', 1, 15000, 1100, 100, 60, 300, 20, 1000, 1190, 1200, 0, 88, 1, 0, '{1,0,0}', '{0,0,0}', '{0,0,0}', 1.1, 62, 51.70123457, 7.30765431, 51.70123457, 7.30765431, '{200,200,200,200,200,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', '{0,0,0,300,300,300,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', '{0,0,0,0,0,250,250,250,250,0,0,0,0,0,0,0}', 0),
	(9, '2026-11-09 11:06:40+00', '2026-11-09 11:26:40+00', '2026-11-09 11:31:40+00', 1, 15000, 1100, 100, 60, 300, 20, 1000, 1190, 1200, 0, 88, 1, 0, '{1,0,0}', '{0,0,0}', '{0,0,0}', 1.1, 62, 51.70123457, 7.30765431, 51.70123457, 7.30765431, '{200,200,200,200,200,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', '{0,0,0,300,300,300,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', '{0,0,0,0,0,250,250,250,250,0,0,0,0,0,0,0}', 0),
	(9, '2026-11-10 11:06:40+00', '2026-11-10 11:26:40+00', '2026-11-10 11:31:40+00', 1, 15000, 1100, 100, 60, 300, 20, 1000, 1190, 1200, 0, 88, 1, 0, '{1,0,0}', '{0,0,0}', '{0,0,0}', 1.1, 62, 51.70123457, 7.30765431, 51.70123457, 7.30765431, '{200,200,200,200,200,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', '{0,0,0,300,300,300,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', '{0,0,0,0,0,250,250,250,250,0,0,0,0,0,0,0}', 0),
	(9, '2026-11-11 11:06:40+00', '2026-11-11 11:26:40+00', '2026-11-11 11:31:40+00', 1, 15000, 1100, 100, 60, 300, 20, 1000, 1190, 1200, 0, 88, 1, 0, '{1,0,0}', '{0,0,0}', '{0,0,0}', 1.1, 62, 51.70123457, 7.30765431, 51.70123457, 7.30765431, '{200,200,200,200,200,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', '{0,0,0,300,300,300,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', '{0,0,0,0,0,250,250,250,250,0,0,0,0,0,0,0}', 0),
	(9, '2026-11-12 11:06:40+00', '2026-11-12 11:26:40+00', '2026-11-12 11:31:40+00', 1, 15000, 1100, 100, 60, 300, 20, 1000, 1190, 1200, 0, 88, 1, 0, '{1,0,0}', '{0,0,0}', '{0,0,0}', 1.1, 62, 51.70123457, 7.30765431, 51.70123457, 7.30765431, '{200,200,200,200,200,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', '{0,0,0,300,300,300,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', '{0,0,0,0,0,250,250,250,250,0,0,0,0,0,0,0}', 0),
	(9, '2026-11-13 11:06:40+00', '2026-11-13 11:26:40+00', '2026-11-13 11:31:40+00', 1, 15000, 1100, 100, 60, 300, 20, 1000, 1190, 1200, 0, 88, 1, 0, '{1,0,0}', '{0,0,0}', '{0,0,0}', 1.1, 62, 51.70123457, 7.30765431, 51.70123457, 7.30765431, '{200,200,200,200,200,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', '{0,0,0,300,300,300,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', '{0,0,0,0,0,250,250,250,250,0,0,0,0,0,0,0}', 0),
	(9, '2026-11-14 11:06:40+00', '2026-11-14 11:26:40+00', '2026-11-14 11:31:40+00', 1, 15000, 1100, 100, 60, 300, 20, 1000, 1190, 1200, 0, 88, 1, 0, '{1,0,0}', '{0,0,0}', '{0,0,0}', 1.1, 62, 51.70123457, 7.30765431, 51.70123457, 7.30765431, '{200,200,200,200,200,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', '{0,0,0,300,300,300,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', '{0,0,0,0,0,250,250,250,250,0,0,0,0,0,0,0}', 0),
	(9, '2026-11-15 11:06:40+00', '2026-11-15 11:26:40+00', '2026-11-15 11:31:40+00', 1, 15000, 1100, 100, 60, 300, 20, 1000, 1190, 1200, 0, 88, 1, 0, '{1,0,0}', '{0,0,0}', '{0,0,0}', 1.1, 62, 51.70123457, 7.30765431, 51.70123457, 7.30765431, '{200,200,200,200,200,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', '{0,0,0,300,300,300,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', '{0,0,0,0,0,250,250,250,250,0,0,0,0,0,0,0}', 0),
	(9, '2026-11-16 11:06:40+00', '2026-11-16 11:26:40+00', '2026-11-16 11:31:40+00', 1, 15000, 1100, 100, 60, 300, 20, 1000, 1190, 1200, 0, 88, 1, 0, '{1,0,0}', '{0,0,0}', '{0,0,0}', 1.1, 62, 51.70123457, 7.30765431, 51.70123457, 7.30765431, '{200,200,200,200,200,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', '{0,0,0,300,300,300,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', '{0,0,0,0,0,250,250,250,250,0,0,0,0,0,0,0}', 0),
	(9, '2026-11-17 11:06:40+00', '2026-11-17 11:26:40+00', '2026-11-17 11:31:40+00', 1, 15000, 1100, 100, 60, 300, 20, 1000, 1190, 1200, 0, 88, 1, 0, '{1,0,0}', '{0,0,0}', '{0,0,0}', 1.1, 62, 51.70123457, 7.30765431, 51.70123457, 7.30765431, '{200,200,200,200,200,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', '{0,0,0,300,300,300,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', '{0,0,0,0,0,250,250,250,250,0,0,0,0,0,0,0}', 0),
	(11, '2026-11-06 11:06:40+00', '2026-11-06 11:26:40+00', '2026-11-06 11:31:40+00', 1, 15000, 1100, 100, 60, 300, 20, 1000, 1190, 1200, 0, 88, 1, 0, '{1,0,0}', '{0,0,0}', '{0,0,0}', 1.1, 62, 51.70123457, 7.30765431, 51.70123457, 7.30765431, '{200,200,200,200,200,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', '{0,0,0,300,300,300,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', '{0,0,0,0,0,250,250,250,250,0,0,0,0,0,0,0}', 0),
	(11, '2026-11-07 11:06:40+00', '2026-11-07 11:26:40+00', '2026-11-07 11:31:40+00', 1, 15000, 1100, 100, 60, 300, 20, 1000, 1190, 1200, 0, 88, 1, 0, '{1,0,0}', '{0,0,0}', '{0,0,0}', 1.1, 62, 51.70123457, 7.30765431, 51.70123457, 7.30765431, '{200,200,200,200,200,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', '{0,0,0,300,300,300,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', '{0,0,0,0,0,250,250,250,250,0,0,0,0,0,0,0}', 0),
	(11, '2026-11-08 11:06:40+00', '2026-11-08 11:26:40+00', '2026-11-08 11:31:40+00', 1, 15000, 1100, 100, 60, 300, 20, 1000, 1190, 1200, 0, 88, 1, 0, '{1,0,0}', '{0,0,0}', '{0,0,0}', 1.1, 62, 51.70123457, 7.30765431, 51.70123457, 7.30765431, '{200,200,200,200,200,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', '{0,0,0,300,300,300,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', '{0,0,0,0,0,250,250,250,250,0,0,0,0,0,0,0}', 0),
	(11, '2026-11-09 11:06:40+00', '2026-11-09 11:26:40+00', '2026-11-09 11:31:40+00', 1, 15000, 1100, 100, 60, 300, 20, 1000, 1190, 1200, 0, 88, 1, 0, '{1,0,0}', '{0,0,0}', '{0,0,0}', 1.1, 62, 51.70123457, 7.30765431, 51.70123457, 7.30765431, '{200,200,200,200,200,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', '{0,0,0,300,300,300,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', '{0,0,0,0,0,250,250,250,250,0,0,0,0,0,0,0}', 0),
	(11, '2026-11-10 11:06:40+00', '2026-11-10 11:26:40+00', '2026-11-10 11:31:40+00', 1, 15000, 1100, 100, 60, 300, 20, 1000, 1190, 1200, 0, 88, 1, 0, '{1,0,0}', '{0,0,0}', '{0,0,0}', 1.1, 62, 51.70123457, 7.30765431, 51.70123457, 7.30765431, '{200,200,200,200,200,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', '{0,0,0,300,300,300,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', '{0,0,0,0,0,250,250,250,250,0,0,0,0,0,0,0}', 0),
	(11, '2026-11-11 11:06:40+00', '2026-11-11 11:26:40+00', '2026-11-11 11:31:40+00', 1, 15000, 1100, 100, 60, 300, 20, 1000, 1190, 1200, 0, 88, 1, 0, '{1,0,0}', '{0,0,0}', '{0,0,0}', 1.1, 62, 51.70123457, 7.30765431, 51.70123457, 7.30765431, '{200,200,200,200,200,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', '{0,0,0,300,300,300,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', '{0,0,0,0,0,250,250,250,250,0,0,0,0,0,0,0}', 0),
	(11, '2026-11-12 11:06:40+00', '2026-11-12 11:26:40+00', '2026-11-12 11:31:40+00', 1, 15000, 1100, 100, 60, 300, 20, 1000, 1190, 1200, 0, 88, 1, 0, '{1,0,0}', '{0,0,0}', '{0,0,0}', 1.1, 62, 51.70123457, 7.30765431, 51.70123457, 7.30765431, '{200,200,200,200,200,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', '{0,0,0,300,300,300,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', '{0,0,0,0,0,250,250,250,250,0,0,0,0,0,0,0}', 0),
	(11, '2026-11-13 11:06:40+00', '2026-11-13 11:26:40+00', '2026-11-13 11:31:40+00', 1, 15000, 1100, 100, 60, 300, 20, 1000, 1190, 1200, 0, 88, 1, 0, '{1,0,0}', '{0,0,0}', '{0,0,0}', 1.1, 62, 51.70123457, 7.30765431, 51.70123457, 7.30765431, '{200,200,200,200,200,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', '{0,0,0,300,300,300,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', '{0,0,0,0,0,250,250,250,250,0,0,0,0,0,0,0}', 0),
	(11, '2026-11-14 11:06:40+00', '2026-11-14 11:26:40+00', '2026-11-14 11:31:40+00', 1, 15000, 1100, 100, 60, 300, 20, 1000, 1190, 1200, 0, 88, 1, 0, '{1,0,0}', '{0,0,0}', '{0,0,0}', 1.1, 62, 51.70123457, 7.30765431, 51.70123457, 7.30765431, '{200,200,200,200,200,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', '{0,0,0,300,300,300,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', '{0,0,0,0,0,250,250,250,250,0,0,0,0,0,0,0}', 0),
	(11, '2026-11-15 11:06:40+00', '2026-11-15 11:26:40+00', '2026-11-15 11:31:40+00', 1, 15000, 1100, 100, 60, 300, 20, 1000, 1190, 1200, 0, 88, 1, 0, '{1,0,0}', '{0,0,0}', '{0,0,0}', 1.1, 62, 51.70123457, 7.30765431, 51.70123457, 7.30765431, '{200,200,200,200,200,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', '{0,0,0,300,300,300,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', '{0,0,0,0,0,250,250,250,250,0,0,0,0,0,0,0}', 0),
	(11, '2026-11-16 11:06:40+00', '2026-11-16 11:26:40+00', '2026-11-16 11:31:40+00', 1, 15000, 1100, 100, 60, 300, 20, 1000, 1190, 1200, 0, 88, 1, 0, '{1,0,0}', '{0,0,0}', '{0,0,0}', 1.1, 62, 51.70123457, 7.30765431, 51.70123457, 7.30765431, '{200,200,200,200,200,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', '{0,0,0,300,300,300,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', '{0,0,0,0,0,250,250,250,250,0,0,0,0,0,0,0}', 0),
	(11, '2026-11-17 11:06:40+00', '2026-11-17 11:26:40+00', '2026-11-17 11:31:40+00', 1, 15000, 1100, 100, 60, 300, 20, 1000, 1190, 1200, 0, 88, 1, 0, '{1,0,0}', '{0,0,0}', '{0,0,0}', 1.1, 62, 51.70123457, 7.30765431, 51.70123457, 7.30765431, '{200,200,200,200,200,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', '{0,0,0,300,300,300,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', '{0,0,0,0,0,250,250,250,250,0,0,0,0,0,0,0}', 0);


--
-- Data for Name: checkpoint; Type: TABLE DATA; Schema: pipeline; Owner: -
--



--
-- Data for Name: computed_with; Type: TABLE DATA; Schema: pipeline; Owner: -
--



--
-- Data for Name: dead_letter; Type: TABLE DATA; Schema: pipeline; Owner: -
--

INSERT INTO pipeline.dead_letter OVERRIDING SYSTEM VALUE VALUES
	(1, 't1', 'native', 'tw/v1/t1/box/telemetry', NULL, '\x7b7d', '2026-11-18 11:06:40+00', 0, 0, 'not_json', 'of t1', 'open', NULL, NULL, NULL, NULL, 0),
	(2, 't2', 'native', 'tw/v1/t2/box/telemetry', NULL, '\x7b7d', '2026-11-18 11:06:40+00', 0, 1, 'not_json', 'of t2', 'open', NULL, NULL, NULL, NULL, 0),
	(3, '-', 'native', 'tw/v1/-/box/telemetry', NULL, '\x7b7d', '2026-11-18 11:06:40+00', 0, 2, 'not_json', 'of -', 'open', NULL, NULL, NULL, NULL, 0);


--
-- Data for Name: device_seq; Type: TABLE DATA; Schema: pipeline; Owner: -
--



--
-- Data for Name: layout; Type: TABLE DATA; Schema: pipeline; Owner: -
--

INSERT INTO pipeline.layout VALUES
	(true, 'plain', 'UTC', 1, NULL, NULL, '2026-11-30 03:31:20.047146+00');


--
-- Data for Name: ledger; Type: TABLE DATA; Schema: pipeline; Owner: -
--

INSERT INTO pipeline.ledger VALUES
	('-', 'native', 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0),
	('t1', 'native', 5, 4, 0, 1, 0, 0, 0, 0, 0, 0, 0),
	('t2', 'native', 7, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0);


--
-- Data for Name: log; Type: TABLE DATA; Schema: pipeline; Owner: -
--

INSERT INTO pipeline.log VALUES
	(true, 'direct', NULL, NULL, 1, 0, '2026-11-30 03:31:20.073322+00');


--
-- Data for Name: partition; Type: TABLE DATA; Schema: pipeline; Owner: -
--



--
-- Data for Name: publication; Type: TABLE DATA; Schema: pipeline; Owner: -
--



--
-- Data for Name: reconcile; Type: TABLE DATA; Schema: pipeline; Owner: -
--



--
-- Data for Name: signal; Type: TABLE DATA; Schema: pipeline; Owner: -
--

INSERT INTO pipeline.signal OVERRIDING SYSTEM VALUE VALUES
	('1c9c927757d50aa328b72b49c18292af', 0, 1, 't1', 1, 'vehicle.crash', 'vehicle:v0', '2026-11-18 09:06:40+00', '{"at": "2026-11-18T09:06:40+00:00", "severity": 3, "peak_mps2": 88.0, "retracted": false, "speed_kmh": 47.0, "delta_v_kmh": 31.0}', '2026-11-18 10:06:40+00'),
	('69c252a5a7771beee9497723a21fa4ed', 0, 2, 't1', 4, 'meter.anomaly.raised', 'meter:m0', '2026-11-15 11:06:40+00', '{"kind": "base_load_rise", "unit": "W", "ended_at": null, "expected": 95.0, "observed": 240.0, "severity": 2, "retracted": false, "threshold": 165.0, "started_at": "2026-11-15T11:06:40+00:00"}', '2026-11-18 10:06:40+00'),
	('76a66c368ecca84885b7171deafd04c5', 0, 3, 't1', 7, 'vehicle.crash', 'vehicle:omar-car', '2026-11-18 09:06:40+00', '{"at": "2026-11-18T09:06:40+00:00", "severity": 3, "peak_mps2": 88.0, "retracted": false, "speed_kmh": 47.0, "delta_v_kmh": 31.0}', '2026-11-18 10:06:40+00'),
	('3d66ba9b41bb2a5d506fc1722776181c', 0, 4, 't1', 8, 'meter.anomaly.raised', 'meter:omar-meter', '2026-11-15 11:06:40+00', '{"kind": "base_load_rise", "unit": "W", "ended_at": null, "expected": 95.0, "observed": 240.0, "severity": 2, "retracted": false, "threshold": 165.0, "started_at": "2026-11-15T11:06:40+00:00"}', '2026-11-18 10:06:40+00'),
	('80fbc9857df8a599d41de4d478e957a7', 0, 5, 't1', 9, 'vehicle.crash', 'vehicle:quiet-car', '2026-11-18 09:06:40+00', '{"at": "2026-11-18T09:06:40+00:00", "severity": 3, "peak_mps2": 88.0, "retracted": false, "speed_kmh": 47.0, "delta_v_kmh": 31.0}', '2026-11-18 10:06:40+00'),
	('f963798a628261eee09deb6b7d56ea42', 0, 6, 't1', 10, 'meter.anomaly.raised', 'meter:quiet-meter', '2026-11-15 11:06:40+00', '{"kind": "base_load_rise", "unit": "W", "ended_at": null, "expected": 95.0, "observed": 240.0, "severity": 2, "retracted": false, "threshold": 165.0, "started_at": "2026-11-15T11:06:40+00:00"}', '2026-11-18 10:06:40+00'),
	('36a503d4a0ff421a3ec6fb3f4d27a0d5', 0, 7, 't2', 11, 'vehicle.crash', 'vehicle:zz-car', '2026-11-18 09:06:40+00', '{"at": "2026-11-18T09:06:40+00:00", "severity": 3, "peak_mps2": 88.0, "retracted": false, "speed_kmh": 47.0, "delta_v_kmh": 31.0}', '2026-11-18 10:06:40+00'),
	('c71cea6dae25d986c69126b6d890256f', 0, 8, 't2', 12, 'meter.anomaly.raised', 'meter:zz-meter', '2026-11-15 11:06:40+00', '{"kind": "base_load_rise", "unit": "W", "ended_at": null, "expected": 95.0, "observed": 240.0, "severity": 2, "retracted": false, "threshold": 165.0, "started_at": "2026-11-15T11:06:40+00:00"}', '2026-11-18 10:06:40+00');


--
-- Data for Name: signal_queue; Type: TABLE DATA; Schema: pipeline; Owner: -
--

INSERT INTO pipeline.signal_queue VALUES
	(1),
	(2),
	(3),
	(4),
	(5),
	(6),
	(7),
	(8);


--
-- Data for Name: tachowatt_migration; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.tachowatt_migration VALUES
	(1, '0001_pipeline.sql', 'ae46a5b38b4a73f988f444f0217c6571751d9f5f7b25ec6a10d48734f51b974c', '2026-11-30 03:31:20.073322+00'),
	(2, '0002_features.sql', 'cb33512314e3dc5304fdf0013134dc1503ec9357b1a78e1b2909c52940c7cf7f', '2026-11-30 03:31:20.073322+00'),
	(3, '0003_signals.sql', '5d7b39a8c1d885ae26cca9fcf5bf37eb1548d7f22de1218d83d7d84913baada2', '2026-11-30 03:31:20.073322+00'),
	(4, '0004_contacts.sql', '48502f8222479ec4e4bff295d858e77f8d409b9523752da2691458fc578e1a44', '2026-11-30 03:31:20.073322+00'),
	(5, '0005_layout.sql', '7cbe08d08958a790da72dda9ac8e0a1bbc32362366bd5c7256af4e6d90e24efe', '2026-11-30 03:31:20.073322+00'),
	(6, '0006_roles.sql', '433b1f2d6d577788414d133a284eb0115038b147bc2fca5f8ea4248e6d9dcf94', '2026-11-30 03:31:20.073322+00'),
	(7, '0007_message_properties.sql', '677b728cacbe2585686762050edb305b96012880e7ac44f7c2760ce32baf68fe', '2026-11-30 03:31:20.073322+00'),
	(8, '0008_device_seq.sql', '7df8f413e9ba4257f343d69e1b00a365256be9822bbe5afee962c1ff1e5308bc', '2026-11-30 03:31:20.073322+00'),
	(9, '0009_log.sql', '22933c0e7ba62e0f2ecb4708ce55fd1f8a0138f9b1663ebed423356723490d83', '2026-11-30 03:31:20.073322+00'),
	(10, '0010_cap.sql', 'db6c650d3fa2b304b2ee9a9548d09212903fbc188b32fefc83acf8848d27b55e', '2026-11-30 03:31:20.073322+00');


--
-- Data for Name: _interval_dirty; Type: TABLE DATA; Schema: rollup; Owner: -
--

INSERT INTO rollup._interval_dirty VALUES
	(4, '2026-11-15 00:00:00+00'),
	(4, '2026-11-14 00:00:00+00'),
	(4, '2026-11-13 00:00:00+00'),
	(8, '2026-11-14 00:00:00+00'),
	(8, '2026-11-15 00:00:00+00'),
	(8, '2026-11-13 00:00:00+00'),
	(10, '2026-11-15 00:00:00+00'),
	(10, '2026-11-13 00:00:00+00'),
	(10, '2026-11-14 00:00:00+00'),
	(12, '2026-11-13 00:00:00+00'),
	(12, '2026-11-15 00:00:00+00'),
	(12, '2026-11-14 00:00:00+00');


--
-- Data for Name: _meter_day; Type: TABLE DATA; Schema: rollup; Owner: -
--



--
-- Data for Name: _meter_hour; Type: TABLE DATA; Schema: rollup; Owner: -
--



--
-- Data for Name: _meter_month; Type: TABLE DATA; Schema: rollup; Owner: -
--



--
-- Data for Name: _trip_dirty; Type: TABLE DATA; Schema: rollup; Owner: -
--

INSERT INTO rollup._trip_dirty VALUES
	(1, '2026-11-12 00:00:00+00'),
	(1, '2026-11-09 00:00:00+00'),
	(1, '2026-11-14 00:00:00+00'),
	(1, '2026-11-11 00:00:00+00'),
	(1, '2026-11-16 00:00:00+00'),
	(1, '2026-11-06 00:00:00+00'),
	(1, '2026-11-17 00:00:00+00'),
	(1, '2026-11-15 00:00:00+00'),
	(1, '2026-11-10 00:00:00+00'),
	(1, '2026-11-08 00:00:00+00'),
	(1, '2026-11-07 00:00:00+00'),
	(1, '2026-11-13 00:00:00+00'),
	(7, '2026-11-14 00:00:00+00'),
	(7, '2026-11-09 00:00:00+00'),
	(7, '2026-11-16 00:00:00+00'),
	(7, '2026-11-13 00:00:00+00'),
	(7, '2026-11-10 00:00:00+00'),
	(7, '2026-11-15 00:00:00+00'),
	(7, '2026-11-12 00:00:00+00'),
	(7, '2026-11-11 00:00:00+00'),
	(7, '2026-11-07 00:00:00+00'),
	(7, '2026-11-06 00:00:00+00'),
	(7, '2026-11-17 00:00:00+00'),
	(7, '2026-11-08 00:00:00+00'),
	(9, '2026-11-07 00:00:00+00'),
	(9, '2026-11-17 00:00:00+00'),
	(9, '2026-11-12 00:00:00+00'),
	(9, '2026-11-09 00:00:00+00'),
	(9, '2026-11-13 00:00:00+00'),
	(9, '2026-11-15 00:00:00+00'),
	(9, '2026-11-14 00:00:00+00'),
	(9, '2026-11-10 00:00:00+00'),
	(9, '2026-11-11 00:00:00+00'),
	(9, '2026-11-08 00:00:00+00'),
	(9, '2026-11-16 00:00:00+00'),
	(9, '2026-11-06 00:00:00+00'),
	(11, '2026-11-07 00:00:00+00'),
	(11, '2026-11-11 00:00:00+00'),
	(11, '2026-11-15 00:00:00+00'),
	(11, '2026-11-13 00:00:00+00'),
	(11, '2026-11-09 00:00:00+00'),
	(11, '2026-11-17 00:00:00+00'),
	(11, '2026-11-06 00:00:00+00'),
	(11, '2026-11-08 00:00:00+00'),
	(11, '2026-11-14 00:00:00+00'),
	(11, '2026-11-12 00:00:00+00'),
	(11, '2026-11-16 00:00:00+00'),
	(11, '2026-11-10 00:00:00+00');


--
-- Data for Name: _vehicle_day; Type: TABLE DATA; Schema: rollup; Owner: -
--



--
-- Data for Name: device_event; Type: TABLE DATA; Schema: telemetry; Owner: -
--



--
-- Data for Name: meter_number; Type: TABLE DATA; Schema: telemetry; Owner: -
--



--
-- Data for Name: meter_sample_20261126; Type: TABLE DATA; Schema: telemetry; Owner: -
--



--
-- Data for Name: meter_sample_20261203; Type: TABLE DATA; Schema: telemetry; Owner: -
--



--
-- Data for Name: meter_sample_20261210; Type: TABLE DATA; Schema: telemetry; Owner: -
--



--
-- Data for Name: meter_sample_default; Type: TABLE DATA; Schema: telemetry; Owner: -
--



--
-- Data for Name: meter_sample_past; Type: TABLE DATA; Schema: telemetry; Owner: -
--



--
-- Data for Name: vehicle_sample_20261126; Type: TABLE DATA; Schema: telemetry; Owner: -
--



--
-- Data for Name: vehicle_sample_20261203; Type: TABLE DATA; Schema: telemetry; Owner: -
--



--
-- Data for Name: vehicle_sample_20261210; Type: TABLE DATA; Schema: telemetry; Owner: -
--



--
-- Data for Name: vehicle_sample_default; Type: TABLE DATA; Schema: telemetry; Owner: -
--



--
-- Data for Name: vehicle_sample_past; Type: TABLE DATA; Schema: telemetry; Owner: -
--

INSERT INTO telemetry.vehicle_sample_past VALUES
	(1, '2026-11-17 11:06:40+00', '2026-11-17 11:06:40+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(1, '2026-11-17 11:06:41+00', '2026-11-17 11:06:41+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(1, '2026-11-17 11:06:42+00', '2026-11-17 11:06:42+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(1, '2026-11-17 11:06:43+00', '2026-11-17 11:06:43+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(1, '2026-11-17 11:06:44+00', '2026-11-17 11:06:44+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(1, '2026-11-17 11:06:45+00', '2026-11-17 11:06:45+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(1, '2026-11-17 11:06:46+00', '2026-11-17 11:06:46+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(1, '2026-11-17 11:06:47+00', '2026-11-17 11:06:47+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(1, '2026-11-17 11:06:48+00', '2026-11-17 11:06:48+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(1, '2026-11-17 11:06:49+00', '2026-11-17 11:06:49+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(1, '2026-11-17 11:06:50+00', '2026-11-17 11:06:50+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(1, '2026-11-17 11:06:51+00', '2026-11-17 11:06:51+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(1, '2026-11-17 11:06:52+00', '2026-11-17 11:06:52+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(1, '2026-11-17 11:06:53+00', '2026-11-17 11:06:53+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(1, '2026-11-17 11:06:54+00', '2026-11-17 11:06:54+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(1, '2026-11-17 11:06:55+00', '2026-11-17 11:06:55+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(1, '2026-11-17 11:06:56+00', '2026-11-17 11:06:56+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(1, '2026-11-17 11:06:57+00', '2026-11-17 11:06:57+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(1, '2026-11-17 11:06:58+00', '2026-11-17 11:06:58+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(1, '2026-11-17 11:06:59+00', '2026-11-17 11:06:59+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(1, '2026-11-17 11:07:00+00', '2026-11-17 11:07:00+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(1, '2026-11-17 11:07:01+00', '2026-11-17 11:07:01+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(1, '2026-11-17 11:07:02+00', '2026-11-17 11:07:02+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(1, '2026-11-17 11:07:03+00', '2026-11-17 11:07:03+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(1, '2026-11-17 11:07:04+00', '2026-11-17 11:07:04+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(1, '2026-11-17 11:07:05+00', '2026-11-17 11:07:05+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(1, '2026-11-17 11:07:06+00', '2026-11-17 11:07:06+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(1, '2026-11-17 11:07:07+00', '2026-11-17 11:07:07+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(1, '2026-11-17 11:07:08+00', '2026-11-17 11:07:08+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(1, '2026-11-17 11:07:09+00', '2026-11-17 11:07:09+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(7, '2026-11-17 11:06:40+00', '2026-11-17 11:06:40+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(7, '2026-11-17 11:06:41+00', '2026-11-17 11:06:41+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(7, '2026-11-17 11:06:42+00', '2026-11-17 11:06:42+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(7, '2026-11-17 11:06:43+00', '2026-11-17 11:06:43+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(7, '2026-11-17 11:06:44+00', '2026-11-17 11:06:44+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(7, '2026-11-17 11:06:45+00', '2026-11-17 11:06:45+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(7, '2026-11-17 11:06:46+00', '2026-11-17 11:06:46+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(7, '2026-11-17 11:06:47+00', '2026-11-17 11:06:47+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(7, '2026-11-17 11:06:48+00', '2026-11-17 11:06:48+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(7, '2026-11-17 11:06:49+00', '2026-11-17 11:06:49+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(7, '2026-11-17 11:06:50+00', '2026-11-17 11:06:50+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(7, '2026-11-17 11:06:51+00', '2026-11-17 11:06:51+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(7, '2026-11-17 11:06:52+00', '2026-11-17 11:06:52+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(7, '2026-11-17 11:06:53+00', '2026-11-17 11:06:53+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(7, '2026-11-17 11:06:54+00', '2026-11-17 11:06:54+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(7, '2026-11-17 11:06:55+00', '2026-11-17 11:06:55+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(7, '2026-11-17 11:06:56+00', '2026-11-17 11:06:56+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(7, '2026-11-17 11:06:57+00', '2026-11-17 11:06:57+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(7, '2026-11-17 11:06:58+00', '2026-11-17 11:06:58+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(7, '2026-11-17 11:06:59+00', '2026-11-17 11:06:59+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(7, '2026-11-17 11:07:00+00', '2026-11-17 11:07:00+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(7, '2026-11-17 11:07:01+00', '2026-11-17 11:07:01+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(7, '2026-11-17 11:07:02+00', '2026-11-17 11:07:02+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(7, '2026-11-17 11:07:03+00', '2026-11-17 11:07:03+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(7, '2026-11-17 11:07:04+00', '2026-11-17 11:07:04+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(7, '2026-11-17 11:07:05+00', '2026-11-17 11:07:05+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(7, '2026-11-17 11:07:06+00', '2026-11-17 11:07:06+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(7, '2026-11-17 11:07:07+00', '2026-11-17 11:07:07+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(7, '2026-11-17 11:07:08+00', '2026-11-17 11:07:08+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(7, '2026-11-17 11:07:09+00', '2026-11-17 11:07:09+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(9, '2026-11-17 11:06:40+00', '2026-11-17 11:06:40+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(9, '2026-11-17 11:06:41+00', '2026-11-17 11:06:41+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(9, '2026-11-17 11:06:42+00', '2026-11-17 11:06:42+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(9, '2026-11-17 11:06:43+00', '2026-11-17 11:06:43+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(9, '2026-11-17 11:06:44+00', '2026-11-17 11:06:44+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(9, '2026-11-17 11:06:45+00', '2026-11-17 11:06:45+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(9, '2026-11-17 11:06:46+00', '2026-11-17 11:06:46+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(9, '2026-11-17 11:06:47+00', '2026-11-17 11:06:47+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(9, '2026-11-17 11:06:48+00', '2026-11-17 11:06:48+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(9, '2026-11-17 11:06:49+00', '2026-11-17 11:06:49+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(9, '2026-11-17 11:06:50+00', '2026-11-17 11:06:50+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(9, '2026-11-17 11:06:51+00', '2026-11-17 11:06:51+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(9, '2026-11-17 11:06:52+00', '2026-11-17 11:06:52+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(9, '2026-11-17 11:06:53+00', '2026-11-17 11:06:53+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(9, '2026-11-17 11:06:54+00', '2026-11-17 11:06:54+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(9, '2026-11-17 11:06:55+00', '2026-11-17 11:06:55+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(9, '2026-11-17 11:06:56+00', '2026-11-17 11:06:56+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(9, '2026-11-17 11:06:57+00', '2026-11-17 11:06:57+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(9, '2026-11-17 11:06:58+00', '2026-11-17 11:06:58+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(9, '2026-11-17 11:06:59+00', '2026-11-17 11:06:59+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(9, '2026-11-17 11:07:00+00', '2026-11-17 11:07:00+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(9, '2026-11-17 11:07:01+00', '2026-11-17 11:07:01+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(9, '2026-11-17 11:07:02+00', '2026-11-17 11:07:02+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(9, '2026-11-17 11:07:03+00', '2026-11-17 11:07:03+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(9, '2026-11-17 11:07:04+00', '2026-11-17 11:07:04+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(9, '2026-11-17 11:07:05+00', '2026-11-17 11:07:05+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(9, '2026-11-17 11:07:06+00', '2026-11-17 11:07:06+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(9, '2026-11-17 11:07:07+00', '2026-11-17 11:07:07+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(9, '2026-11-17 11:07:08+00', '2026-11-17 11:07:08+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(9, '2026-11-17 11:07:09+00', '2026-11-17 11:07:09+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(11, '2026-11-17 11:06:40+00', '2026-11-17 11:06:40+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(11, '2026-11-17 11:06:41+00', '2026-11-17 11:06:41+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(11, '2026-11-17 11:06:42+00', '2026-11-17 11:06:42+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(11, '2026-11-17 11:06:43+00', '2026-11-17 11:06:43+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(11, '2026-11-17 11:06:44+00', '2026-11-17 11:06:44+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(11, '2026-11-17 11:06:45+00', '2026-11-17 11:06:45+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(11, '2026-11-17 11:06:46+00', '2026-11-17 11:06:46+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(11, '2026-11-17 11:06:47+00', '2026-11-17 11:06:47+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(11, '2026-11-17 11:06:48+00', '2026-11-17 11:06:48+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(11, '2026-11-17 11:06:49+00', '2026-11-17 11:06:49+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(11, '2026-11-17 11:06:50+00', '2026-11-17 11:06:50+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(11, '2026-11-17 11:06:51+00', '2026-11-17 11:06:51+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(11, '2026-11-17 11:06:52+00', '2026-11-17 11:06:52+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(11, '2026-11-17 11:06:53+00', '2026-11-17 11:06:53+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(11, '2026-11-17 11:06:54+00', '2026-11-17 11:06:54+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(11, '2026-11-17 11:06:55+00', '2026-11-17 11:06:55+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(11, '2026-11-17 11:06:56+00', '2026-11-17 11:06:56+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(11, '2026-11-17 11:06:57+00', '2026-11-17 11:06:57+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(11, '2026-11-17 11:06:58+00', '2026-11-17 11:06:58+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(11, '2026-11-17 11:06:59+00', '2026-11-17 11:06:59+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(11, '2026-11-17 11:07:00+00', '2026-11-17 11:07:00+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(11, '2026-11-17 11:07:01+00', '2026-11-17 11:07:01+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(11, '2026-11-17 11:07:02+00', '2026-11-17 11:07:02+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(11, '2026-11-17 11:07:03+00', '2026-11-17 11:07:03+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(11, '2026-11-17 11:07:04+00', '2026-11-17 11:07:04+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(11, '2026-11-17 11:07:05+00', '2026-11-17 11:07:05+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(11, '2026-11-17 11:07:06+00', '2026-11-17 11:07:06+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(11, '2026-11-17 11:07:07+00', '2026-11-17 11:07:07+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(11, '2026-11-17 11:07:08+00', '2026-11-17 11:07:08+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(11, '2026-11-17 11:07:09+00', '2026-11-17 11:07:09+00', 50, 51.70123457, 7.30765431, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);


--
-- Name: read_log_read_id_seq; Type: SEQUENCE SET; Schema: access; Owner: -
--

SELECT pg_catalog.setval('access.read_log_read_id_seq', 2, true);


--
-- Name: alert_change_sequence_seq; Type: SEQUENCE SET; Schema: contacts; Owner: -
--

SELECT pg_catalog.setval('contacts.alert_change_sequence_seq', 4, true);


--
-- Name: case_entry_entry_id_seq; Type: SEQUENCE SET; Schema: contacts; Owner: -
--

SELECT pg_catalog.setval('contacts.case_entry_entry_id_seq', 8, true);


--
-- Name: decision_decision_id_seq; Type: SEQUENCE SET; Schema: contacts; Owner: -
--

SELECT pg_catalog.setval('contacts.decision_decision_id_seq', 1, false);


--
-- Name: receiver_receiver_id_seq; Type: SEQUENCE SET; Schema: contacts; Owner: -
--

SELECT pg_catalog.setval('contacts.receiver_receiver_id_seq', 3, true);


--
-- Name: receiver_secret_secret_id_seq; Type: SEQUENCE SET; Schema: contacts; Owner: -
--

SELECT pg_catalog.setval('contacts.receiver_secret_secret_id_seq', 4, true);


--
-- Name: worker; Type: SEQUENCE SET; Schema: contacts; Owner: -
--

SELECT pg_catalog.setval('contacts.worker', 1, false);


--
-- Name: consent_consent_id_seq; Type: SEQUENCE SET; Schema: customers; Owner: -
--

SELECT pg_catalog.setval('customers.consent_consent_id_seq', 15, true);


--
-- Name: device_device_id_seq; Type: SEQUENCE SET; Schema: customers; Owner: -
--

SELECT pg_catalog.setval('customers.device_device_id_seq', 12, true);


--
-- Name: dead_letter_dead_letter_id_seq; Type: SEQUENCE SET; Schema: pipeline; Owner: -
--

SELECT pg_catalog.setval('pipeline.dead_letter_dead_letter_id_seq', 3, true);


--
-- Name: publication_publication_id_seq; Type: SEQUENCE SET; Schema: pipeline; Owner: -
--

SELECT pg_catalog.setval('pipeline.publication_publication_id_seq', 1, false);


--
-- Name: signal_sequence_seq; Type: SEQUENCE SET; Schema: pipeline; Owner: -
--

SELECT pg_catalog.setval('pipeline.signal_sequence_seq', 8, true);


--
-- Name: api_key api_key_pkey; Type: CONSTRAINT; Schema: access; Owner: -
--

ALTER TABLE ONLY access.api_key
    ADD CONSTRAINT api_key_pkey PRIMARY KEY (key_id);


--
-- Name: idempotency idempotency_pkey; Type: CONSTRAINT; Schema: access; Owner: -
--

ALTER TABLE ONLY access.idempotency
    ADD CONSTRAINT idempotency_pkey PRIMARY KEY (key_id, key);


--
-- Name: read_log read_log_pkey; Type: CONSTRAINT; Schema: access; Owner: -
--

ALTER TABLE ONLY access.read_log
    ADD CONSTRAINT read_log_pkey PRIMARY KEY (read_id);


--
-- Name: session session_pkey; Type: CONSTRAINT; Schema: access; Owner: -
--

ALTER TABLE ONLY access.session
    ADD CONSTRAINT session_pkey PRIMARY KEY (hash);


--
-- Name: alert_change alert_change_pkey; Type: CONSTRAINT; Schema: contacts; Owner: -
--

ALTER TABLE ONLY contacts.alert_change
    ADD CONSTRAINT alert_change_pkey PRIMARY KEY (sequence);


--
-- Name: alert alert_pkey; Type: CONSTRAINT; Schema: contacts; Owner: -
--

ALTER TABLE ONLY contacts.alert
    ADD CONSTRAINT alert_pkey PRIMARY KEY (alert_id);


--
-- Name: attempt attempt_pkey; Type: CONSTRAINT; Schema: contacts; Owner: -
--

ALTER TABLE ONLY contacts.attempt
    ADD CONSTRAINT attempt_pkey PRIMARY KEY (contact_id, number);


--
-- Name: case_entry case_entry_pkey; Type: CONSTRAINT; Schema: contacts; Owner: -
--

ALTER TABLE ONLY contacts.case_entry
    ADD CONSTRAINT case_entry_pkey PRIMARY KEY (entry_id);


--
-- Name: contact contact_pkey; Type: CONSTRAINT; Schema: contacts; Owner: -
--

ALTER TABLE ONLY contacts.contact
    ADD CONSTRAINT contact_pkey PRIMARY KEY (contact_id);


--
-- Name: decision decision_pkey; Type: CONSTRAINT; Schema: contacts; Owner: -
--

ALTER TABLE ONLY contacts.decision
    ADD CONSTRAINT decision_pkey PRIMARY KEY (decision_id);


--
-- Name: decision decision_signal_id_signal_revision_playbook_treatment_key; Type: CONSTRAINT; Schema: contacts; Owner: -
--

ALTER TABLE ONLY contacts.decision
    ADD CONSTRAINT decision_signal_id_signal_revision_playbook_treatment_key UNIQUE (signal_id, signal_revision, playbook, treatment);


--
-- Name: playbook playbook_pkey; Type: CONSTRAINT; Schema: contacts; Owner: -
--

ALTER TABLE ONLY contacts.playbook
    ADD CONSTRAINT playbook_pkey PRIMARY KEY (playbook);


--
-- Name: receiver receiver_pkey; Type: CONSTRAINT; Schema: contacts; Owner: -
--

ALTER TABLE ONLY contacts.receiver
    ADD CONSTRAINT receiver_pkey PRIMARY KEY (receiver_id);


--
-- Name: receiver_secret receiver_secret_pkey; Type: CONSTRAINT; Schema: contacts; Owner: -
--

ALTER TABLE ONLY contacts.receiver_secret
    ADD CONSTRAINT receiver_secret_pkey PRIMARY KEY (secret_id);


--
-- Name: receiver receiver_tenant_name_key; Type: CONSTRAINT; Schema: contacts; Owner: -
--

ALTER TABLE ONLY contacts.receiver
    ADD CONSTRAINT receiver_tenant_name_key UNIQUE (tenant, name);


--
-- Name: score_told score_told_pkey; Type: CONSTRAINT; Schema: contacts; Owner: -
--

ALTER TABLE ONLY contacts.score_told
    ADD CONSTRAINT score_told_pkey PRIMARY KEY (tenant, customer);


--
-- Name: service_case service_case_pkey; Type: CONSTRAINT; Schema: contacts; Owner: -
--

ALTER TABLE ONLY contacts.service_case
    ADD CONSTRAINT service_case_pkey PRIMARY KEY (case_id);


--
-- Name: service_case service_case_signal_id_playbook_key; Type: CONSTRAINT; Schema: contacts; Owner: -
--

ALTER TABLE ONLY contacts.service_case
    ADD CONSTRAINT service_case_signal_id_playbook_key UNIQUE (signal_id, playbook);


--
-- Name: assignment assignment_pkey; Type: CONSTRAINT; Schema: customers; Owner: -
--

ALTER TABLE ONLY customers.assignment
    ADD CONSTRAINT assignment_pkey PRIMARY KEY (device_id, valid_from);


--
-- Name: consent consent_pkey; Type: CONSTRAINT; Schema: customers; Owner: -
--

ALTER TABLE ONLY customers.consent
    ADD CONSTRAINT consent_pkey PRIMARY KEY (consent_id);


--
-- Name: contract contract_pkey; Type: CONSTRAINT; Schema: customers; Owner: -
--

ALTER TABLE ONLY customers.contract
    ADD CONSTRAINT contract_pkey PRIMARY KEY (tenant, contract);


--
-- Name: customer customer_pkey; Type: CONSTRAINT; Schema: customers; Owner: -
--

ALTER TABLE ONLY customers.customer
    ADD CONSTRAINT customer_pkey PRIMARY KEY (tenant, customer);


--
-- Name: device device_dialect_address_key; Type: CONSTRAINT; Schema: customers; Owner: -
--

ALTER TABLE ONLY customers.device
    ADD CONSTRAINT device_dialect_address_key UNIQUE (dialect, address);


--
-- Name: device device_pkey; Type: CONSTRAINT; Schema: customers; Owner: -
--

ALTER TABLE ONLY customers.device
    ADD CONSTRAINT device_pkey PRIMARY KEY (device_id);


--
-- Name: device device_tenant_device_key; Type: CONSTRAINT; Schema: customers; Owner: -
--

ALTER TABLE ONLY customers.device
    ADD CONSTRAINT device_tenant_device_key UNIQUE (tenant, device);


--
-- Name: meter meter_pkey; Type: CONSTRAINT; Schema: customers; Owner: -
--

ALTER TABLE ONLY customers.meter
    ADD CONSTRAINT meter_pkey PRIMARY KEY (tenant, meter);


--
-- Name: tenant tenant_pkey; Type: CONSTRAINT; Schema: customers; Owner: -
--

ALTER TABLE ONLY customers.tenant
    ADD CONSTRAINT tenant_pkey PRIMARY KEY (tenant);


--
-- Name: vehicle vehicle_pkey; Type: CONSTRAINT; Schema: customers; Owner: -
--

ALTER TABLE ONLY customers.vehicle
    ADD CONSTRAINT vehicle_pkey PRIMARY KEY (tenant, vehicle);


--
-- Name: checkpoint checkpoint_pkey; Type: CONSTRAINT; Schema: pipeline; Owner: -
--

ALTER TABLE ONLY pipeline.checkpoint
    ADD CONSTRAINT checkpoint_pkey PRIMARY KEY (device_id, as_of);


--
-- Name: computed_with computed_with_pkey; Type: CONSTRAINT; Schema: pipeline; Owner: -
--

ALTER TABLE ONLY pipeline.computed_with
    ADD CONSTRAINT computed_with_pkey PRIMARY KEY (device_id);


--
-- Name: dead_letter dead_letter_pkey; Type: CONSTRAINT; Schema: pipeline; Owner: -
--

ALTER TABLE ONLY pipeline.dead_letter
    ADD CONSTRAINT dead_letter_pkey PRIMARY KEY (dead_letter_id);


--
-- Name: device_seq device_seq_pkey; Type: CONSTRAINT; Schema: pipeline; Owner: -
--

ALTER TABLE ONLY pipeline.device_seq
    ADD CONSTRAINT device_seq_pkey PRIMARY KEY (address);


--
-- Name: layout layout_pkey; Type: CONSTRAINT; Schema: pipeline; Owner: -
--

ALTER TABLE ONLY pipeline.layout
    ADD CONSTRAINT layout_pkey PRIMARY KEY (one);


--
-- Name: ledger ledger_pkey; Type: CONSTRAINT; Schema: pipeline; Owner: -
--

ALTER TABLE ONLY pipeline.ledger
    ADD CONSTRAINT ledger_pkey PRIMARY KEY (tenant, dialect, partition);


--
-- Name: log log_pkey; Type: CONSTRAINT; Schema: pipeline; Owner: -
--

ALTER TABLE ONLY pipeline.log
    ADD CONSTRAINT log_pkey PRIMARY KEY (one);


--
-- Name: partition partition_pkey; Type: CONSTRAINT; Schema: pipeline; Owner: -
--

ALTER TABLE ONLY pipeline.partition
    ADD CONSTRAINT partition_pkey PRIMARY KEY (partition);


--
-- Name: publication publication_pkey; Type: CONSTRAINT; Schema: pipeline; Owner: -
--

ALTER TABLE ONLY pipeline.publication
    ADD CONSTRAINT publication_pkey PRIMARY KEY (publication_id);


--
-- Name: reconcile reconcile_pkey; Type: CONSTRAINT; Schema: pipeline; Owner: -
--

ALTER TABLE ONLY pipeline.reconcile
    ADD CONSTRAINT reconcile_pkey PRIMARY KEY (device_id);


--
-- Name: signal signal_pkey; Type: CONSTRAINT; Schema: pipeline; Owner: -
--

ALTER TABLE ONLY pipeline.signal
    ADD CONSTRAINT signal_pkey PRIMARY KEY (id, revision);


--
-- Name: signal_queue signal_queue_pkey; Type: CONSTRAINT; Schema: pipeline; Owner: -
--

ALTER TABLE ONLY pipeline.signal_queue
    ADD CONSTRAINT signal_queue_pkey PRIMARY KEY (sequence);


--
-- Name: tachowatt_migration tachowatt_migration_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.tachowatt_migration
    ADD CONSTRAINT tachowatt_migration_pkey PRIMARY KEY (version);


--
-- Name: _meter_day _meter_day_pkey; Type: CONSTRAINT; Schema: rollup; Owner: -
--

ALTER TABLE ONLY rollup._meter_day
    ADD CONSTRAINT _meter_day_pkey PRIMARY KEY (device_id, day);


--
-- Name: _meter_hour _meter_hour_pkey; Type: CONSTRAINT; Schema: rollup; Owner: -
--

ALTER TABLE ONLY rollup._meter_hour
    ADD CONSTRAINT _meter_hour_pkey PRIMARY KEY (device_id, hour);


--
-- Name: _meter_month _meter_month_pkey; Type: CONSTRAINT; Schema: rollup; Owner: -
--

ALTER TABLE ONLY rollup._meter_month
    ADD CONSTRAINT _meter_month_pkey PRIMARY KEY (device_id, month);


--
-- Name: _vehicle_day _vehicle_day_pkey; Type: CONSTRAINT; Schema: rollup; Owner: -
--

ALTER TABLE ONLY rollup._vehicle_day
    ADD CONSTRAINT _vehicle_day_pkey PRIMARY KEY (device_id, day);


--
-- Name: device_event device_event_pkey; Type: CONSTRAINT; Schema: telemetry; Owner: -
--

ALTER TABLE ONLY telemetry.device_event
    ADD CONSTRAINT device_event_pkey PRIMARY KEY (device_id, observed_at, kind, digest);


--
-- Name: meter_number meter_number_pkey; Type: CONSTRAINT; Schema: telemetry; Owner: -
--

ALTER TABLE ONLY telemetry.meter_number
    ADD CONSTRAINT meter_number_pkey PRIMARY KEY (meter_key);


--
-- Name: read_log_of_customer; Type: INDEX; Schema: access; Owner: -
--

CREATE INDEX read_log_of_customer ON access.read_log USING btree (tenant, customer, read_id DESC);


--
-- Name: alert_by_kind; Type: INDEX; Schema: contacts; Owner: -
--

CREATE INDEX alert_by_kind ON contacts.alert USING btree (tenant, kind, happened_at DESC, alert_id DESC);


--
-- Name: alert_by_state; Type: INDEX; Schema: contacts; Owner: -
--

CREATE INDEX alert_by_state ON contacts.alert USING btree (tenant, state, happened_at DESC, alert_id DESC);


--
-- Name: alert_change_of_tenant; Type: INDEX; Schema: contacts; Owner: -
--

CREATE INDEX alert_change_of_tenant ON contacts.alert_change USING btree (tenant, sequence);


--
-- Name: alert_newest; Type: INDEX; Schema: contacts; Owner: -
--

CREATE INDEX alert_newest ON contacts.alert USING btree (tenant, happened_at DESC, alert_id DESC);


--
-- Name: alert_of_customer; Type: INDEX; Schema: contacts; Owner: -
--

CREATE INDEX alert_of_customer ON contacts.alert USING btree (tenant, customer, happened_at DESC);


--
-- Name: alert_of_subject; Type: INDEX; Schema: contacts; Owner: -
--

CREATE INDEX alert_of_subject ON contacts.alert USING btree (tenant, subject, happened_at DESC);


--
-- Name: alert_waiting; Type: INDEX; Schema: contacts; Owner: -
--

CREATE INDEX alert_waiting ON contacts.alert USING btree (tenant) WHERE ((state <> 'resolved'::text) AND (NOT retracted));


--
-- Name: case_by_state; Type: INDEX; Schema: contacts; Owner: -
--

CREATE INDEX case_by_state ON contacts.service_case USING btree (tenant, state, opened_at DESC, case_id DESC);


--
-- Name: case_newest; Type: INDEX; Schema: contacts; Owner: -
--

CREATE INDEX case_newest ON contacts.service_case USING btree (tenant, opened_at DESC, case_id DESC);


--
-- Name: case_of_customer; Type: INDEX; Schema: contacts; Owner: -
--

CREATE INDEX case_of_customer ON contacts.service_case USING btree (tenant, customer, opened_at DESC);


--
-- Name: case_of_owner; Type: INDEX; Schema: contacts; Owner: -
--

CREATE INDEX case_of_owner ON contacts.service_case USING btree (tenant, owner, opened_at DESC, case_id DESC) WHERE (owner IS NOT NULL);


--
-- Name: case_queue; Type: INDEX; Schema: contacts; Owner: -
--

CREATE INDEX case_queue ON contacts.service_case USING btree (tenant, side, state, deadline);


--
-- Name: case_waiting; Type: INDEX; Schema: contacts; Owner: -
--

CREATE INDEX case_waiting ON contacts.service_case USING btree (tenant, side) WHERE (state <> 'resolved'::text);


--
-- Name: contact_by_state; Type: INDEX; Schema: contacts; Owner: -
--

CREATE INDEX contact_by_state ON contacts.contact USING btree (tenant, state, created_at DESC, contact_id DESC);


--
-- Name: contact_due; Type: INDEX; Schema: contacts; Owner: -
--

CREATE INDEX contact_due ON contacts.contact USING btree (channel, COALESCE(receiver_id, (0)::bigint), next_attempt_at) WHERE (state = 'pending'::text);


--
-- Name: contact_newest; Type: INDEX; Schema: contacts; Owner: -
--

CREATE INDEX contact_newest ON contacts.contact USING btree (tenant, created_at DESC, contact_id DESC);


--
-- Name: contact_of_case; Type: INDEX; Schema: contacts; Owner: -
--

CREATE INDEX contact_of_case ON contacts.contact USING btree (case_id) WHERE (case_id IS NOT NULL);


--
-- Name: contact_of_customer; Type: INDEX; Schema: contacts; Owner: -
--

CREATE INDEX contact_of_customer ON contacts.contact USING btree (tenant, customer, created_at DESC);


--
-- Name: contact_of_signal; Type: INDEX; Schema: contacts; Owner: -
--

CREATE INDEX contact_of_signal ON contacts.contact USING btree (signal_id);


--
-- Name: decision_of_customer; Type: INDEX; Schema: contacts; Owner: -
--

CREATE INDEX decision_of_customer ON contacts.decision USING btree (tenant, customer, decision_id DESC);


--
-- Name: entry_of_case; Type: INDEX; Schema: contacts; Owner: -
--

CREATE INDEX entry_of_case ON contacts.case_entry USING btree (case_id, entry_id);


--
-- Name: secret_of_receiver; Type: INDEX; Schema: contacts; Owner: -
--

CREATE INDEX secret_of_receiver ON contacts.receiver_secret USING btree (receiver_id);


--
-- Name: assignment_of_meter; Type: INDEX; Schema: customers; Owner: -
--

CREATE INDEX assignment_of_meter ON customers.assignment USING btree (tenant, meter) WHERE (meter IS NOT NULL);


--
-- Name: assignment_of_vehicle; Type: INDEX; Schema: customers; Owner: -
--

CREATE INDEX assignment_of_vehicle ON customers.assignment USING btree (tenant, vehicle) WHERE (vehicle IS NOT NULL);


--
-- Name: consent_of_customer; Type: INDEX; Schema: customers; Owner: -
--

CREATE INDEX consent_of_customer ON customers.consent USING btree (tenant, customer, purpose, decided_at DESC);


--
-- Name: contract_of_customer; Type: INDEX; Schema: customers; Owner: -
--

CREATE INDEX contract_of_customer ON customers.contract USING btree (tenant, customer);


--
-- Name: contract_of_meter; Type: INDEX; Schema: customers; Owner: -
--

CREATE INDEX contract_of_meter ON customers.contract USING btree (tenant, meter) WHERE (meter IS NOT NULL);


--
-- Name: contract_of_vehicle; Type: INDEX; Schema: customers; Owner: -
--

CREATE INDEX contract_of_vehicle ON customers.contract USING btree (tenant, vehicle) WHERE (vehicle IS NOT NULL);


--
-- Name: driving_event_decided; Type: INDEX; Schema: features; Owner: -
--

CREATE INDEX driving_event_decided ON features.driving_event USING btree (device_id, decided_at);


--
-- Name: driving_event_started; Type: INDEX; Schema: features; Owner: -
--

CREATE INDEX driving_event_started ON features.driving_event USING btree (device_id, start_at);


--
-- Name: meter_anomaly_decided; Type: INDEX; Schema: features; Owner: -
--

CREATE INDEX meter_anomaly_decided ON features.meter_anomaly USING btree (device_id, decided_at);


--
-- Name: meter_day_decided; Type: INDEX; Schema: features; Owner: -
--

CREATE INDEX meter_day_decided ON features.meter_day USING btree (device_id, decided_at);


--
-- Name: meter_day_started; Type: INDEX; Schema: features; Owner: -
--

CREATE INDEX meter_day_started ON features.meter_day USING btree (device_id, start_at);


--
-- Name: meter_interval_decided; Type: INDEX; Schema: features; Owner: -
--

CREATE INDEX meter_interval_decided ON features.meter_interval USING btree (device_id, decided_at);


--
-- Name: meter_interval_started; Type: INDEX; Schema: features; Owner: -
--

CREATE INDEX meter_interval_started ON features.meter_interval USING btree (device_id, start_at);


--
-- Name: trip_decided; Type: INDEX; Schema: features; Owner: -
--

CREATE INDEX trip_decided ON features.trip USING btree (device_id, decided_at);


--
-- Name: trip_started; Type: INDEX; Schema: features; Owner: -
--

CREATE INDEX trip_started ON features.trip USING btree (device_id, start_at);


--
-- Name: crash_newest; Type: INDEX; Schema: pipeline; Owner: -
--

CREATE INDEX crash_newest ON pipeline.signal USING btree (tenant, "time" DESC, id DESC) WHERE (type = 'vehicle.crash'::text);


--
-- Name: dead_letter_by_reason; Type: INDEX; Schema: pipeline; Owner: -
--

CREATE INDEX dead_letter_by_reason ON pipeline.dead_letter USING btree (reason, dead_letter_id);


--
-- Name: dead_letter_by_state; Type: INDEX; Schema: pipeline; Owner: -
--

CREATE INDEX dead_letter_by_state ON pipeline.dead_letter USING btree (state, dead_letter_id);


--
-- Name: dead_letter_of_tenant; Type: INDEX; Schema: pipeline; Owner: -
--

CREATE INDEX dead_letter_of_tenant ON pipeline.dead_letter USING btree (tenant, state, dead_letter_id);


--
-- Name: dead_letter_to_retry; Type: INDEX; Schema: pipeline; Owner: -
--

CREATE INDEX dead_letter_to_retry ON pipeline.dead_letter USING btree (home, dead_letter_id) WHERE (state = 'retry'::text);


--
-- Name: signal_by_sequence; Type: INDEX; Schema: pipeline; Owner: -
--

CREATE UNIQUE INDEX signal_by_sequence ON pipeline.signal USING btree (sequence);


--
-- Name: signal_by_type; Type: INDEX; Schema: pipeline; Owner: -
--

CREATE INDEX signal_by_type ON pipeline.signal USING btree (type, sequence);


--
-- Name: signal_of_device; Type: INDEX; Schema: pipeline; Owner: -
--

CREATE INDEX signal_of_device ON pipeline.signal USING btree (device_id, "time");


--
-- Name: signal_of_subject; Type: INDEX; Schema: pipeline; Owner: -
--

CREATE INDEX signal_of_subject ON pipeline.signal USING btree (tenant, subject, "time");


--
-- Name: _interval_dirty_device_id_day_idx; Type: INDEX; Schema: rollup; Owner: -
--

CREATE INDEX _interval_dirty_device_id_day_idx ON rollup._interval_dirty USING btree (device_id, day);


--
-- Name: _trip_dirty_device_id_day_idx; Type: INDEX; Schema: rollup; Owner: -
--

CREATE INDEX _trip_dirty_device_id_day_idx ON rollup._trip_dirty USING btree (device_id, day);


--
-- Name: meter_sample_device_time; Type: INDEX; Schema: telemetry; Owner: -
--

CREATE INDEX meter_sample_device_time ON ONLY telemetry.meter_sample USING btree (device_id, observed_at);


--
-- Name: meter_sample_20261126_device_id_observed_at_idx; Type: INDEX; Schema: telemetry; Owner: -
--

CREATE INDEX meter_sample_20261126_device_id_observed_at_idx ON telemetry.meter_sample_20261126 USING btree (device_id, observed_at);


--
-- Name: meter_sample_20261203_device_id_observed_at_idx; Type: INDEX; Schema: telemetry; Owner: -
--

CREATE INDEX meter_sample_20261203_device_id_observed_at_idx ON telemetry.meter_sample_20261203 USING btree (device_id, observed_at);


--
-- Name: meter_sample_20261210_device_id_observed_at_idx; Type: INDEX; Schema: telemetry; Owner: -
--

CREATE INDEX meter_sample_20261210_device_id_observed_at_idx ON telemetry.meter_sample_20261210 USING btree (device_id, observed_at);


--
-- Name: meter_sample_default_device_id_observed_at_idx; Type: INDEX; Schema: telemetry; Owner: -
--

CREATE INDEX meter_sample_default_device_id_observed_at_idx ON telemetry.meter_sample_default USING btree (device_id, observed_at);


--
-- Name: meter_sample_past_device_time; Type: INDEX; Schema: telemetry; Owner: -
--

CREATE INDEX meter_sample_past_device_time ON telemetry.meter_sample_past USING btree (device_id, observed_at);


--
-- Name: vehicle_sample_device_time; Type: INDEX; Schema: telemetry; Owner: -
--

CREATE INDEX vehicle_sample_device_time ON ONLY telemetry.vehicle_sample USING btree (device_id, observed_at);


--
-- Name: vehicle_sample_20261126_device_id_observed_at_idx; Type: INDEX; Schema: telemetry; Owner: -
--

CREATE INDEX vehicle_sample_20261126_device_id_observed_at_idx ON telemetry.vehicle_sample_20261126 USING btree (device_id, observed_at);


--
-- Name: vehicle_sample_20261203_device_id_observed_at_idx; Type: INDEX; Schema: telemetry; Owner: -
--

CREATE INDEX vehicle_sample_20261203_device_id_observed_at_idx ON telemetry.vehicle_sample_20261203 USING btree (device_id, observed_at);


--
-- Name: vehicle_sample_20261210_device_id_observed_at_idx; Type: INDEX; Schema: telemetry; Owner: -
--

CREATE INDEX vehicle_sample_20261210_device_id_observed_at_idx ON telemetry.vehicle_sample_20261210 USING btree (device_id, observed_at);


--
-- Name: vehicle_sample_default_device_id_observed_at_idx; Type: INDEX; Schema: telemetry; Owner: -
--

CREATE INDEX vehicle_sample_default_device_id_observed_at_idx ON telemetry.vehicle_sample_default USING btree (device_id, observed_at);


--
-- Name: vehicle_sample_past_device_time; Type: INDEX; Schema: telemetry; Owner: -
--

CREATE INDEX vehicle_sample_past_device_time ON telemetry.vehicle_sample_past USING btree (device_id, observed_at);


--
-- Name: meter_sample_20261126_device_id_observed_at_idx; Type: INDEX ATTACH; Schema: telemetry; Owner: -
--

ALTER INDEX telemetry.meter_sample_device_time ATTACH PARTITION telemetry.meter_sample_20261126_device_id_observed_at_idx;


--
-- Name: meter_sample_20261203_device_id_observed_at_idx; Type: INDEX ATTACH; Schema: telemetry; Owner: -
--

ALTER INDEX telemetry.meter_sample_device_time ATTACH PARTITION telemetry.meter_sample_20261203_device_id_observed_at_idx;


--
-- Name: meter_sample_20261210_device_id_observed_at_idx; Type: INDEX ATTACH; Schema: telemetry; Owner: -
--

ALTER INDEX telemetry.meter_sample_device_time ATTACH PARTITION telemetry.meter_sample_20261210_device_id_observed_at_idx;


--
-- Name: meter_sample_default_device_id_observed_at_idx; Type: INDEX ATTACH; Schema: telemetry; Owner: -
--

ALTER INDEX telemetry.meter_sample_device_time ATTACH PARTITION telemetry.meter_sample_default_device_id_observed_at_idx;


--
-- Name: meter_sample_past_device_time; Type: INDEX ATTACH; Schema: telemetry; Owner: -
--

ALTER INDEX telemetry.meter_sample_device_time ATTACH PARTITION telemetry.meter_sample_past_device_time;


--
-- Name: vehicle_sample_20261126_device_id_observed_at_idx; Type: INDEX ATTACH; Schema: telemetry; Owner: -
--

ALTER INDEX telemetry.vehicle_sample_device_time ATTACH PARTITION telemetry.vehicle_sample_20261126_device_id_observed_at_idx;


--
-- Name: vehicle_sample_20261203_device_id_observed_at_idx; Type: INDEX ATTACH; Schema: telemetry; Owner: -
--

ALTER INDEX telemetry.vehicle_sample_device_time ATTACH PARTITION telemetry.vehicle_sample_20261203_device_id_observed_at_idx;


--
-- Name: vehicle_sample_20261210_device_id_observed_at_idx; Type: INDEX ATTACH; Schema: telemetry; Owner: -
--

ALTER INDEX telemetry.vehicle_sample_device_time ATTACH PARTITION telemetry.vehicle_sample_20261210_device_id_observed_at_idx;


--
-- Name: vehicle_sample_default_device_id_observed_at_idx; Type: INDEX ATTACH; Schema: telemetry; Owner: -
--

ALTER INDEX telemetry.vehicle_sample_device_time ATTACH PARTITION telemetry.vehicle_sample_default_device_id_observed_at_idx;


--
-- Name: vehicle_sample_past_device_time; Type: INDEX ATTACH; Schema: telemetry; Owner: -
--

ALTER INDEX telemetry.vehicle_sample_device_time ATTACH PARTITION telemetry.vehicle_sample_past_device_time;


--
-- Name: consent consent_is_append_only; Type: TRIGGER; Schema: customers; Owner: -
--

CREATE TRIGGER consent_is_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON customers.consent FOR EACH STATEMENT EXECUTE FUNCTION customers.refuse_change();


--
-- Name: meter_interval note_delete_old; Type: TRIGGER; Schema: features; Owner: -
--

CREATE TRIGGER note_delete_old AFTER DELETE ON features.meter_interval REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION rollup._note_interval();


--
-- Name: trip note_delete_old; Type: TRIGGER; Schema: features; Owner: -
--

CREATE TRIGGER note_delete_old AFTER DELETE ON features.trip REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION rollup._note_trip();


--
-- Name: meter_interval note_insert_new; Type: TRIGGER; Schema: features; Owner: -
--

CREATE TRIGGER note_insert_new AFTER INSERT ON features.meter_interval REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION rollup._note_interval();


--
-- Name: trip note_insert_new; Type: TRIGGER; Schema: features; Owner: -
--

CREATE TRIGGER note_insert_new AFTER INSERT ON features.trip REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION rollup._note_trip();


--
-- Name: meter_interval note_update_new; Type: TRIGGER; Schema: features; Owner: -
--

CREATE TRIGGER note_update_new AFTER UPDATE ON features.meter_interval REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION rollup._note_interval();


--
-- Name: trip note_update_new; Type: TRIGGER; Schema: features; Owner: -
--

CREATE TRIGGER note_update_new AFTER UPDATE ON features.trip REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION rollup._note_trip();


--
-- Name: meter_interval note_update_old; Type: TRIGGER; Schema: features; Owner: -
--

CREATE TRIGGER note_update_old AFTER UPDATE ON features.meter_interval REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION rollup._note_interval();


--
-- Name: trip note_update_old; Type: TRIGGER; Schema: features; Owner: -
--

CREATE TRIGGER note_update_old AFTER UPDATE ON features.trip REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION rollup._note_trip();


--
-- Name: api_key api_key_tenant_customer_fkey; Type: FK CONSTRAINT; Schema: access; Owner: -
--

ALTER TABLE ONLY access.api_key
    ADD CONSTRAINT api_key_tenant_customer_fkey FOREIGN KEY (tenant, customer) REFERENCES customers.customer(tenant, customer);


--
-- Name: api_key api_key_tenant_fkey; Type: FK CONSTRAINT; Schema: access; Owner: -
--

ALTER TABLE ONLY access.api_key
    ADD CONSTRAINT api_key_tenant_fkey FOREIGN KEY (tenant) REFERENCES customers.tenant(tenant);


--
-- Name: session session_key_id_fkey; Type: FK CONSTRAINT; Schema: access; Owner: -
--

ALTER TABLE ONLY access.session
    ADD CONSTRAINT session_key_id_fkey FOREIGN KEY (key_id) REFERENCES access.api_key(key_id) ON DELETE CASCADE;


--
-- Name: alert alert_case_id_fkey; Type: FK CONSTRAINT; Schema: contacts; Owner: -
--

ALTER TABLE ONLY contacts.alert
    ADD CONSTRAINT alert_case_id_fkey FOREIGN KEY (case_id) REFERENCES contacts.service_case(case_id);


--
-- Name: alert_change alert_change_alert_id_fkey; Type: FK CONSTRAINT; Schema: contacts; Owner: -
--

ALTER TABLE ONLY contacts.alert_change
    ADD CONSTRAINT alert_change_alert_id_fkey FOREIGN KEY (alert_id) REFERENCES contacts.alert(alert_id);


--
-- Name: attempt attempt_contact_id_fkey; Type: FK CONSTRAINT; Schema: contacts; Owner: -
--

ALTER TABLE ONLY contacts.attempt
    ADD CONSTRAINT attempt_contact_id_fkey FOREIGN KEY (contact_id) REFERENCES contacts.contact(contact_id) ON DELETE CASCADE;


--
-- Name: case_entry case_entry_case_id_fkey; Type: FK CONSTRAINT; Schema: contacts; Owner: -
--

ALTER TABLE ONLY contacts.case_entry
    ADD CONSTRAINT case_entry_case_id_fkey FOREIGN KEY (case_id) REFERENCES contacts.service_case(case_id);


--
-- Name: contact contact_alert_id_fkey; Type: FK CONSTRAINT; Schema: contacts; Owner: -
--

ALTER TABLE ONLY contacts.contact
    ADD CONSTRAINT contact_alert_id_fkey FOREIGN KEY (alert_id) REFERENCES contacts.alert(alert_id);


--
-- Name: contact contact_case_id_fkey; Type: FK CONSTRAINT; Schema: contacts; Owner: -
--

ALTER TABLE ONLY contacts.contact
    ADD CONSTRAINT contact_case_id_fkey FOREIGN KEY (case_id) REFERENCES contacts.service_case(case_id);


--
-- Name: contact contact_receiver_id_fkey; Type: FK CONSTRAINT; Schema: contacts; Owner: -
--

ALTER TABLE ONLY contacts.contact
    ADD CONSTRAINT contact_receiver_id_fkey FOREIGN KEY (receiver_id) REFERENCES contacts.receiver(receiver_id) ON DELETE SET NULL;


--
-- Name: receiver_secret receiver_secret_receiver_id_fkey; Type: FK CONSTRAINT; Schema: contacts; Owner: -
--

ALTER TABLE ONLY contacts.receiver_secret
    ADD CONSTRAINT receiver_secret_receiver_id_fkey FOREIGN KEY (receiver_id) REFERENCES contacts.receiver(receiver_id) ON DELETE CASCADE;


--
-- Name: receiver receiver_tenant_fkey; Type: FK CONSTRAINT; Schema: contacts; Owner: -
--

ALTER TABLE ONLY contacts.receiver
    ADD CONSTRAINT receiver_tenant_fkey FOREIGN KEY (tenant) REFERENCES customers.tenant(tenant);


--
-- Name: assignment assignment_device_id_fkey; Type: FK CONSTRAINT; Schema: customers; Owner: -
--

ALTER TABLE ONLY customers.assignment
    ADD CONSTRAINT assignment_device_id_fkey FOREIGN KEY (device_id) REFERENCES customers.device(device_id);


--
-- Name: assignment assignment_tenant_meter_fkey; Type: FK CONSTRAINT; Schema: customers; Owner: -
--

ALTER TABLE ONLY customers.assignment
    ADD CONSTRAINT assignment_tenant_meter_fkey FOREIGN KEY (tenant, meter) REFERENCES customers.meter(tenant, meter);


--
-- Name: assignment assignment_tenant_vehicle_fkey; Type: FK CONSTRAINT; Schema: customers; Owner: -
--

ALTER TABLE ONLY customers.assignment
    ADD CONSTRAINT assignment_tenant_vehicle_fkey FOREIGN KEY (tenant, vehicle) REFERENCES customers.vehicle(tenant, vehicle);


--
-- Name: consent consent_tenant_customer_fkey; Type: FK CONSTRAINT; Schema: customers; Owner: -
--

ALTER TABLE ONLY customers.consent
    ADD CONSTRAINT consent_tenant_customer_fkey FOREIGN KEY (tenant, customer) REFERENCES customers.customer(tenant, customer);


--
-- Name: contract contract_tenant_customer_fkey; Type: FK CONSTRAINT; Schema: customers; Owner: -
--

ALTER TABLE ONLY customers.contract
    ADD CONSTRAINT contract_tenant_customer_fkey FOREIGN KEY (tenant, customer) REFERENCES customers.customer(tenant, customer);


--
-- Name: contract contract_tenant_meter_fkey; Type: FK CONSTRAINT; Schema: customers; Owner: -
--

ALTER TABLE ONLY customers.contract
    ADD CONSTRAINT contract_tenant_meter_fkey FOREIGN KEY (tenant, meter) REFERENCES customers.meter(tenant, meter);


--
-- Name: contract contract_tenant_vehicle_fkey; Type: FK CONSTRAINT; Schema: customers; Owner: -
--

ALTER TABLE ONLY customers.contract
    ADD CONSTRAINT contract_tenant_vehicle_fkey FOREIGN KEY (tenant, vehicle) REFERENCES customers.vehicle(tenant, vehicle);


--
-- Name: customer customer_tenant_fkey; Type: FK CONSTRAINT; Schema: customers; Owner: -
--

ALTER TABLE ONLY customers.customer
    ADD CONSTRAINT customer_tenant_fkey FOREIGN KEY (tenant) REFERENCES customers.tenant(tenant);


--
-- Name: device device_tenant_fkey; Type: FK CONSTRAINT; Schema: customers; Owner: -
--

ALTER TABLE ONLY customers.device
    ADD CONSTRAINT device_tenant_fkey FOREIGN KEY (tenant) REFERENCES customers.tenant(tenant);


--
-- Name: meter meter_tenant_fkey; Type: FK CONSTRAINT; Schema: customers; Owner: -
--

ALTER TABLE ONLY customers.meter
    ADD CONSTRAINT meter_tenant_fkey FOREIGN KEY (tenant) REFERENCES customers.tenant(tenant);


--
-- Name: vehicle vehicle_tenant_fkey; Type: FK CONSTRAINT; Schema: customers; Owner: -
--

ALTER TABLE ONLY customers.vehicle
    ADD CONSTRAINT vehicle_tenant_fkey FOREIGN KEY (tenant) REFERENCES customers.tenant(tenant);


--
-- Name: idempotency everything; Type: POLICY; Schema: access; Owner: -
--

CREATE POLICY everything ON access.idempotency TO tachowatt_migrator, tachowatt_writer USING (true);


--
-- Name: read_log everything; Type: POLICY; Schema: access; Owner: -
--

CREATE POLICY everything ON access.read_log TO tachowatt_migrator, tachowatt_writer USING (true);


--
-- Name: idempotency; Type: ROW SECURITY; Schema: access; Owner: -
--

ALTER TABLE access.idempotency ENABLE ROW LEVEL SECURITY;

--
-- Name: read_log; Type: ROW SECURITY; Schema: access; Owner: -
--

ALTER TABLE access.read_log ENABLE ROW LEVEL SECURITY;

--
-- Name: idempotency tenant; Type: POLICY; Schema: access; Owner: -
--

CREATE POLICY tenant ON access.idempotency TO tachowatt_reader USING ((tenant = ANY (access.tenants())));


--
-- Name: read_log tenant; Type: POLICY; Schema: access; Owner: -
--

CREATE POLICY tenant ON access.read_log TO tachowatt_reader USING ((tenant = ANY (access.tenants())));


--
-- Name: alert; Type: ROW SECURITY; Schema: contacts; Owner: -
--

ALTER TABLE contacts.alert ENABLE ROW LEVEL SECURITY;

--
-- Name: alert_change; Type: ROW SECURITY; Schema: contacts; Owner: -
--

ALTER TABLE contacts.alert_change ENABLE ROW LEVEL SECURITY;

--
-- Name: attempt; Type: ROW SECURITY; Schema: contacts; Owner: -
--

ALTER TABLE contacts.attempt ENABLE ROW LEVEL SECURITY;

--
-- Name: case_entry; Type: ROW SECURITY; Schema: contacts; Owner: -
--

ALTER TABLE contacts.case_entry ENABLE ROW LEVEL SECURITY;

--
-- Name: contact; Type: ROW SECURITY; Schema: contacts; Owner: -
--

ALTER TABLE contacts.contact ENABLE ROW LEVEL SECURITY;

--
-- Name: decision; Type: ROW SECURITY; Schema: contacts; Owner: -
--

ALTER TABLE contacts.decision ENABLE ROW LEVEL SECURITY;

--
-- Name: alert everything; Type: POLICY; Schema: contacts; Owner: -
--

CREATE POLICY everything ON contacts.alert TO tachowatt_migrator, tachowatt_writer USING (true);


--
-- Name: alert_change everything; Type: POLICY; Schema: contacts; Owner: -
--

CREATE POLICY everything ON contacts.alert_change TO tachowatt_migrator, tachowatt_writer USING (true);


--
-- Name: attempt everything; Type: POLICY; Schema: contacts; Owner: -
--

CREATE POLICY everything ON contacts.attempt TO tachowatt_migrator, tachowatt_writer USING (true);


--
-- Name: case_entry everything; Type: POLICY; Schema: contacts; Owner: -
--

CREATE POLICY everything ON contacts.case_entry TO tachowatt_migrator, tachowatt_writer USING (true);


--
-- Name: contact everything; Type: POLICY; Schema: contacts; Owner: -
--

CREATE POLICY everything ON contacts.contact TO tachowatt_migrator, tachowatt_writer USING (true);


--
-- Name: decision everything; Type: POLICY; Schema: contacts; Owner: -
--

CREATE POLICY everything ON contacts.decision TO tachowatt_migrator, tachowatt_writer USING (true);


--
-- Name: receiver everything; Type: POLICY; Schema: contacts; Owner: -
--

CREATE POLICY everything ON contacts.receiver TO tachowatt_migrator, tachowatt_writer USING (true);


--
-- Name: service_case everything; Type: POLICY; Schema: contacts; Owner: -
--

CREATE POLICY everything ON contacts.service_case TO tachowatt_migrator, tachowatt_writer USING (true);


--
-- Name: receiver; Type: ROW SECURITY; Schema: contacts; Owner: -
--

ALTER TABLE contacts.receiver ENABLE ROW LEVEL SECURITY;

--
-- Name: service_case; Type: ROW SECURITY; Schema: contacts; Owner: -
--

ALTER TABLE contacts.service_case ENABLE ROW LEVEL SECURITY;

--
-- Name: alert tenant; Type: POLICY; Schema: contacts; Owner: -
--

CREATE POLICY tenant ON contacts.alert TO tachowatt_reader USING ((tenant = ANY (access.tenants())));


--
-- Name: alert_change tenant; Type: POLICY; Schema: contacts; Owner: -
--

CREATE POLICY tenant ON contacts.alert_change TO tachowatt_reader USING ((tenant = ANY (access.tenants())));


--
-- Name: attempt tenant; Type: POLICY; Schema: contacts; Owner: -
--

CREATE POLICY tenant ON contacts.attempt TO tachowatt_reader USING ((EXISTS ( SELECT
   FROM contacts.contact c
  WHERE (c.contact_id = attempt.contact_id))));


--
-- Name: case_entry tenant; Type: POLICY; Schema: contacts; Owner: -
--

CREATE POLICY tenant ON contacts.case_entry TO tachowatt_reader USING ((EXISTS ( SELECT
   FROM contacts.service_case s
  WHERE (s.case_id = case_entry.case_id))));


--
-- Name: contact tenant; Type: POLICY; Schema: contacts; Owner: -
--

CREATE POLICY tenant ON contacts.contact TO tachowatt_reader USING ((tenant = ANY (access.tenants())));


--
-- Name: decision tenant; Type: POLICY; Schema: contacts; Owner: -
--

CREATE POLICY tenant ON contacts.decision TO tachowatt_reader USING ((tenant = ANY (access.tenants())));


--
-- Name: receiver tenant; Type: POLICY; Schema: contacts; Owner: -
--

CREATE POLICY tenant ON contacts.receiver TO tachowatt_reader USING ((tenant = ANY (access.tenants())));


--
-- Name: service_case tenant; Type: POLICY; Schema: contacts; Owner: -
--

CREATE POLICY tenant ON contacts.service_case TO tachowatt_reader USING ((tenant = ANY (access.tenants())));


--
-- Name: assignment; Type: ROW SECURITY; Schema: customers; Owner: -
--

ALTER TABLE customers.assignment ENABLE ROW LEVEL SECURITY;

--
-- Name: consent; Type: ROW SECURITY; Schema: customers; Owner: -
--

ALTER TABLE customers.consent ENABLE ROW LEVEL SECURITY;

--
-- Name: contract; Type: ROW SECURITY; Schema: customers; Owner: -
--

ALTER TABLE customers.contract ENABLE ROW LEVEL SECURITY;

--
-- Name: customer; Type: ROW SECURITY; Schema: customers; Owner: -
--

ALTER TABLE customers.customer ENABLE ROW LEVEL SECURITY;

--
-- Name: device; Type: ROW SECURITY; Schema: customers; Owner: -
--

ALTER TABLE customers.device ENABLE ROW LEVEL SECURITY;

--
-- Name: assignment everything; Type: POLICY; Schema: customers; Owner: -
--

CREATE POLICY everything ON customers.assignment TO tachowatt_migrator, tachowatt_writer USING (true);


--
-- Name: consent everything; Type: POLICY; Schema: customers; Owner: -
--

CREATE POLICY everything ON customers.consent TO tachowatt_migrator, tachowatt_writer USING (true);


--
-- Name: contract everything; Type: POLICY; Schema: customers; Owner: -
--

CREATE POLICY everything ON customers.contract TO tachowatt_migrator, tachowatt_writer USING (true);


--
-- Name: customer everything; Type: POLICY; Schema: customers; Owner: -
--

CREATE POLICY everything ON customers.customer TO tachowatt_migrator, tachowatt_writer USING (true);


--
-- Name: device everything; Type: POLICY; Schema: customers; Owner: -
--

CREATE POLICY everything ON customers.device TO tachowatt_migrator, tachowatt_writer USING (true);


--
-- Name: meter everything; Type: POLICY; Schema: customers; Owner: -
--

CREATE POLICY everything ON customers.meter TO tachowatt_migrator, tachowatt_writer USING (true);


--
-- Name: tenant everything; Type: POLICY; Schema: customers; Owner: -
--

CREATE POLICY everything ON customers.tenant TO tachowatt_migrator, tachowatt_writer USING (true);


--
-- Name: vehicle everything; Type: POLICY; Schema: customers; Owner: -
--

CREATE POLICY everything ON customers.vehicle TO tachowatt_migrator, tachowatt_writer USING (true);


--
-- Name: meter; Type: ROW SECURITY; Schema: customers; Owner: -
--

ALTER TABLE customers.meter ENABLE ROW LEVEL SECURITY;

--
-- Name: assignment tenant; Type: POLICY; Schema: customers; Owner: -
--

CREATE POLICY tenant ON customers.assignment TO tachowatt_reader USING ((tenant = ANY (access.tenants())));


--
-- Name: consent tenant; Type: POLICY; Schema: customers; Owner: -
--

CREATE POLICY tenant ON customers.consent TO tachowatt_reader USING ((tenant = ANY (access.tenants())));


--
-- Name: contract tenant; Type: POLICY; Schema: customers; Owner: -
--

CREATE POLICY tenant ON customers.contract TO tachowatt_reader USING ((tenant = ANY (access.tenants())));


--
-- Name: customer tenant; Type: POLICY; Schema: customers; Owner: -
--

CREATE POLICY tenant ON customers.customer TO tachowatt_reader USING ((tenant = ANY (access.tenants())));


--
-- Name: device tenant; Type: POLICY; Schema: customers; Owner: -
--

CREATE POLICY tenant ON customers.device TO tachowatt_reader USING ((tenant = ANY (access.tenants())));


--
-- Name: meter tenant; Type: POLICY; Schema: customers; Owner: -
--

CREATE POLICY tenant ON customers.meter TO tachowatt_reader USING ((tenant = ANY (access.tenants())));


--
-- Name: tenant; Type: ROW SECURITY; Schema: customers; Owner: -
--

ALTER TABLE customers.tenant ENABLE ROW LEVEL SECURITY;

--
-- Name: tenant tenant; Type: POLICY; Schema: customers; Owner: -
--

CREATE POLICY tenant ON customers.tenant TO tachowatt_reader USING ((tenant = ANY (access.tenants())));


--
-- Name: vehicle tenant; Type: POLICY; Schema: customers; Owner: -
--

CREATE POLICY tenant ON customers.vehicle TO tachowatt_reader USING ((tenant = ANY (access.tenants())));


--
-- Name: vehicle; Type: ROW SECURITY; Schema: customers; Owner: -
--

ALTER TABLE customers.vehicle ENABLE ROW LEVEL SECURITY;

--
-- Name: dead_letter; Type: ROW SECURITY; Schema: pipeline; Owner: -
--

ALTER TABLE pipeline.dead_letter ENABLE ROW LEVEL SECURITY;

--
-- Name: dead_letter everything; Type: POLICY; Schema: pipeline; Owner: -
--

CREATE POLICY everything ON pipeline.dead_letter TO tachowatt_migrator, tachowatt_writer USING (true);


--
-- Name: ledger everything; Type: POLICY; Schema: pipeline; Owner: -
--

CREATE POLICY everything ON pipeline.ledger TO tachowatt_migrator, tachowatt_writer USING (true);


--
-- Name: signal everything; Type: POLICY; Schema: pipeline; Owner: -
--

CREATE POLICY everything ON pipeline.signal TO tachowatt_migrator, tachowatt_writer USING (true);


--
-- Name: ledger; Type: ROW SECURITY; Schema: pipeline; Owner: -
--

ALTER TABLE pipeline.ledger ENABLE ROW LEVEL SECURITY;

--
-- Name: signal; Type: ROW SECURITY; Schema: pipeline; Owner: -
--

ALTER TABLE pipeline.signal ENABLE ROW LEVEL SECURITY;

--
-- Name: dead_letter tenant; Type: POLICY; Schema: pipeline; Owner: -
--

CREATE POLICY tenant ON pipeline.dead_letter TO tachowatt_reader USING ((tenant = ANY (access.tenants())));


--
-- Name: ledger tenant; Type: POLICY; Schema: pipeline; Owner: -
--

CREATE POLICY tenant ON pipeline.ledger TO tachowatt_reader USING ((tenant = ANY (access.tenants())));


--
-- Name: signal tenant; Type: POLICY; Schema: pipeline; Owner: -
--

CREATE POLICY tenant ON pipeline.signal TO tachowatt_reader USING ((tenant = ANY (access.tenants())));


--
-- Name: SCHEMA access; Type: ACL; Schema: -; Owner: -
--

GRANT USAGE ON SCHEMA access TO tachowatt_reader;
GRANT USAGE ON SCHEMA access TO tachowatt_writer;
GRANT ALL ON SCHEMA access TO tachowatt_migrator;


--
-- Name: SCHEMA contacts; Type: ACL; Schema: -; Owner: -
--

GRANT USAGE ON SCHEMA contacts TO tachowatt_reader;
GRANT USAGE ON SCHEMA contacts TO tachowatt_writer;
GRANT ALL ON SCHEMA contacts TO tachowatt_migrator;


--
-- Name: SCHEMA customers; Type: ACL; Schema: -; Owner: -
--

GRANT USAGE ON SCHEMA customers TO tachowatt_reader;
GRANT USAGE ON SCHEMA customers TO tachowatt_writer;
GRANT ALL ON SCHEMA customers TO tachowatt_migrator;


--
-- Name: SCHEMA features; Type: ACL; Schema: -; Owner: -
--

GRANT USAGE ON SCHEMA features TO tachowatt_writer;
GRANT ALL ON SCHEMA features TO tachowatt_migrator;


--
-- Name: SCHEMA pipeline; Type: ACL; Schema: -; Owner: -
--

GRANT USAGE ON SCHEMA pipeline TO tachowatt_reader;
GRANT USAGE ON SCHEMA pipeline TO tachowatt_writer;
GRANT ALL ON SCHEMA pipeline TO tachowatt_migrator;


--
-- Name: SCHEMA rollup; Type: ACL; Schema: -; Owner: -
--

GRANT ALL ON SCHEMA rollup TO tachowatt_migrator;


--
-- Name: SCHEMA shown; Type: ACL; Schema: -; Owner: -
--

GRANT USAGE ON SCHEMA shown TO tachowatt_reader;
GRANT USAGE ON SCHEMA shown TO tachowatt_writer;
GRANT ALL ON SCHEMA shown TO tachowatt_migrator;


--
-- Name: SCHEMA telemetry; Type: ACL; Schema: -; Owner: -
--

GRANT USAGE ON SCHEMA telemetry TO tachowatt_writer;
GRANT ALL ON SCHEMA telemetry TO tachowatt_migrator;


--
-- Name: FUNCTION close_session(token_hash bytea); Type: ACL; Schema: access; Owner: -
--

REVOKE ALL ON FUNCTION access.close_session(token_hash bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION access.close_session(token_hash bytea) TO tachowatt_reader;


--
-- Name: FUNCTION customer(); Type: ACL; Schema: access; Owner: -
--

GRANT ALL ON FUNCTION access.customer() TO tachowatt_reader;


--
-- Name: FUNCTION forget_expired(at timestamp with time zone, answers_before timestamp with time zone); Type: ACL; Schema: access; Owner: -
--

REVOKE ALL ON FUNCTION access.forget_expired(at timestamp with time zone, answers_before timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION access.forget_expired(at timestamp with time zone, answers_before timestamp with time zone) TO tachowatt_reader;


--
-- Name: TABLE api_key; Type: ACL; Schema: access; Owner: -
--

GRANT ALL ON TABLE access.api_key TO tachowatt_migrator;


--
-- Name: FUNCTION key_of(id text); Type: ACL; Schema: access; Owner: -
--

REVOKE ALL ON FUNCTION access.key_of(id text) FROM PUBLIC;
GRANT ALL ON FUNCTION access.key_of(id text) TO tachowatt_reader;


--
-- Name: FUNCTION key_used(id text, at timestamp with time zone, unless_after timestamp with time zone); Type: ACL; Schema: access; Owner: -
--

REVOKE ALL ON FUNCTION access.key_used(id text, at timestamp with time zone, unless_after timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION access.key_used(id text, at timestamp with time zone, unless_after timestamp with time zone) TO tachowatt_reader;


--
-- Name: FUNCTION open_session(token_hash bytea, id text, csrf text, at timestamp with time zone, until timestamp with time zone); Type: ACL; Schema: access; Owner: -
--

REVOKE ALL ON FUNCTION access.open_session(token_hash bytea, id text, csrf text, at timestamp with time zone, until timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION access.open_session(token_hash bytea, id text, csrf text, at timestamp with time zone, until timestamp with time zone) TO tachowatt_reader;


--
-- Name: TABLE session; Type: ACL; Schema: access; Owner: -
--

GRANT ALL ON TABLE access.session TO tachowatt_migrator;


--
-- Name: FUNCTION session_of(token_hash bytea, at timestamp with time zone); Type: ACL; Schema: access; Owner: -
--

REVOKE ALL ON FUNCTION access.session_of(token_hash bytea, at timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION access.session_of(token_hash bytea, at timestamp with time zone) TO tachowatt_reader;


--
-- Name: FUNCTION tenants(); Type: ACL; Schema: access; Owner: -
--

GRANT ALL ON FUNCTION access.tenants() TO tachowatt_reader;


--
-- Name: TABLE idempotency; Type: ACL; Schema: access; Owner: -
--

GRANT SELECT,INSERT ON TABLE access.idempotency TO tachowatt_reader;
GRANT ALL ON TABLE access.idempotency TO tachowatt_migrator;


--
-- Name: COLUMN idempotency.fingerprint; Type: ACL; Schema: access; Owner: -
--

GRANT UPDATE(fingerprint) ON TABLE access.idempotency TO tachowatt_reader;


--
-- Name: COLUMN idempotency.status; Type: ACL; Schema: access; Owner: -
--

GRANT UPDATE(status) ON TABLE access.idempotency TO tachowatt_reader;


--
-- Name: COLUMN idempotency.headers; Type: ACL; Schema: access; Owner: -
--

GRANT UPDATE(headers) ON TABLE access.idempotency TO tachowatt_reader;


--
-- Name: COLUMN idempotency.body; Type: ACL; Schema: access; Owner: -
--

GRANT UPDATE(body) ON TABLE access.idempotency TO tachowatt_reader;


--
-- Name: COLUMN idempotency.created_at; Type: ACL; Schema: access; Owner: -
--

GRANT UPDATE(created_at) ON TABLE access.idempotency TO tachowatt_reader;


--
-- Name: TABLE read_log; Type: ACL; Schema: access; Owner: -
--

GRANT SELECT,INSERT ON TABLE access.read_log TO tachowatt_reader;
GRANT ALL ON TABLE access.read_log TO tachowatt_migrator;


--
-- Name: SEQUENCE read_log_read_id_seq; Type: ACL; Schema: access; Owner: -
--

GRANT ALL ON SEQUENCE access.read_log_read_id_seq TO tachowatt_migrator;


--
-- Name: TABLE alert; Type: ACL; Schema: contacts; Owner: -
--

GRANT SELECT ON TABLE contacts.alert TO tachowatt_reader;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE contacts.alert TO tachowatt_writer;
GRANT ALL ON TABLE contacts.alert TO tachowatt_migrator;


--
-- Name: COLUMN alert.updated_at; Type: ACL; Schema: contacts; Owner: -
--

GRANT UPDATE(updated_at) ON TABLE contacts.alert TO tachowatt_reader;


--
-- Name: COLUMN alert.state; Type: ACL; Schema: contacts; Owner: -
--

GRANT UPDATE(state) ON TABLE contacts.alert TO tachowatt_reader;


--
-- Name: COLUMN alert.acknowledged_at; Type: ACL; Schema: contacts; Owner: -
--

GRANT UPDATE(acknowledged_at) ON TABLE contacts.alert TO tachowatt_reader;


--
-- Name: COLUMN alert.acknowledged_by; Type: ACL; Schema: contacts; Owner: -
--

GRANT UPDATE(acknowledged_by) ON TABLE contacts.alert TO tachowatt_reader;


--
-- Name: COLUMN alert.resolved_at; Type: ACL; Schema: contacts; Owner: -
--

GRANT UPDATE(resolved_at) ON TABLE contacts.alert TO tachowatt_reader;


--
-- Name: COLUMN alert.resolved_by; Type: ACL; Schema: contacts; Owner: -
--

GRANT UPDATE(resolved_by) ON TABLE contacts.alert TO tachowatt_reader;


--
-- Name: COLUMN alert.resolution; Type: ACL; Schema: contacts; Owner: -
--

GRANT UPDATE(resolution) ON TABLE contacts.alert TO tachowatt_reader;


--
-- Name: COLUMN alert.feedback; Type: ACL; Schema: contacts; Owner: -
--

GRANT UPDATE(feedback) ON TABLE contacts.alert TO tachowatt_reader;


--
-- Name: COLUMN alert.feedback_reason; Type: ACL; Schema: contacts; Owner: -
--

GRANT UPDATE(feedback_reason) ON TABLE contacts.alert TO tachowatt_reader;


--
-- Name: COLUMN alert.version; Type: ACL; Schema: contacts; Owner: -
--

GRANT UPDATE(version) ON TABLE contacts.alert TO tachowatt_reader;


--
-- Name: TABLE alert_change; Type: ACL; Schema: contacts; Owner: -
--

GRANT SELECT,INSERT ON TABLE contacts.alert_change TO tachowatt_reader;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE contacts.alert_change TO tachowatt_writer;
GRANT ALL ON TABLE contacts.alert_change TO tachowatt_migrator;


--
-- Name: SEQUENCE alert_change_sequence_seq; Type: ACL; Schema: contacts; Owner: -
--

GRANT ALL ON SEQUENCE contacts.alert_change_sequence_seq TO tachowatt_migrator;


--
-- Name: TABLE attempt; Type: ACL; Schema: contacts; Owner: -
--

GRANT SELECT ON TABLE contacts.attempt TO tachowatt_reader;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE contacts.attempt TO tachowatt_writer;
GRANT ALL ON TABLE contacts.attempt TO tachowatt_migrator;


--
-- Name: TABLE case_entry; Type: ACL; Schema: contacts; Owner: -
--

GRANT SELECT,INSERT ON TABLE contacts.case_entry TO tachowatt_reader;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE contacts.case_entry TO tachowatt_writer;
GRANT ALL ON TABLE contacts.case_entry TO tachowatt_migrator;


--
-- Name: SEQUENCE case_entry_entry_id_seq; Type: ACL; Schema: contacts; Owner: -
--

GRANT ALL ON SEQUENCE contacts.case_entry_entry_id_seq TO tachowatt_migrator;


--
-- Name: TABLE contact; Type: ACL; Schema: contacts; Owner: -
--

GRANT SELECT ON TABLE contacts.contact TO tachowatt_reader;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE contacts.contact TO tachowatt_writer;
GRANT ALL ON TABLE contacts.contact TO tachowatt_migrator;


--
-- Name: COLUMN contact.state; Type: ACL; Schema: contacts; Owner: -
--

GRANT UPDATE(state) ON TABLE contacts.contact TO tachowatt_reader;


--
-- Name: COLUMN contact.reason; Type: ACL; Schema: contacts; Owner: -
--

GRANT UPDATE(reason) ON TABLE contacts.contact TO tachowatt_reader;


--
-- Name: COLUMN contact.retry_from; Type: ACL; Schema: contacts; Owner: -
--

GRANT UPDATE(retry_from) ON TABLE contacts.contact TO tachowatt_reader;


--
-- Name: COLUMN contact.next_attempt_at; Type: ACL; Schema: contacts; Owner: -
--

GRANT UPDATE(next_attempt_at) ON TABLE contacts.contact TO tachowatt_reader;


--
-- Name: COLUMN contact.finished_at; Type: ACL; Schema: contacts; Owner: -
--

GRANT UPDATE(finished_at) ON TABLE contacts.contact TO tachowatt_reader;


--
-- Name: COLUMN contact.read_at; Type: ACL; Schema: contacts; Owner: -
--

GRANT UPDATE(read_at) ON TABLE contacts.contact TO tachowatt_reader;


--
-- Name: COLUMN contact.claimed_by; Type: ACL; Schema: contacts; Owner: -
--

GRANT UPDATE(claimed_by) ON TABLE contacts.contact TO tachowatt_reader;


--
-- Name: TABLE decision; Type: ACL; Schema: contacts; Owner: -
--

GRANT SELECT ON TABLE contacts.decision TO tachowatt_reader;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE contacts.decision TO tachowatt_writer;
GRANT ALL ON TABLE contacts.decision TO tachowatt_migrator;


--
-- Name: SEQUENCE decision_decision_id_seq; Type: ACL; Schema: contacts; Owner: -
--

GRANT ALL ON SEQUENCE contacts.decision_decision_id_seq TO tachowatt_migrator;


--
-- Name: TABLE playbook; Type: ACL; Schema: contacts; Owner: -
--

GRANT SELECT ON TABLE contacts.playbook TO tachowatt_reader;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE contacts.playbook TO tachowatt_writer;
GRANT ALL ON TABLE contacts.playbook TO tachowatt_migrator;


--
-- Name: TABLE receiver; Type: ACL; Schema: contacts; Owner: -
--

GRANT SELECT ON TABLE contacts.receiver TO tachowatt_reader;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE contacts.receiver TO tachowatt_writer;
GRANT ALL ON TABLE contacts.receiver TO tachowatt_migrator;


--
-- Name: SEQUENCE receiver_receiver_id_seq; Type: ACL; Schema: contacts; Owner: -
--

GRANT ALL ON SEQUENCE contacts.receiver_receiver_id_seq TO tachowatt_migrator;


--
-- Name: TABLE receiver_secret; Type: ACL; Schema: contacts; Owner: -
--

GRANT SELECT ON TABLE contacts.receiver_secret TO tachowatt_writer;
GRANT ALL ON TABLE contacts.receiver_secret TO tachowatt_migrator;


--
-- Name: SEQUENCE receiver_secret_secret_id_seq; Type: ACL; Schema: contacts; Owner: -
--

GRANT ALL ON SEQUENCE contacts.receiver_secret_secret_id_seq TO tachowatt_migrator;


--
-- Name: TABLE score_told; Type: ACL; Schema: contacts; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE contacts.score_told TO tachowatt_writer;
GRANT ALL ON TABLE contacts.score_told TO tachowatt_migrator;


--
-- Name: TABLE service_case; Type: ACL; Schema: contacts; Owner: -
--

GRANT SELECT ON TABLE contacts.service_case TO tachowatt_reader;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE contacts.service_case TO tachowatt_writer;
GRANT ALL ON TABLE contacts.service_case TO tachowatt_migrator;


--
-- Name: COLUMN service_case.state; Type: ACL; Schema: contacts; Owner: -
--

GRANT UPDATE(state) ON TABLE contacts.service_case TO tachowatt_reader;


--
-- Name: COLUMN service_case.owner; Type: ACL; Schema: contacts; Owner: -
--

GRANT UPDATE(owner) ON TABLE contacts.service_case TO tachowatt_reader;


--
-- Name: COLUMN service_case.resolution; Type: ACL; Schema: contacts; Owner: -
--

GRANT UPDATE(resolution) ON TABLE contacts.service_case TO tachowatt_reader;


--
-- Name: COLUMN service_case.updated_at; Type: ACL; Schema: contacts; Owner: -
--

GRANT UPDATE(updated_at) ON TABLE contacts.service_case TO tachowatt_reader;


--
-- Name: COLUMN service_case.resolved_at; Type: ACL; Schema: contacts; Owner: -
--

GRANT UPDATE(resolved_at) ON TABLE contacts.service_case TO tachowatt_reader;


--
-- Name: COLUMN service_case.version; Type: ACL; Schema: contacts; Owner: -
--

GRANT UPDATE(version) ON TABLE contacts.service_case TO tachowatt_reader;


--
-- Name: SEQUENCE worker; Type: ACL; Schema: contacts; Owner: -
--

GRANT USAGE ON SEQUENCE contacts.worker TO tachowatt_writer;
GRANT ALL ON SEQUENCE contacts.worker TO tachowatt_migrator;


--
-- Name: TABLE assignment; Type: ACL; Schema: customers; Owner: -
--

GRANT SELECT ON TABLE customers.assignment TO tachowatt_reader;
GRANT SELECT ON TABLE customers.assignment TO tachowatt_writer;
GRANT ALL ON TABLE customers.assignment TO tachowatt_migrator;


--
-- Name: TABLE consent; Type: ACL; Schema: customers; Owner: -
--

GRANT SELECT,INSERT ON TABLE customers.consent TO tachowatt_reader;
GRANT SELECT ON TABLE customers.consent TO tachowatt_writer;
GRANT ALL ON TABLE customers.consent TO tachowatt_migrator;


--
-- Name: SEQUENCE consent_consent_id_seq; Type: ACL; Schema: customers; Owner: -
--

GRANT ALL ON SEQUENCE customers.consent_consent_id_seq TO tachowatt_migrator;


--
-- Name: TABLE contract; Type: ACL; Schema: customers; Owner: -
--

GRANT SELECT ON TABLE customers.contract TO tachowatt_reader;
GRANT SELECT ON TABLE customers.contract TO tachowatt_writer;
GRANT ALL ON TABLE customers.contract TO tachowatt_migrator;


--
-- Name: TABLE customer; Type: ACL; Schema: customers; Owner: -
--

GRANT SELECT ON TABLE customers.customer TO tachowatt_reader;
GRANT SELECT ON TABLE customers.customer TO tachowatt_writer;
GRANT ALL ON TABLE customers.customer TO tachowatt_migrator;


--
-- Name: TABLE device; Type: ACL; Schema: customers; Owner: -
--

GRANT SELECT ON TABLE customers.device TO tachowatt_reader;
GRANT SELECT ON TABLE customers.device TO tachowatt_writer;
GRANT ALL ON TABLE customers.device TO tachowatt_migrator;


--
-- Name: SEQUENCE device_device_id_seq; Type: ACL; Schema: customers; Owner: -
--

GRANT ALL ON SEQUENCE customers.device_device_id_seq TO tachowatt_migrator;


--
-- Name: TABLE meter; Type: ACL; Schema: customers; Owner: -
--

GRANT SELECT ON TABLE customers.meter TO tachowatt_reader;
GRANT SELECT ON TABLE customers.meter TO tachowatt_writer;
GRANT ALL ON TABLE customers.meter TO tachowatt_migrator;


--
-- Name: TABLE tenant; Type: ACL; Schema: customers; Owner: -
--

GRANT SELECT ON TABLE customers.tenant TO tachowatt_reader;
GRANT SELECT ON TABLE customers.tenant TO tachowatt_writer;
GRANT ALL ON TABLE customers.tenant TO tachowatt_migrator;


--
-- Name: TABLE vehicle; Type: ACL; Schema: customers; Owner: -
--

GRANT SELECT ON TABLE customers.vehicle TO tachowatt_reader;
GRANT SELECT ON TABLE customers.vehicle TO tachowatt_writer;
GRANT ALL ON TABLE customers.vehicle TO tachowatt_migrator;


--
-- Name: TABLE version; Type: ACL; Schema: customers; Owner: -
--

GRANT SELECT ON TABLE customers.version TO tachowatt_reader;
GRANT SELECT ON TABLE customers.version TO tachowatt_writer;
GRANT ALL ON TABLE customers.version TO tachowatt_migrator;


--
-- Name: COLUMN version.version; Type: ACL; Schema: customers; Owner: -
--

GRANT UPDATE(version) ON TABLE customers.version TO tachowatt_reader;


--
-- Name: TABLE driving_event; Type: ACL; Schema: features; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE features.driving_event TO tachowatt_writer;
GRANT ALL ON TABLE features.driving_event TO tachowatt_migrator;


--
-- Name: TABLE meter_anomaly; Type: ACL; Schema: features; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE features.meter_anomaly TO tachowatt_writer;
GRANT ALL ON TABLE features.meter_anomaly TO tachowatt_migrator;


--
-- Name: TABLE meter_day; Type: ACL; Schema: features; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE features.meter_day TO tachowatt_writer;
GRANT ALL ON TABLE features.meter_day TO tachowatt_migrator;


--
-- Name: TABLE meter_interval; Type: ACL; Schema: features; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE features.meter_interval TO tachowatt_writer;
GRANT ALL ON TABLE features.meter_interval TO tachowatt_migrator;


--
-- Name: TABLE trip; Type: ACL; Schema: features; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE features.trip TO tachowatt_writer;
GRANT ALL ON TABLE features.trip TO tachowatt_migrator;


--
-- Name: TABLE checkpoint; Type: ACL; Schema: pipeline; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE pipeline.checkpoint TO tachowatt_writer;
GRANT ALL ON TABLE pipeline.checkpoint TO tachowatt_migrator;


--
-- Name: TABLE computed_with; Type: ACL; Schema: pipeline; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE pipeline.computed_with TO tachowatt_writer;
GRANT ALL ON TABLE pipeline.computed_with TO tachowatt_migrator;


--
-- Name: TABLE signal; Type: ACL; Schema: pipeline; Owner: -
--

GRANT SELECT ON TABLE pipeline.signal TO tachowatt_reader;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE pipeline.signal TO tachowatt_writer;
GRANT ALL ON TABLE pipeline.signal TO tachowatt_migrator;


--
-- Name: TABLE current_signal; Type: ACL; Schema: pipeline; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE pipeline.current_signal TO tachowatt_writer;
GRANT ALL ON TABLE pipeline.current_signal TO tachowatt_migrator;


--
-- Name: TABLE dead_letter; Type: ACL; Schema: pipeline; Owner: -
--

GRANT SELECT ON TABLE pipeline.dead_letter TO tachowatt_reader;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE pipeline.dead_letter TO tachowatt_writer;
GRANT ALL ON TABLE pipeline.dead_letter TO tachowatt_migrator;


--
-- Name: SEQUENCE dead_letter_dead_letter_id_seq; Type: ACL; Schema: pipeline; Owner: -
--

GRANT ALL ON SEQUENCE pipeline.dead_letter_dead_letter_id_seq TO tachowatt_migrator;


--
-- Name: TABLE device_seq; Type: ACL; Schema: pipeline; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE pipeline.device_seq TO tachowatt_writer;
GRANT ALL ON TABLE pipeline.device_seq TO tachowatt_migrator;


--
-- Name: TABLE layout; Type: ACL; Schema: pipeline; Owner: -
--

GRANT SELECT ON TABLE pipeline.layout TO tachowatt_writer;
GRANT ALL ON TABLE pipeline.layout TO tachowatt_migrator;


--
-- Name: COLUMN layout.secured_at; Type: ACL; Schema: pipeline; Owner: -
--

GRANT UPDATE(secured_at) ON TABLE pipeline.layout TO tachowatt_writer;


--
-- Name: TABLE ledger; Type: ACL; Schema: pipeline; Owner: -
--

GRANT SELECT ON TABLE pipeline.ledger TO tachowatt_reader;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE pipeline.ledger TO tachowatt_writer;
GRANT ALL ON TABLE pipeline.ledger TO tachowatt_migrator;


--
-- Name: TABLE log; Type: ACL; Schema: pipeline; Owner: -
--

GRANT SELECT ON TABLE pipeline.log TO tachowatt_writer;


--
-- Name: TABLE partition; Type: ACL; Schema: pipeline; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE pipeline.partition TO tachowatt_writer;
GRANT ALL ON TABLE pipeline.partition TO tachowatt_migrator;


--
-- Name: TABLE publication; Type: ACL; Schema: pipeline; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE pipeline.publication TO tachowatt_writer;


--
-- Name: TABLE reconcile; Type: ACL; Schema: pipeline; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE pipeline.reconcile TO tachowatt_writer;
GRANT ALL ON TABLE pipeline.reconcile TO tachowatt_migrator;


--
-- Name: TABLE signal_queue; Type: ACL; Schema: pipeline; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE pipeline.signal_queue TO tachowatt_writer;
GRANT ALL ON TABLE pipeline.signal_queue TO tachowatt_migrator;


--
-- Name: SEQUENCE signal_sequence_seq; Type: ACL; Schema: pipeline; Owner: -
--

GRANT ALL ON SEQUENCE pipeline.signal_sequence_seq TO tachowatt_migrator;


--
-- Name: TABLE tachowatt_migration; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.tachowatt_migration TO tachowatt_reader;
GRANT SELECT ON TABLE public.tachowatt_migration TO tachowatt_writer;
GRANT ALL ON TABLE public.tachowatt_migration TO tachowatt_migrator;


--
-- Name: TABLE driving_event; Type: ACL; Schema: shown; Owner: -
--

GRANT SELECT ON TABLE shown.driving_event TO tachowatt_reader;
GRANT ALL ON TABLE shown.driving_event TO tachowatt_migrator;


--
-- Name: TABLE own_trip; Type: ACL; Schema: shown; Owner: -
--

GRANT ALL ON TABLE shown.own_trip TO tachowatt_migrator;


--
-- Name: TABLE event_place; Type: ACL; Schema: shown; Owner: -
--

GRANT SELECT ON TABLE shown.event_place TO tachowatt_reader;
GRANT ALL ON TABLE shown.event_place TO tachowatt_migrator;


--
-- Name: TABLE meter_anomaly; Type: ACL; Schema: shown; Owner: -
--

GRANT SELECT ON TABLE shown.meter_anomaly TO tachowatt_reader;
GRANT ALL ON TABLE shown.meter_anomaly TO tachowatt_migrator;


--
-- Name: TABLE meter_day; Type: ACL; Schema: shown; Owner: -
--

GRANT SELECT ON TABLE shown.meter_day TO tachowatt_reader;
GRANT ALL ON TABLE shown.meter_day TO tachowatt_migrator;


--
-- Name: TABLE meter_interval; Type: ACL; Schema: shown; Owner: -
--

GRANT SELECT ON TABLE shown.meter_interval TO tachowatt_reader;
GRANT ALL ON TABLE shown.meter_interval TO tachowatt_migrator;


--
-- Name: TABLE meter_sample; Type: ACL; Schema: telemetry; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE telemetry.meter_sample TO tachowatt_writer;
GRANT ALL ON TABLE telemetry.meter_sample TO tachowatt_migrator;


--
-- Name: TABLE meter_time; Type: ACL; Schema: shown; Owner: -
--

GRANT SELECT ON TABLE shown.meter_time TO tachowatt_reader;
GRANT ALL ON TABLE shown.meter_time TO tachowatt_migrator;


--
-- Name: TABLE rollup_meter_day; Type: ACL; Schema: shown; Owner: -
--

GRANT SELECT ON TABLE shown.rollup_meter_day TO tachowatt_reader;


--
-- Name: TABLE rollup_meter_hour; Type: ACL; Schema: shown; Owner: -
--

GRANT SELECT ON TABLE shown.rollup_meter_hour TO tachowatt_reader;


--
-- Name: TABLE rollup_meter_month; Type: ACL; Schema: shown; Owner: -
--

GRANT SELECT ON TABLE shown.rollup_meter_month TO tachowatt_reader;


--
-- Name: TABLE rollup_vehicle_day; Type: ACL; Schema: shown; Owner: -
--

GRANT SELECT ON TABLE shown.rollup_vehicle_day TO tachowatt_reader;


--
-- Name: TABLE trip; Type: ACL; Schema: shown; Owner: -
--

GRANT SELECT ON TABLE shown.trip TO tachowatt_reader;
GRANT SELECT ON TABLE shown.trip TO tachowatt_writer;
GRANT ALL ON TABLE shown.trip TO tachowatt_migrator;


--
-- Name: TABLE vehicle_sample; Type: ACL; Schema: telemetry; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE telemetry.vehicle_sample TO tachowatt_writer;
GRANT ALL ON TABLE telemetry.vehicle_sample TO tachowatt_migrator;


--
-- Name: TABLE vehicle_path; Type: ACL; Schema: shown; Owner: -
--

GRANT SELECT ON TABLE shown.vehicle_path TO tachowatt_reader;
GRANT ALL ON TABLE shown.vehicle_path TO tachowatt_migrator;


--
-- Name: TABLE vehicle_time; Type: ACL; Schema: shown; Owner: -
--

GRANT SELECT ON TABLE shown.vehicle_time TO tachowatt_reader;
GRANT ALL ON TABLE shown.vehicle_time TO tachowatt_migrator;


--
-- Name: TABLE device_event; Type: ACL; Schema: telemetry; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE telemetry.device_event TO tachowatt_writer;
GRANT ALL ON TABLE telemetry.device_event TO tachowatt_migrator;


--
-- Name: TABLE meter_number; Type: ACL; Schema: telemetry; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE telemetry.meter_number TO tachowatt_writer;
GRANT ALL ON TABLE telemetry.meter_number TO tachowatt_migrator;


--
-- Name: TABLE meter_sample_20261126; Type: ACL; Schema: telemetry; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE telemetry.meter_sample_20261126 TO tachowatt_writer;
GRANT ALL ON TABLE telemetry.meter_sample_20261126 TO tachowatt_migrator;


--
-- Name: TABLE meter_sample_20261203; Type: ACL; Schema: telemetry; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE telemetry.meter_sample_20261203 TO tachowatt_writer;
GRANT ALL ON TABLE telemetry.meter_sample_20261203 TO tachowatt_migrator;


--
-- Name: TABLE meter_sample_20261210; Type: ACL; Schema: telemetry; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE telemetry.meter_sample_20261210 TO tachowatt_writer;
GRANT ALL ON TABLE telemetry.meter_sample_20261210 TO tachowatt_migrator;


--
-- Name: TABLE meter_sample_default; Type: ACL; Schema: telemetry; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE telemetry.meter_sample_default TO tachowatt_writer;
GRANT ALL ON TABLE telemetry.meter_sample_default TO tachowatt_migrator;


--
-- Name: TABLE meter_sample_past; Type: ACL; Schema: telemetry; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE telemetry.meter_sample_past TO tachowatt_writer;
GRANT ALL ON TABLE telemetry.meter_sample_past TO tachowatt_migrator;


--
-- Name: TABLE vehicle_sample_20261126; Type: ACL; Schema: telemetry; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE telemetry.vehicle_sample_20261126 TO tachowatt_writer;
GRANT ALL ON TABLE telemetry.vehicle_sample_20261126 TO tachowatt_migrator;


--
-- Name: TABLE vehicle_sample_20261203; Type: ACL; Schema: telemetry; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE telemetry.vehicle_sample_20261203 TO tachowatt_writer;
GRANT ALL ON TABLE telemetry.vehicle_sample_20261203 TO tachowatt_migrator;


--
-- Name: TABLE vehicle_sample_20261210; Type: ACL; Schema: telemetry; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE telemetry.vehicle_sample_20261210 TO tachowatt_writer;
GRANT ALL ON TABLE telemetry.vehicle_sample_20261210 TO tachowatt_migrator;


--
-- Name: TABLE vehicle_sample_default; Type: ACL; Schema: telemetry; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE telemetry.vehicle_sample_default TO tachowatt_writer;
GRANT ALL ON TABLE telemetry.vehicle_sample_default TO tachowatt_migrator;


--
-- Name: TABLE vehicle_sample_past; Type: ACL; Schema: telemetry; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE telemetry.vehicle_sample_past TO tachowatt_writer;
GRANT ALL ON TABLE telemetry.vehicle_sample_past TO tachowatt_migrator;


--
-- Name: DEFAULT PRIVILEGES FOR TABLES; Type: DEFAULT ACL; Schema: features; Owner: -
--

ALTER DEFAULT PRIVILEGES FOR ROLE postgres IN SCHEMA features GRANT SELECT,INSERT,DELETE,UPDATE ON TABLES TO tachowatt_writer;


--
-- Name: DEFAULT PRIVILEGES FOR TABLES; Type: DEFAULT ACL; Schema: pipeline; Owner: -
--

ALTER DEFAULT PRIVILEGES FOR ROLE postgres IN SCHEMA pipeline GRANT SELECT,INSERT,DELETE,UPDATE ON TABLES TO tachowatt_writer;


--
-- Name: DEFAULT PRIVILEGES FOR TABLES; Type: DEFAULT ACL; Schema: telemetry; Owner: -
--

ALTER DEFAULT PRIVILEGES FOR ROLE postgres IN SCHEMA telemetry GRANT SELECT,INSERT,DELETE,UPDATE ON TABLES TO tachowatt_writer;


--
-- PostgreSQL database dump complete
--


