-- Events of back offices that were refused: each has a number, and is written again or dropped.
alter table customers.received_event add column number bigint generated always as identity,
    add column settled_at timestamptz, add column settled_by text;
create unique index received_event_number on customers.received_event (number);
comment on column customers.received_event.number is 'Its number here, ascending.';
comment on column customers.received_event.settled_at is
    'When a refused event was written after all, corrected or dropped.';
comment on column customers.received_event.settled_by is 'Who did that.';
do $$
declare
    old text;
begin
    for old in select conname from pg_constraint
            where conrelid = 'customers.received_event'::regclass and contype = 'c' loop
        execute format('alter table customers.received_event drop constraint %I', old);
    end loop;
end $$;
alter table customers.received_event
    add constraint received_event_state
        check (state in ('applied', 'unchanged', 'refused', 'corrected', 'dropped')),
    add constraint received_event_body check ((state = 'refused') = (body is not null)),
    add constraint received_event_reason check (state <> 'refused' or reason is not null);
comment on column customers.received_event.state is
    'applied, unchanged (it said nothing new), refused, corrected (another event was written in its '
    'place) or dropped.';
comment on column customers.received_event.reason is
    'Why it was refused; it stays when the event is settled.';
drop index customers.received_event_refused;
create index received_event_refused on customers.received_event (tenant, number)
    where state = 'refused';
grant update (state, reason, body, type, object, settled_at, settled_by)
    on customers.received_event to tachowatt_reader;

-- When a decision begins or ends next is read with each change of consents, among all of them.
create index consent_begins on customers.consent (valid_from) where valid_from is not null;
