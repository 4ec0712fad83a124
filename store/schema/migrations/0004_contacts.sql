-- From signals to contacts: what was decided and why, what was sent and what became of it, cases and
-- alerts; and who may use the API.
create schema contacts;
create schema access;

-- ── customers: where they can be reached, and reads along the registry for the API ──────────────
alter table customers.customer add column email text;
create index contract_of_customer on customers.contract (tenant, customer);
create index contract_of_vehicle on customers.contract (tenant, vehicle) where vehicle is not null;
create index contract_of_meter on customers.contract (tenant, meter) where meter is not null;
create index assignment_of_vehicle on customers.assignment (tenant, vehicle)
    where vehicle is not null;
create index assignment_of_meter on customers.assignment (tenant, meter) where meter is not null;
create index trip_started on features.trip (device_id, start_at);
create index driving_event_started on features.driving_event (device_id, start_at);
create index meter_interval_started on features.meter_interval (device_id, start_at);
create index meter_day_started on features.meter_day (device_id, start_at);

-- ── the outbox's queue ──────────────────────────────────────────────────────────────────────────
-- One row a signal revision that `contacts` has not decided on yet, written with the signal and
-- deleted with the decision. A queue and no cursor: numbers of an identity column become visible out
-- of order, and a cursor would leave out what was committed late.
create table pipeline.signal_queue (sequence bigint primary key);
-- score.changed is about a customer, not about a device.
alter table pipeline.signal alter column device_id drop not null;
create index signal_of_subject on pipeline.signal (tenant, subject, time);
create index signal_by_type on pipeline.signal (type, sequence);
create index crash_newest on pipeline.signal (tenant, time desc, id desc)
    where type = 'vehicle.crash';

-- ── contacts: playbooks, decisions ──────────────────────────────────────────────────────────────
-- The last good text of each playbook, so that a file that breaks while nobody runs loses nothing,
-- and a decision can be traced to the text that made it.
create table contacts.playbook (
    playbook  text primary key,
    digest    text not null,
    text      text not null,
    file      text not null,
    error     text,
    loaded_at timestamptz not null,
    active    boolean not null default true
);
create table contacts.decision (
    decision_id     bigint generated always as identity primary key,
    tenant          text not null,
    signal_id       text not null,
    signal_revision integer not null,
    signal_type     text not null,
    subject         text,
    customer        text,
    playbook        text not null,
    digest          text not null,
    treatment       text not null default '',
    outcome         text not null check (outcome in ('contact', 'case', 'nothing')),
    reason          text not null,
    detail          text not null default '',
    decided_at      timestamptz not null,
    unique (signal_id, signal_revision, playbook, treatment)
);
create index decision_of_customer on contacts.decision (tenant, customer, decision_id desc);
-- What a driver's score was when we last spoke of it (score.changed compares with it).
create table contacts.score_told (
    tenant   text not null,
    customer text not null,
    score    double precision not null,
    band     text not null,
    told_at  timestamptz not null,
    primary key (tenant, customer)
);

-- ── contacts: receivers of webhooks ─────────────────────────────────────────────────────────────
create table contacts.receiver (
    receiver_id bigint generated always as identity primary key,
    tenant      text not null references customers.tenant,
    name        text not null,
    audience    text not null check (audience in ('insurer', 'utility')),
    url         text not null,
    state       text not null default 'active' check (state in ('active', 'disabled')),
    reason      text not null default '',
    created_at  timestamptz not null,
    unique (tenant, name)
);
-- Secrets stand in clear: a signature needs them. Several may be valid while they are rotated.
create table contacts.receiver_secret (
    secret_id   bigint generated always as identity primary key,
    receiver_id bigint not null references contacts.receiver on delete cascade,
    secret      text not null,
    created_at  timestamptz not null,
    expires_at  timestamptz
);
create index secret_of_receiver on contacts.receiver_secret (receiver_id);

-- ── contacts: cases ─────────────────────────────────────────────────────────────────────────────
create table contacts.service_case (
    case_id     text primary key,
    tenant      text not null,
    side        text not null check (side in ('insurer', 'utility')),
    kind        text not null,
    title       jsonb not null,
    urgent      boolean not null default false,
    customer    text,
    subject     text,
    signal_id   text not null,
    playbook    text not null,
    state       text not null default 'open' check (state in ('open', 'in_progress', 'resolved')),
    owner       text,
    resolution  text,
    deadline    timestamptz,
    opened_at   timestamptz not null,
    updated_at  timestamptz not null,
    resolved_at timestamptz,
    version     integer not null default 1,
    unique (signal_id, playbook)
);
create index case_queue on contacts.service_case (tenant, side, state, deadline);
create index case_newest on contacts.service_case (tenant, opened_at desc, case_id desc);
create index case_of_customer on contacts.service_case (tenant, customer, opened_at desc);
-- The diary of a case: notes of people, and each change of state or owner. Append-only by use.
create table contacts.case_entry (
    entry_id bigint generated always as identity primary key,
    case_id  text not null references contacts.service_case,
    at       timestamptz not null,
    author   text not null,
    kind     text not null check (kind in ('note', 'state', 'owner', 'signal')),
    text     text not null
);
create index entry_of_case on contacts.case_entry (case_id, entry_id);

-- ── contacts: alerts ────────────────────────────────────────────────────────────────────────────
-- An anomaly as its utility works on it; what it says is the newest revision of its signals.
create table contacts.alert (
    alert_id      text primary key,
    tenant        text not null,
    kind          text not null,
    severity      integer not null,
    subject       text,
    customer      text,
    happened_at   timestamptz not null,
    ended_at      timestamptz,
    detected_at   timestamptz not null,
    updated_at    timestamptz not null,
    observed      double precision,
    expected      double precision,
    threshold     double precision,
    unit          text not null,
    revision      integer not null,
    cleared       boolean not null default false,
    retracted     boolean not null default false,
    state         text not null default 'open' check (state in ('open', 'acknowledged', 'resolved')),
    acknowledged_at timestamptz,
    acknowledged_by text,
    resolved_at   timestamptz,
    resolved_by   text,
    resolution    text,
    feedback      text,
    feedback_reason text,
    case_id       text references contacts.service_case,
    version       integer not null default 1
);
create index alert_newest on contacts.alert (tenant, happened_at desc, alert_id desc);
create index alert_by_state on contacts.alert (tenant, state, happened_at desc, alert_id desc);
create index alert_of_subject on contacts.alert (tenant, subject, happened_at desc);
create index alert_of_customer on contacts.alert (tenant, customer, happened_at desc);
-- Every change of an alert in the order of commits (its writers take a lock in turn, see
-- store/alerts.py): what a stream resumes from.
create table contacts.alert_change (
    sequence bigint generated always as identity primary key,
    tenant   text not null,
    alert_id text not null references contacts.alert,
    at       timestamptz not null,
    what     text not null
);
create index alert_change_of_tenant on contacts.alert_change (tenant, sequence);

-- ── contacts: what is sent ──────────────────────────────────────────────────────────────────────
create table contacts.contact (
    contact_id      text primary key,
    tenant          text not null,
    customer        text,
    channel         text not null check (channel in ('webhook', 'inbox', 'email')),
    receiver_id     bigint references contacts.receiver on delete set null,
    address         text,
    purpose         text,
    language        text not null default 'en',
    type            text not null,
    subject         text not null default '',
    body            text not null default '',
    payload         jsonb,
    urgent          boolean not null default false,
    signal_id       text,
    signal_revision integer,
    playbook        text not null,
    treatment       text not null,
    case_id         text references contacts.service_case,
    alert_id        text references contacts.alert,
    state           text not null default 'pending'
        check (state in ('pending', 'delivered', 'failed', 'refused', 'cancelled')),
    reason          text not null default '',
    attempts        integer not null default 0,
    retry_from      integer not null default 0, -- attempts before it was sent again by hand
    created_at      timestamptz not null,
    next_attempt_at timestamptz,
    first_attempt_at timestamptz,
    delivered_at    timestamptz,
    finished_at     timestamptz,
    read_at         timestamptz,
    claimed_by      integer
);
create index contact_due on contacts.contact
    (channel, coalesce(receiver_id, 0), next_attempt_at) where state = 'pending';
create index contact_newest on contacts.contact (tenant, created_at desc, contact_id desc);
create index contact_by_state on contacts.contact (tenant, state, created_at desc, contact_id desc);
create index contact_of_customer on contacts.contact (tenant, customer, created_at desc);
create index contact_of_case on contacts.contact (case_id) where case_id is not null;
create index contact_of_signal on contacts.contact (signal_id);
create table contacts.attempt (
    contact_id  text not null references contacts.contact on delete cascade,
    number      integer not null,
    at          timestamptz not null,
    outcome     text not null,
    status      integer,
    detail      text not null default '',
    duration_ms integer not null,
    primary key (contact_id, number)
);
-- A worker's number; it holds an advisory lock on it while it lives (store/contacts.py).
create sequence contacts.worker as integer;

-- ── access: who may use the API, and what they looked at ────────────────────────────────────────
create table access.api_key (
    key_id       text primary key,
    tenant       text not null references customers.tenant,
    role         text not null
        check (role in ('insurer', 'utility', 'agent', 'customer', 'operator')),
    customer     text,
    name         text not null,
    hash         bytea not null,
    scopes       text[] not null,
    created_at   timestamptz not null,
    expires_at   timestamptz,
    revoked_at   timestamptz,
    last_used_at timestamptz,
    check ((role = 'customer') = (customer is not null)),
    foreign key (tenant, customer) references customers.customer
);
create table access.session (
    hash       bytea primary key,
    key_id     text not null references access.api_key on delete cascade,
    csrf       text not null,
    created_at timestamptz not null,
    expires_at timestamptz not null
);
create table access.idempotency (
    key_id      text not null,
    key         text not null,
    fingerprint bytea not null,
    status      integer,
    headers     jsonb,
    body        bytea,
    created_at  timestamptz not null,
    primary key (key_id, key)
);
-- Who read whose personal data, when, through what and why. Customers see their part of it.
create table access.read_log (
    read_id    bigint generated always as identity primary key,
    at         timestamptz not null,
    tenant     text not null,
    customer   text not null,
    key_id     text not null,
    role       text not null,
    reader     text not null,
    what       text not null,
    why        text not null,
    request_id text not null
);
create index read_log_of_customer on access.read_log (tenant, customer, read_id desc);
