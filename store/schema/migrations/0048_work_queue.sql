-- The work queue: which skill and language a case needs, how urgent it is, since when its customer
-- waits; and what supervisors see of it.
create function contacts.minutes_before(at timestamptz, minutes integer) returns timestamptz
language sql immutable parallel safe as
$$ select at - pg_catalog.make_interval(mins => minutes) $$;
comment on function contacts.minutes_before is
    'A time some minutes earlier. Immutable, because minutes depend on no time zone.';

alter table contacts.service_case
    add column skill text not null default '',
    add column language text not null default '',
    add column severity smallint not null default 0 check (severity between 0 and 3),
    add column waiting_since timestamptz,
    add column first_action_at timestamptz;
alter table contacts.service_case add column rank_at timestamptz not null generated always as (
    contacts.minutes_before(
        least(coalesce(deadline, contacts.minutes_before(opened_at, -7200)),
              contacts.minutes_before(waiting_since, -60)),
        case when urgent then 240 else 60 * severity end)) stored;
update contacts.service_case s set language = c.language
from customers.customer c where c.tenant = s.tenant and c.customer = s.customer;
update contacts.service_case s set first_action_at = (
    select min(e.at) from contacts.case_entry e where e.case_id = s.case_id
    and e.author <> 'tachowatt' and e.author not like 'customer:%');
comment on column contacts.service_case.skill is
    'Skill that who works on it needs (access.person.skills); empty = none.';
comment on column contacts.service_case.language is
    'Language of its customer when it was opened; empty = it has none.';
comment on column contacts.service_case.severity is
    'Of the signal that opened it, 1 to 3; 0 = none.';
comment on column contacts.service_case.waiting_since is
    'When its customer said or sent what nobody has answered yet; null = does not wait.';
comment on column contacts.service_case.first_action_at is
    'When a person of the company first did something about it; null = not yet.';
comment on column contacts.service_case.rank_at is
    'The order of the work queue (customer_context/cases/work_queue.py): the deadline, or what a '
    'waiting customer may expect, earlier by how grave it is.';

drop index contacts.case_queue_by_due;
drop index contacts.case_queue_of_side;
drop index contacts.case_queue_of_owner;
create index case_queue_by_rank on contacts.service_case (tenant, rank_at, case_id)
    where state <> 'resolved';
create index case_queue_of_side on contacts.service_case (tenant, side, rank_at, case_id)
    where state <> 'resolved';
create index case_queue_of_owner on contacts.service_case (tenant, owner, rank_at, case_id)
    where state <> 'resolved';
create index case_queue_free on contacts.service_case
    (tenant, side, skill, language, rank_at, case_id)
    where state <> 'resolved' and owner is null;
create index case_opened on contacts.service_case (tenant, opened_at);

grant update (skill, waiting_since, first_action_at) on contacts.service_case to tachowatt_reader;
grant update (skill, waiting_since, first_action_at) on contacts.service_case to tachowatt_contacts;
