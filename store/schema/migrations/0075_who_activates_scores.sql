-- A version of the driving score counts after a second person has approved it.
alter table contacts.score_activation
    add column request_id   text,
    add column activated_by text,
    add column approved_by  text;
comment on column contacts.score_activation.request_id is
    'The request that a second person has approved; null = from before that was needed.';
comment on column contacts.score_activation.activated_by is 'Name of who asked for it and activated it.';
comment on column contacts.score_activation.approved_by is 'Name of the second person.';
grant insert on contacts.score_activation to tachowatt_reader;
